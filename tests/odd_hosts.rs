//! The prober against the estate: every odd host ends in the reason it shows, every chain is captured whole.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up has failed")]

use std::net::Ipv4Addr;
use std::time::Duration;

use certvigil::assess::{Context, NoInventory, PathCache, assess};
use certvigil::clock::{Clock, SystemClock};
use certvigil::estate::{
    Authority, ClientCertificates, DEMO_BLOCK, Estate, Flight, Host, Identity, KeyExchange, Leaf, LeafKey,
    Limits, Role, Script, TlsHost, Versions,
};
use certvigil::model::{
    ClientAuth, Depth, EndedBy, Endpoint, Handshake, Observation, OfferedFor, Outcome, Reason, ServerName,
    Severity, Stage, TrustStore, TrustStoreInfo,
};
use certvigil::probe::{Pace, ProbeSettings, Prober};
use certvigil::tls::{AlertDescription, CipherSuite, NamedGroup, ProtocolVersion};
use certvigil::x509::{Fingerprint, RawChain, read_chain};
use rustls_pki_types::{CertificateDer, pem::PemObject};

const NAME: &str = "a.test";
const DEPTHS: [Depth; 3] = [Depth::Sweep, Depth::Standard, Depth::Deep];

/// Long enough for any host that answers, however busy the machine.
const PATIENT: Duration = Duration::from_secs(30);
/// For hosts that never answer.
const BRIEF: Duration = Duration::from_millis(300);

fn authority() -> Authority {
    Authority::new(SystemClock.now(), "Odd").unwrap()
}

fn prober(depth: Depth, patience: Duration) -> Prober {
    let settings = ProbeSettings {
        depth,
        connect_timeout: patience,
        handshake_timeout: patience,
        total_timeout: 2 * patience,
        ..ProbeSettings::default()
    };
    let pace = Pace {
        rate: None,
        per_host_rate: None,
        per_network_rate: None,
        per_host_in_flight: 8,
        ..Pace::default()
    };
    Prober::new(settings, pace).unwrap()
}

async fn visit(role: Role, depth: Depth, patience: Duration) -> Outcome<RawChain> {
    let host = Host::start((Ipv4Addr::LOCALHOST, 0).into(), role, Limits::default()).unwrap();
    let endpoint = Endpoint::tcp(host.address(), ServerName::parse(NAME).ok());
    prober(depth, patience).visit(&endpoint).await
}

async fn handshake(what: &str, role: Role, depth: Depth) -> Box<Handshake<RawChain>> {
    match visit(role, depth, PATIENT).await {
        Outcome::Handshake(handshake) => handshake,
        other => panic!("{what}, {depth:?}: {other:?}"),
    }
}

fn is_served(chain: &RawChain, identity: &Identity) -> bool {
    chain.ders().eq(identity.chain.iter().map(Vec::as_slice))
}

/// The demonstration's root as the only trust store.
fn store(estate: &Estate) -> TrustStore {
    let root = CertificateDer::from_pem_slice(estate.trust_pem().as_bytes()).unwrap();
    let info = TrustStoreInfo {
        name: "demo".into(),
        version: "1".to_owned(),
        date: None,
        sha256: Fingerprint::of(&root),
        is_public: false,
    };
    TrustStore { info, anchors: vec![webpki::anchor_from_trusted_cert(&root).unwrap().to_owned()] }
}

