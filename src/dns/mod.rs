//! The door to DNS: names to addresses, addresses to names. Every answer is untrusted and capped.

mod fixed;
mod hickory;
#[cfg(test)]
mod tests;
mod unavailable;

pub use fixed::FixedResolver;
pub use hickory::HickoryResolver;
pub use unavailable::NoResolver;

use std::net::IpAddr;
use std::pin::Pin;
use std::time::Duration;

use crate::model::{Failure, Reason, ServerName, Stage};
use crate::text::Untrusted;

/// Most addresses kept of one name: the first in order.
pub const MAX_ADDRESSES: usize = 64;

/// Most PTR names kept of one address: the first in order.
pub const MAX_NAMES: usize = 8;

/// An answer to come.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, DnsError>> + Send + 'a>>;

/// Looks names up. The caller keeps the answer: what was resolved once is not asked for again in mid-visit.
pub trait Resolve: Send + Sync + std::fmt::Debug {
    /// Every A and AAAA address of `name`, CNAMEs followed, sorted, each once, at most [`MAX_ADDRESSES`]; never
    /// empty.
    fn addresses(&self, name: &ServerName) -> Answer<'_, Vec<IpAddr>>;

    /// The PTR names of `address` that are valid host names, sorted, each once, at most [`MAX_NAMES`]; never empty.
    fn names(&self, address: IpAddr) -> Answer<'_, Vec<ServerName>>;
}

/// Why there is no answer. A timeout is never "no such name".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DnsError {
    /// NXDOMAIN (RFC 8020).
    #[error("there is no such name")]
    NoSuchName,
    /// The name exists without an address (NODATA, RFC 2308 section 2.2).
    #[error("the name has no address")]
    NoAddress,
    /// The server failed, refused or made no sense.
    #[error("the DNS server failed: {}", .0.terminal())]
    Failure(Untrusted),
    /// No answer in time.
    #[error("no answer from DNS within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// This machine could not ask.
    #[error("this machine cannot ask DNS: {}", .0.terminal())]
    Local(Untrusted),
    /// The machine's resolver settings cannot be read.
    #[error("the resolver settings of this machine cannot be read ({}); name a server with --resolver", .0.terminal())]
    Settings(Untrusted),
}

impl From<DnsError> for Failure {
    fn from(error: DnsError) -> Self {
        let reason = match error {
            DnsError::NoSuchName => Reason::NoSuchName,
            DnsError::NoAddress => Reason::NoAddress,
            DnsError::Failure(_) => Reason::DnsFailure,
            DnsError::Timeout(_) => Reason::Timeout,
            DnsError::Local(_) | DnsError::Settings(_) => Reason::Local,
        };
        Failure::new(Stage::Resolve, reason, error.to_string())
    }
}
