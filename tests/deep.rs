//! Deep inspection of real servers: what it finds is what they were told to offer, in as few connections as promised.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up has failed"
)]

mod support;

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use certvigil::estate::{Leaf, LeafKey};
use certvigil::model::{Depth, Endpoint, Inspection, Outcome, Purpose, Scope, ServerName, VersionFacts};
use certvigil::probe::{Pace, ProbeSettings, Prober};
use certvigil::tls::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};
use support::gnutls::gnutls_serv;
use support::nginx::Nginx;
use support::openssl::s_server;
use support::{Peer, authority, own_address, program};
use tokio::net::{TcpListener, TcpStream};

const NAME: &str = "a.test";
const MODERN: &str = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:\
    ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:\
    ECDHE-RSA-CHACHA20-POLY1305";

async fn inspect(peer: &Peer) -> Inspection {
    inspect_with(peer, ProbeSettings::at(Depth::Deep)).await
}

async fn inspect_with(peer: &Peer, settings: ProbeSettings) -> Inspection {
    inspect_at(peer.address, settings).await
}

async fn inspect_at(address: SocketAddr, settings: ProbeSettings) -> Inspection {
    let prober = Prober::new(settings, Pace::unlimited()).unwrap();
    let endpoint = Endpoint::tcp(address, Some(ServerName::parse(NAME).unwrap()));
    match prober.visit(&endpoint).await {
        Outcome::Handshake(handshake) => *handshake.inspection.unwrap(),
        other => panic!("{other:?}"),
    }
}

/// Connections made for these purposes.
fn connections(inspection: &Inspection, purposes: &[Purpose]) -> u32 {
    let counted = inspection.connections.iter().filter(|(purpose, _)| purposes.contains(purpose));
    counted.map(|(_, count)| count).sum()
}

fn version(inspection: &Inspection, version: ProtocolVersion) -> &VersionFacts {
    inspection.versions.iter().find(|facts| facts.version == version).unwrap()
}

/// The versions that the server speaks.
fn spoken(inspection: &Inspection) -> Vec<ProtocolVersion> {
    assert!(inspection.versions.iter().all(|facts| facts.offered.is_some() && facts.suites_complete));
    let spoken = inspection.versions.iter().filter(|facts| facts.offered == Some(true));
    spoken.map(|facts| facts.version).collect()
}

/// What OpenSSL makes of a cipher string, in its order, by the registry's names.
fn ciphers(version: &str, list: &str) -> Vec<CipherSuite> {
    let output = Command::new(program("openssl", "openssl"))
        .args(["ciphers", "-s", "-psk", "-stdname", version, list])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| CipherSuite::from_name(line.split_whitespace().next().unwrap()).unwrap())
        .collect()
}

fn sorted<T: Ord + Clone>(list: &[T]) -> Vec<T> {
    let mut list = list.to_vec();
    list.sort();
    list
}

fn suites(names: &[&str]) -> Vec<CipherSuite> {
    names.iter().map(|name| CipherSuite::from_name(name).unwrap()).collect()
}

const TLS12: ProtocolVersion = ProtocolVersion::TLSv1_2;
const TLS13: ProtocolVersion = ProtocolVersion::TLSv1_3;
const ORDER: &[Purpose] = &[Purpose::Suites];
const FURTHER: &[Purpose] =
    &[Purpose::Capture, Purpose::Chains, Purpose::Suites, Purpose::Groups, Purpose::SignatureSchemes];