#[tokio::test]
async fn the_demonstration_shows_what_it_says() {
    let now = SystemClock.now();
    let estate = Estate::start(now, DEMO_BLOCK).await.unwrap();
    let (stores, paths) = ([store(&estate)], PathCache::new(100));
    for (depth, host) in DEPTHS.iter().flat_map(|depth| estate.hosts().iter().map(move |host| (*depth, host)))
    {
        let is_silent = matches!(host.expected_failure, Some((_, Reason::Timeout)));
        let endpoint = Endpoint::tcp(host.socket_address(), Some(host.name.clone()));
        let seen = prober(depth, if is_silent { BRIEF } else { PATIENT }).visit(&endpoint).await;
        let failure = match &seen {
            Outcome::Failure(failure) => Some((failure.stage, failure.reason)),
            _ => None,
        };
        let case = format!("{}, {depth:?}: {}", host.name, host.what);
        assert_eq!(failure, host.expected_failure, "{case}");
        let outcome = seen.map_chains(|raw| read_chain(&raw));
        let observation =
            Observation { endpoint, target: host.name.as_str().into(), observed_at: now, outcome };
        let context = Context {
            now,
            stores: &stores,
            inventory: &NoInventory,
            scan_interval_seconds: None,
            thresholds: certvigil::model::Thresholds::default(),
            named: true,
            seen_before: false,
            paths: &paths,
            policies: certvigil::assess::PolicyContext::default(),
            blocklist: &certvigil::assess::NoBlocklist,
        };
        let verdicts = assess(&observation, &context).verdicts;
        let deep_rules = if depth == Depth::Deep { host.expected_deep_rules } else { &[] };
        if host.expected_rules.is_empty() && deep_rules.is_empty() {
            assert!(verdicts.iter().all(|verdict| verdict.severity < Severity::Low), "{case}: {verdicts:?}");
        }
        // A sweep takes one chain; the faults of the others show at standard depth.
        if depth != Depth::Sweep {
            for rule in host.expected_rules.iter().chain(deep_rules) {
                assert!(
                    verdicts.iter().any(|verdict| verdict.rule == *rule),
                    "{case}: {rule:?} in {verdicts:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn every_chain_is_captured_whole() {
    let authority = authority();
    let leaf = Leaf::new(NAME);
    let sound = authority.issue(&leaf).unwrap();
    let mut many_names = leaf.clone();
    many_names.names.extend((0..2_000).map(|number| format!("host-{number}.example.test")));
    let tls = |identity: &Identity| TlsHost::new(identity.clone()).role().unwrap();
    let scripted = |flight| Role::Script(Script::flight(flight));
    for (what, identity) in [
        ("ten certificates", authority.deep_chain(&leaf, 10, 0).unwrap()),
        ("98 kB", authority.deep_chain(&leaf, 2, 98_000).unwrap()),
        ("160 kB", authority.deep_chain(&leaf, 4, 160_000).unwrap()),
        ("many names", authority.issue(&many_names).unwrap()),
        ("hostile text", authority.issue(&Leaf::hostile(NAME)).unwrap()),
        ("wrong order", authority.deep_chain(&leaf, 4, 0).unwrap().with_chain(|chain| chain.swap(1, 3))),
        ("a certificate twice", sound.with_chain(|chain| chain.extend_from_within(1..))),
        ("the root too", sound.with_chain(|chain| chain.push(authority.root_der()))),
    ] {
        for depth in DEPTHS {
            for role in [tls(&identity), scripted(Flight::tls12(identity.clone()))] {
                assert!(
                    is_served(&handshake(what, role, depth).await.presented, &identity),
                    "{what}, {depth:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn servers_that_no_library_plays_are_captured() {
    let authority = authority();
    let sound = authority.issue(&Leaf::new(NAME)).unwrap();
    let short = authority.issue(&Leaf::new(NAME).key(LeafKey::Rsa1024)).unwrap();
    let flight = || Flight::tls12(sound.clone());
    let script = |flight| Role::Script(Script::flight(flight));
    for (what, role, identity, version) in [
        ("TLS 1.0", script(Flight::old(ProtocolVersion::TLSv1_0, sound.clone())), &sound, 0x0301),
        ("TLS 1.1", script(Flight::old(ProtocolVersion::TLSv1_1, sound.clone())), &sound, 0x0302),
        ("RSA-1024", script(Flight::tls12_rsa(short.clone())), &short, 0x0303),
        ("records of one byte", script(Flight { record_bytes: 1, ..flight() }), &sound, 0x0303),
        ("warning first", Role::Script(Script::warning_then_flight(flight())), &sound, 0x0303),
    ] {
        // The last host holds the connection open: at standard depth that is a matter of patience, not of capture.
        let seen = handshake(what, role, Depth::Sweep).await;
        assert!(is_served(&seen.presented, identity), "{what}");
        assert_eq!(seen.tls.version, Some(ProtocolVersion(version)), "{what}");
    }
}

#[tokio::test]
async fn every_chain_of_a_server_is_found() {
    let authority = authority();
    let [ecdsa, rsa, eddsa] = [LeafKey::EcdsaP256, LeafKey::Rsa2048, LeafKey::Ed25519]
        .map(|key| authority.issue(&Leaf::new(NAME).key(key)).unwrap());
    let other = authority.issue(&Leaf::new("default.test")).unwrap();
    let mut host = TlsHost::new(other.clone());
    host.by_name.push((NAME.to_owned(), vec![ecdsa.clone(), rsa.clone(), eddsa.clone()]));
    let seen = handshake("four chains", host.role().unwrap(), Depth::Standard).await;
    assert!(is_served(&seen.presented, &ecdsa));
    let found = |offer| seen.other_chains.iter().find(|chain| chain.offered_for == offer).unwrap();
    assert!(is_served(&found(OfferedFor::Rsa).presented, &rsa));
    assert!(is_served(&found(OfferedFor::Eddsa).presented, &eddsa));
    assert!(is_served(&found(OfferedFor::NoSni).presented, &other));
    assert_eq!(seen.other_chains.len(), 3);
}

#[tokio::test]
async fn servers_with_one_group_or_suite_are_captured() {
    let authority = authority();
    let identity = authority.issue(&Leaf::new(NAME)).unwrap();
    let groups =
        [NamedGroup::x25519, NamedGroup::secp256r1, NamedGroup::secp384r1, NamedGroup::X25519MLKEM768];
    for depth in DEPTHS {
        for group in groups {
            let host = TlsHost { groups: vec![group], ..TlsHost::new(identity.clone()) };
            let seen = handshake("one group", host.role().unwrap(), depth).await;
            assert_eq!(seen.tls.group, Some(group), "{depth:?}");
        }
        for suite in [0x1301, 0x1302, 0x1303, 0xc02b, 0xc02c, 0xcca9].map(CipherSuite) {
            let versions = if suite.0 < 0x2000 { Versions::Tls13 } else { Versions::Tls12 };
            let host = TlsHost { suites: vec![suite], versions, ..TlsHost::new(identity.clone()) };
            let seen = handshake("one suite", host.role().unwrap(), depth).await;
            assert_eq!(seen.tls.cipher_suite, Some(suite), "{depth:?}");
        }
    }
}

#[tokio::test]
async fn client_certificates_are_told_apart() {
    let authority = authority();
    let root = authority.root_der();
    let identity = authority.issue(&Leaf::new(NAME)).unwrap();
    for versions in [Versions::Tls12, Versions::Tls13] {
        for (client_certificates, expected, completed) in [
            (ClientCertificates::NotAsked, ClientAuth::None, true),
            (ClientCertificates::Optional(root.clone()), ClientAuth::Requested, true),
            (ClientCertificates::Required(root.clone()), ClientAuth::Required, false),
        ] {
            let host = TlsHost { versions, client_certificates, ..TlsHost::new(identity.clone()) };
            let seen = handshake("client certificates", host.role().unwrap(), Depth::Standard).await;
            assert!(is_served(&seen.presented, &identity));
            assert_eq!(
                (seen.tls.client_auth, seen.tls.completed),
                (expected, Some(completed)),
                "{versions:?}"
            );
            assert_eq!(seen.tls.ended_by == Some(EndedBy::ClientAuth), !completed, "{versions:?}");
            assert_eq!(seen.tls.possession_proved, Some(true), "{versions:?}");
        }
    }
}

#[tokio::test]
async fn every_failure_has_its_own_reason() {
    let authority = authority();
    let sound = authority.issue(&Leaf::new(NAME)).unwrap();
    let flight = || Flight::tls12(sound.clone());
    let strange = Flight { version: ProtocolVersion(0x0305), heeds_the_offer: false, ..flight() };
    let suite = CipherSuite::TLS_RSA_WITH_AES_128_GCM_SHA256;
    let no_certificate = Flight { suite, ..Flight::anonymous(sound.clone()) };
    let unknown_suite = Flight {
        suite: CipherSuite(0xfafa),
        key_exchange: KeyExchange::Rsa,
        heeds_the_offer: false,
        ..flight()
    };
    let too_large = authority.deep_chain(&Leaf::new(NAME), 6, 300_000).unwrap();
    let refusal = |number| Script::refusal(AlertDescription(number));
    for (what, script, reasons) in [
        ("handshake_failure", refusal(40), [Reason::Alert].as_slice()),
        ("protocol_version", refusal(70), &[Reason::Alert]),
        ("no certificate", Script::flight(no_certificate), &[Reason::NoCertificate]),
        ("anonymous unasked", Script::flight(Flight::anonymous(sound.clone())), &[Reason::Malformed]),
        ("unknown suite", Script::flight(unknown_suite), &[Reason::Malformed]),
        ("no such version", Script::flight(strange), &[Reason::Malformed]),
        ("too large", Script::flight(Flight::tls12(too_large)), &[Reason::ChainTooLarge]),
        ("endless messages", Script::endless_messages(), &[Reason::Malformed, Reason::ChainTooLarge]),
        ("endless certificate", Script::endless_certificate(), &[Reason::ChainTooLarge]),
        ("SSH", Script::ssh_banner(), &[Reason::NotTls]),
        ("SMTP", Script::smtp_banner(), &[Reason::NotTls]),
        ("HTTP", Script::plain_http(), &[Reason::NotTls]),
        ("middlebox", Script::same_answer(&[0xab; 300]), &[Reason::NotTls]),
        ("closed at once", Script::close_on_accept(), &[Reason::Closed]),
        ("closed after the hello", Script::close_after_hello(), &[Reason::Closed]),
        ("reset after the hello", Script::reset_after_hello(), &[Reason::Reset]),
    ] {
        for depth in DEPTHS {
            match visit(Role::Script(script.clone()), depth, PATIENT).await {
                Outcome::Failure(failure) => {
                    assert_eq!(failure.stage, Stage::Handshake, "{what}, {depth:?}: {failure:?}");
                    assert!(reasons.contains(&failure.reason), "{what}, {depth:?}: {failure:?}");
                }
                other => panic!("{what}, {depth:?}: {other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_timeout_is_never_a_refusal() {
    let sound = authority().issue(&Leaf::new(NAME)).unwrap();
    let dripping = Script::flight(Flight::tls12(sound)).dripping(Duration::from_millis(50));
    let mut cases = vec![
        ("silent", Role::Script(Script::silent()), Stage::Handshake, Reason::Timeout),
        ("dripping", Role::Script(dripping), Stage::Handshake, Reason::Timeout),
        ("nobody listens", Role::Refused, Stage::Connect, Reason::Refused),
    ];
    if cfg!(target_os = "linux") {
        cases.push(("switched off", Role::Dead, Stage::Connect, Reason::Timeout));
    }
    for (what, role, stage, reason) in cases {
        for depth in DEPTHS {
            match visit(role.clone(), depth, BRIEF).await {
                Outcome::Failure(failure) => {
                    assert_eq!((failure.stage, failure.reason), (stage, reason), "{what}, {depth:?}");
                }
                other => panic!("{what}, {depth:?}: {other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_reset_at_once_is_a_reset() {
    for depth in DEPTHS {
        // Where the RST comes before the connect is seen to have succeeded, the stage is connect.
        match visit(Role::Script(Script::reset_on_accept()), depth, PATIENT).await {
            Outcome::Failure(failure) => assert_eq!(failure.reason, Reason::Reset, "{depth:?}: {failure:?}"),
            other => panic!("{depth:?}: {other:?}"),
        }
    }
}
