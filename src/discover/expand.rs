//! One unit to its endpoints: names through DNS, addresses with each server name asked for.

use std::net::{IpAddr, SocketAddr};

use super::block::{first_way, wide};
use super::{Place, Plan, Unit};
use crate::dns::{DnsError, Resolve};
use crate::model::{Endpoint, Failure, ServerName, Transport};

/// Something to connect to, or the record that there is nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expanded {
    Endpoint(Endpoint),
    /// The name did not resolve; the endpoint has no address.
    Failed(Endpoint, Failure),
}

/// The endpoints of `unit`. A name becomes one for each of its addresses, with itself as server name. An address
/// becomes one without a server name, one for each of the unit's server names and, where the plan asks for them,
/// one for each PTR name. All that over each transport of the plan; over TCP with the upgrade to TLS that is to be tried
/// first. Excluded addresses that DNS returns are dropped and counted; the result may be empty.
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
    let transports = transports(unit, plan);
    let mut addresses = match found {
        Ok(found) => found,
        Err(error) => {
            // One record, whatever was to be asked there.
            let transport = transports.first().copied().unwrap_or(Transport::Tcp);
            let mut endpoint = endpoint(transport, unit, IpAddr::from([0, 0, 0, 0]), Some(name.clone()));
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
    plan.count_excluded(wide(before - addresses.len()) * wide(transports.len()));
    let of = |address: IpAddr| {
        let over = move |transport: &Transport| endpoint(*transport, unit, address, Some(name.clone()));
        transports.iter().map(over).map(Expanded::Endpoint)
    };
    addresses.into_iter().flat_map(of).collect()
}

async fn of_address(address: IpAddr, unit: &Unit, plan: &Plan, resolver: &dyn Resolve) -> Vec<Expanded> {
    let transports = transports(unit, plan);
    if plan.excludes_address(address) {
        plan.count_excluded((wide(unit.server_names.len()) + 1) * wide(transports.len()));
        return Vec::new();
    }
    let mut server_names = vec![None];
    server_names.extend(unit.server_names.iter().cloned().map(Some));
    if plan.ptr_names() {
        // Most addresses have no PTR name: its absence is no failure.
        let names = resolver.names(address).await.unwrap_or_default();
        let new = names.into_iter().filter(|n| !unit.server_names.contains(n) && !plan.excludes_name(n));
        server_names.extend(new.map(Some));
    }
    let of = |server_name: Option<ServerName>| {
        let over = move |transport: &Transport| endpoint(*transport, unit, address, server_name.clone());
        transports.iter().map(over).map(Expanded::Endpoint)
    };
    server_names.into_iter().flat_map(of).collect()
}

/// How the unit is reached. One that differs from others of its place and port by its upgrade is there for that alone.
fn transports<'a>(unit: &Unit, plan: &'a Plan) -> &'a [Transport] {
    let is_own_way = first_way(unit.starttls, unit.port) != first_way(plan.starttls(), unit.port);
    match plan.transports() {
        [tcp @ Transport::Tcp, ..] if is_own_way => std::slice::from_ref(tcp),
        all => all,
    }
}

fn endpoint(transport: Transport, unit: &Unit, address: IpAddr, server_name: Option<ServerName>) -> Endpoint {
    let starttls = if transport == Transport::Tcp { first_way(unit.starttls, unit.port) } else { None };
    Endpoint { starttls, ..Endpoint::over(transport, SocketAddr::new(address, unit.port), server_name) }
}
