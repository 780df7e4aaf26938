//! OpenSSL: `s_server` as a host of any version, `s_client` as a witness that is not ours.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use certvigil::estate::Identity;

use super::{Fact, Peer, folder, own_address, program, unpacked, write, write_identity};

/// Starts `openssl s_server` with this chain and further arguments, such as `-tls1 -cipher ALL:@SECLEVEL=0`.
pub(crate) fn s_server(identity: &Identity, arguments: &[&str]) -> Peer {
    s_server_of(&program("openssl", "openssl"), identity, arguments)
}

fn s_server_of(program: &Path, identity: &Identity, arguments: &[&str]) -> Peer {
    let address = own_address();
    let folder = folder();
    let files = write_identity(folder.path(), "server", identity);
    let mut command = Command::new(program);
    command.args(["s_server", "-www", "-accept", &address.to_string()]);
    command.arg("-cert").arg(&files.chain).arg("-cert_chain").arg(&files.above).arg("-key").arg(&files.key);
    command.args(arguments);
    Peer::start(command, folder, address, Fact::Log("ACCEPT"))
}

/// Starts `openssl s_server` over UDP: `-dtls1_2`, and `-listen` for a cookie before anything else.
pub(crate) fn dtls_s_server(identity: &Identity, arguments: &[&str]) -> Peer {
    let address = own_address();
    let folder = folder();
    let files = write_identity(folder.path(), "server", identity);
    let mut command = Command::new(program("openssl", "openssl"));
    command.args(["s_server", "-accept", &address.to_string()]).args(arguments);
    command.arg("-cert").arg(&files.chain).arg("-cert_chain").arg(&files.above).arg("-key").arg(&files.key);
    Peer::start_fed(command, folder, address, Fact::Log("ACCEPT"), Stdio::piped())
}

/// Starts the newer OpenSSL that `tests/install-newer-openssl` unpacks: ML-KEM groups and ML-DSA keys.
pub(crate) fn newer_s_server(identity: &Identity, arguments: &[&str]) -> Peer {
    s_server_of(&newer(), identity, arguments)
}

/// The newer OpenSSL.
pub(crate) fn newer() -> PathBuf {
    unpacked("openssl/openssl")
}

/// A TLS 1.0 or 1.1 host (`-tls1`, `-tls1_1`).
pub(crate) fn old_s_server(identity: &Identity, version: &str) -> Peer {
    s_server(identity, &[version, "-cipher", "ALL:@SECLEVEL=0"])
}

/// A host that ends the handshake of a client without a certificate.
pub(crate) fn strict_s_server(identity: &Identity, version: &str) -> Peer {
    s_server(identity, &[version, "-Verify", "1", "-verify_return_error"])
}

/// What `openssl s_client -showcerts` says of an address: its chain, its verdict by this root, its errors.
/// Further arguments may repeat options; the later one wins.
pub(crate) fn s_client(address: SocketAddr, server_name: &str, root_pem: &str, arguments: &[&str]) -> String {
    let folder = folder();
    let root = write(folder.path(), "root.pem", root_pem);
    let output = Command::new(program("openssl", "openssl"))
        .args(["s_client", "-showcerts", "-connect", &address.to_string(), "-servername", server_name])
        .args(["-verify_hostname", server_name, "-CAfile"])
        .arg(root)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&text).into_owned()
}

/// The certificates in the output of [`s_client`], in the order served.
pub(crate) fn served(output: &str) -> Vec<Vec<u8>> {
    use rustls_pki_types::{CertificateDer, pem::PemObject};
    let chain = output.split("\nServer certificate\n").next().unwrap_or_default();
    CertificateDer::pem_slice_iter(chain.as_bytes()).map(|der| der.unwrap().to_vec()).collect()
}
