//! The inventory over time: what changed between two scans, what an endpoint served, what ends soon.

use std::sync::Arc;

use certvigil::estate::{Leaf, LeafKey, Role, TlsHost, Versions};
use certvigil::time::DAY_SECONDS;
use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls_pki_types::PrivateKeyDer;
use serde_json::Value;

use super::{wait_until_gone, write_profile};
use crate::support::authority;
use crate::support::program::Home;
use crate::support::stage::Stage;

/// A host with a new self-signed certificate for this key.
fn with_key(key: &KeyPair) -> Role {
    let certificate = CertificateParams::new(vec!["same.test".to_owned()]).unwrap().self_signed(key).unwrap();
    let private = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .unwrap();
    Role::Tls(Arc::new(config))
}

fn labels(changes: &Value) -> Vec<String> {
    let mut labels: Vec<String> = changes
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["endpoint"]["label"].as_str().unwrap().to_owned())
        .collect();
    labels.sort();
    labels
}

#[test]
fn a_diff_tells_new_replaced_gone_unreachable_and_changed_apart() {
    let stage = Stage::new();
    let home = Home::new();
    let authority = authority();
    let tls = |last, leaf: &Leaf| stage.tls(last, &authority.issue(leaf).unwrap());
    let key = KeyPair::generate().unwrap();
    let kept = authority.issue(&Leaf::new("kept.test")).unwrap();
    let targets =
        |range: std::ops::RangeInclusive<u8>| range.map(|last| stage.target(last)).collect::<Vec<_>>();

    let _unchanged = tls(1, &Leaf::new("a.test"));
    let replaced = tls(2, &Leaf::new("a.test"));
    let same_key = stage.host(3, with_key(&key));
    let changed = stage.tls(4, &kept);
    let down = tls(5, &Leaf::new("a.test"));
    let _left_out = tls(7, &Leaf::new("a.test"));
    let with_second_chain = |last| {
        let mut host = TlsHost::new(kept.clone());
        host.identities.push(authority.issue(&Leaf::new("second.test").key(LeafKey::Ed25519)).unwrap());
        stage.host(last, host.role().unwrap())
    };
    let second = with_second_chain(8);
    write_profile(&home, "own", &authority.root_pem(), &targets(1..=8));
    let scan = ["scan", "--profile", "./own.toml", "--fail-on", "none"];
    home.expect(0, &scan);
    let done = home.expect(2, &["inventory", "diff"]);
    assert!(done.err.contains("no earlier scan of the same targets to compare with"), "{}", done.err);

    drop((replaced, same_key, changed, down, second));
    let _replaced = tls(2, &Leaf::new("a.test"));
    let _same_key = stage.host(3, with_key(&key));
    let mut old = TlsHost::new(kept.clone());
    old.versions = Versions::Tls12;
    let _changed = stage.host(4, old.role().unwrap());
    let _new = tls(6, &Leaf::new("a.test"));
    wait_until_gone(&stage, 5);
    let _second = with_second_chain(8);
    let remaining: Vec<String> = targets(1..=8).into_iter().filter(|one| *one != stage.target(7)).collect();
    write_profile(&home, "own", &authority.root_pem(), &remaining);
    home.expect(0, &scan);

    let diff = home.json(&["inventory", "diff", "-f", "json"]);
    for (kind, last) in [
        ("new", &[6][..]),
        ("replaced", &[2, 3]),
        ("changed", &[4, 8]),
        ("unreachable", &[5]),
        ("gone", &[7]),
    ] {
        let expected: Vec<String> = last.iter().map(|last| stage.target(*last)).collect();
        assert_eq!(labels(&diff[kind]), expected, "{kind}: {diff:#}");
    }
    assert_eq!((&diff["unchanged"], &diff["not_attempted"]), (&1.into(), &0.into()));
    for replaced in diff["replaced"].as_array().unwrap() {
        let is_same = replaced["endpoint"]["label"] == stage.target(3).as_str();
        assert_eq!(replaced["same_key"], is_same, "{replaced:#}");
        assert_ne!(replaced["before"]["sha256"], replaced["after"]["sha256"]);
    }
    assert_eq!(diff["unreachable"][0]["outcome"]["reason"], "refused");
    let changed = diff["changed"].as_array().unwrap();
    let fields_of = |last: u8| -> Vec<Value> {
        let label = stage.target(last);
        let endpoint = changed.iter().find(|one| one["endpoint"]["label"] == label.as_str()).unwrap();
        endpoint["changes"].as_array().unwrap().iter().map(|change| change["field"].clone()).collect()
    };
    assert!(fields_of(4).contains(&"tls.version".into()), "{diff:#}");
    assert_eq!(fields_of(8), ["other_chains"]);
    let table = home.expect(0, &["inventory", "diff"]).out;
    assert!(
        table.contains("2 replaced, 1 new, 2 changed, 1 unreachable this time, 1 gone, 1 unchanged."),
        "{table}"
    );
    assert!(
        table.contains("tls.version: TLSv1.3 → TLSv1.2") && table.contains("\nNext: certvigil"),
        "{table}"
    );

    // By id, the other way round.
    let (from, to) = (diff["from"]["id"].as_str().unwrap(), diff["to"]["id"].as_str().unwrap());
    let back = home.json(&["inventory", "diff", "--from", to, "--to", from, "-f", "json"]);
    assert_eq!(labels(&back["new"]), [stage.target(5), stage.target(7)]);
    let done = home.expect(2, &["inventory", "diff", "--from", "nosuch"]);
    assert!(done.err.contains("nosuch"), "{}", done.err);
}

