//! Probes for weaknesses against real servers. Those of today have none of them, so that each finding here would be a
//! false one; hosts that have them are played in `src/probe/deep/test_hosts.rs`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up has failed")]

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use certvigil::estate::{Identity, Leaf, LeafKey};
use certvigil::model::{Depth, Endpoint, Inspection, Outcome, ProbeName, Purpose, Reaction, ServerName};
use certvigil::probe::{Pace, ProbeSettings, Prober};
use certvigil::tls::{ProtocolVersion, Ssl2Answer, Ssl2Question, Ssl2Reply};
use support::nginx::Nginx;
use support::openssl::s_server;
use support::{Peer, authority, gnutls, java, scapy};

const NAME: &str = "a.test";

fn rsa() -> Identity {
    authority().issue(&Leaf::new(NAME).key(LeafKey::Rsa2048)).unwrap()
}

async fn inspect(peer: &Peer) -> Inspection {
    let settings = ProbeSettings { depth: Depth::Deep, ..ProbeSettings::default() };
    let prober = Prober::new(settings, Pace::unlimited()).unwrap();
    let endpoint = Endpoint::tcp(peer.address, Some(ServerName::parse(NAME).unwrap()));
    match prober.visit(&endpoint).await {
        Outcome::Handshake(handshake) => *handshake.inspection.unwrap(),
        other => panic!("{other:?}\n{}", peer.log()),
    }
}

fn reaction(inspection: &Inspection, name: ProbeName) -> &Reaction {
    &inspection.probes.iter().find(|probe| probe.name == name).unwrap().reaction
}

/// Heartbleed, CCS injection and ROBOT.
fn reactions(inspection: &Inspection) -> [&Reaction; 3] {
    [ProbeName::Heartbleed, ProbeName::CcsInjection, ProbeName::Robot].map(|name| reaction(inspection, name))
}

const SOUND: [&Reaction; 3] = [&Reaction::NotApplicable, &Reaction::Sound, &Reaction::Sound];

#[tokio::test]
async fn openssl_with_static_rsa_is_sound_in_every_version() {
    let rsa = rsa();
    for version in ["-tls1", "-tls1_1", "-tls1_2"] {
        let server = s_server(&rsa, &[version, "-cipher", "kRSA:@SECLEVEL=0"]);
        let inspection = inspect(&server).await;
        assert_eq!(reactions(&inspection), SOUND, "{version}");
        let spent =
            inspection.connections.iter().find(|(purpose, _)| *purpose == Purpose::Weaknesses).unwrap();
        println!("{version}: {spent:?}");
    }
}

#[tokio::test]
async fn openssl_without_static_rsa_has_no_robot() {
    let server = s_server(&rsa(), &["-tls1_2", "-cipher", "ECDHE"]);
    let inspection = inspect(&server).await;
    assert_eq!(
        reactions(&inspection),
        [&Reaction::NotApplicable, &Reaction::Sound, &Reaction::NotApplicable]
    );
    let server = s_server(&rsa(), &["-tls1_3"]);
    assert_eq!(reactions(&inspect(&server).await), [&Reaction::NotApplicable; 3]);
}

#[tokio::test]
async fn a_server_that_insists_on_a_client_certificate_is_sound_or_not_determined() {
    let server = s_server(&rsa(), &["-tls1_2", "-cipher", "kRSA", "-Verify", "1", "-verify_return_error"]);
    let inspection = inspect(&server).await;
    assert_eq!(reaction(&inspection, ProbeName::CcsInjection), &Reaction::Sound);
    assert!(matches!(reaction(&inspection, ProbeName::Robot), Reaction::NotDetermined(_)), "{inspection:?}");
}

#[tokio::test]
async fn nginx_is_sound() {
    let rsa = rsa();
    let mut nginx = Nginx::modern(vec![&rsa]);
    nginx.protocols = "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3";
    nginx.ciphers = "ALL:COMPLEMENTOFALL:@SECLEVEL=0";
    assert_eq!(reactions(&inspect(&nginx.start()).await), SOUND);
}

#[tokio::test]
async fn gnutls_answers_heartbeats_and_is_sound() {
    let server = gnutls::gnutls_serv_with(&rsa(), "NORMAL:+RSA:+VERS-TLS1.0:+VERS-TLS1.1", &["--heartbeat"]);
    let inspection = inspect(&server).await;
    assert_eq!(reactions(&inspection), [&Reaction::Sound; 3]);
    assert_eq!(inspection.features.heartbeat, Some(true));
}

#[tokio::test]
async fn java_is_sound_from_ssl3_on() {
    let rsa = rsa();
    for protocols in ["SSLv3", "SSLv3,TLSv1,TLSv1.1,TLSv1.2"] {
        let server = java::legacy_server(&rsa, protocols, "(TLS|SSL)_RSA_WITH_.*");
        let inspection = inspect(&server).await;
        assert_eq!(reactions(&inspection), SOUND, "{protocols}");
    }
}

#[test]
fn a_real_ssl2_server_shows_its_ciphers_and_its_certificate() {
    let identity = rsa();
    let server = scapy::ssl2_server(&identity);
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(&Ssl2Question::hello(&[7; 16])).unwrap();
    let mut reply = Ssl2Reply::default();
    let mut buffer = [0; 4_096];
    let answer = loop {
        let count = stream.read(&mut buffer).unwrap();
        if let Some(answer) = reply.feed(&buffer[..count]) {
            break answer;
        }
        assert!(count > 0, "{}", server.log());
    };
    let Ssl2Answer::Offered { mut ciphers, certificate } = answer else { panic!("{answer:?}") };
    assert_eq!(certificate.as_deref(), Some(identity.chain[0].as_slice()));
    let mut offered = Ssl2Question::CIPHERS;
    ciphers.sort();
    offered.sort();
    assert_eq!(ciphers, offered);
}

#[tokio::test]
async fn an_ssl2_server_is_found_by_a_deep_inspection() {
    let server = scapy::ssl2_server(&rsa());
    let inspection = inspect(&server).await;
    let ssl2 = inspection.versions.iter().find(|facts| facts.version == ProtocolVersion::SSLv2).unwrap();
    assert_eq!(ssl2.offered, Some(true), "{inspection:?}");
}

#[tokio::test]
async fn a_server_of_anonymous_suites_alone_is_a_failure_with_an_inspection() {
    let server = s_server(&rsa(), &["-nocert", "-tls1_2", "-cipher", "aNULL:@SECLEVEL=0"]);
    let prober = Prober::new(ProbeSettings::at(Depth::Deep), Pace::unlimited()).unwrap();
    let outcome = prober.visit(&Endpoint::tcp(server.address, None)).await;
    let Outcome::Failure(failure) = outcome else { panic!("{outcome:?}") };
    assert_eq!(failure.code(), "handshake.no_certificate");
    let inspection = failure.inspection.unwrap();
    let spoken: Vec<_> = inspection.offered().collect();
    assert!(matches!(&*spoken, [facts] if facts.version == ProtocolVersion::TLSv1_2), "{inspection:?}");
    let suites = &spoken[0].cipher_suites;
    assert!(spoken[0].suites_complete && suites.len() >= 10, "{suites:?}");
    for suite in suites {
        assert!(suite.to_string().contains("_anon_"), "{suite}");
    }
    println!("anonymous: {:?}", inspection.connections);
}
