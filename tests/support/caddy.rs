//! Caddy: HTTP/3 beside HTTPS, on one port and with one certificate.

use std::process::Command;

use certvigil::estate::Identity;

use super::{Fact, Peer, folder, own_address, program, write, write_identity};

/// Starts Caddy with this chain. With `client_root`, PEM, it takes only clients with a certificate of that root.
pub(crate) fn caddy(identity: &Identity, client_root: Option<&str>) -> Peer {
    let address = own_address();
    let folder = folder();
    let path = folder.path();
    let files = write_identity(path, "server", identity);
    let client_auth = client_root.map_or_else(String::new, |root| {
        let root = write(path, "clients.pem", root);
        format!(
            "{{\nclient_auth {{\nmode require_and_verify\ntrusted_ca_cert_file {}\n}}\n}}\n",
            root.display()
        )
    });
    let settings = format!(
        "{{\nadmin off\nauto_https off\nstorage file_system {folder}/storage\n}}\n\
         https://:{port} {{\nbind {ip}\ntls {chain} {key} {client_auth}\nrespond \"ok\"\n}}\n",
        folder = path.display(),
        port = address.port(),
        ip = address.ip(),
        chain = files.chain.display(),
        key = files.key.display(),
    );
    let settings = write(path, "Caddyfile", &settings);
    let mut command = Command::new(program("caddy", "caddy"));
    command.arg("run").arg("--adapter").arg("caddyfile").arg("--config").arg(settings);
    command.env("HOME", path).env_remove("XDG_CONFIG_HOME").env_remove("XDG_DATA_HOME");
    Peer::start(command, folder, address, Fact::Log("serving initial configuration"))
}
