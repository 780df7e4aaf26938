//! Visits to hosts on loopback.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::crypto::aws_lc_rs::kx_group;
use rustls::sign::CertifiedKey;
use tokio::time::Instant;

use super::test_hosts::{
    Asks, ECDSA, ED25519, Host, RSA, Tls, counting_host, dead_port, version_1, with_certificates,
};
use super::{Expectation, Pace, ProbeSettings, Prober};
use crate::model::{
    ClientAuth, Depth, EndedBy, Endpoint, Handshake, OfferedFor, Outcome, PostQuantum, ServerName,
    StartTlsChoice,
};
use crate::tls::{NamedGroup, ProtocolVersion};
use crate::x509::RawChain;

fn first_chain_only() -> ProbeSettings {
    ProbeSettings { other_chains: false, ..ProbeSettings::default() }
}

fn sweep() -> ProbeSettings {
    ProbeSettings { depth: Depth::Sweep, ..ProbeSettings::default() }
}

fn prober(settings: ProbeSettings) -> Prober {
    Prober::new(settings, Pace::unlimited()).unwrap()
}

fn named(host: &Host) -> Endpoint {
    Endpoint::tcp(host.address, ServerName::parse("a.example").ok())
}

async fn handshake(settings: ProbeSettings, host: &Host) -> Handshake<RawChain> {
    match prober(settings).visit(&named(host)).await {
        Outcome::Handshake(handshake) => *handshake,
        other => panic!("no handshake: {other:?}"),
    }
}

fn code(outcome: Outcome<RawChain>) -> String {
    match outcome {
        Outcome::Failure(failure) => failure.code(),
        other => panic!("not a failure: {other:?}"),
    }
}

fn leaf(chain: &RawChain) -> &[u8] {
    chain.ders().next().unwrap()
}

#[tokio::test]
async fn a_standard_visit_completes_the_handshake_and_proves_possession() {
    for (identity, version) in [
        (&ECDSA, &rustls::version::TLS13),
        (&ECDSA, &rustls::version::TLS12),
        (&RSA, &rustls::version::TLS13),
        (&RSA, &rustls::version::TLS12),
        (&ED25519, &rustls::version::TLS13),
    ] {
        let tls = Tls { versions: vec![version], alpn: vec![b"http/1.1".to_vec()], ..Tls::new(&[identity]) };
        let host = Host::tls(tls).await;
        let Handshake { tls, presented, other_chains, .. } = handshake(first_chain_only(), &host).await;
        assert_eq!(leaf(&presented), identity.cert[0].as_ref());
        assert_eq!(tls.version, Some(ProtocolVersion(u16::from(version.version))));
        assert_eq!((tls.completed, tls.ended_by, tls.possession_proved), (Some(true), None, Some(true)));
        assert_eq!((tls.client_auth, tls.ocsp_stapled), (ClientAuth::None, Some(false)));
        assert_eq!(tls.alpn.unwrap().raw(), "http/1.1");
        assert!(tls.cipher_suite.unwrap().known_name().is_some() && tls.group.is_some());
        assert!(other_chains.is_empty());
        assert_eq!(host.accepted(), 1);
    }
}

#[tokio::test]
async fn a_post_quantum_group_is_negotiated_where_the_server_has_it() {
    for (groups, negotiated) in [
        (vec![kx_group::X25519MLKEM768, kx_group::X25519], NamedGroup::X25519MLKEM768),
        (vec![kx_group::X25519], NamedGroup::x25519),
        (vec![kx_group::SECP384R1], NamedGroup::secp384r1),
    ] {
        let host = Host::tls(Tls { groups, ..Tls::new(&[&ECDSA]) }).await;
        let prober = prober(first_chain_only());
        let Outcome::Handshake(handshake) = prober.visit(&named(&host)).await else { panic!() };
        assert_eq!(handshake.tls.group, Some(negotiated));
        let asked_again = u64::from(negotiated == NamedGroup::secp384r1);
        assert_eq!(prober.statistics().hello_retry_requests, asked_again);
    }
    let host = Host::tls(Tls::new(&[&ECDSA])).await;
    let classic = ProbeSettings { post_quantum: false, ..first_chain_only() };
    assert_eq!(handshake(classic, &host).await.tls.group, Some(NamedGroup::x25519));
}

