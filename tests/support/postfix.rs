//! Postfix with Dovecot's SASL, in folders and on ports of its own: STARTTLS with a forced login, implicit TLS with a
//! login, delivery into a maildir. Both end by their own commands, also when the test fails.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::mailbox::{Received, sound_identity};
use super::program::within;
use super::{own_address, program, write, write_identity};

/// The user whom Dovecot knows.
pub(crate) const USER: &str = "certvigil";

/// That user's password.
pub(crate) const PASSWORD: &str = "correct horse \u{e4} battery";

/// A running pair.
pub(crate) struct Postfix {
    folder: tempfile::TempDir,
    /// STARTTLS and a login are required.
    pub(crate) submission: SocketAddr,
    /// Implicit TLS; a login is required.
    pub(crate) submissions: SocketAddr,
    /// STARTTLS, for clients whose EHLO names a host that there is: checked at once, by look-up.
    pub(crate) strict: SocketAddr,
    _dovecot: Dovecot,
}

/// Dovecot's authentication only, in the foreground.
struct Dovecot {
    child: Child,
}

impl Postfix {
    /// Starts both and waits until they answer.
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        // Postfix drops its rights and still has to reach its queue and the maildir.
        allow(path, 0o755);
        let [submission, submissions, strict] = std::array::from_fn(|_| own_address());
        let dovecot = Dovecot::start(path);
        let (identity, root) = sound_identity(submission);
        write(path, "root.pem", &root);
        let files = write_identity(path, "server", &identity);
        for name in ["etc", "queue", "data", "mail"] {
            std::fs::create_dir(path.join(name)).unwrap();
        }
        allow(&path.join("mail"), 0o777);
        own(&path.join("data"), "postfix");
        let tls = format!(
            "smtpd_tls_cert_file = {}\nsmtpd_tls_key_file = {}\n",
            files.chain.display(),
            files.key.display()
        );
        write(&path.join("etc"), "main.cf", &(main_cf(path) + &tls));
        write(&path.join("etc"), "master.cf", &master_cf(submission, submissions, strict));
        write(&path.join("etc"), "access", "slow@example.org 450 4.2.0 Greylisted, please try again\n");
        let postfix = Self { folder, submission, submissions, strict, _dovecot: dovecot };
        postfix.command("start");
        within("postfix", || std::net::TcpStream::connect(submissions).ok());
        postfix
    }

    /// PEM of the root to trust.
    pub(crate) fn ca_file(&self) -> PathBuf {
        self.folder.path().join("root.pem")
    }

    /// What the server has written so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("mail.log")).unwrap_or_default()
    }

    /// What was delivered, read by Python's `email`, in the order of delivery.
    pub(crate) fn wait_for(&self, count: usize) -> Vec<Received> {
        let delivered = self.folder.path().join("mail/oncall/new");
        let mut paths = within(&format!("{count} mails"), || {
            let entries = std::fs::read_dir(&delivered).ok()?;
            let paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
            (paths.len() >= count).then_some(paths)
        });
        paths.sort_by_key(|path| path.metadata().unwrap().modified().unwrap());
        let reader = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/mail/read.py");
        let output = Command::new("/usr/bin/python3").arg("-B").arg(reader).args(&paths).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().lines().map(Received::read).collect()
    }

    /// Its output goes to a file: what it leaves in the background would keep a pipe open.
    fn command(&self, verb: &str) {
        let path = self.folder.path();
        let log = std::fs::File::create(path.join("output")).unwrap();
        let status = Command::new(program("postfix", "postfix"))
            .arg("-c")
            .arg(path.join("etc"))
            .arg(verb)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .status()
            .unwrap();
        let logs =
            ["output", "mail.log"].map(|name| std::fs::read_to_string(path.join(name)).unwrap_or_default());
        assert!(status.success() || std::thread::panicking(), "postfix {verb}: {}", logs.concat());
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        self.command("stop");
    }
}

