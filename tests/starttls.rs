//! Protocols that are upgraded to TLS, on real servers, by the built program: each is named, reached and read; where
//! there is no TLS, the report says why.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by a panic")]

mod support;

#[path = "starttls/databases.rs"]
mod databases;
#[path = "starttls/injection.rs"]
mod injection;
#[path = "starttls/mail.rs"]
mod mail;
#[path = "starttls/others.rs"]
mod others;
#[path = "starttls/scripted.rs"]
mod scripted;

use std::net::SocketAddr;

use certvigil::estate::{Authority, Identity, Leaf};
use serde_json::Value;
use support::program::Home;

/// The name in every certificate, asked for in every visit.
const NAME: &str = "a.example";

/// A chain that the tests trust.
struct Sound {
    authority: Authority,
    identity: Identity,
}

impl Sound {
    fn new() -> Self {
        let authority = support::authority();
        let identity = authority.issue(&Leaf::new(NAME)).unwrap();
        Self { authority, identity }
    }
}

/// What a scan of `address` with these arguments says of it under [`NAME`].
fn scan(address: SocketAddr, root: &str, arguments: &[&str]) -> Value {
    let home = Home::new();
    let root = home.write("root.pem", root);
    let target = address.to_string();
    let mut all = vec!["scan", target.as_str(), "--no-store", "-f", "json", "--fail-on", "none"];
    all.extend(["--trust", &root, "--sni", NAME]);
    all.extend(arguments);
    let report = home.json(&all);
    let schema = support::schema::schema();
    assert_eq!(support::schema::fault(&schema, &schema, &report, "report"), None);
    // An address is visited without a name, too.
    let mut endpoints = report["endpoints"].as_array().unwrap().iter();
    endpoints.find(|endpoint| endpoint["server_name"] == NAME).unwrap().clone()
}

/// Checks that the chain is read by `protocol` as asked for, at sweep depth and to the end of the handshake.
fn assert_read(sound: &Sound, address: SocketAddr, protocol: &str) {
    for depth in ["sweep", "standard"] {
        let endpoint =
            scan(address, &sound.authority.root_pem(), &["--starttls", protocol, "--depth", depth]);
        check(sound, &endpoint, protocol);
        assert_eq!(
            endpoint["tls"]["possession_proved"],
            if depth == "sweep" { Value::Null } else { true.into() }
        );
    }
}

/// Checks that `--starttls auto` finds out by itself, on a port that tells nothing.
fn assert_found(sound: &Sound, address: SocketAddr, protocol: &str) {
    check(sound, &scan(address, &sound.authority.root_pem(), &[]), protocol);
}

/// Checks that deep inspection enumerates what is behind the upgrade.
fn assert_inspected(sound: &Sound, address: SocketAddr, protocol: &str) {
    let endpoint = scan(address, &sound.authority.root_pem(), &["--starttls", protocol, "--depth", "deep"]);
    check(sound, &endpoint, protocol);
    let versions = &endpoint["tls"]["versions"];
    for version in ["TLSv1.2", "TLSv1.3"] {
        assert_eq!(versions[version]["offered"], true, "{versions:#}");
        assert!(!versions[version]["cipher_suites"].as_array().unwrap().is_empty(), "{versions:#}");
    }
    for version in ["SSLv2", "SSLv3"] {
        assert_eq!(versions[version]["offered"], false, "{versions:#}");
    }
}

/// This process's own address, on a port that other programs may have elsewhere.
fn on_port(port: u16) -> SocketAddr {
    SocketAddr::new(support::own_address().ip(), port)
}

fn check(sound: &Sound, endpoint: &Value, protocol: &str) {
    assert_eq!(endpoint["outcome"]["status"], "handshake", "{protocol}: {endpoint:#}");
    assert_eq!(endpoint["starttls"], protocol, "{endpoint:#}");
    let leaf = certvigil::x509::Fingerprint::of(&sound.identity.chain[0]).to_string();
    assert_eq!(endpoint["presented"][0], leaf.as_str(), "{endpoint:#}");
    assert_eq!(endpoint["trust"]["verdict"], "trusted", "{endpoint:#}");
    assert_eq!(endpoint["name_match"], true, "{endpoint:#}");
}

/// Checks that there is no TLS by `protocol`, for this reason.
fn assert_no_way(address: SocketAddr, protocol: &str, reason: &str) -> Value {
    let sound = support::authority().root_pem();
    let mut outcome = scan(address, &sound, &["--starttls", protocol])["outcome"].take();
    assert_eq!(outcome["status"], "failure", "{outcome:#}");
    assert_eq!(
        (outcome["stage"].as_str(), outcome["reason"].as_str()),
        (Some("upgrade"), Some(reason)),
        "{outcome:#}"
    );
    outcome["detail"].take()
}
