//! A Java 17 host: SSL 3, RC4, 3DES, DES, export and anonymous suites, which OpenSSL no longer has.

use std::process::Command;

use certvigil::estate::Identity;

use super::{Fact, Peer, folder, own_address, program, write, write_identity};

const PACKAGE: &str = "openjdk-17-jdk-headless";

/// Starts a host with these protocols of Java's (`SSLv3,TLSv1`) and the suites whose Java names match `suites`.
pub(crate) fn legacy_server(identity: &Identity, protocols: &str, suites: &str) -> Peer {
    let address = own_address();
    let folder = folder();
    let files = write_identity(folder.path(), "server", identity);
    let store = folder.path().join("server.p12");
    let made = Command::new(program("openssl", "openssl"))
        .args(["pkcs12", "-export", "-passout", "pass:changeit", "-in"])
        .arg(&files.chain)
        .arg("-inkey")
        .arg(&files.key)
        .arg("-out")
        .arg(&store)
        .status();
    assert!(made.unwrap().success());
    let source = write(folder.path(), "LegacyServer.java", include_str!("LegacyServer.java"));
    // Compiling and running it in one go needs a JDK.
    program("javac", PACKAGE);
    let mut command = Command::new(program("java", PACKAGE));
    command.arg("-Xshare:auto").arg(source).arg(store);
    command.args([&address.ip().to_string(), &address.port().to_string(), protocols, suites]);
    Peer::start(command, folder, address, Fact::Log("ready"))
}
