//! The demonstration's hosts, seen by a plain client.

use super::*;
use tokio::net::TcpStream;

const NOW: UnixTime = UnixTime(1_795_510_800);

#[tokio::test]
async fn every_host_has_its_own_address_and_all_have_one_port() {
    let estate = Estate::start(NOW, DEMO_BLOCK).await.unwrap();
    let mut addresses: Vec<IpAddr> = estate.hosts().iter().map(|host| host.address).collect();
    addresses.dedup();
    assert_eq!(addresses.len(), estate.hosts().len());
    assert!(estate.hosts().len() >= 12);
    assert!(estate.hosts().windows(2).all(|pair| pair[0].port == pair[1].port));
    assert!(estate.hosts().iter().all(|host| host.name.as_str().ends_with(".demo.test")));
}

#[tokio::test]
async fn two_estates_live_side_by_side() {
    let first = Estate::start(NOW, DEMO_BLOCK).await.unwrap();
    let second = Estate::start(NOW, DEMO_BLOCK).await.unwrap();
    assert_ne!(first.hosts()[0].port, second.hosts()[0].port);
}

#[tokio::test]
async fn a_dropped_estate_leaves_nothing_listening() {
    let estate = Estate::start(NOW, DEMO_BLOCK).await.unwrap();
    let addresses: Vec<SocketAddr> = estate.hosts().iter().map(DemoHost::socket_address).collect();
    drop(estate);
    for address in addresses {
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_machine_with_one_loopback_address_gets_ports() {
    let cast = demo::cast(NOW).unwrap();
    let running = start_on_own_ports(&cast.parts).unwrap();
    let mut ports: Vec<u16> = running.iter().map(|host| host.address().port()).collect();
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), cast.parts.len());
}

#[tokio::test]
async fn an_estate_off_loopback_is_refused() {
    let error = Estate::start(NOW, Ipv4Addr::new(192, 0, 2, 0)).await.unwrap_err();
    assert!(matches!(error, EstateError::NotLoopback { .. }));
}

#[tokio::test]
async fn the_resolver_knows_every_host() {
    use crate::dns::Resolve;
    let estate = Estate::start(NOW, DEMO_BLOCK).await.unwrap();
    let resolver = estate.resolver();
    for host in estate.hosts() {
        assert_eq!(resolver.addresses(&host.name).await, Ok(vec![host.address]));
        assert_eq!(resolver.names(host.address).await, Ok(vec![host.name.clone()]));
    }
    assert!(resolver.addresses(&ServerName::parse("x.demo.test").unwrap()).await.is_err());
}
