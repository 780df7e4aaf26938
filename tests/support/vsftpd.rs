//! vsftpd: FTP over TLS by `AUTH TLS`.

use std::process::Command;

use certvigil::estate::Identity;

use super::{Fact, Peer, folder, own_address, program, write, write_identity};

/// Starts vsftpd with this chain, or without TLS.
pub(crate) fn vsftpd(identity: Option<&Identity>) -> Peer {
    let address = own_address();
    let folder = folder();
    let at = folder.path().display();
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    let mut settings = format!(
        "listen=YES\nlisten_address={}\nlisten_port={}\nbackground=NO\nseccomp_sandbox=NO\nanonymous_enable=YES\n\
         secure_chroot_dir={at}/empty\n",
        address.ip(),
        address.port()
    );
    if !nix::unistd::geteuid().is_root() {
        settings.push_str("run_as_launching_user=YES\n");
    }
    if let Some(identity) = identity {
        let files = write_identity(folder.path(), "server", identity);
        let (chain, key) = (files.chain.display(), files.key.display());
        // The names say RSA; any key will do.
        settings.push_str(&format!("ssl_enable=YES\nrsa_cert_file={chain}\nrsa_private_key_file={key}\n"));
    }
    let settings = write(folder.path(), "vsftpd.conf", &settings);
    let mut command = Command::new(program("vsftpd", "vsftpd"));
    command.arg(settings);
    Peer::start(command, folder, address, Fact::Accepts)
}
