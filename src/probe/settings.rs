//! What a prober is told: how deep to look, how long to wait, what to offer. Never reads a file or a flag.

use std::time::Duration;

use crate::model::{Depth, Forbidden, Purpose, Scope};
use crate::tls::{KeyShares, Leave};

/// How each endpoint is visited. The default is the contract's, at standard depth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeSettings {
    pub depth: Depth,
    /// From the first SYN to an established connection, for each connection.
    pub connect_timeout: Duration,
    /// From an established connection to the end of its handshake, for each connection.
    pub handshake_timeout: Duration,
    /// All connections to one endpoint together. Time spent waiting for one's turn is not counted.
    pub total_timeout: Duration,
    /// Further connects after one that timed out or was reset. A refusal is an answer and never retried; nor is
    /// the silence of an address where nobody is expected.
    pub retries: u32,
    /// How a visit at sweep depth leaves the server. A completed handshake ends with `close_notify` either way.
    pub leave: Leave,
    /// Key shares of our own hellos.
    pub key_shares: KeyShares,
    /// Protocols offered by ALPN (RFC 7301) at standard depth; empty for none.
    pub alpn: Vec<Vec<u8>>,
    /// Offers X25519MLKEM768, with its key share, at standard depth.
    pub post_quantum: bool,
    /// Asks, with one further hello, whether the server takes a post-quantum group, where the handshake did not show it
    /// already. Enumeration knows without.
    pub ask_post_quantum: bool,
    /// At standard depth, asks for every chain that an endpoint holds, one further hello each.
    pub other_chains: bool,
    /// What is enumerated at deep depth.
    pub enumerate: Scope,
    /// What is looked at beside versions and suites, of [`Purpose::CHOICES`].
    pub parts: Vec<Purpose>,
    /// What [`Scope::Forbidden`] asks about.
    pub forbidden: Forbidden,
}

/// Time for one endpoint at deep depth, where the others have fifteen seconds: a hundred connections at the pace that
/// one host sees, and a server that thinks for a second over each of some.
const DEEP_TIMEOUT: Duration = Duration::from_secs(120);

impl ProbeSettings {
    /// The default at `depth`.
    pub fn at(depth: Depth) -> Self {
        let settings = Self { depth, ..Self::default() };
        match depth {
            Depth::Sweep | Depth::Standard => settings,
            Depth::Deep => Self { total_timeout: DEEP_TIMEOUT, ..settings },
        }
    }
}

impl Default for ProbeSettings {
    fn default() -> Self {
        Self {
            depth: Depth::Standard,
            connect_timeout: Duration::from_secs(5),
            handshake_timeout: Duration::from_secs(5),
            total_timeout: Duration::from_secs(15),
            retries: 1,
            leave: Leave::default(),
            key_shares: KeyShares::default(),
            alpn: vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            post_quantum: true,
            ask_post_quantum: false,
            other_chains: true,
            enumerate: Scope::default(),
            parts: Purpose::CHOICES.to_vec(),
            forbidden: Forbidden::default(),
        }
    }
}
