//! A small client for TLS 1.0 to 1.2 without IO: handshakes to their end, application data, resumption,
//! renegotiation, and records that no honest client sends. For looking at servers, never for carrying anything: it
//! verifies no certificate and no signature, its Diffie-Hellman keys are 1, and all it sends can be read by anyone
//! who listens. It does check the server's Finished and every record's MAC: what it reports, the server did say.
//!
//! RFC 5246, RFC 4346, RFC 2246; RFC 5077 (tickets), RFC 5746 (renegotiation), RFC 7366 (encrypt-then-MAC),
//! RFC 7627 (extended master secret), RFC 8422 (elliptic curves).

mod cbc;
mod client;
mod exchange;
mod gcm;
mod handshake;
mod hello;
mod keys;
mod prf;
mod protection;
mod suite;
#[cfg(test)]
pub(crate) mod test_server;
#[cfg(test)]
mod tests;

pub use cbc::Malformation;
pub use client::{Alert, Client, Event, SessionError};
pub use handshake::Negotiated;
pub use suite::{is_cbc, speaks};

use keys::Master;

use super::{CipherSuite, ProtocolVersion};

/// What a client offers.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The highest version: TLS 1.0, 1.1 or 1.2.
    pub version: ProtocolVersion,
    /// Those that [`speaks`] knows.
    pub cipher_suites: Vec<CipherSuite>,
    /// An ASCII DNS name.
    pub server_name: Option<String>,
    pub extended_master_secret: bool,
    pub encrypt_then_mac: bool,
    /// Ask for a ticket, or present that of [`Self::resume`].
    pub session_tickets: bool,
    pub resume: Option<Resume>,
}

impl Terms {
    /// A new session without tickets and encrypt-then-MAC.
    pub fn new(version: ProtocolVersion, cipher_suites: Vec<CipherSuite>, server_name: Option<&str>) -> Self {
        Self {
            version,
            cipher_suites,
            server_name: server_name.map(str::to_owned),
            extended_master_secret: true,
            encrypt_then_mac: false,
            session_tickets: false,
            resume: None,
        }
    }
}

/// A session to resume, and the session id to send.
#[derive(Debug, Clone)]
pub struct Resume {
    pub session: Resumable,
    pub session_id: Vec<u8>,
}

/// What is needed to resume a session.
#[derive(Debug, Clone)]
pub struct Resumable {
    pub version: ProtocolVersion,
    pub cipher_suite: CipherSuite,
    /// Empty where the server gave it none.
    pub session_id: Vec<u8>,
    pub ticket: Option<Vec<u8>>,
    master: Master,
}
