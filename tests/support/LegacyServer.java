// A TLS server with everything that this Java still knows: LegacyServer KEYSTORE ADDRESS PORT PROTOCOLS SUITES.
// Several protocols are separated by commas; suites are a regular expression of Java's names.
import java.io.*;
import java.net.*;
import java.security.*;
import java.util.*;
import javax.net.ssl.*;

public class LegacyServer {
    public static void main(String[] arguments) throws Exception {
        for (String list : List.of("tls.disabledAlgorithms", "tls.legacyAlgorithms", "certpath.disabledAlgorithms"))
            Security.setProperty("jdk." + list, "");
        char[] password = "changeit".toCharArray();
        KeyStore store = KeyStore.getInstance(new File(arguments[0]), password);
        KeyManagerFactory keys = KeyManagerFactory.getInstance("SunX509");
        keys.init(store, password);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);
        int port = Integer.parseInt(arguments[2]);
        InetAddress address = InetAddress.getByName(arguments[1]);
        SSLServerSocket server = (SSLServerSocket) context.getServerSocketFactory().createServerSocket(port, 50, address);
        server.setEnabledProtocols(arguments[3].split(","));
        server.setEnabledCipherSuites(Arrays.stream(server.getSupportedCipherSuites())
            .filter(suite -> suite.matches(arguments[4])).toArray(String[]::new));
        System.out.println("ready");
        while (true) {
            Socket socket = server.accept();
            new Thread(() -> {
                try (socket) {
                    socket.setSoTimeout(20_000);
                    socket.getInputStream().transferTo(OutputStream.nullOutputStream());
                } catch (IOException leaves) {
                }
            }).start();
        }
    }
}
