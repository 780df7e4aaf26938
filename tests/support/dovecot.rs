//! Dovecot: IMAP, POP3, ManageSieve and LMTP, each upgraded by its own command.

use std::net::SocketAddr;
use std::process::Command;

use certvigil::estate::Identity;
use nix::sys::signal::Signal;

use super::daemon::Daemon;
use super::{folder, own_address, program, write, write_identity};

/// A running Dovecot.
pub(crate) struct Dovecot {
    pub(crate) imap: SocketAddr,
    pub(crate) pop3: SocketAddr,
    pub(crate) sieve: SocketAddr,
    pub(crate) lmtp: SocketAddr,
    _daemon: Daemon,
}

impl Dovecot {
    /// With this chain, or without TLS.
    pub(crate) fn start(identity: Option<&Identity>) -> Self {
        let [imap, pop3, sieve, lmtp] = std::array::from_fn(|_| own_address());
        let folder = folder();
        // Its processes for strangers run as another user and still have to reach their sockets.
        std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let at = folder.path().display();
        let tls = match identity {
            None => "ssl = no\n".to_owned(),
            Some(identity) => {
                let files = write_identity(folder.path(), "server", identity);
                let (chain, key) = (files.chain.display(), files.key.display());
                format!("ssl = yes\nssl_cert = <{chain}\nssl_key = <{key}\n")
            }
        };
        let listener = |service: &str, name: &str, address: SocketAddr| {
            let (ip, port) = (address.ip(), address.port());
            format!("service {service} {{\ninet_listener {name} {{\naddress = {ip}\nport = {port}\n}}\n}}\n")
        };
        let off = |service: &str, name: &str| {
            format!("service {service} {{\ninet_listener {name} {{\nport = 0\n}}\n}}\n")
        };
        let settings = format!(
            "base_dir = {at}/run\nstate_dir = {at}/run\nlog_path = /dev/stderr\n\
             protocols = imap pop3 sieve lmtp\nlisten = {}\n\
             passdb {{\ndriver = static\nargs = nopassword=y\n}}\nuserdb {{\ndriver = static\nargs = uid=65534 gid=65534 \
             home={at}/mail\n}}\n",
            imap.ip()
        ) + &tls
            + &listener("imap-login", "imap", imap)
            + &off("imap-login", "imaps")
            + &listener("pop3-login", "pop3", pop3)
            + &off("pop3-login", "pop3s")
            + &listener("managesieve-login", "sieve", sieve)
            + &listener("lmtp", "lmtp", lmtp);
        let settings = write(folder.path(), "dovecot.conf", &settings);
        for (file, package) in [
            ("imap-login", "dovecot-imapd"),
            ("pop3-login", "dovecot-pop3d"),
            ("managesieve-login", "dovecot-managesieved"),
            ("lmtp", "dovecot-lmtpd"),
        ] {
            let path = std::path::Path::new("/usr/lib/dovecot").join(file);
            assert!(
                path.exists(),
                "`{file}` is missing: apt-get install {package} (tests/install-peers does it)"
            );
        }
        let mut command = Command::new(program("dovecot", "dovecot-core"));
        command.arg("-F").arg("-c").arg(settings);
        let daemon = Daemon::start(command, folder, &[imap, pop3, sieve, lmtp], Signal::SIGTERM);
        Self { imap, pop3, sieve, lmtp, _daemon: daemon }
    }
}
