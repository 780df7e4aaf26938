//! Deep inspection against the other inspectors of the field, on the same real servers: they must agree on versions,
//! suites and order. Where we differ from one of them, the test says why we are right.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up has failed"
)]

mod support;

use std::collections::BTreeSet;
use std::net::SocketAddr;

use certvigil::estate::{Leaf, LeafKey};
use serde_json::Value;
use support::apache::apache;
use support::authority;
use support::gnutls::gnutls_serv;
use support::haproxy::haproxy;
use support::nginx::Nginx;
use support::openssl::{newer_s_server, s_server};
use support::oracles::{Found, nmap, sslscan, sslyze};
use support::program::Home;

const NAME: &str = "a.test";

/// What we say of a server: the `tls` object of the report.
fn inspect(address: SocketAddr) -> Value {
    let home = Home::new();
    let report = home.run(&[
        "scan",
        &address.to_string(),
        "--sni",
        NAME,
        "--depth",
        "deep",
        "--rate",
        "max",
        "--trust",
        "mozilla",
        "--no-store",
        "-f",
        "json",
    ]);
    let endpoints = report.json()["endpoints"].as_array().unwrap().clone();
    let named = endpoints.iter().find(|endpoint| endpoint["server_name"] == NAME).unwrap();
    named["tls"].clone()
}

/// Versions offered and their suites, in our report.
fn ours(tls: &Value) -> Found {
    let mut found = Found::default();
    for (version, facts) in tls["versions"].as_object().unwrap() {
        let offered = facts["offered"].as_bool().unwrap_or_else(|| panic!("{version}: {facts:#}"));
        if !offered {
            continue;
        }
        assert_eq!(facts["suites_complete"], true, "{version}: {facts:#}");
        let suites = facts["cipher_suites"].as_array().unwrap();
        let suites = suites.iter().map(|suite| suite.as_str().unwrap().to_owned()).collect();
        found.suites.insert(version.clone(), suites);
        if let Some(order) = facts["server_order"].as_bool() {
            found.server_order.insert(version.clone(), order);
        }
    }
    found
}

/// Both found the same versions and suites, among those that the other asks for.
fn agree(ours: &Found, theirs: &Found, who: &str) {
    let versions = |found: &Found| found.suites.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(versions(ours), versions(theirs), "{who}");
    for version in ours.suites.keys() {
        let mut mine = ours.set(version);
        if !theirs.asked.is_empty() {
            mine.retain(|suite| theirs.asked.contains(suite));
        }
        let other = theirs.set(version);
        let missed: Vec<_> = other.difference(&mine).collect();
        let only_ours: Vec<_> = mine.difference(&other).collect();
        assert!(
            missed.is_empty() && only_ours.is_empty(),
            "{version}: only {who}: {missed:?}; only we: {only_ours:?}"
        );
    }
}

/// Where the server has an order, ours is the other's.
fn agree_on_order(ours: &Found, theirs: &Found, who: &str) {
    for (version, suites) in &ours.suites {
        if ours.server_order.get(version) == Some(&true) {
            assert_eq!(Some(suites), theirs.suites.get(version), "{version} by {who}");
        }
    }
}

#[test]
fn a_modern_server_with_two_keys() {
    let authority = authority();
    let ecdsa = authority.issue(&Leaf::new(NAME)).unwrap();
    let rsa = authority.issue(&Leaf::new(NAME).key(LeafKey::Rsa2048)).unwrap();
    let nginx =
        Nginx { further: "ssl_prefer_server_ciphers on;\n".to_owned(), ..Nginx::modern(vec![&ecdsa, &rsa]) };
    let nginx = nginx.start();
    let mine = ours(&inspect(nginx.address));
    let [by_sslscan, by_nmap, by_sslyze] =
        [sslscan(nginx.address, NAME), nmap(nginx.address, NAME), sslyze(nginx.address)];
    agree(&mine, &by_sslscan, "sslscan");
    agree(&mine, &by_nmap, "nmap");
    agree(&mine, &by_sslyze, "SSLyze");
    agree_on_order(&mine, &by_sslscan, "sslscan");
    agree_on_order(&mine, &by_nmap, "nmap");
    assert_eq!(mine.server_order.get("TLSv1.2"), by_nmap.server_order.get("TLSv1.2"));
}

