//! The guarded door to other people's HTTP servers: whoever writes a URL into a certificate decides what is asked, but
//! not where it may lead.
//!
//! A name is resolved once and the connection goes to an address that was checked, so that a second answer of DNS
//! changes nothing. Loopback, private and other special networks are refused unless [`Policy::allow`] names them;
//! ports are 80 and 443 but for the networks named. No redirect is followed, no proxy asked, no cookie or
//! authentication sent; headers, body and time are capped. Each host is asked at a pace. Never judges what it brings.

mod address;
mod connection;
mod error;
mod pace;
mod response;
#[cfg(test)]
mod tests;
mod url;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ipnetwork::IpNetwork;
use rustls::ClientConfig;
use tokio::time::{Instant, timeout_at};

pub use error::FetchError;
pub use response::Response;

use crate::dns::Resolve;
use pace::Hosts;
use url::{Host, Url};

/// Longest URL that is asked for.
pub const LONGEST_URL: usize = 2_048;

/// Tells which addresses are never asked, whatever is allowed.
pub type Excludes = dyn Fn(IpAddr) -> bool + Send + Sync;

/// Where fetching may lead and how much it may cost.
#[derive(Clone)]
pub struct Policy {
    /// Special networks that may be asked all the same, on any port.
    pub allow: Vec<IpNetwork>,
    /// Never asked.
    pub excludes: Arc<Excludes>,
    /// New connections a second to one host.
    pub per_host_rate: u32,
    /// Connections to one host at a time.
    pub per_host_in_flight: usize,
}

impl Default for Policy {
    fn default() -> Self {
        Self { allow: Vec::new(), excludes: Arc::new(|_| false), per_host_rate: 20, per_host_in_flight: 2 }
    }
}

impl std::fmt::Debug for Policy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Policy").field("allow", &self.allow).finish_non_exhaustive()
    }
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question<'a> {
    Get,
    Post { content_type: &'static str, body: &'a [u8] },
}

/// How much an answer may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Octets of the body.
    pub bytes: u64,
    /// From the question to the last octet.
    pub timeout: Duration,
}

/// Asks; one for each scan, shared by its tasks.
#[derive(Debug)]
pub struct Fetcher {
    policy: Policy,
    resolver: Arc<dyn Resolve>,
    tls: Arc<ClientConfig>,
    hosts: Hosts,
}

impl Fetcher {
    /// Loads the trust anchors for HTTPS: Mozilla's and the system's.
    ///
    /// # Errors
    /// When the TLS library refuses its own parameters.
    pub fn new(policy: Policy, resolver: Arc<dyn Resolve>) -> Result<Self, FetchError> {
        let tls = connection::client_config()?;
        let hosts = Hosts::new(policy.per_host_in_flight, policy.per_host_rate);
        Ok(Self { policy, resolver, tls, hosts })
    }

    /// Asks `url`, which nobody has checked. The answer's body is still to be read. The time spent waiting for other questions to the same host does not count.
    ///
    /// # Errors
    /// The address is not allowed, or no answer came: see [`FetchError`]. A redirect is an error.
    pub async fn ask(
        &self,
        url: &str,
        question: Question<'_>,
        limits: Limits,
    ) -> Result<Response, FetchError> {
        let url = Url::parse(url)?;
        let turn = self.hosts.turn(&url).await;
        let deadline = Instant::now() + limits.timeout;
        let asked = async {
            let addresses = self.checked_addresses(&url).await?;
            connection::ask(&url, &addresses, question, &self.tls).await
        };
        let (response, connection) =
            timeout_at(deadline, asked).await.map_err(|_| FetchError::Timeout(limits.timeout))??;
        Response::new(response, connection, turn, limits, deadline)
    }

    /// Addresses that may be connected to, in the resolver's order.
    async fn checked_addresses(&self, url: &Url) -> Result<Vec<IpAddr>, FetchError> {
        let addresses = match &url.host {
            Host::Address(address) => vec![*address],
            Host::Name(name) => self.resolver.addresses(name).await.map_err(FetchError::Dns)?,
        };
        let mut refusal = None;
        let mut checked = Vec::new();
        for address in addresses.into_iter().map(|address| address.to_canonical()) {
            match self.check(address, url.port) {
                Ok(()) => checked.push(address),
                Err(error) => refusal = Some(error),
            }
        }
        match refusal {
            Some(error) if checked.is_empty() => Err(error),
            _ => Ok(checked),
        }
    }

    fn check(&self, address: IpAddr, port: u16) -> Result<(), FetchError> {
        if (self.policy.excludes)(address) {
            return Err(FetchError::Excluded(address));
        }
        if address::is_allowed(address, &self.policy.allow) {
            return Ok(());
        }
        if let Some(kind) = address::special(address) {
            return Err(FetchError::Special { address, kind });
        }
        if !matches!(port, 80 | 443) {
            return Err(FetchError::Port(port));
        }
        Ok(())
    }
}
