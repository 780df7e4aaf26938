//! xrdp: RDP, which agrees on TLS in its first packets.

use std::net::SocketAddr;
use std::process::Command;

use certvigil::estate::Identity;

use super::{Fact, Peer, folder, own_address, program, write, write_identity};

/// Starts xrdp with this chain; `security` is `negotiate`, `tls` or `rdp`, the last without TLS.
pub(crate) fn xrdp(identity: &Identity, security: &str) -> Peer {
    xrdp_at(own_address(), identity, security)
}

/// On this address and port.
pub(crate) fn xrdp_at(address: SocketAddr, identity: &Identity, security: &str) -> Peer {
    let folder = folder();
    let files = write_identity(folder.path(), "server", identity);
    let settings = format!(
        "[Globals]\nini_version=1\nfork=true\nport=tcp://{address}\nsecurity_layer={security}\ncertificate={chain}\n\
         key_file={key}\nssl_protocols=TLSv1.2, TLSv1.3\n[Logging]\nLogFile={log}\nLogLevel=INFO\nEnableSyslog=false\n\
         [Xorg]\nname=Xorg\n",
        chain = files.chain.display(),
        key = files.key.display(),
        log = folder.path().join("xrdp.log").display(),
    );
    let settings = write(folder.path(), "xrdp.ini", &settings);
    let mut command = Command::new(program("xrdp", "xrdp"));
    command.arg("--nodaemon").arg("--config").arg(settings);
    Peer::start(command, folder, address, Fact::Accepts)
}
