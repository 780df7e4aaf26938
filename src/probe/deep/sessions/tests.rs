//! Looks at hosts that resume, renegotiate and give tickets, and at hosts that do not.

use super::look;
use crate::model::Features;
use crate::probe::deep::session_hosts::{CBC, GCM, changing, enumerated, host, sound};
use crate::probe::deep::test_hosts::inspecting;
use crate::probe::test_hosts::{ECDSA, Host, Tls};
use crate::tls::session::test_server::{Does, Manners};
use crate::tls::{CipherSuite, ProtocolVersion};

const TLS12: ProtocolVersion = ProtocolVersion::TLSv1_2;

/// What is seen of a host, and the connections it took.
async fn looked(host: &Host, version: ProtocolVersion, suites: &[CipherSuite]) -> (Features, usize) {
    let mut features = Features::default();
    inspecting(host, async |host| look(host, &enumerated(version, suites), &mut features).await).await;
    (features, host.accepted())
}

#[tokio::test]
async fn a_host_that_does_everything_is_seen_to_in_four_connections() {
    for version in [ProtocolVersion::TLSv1_0, ProtocolVersion::TLSv1_1, TLS12] {
        let manners = Manners { on_renegotiation: Does::Accept, ..Manners::sound(version, CBC) };
        let (features, connections) = looked(&host(manners).await, version, &[GCM, CBC]).await;
        let expected = Features {
            session_tickets: Some(true),
            ticket_lifetime_seconds: Some(7200),
            resumption_by_id: Some(true),
            resumption_by_ticket: Some(true),
            secure_renegotiation: Some(true),
            client_renegotiation: Some(true),
            extended_master_secret: Some(true),
            ..Features::default()
        };
        assert_eq!((features, connections), (expected, 4), "{version}");
    }
}

#[tokio::test]
async fn a_host_that_does_nothing_of_it_is_seen_not_to_in_one() {
    let manners = Manners {
        resumes_by_id: false,
        tickets: None,
        secure_renegotiation: false,
        extended_master_secret: false,
        ..sound(GCM)
    };
    let (features, connections) = looked(&host(manners).await, TLS12, &[GCM]).await;
    let expected = Features {
        session_tickets: Some(false),
        resumption_by_id: Some(false),
        resumption_by_ticket: Some(false),
        secure_renegotiation: Some(false),
        client_renegotiation: Some(false),
        extended_master_secret: Some(false),
        ..Features::default()
    };
    assert_eq!((features, connections), (expected, 1));
}

#[tokio::test]
async fn tickets_that_are_not_taken_back_are_told_from_those_that_are() {
    let manners = Manners { resumes_by_ticket: false, resumes_by_id: false, ..sound(GCM) };
    let (features, connections) = looked(&host(manners).await, TLS12, &[GCM]).await;
    assert_eq!((features.session_tickets, features.resumption_by_ticket), (Some(true), Some(false)));
    assert_eq!((features.resumption_by_id, connections), (Some(false), 3));
}

#[tokio::test]
async fn a_renegotiation_is_refused_in_many_ways_and_silence_is_none() {
    const UNEXPECTED_MESSAGE: u8 = 10;
    for (does, expected) in [
        (Does::Warn(100), Some(false)),
        (Does::Alert(UNEXPECTED_MESSAGE), Some(false)),
        (Does::HangUp, Some(false)),
        (Does::Accept, Some(true)),
        (Does::Ignore, None),
    ] {
        let manners = Manners { on_renegotiation: does, tickets: None, ..sound(CBC) };
        let (features, connections) = looked(&host(manners).await, TLS12, &[CBC]).await;
        assert_eq!((features.client_renegotiation, connections), (expected, 2), "{does:?}");
    }
}

#[tokio::test]
async fn what_breaks_off_leaves_the_rest_open() {
    let no_second = |number| {
        let suite = if number == 1 { GCM } else { CBC };
        sound(suite)
    };
    let (features, connections) = looked(&changing(no_second).await, TLS12, &[GCM]).await;
    assert_eq!((features.session_tickets, features.resumption_by_ticket), (Some(true), None));
    assert_eq!((features.resumption_by_id, features.client_renegotiation), (None, None));
    assert_eq!(connections, 2);
}

#[tokio::test]
async fn what_is_known_already_stays() {
    let host = host(sound(GCM)).await;
    let mut features = Features { secure_renegotiation: Some(false), ..Features::default() };
    inspecting(&host, async |host| look(host, &enumerated(TLS12, &[GCM]), &mut features).await).await;
    assert_eq!(features.secure_renegotiation, Some(false));
}

#[tokio::test]
async fn a_suite_that_is_not_spoken_here_costs_no_connection() {
    let host = Host::tls(Tls::new(&[&ECDSA])).await;
    let suites = [CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256];
    assert_eq!(looked(&host, TLS12, &suites).await, (Features::default(), 0));
}

#[tokio::test]
async fn rustls_is_looked_at_up_to_tls_1_2_too() {
    let host = Host::tls(Tls { versions: vec![&rustls::version::TLS12], ..Tls::new(&[&ECDSA]) }).await;
    let suites = [CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384];
    let (features, connections) = looked(&host, TLS12, &suites).await;
    assert_eq!((features.session_tickets, features.resumption_by_id), (Some(false), Some(true)));
    assert_eq!((features.client_renegotiation, connections), (Some(false), 2));
}

#[tokio::test]
async fn tls_1_3_resumes_where_there_are_tickets() {
    for (tickets, expected, most) in [(2, (Some(true), Some(0)), 2), (0, (Some(false), Some(0)), 1)] {
        let host = Host::tls(Tls { tickets, ..Tls::new(&[&ECDSA]) }).await;
        let (features, connections) = looked(&host, ProtocolVersion::TLSv1_3, &[]).await;
        assert_eq!((features.resumption_tls13, features.early_data_bytes), expected);
        assert_eq!(connections, most);
    }
}

#[tokio::test]
async fn a_silent_host_determines_nothing() {
    let host = Host::resetting().await;
    for version in [ProtocolVersion::TLSv1_3, TLS12] {
        let (features, _) = looked(&host, version, &[GCM]).await;
        assert_eq!(features, Features::default());
    }
}
