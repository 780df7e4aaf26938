//! gnutls-serv: another TLS stack. It cannot be told an address, so it listens on all, on a port of its own.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::process::Command;

use certvigil::estate::Identity;

use super::{Fact, Peer, folder, program, write_identity};

/// Starts `gnutls-serv` with this chain and a priority string, such as `NORMAL:-VERS-ALL:+VERS-TLS1.3`.
pub(crate) fn gnutls_serv(identity: &Identity, priority: &str) -> Peer {
    gnutls_serv_with(identity, priority, &[])
}

/// The same with further arguments, such as `--heartbeat`.
pub(crate) fn gnutls_serv_with(identity: &Identity, priority: &str, arguments: &[&str]) -> Peer {
    let address = {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        taken.local_addr().unwrap()
    };
    serve(identity, priority, address, &[&["--http"], arguments].concat())
}

/// Starts `gnutls-serv` over UDP. Version 3.7 reads the first datagram that is not DTLS for ever: send it no other.
pub(crate) fn dtls_gnutls_serv(identity: &Identity, priority: &str) -> Peer {
    let address = {
        let taken = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        taken.local_addr().unwrap()
    };
    serve(identity, priority, address, &["--udp"])
}

fn serve(identity: &Identity, priority: &str, address: SocketAddr, arguments: &[&str]) -> Peer {
    let folder = folder();
    let files = write_identity(folder.path(), "server", identity);
    let mut command = Command::new(program("gnutls-serv", "gnutls-bin"));
    command.args(arguments).args(["--disable-client-cert", "--port", &address.port().to_string()]);
    command.arg("--x509certfile").arg(&files.chain).arg("--x509keyfile").arg(&files.key);
    command.args(["--priority", priority]);
    Peer::start(command, folder, address, Fact::Log("done"))
}
