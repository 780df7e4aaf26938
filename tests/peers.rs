//! Real servers and a real client, against each other and against the estate: what the other tests rely on.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up has failed")]

mod support;

use std::net::Ipv4Addr;

use certvigil::dns::{DnsError, HickoryResolver, Resolve};
use certvigil::estate::{Flight, Host, Identity, Leaf, LeafKey, Limits, Role, Script, TlsHost};
use certvigil::model::{ClientAuth, Depth, EndedBy, Endpoint, Handshake, Outcome, ServerName};
use certvigil::probe::{Pace, ProbeSettings, Prober};
use certvigil::tls::ProtocolVersion;
use certvigil::x509::RawChain;
use support::nginx::Nginx;
use support::openssl::{old_s_server, s_client, s_server, served, strict_s_server};
use support::{authority, gnutls, knot};

const NAME: &str = "a.test";
const OLD: [&str; 2] = ["-cipher", "ALL:@SECLEVEL=0"];

#[test]
fn nginx_serves_each_of_two_chains() {
    let authority = authority();
    let ecdsa = authority.issue(&Leaf::new(NAME)).unwrap();
    let rsa = authority.issue(&Leaf::new(NAME).key(LeafKey::Rsa2048)).unwrap();
    let nginx = Nginx::modern(vec![&ecdsa, &rsa]).start();
    for (identity, schemes) in [(&ecdsa, "ECDSA+SHA256"), (&rsa, "RSA-PSS+SHA256:RSA+SHA256")] {
        for version in ["-tls1_2", "-tls1_3"] {
            // In TLS 1.2 the list of schemes is not heard where a suite of the other key stands first.
            let suites = if schemes.starts_with('E') { "aECDSA" } else { "aRSA" };
            let arguments = [version, "-sigalgs", schemes, "-cipher", suites];
            let output = s_client(nginx.address, NAME, &authority.root_pem(), &arguments);
            assert!(served(&output) == identity.chain, "{output}");
        }
    }
}

#[test]
fn nginx_speaks_tls_1_0_where_it_is_told() {
    let authority = authority();
    let rsa = authority.issue(&Leaf::new(NAME).key(LeafKey::Rsa2048)).unwrap();
    let nginx = Nginx::old(&rsa).start();
    let arguments = [&OLD[..], &["-tls1"]].concat();
    let output = s_client(nginx.address, NAME, &authority.root_pem(), &arguments);
    assert!(served(&output) == rsa.chain, "{output}");
    assert!(output.contains("Protocol  : TLSv1\n"), "{output}");
}

#[test]
fn nginx_asks_for_client_certificates() {
    let authority = authority();
    let identity = authority.issue(&Leaf::new(NAME)).unwrap();
    let mut nginx = Nginx::modern(vec![&identity]);
    nginx.client_root = Some(authority.root_pem());
    let output = s_client(nginx.start().address, NAME, &authority.root_pem(), &["-tls1_2"]);
    assert!(output.contains("Acceptable client certificate CA names\n"), "{output}");
    assert!(served(&output) == identity.chain, "{output}");
}

#[test]
fn s_server_speaks_every_version() {
    let authority = authority();
    let rsa = authority.issue(&Leaf::new(NAME).key(LeafKey::Rsa2048)).unwrap();
    for version in ["-tls1", "-tls1_1", "-tls1_2", "-tls1_3"] {
        let server = old_s_server(&rsa, version);
        let output = s_client(server.address, NAME, &authority.root_pem(), &OLD);
        assert!(served(&output) == rsa.chain, "{version}: {output}");
    }
}

#[test]
fn s_server_speaks_every_key() {
    let authority = authority();
    for key in [LeafKey::EcdsaP256, LeafKey::EcdsaP384, LeafKey::Ed25519, LeafKey::Rsa2048] {
        let identity = authority.issue(&Leaf::new(NAME).key(key)).unwrap();
        let server = s_server(&identity, &[]);
        let output = s_client(server.address, NAME, &authority.root_pem(), &[]);
        assert!(output.contains("Verify return code: 0 (ok)"), "{key:?}: {output}");
        assert!(served(&output) == identity.chain, "{output}");
    }
}

#[test]
fn a_strict_s_server_refuses_and_still_shows_its_chain() {
    let authority = authority();
    let identity = authority.issue(&Leaf::new(NAME)).unwrap();
    for version in ["-tls1_2", "-tls1_3"] {
        let server = strict_s_server(&identity, version);
        let output = s_client(server.address, NAME, &authority.root_pem(), &[]);
        assert!(served(&output) == identity.chain, "{output}");
        assert!(server.log().contains("peer did not return a certificate"), "{}", server.log());
    }
}

