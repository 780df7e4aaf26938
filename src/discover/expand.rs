//! One unit to its endpoints: names through DNS, addresses with each server name asked for.

use std::net::{IpAddr, SocketAddr};

use super::{Place, Plan, Unit};
use crate::dns::{DnsError, Resolve};
use crate::model::{Endpoint, Failure, ServerName};

/// Something to connect to, or the record that there is nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expanded {
    Endpoint(Endpoint),
    /// The name did not resolve; the endpoint has no address.
    Failed(Endpoint, Failure),
}

/// The endpoints of `unit`. A name becomes one for each of its addresses, with itself as server name. An address
/// becomes one without a server name, one for each of the unit's server names and, where the plan asks for them,
/// one for each PTR name. Excluded addresses that DNS returns are dropped and counted; the result may be empty.
pub async fn expand(unit: &Unit, plan: &Plan, resolver: &dyn Resolve) -> Vec<Expanded> {
    match &unit.place {
        Place::Name(name) => of_name(name, unit, plan, resolver).await,
        Place::Address(address) => of_address(*address, unit, plan, resolver).await,
    }
}

async fn of_name(name: &ServerName, unit: &Unit, plan: &Plan, resolver: &dyn Resolve) -> Vec<Expanded> {
    let found = resolver
        .addresses(name)
        .await
        .and_then(|found| if found.is_empty() { Err(DnsError::NoAddress) } else { Ok(found) });
    let mut addresses = match found {
        Ok(found) => found,
        Err(error) => {
            let mut endpoint =
                Endpoint::tcp((IpAddr::from([0, 0, 0, 0]), unit.port).into(), Some(name.clone()));
            endpoint.address = None;
            return vec![Expanded::Failed(endpoint, error.into())];
        }
    };
    // An IPv4-mapped answer would reach an IPv4 address that may be excluded.
    addresses.iter_mut().for_each(|address| *address = address.to_canonical());
    addresses.sort_unstable();
    addresses.dedup();
    let before = addresses.len();
    addresses.retain(|address| !plan.excludes_address(*address));
    plan.count_excluded(super::block::wide(before - addresses.len()));
    let endpoint = |address| Endpoint::tcp(SocketAddr::new(address, unit.port), Some(name.clone()));
    addresses.into_iter().map(endpoint).map(Expanded::Endpoint).collect()
}

async fn of_address(address: IpAddr, unit: &Unit, plan: &Plan, resolver: &dyn Resolve) -> Vec<Expanded> {
    if plan.excludes_address(address) {
        plan.count_excluded(super::block::wide(unit.server_names.len()) + 1);
        return Vec::new();
    }
    let socket = SocketAddr::new(address, unit.port);
    let mut out = vec![Expanded::Endpoint(Endpoint::tcp(socket, None))];
    let mut add = |name: &ServerName| out.push(Expanded::Endpoint(Endpoint::tcp(socket, Some(name.clone()))));
    unit.server_names.iter().for_each(&mut add);
    if plan.ptr_names() {
        // Most addresses have no PTR name: its absence is no failure.
        let names = resolver.names(address).await.unwrap_or_default();
        let new = names.iter().filter(|n| !unit.server_names.contains(n) && !plan.excludes_name(n));
        new.for_each(&mut add);
    }
    out
}
