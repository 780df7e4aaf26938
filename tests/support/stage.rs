//! Hosts of the estate for tests that wait on a child: they run on threads of their own, each test on its own port.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use certvigil::estate::{Host, Identity, Limits, Role, Script, TlsHost};
use tokio::runtime::Runtime;

use super::program::within;

/// Addresses of this process and a port of this test; below the kernel's own choice of ports.
pub(crate) struct Stage {
    runtime: Runtime,
    network: [u8; 3],
    pub(crate) port: u16,
}

impl Stage {
    pub(crate) fn new() -> Self {
        static NEXT_PORT: AtomicU16 = AtomicU16::new(21_000);
        let [_, _, middle, low] = std::process::id().to_be_bytes();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        Self {
            runtime: runtime.unwrap(),
            network: [127, 16 | middle & 0x1f, low],
            port: NEXT_PORT.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// The address with this last number.
    pub(crate) fn address(&self, last: u8) -> Ipv4Addr {
        let [a, b, c] = self.network;
        Ipv4Addr::new(a, b, c, last)
    }

    /// The network of `2^(32 - bits)` addresses that starts with this last number, as a target.
    pub(crate) fn network(&self, first: u8, bits: u8) -> String {
        format!("{}/{bits}", self.address(first))
    }

    /// Address and port, as a target.
    pub(crate) fn target(&self, last: u8) -> String {
        self.at(last).to_string()
    }

    pub(crate) fn at(&self, last: u8) -> SocketAddr {
        (self.address(last), self.port).into()
    }

    pub(crate) fn ports(&self) -> String {
        self.port.to_string()
    }

    pub(crate) fn host(&self, last: u8, role: Role) -> Host {
        let _entered = self.runtime.enter();
        // The host that was here before may still be leaving.
        within("a free address", || Host::start(self.at(last), role.clone(), Limits::default()).ok())
    }

    pub(crate) fn tls(&self, last: u8, identity: &Identity) -> Host {
        self.host(last, TlsHost::new(identity.clone()).role().unwrap())
    }

    /// One listener for every loopback address on this test's port, with this role.
    pub(crate) fn everywhere(&self, role: &Role) -> Host {
        let _entered = self.runtime.enter();
        let limits = Limits { connections: 1_024, ..Limits::default() };
        within("a free port", || Host::start_everywhere(self.port, vec![role.clone()], limits).ok())
    }

    pub(crate) fn script(&self, last: u8, script: Script) -> Host {
        self.host(last, Role::Script(script))
    }
}

/// A name server that knows these A records; every other name does not exist (RFC 1035).
pub(crate) fn name_server(records: &[(&str, Ipv4Addr)]) -> SocketAddr {
    let server = NameServer::start();
    for (name, address) in records {
        server.set(name, &[*address]);
    }
    server.address
}

/// A name server whose records change while it runs.
pub(crate) struct NameServer {
    pub(crate) address: SocketAddr,
    zone: Arc<Mutex<Zone>>,
}

#[derive(Default)]
struct Zone {
    records: HashMap<Vec<u8>, Vec<Ipv4Addr>>,
    fails: bool,
}

impl NameServer {
    /// A server that knows no name yet.
    pub(crate) fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let zone = Arc::new(Mutex::new(Zone::default()));
        let shared = Arc::clone(&zone);
        std::thread::spawn(move || {
            let mut buffer = [0; 512];
            while let Ok((length, client)) = socket.recv_from(&mut buffer) {
                let answer = shared.lock().unwrap().answer(&buffer[..length]);
                if answer.is_some_and(|answer| socket.send_to(&answer, client).is_err()) {
                    return;
                }
            }
        });
        Self { address, zone }
    }

    /// The name has these addresses from now on.
    pub(crate) fn set(&self, name: &str, addresses: &[Ipv4Addr]) {
        self.zone.lock().unwrap().records.insert(encoded(name), addresses.to_vec());
    }

    /// The name does not exist any more.
    pub(crate) fn remove(&self, name: &str) {
        self.zone.lock().unwrap().records.remove(&encoded(name));
    }

    /// Whether every question is answered by SERVFAIL from now on.
    pub(crate) fn fail(&self, fails: bool) {
        self.zone.lock().unwrap().fails = fails;
    }
}

fn encoded(name: &str) -> Vec<u8> {
    name.split('.').flat_map(|label| [&[label.len() as u8], label.as_bytes()].concat()).chain([0]).collect()
}

impl Zone {
    fn answer(&self, question: &[u8]) -> Option<Vec<u8>> {
        let name_end = 12 + question.get(12..)?.iter().position(|byte| *byte == 0)? + 1;
        let name = question[12..name_end].to_ascii_lowercase();
        let kind = question.get(name_end..name_end + 2)?;
        let mut answer = question.get(..name_end + 4)?.to_vec();
        answer[2..4].copy_from_slice(&[0x84, 0x80]); // an answer, with authority, recursion available
        answer[6..12].fill(0);
        match self.records.get(&name) {
            _ if self.fails => answer[3] |= 2, // SERVFAIL
            None => answer[3] |= 3,            // NXDOMAIN
            Some(addresses) if kind == [0, 1] => {
                answer[7] = addresses.len() as u8;
                for address in addresses {
                    answer.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
                    answer.extend_from_slice(&address.octets());
                }
            }
            Some(_) => {}
        }
        Some(answer)
    }
}
