//! Prosody: XMPP from clients and from servers.

use std::net::SocketAddr;
use std::process::Command;

use certvigil::estate::Identity;
use nix::sys::signal::Signal;

use super::daemon::Daemon;
use super::{folder, own_address, program, write, write_identity};

/// A running Prosody.
pub(crate) struct Prosody {
    pub(crate) clients: SocketAddr,
    pub(crate) servers: SocketAddr,
    _daemon: Daemon,
}

impl Prosody {
    /// For one domain, with this chain.
    pub(crate) fn start(domain: &str, identity: &Identity) -> Self {
        let [clients, servers] = std::array::from_fn(|_| own_address());
        let folder = folder();
        let at = folder.path().display();
        let files = write_identity(folder.path(), "server", identity);
        let settings = format!(
            "run_as_root = true\npidfile = \"{at}/pid\"\ndata_path = \"{at}\"\n\
             interfaces = {{ \"{ip}\" }}\nc2s_ports = {{ {clients} }}\ns2s_ports = {{ {servers} }}\n\
             modules_enabled = {{ \"tls\", \"saslauth\", \"dialback\" }}\nlog = {{ info = \"*console\" }}\n\
             ssl = {{ certificate = \"{chain}\", key = \"{key}\" }}\nVirtualHost \"{domain}\"\n",
            ip = clients.ip(),
            clients = clients.port(),
            servers = servers.port(),
            chain = files.chain.display(),
            key = files.key.display(),
        );
        let settings = write(folder.path(), "prosody.cfg.lua", &settings);
        let mut command = Command::new(program("prosody", "prosody"));
        command.arg("-F").arg("--config").arg(settings);
        let daemon = Daemon::start(command, folder, &[clients, servers], Signal::SIGTERM);
        Self { clients, servers, _daemon: daemon }
    }
}
