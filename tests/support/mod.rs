//! Real servers for the tests: started on loopback, ready by a fact, ended by their process id.
//! Invariant: nothing is skipped. A program that is not installed fails the test and names its Debian package.

#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up has failed"
)]
#![allow(clippy::cast_possible_truncation, reason = "labels are short")]

pub(crate) mod apache;
pub(crate) mod caddy;
pub(crate) mod cyrus;
pub(crate) mod daemon;
pub(crate) mod days;
pub(crate) mod dovecot;
pub(crate) mod gnutls;
pub(crate) mod haproxy;
pub(crate) mod inspircd;
pub(crate) mod java;
pub(crate) mod knot;
pub(crate) mod lines;
pub(crate) mod mailbox;
pub(crate) mod mariadb;
pub(crate) mod nats;
pub(crate) mod nginx;
pub(crate) mod openssl;
pub(crate) mod oracles;
pub(crate) mod postfix;
pub(crate) mod postgres;
pub(crate) mod program;
pub(crate) mod prosody;
pub(crate) mod scapy;
pub(crate) mod schema;
pub(crate) mod slapd;
pub(crate) mod stage;
pub(crate) mod testssl;
pub(crate) mod vsftpd;
pub(crate) mod xrdp;

use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use certvigil::clock::{Clock, SystemClock};
use certvigil::estate::{Authority, Identity};
use tempfile::TempDir;

/// A server that is not ready by then will never be.
const READY_WITHIN: Duration = Duration::from_secs(20);

/// A running server; dropping it ends the process and removes its folder.
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    child: Child,
    folder: TempDir,
}

impl Peer {
    /// Starts `command` with its output in a log; waits until the log holds `fact`.
    pub(crate) fn start(command: Command, folder: TempDir, address: SocketAddr, fact: Fact) -> Self {
        Self::start_fed(command, folder, address, fact, Stdio::null())
    }

    /// As [`Peer::start`], with another standard input: some servers end with it, and a pipe has no end.
    pub(crate) fn start_fed(
        mut command: Command,
        folder: TempDir,
        address: SocketAddr,
        fact: Fact,
        input: Stdio,
    ) -> Self {
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        command.stdin(input).stdout(log.try_clone().unwrap()).stderr(log);
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let mut peer = Self { address, child, folder };
        let started = Instant::now();
        while !peer.has(&fact) {
            let ended = peer.child.try_wait().unwrap();
            assert!(ended.is_none(), "{command:?} ended with {}:\n{}", ended.unwrap(), peer.log());
            assert!(started.elapsed() < READY_WITHIN, "{command:?} is not ready:\n{}", peer.log());
            std::thread::sleep(Duration::from_millis(5));
        }
        peer
    }

    /// What the server has written so far.
    pub(crate) fn log(&self) -> String {
        let bytes = std::fs::read(self.folder.path().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn has(&self, fact: &Fact) -> bool {
        match fact {
            Fact::Log(line) => self.log().contains(line),
            Fact::Accepts => std::net::TcpStream::connect(self.address).is_ok(),
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What shows that a server is ready.
pub(crate) enum Fact {
    /// A line in its log.
    Log(&'static str),
    /// It takes a TCP connection. Not for servers that a bare connection upsets.
    Accepts,
}

/// The program, or a failed test that says what to install.
pub(crate) fn program(name: &str, package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    folders.map(|folder| folder.join(name)).find(|path| path.is_file()).unwrap_or_else(|| {
        panic!("`{name}` is missing: apt-get install {package} (tests/install-peers does it)")
    })
}

/// A program that `tests/install-peers` keeps beside the build, or a failed test that says so.
pub(crate) fn unpacked(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers").join(name);
    assert!(path.is_file(), "`{}` is missing: run tests/install-peers", path.display());
    path
}

/// An address and port that no other test takes: the address is this process's own, the port is counted.
pub(crate) fn own_address() -> SocketAddr {
    static NEXT_PORT: AtomicU16 = AtomicU16::new(20_000);
    let [_, high, middle, low] = std::process::id().to_be_bytes();
    let address = Ipv4Addr::new(127, 64 | high & 0x3f, middle, low);
    loop {
        let at = SocketAddr::from((address, NEXT_PORT.fetch_add(1, Ordering::Relaxed)));
        if TcpListener::bind(at).is_ok() && UdpSocket::bind(at).is_ok() {
            return at;
        }
    }
}

/// A folder of its own for a server's files.
pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Writes a file into a folder and gives its path.
pub(crate) fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// An authority whose certificates are valid today.
pub(crate) fn authority() -> Authority {
    Authority::new(SystemClock.now(), "Peers").unwrap()
}

/// Files of one identity.
pub(crate) struct Files {
    /// The whole chain, end-entity first.
    pub(crate) chain: PathBuf,
    /// What is above the end-entity certificate.
    pub(crate) above: PathBuf,
    pub(crate) key: PathBuf,
}

/// Writes an identity's chain and key as PEM.
pub(crate) fn write_identity(folder: &Path, name: &str, identity: &Identity) -> Files {
    let above = identity.with_chain(|chain| drop(chain.remove(0)));
    Files {
        chain: write(folder, &format!("{name}.pem"), &identity.chain_pem()),
        above: write(folder, &format!("{name}.above.pem"), &above.chain_pem()),
        key: write(folder, &format!("{name}.key"), &identity.private_key_pem().unwrap()),
    }
}
