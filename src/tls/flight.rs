//! Reads a server's first flight, up to its Certificate message. Never answers anything but a
//! HelloRetryRequest, never proves possession, never carries application data. RFC 8446, RFC 5246, RFC 4346,
//! RFC 2246, RFC 6101.

use super::{AlertDescription, CipherSuite, Hello, NamedGroup, ProtocolVersion};
use crate::text::Untrusted;
use crate::x509::RawChain;

/// How a visit at sweep depth leaves the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Leave {
    /// As soon as the certificates are in.
    #[default]
    Reset,
    /// In TLS 1.3, after the server's Finished has been read, with the client's Finished and an encrypted
    /// `close_notify`. In older versions there is nothing polite to say without a key exchange: as `Reset`.
    Polite,
}

/// What a server may make us hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes off the wire until the Certificate message is complete.
    pub bytes: usize,
    /// Records until then.
    pub records: u32,
    /// Records without content and warning alerts until then.
    pub idle_records: u32,
}

/// What a flight wants next.
#[derive(Debug)]
pub enum Step {
    /// More bytes from the server.
    NeedMore,
    /// Send these bytes, then feed on: the answer to a HelloRetryRequest.
    Send(Vec<u8>),
    /// The certificates are in.
    Done(Box<Captured>),
}

/// What a flight brought. `None` is "not looked at" or "did not come with the same bytes".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Captured {
    pub version: ProtocolVersion,
    pub cipher_suite: CipherSuite,
    pub group: Option<NamedGroup>,
    pub alpn: Option<Untrusted>,
    pub certificates: RawChain,
    /// The server asked for a client certificate.
    pub client_auth: Option<bool>,
    /// Distinguished names (DER) of the authorities it takes client certificates from; at most 64 of them.
    pub client_auth_ca_names: Vec<Box<[u8]>>,
    pub ocsp_stapled: Option<bool>,
    pub sct_count: Option<u32>,
    /// The server answered the first hello with a HelloRetryRequest.
    pub hello_retried: bool,
    /// Bytes to send before closing, if leaving politely; else empty.
    pub farewell: Vec<u8>,
}

/// Why a flight brought no certificates.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FlightError {
    #[error("the peer speaks {protocol}, not TLS")]
    NotTls { protocol: &'static str, excerpt: Untrusted },
    #[error("the server refused with alert {0}")]
    Alert(AlertDescription),
    #[error("the certificate message is larger than {limit} bytes")]
    ChainTooLarge { limit: usize },
    #[error("the server broke the protocol: {0}")]
    Malformed(&'static str),
    #[error("the server chose {0}, which has no certificate")]
    NoCertificate(CipherSuite),
}

/// One server's first flight, as it arrives.
#[derive(Debug)]
pub struct Flight {}

impl Flight {
    pub fn new(_hello: Hello, _limits: Limits, _leave: Leave) -> Self {
        Self {}
    }

    /// Reads more bytes; they are decrypted in place.
    ///
    /// # Errors
    /// When no certificates can come any more.
    pub fn feed(&mut self, _bytes: &mut [u8]) -> Result<Step, FlightError> {
        Ok(Step::NeedMore)
    }
}