#[test]
fn gnutls_serves_a_chain() {
    let authority = authority();
    let identity = authority.issue(&Leaf::new(NAME)).unwrap();
    for priority in ["NORMAL:-VERS-ALL:+VERS-TLS1.2", "NORMAL:-VERS-ALL:+VERS-TLS1.3"] {
        let server = gnutls::gnutls_serv(&identity, priority);
        let output = s_client(server.address, NAME, &authority.root_pem(), &[]);
        assert!(output.contains("Verify return code: 0 (ok)"), "{priority}: {output}");
    }
}

#[test]
fn knot_answers_for_its_zone() {
    let server = knot::knotd("zone.test", "www A 127.0.0.2\nwww AAAA ::1\n* CNAME www");
    // One query in wire form (RFC 1035 section 4.1): www.zone.test, type A, class IN.
    let query =
        b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x04zone\x04test\x00\x00\x01\x00\x01";
    let socket = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.set_read_timeout(Some(std::time::Duration::from_secs(10))).unwrap();
    socket.send_to(query, server.address).unwrap();
    let mut answer = [0; 512];
    let length = socket.recv(&mut answer).unwrap();
    assert!(answer[..length].ends_with(&[127, 0, 0, 2]));
}

/// Runs the estate's hosts while a blocking client looks at them.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

fn host(role: Role) -> Host {
    Host::start((Ipv4Addr::LOCALHOST, 0).into(), role, Limits::default()).unwrap()
}

#[test]
fn openssl_takes_the_scripted_flights_up_to_the_key_exchange() {
    let runtime = runtime();
    let _inside = runtime.enter();
    let authority = authority();
    let identity = authority.issue(&Leaf::new(NAME)).unwrap();
    let old = |version| Flight::old(version, identity.clone());
    for (flight, version) in [
        (old(ProtocolVersion::TLSv1_0), "-tls1"),
        (old(ProtocolVersion::TLSv1_1), "-tls1_1"),
        (Flight::tls12(identity.clone()), "-tls1_2"),
    ] {
        let host = host(Role::Script(Script::flight(flight)));
        let arguments = [&OLD[..], &[version]].concat();
        let output = s_client(host.address(), NAME, &authority.root_pem(), &arguments);
        assert!(served(&output) == identity.chain, "{version}: {output}");
        // The signature over the share was right: the client went on, and it is the host that gives up.
        assert!(output.contains("alert handshake failure"), "{version}: {output}");
    }
}

#[test]
fn openssl_takes_a_chain_with_a_short_key_and_one_of_98_kb() {
    let runtime = runtime();
    let _inside = runtime.enter();
    let authority = authority();
    let short = authority.issue(&Leaf::new(NAME).key(LeafKey::Rsa1024)).unwrap();
    let large = authority.deep_chain(&Leaf::new(NAME), 2, 98_000).unwrap();
    let scripted = |flight| Role::Script(Script::flight(flight));
    for (role, identity) in [
        (scripted(Flight::tls12_rsa(short.clone())), &short),
        (scripted(Flight::tls12(large.clone())), &large),
        (TlsHost::new(large.clone()).role().unwrap(), &large),
    ] {
        let host = host(role);
        let output = s_client(host.address(), NAME, &authority.root_pem(), &OLD);
        assert!(served(&output) == identity.chain, "{output}");
    }
}

#[test]
fn openssl_trusts_a_sound_host_of_the_estate() {
    let runtime = runtime();
    let _inside = runtime.enter();
    let authority = authority();
    let identity = authority.deep_chain(&Leaf::new(NAME), 9, 0).unwrap();
    let host = host(TlsHost::new(identity.clone()).role().unwrap());
    let output = s_client(host.address(), NAME, &authority.root_pem(), &[]);
    assert!(output.contains("Verify return code: 0 (ok)"), "{output}");
    assert!(served(&output) == identity.chain, "{output}");
}

/// What the prober sees of a real server at standard depth.
fn probe(address: std::net::SocketAddr, depth: Depth) -> Handshake<RawChain> {
    let pace = Pace { rate: None, per_host_rate: None, per_network_rate: None, ..Pace::default() };
    let prober = Prober::new(ProbeSettings { depth, ..ProbeSettings::default() }, pace).unwrap();
    let endpoint = Endpoint::tcp(address, ServerName::parse(NAME).ok());
    match runtime().block_on(prober.visit(&endpoint)) {
        Outcome::Handshake(handshake) => *handshake,
        other => panic!("{address}, {depth:?}: {other:?}"),
    }
}

fn is(chain: &RawChain, identity: &Identity) -> bool {
    chain.ders().eq(identity.chain.iter().map(Vec::as_slice))
}