#[test]
fn a_server_with_everything_that_openssl_has() {
    let rsa = authority().issue(&Leaf::new(NAME).key(LeafKey::Rsa2048)).unwrap();
    let nginx = Nginx::legacy(&rsa).start_with_dh();
    let mine = ours(&inspect(nginx.address));
    assert_eq!(mine.suites.keys().collect::<Vec<_>>(), ["TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"]);
    for (theirs, who) in [
        (sslscan(nginx.address, NAME), "sslscan"),
        (nmap(nginx.address, NAME), "nmap"),
        (sslyze(nginx.address), "SSLyze"),
    ] {
        agree(&mine, &theirs, who);
    }
    agree_on_order(&mine, &sslscan(nginx.address, NAME), "sslscan");
}

#[test]
fn a_server_that_follows_its_clients() {
    let rsa = authority().issue(&Leaf::new(NAME).key(LeafKey::Rsa2048)).unwrap();
    let server = s_server(&rsa, &["-cipher", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"]);
    let mine = ours(&inspect(server.address));
    agree(&mine, &sslscan(server.address, NAME), "sslscan");
    let by_nmap = nmap(server.address, NAME);
    agree(&mine, &by_nmap, "nmap");
    for version in ["TLSv1.0", "TLSv1.1", "TLSv1.2"] {
        assert_eq!(mine.server_order.get(version), Some(&false), "{version}");
        assert_eq!(by_nmap.server_order.get(version), Some(&false), "{version}");
    }
}

#[test]
fn other_fronts_and_another_stack() {
    let authority = authority();
    let rsa = authority.issue(&Leaf::new(NAME).key(LeafKey::Rsa2048)).unwrap();
    let ecdsa = authority.issue(&Leaf::new(NAME)).unwrap();
    let servers = [
        ("Apache", apache(&rsa, "SSLProtocol all\nSSLCipherSuite ALL:@SECLEVEL=0\nSSLHonorCipherOrder on")),
        ("HAProxy", haproxy(&ecdsa, "ssl-min-ver TLSv1.2 alpn h2,http/1.1")),
        ("GnuTLS", gnutls_serv(&rsa, "NORMAL:+VERS-TLS1.0:+VERS-TLS1.1")),
    ];
    for (server, peer) in &servers {
        let mine = ours(&inspect(peer.address));
        agree(&mine, &sslscan(peer.address, NAME), &format!("sslscan of {server}"));
        agree(&mine, &nmap(peer.address, NAME), &format!("nmap of {server}"));
    }
}

#[test]
fn features_and_weaknesses_of_a_sound_server() {
    let rsa = authority().issue(&Leaf::new(NAME).key(LeafKey::Rsa2048)).unwrap();
    let nginx = Nginx::modern(vec![&rsa]).start();
    let tls = inspect(nginx.address);
    let theirs = sslyze(nginx.address);
    let inspection = &tls["inspection"];
    for (name, answer) in &theirs.answers {
        let mine = match *name {
            "heartbleed" | "ccs_injection" => {
                inspection["weaknesses"][name]["reaction"].as_str().map(|reaction| reaction == "weak")
            }
            "compression" => tls["versions"]["TLSv1.2"]["compression"].as_bool(),
            "early_data" => inspection["features"]["early_data_bytes"].as_u64().map(|bytes| bytes > 0),
            _ => inspection["features"][name].as_bool(),
        };
        // With one version below 1.3 there is nothing to fall back to: we do not ask.
        if *name != "fallback_scsv" {
            assert_eq!(mine, Some(*answer), "{name}: {inspection:#}");
        }
    }
}

#[test]
fn post_quantum_groups_of_a_newer_openssl() {
    let ecdsa = authority().issue(&Leaf::new(NAME)).unwrap();
    let groups = "X25519MLKEM768:SecP256r1MLKEM768:SecP384r1MLKEM1024:MLKEM768:x25519:secp256r1:ffdhe2048";
    let server = newer_s_server(&ecdsa, &["-groups", groups]);
    let tls = inspect(server.address);
    let found: BTreeSet<&str> = tls["versions"]["TLSv1.3"]["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| group.as_str().unwrap())
        .collect();
    assert_eq!(found, groups.split(':').collect(), "{tls:#}");
    assert_eq!(tls["post_quantum"]["group"], "X25519MLKEM768");
}
