//! OpenLDAP's slapd, without a database: its root entry is enough for StartTLS.

use std::process::Command;

use certvigil::estate::Identity;

use super::{Fact, Peer, folder, own_address, program, write, write_identity};

/// Starts slapd with this chain, or without TLS.
pub(crate) fn slapd(identity: Option<&Identity>) -> Peer {
    let address = own_address();
    let folder = folder();
    let at = folder.path().display();
    let mut settings = format!("pidfile {at}/pid\nargsfile {at}/args\n");
    if let Some(identity) = identity {
        let files = write_identity(folder.path(), "server", identity);
        let (chain, key) = (files.chain.display(), files.key.display());
        settings.push_str(&format!("TLSCertificateFile {chain}\nTLSCertificateKeyFile {key}\n"));
    }
    let settings = write(folder.path(), "slapd.conf", &settings);
    let mut command = Command::new(program("slapd", "slapd"));
    // A debugging level keeps it in the foreground.
    command.args(["-d", "0", "-h", &format!("ldap://{address}/"), "-f"]).arg(settings);
    Peer::start(command, folder, address, Fact::Accepts)
}
