//! Fingerprints of real servers: the same for like servers and in each scan, another for other software.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up has failed")]

mod support;

use certvigil::estate::{Leaf, LeafKey};
use certvigil::model::{Depth, Endpoint, Fingerprints, Outcome, ServerName};
use certvigil::probe::{Pace, ProbeSettings, Prober};
use support::gnutls::gnutls_serv;
use support::nginx::Nginx;
use support::{Peer, authority};

const NAME: &str = "a.test";

async fn fingerprints(peer: &Peer) -> Fingerprints {
    let prober = Prober::new(ProbeSettings::at(Depth::Deep), Pace::unlimited()).unwrap();
    let endpoint = Endpoint::tcp(peer.address, Some(ServerName::parse(NAME).unwrap()));
    match prober.visit(&endpoint).await {
        Outcome::Handshake(handshake) => handshake.inspection.unwrap().fingerprints,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn like_servers_are_alike_and_others_are_not() {
    let authority = authority();
    let [first, second] = [(); 2].map(|()| authority.issue(&Leaf::new(NAME).key(LeafKey::Rsa2048)).unwrap());
    let nginx = Nginx::modern(vec![&first]).start();
    let twin = Nginx::modern(vec![&second]).start();
    let mut old = Nginx::modern(vec![&first]);
    old.protocols = "TLSv1.2";
    let old = old.start();
    let gnutls = gnutls_serv(&first, "NORMAL");
    let taken = fingerprints(&nginx).await;
    assert_eq!(taken.jarm.as_ref().map(String::len), Some(62));
    assert_eq!(taken.ja3s.as_ref().map(String::len), Some(32));
    assert_eq!(fingerprints(&nginx).await, taken, "in each scan");
    assert_eq!(fingerprints(&twin).await, taken, "with another certificate");
    for other in [&old, &gnutls] {
        let other = fingerprints(other).await;
        assert_ne!(other.jarm, taken.jarm);
        assert_ne!(other.ja3s, taken.ja3s);
    }
}