#[tokio::test]
async fn one_more_hello_tells_whether_a_server_takes_a_post_quantum_group() {
    let asking = |depth| ProbeSettings { depth, ask_post_quantum: true, ..first_chain_only() };
    let hybrid = PostQuantum::Group(NamedGroup::X25519MLKEM768);
    for (version, groups, expected) in [
        (&rustls::version::TLS13, vec![kx_group::X25519, kx_group::X25519MLKEM768], hybrid),
        (&rustls::version::TLS13, vec![kx_group::X25519], PostQuantum::Refused),
        (&rustls::version::TLS12, vec![kx_group::X25519, kx_group::X25519MLKEM768], PostQuantum::Refused),
    ] {
        for depth in [Depth::Sweep, Depth::Standard] {
            let host =
                Host::tls(Tls { groups: groups.clone(), versions: vec![version], ..Tls::new(&[&ECDSA]) })
                    .await;
            assert_eq!(handshake(asking(depth), &host).await.tls.post_quantum, Some(expected));
            // What the handshake has shown is not asked for.
            let is_known = depth == Depth::Standard && expected == hybrid;
            assert_eq!(host.accepted(), if is_known { 1 } else { 2 });
        }
    }
    let host = Host::tls(Tls::new(&[&ECDSA])).await;
    assert_eq!(handshake(sweep(), &host).await.tls.post_quantum, None);
    assert_eq!(host.accepted(), 1);
}

#[tokio::test]
async fn a_key_that_the_server_does_not_hold_is_not_proved() {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let borrowed = with_certificates(&key, ECDSA.cert.clone());
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let host =
            Host::tls(Tls { identities: vec![borrowed.clone()], versions: vec![version], ..Tls::new(&[]) })
                .await;
        let handshake = handshake(first_chain_only(), &host).await;
        assert_eq!(handshake.tls.possession_proved, Some(false));
        assert_eq!(leaf(&handshake.presented), ECDSA.cert[0].as_ref());
    }
}

#[tokio::test]
async fn a_certificate_that_cannot_be_read_is_captured_all_the_same() {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let nonsense = with_certificates(&key, vec![b"not a certificate".to_vec().into()]);
    let host = Host::tls(Tls { identities: vec![nonsense], ..Tls::new(&[]) }).await;
    let handshake = handshake(first_chain_only(), &host).await;
    assert_eq!(leaf(&handshake.presented), b"not a certificate");
    assert_eq!((handshake.tls.possession_proved, handshake.tls.completed), (None, Some(true)));
}

#[tokio::test]
async fn a_version_1_certificate_proves_its_key_in_tls13() {
    let identity = CertifiedKey::new(vec![version_1(&ECDSA)], Arc::clone(&ECDSA.key));
    let host = Host::tls(Tls {
        identities: vec![Arc::new(identity)],
        versions: vec![&rustls::version::TLS13],
        ..Tls::new(&[])
    })
    .await;
    let handshake = handshake(first_chain_only(), &host).await;
    assert_eq!(leaf(&handshake.presented), version_1(&ECDSA).as_ref());
    assert_eq!((handshake.tls.possession_proved, handshake.tls.completed), (Some(true), Some(true)));
}

#[tokio::test]
async fn what_rustls_cannot_read_our_own_hello_does() {
    let long = vec![vec![0x30; 33_000].into(), vec![0x31; 33_000].into(), vec![0x32; 33_000].into()];
    for chain in [RSA.cert.clone(), long] {
        let host = Host::ancient(&chain).await;
        let prober = prober(first_chain_only());
        let Outcome::Handshake(handshake) = prober.visit(&named(&host)).await else { panic!() };
        assert!(handshake.presented.ders().eq(chain.iter().map(AsRef::as_ref)));
        assert_eq!(handshake.tls.version, Some(ProtocolVersion::TLSv1_0));
        assert_eq!(handshake.tls.ended_by, Some(EndedBy::OurChoice));
        assert_eq!((prober.statistics().fallbacks, host.accepted()), (1, 2));
    }
}