#[test]
fn we_find_both_chains_of_nginx() {
    let authority = authority();
    let ecdsa = authority.issue(&Leaf::new(NAME)).unwrap();
    let rsa = authority.issue(&Leaf::new(NAME).key(LeafKey::Rsa2048)).unwrap();
    let nginx = Nginx::modern(vec![&ecdsa, &rsa]).start();
    let seen = probe(nginx.address, Depth::Standard);
    assert_eq!(seen.tls.version, Some(ProtocolVersion::TLSv1_3));
    assert_eq!(seen.tls.possession_proved, Some(true));
    assert_eq!(seen.tls.alpn.as_ref().map(|alpn| alpn.raw()), Some("h2"));
    assert_eq!(seen.other_chains.len(), 1);
    let mut chains = [&seen.presented, &seen.other_chains[0].presented];
    chains.sort_by_key(|chain| !is(chain, &ecdsa));
    assert!(is(chains[0], &ecdsa) && is(chains[1], &rsa));
}

#[test]
fn a_sweep_leaves_no_line_in_the_log_of_nginx() {
    let authority = authority();
    let identity = authority.issue(&Leaf::new(NAME)).unwrap();
    for protocols in ["TLSv1.2", "TLSv1.3"] {
        let nginx = Nginx { protocols, log_level: "error", ..Nginx::modern(vec![&identity]) }.start();
        assert!(is(&probe(nginx.address, Depth::Sweep).presented, &identity));
        // The next visit is served after the first one was dealt with: one process, one event loop.
        assert!(is(&probe(nginx.address, Depth::Sweep).presented, &identity));
        assert_eq!(nginx.log(), "", "{protocols}");
    }
}

#[test]
fn we_capture_nginx_at_tls_1_0() {
    let authority = authority();
    let rsa = authority.issue(&Leaf::new(NAME).key(LeafKey::Rsa2048)).unwrap();
    let nginx = Nginx::old(&rsa).start();
    for depth in [Depth::Sweep, Depth::Standard] {
        let seen = probe(nginx.address, depth);
        assert!(is(&seen.presented, &rsa));
        assert_eq!(seen.tls.version, Some(ProtocolVersion::TLSv1_0));
    }
}

#[test]
fn we_capture_openssl_at_every_version() {
    let authority = authority();
    let rsa = authority.issue(&Leaf::new(NAME).key(LeafKey::Rsa2048)).unwrap();
    for (option, version) in [
        ("-tls1", ProtocolVersion::TLSv1_0),
        ("-tls1_1", ProtocolVersion::TLSv1_1),
        ("-tls1_2", ProtocolVersion::TLSv1_2),
        ("-tls1_3", ProtocolVersion::TLSv1_3),
    ] {
        let server = old_s_server(&rsa, option);
        for depth in [Depth::Sweep, Depth::Standard] {
            let seen = probe(server.address, depth);
            assert!(is(&seen.presented, &rsa), "{option}");
            assert_eq!(seen.tls.version, Some(version));
        }
    }
}

#[test]
fn we_capture_a_server_that_insists_on_a_client_certificate() {
    let authority = authority();
    let identity = authority.issue(&Leaf::new(NAME)).unwrap();
    for version in ["-tls1_2", "-tls1_3"] {
        let server = strict_s_server(&identity, version);
        for depth in [Depth::Sweep, Depth::Standard] {
            assert!(is(&probe(server.address, depth).presented, &identity), "{version}, {depth:?}");
        }
        let seen = probe(server.address, Depth::Standard);
        assert_eq!(seen.tls.client_auth, ClientAuth::Required, "{version}");
        assert_eq!(seen.tls.ended_by, Some(EndedBy::ClientAuth), "{version}");
    }
}

#[test]
fn we_capture_gnutls() {
    let authority = authority();
    let identity = authority.issue(&Leaf::new(NAME)).unwrap();
    for priority in ["NORMAL:-VERS-ALL:+VERS-TLS1.2", "NORMAL:-VERS-ALL:+VERS-TLS1.3"] {
        let server = gnutls::gnutls_serv(&identity, priority);
        for depth in [Depth::Sweep, Depth::Standard] {
            let seen = probe(server.address, depth);
            assert!(is(&seen.presented, &identity), "{priority}");
            assert_eq!(seen.tls.possession_proved, (depth == Depth::Standard).then_some(true), "{priority}");
        }
    }
}

#[test]
fn the_resolver_asks_a_real_name_server() {
    let server = knot::knotd(
        "zone.test",
        "www A 127.0.0.2\nwww A 127.0.0.1\nwww AAAA ::1\nalias CNAME www\ntext TXT \"x\"",
    );
    let resolver = HickoryResolver::at(server.address, std::time::Duration::from_secs(10)).unwrap();
    let addresses = |name: &str| runtime().block_on(resolver.addresses(&ServerName::parse(name).unwrap()));
    let all: Vec<std::net::IpAddr> = ["127.0.0.1", "127.0.0.2", "::1"].map(|ip| ip.parse().unwrap()).into();
    assert_eq!(addresses("www.zone.test"), Ok(all.clone()));
    assert_eq!(addresses("alias.zone.test"), Ok(all));
    assert_eq!(addresses("text.zone.test"), Err(DnsError::NoAddress));
    assert_eq!(addresses("absent.zone.test"), Err(DnsError::NoSuchName));
}
