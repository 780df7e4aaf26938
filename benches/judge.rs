//! What policies cost beside judging an endpoint without them: the same endpoint, the same run.
//!
//! `cargo bench --bench judge` judges one endpoint that was inspected deeply, with its path known already, without policies
//! and under ten of those that are built in, and prints microseconds for each. Under ten policies it may take 30 µs more.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a bench stops at the first surprise")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::hint::black_box;
use std::time::Instant;

use certvigil::assess::{Context, NoInventory, PathCache, Policies, PolicyContext, assess};
use certvigil::clock::{Clock as _, SystemClock};
use certvigil::config::load_policy;
use certvigil::estate::Leaf;
use certvigil::model::{
    Endpoint, Features, Handshake, Inspection, Observation, Outcome, ServerName, Thresholds, TlsFacts,
    VersionFacts,
};
use certvigil::tls::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};
use certvigil::x509::{RawChain, read_chain};
use support::authority;

const TEN: [&str; 10] = [
    "mozilla-6.0-modern",
    "mozilla-6.0-intermediate",
    "mozilla-5.7-old",
    "nist-800-52r2",
    "nist-131a",
    "nist-ir8547",
    "cnsa-2.0",
    "bsi-tr-02102-2-2026",
    "pci-dss-4.0.1",
    "cabf-br",
];
const ROUNDS: u32 = 20_000;
/// What ten policies may cost, in microseconds.
const LIMIT: f64 = 30.0;

fn main() {
    let authority = authority();
    let identity = authority.issue(&Leaf::new("a.test")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root.pem");
    std::fs::write(&root, authority.root_pem()).unwrap();
    let stores = [certvigil::trust::load(root.to_str().unwrap()).unwrap()];
    let observation = observation(&RawChain::from_ders(identity.chain.iter().map(Vec::as_slice)));
    let ten = Policies::new(TEN.iter().map(|name| load_policy(name).unwrap()).collect());
    let (none, paths) = (Policies::default(), PathCache::default());
    let judge = |policies: &Policies| {
        let context = Context {
            now: observation.observed_at,
            stores: &stores,
            inventory: &NoInventory,
            scan_interval_seconds: None,
            thresholds: Thresholds::default(),
            named: false,
            seen_before: false,
            paths: &paths,
            policies: PolicyContext { policies, owner: None, tags: &[] },
            blocklist: &certvigil::assess::NoBlocklist,
        };
        black_box(assess(black_box(&observation), &context)).policies.len()
    };
    println!("verdicts: {} without, {} with ten policies", judge(&none), judge(&ten));
    let (mut without, mut with) = (f64::INFINITY, f64::INFINITY);
    // Turn by turn, and the best of five: what else the machine does hits both alike.
    for _ in 0..5 {
        without = without.min(micros(|| judge(&none)));
        with = with.min(micros(|| judge(&ten)));
    }
    let more = with - without;
    println!(
        "without policies {without:.2} µs; under ten policies {with:.2} µs; more by {more:.2} µs (limit {LIMIT} µs)"
    );
    assert!(more <= LIMIT, "ten policies cost {more:.2} µs");
}

fn micros(mut judge: impl FnMut() -> usize) -> f64 {
    let started = Instant::now();
    for _ in 0..ROUNDS {
        black_box(judge());
    }
    started.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS)
}

/// A server that speaks TLS 1.2 and 1.3 with the usual suites, groups and schemes; everything was looked at.
fn observation(chain: &RawChain) -> Observation {
    let versions = [
        ProtocolVersion::SSLv2,
        ProtocolVersion::SSLv3,
        ProtocolVersion::TLSv1_0,
        ProtocolVersion::TLSv1_1,
        ProtocolVersion::TLSv1_2,
        ProtocolVersion::TLSv1_3,
    ];
    let inspection = Inspection {
        versions: versions.map(facts).to_vec(),
        features: Features {
            secure_renegotiation: Some(true),
            client_renegotiation: Some(false),
            extended_master_secret: Some(true),
            encrypt_then_mac: Some(true),
            fallback_scsv: Some(true),
            heartbeat: Some(false),
            ocsp_stapling: Some(false),
            ..Features::default()
        },
        ..Inspection::default()
    };
    let tls = TlsFacts {
        version: Some(ProtocolVersion::TLSv1_3),
        cipher_suite: Some(CipherSuite::TLS_AES_128_GCM_SHA256),
        group: Some(NamedGroup::X25519MLKEM768),
        completed: Some(true),
        ..TlsFacts::default()
    };
    let handshake = Handshake {
        tls,
        presented: read_chain(chain),
        other_chains: Vec::new(),
        inspection: Some(Box::new(inspection)),
        gathered: None,
    };
    Observation {
        endpoint: Endpoint::tcp("127.0.0.1:443".parse().unwrap(), ServerName::parse("a.test").ok()),
        target: "a.test".into(),
        observed_at: SystemClock.now(),
        outcome: Outcome::Handshake(Box::new(handshake)),
    }
}

fn facts(version: ProtocolVersion) -> VersionFacts {
    let (cipher_suites, groups) = match version {
        ProtocolVersion::TLSv1_2 => (
            vec![
                CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
                CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
                CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
                CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256,
            ],
            vec![NamedGroup::x25519, NamedGroup::secp256r1, NamedGroup::secp384r1],
        ),
        ProtocolVersion::TLSv1_3 => (
            vec![
                CipherSuite::TLS_AES_128_GCM_SHA256,
                CipherSuite::TLS_AES_256_GCM_SHA384,
                CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
            ],
            vec![NamedGroup::X25519MLKEM768, NamedGroup::x25519, NamedGroup::secp256r1],
        ),
        _ => (Vec::new(), Vec::new()),
    };
    VersionFacts {
        offered: Some(!cipher_suites.is_empty()),
        signature_schemes: vec![SignatureScheme::ecdsa_secp256r1_sha256],
        cipher_suites,
        groups,
        suites_complete: true,
        groups_complete: true,
        schemes_complete: true,
        compression: Some(false),
        ..VersionFacts::new(version)
    }
}
