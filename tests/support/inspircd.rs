//! InspIRCd: IRC with the `STARTTLS` of IRCv3.

use std::process::Command;

use certvigil::estate::Identity;

use super::{Fact, Peer, folder, own_address, program, write, write_identity};

/// Starts InspIRCd with this chain, or without TLS.
pub(crate) fn inspircd(identity: Option<&Identity>) -> Peer {
    let address = own_address();
    let folder = folder();
    let at = folder.path().display();
    let mut settings = format!(
        "<server name=\"irc.example\" description=\"x\" network=\"x\">\n\
         <admin name=\"x\" nick=\"x\" email=\"x@example.org\">\n\
         <bind address=\"{}\" port=\"{}\" type=\"clients\">\n\
         <connect allow=\"*\" timeout=\"10\" resolvehostnames=\"no\" localmax=\"100\" globalmax=\"100\">\n\
         <pid file=\"{at}/pid\">\n\
         <module name=\"cap\">\n\
         <path configdir=\"{at}\" datadir=\"{at}\" logdir=\"{at}\" runtimedir=\"{at}\">\n",
        address.ip(),
        address.port()
    );
    if let Some(identity) = identity {
        let files = write_identity(folder.path(), "server", identity);
        settings.push_str(&format!(
            "<module name=\"ssl_gnutls\">\n<module name=\"starttls\">\n\
             <sslprofile name=\"Clients\" provider=\"gnutls\" certfile=\"{}\" keyfile=\"{}\">\n",
            files.chain.display(),
            files.key.display()
        ));
    }
    let settings = write(folder.path(), "inspircd.conf", &settings);
    let mut command = Command::new(program("inspircd", "inspircd"));
    command.arg("--nofork").arg(format!("--config={}", settings.display()));
    if nix::unistd::geteuid().is_root() {
        command.arg("--runasroot");
    }
    Peer::start(command, folder, address, Fact::Accepts)
}