#[test]
fn the_history_of_an_endpoint_is_what_it_served() {
    let stage = Stage::new();
    let home = Home::new();
    let authority = authority();
    let target = stage.target(1);
    let history = || home.json(&["inventory", "history", &target, "-f", "json"]);
    let mut served = Vec::new();
    for _ in 0..2 {
        let identity = authority.issue(&Leaf::new("a.test")).unwrap();
        let _host = stage.tls(1, &identity);
        served.push(certvigil::x509::Fingerprint::of(&identity.chain[0]).to_string());
        // Asked for in three ways; it is the same endpoint, and nothing changed.
        let ports = stage.ports();
        home.expect(1, &["scan", &target]);
        home.expect(1, &["scan", "--ports", &ports, &stage.address(1).to_string()]);
        home.expect(1, &["scan", "--ports", &ports, "--rate", "max", &stage.network(0, 31)]);
    }
    wait_until_gone(&stage, 1);
    home.expect(1, &["scan", &target]);
    let history = history();
    let entries: Vec<_> =
        history["entries"].as_array().unwrap().iter().map(|e| e["certificate"]["sha256"].clone()).collect();
    assert_eq!(entries, [Value::Null, served[1].as_str().into(), served[0].as_str().into()], "newest first");
    assert_eq!(history["total"], 3);
    let table = home.expect(0, &["inventory", "history", &target]).out;
    assert!(table.contains("3 states on record") && table.contains("refused"), "{table}");
    let done = home.expect(2, &["inventory", "history", "other.test:443"]);
    assert!(done.err.contains("no endpoint in the record is called `other.test:443`"), "{}", done.err);

    // What it was at a past time, and before anything was known.
    let past = history["entries"][1]["first_seen"].as_str().unwrap();
    let then = home.json(&["inventory", "list", "--at", past, "-f", "json"]);
    assert_eq!(then["endpoints_total"], 1);
    assert_eq!(home.json(&["inventory", "list", "--at", "2020-01-01", "-f", "json"])["endpoints_total"], 0);
    let table = home.expect(0, &["inventory", "list", "--at", past]).out;
    assert!(table.contains(&stage.address(1).to_string()), "{table}");

    // One certificate, by the start of its hash, with who serves it.
    let shown = home.json(&["inventory", "show", &served[0][..8], "-f", "json"]);
    assert_eq!(shown["certificates"][0]["sha256"], served[0].as_str());
    let shown = home.json(&["inventory", "show", &target, "-f", "json"]);
    assert_eq!(shown["endpoints"].as_array().unwrap().len(), 1);
    let done = home.expect(2, &["inventory", "show", "ffffffff"]);
    assert!(done.err.contains("nothing in the record is called `ffffffff`"), "{}", done.err);
}

#[test]
fn what_ends_soon_comes_first_and_is_counted_whole() {
    let stage = Stage::new();
    let home = Home::new();
    let authority = authority();
    let ends_in = |last, days: i64| {
        let leaf = Leaf::new(&format!("in-{days}.test")).valid(-30 * DAY_SECONDS, days * DAY_SECONDS + 3_600);
        stage.tls(last, &authority.issue(&leaf).unwrap())
    };
    let _hosts = [ends_in(1, 50), ends_in(2, 5), ends_in(3, 20), ends_in(4, -2)];
    home.expect(
        1,
        &["scan", "--ports", &stage.ports(), "--rate", "max", "--depth", "sweep", &stage.network(0, 29)],
    );
    let subjects = |arguments: &[&str]| {
        let list = home.json(&[&["inventory", "list", "-f", "json"], arguments].concat());
        let certificates = list["certificates"].as_array().unwrap().clone();
        let subjects = certificates.iter().map(|one| one["subject"].as_str().unwrap().to_owned());
        (list["total"].as_u64().unwrap(), subjects.collect::<Vec<_>>())
    };
    let soon = ["CN=in--2.test", "CN=in-5.test", "CN=in-20.test", "CN=in-50.test"].map(str::to_owned);
    assert_eq!(subjects(&["--expires-within", "30d"]), (3, soon[..3].to_vec()));
    assert_eq!(subjects(&["--expires-within", "6d"]), (2, soon[..2].to_vec()));
    assert_eq!(subjects(&["--expires-within", "30d", "--limit", "1"]), (3, soon[..1].to_vec()));
    assert_eq!(subjects(&["--issuer", "peers ISSUING"]), (4, soon.to_vec()));
    assert_eq!(subjects(&["--issuer", "issuing", "--limit", "2"]), (4, soon[..2].to_vec()));
    assert_eq!(subjects(&["--issuer", "nobody"]), (0, vec![]));
    assert_eq!(subjects(&[]).0, 5);
    let table = home.expect(0, &["inventory", "list", "--limit", "1"]).out;
    assert!(table.contains("1 of 5 certificates") && table.contains("\nNext: certvigil"), "{table}");
}

#[test]
fn every_chain_of_an_endpoint_leads_to_it() {
    let stage = Stage::new();
    let home = Home::new();
    let authority = authority();
    let mut host = TlsHost::new(authority.issue(&Leaf::new("first.test")).unwrap());
    host.identities.push(authority.issue(&Leaf::new("second.test").key(LeafKey::Ed25519)).unwrap());
    let second = certvigil::x509::Fingerprint::of(&host.identities[1].chain[0]).to_string();
    let _host = stage.host(1, host.role().unwrap());
    home.expect(1, &["scan", &stage.target(1)]);
    let shown = home.json(&["inventory", "show", &second, "-f", "json"]);
    assert_eq!((&shown["endpoints_total"], &shown["certificates"][0]["endpoints"]), (&1.into(), &1.into()));
    let done = home.expect(2, &["inventory", "show", &second[..7]]);
    assert!(done.err.contains("nothing in the record is called"), "{}", done.err);
}
