//! In the place of a resolver that cannot be set up: addresses can still be scanned, and each name says why not.

use std::net::IpAddr;

use super::{Answer, DnsError, Resolve};
use crate::model::ServerName;

/// Answers every question with the same error. Asks nobody.
#[derive(Debug, Clone)]
pub struct NoResolver(pub DnsError);

impl Resolve for NoResolver {
    fn addresses(&self, _: &ServerName) -> Answer<'_, Vec<IpAddr>> {
        Box::pin(std::future::ready(Err(self.0.clone())))
    }

    fn names(&self, _: IpAddr) -> Answer<'_, Vec<ServerName>> {
        Box::pin(std::future::ready(Err(self.0.clone())))
    }
}
