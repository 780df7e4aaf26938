//! Why something was not fetched.

use std::net::IpAddr;
use std::time::Duration;

use thiserror::Error;

use crate::dns::DnsError;
use crate::text::Untrusted;

/// Why there is no answer, or no whole one. What the other side said is escaped.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FetchError {
    #[error("the URL is not one to ask: {0}")]
    Url(&'static str),
    #[error("{0}")]
    Dns(DnsError),
    /// The address is in a network that only `fetch.allow` opens.
    #[error("{address} is {kind}, and `fetch.allow` does not name it")]
    Special { address: IpAddr, kind: &'static str },
    #[error("{0} is excluded from the scan")]
    Excluded(IpAddr),
    #[error("port {0} is neither 80 nor 443, and `fetch.allow` does not name the address")]
    Port(u16),
    #[error("cannot connect: {0}")]
    Connect(String),
    #[error("the TLS library refuses its parameters: {0}")]
    Tls(String),
    #[error("no whole answer within {} s", .0.as_secs_f32())]
    Timeout(Duration),
    /// The server broke HTTP or the connection.
    #[error("the answer is not HTTP as it should be: {}", .0.terminal())]
    Protocol(Untrusted),
    #[error("the server redirects ({0}), which is not followed")]
    Redirect(u16),
    #[error("the answer is longer than {0} octets")]
    TooLarge(u64),
}