#[tokio::test]
async fn a_modern_nginx_with_two_keys_is_known_in_fifteen_connections() {
    let authority = authority();
    let ecdsa = authority.issue(&Leaf::new(NAME)).unwrap();
    let rsa = authority.issue(&Leaf::new(NAME).key(LeafKey::Rsa2048)).unwrap();
    let mut nginx = Nginx::modern(vec![&ecdsa, &rsa]);
    nginx.ciphers = MODERN;
    let nginx = nginx.start();
    let inspection = inspect(&nginx).await;
    assert_eq!(spoken(&inspection), [TLS12, TLS13]);

    let tls12 = version(&inspection, TLS12);
    let strongest_first = suites(&[
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    ]);
    assert_eq!(tls12.cipher_suites, strongest_first);
    assert_eq!((tls12.server_order, tls12.compression), (Some(false), Some(false)));
    let curves = [
        NamedGroup::secp256r1,
        NamedGroup::secp384r1,
        NamedGroup::secp521r1,
        NamedGroup::x25519,
        NamedGroup::x448,
    ];
    assert_eq!((sorted(&tls12.groups), tls12.groups_complete), (curves.to_vec(), true));
    assert!(tls12.schemes_complete);
    assert!(tls12.signature_schemes.contains(&SignatureScheme::ecdsa_secp256r1_sha256));
    assert!(tls12.signature_schemes.contains(&SignatureScheme::rsa_pkcs1_sha224));

    let tls13 = version(&inspection, TLS13);
    assert_eq!(tls13.cipher_suites.len(), 3);
    assert!(tls13.groups_complete && tls13.groups.starts_with(&[NamedGroup::x25519, NamedGroup::secp256r1]));
    assert_eq!((tls13.groups.len(), tls13.group_order), (10, Some(true)), "five finite fields too");
    let schemes = [
        SignatureScheme::ecdsa_secp256r1_sha256,
        SignatureScheme::rsa_pss_rsae_sha256,
        SignatureScheme::rsa_pss_rsae_sha384,
        SignatureScheme::rsa_pss_rsae_sha512,
    ];
    assert_eq!((sorted(&tls13.signature_schemes), tls13.schemes_complete), (schemes.to_vec(), true));

    let features = &inspection.features;
    let protocols: Vec<_> =
        features.alpn.as_ref().unwrap().iter().map(|name| name.raw().to_owned()).collect();
    assert_eq!(protocols, ["h2", "http/1.1", "http/1.0"]);
    assert_eq!(features.fallback_scsv, Some(true));
    assert_eq!(features.secure_renegotiation, Some(true));
    assert_eq!(features.extended_master_secret, Some(true));
    assert_eq!(features.heartbeat, Some(false));
    assert_eq!(inspection.intolerances, Some(Vec::new()));

    println!("modern: {:?}", inspection.connections);
    assert!(connections(&inspection, ORDER) <= 15);
    assert!(connections(&inspection, FURTHER) <= 42);
    assert_eq!(connections(&inspection, &[Purpose::Capture]), 1);
}

#[tokio::test]
async fn a_servers_own_order_and_prioritised_chacha_are_found_in_both_versions() {
    let authority = authority();
    let rsa = authority.issue(&Leaf::new(NAME).key(LeafKey::Rsa2048)).unwrap();
    let list = "ECDHE-RSA-AES128-GCM-SHA256:AES256-SHA:ECDHE-RSA-CHACHA20-POLY1305:AES128-SHA256";
    for (prioritises, options) in
        [(false, &["-serverpref"][..]), (true, &["-serverpref", "-prioritize_chacha"])]
    {
        let arguments = [&["-cipher", list][..], options].concat();
        let server = s_server(&rsa, &arguments);
        let inspection = inspect(&server).await;
        let tls12 = version(&inspection, TLS12);
        assert_eq!(
            tls12.cipher_suites,
            suites(&[
                "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
                "TLS_RSA_WITH_AES_256_CBC_SHA",
                "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
                "TLS_RSA_WITH_AES_128_CBC_SHA256",
            ])
        );
        for facts in [tls12, version(&inspection, TLS13)] {
            let (order, chacha) = (facts.server_order, facts.chacha_prioritised);
            assert_eq!((order, chacha), (Some(true), Some(prioritises)), "{}", facts.version);
        }
        assert_eq!(inspection.features.encrypt_then_mac, Some(true));
    }
}

#[tokio::test]
async fn a_server_with_everything_openssl_has_is_known_in_full() {
    let authority = authority();
    let rsa = authority.issue(&Leaf::new(NAME).key(LeafKey::Rsa2048)).unwrap();
    let all = "ALL:COMPLEMENTOFALL:@SECLEVEL=0";
    let server = s_server(&rsa, &["-cipher", all, "-psk", "abcd", "-comp"]);
    let inspection = inspect(&server).await;
    println!("everything: {:?}", inspection.connections);
    assert_eq!(spoken(&inspection), [ProtocolVersion::TLSv1_0, ProtocolVersion::TLSv1_1, TLS12, TLS13]);
    let mut pairs = 0;
    for (name, number) in
        [("-tls1", ProtocolVersion::TLSv1_0), ("-tls1_1", ProtocolVersion::TLSv1_1), ("-tls1_2", TLS12)]
    {
        let facts = version(&inspection, number);
        let mine: Vec<_> = ciphers(name, &format!("{all}:-SRP"))
            .into_iter()
            .filter(|suite| !suite.known_name().unwrap().contains("ECDSA"))
            .filter(|suite| !suite.known_name().unwrap().contains("DSS"))
            .collect();
        let found = sorted(&facts.cipher_suites);
        let missing: Vec<_> = mine.iter().filter(|suite| !found.contains(suite)).collect();
        let further: Vec<_> = found.iter().filter(|suite| !mine.contains(suite)).collect();
        assert!(missing.is_empty() && further.is_empty(), "{name}: missing {missing:?}, further {further:?}");
        pairs += found.len();
    }
    let most = u32::try_from(pairs + 3 + 1).unwrap() + 2 * 4 + 3;
    assert!(connections(&inspection, ORDER) <= most, "{pairs}");
    // OpenSSL takes a prime that fits the suite's strength.
    for dh in &inspection.dh_parameters {
        assert!(dh.bits >= 1_024 && dh.known_prime.is_some() && !dh.export, "{dh:?}");
        assert_ne!(dh.key_reused, Some(true));
    }
    assert!(!inspection.dh_parameters.is_empty());
}

