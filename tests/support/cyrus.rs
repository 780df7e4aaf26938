//! Cyrus nntpd: NNTP with `STARTTLS`, under Cyrus' own master process.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use certvigil::estate::Identity;
use nix::sys::signal::Signal;
use nix::unistd::User;

use super::daemon::Daemon;
use super::{folder, own_address, write, write_identity};

const PROGRAMS: &str = "/usr/lib/cyrus/bin";

/// A running news server.
pub(crate) struct Cyrus {
    pub(crate) address: SocketAddr,
    _daemon: Daemon,
}

impl Cyrus {
    /// With this chain, or without TLS.
    pub(crate) fn start(identity: Option<&Identity>) -> Self {
        let nntpd = Path::new(PROGRAMS).join("nntpd");
        assert!(
            nntpd.exists(),
            "`nntpd` is missing: apt-get install cyrus-nntpd (tests/install-peers does it)"
        );
        let address = own_address();
        let folder = folder();
        let at = folder.path();
        let id = nix::unistd::geteuid();
        // It gives up the rights of root for those of a user whom its package makes.
        let user = if id.is_root() { User::from_name("cyrus") } else { User::from_uid(id) }.unwrap().unwrap();
        for name in ["db", "proc", "socket", "spool"] {
            std::fs::create_dir(at.join(name)).unwrap();
        }
        let mut settings = format!(
            "configdirectory: {at}\ndefaultpartition: default\npartition-default: {at}/spool\ncyrus_user: {user}\n\
             servername: news.example\n",
            at = at.display(),
            user = user.name
        );
        if let Some(identity) = identity {
            let files = write_identity(at, "server", identity);
            let (chain, key) = (files.chain.display(), files.key.display());
            settings.push_str(&format!("tls_server_cert: {chain}\ntls_server_key: {key}\n"));
        }
        let settings = write(at, "imapd.conf", &settings);
        let imapd = settings.display();
        let services = format!(
            "START {{\nrecover cmd=\"{PROGRAMS}/ctl_cyrusdb -C {imapd} -r\"\n}}\n\
             SERVICES {{\nnntp cmd=\"{} -C {imapd}\" listen=\"{address}\" prefork=0\n}}\nEVENTS {{\n}}\n",
            nntpd.display()
        );
        let services = write(at, "cyrus.conf", &services);
        hand_over(at, &user);
        let mut command = Command::new(Path::new(PROGRAMS).join("master"));
        command.arg("-D").arg("-C").arg(&settings).arg("-M").arg(services).arg("-p").arg(at.join("pid"));
        let daemon = Daemon::start(command, folder, &[address], Signal::SIGTERM);
        Self { address, _daemon: daemon }
    }
}

fn hand_over(path: &Path, user: &User) {
    nix::unistd::chown(path, Some(user.uid), Some(user.gid)).unwrap();
    if path.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            hand_over(&entry.unwrap().path(), user);
        }
    }
}
