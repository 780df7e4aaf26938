//! QUIC and DTLS on real servers, by the built program: Caddy's HTTP/3, OpenSSL's and GnuTLS' DTLS; and the silence of
//! hosts that have neither.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by a panic")]

mod support;

use std::net::{IpAddr, SocketAddr};

use certvigil::estate::{Authority, Identity, Leaf, LeafKey};
use serde_json::{Value, json};

use support::caddy::caddy;
use support::gnutls::dtls_gnutls_serv;
use support::nginx::Nginx;
use support::openssl::dtls_s_server;
use support::program::{Done, Home};
use support::stage::name_server;
use support::{Peer, authority};

/// A home that trusts one authority and resolves `host.test`.
struct Office {
    home: Home,
    authority: Authority,
    root: String,
}

impl Office {
    fn new() -> Self {
        let (home, authority) = (Home::new(), authority());
        let root = home.write("root.pem", authority.root_pem());
        Self { home, authority, root }
    }

    fn identity(&self, key: LeafKey) -> Identity {
        self.authority.issue(&Leaf::new("host.test").key(key)).unwrap()
    }

    /// Scans `host.test` at an address over these transports.
    fn scan(&self, address: SocketAddr, transports: &str, further: &[&str]) -> Done {
        let resolver = resolver(address);
        let target = format!("host.test:{}", address.port());
        let fixed = ["scan", "--transport", transports, "--trust", &self.root, "--resolver", &resolver];
        self.home.run(&[&fixed[..], further, &[target.as_str()]].concat())
    }

    fn report(&self, address: SocketAddr, transports: &str, further: &[&str]) -> Value {
        let done = self.scan(address, transports, &[further, &["--no-store", "-f", "json"]].concat());
        let report = done.json();
        let schema = support::schema::schema();
        assert_eq!(support::schema::fault(&schema, &schema, &report, "report"), None);
        report
    }
}

/// A name server that knows `host.test`.
fn resolver(address: SocketAddr) -> String {
    let IpAddr::V4(ip) = address.ip() else { panic!("{address}") };
    name_server(&[("host.test", ip)]).to_string()
}

fn endpoints(report: &Value) -> &Vec<Value> {
    report["endpoints"].as_array().unwrap()
}

/// The only endpoint over this transport.
fn over<'a>(report: &'a Value, transport: &str) -> &'a Value {
    let mut found = endpoints(report).iter().filter(|one| one["transport"] == transport);
    let first = found.next().unwrap_or_else(|| panic!("nothing over {transport}: {report:#}"));
    assert!(found.next().is_none(), "{transport} is there twice");
    first
}