#[tokio::test]
async fn the_same_server_gives_the_same_inspection_and_an_ed25519_key_its_scheme() {
    let authority = authority();
    let identity = authority.issue(&Leaf::new(NAME).key(LeafKey::Ed25519)).unwrap();
    let server = s_server(&identity, &["-cipher", "ALL:@SECLEVEL=0"]);
    let first = inspect(&server).await;
    assert_eq!(version(&first, TLS13).signature_schemes, [SignatureScheme::ed25519]);
    assert_eq!(version(&first, TLS12).signature_schemes, [SignatureScheme::ed25519]);
    assert_eq!(inspect(&server).await, first);
}

#[tokio::test]
async fn the_curves_of_an_ecdsa_server_are_found_as_far_as_its_certificates_curve_lets_them() {
    let authority = authority();
    let ecdsa = authority.issue(&Leaf::new(NAME)).unwrap();
    let by_client = inspect(&s_server(&ecdsa, &[])).await;
    let tls12 = version(&by_client, TLS12);
    assert_eq!((tls12.groups.len(), tls12.groups_complete, tls12.group_order), (5, true, Some(false)));
    let by_server = inspect(&s_server(&ecdsa, &["-serverpref"])).await;
    let tls12 = version(&by_server, TLS12);
    // P-384 and P-521 come after P-256, which cannot be left out.
    assert_eq!(tls12.groups, [NamedGroup::x25519, NamedGroup::secp256r1]);
    assert_eq!((tls12.groups_complete, tls12.group_order), (false, Some(true)));
}

#[tokio::test]
async fn another_stack_is_known_as_well() {
    let authority = authority();
    let rsa = authority.issue(&Leaf::new(NAME).key(LeafKey::Rsa2048)).unwrap();
    let server = gnutls_serv(&rsa, "NORMAL:+VERS-TLS1.1:+VERS-TLS1.0:%SERVER_PRECEDENCE");
    let inspection = inspect(&server).await;
    println!("gnutls: {:?}", inspection.connections);
    assert_eq!(spoken(&inspection), [ProtocolVersion::TLSv1_0, ProtocolVersion::TLSv1_1, TLS12, TLS13]);
    let tls12 = version(&inspection, TLS12);
    assert_eq!(tls12.server_order, Some(true));
    assert!(tls12.groups_complete && tls12.schemes_complete);
    assert_eq!(version(&inspection, TLS13).cipher_suites.len(), 4);
    assert_eq!(inspection.intolerances, Some(Vec::new()));
}

/// nginx with everything that OpenSSL has for an RSA key, TLS 1.0 to 1.3.
#[tokio::test]
async fn a_legacy_nginx_is_known_in_a_connection_for_each_pair_and_few_more() {
    let authority = authority();
    let rsa = authority.issue(&Leaf::new(NAME).key(LeafKey::Rsa2048)).unwrap();
    let folder = support::folder();
    let parameters = folder.path().join("dh.pem");
    let made = Command::new(program("openssl", "openssl"))
        .args(["genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", "group:modp_2048", "-out"])
        .arg(&parameters)
        .status()
        .unwrap();
    assert!(made.success());
    let nginx = Nginx {
        protocols: "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3",
        ciphers: "ALL:COMPLEMENTOFALL:@SECLEVEL=0",
        beside: format!("ssl_dhparam {};\n", parameters.display()),
        ..Nginx::modern(vec![&rsa])
    };
    let inspection = inspect(&nginx.start()).await;
    println!("legacy: {:?}", inspection.connections);
    let pairs: Vec<_> = inspection.versions.iter().map(|facts| facts.cipher_suites.len()).collect();
    assert_eq!(pairs, [0, 0, 20, 20, 61, 3]);
    let pairs = 20 + 20 + 61 + 3;
    let named = inspection.dh_parameters.iter().map(|dh| dh.known_prime).collect::<Vec<_>>();
    assert_eq!(named, [Some("RFC 3526 group 14")]);
    // With 86 pairs this is a hundred, and 160.
    assert!(connections(&inspection, ORDER) <= pairs + 14);
    let all = [FURTHER, &[Purpose::Weaknesses]].concat();
    assert!(connections(&inspection, &all) <= pairs + 74);
}