#[tokio::test]
async fn a_chain_above_64_kib_is_captured_whole() {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let chain: Vec<_> = (0..3).map(|n| vec![n; 33_000].into()).collect();
    let host =
        Host::tls(Tls { identities: vec![with_certificates(&key, chain.clone())], ..Tls::new(&[]) }).await;
    let handshake = handshake(first_chain_only(), &host).await;
    assert!(handshake.presented.ders().eq(chain.iter().map(AsRef::as_ref)));
}

#[tokio::test]
async fn a_server_that_insists_on_a_client_certificate_shows_its_own() {
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let host =
            Host::tls(Tls { versions: vec![version], client_auth: Asks::Strictly, ..Tls::new(&[&RSA]) })
                .await;
        let Handshake { tls, presented, .. } = handshake(first_chain_only(), &host).await;
        assert_eq!(leaf(&presented), RSA.cert[0].as_ref());
        assert_eq!(tls.client_auth, ClientAuth::Required, "{version:?}");
        assert_eq!((tls.completed, tls.ended_by), (Some(false), Some(EndedBy::ClientAuth)), "{version:?}");
        assert_eq!(tls.possession_proved, Some(true));
        assert_eq!(tls.client_auth_ca_names.len(), 1);
        assert!(tls.client_auth_ca_names[0].raw().contains("CN=rcgen self signed cert"));
    }
}

#[tokio::test]
async fn a_server_that_only_asks_for_a_client_certificate_lets_us_in() {
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let host =
            Host::tls(Tls { versions: vec![version], client_auth: Asks::Politely, ..Tls::new(&[&RSA]) })
                .await;
        let tls = handshake(first_chain_only(), &host).await.tls;
        assert_eq!((tls.client_auth, tls.completed), (ClientAuth::Requested, Some(true)), "{version:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_asks_and_then_says_nothing_has_let_us_in() {
    let host = Host::tls(Tls { tickets: 0, client_auth: Asks::Politely, ..Tls::new(&[&ECDSA]) }).await;
    let tls = handshake(first_chain_only(), &host).await.tls;
    assert_eq!((tls.client_auth, tls.completed), (ClientAuth::Requested, Some(true)));
}

#[tokio::test]
async fn a_server_without_our_application_protocols_is_asked_without_them() {
    let host = Host::tls(Tls { alpn: vec![b"imap".to_vec()], ..Tls::new(&[&ECDSA]) }).await;
    let prober = prober(first_chain_only());
    let Outcome::Handshake(handshake) = prober.visit(&named(&host)).await else { panic!() };
    assert_eq!((handshake.tls.completed, handshake.tls.alpn), (Some(true), None));
    assert_eq!(prober.statistics().second_tries["without ALPN"], 1);
}

#[tokio::test]
async fn visits_at_the_same_time_never_mix() {
    let hosts = [
        (Host::tls(Tls::new(&[&ECDSA])).await, &ECDSA),
        (Host::tls(Tls::new(&[&RSA])).await, &RSA),
        (Host::tls(Tls::new(&[&ED25519])).await, &ED25519),
    ];
    let prober = Arc::new(prober(first_chain_only()));
    let mut visits = tokio::task::JoinSet::new();
    for _ in 0..20 {
        for (host, identity) in &hosts {
            let (prober, endpoint) = (Arc::clone(&prober), named(host));
            let expected = identity.cert[0].to_vec();
            visits.spawn(async move {
                let Outcome::Handshake(handshake) = prober.visit(&endpoint).await else { panic!() };
                assert_eq!(leaf(&handshake.presented), expected);
            });
        }
    }
    while let Some(visit) = visits.join_next().await {
        visit.unwrap();
    }
    assert_eq!(prober.statistics().connected, 60);
}

#[tokio::test]
async fn every_chain_of_an_endpoint_is_found_once() {
    let tls = Tls { without_name: Some(RSA.clone()), ..Tls::new(&[&ECDSA, &RSA, &ED25519]) };
    let host = Host::tls(tls).await;
    let prober = prober(ProbeSettings::default());
    let Outcome::Handshake(handshake) = prober.visit(&named(&host)).await else { panic!() };
    assert_eq!(leaf(&handshake.presented), ECDSA.cert[0].as_ref());
    let others: Vec<_> =
        handshake.other_chains.iter().map(|other| (other.offered_for, leaf(&other.presented))).collect();
    // Without a name the RSA chain comes again, and is not listed again.
    assert_eq!(
        others,
        [(OfferedFor::Rsa, RSA.cert[0].as_ref()), (OfferedFor::Eddsa, ED25519.cert[0].as_ref())]
    );
    let statistics = prober.statistics();
    assert_eq!((statistics.further_hellos, statistics.further_hellos_failed), (4, 1), "no ML-DSA there");
}

#[tokio::test]
async fn a_sweep_takes_one_connection_and_leaves_by_choice() {
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let host = Host::tls(Tls { versions: vec![version], ..Tls::new(&[&ECDSA]) }).await;
        let handshake = handshake(sweep(), &host).await;
        assert_eq!(leaf(&handshake.presented), ECDSA.cert[0].as_ref());
        assert_eq!(handshake.tls.ended_by, Some(EndedBy::OurChoice));
        assert_eq!(host.accepted(), 1);
    }
}

