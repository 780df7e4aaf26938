//! A farm of TLS servers in another process: this bench's own executable, started again with an argument.

#![allow(dead_code, reason = "each bench uses its part")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};

use certvigil::clock::{Clock as _, SystemClock};
use certvigil::estate::{Authority, Flight, Host, Leaf, Limits, Role, Script, TlsHost};

const ARGUMENT: &str = "--serve-farm";
const CHAINS: usize = 100;
/// 127.16.0.0/18 has room for 16,384 addresses.
const FIRST: u32 = u32::from_be_bytes([127, 16, 0, 0]);

/// The farm's network.
pub(crate) fn network(hosts: usize) -> String {
    format!("{}/{}", Ipv4Addr::from(FIRST), 32 - hosts.ilog2())
}

/// The `n`-th address of the farm on `port`.
pub(crate) fn address(n: usize, port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::from(FIRST + u32::try_from(n).unwrap())), port)
}

/// A running farm; it ends with this value.
pub(crate) struct Farm {
    child: Child,
    pub(crate) port: u16,
    /// A port where every address answers anything with a TLS 1.2 flight made beforehand.
    pub(crate) canned_port: u16,
    /// A port where every address refuses.
    pub(crate) refusing_port: u16,
    /// A port where every address is silent.
    pub(crate) silent_port: u16,
    /// The root that every chain of the farm leads to.
    pub(crate) root: tempfile::NamedTempFile,
}

impl Farm {
    /// Starts the farm and waits until it listens.
    pub(crate) fn start() -> Self {
        let [port, canned_port, refusing_port, silent_port] = [(); 4].map(|()| free_port());
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg(ARGUMENT)
            .args([port, canned_port, silent_port].map(|port| port.to_string()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
        let mut root = tempfile::Builder::new().suffix(".pem").tempfile().unwrap();
        loop {
            let line = lines.next().unwrap().unwrap();
            if line == "ready" {
                break;
            }
            writeln!(root, "{line}").unwrap();
        }
        drop(lines);
        Self { child, port, canned_port, refusing_port, silent_port, root }
    }
}

impl Drop for Farm {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// The ports to serve and to be silent on, where this process is the farm.
pub(crate) fn asked_to_serve() -> Option<[u16; 3]> {
    let mut arguments = std::env::args().skip_while(|argument| argument != ARGUMENT).skip(1);
    let mut port = || arguments.next()?.parse().ok();
    Some([port()?, port()?, port()?])
}

/// Serves until standard input closes: ECDSA P-256 chains of three certificates, a hundred different ones.
pub(crate) fn serve([port, canned_port, silent_port]: [u16; 3]) {
    let authority = Authority::new(SystemClock.now(), "Farm").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let role = |n: usize| {
            let leaf = authority.issue(&Leaf::new(&format!("host-{n}.farm.test"))).unwrap();
            // The root is served too: three certificates.
            TlsHost::new(leaf.with_chain(|chain| chain.push(authority.root_der()))).role().unwrap()
        };
        let limits = Limits { connections: 1_024, ..Limits::default() };
        let _farm = Host::start_everywhere(port, (0..CHAINS).map(role).collect(), limits).unwrap();
        let canned = |n: usize| {
            let leaf = authority.issue(&Leaf::new(&format!("canned-{n}.farm.test"))).unwrap();
            let leaf = leaf.with_chain(|chain| chain.push(authority.root_der()));
            Role::Script(Script::same_answer(&Flight::tls12(leaf).canned().unwrap()))
        };
        let _canned = Host::start_everywhere(canned_port, (0..CHAINS).map(canned).collect(), limits).unwrap();
        let _silent = Host::start_everywhere(silent_port, vec![Role::Dead], limits).unwrap();
        println!("{}\nready", authority.root_pem());
        tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await.unwrap().unwrap();
    });
}
