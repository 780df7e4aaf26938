//! PostgreSQL, with a database cluster made for the occasion.

use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use certvigil::estate::Identity;
use nix::sys::signal::Signal;
use nix::unistd::User;

use super::daemon::Daemon;
use super::{folder, own_address, program, write_identity};

/// A running PostgreSQL.
pub(crate) struct Postgres {
    pub(crate) address: SocketAddr,
    _daemon: Daemon,
}

impl Postgres {
    /// With this chain, or without TLS.
    pub(crate) fn start(identity: Option<&Identity>) -> Self {
        Self::start_at(own_address(), identity)
    }

    /// On this address and port.
    pub(crate) fn start_at(address: SocketAddr, identity: Option<&Identity>) -> Self {
        let folder = folder();
        let owner = owner();
        hand_over(folder.path(), owner.as_ref());
        let data = folder.path().join("data");
        let mut initdb = as_user(&owner, &tool("initdb"));
        initdb.arg("-D").arg(&data).args([
            "-A",
            "trust",
            "-N",
            "--no-instructions",
            "-E",
            "UTF8",
            "--locale=C",
        ]);
        let output = initdb.stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut postgres = as_user(&owner, &tool("postgres"));
        postgres.arg("-D").arg(&data).arg("-k").arg(folder.path()).args([
            "-F",
            "-h",
            &address.ip().to_string(),
        ]);
        postgres.args(["-p", &address.port().to_string()]);
        if let Some(identity) = identity {
            let files = write_identity(folder.path(), "server", identity);
            // The server takes no key that others may read.
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            std::fs::set_permissions(&files.key, mode).unwrap();
            hand_over(&files.key, owner.as_ref());
            postgres.args(["-c", "ssl=on", "-c", &format!("ssl_cert_file={}", files.chain.display())]);
            postgres.args(["-c", &format!("ssl_key_file={}", files.key.display())]);
        }
        // SIGQUIT ends it and its children at once.
        let daemon = Daemon::start(postgres, folder, &[address], Signal::SIGQUIT);
        Self { address, _daemon: daemon }
    }
}

/// PostgreSQL does not run as root; its package brings a user.
fn owner() -> Option<User> {
    let is_root = nix::unistd::geteuid().is_root();
    is_root.then(|| {
        User::from_name("postgres").unwrap().expect("the package postgresql makes the user `postgres`")
    })
}

fn as_user(owner: &Option<User>, program: &Path) -> Command {
    let mut command = Command::new(program);
    if let Some(owner) = owner {
        command.uid(owner.uid.as_raw()).gid(owner.gid.as_raw()).current_dir("/");
    }
    command
}

fn hand_over(path: &Path, owner: Option<&User>) {
    if let Some(owner) = owner {
        nix::unistd::chown(path, Some(owner.uid), Some(owner.gid)).unwrap();
    }
}

/// Debian keeps the tools of each version in a folder of its own.
fn tool(name: &str) -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let tools = versions.map(|version| version.unwrap().path().join("bin").join(name));
    tools.filter(|path| path.is_file()).max().unwrap_or_else(|| program(name, "postgresql"))
}
