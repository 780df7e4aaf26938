//! A resolver that answers from a list: for tests and for scans of a closed world.

use std::collections::HashMap;
use std::net::IpAddr;

use super::{Answer, DnsError, MAX_ADDRESSES, MAX_NAMES, Resolve};
use crate::model::ServerName;

/// Knows what it was told; every other name does not exist. Asks nobody.
#[derive(Debug, Clone, Default)]
pub struct FixedResolver {
    addresses: HashMap<ServerName, Result<Vec<IpAddr>, DnsError>>,
    names: HashMap<IpAddr, Vec<ServerName>>,
}

impl FixedResolver {
    /// Knows nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// `name` has these addresses; none is [`DnsError::NoAddress`].
    #[must_use]
    pub fn with(mut self, name: ServerName, addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        let mut addresses: Vec<IpAddr> = addresses.into_iter().collect();
        addresses.sort_unstable();
        addresses.dedup();
        addresses.truncate(MAX_ADDRESSES);
        let answer = if addresses.is_empty() { Err(DnsError::NoAddress) } else { Ok(addresses) };
        self.addresses.insert(name, answer);
        self
    }

    /// Looking up `name` fails.
    #[must_use]
    pub fn with_error(mut self, name: ServerName, error: DnsError) -> Self {
        self.addresses.insert(name, Err(error));
        self
    }

    /// `address` has this PTR name, beside those told before.
    #[must_use]
    pub fn with_ptr(mut self, address: IpAddr, name: ServerName) -> Self {
        let names = self.names.entry(address).or_default();
        names.push(name);
        names.sort_unstable();
        names.dedup();
        names.truncate(MAX_NAMES);
        self
    }
}

impl Resolve for FixedResolver {
    fn addresses(&self, name: &ServerName) -> Answer<'_, Vec<IpAddr>> {
        let answer = self.addresses.get(name).cloned().unwrap_or(Err(DnsError::NoSuchName));
        Box::pin(std::future::ready(answer))
    }

    fn names(&self, address: IpAddr) -> Answer<'_, Vec<ServerName>> {
        let answer = self.names.get(&address).cloned().ok_or(DnsError::NoSuchName);
        Box::pin(std::future::ready(answer))
    }
}