#[tokio::test]
async fn an_unknown_name_is_not_asked_for_again() {
    // A fatal alert: unrecognized_name.
    let host = Host::saying(&[21, 3, 3, 0, 2, 2, 112]).await;
    for settings in [sweep(), ProbeSettings::default()] {
        assert_eq!(code(prober(settings).visit(&named(&host)).await), "handshake.alert");
    }
    assert_eq!(host.accepted(), 2);
}

#[test]
fn a_sweep_under_way_is_small() {
    let prober = prober(sweep());
    let endpoint = Endpoint::tcp("127.0.0.1:443".parse().unwrap(), None);
    let size = size_of_val(&prober.visit(&endpoint));
    assert!(size <= 3_072, "{size} bytes");
}

#[tokio::test]
async fn a_refused_port_is_asked_once() {
    let host = Host::silent().await;
    let endpoint = named(&host);
    let address = host.address;
    drop(host);
    for settings in [sweep(), first_chain_only()] {
        let prober = prober(settings);
        // The listener closes when its task is dropped.
        let outcome = loop {
            match prober.visit(&endpoint).await {
                Outcome::Failure(failure) if failure.code() == "connect.refused" => break failure,
                _ => tokio::task::yield_now().await,
            }
        };
        assert!(outcome.is_dead(), "{address}");
        assert_eq!(prober.statistics().refused, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_address_costs_one_connect_timeout_and_an_expected_one_two() {
    let (address, _full) = dead_port();
    let endpoint = Endpoint::tcp(address, None);
    for (expectation, seconds, retries) in [(Expectation::Nothing, 5, 0), (Expectation::Answer, 10, 1)] {
        let prober = prober(sweep());
        let start = Instant::now();
        assert_eq!(
            code(prober.visit_expecting(&endpoint, expectation, StartTlsChoice::Auto).await.outcome),
            "connect.timeout"
        );
        assert_eq!(start.elapsed().as_secs(), seconds);
        let statistics = prober.statistics();
        assert_eq!((statistics.timeouts, statistics.retries), (1 + retries, retries));
        assert_eq!(statistics.refused, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_host_is_a_timeout_within_the_total_time() {
    for settings in [sweep(), ProbeSettings::default()] {
        let total = settings.total_timeout;
        let host = Host::silent().await;
        let start = Instant::now();
        assert_eq!(code(prober(settings).visit(&named(&host)).await), "handshake.timeout");
        assert!(start.elapsed() <= total + Duration::from_millis(50), "{:?}", start.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_drip_ends_with_its_deadline() {
    for settings in [sweep(), ProbeSettings::default()] {
        let settings = ProbeSettings { handshake_timeout: Duration::from_secs(60), ..settings };
        // A record of 16 KiB, a byte a second.
        let host = Host::dripping(b"\x16\x03\x03\x40\x00", Duration::from_secs(1)).await;
        let start = Instant::now();
        assert_eq!(code(prober(settings).visit(&named(&host)).await), "handshake.timeout");
        assert_eq!(start.elapsed().as_secs(), 15);
        assert_eq!(host.accepted(), 1);
    }
}

#[tokio::test]
async fn a_reset_in_the_handshake_is_no_refusal() {
    for settings in [sweep(), ProbeSettings::default()] {
        let host = Host::resetting().await;
        let prober = prober(settings);
        assert_eq!(code(prober.visit(&named(&host)).await), "handshake.reset");
        assert!(prober.statistics().resets >= 2 && prober.statistics().refused == 0);
    }
}

#[tokio::test]
async fn a_peer_that_speaks_something_else_is_named_and_left_alone() {
    for settings in [sweep(), ProbeSettings::default()] {
        let host = Host::saying(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        let Outcome::Failure(failure) = prober(settings).visit(&named(&host)).await else { panic!() };
        assert_eq!(failure.code(), "handshake.not_tls");
        assert!(failure.detail.raw().contains("HTTP"), "{:?}", failure.detail);
        assert_eq!(host.accepted(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_sees_two_connections_at_a_time() {
    let (host, most) = counting_host().await;
    let prober = Arc::new(prober(ProbeSettings {
        handshake_timeout: Duration::from_secs(1),
        post_quantum: false,
        ..sweep()
    }));
    let mut visits = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let (prober, endpoint) = (Arc::clone(&prober), named(&host));
        visits.spawn(async move { code(prober.visit(&endpoint).await) });
    }
    while let Some(code) = visits.join_next().await {
        assert_eq!(code.unwrap(), "handshake.timeout");
    }
    assert_eq!(most.load(Ordering::Relaxed), 2);
}

/// Runs itself in another process, where few files may be open.
#[tokio::test]
async fn a_process_out_of_descriptors_waits_and_loses_nothing() {
    const ADDRESS: &str = "CERTVIGIL_TEST_HOST";
    if let Ok(address) = std::env::var(ADDRESS) {
        visit_with_few_descriptors(address.parse().unwrap()).await;
        return;
    }
    let host = Host::tls(Tls::new(&[&ECDSA])).await;
    let child = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "probe::tests::a_process_out_of_descriptors_waits_and_loses_nothing"])
        .env(ADDRESS, host.address.to_string())
        .output()
        .await
        .unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stdout));
    assert_eq!(host.accepted(), 24);
}

async fn visit_with_few_descriptors(address: std::net::SocketAddr) {
    use nix::sys::resource::{Resource, setrlimit};
    setrlimit(Resource::RLIMIT_NOFILE, 64, 64).unwrap();
    let pace = Pace { per_host_in_flight: 64, ..Pace::unlimited() };
    let prober = Arc::new(Prober::new(first_chain_only(), pace).unwrap());
    assert_eq!(prober.concurrency(), 32);
    // Whoever else is in this process has taken nearly all.
    let mut others = Vec::new();
    while let Ok(file) = std::fs::File::open("/dev/null") {
        others.push(file);
    }
    others.truncate(others.len() - 4);
    let mut visits = tokio::task::JoinSet::new();
    for _ in 0..24 {
        let prober = Arc::clone(&prober);
        visits.spawn(async move { prober.visit(&Endpoint::tcp(address, None)).await });
    }
    while let Some(outcome) = visits.join_next().await {
        assert!(matches!(outcome.unwrap(), Outcome::Handshake(_)));
    }
    let statistics = prober.statistics();
    assert!(statistics.descriptor_waits > 0 && statistics.back_offs > 0, "{statistics:?}");
}