impl Dovecot {
    fn start(folder: &Path) -> Self {
        let place = folder.join("dovecot");
        std::fs::create_dir(&place).unwrap();
        let at = place.display();
        let settings = format!(
            "base_dir = {at}/run\nstate_dir = {at}/run\nlog_path = {at}/log\nprotocols =\nssl = no\n\
             auth_mechanisms = plain login\ndisable_plaintext_auth = no\n\
             passdb {{\ndriver = passwd-file\nargs = scheme=PLAIN {at}/users\n}}\n\
             service auth {{\nunix_listener {at}/auth {{\nmode = 0666\n}}\n}}\n\
             service stats {{\nunix_listener stats-writer {{\nmode = 0666\n}}\n}}\n"
        );
        write(&place, "users", &format!("{USER}:{PASSWORD}\n"));
        allow(&place, 0o755);
        let settings = write(&place, "dovecot.conf", &settings);
        let log = std::fs::File::create(place.join("output")).unwrap();
        let child = Command::new(program("dovecot", "dovecot-core"))
            .arg("-F")
            .arg("-c")
            .arg(settings)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut dovecot = Self { child };
        within("dovecot", || {
            let logs =
                ["output", "log"].map(|name| std::fs::read_to_string(place.join(name)).unwrap_or_default());
            assert!(dovecot.child.try_wait().unwrap().is_none(), "{}", logs.concat());
            place.join("auth").exists().then_some(())
        });
        dovecot
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        let id = Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        let _ = kill(id, Signal::SIGTERM);
        let _ = self.child.wait();
    }
}

fn main_cf(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "compatibility_level = 3.6\n\
         queue_directory = {folder}/queue\ndata_directory = {folder}/data\n\
         maillog_file = {folder}/mail.log\nmaillog_file_prefixes = {folder}\n\
         myhostname = mail.example.org\nmydestination =\ninet_interfaces = loopback-only\ninet_protocols = ipv4\n\
         mynetworks = \nalias_maps =\nalias_database =\nlocal_recipient_maps =\n\
         virtual_mailbox_domains = example.org\nvirtual_mailbox_base = {folder}/mail\n\
         virtual_mailbox_maps = inline:{{oncall@example.org=oncall/, slow@example.org=slow/}}\n\
         virtual_uid_maps = static:65534\nvirtual_gid_maps = static:65534\nvirtual_minimum_uid = 1000\n\
         default_transport = error:no mail leaves this machine\nrelay_transport = error:no mail leaves\n\
         smtpd_sasl_type = dovecot\nsmtpd_sasl_path = {folder}/dovecot/auth\n\
         smtpd_sasl_security_options = noanonymous\nsmtpd_tls_auth_only = yes\nbroken_sasl_auth_clients = no\n\
         smtpd_relay_restrictions = permit_sasl_authenticated, reject\n\
         smtpd_recipient_restrictions = check_recipient_access texthash:{folder}/etc/access, permit_sasl_authenticated, \
         reject\n\
         smtpd_peername_lookup = no\nsmtputf8_enable = no\n"
    )
}

fn master_cf(submission: SocketAddr, submissions: SocketAddr, strict: SocketAddr) -> String {
    let login = "-o smtpd_sasl_auth_enable=yes";
    let helo = "-o smtpd_helo_required=yes -o smtpd_helo_restrictions=reject_invalid_helo_hostname,\
                reject_non_fqdn_helo_hostname,reject_unknown_helo_hostname";
    let services: String = [
        "pickup unix n - n 60 1 pickup",
        "cleanup unix n - n - 0 cleanup",
        "qmgr unix n - n 300 1 qmgr",
        "tlsmgr unix - - n 1000? 1 tlsmgr",
        "rewrite unix - - n - - trivial-rewrite",
        "bounce unix - - n - 0 bounce",
        "defer unix - - n - 0 bounce",
        "trace unix - - n - 0 bounce",
        "verify unix - - n - 1 verify",
        "flush unix n - n 1000? 0 flush",
        "proxymap unix - - n - - proxymap",
        "proxywrite unix - - n - 1 proxymap",
        "error unix - - n - - error",
        "retry unix - - n - - error",
        "virtual unix - n n - - virtual",
        "anvil unix - - n - 1 anvil",
        "scache unix - - n - 1 scache",
        "postlog unix-dgram n - n - 1 postlogd",
    ]
    .map(|service| format!("{service}\n"))
    .concat();
    format!(
        "{submission} inet n - n - - smtpd -o smtpd_tls_security_level=encrypt {login}\n\
         {submissions} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes {login}\n\
         {strict} inet n - n - - smtpd -o smtpd_tls_security_level=may -o smtpd_delay_reject=no {helo}\n{services}"
    )
}

fn allow(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn own(path: &Path, user: &str) {
    let user = nix::unistd::User::from_name(user).unwrap().unwrap();
    nix::unistd::chown(path, Some(user.uid), None).unwrap();
}