fn finding_ids(endpoint: &Value) -> Vec<&str> {
    endpoint["findings"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect()
}

/// The certificates of an identity as the report names them.
fn hashes(identity: &Identity) -> Value {
    let hash = |der| certvigil::x509::Fingerprint::of(der).to_string();
    identity.chain_der().iter().map(|der| hash(der)).collect()
}

#[test]
fn http_3_is_seen_beside_https() {
    let office = Office::new();
    for key in [LeafKey::EcdsaP256, LeafKey::Rsa2048] {
        let identity = office.identity(key);
        let server = caddy(&identity, None);
        let report = office.report(server.address, "tcp,quic", &["--fail-on", "none"]);
        assert_eq!(report["scan"]["parameters"]["transports"], json!(["tcp", "quic"]));
        assert_eq!(endpoints(&report).len(), 2);
        for (transport, protocol) in [("tcp", "h2"), ("quic", "h3")] {
            let endpoint = over(&report, transport);
            assert_eq!(endpoint["outcome"]["status"], "handshake");
            assert_eq!(endpoint["presented"], hashes(&identity), "{transport}");
            assert_eq!(endpoint["trust"]["verdict"], "trusted");
            let tls = &endpoint["tls"];
            assert_eq!((&tls["version"], &tls["alpn"]), (&"TLSv1.3".into(), &protocol.into()));
            assert_eq!((&tls["completed"], &tls["possession_proved"]), (&true.into(), &true.into()));
            assert_eq!((&tls["group"], &tls["client_auth"]), (&"x25519".into(), &"none".into()));
            assert!(tls["cipher_suite"].as_str().unwrap().starts_with("TLS_AES_128_GCM"));
        }
        assert_ne!(over(&report, "tcp")["id"], over(&report, "quic")["id"]);
    }
}

#[test]
fn findings_and_tables_tell_the_transports_of_one_port_apart() {
    let office = Office::new();
    let server = caddy(&office.authority.issue(&Leaf::new("other.test")).unwrap(), None);
    let report = office.report(server.address, "tcp,quic", &[]);
    let label = format!("host.test:{}", server.address.port());
    for (transport, label) in [("tcp", label.clone()), ("quic", format!("{label}/quic"))] {
        let endpoint = over(&report, transport);
        assert!(finding_ids(endpoint).contains(&"trust.name.mismatch"));
        for finding in endpoint["findings"].as_array().unwrap() {
            let key = finding["key"].as_str().unwrap();
            assert!(key.starts_with(&format!("{label}/")), "{key}");
        }
    }
    let table = office.scan(server.address, "tcp,quic", &["--no-store"]).out;
    assert!(table.contains(&format!("{label}/quic")), "{table}");
}

#[test]
fn http_3_that_insists_on_a_client_certificate_shows_its_own() {
    let office = Office::new();
    let identity = office.identity(LeafKey::EcdsaP256);
    let server = caddy(&identity, Some(&office.authority.root_pem()));
    let report = office.report(server.address, "tcp,quic", &["--fail-on", "none"]);
    for transport in ["tcp", "quic"] {
        let endpoint = over(&report, transport);
        assert_eq!(endpoint["presented"], hashes(&identity));
        let tls = &endpoint["tls"];
        assert_eq!((&tls["client_auth"], &tls["ended_by"]), (&"required".into(), &"client_auth".into()));
        assert_eq!((&tls["completed"], &tls["possession_proved"]), (&false.into(), &true.into()));
        assert_eq!(tls["client_auth_ca_names"].as_array().unwrap().len(), 1, "{transport}");
    }
}

fn check_dtls(office: &Office, server: &Peer, identity: &Identity, version: &str) -> Value {
    let report = office.report(server.address, "dtls", &["--fail-on", "none"]);
    let endpoint = over(&report, "dtls").clone();
    assert_eq!(endpoint["outcome"]["status"], "handshake", "{endpoint:#}\n{}", server.log());
    assert_eq!(endpoint["presented"], hashes(identity));
    assert_eq!(endpoint["trust"]["verdict"], "trusted");
    assert_eq!(endpoint["tls"]["version"], version);
    assert_eq!(endpoint["tls"]["possession_proved"], Value::Null, "nobody asked");
    endpoint
}

#[test]
fn dtls_of_openssl_is_read_with_and_without_a_cookie() {
    let office = Office::new();
    for key in [LeafKey::EcdsaP256, LeafKey::Rsa2048] {
        let identity = office.identity(key);
        for arguments in [&["-dtls1_2"][..], &["-dtls1_2", "-listen"], &["-dtls", "-mtu", "300"]] {
            let server = dtls_s_server(&identity, arguments);
            let tls = &check_dtls(&office, &server, &identity, "DTLSv1.2")["tls"];
            assert!(tls["cipher_suite"].as_str().unwrap().starts_with("TLS_ECDHE_"), "{tls}");
            assert_eq!((&tls["group"], &tls["client_auth"]), (&"secp256r1".into(), &"none".into()));
        }
    }
}

#[test]
fn dtls_of_openssl_that_asks_for_a_client_certificate_says_so() {
    let office = Office::new();
    let identity = office.identity(LeafKey::EcdsaP256);
    let server = dtls_s_server(&identity, &["-dtls1_2", "-verify", "1", "-CAfile", &office.root]);
    let endpoint = check_dtls(&office, &server, &identity, "DTLSv1.2");
    assert_eq!(endpoint["tls"]["client_auth"], "requested");
    assert_eq!(endpoint["tls"]["client_auth_ca_names"].as_array().unwrap().len(), 1);
}

#[test]
fn dtls_1_0_is_obsolete() {
    let office = Office::new();
    let identity = office.identity(LeafKey::Rsa2048);
    let server = dtls_s_server(&identity, &["-dtls1", "-cipher", "ALL:@SECLEVEL=0"]);
    let endpoint = check_dtls(&office, &server, &identity, "DTLSv1.0");
    assert!(finding_ids(&endpoint).contains(&"tls.version.obsolete"), "{endpoint:#}");
}

#[test]
fn dtls_of_gnutls_is_read() {
    let office = Office::new();
    let identity = office.identity(LeafKey::EcdsaP256);
    let server = dtls_gnutls_serv(&identity, "NORMAL");
    // It goes on serving: we took leave.
    for _ in 0..3 {
        check_dtls(&office, &server, &identity, "DTLSv1.2");
    }
}

#[test]
fn what_is_not_there_beside_tcp_is_counted_and_no_finding() {
    let office = Office::new();
    let server = Nginx::modern(vec![&office.identity(LeafKey::EcdsaP256)]).start();
    let report = office.report(server.address, "tcp,quic,dtls", &[]);
    let counts = &report["scan"]["counts"];
    assert_eq!((&counts["endpoints"], &counts["unlisted"]), (&3.into(), &2.into()), "{counts}");
    assert_eq!(counts["failures"], json!({"connect.refused": 2}));
    assert_eq!(endpoints(&report).len(), 1);
    assert!(!finding_ids(over(&report, "tcp")).contains(&"scan.not_measured"));
    let report = office.report(server.address, "tcp,quic,dtls", &["--list-dead"]);
    for transport in ["quic", "dtls"] {
        let endpoint = over(&report, transport);
        assert_eq!(endpoint["outcome"]["reason"], "refused");
        assert_eq!(finding_ids(endpoint), [""; 0]);
    }
}

#[test]
fn what_is_not_there_and_was_asked_for_alone_is_a_finding() {
    let office = Office::new();
    let server = Nginx::modern(vec![&office.identity(LeafKey::EcdsaP256)]).start();
    for transport in ["quic", "dtls"] {
        let done = office.scan(server.address, transport, &["--no-store", "-f", "json"]);
        assert_eq!(done.code, Some(1), "{}", done.err);
        assert_eq!(finding_ids(over(&done.json(), transport)), ["scan.not_measured"]);
    }
}

#[test]
fn http_3_that_was_there_and_is_gone_is_missed() {
    let office = Office::new();
    let identity = office.identity(LeafKey::EcdsaP256);
    let server = caddy(&identity, None);
    let address = server.address;
    let text = "transports = [\"tcp\", \"quic\"]\n[pace]\nsecond_look = \"10ms\"\n";
    let profile = office.home.write("own.toml", text);
    let scan = || {
        let resolver = resolver(address);
        let target = format!("host.test:{}", address.port());
        let fixed = ["scan", "--profile", &profile, "--trust", &office.root, "--resolver", &resolver];
        let further = ["-f", "json", "--fail-on", "none", &target];
        office.home.json(&[&fixed[..], &further].concat())
    };
    assert_eq!(over(&scan(), "quic")["outcome"]["status"], "handshake");
    drop(server);
    let _tcp_alone = Nginx::modern(vec![&identity]).start_at(address);
    let report = scan();
    assert_eq!(over(&report, "quic")["outcome"]["reason"], "refused");
    assert_eq!(finding_ids(over(&report, "quic")), [""; 0], "once is an accident");
    let report = scan();
    assert_eq!(finding_ids(over(&report, "quic")), ["scan.unreachable"]);
    assert_eq!(over(&report, "tcp")["outcome"]["status"], "handshake");
}