/// A server that answers so many connections of another and is silent on all others.
async fn silent_after(behind: SocketAddr, answered: usize) -> SocketAddr {
    let address = own_address();
    let listener = TcpListener::bind(address).await.unwrap();
    tokio::spawn(async move {
        let mut held = Vec::new();
        for number in 0.. {
            let (mut client, _) = listener.accept().await.unwrap();
            if number < answered {
                tokio::spawn(async move {
                    let mut server = TcpStream::connect(behind).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                });
            } else {
                held.push(client);
            }
        }
    });
    address
}

#[tokio::test]
async fn a_server_that_falls_silent_is_never_said_to_refuse() {
    let authority = authority();
    let rsa = authority.issue(&Leaf::new(NAME).key(LeafKey::Rsa2048)).unwrap();
    let server = s_server(&rsa, &["-cipher", "ALL:@SECLEVEL=0"]);
    for answered in [5, 9, 20, 40] {
        let settings = ProbeSettings {
            handshake_timeout: Duration::from_millis(500),
            total_timeout: Duration::from_secs(4),
            ..ProbeSettings::at(Depth::Deep)
        };
        let inspection = inspect_at(silent_after(server.address, answered).await, settings).await;
        for facts in &inspection.versions {
            let speaks =
                matches!(facts.version, ProtocolVersion::TLSv1_0 | ProtocolVersion::TLSv1_1 | TLS12 | TLS13);
            assert!(facts.offered.is_none_or(|offered| offered == speaks), "{answered}: {facts:?}");
            assert!(!facts.suites_complete || facts.offered == Some(speaks), "{answered}: {facts:?}");
        }
        assert!(inspection.versions.iter().any(|facts| !facts.suites_complete));
        assert_eq!(inspection.intolerances, None);
        let features = &inspection.features;
        assert_eq!((&features.alpn, features.fallback_scsv), (&None, None));
    }
}

#[tokio::test]
async fn the_policy_probe_costs_a_server_that_complies_six_connections() {
    let authority = authority();
    let rsa = authority.issue(&Leaf::new(NAME).key(LeafKey::Rsa2048)).unwrap();
    let nginx = Nginx::modern(vec![&rsa]).start();
    let inspection = inspect_with(&nginx, policy_probe()).await;
    println!("policy: {:?}", inspection.connections);
    let asked = connections(&inspection, &[Purpose::Suites, Purpose::Groups]);
    assert!(asked <= 6, "{asked}");
    assert_eq!(connections(&inspection, &[Purpose::Capture, Purpose::Chains]), 1);
    for facts in &inspection.versions {
        assert!(facts.cipher_suites.is_empty() && facts.groups.is_empty() && facts.suites_complete);
        let is_forbidden = facts.version < TLS12;
        let expected = match facts.version {
            _ if is_forbidden => Some(false),
            TLS13 => Some(true),
            _ => None,
        };
        assert_eq!(facts.offered, expected, "{}", facts.version);
    }
}

#[tokio::test]
async fn the_policy_probe_finds_all_that_is_forbidden_and_nothing_else() {
    let authority = authority();
    let rsa = authority.issue(&Leaf::new(NAME).key(LeafKey::Rsa2048)).unwrap();
    let server = s_server(&rsa, &["-cipher", "ALL:eNULL:@SECLEVEL=0"]);
    let inspection = inspect_with(&server, policy_probe()).await;
    let tls12 = version(&inspection, TLS12);
    let weak: Vec<_> = ciphers("-tls1_2", "eNULL:aNULL:@SECLEVEL=0")
        .into_iter()
        .filter(|suite| !suite.known_name().unwrap().contains("ECDSA"))
        .filter(|suite| !suite.known_name().unwrap().contains("PSK"))
        .collect();
    assert_eq!(sorted(&tls12.cipher_suites), sorted(&weak));
    assert_eq!(version(&inspection, ProtocolVersion::TLSv1_0).offered, Some(true));
}

fn policy_probe() -> ProbeSettings {
    ProbeSettings {
        enumerate: Scope::Forbidden,
        forbidden: certvigil::assess::forbidden(),
        ..ProbeSettings::at(Depth::Deep)
    }
}
