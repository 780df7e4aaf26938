//! Servers with known faults on loopback, for the demonstration and the tests.
//!
//! Invariants: listens on loopback only; every connection has a deadline; nothing is written to disk; all ends when
//! the [`Estate`] or [`Host`] is dropped. rustls plays what it can; what it rightly refuses (TLS 1.0, RSA-1024,
//! silence, nonsense) is played by scripts on raw connections, and the demonstration says which.

mod ca;
mod client_hello;
mod demo;
mod flight;
mod host;
mod legacy;
mod script;
mod tls_host;

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::dns::FixedResolver;
use crate::model::{Reason, Rule, ServerName, Stage};
use crate::time::UnixTime;

pub use ca::{Authority, Identity, Leaf, LeafKey, LeafSignature};
pub use flight::{Flight, KeyExchange};
pub use host::{Host, Limits, Role};
pub use script::{Script, Step};
pub use tls_host::{ClientCertificates, TlsHost, Versions};

use demo::{Cast, Part};

/// Where the demonstration lives: a block of loopback addresses that nothing else is likely to use.
pub const DEMO_BLOCK: Ipv4Addr = Ipv4Addr::new(127, 86, 0, 0);

/// The first host's place in the block.
const FIRST_HOST: u32 = 10;

/// Ports tried until one is free on every address of the block.
const PORT_ATTEMPTS: usize = 32;

/// What can go wrong before a host runs.
#[derive(Debug, thiserror::Error)]
pub enum EstateError {
    /// A certificate could not be made.
    #[error("cannot mint the certificate for {what}: {source}")]
    Mint { what: String, source: rcgen::Error },
    /// A host that signs needs a key.
    #[error("there is no private key for {what}; let a scripted flight serve it")]
    NoPrivateKey { what: String },
    /// Weak cryptography could not be forged.
    #[error("cannot make a weak certificate: {what}")]
    Legacy { what: &'static str },
    /// The machine gives no random bytes.
    #[error("the machine gives no random bytes")]
    Random,
    /// rustls refused its part.
    #[error("cannot set up a TLS host: {0}")]
    Tls(#[from] rustls::Error),
    /// rustls refused the client verifier.
    #[error("cannot set up the check of client certificates: {0}")]
    Verifier(#[from] rustls::server::VerifierBuilderError),
    /// Only loopback is served.
    #[error("{address} is not a loopback address; servers with known faults stay on this machine")]
    NotLoopback { address: SocketAddr },
    /// An address or a port is not to be had.
    #[error("cannot listen on {address}: {source}; is another demonstration running?")]
    Bind { address: SocketAddr, source: io::Error },
    /// No port was free on all addresses.
    #[error("no port is free on every address from {block}; end some servers and try again")]
    NoCommonPort { block: Ipv4Addr },
    /// A label of the demonstration is not a name.
    #[error("{name} is not a server name: {reason}")]
    Name { name: String, reason: String },
    /// The work was given up because the program is ending.
    #[error("the certificates were not minted: the program is ending")]
    Ending,
}

/// A host of the demonstration.
#[derive(Debug, Clone)]
pub struct DemoHost {
    /// Under the reserved domain `.test` (RFC 6761).
    pub name: ServerName,
    pub address: IpAddr,
    pub port: u16,
    /// What it shows, in a few words.
    pub what: &'static str,
    /// Played on a raw connection, because rustls cannot be that bad.
    pub scripted: bool,
    /// A scan at standard depth that trusts [`Estate::trust_pem`] finds at least these; of severity low and above,
    /// on hosts where it is empty, none.
    pub expected_rules: &'static [Rule],
    /// A scan at deep depth finds these, too.
    pub expected_deep_rules: &'static [Rule],
    /// How the visit ends where no chain is served.
    pub expected_failure: Option<(Stage, Reason)>,
}

impl DemoHost {
    /// Where to connect.
    pub fn socket_address(&self) -> SocketAddr {
        SocketAddr::new(self.address, self.port)
    }
}

/// The running demonstration; dropping it ends every host.
#[derive(Debug)]
pub struct Estate {
    hosts: Vec<DemoHost>,
    running: Vec<Host>,
    trust_pem: String,
}

impl Estate {
    /// Mints certificates around `now` and starts the hosts, each on its own address of `block` and all on one
    /// port; where the machine has only 127.0.0.1, all there and each on its own port. Needs a tokio runtime.
    ///
    /// # Errors
    /// Minting or listening failed; see [`EstateError`].
    pub async fn start(now: UnixTime, block: Ipv4Addr) -> Result<Self, EstateError> {
        let minted = tokio::task::spawn_blocking(move || demo::cast(now)).await;
        let Cast { parts, root_pem } = minted.map_err(|_| EstateError::Ending)??;
        let running = match start_on_one_port(&parts, block) {
            Err(EstateError::Bind { source, .. }) if source.kind() == io::ErrorKind::AddrNotAvailable => {
                start_on_own_ports(&parts)?
            }
            other => other?,
        };
        let hosts = parts.iter().zip(&running).map(|(part, host)| describe(part, host.address()));
        Ok(Self { hosts: hosts.collect::<Result<_, _>>()?, running, trust_pem: root_pem })
    }

    /// The hosts, in the order of their addresses.
    pub fn hosts(&self) -> &[DemoHost] {
        &self.hosts
    }

    /// The root that the sound hosts chain to, as PEM, so that the demonstration can trust it.
    pub fn trust_pem(&self) -> &str {
        &self.trust_pem
    }

    /// Knows the hosts' names, and no others.
    pub fn resolver(&self) -> FixedResolver {
        self.hosts.iter().fold(FixedResolver::new(), |resolver, host| {
            resolver.with(host.name.clone(), [host.address]).with_ptr(host.address, host.name.clone())
        })
    }

    /// Connections accepted by all hosts since the start.
    pub fn accepted(&self) -> u64 {
        self.running.iter().map(Host::accepted).sum()
    }
}

fn start_on_one_port(parts: &[Part], block: Ipv4Addr) -> Result<Vec<Host>, EstateError> {
    'ports: for _ in 0..PORT_ATTEMPTS {
        let mut port = 0;
        let mut running = Vec::new();
        for (part, place) in parts.iter().zip(FIRST_HOST..) {
            let address = Ipv4Addr::from_bits(block.to_bits().wrapping_add(place));
            match Host::start((address, port).into(), part.role.clone(), Limits::default()) {
                Ok(host) => {
                    port = host.address().port();
                    running.push(host);
                }
                Err(EstateError::Bind { source, .. }) if source.kind() == io::ErrorKind::AddrInUse => {
                    continue 'ports;
                }
                Err(error) => return Err(error),
            }
        }
        return Ok(running);
    }
    Err(EstateError::NoCommonPort { block })
}

fn start_on_own_ports(parts: &[Part]) -> Result<Vec<Host>, EstateError> {
    let anywhere = (Ipv4Addr::LOCALHOST, 0).into();
    parts.iter().map(|part| Host::start(anywhere, part.role.clone(), Limits::default())).collect()
}

fn describe(part: &Part, at: SocketAddr) -> Result<DemoHost, EstateError> {
    let name = format!("{}.{}", part.label, demo::DOMAIN);
    Ok(DemoHost {
        name: ServerName::parse(&name).map_err(|reason| EstateError::Name { name, reason })?,
        address: at.ip(),
        port: at.port(),
        what: part.what,
        scripted: !matches!(part.role, Role::Tls(_)),
        expected_rules: part.expected_rules,
        expected_deep_rules: part.expected_deep_rules,
        expected_failure: part.expected_failure,
    })
}

#[cfg(test)]
mod tests;
