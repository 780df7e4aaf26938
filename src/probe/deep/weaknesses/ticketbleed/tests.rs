//! Ticketbleed, against hosts that have it and hosts that do not.

use super::probe;
use crate::model::finding::EvidenceValue;
use crate::model::{Features, Inspection, Probe, Reaction};
use crate::probe::deep::session_hosts::{CBC, GCM, changing, host, inspected, sound};
use crate::probe::deep::test_hosts::inspecting;
use crate::probe::test_hosts::Host;
use crate::tls::session::test_server::{Does, Manners};
use crate::tls::{CipherSuite, ProtocolVersion};

async fn probed(host: &Host, inspection: &Inspection) -> (Probe, usize) {
    let probe = inspecting(host, async |host| probe(host, inspection).await).await;
    (probe, host.accepted())
}

#[tokio::test]
async fn a_server_that_repeats_more_than_it_was_told_bleeds() {
    for version in [ProtocolVersion::TLSv1_0, ProtocolVersion::TLSv1_2] {
        let manners = Manners { bleeds: true, ..Manners::sound(version, CBC) };
        let (probe, connections) = probed(&host(manners).await, &inspected(version, &[GCM, CBC])).await;
        assert_eq!((probe.reaction, connections), (Reaction::Weak, 3));
        let seen = "resumed, our session id of one byte repeated with 31 bytes behind it".to_owned();
        let expected = [
            ("version".into(), version.to_string().into()),
            ("cipher_suite".into(), CBC.to_string().into()),
            ("leaked_bytes".into(), 31.into()),
            ("seen".into(), EvidenceValue::List(vec![seen; 2])),
        ];
        assert_eq!(probe.evidence.0, expected, "counted, and no byte of it kept");
    }
}

#[tokio::test]
async fn a_server_that_repeats_what_it_was_told_or_does_not_resume_is_sound() {
    for manners in [
        sound(GCM),
        Manners { resumes_by_ticket: false, ..sound(GCM) },
        Manners { resumes_by_ticket: false, bleeds: true, ..sound(GCM) },
    ] {
        let (probe, connections) =
            probed(&host(manners).await, &inspected(ProtocolVersion::TLSv1_2, &[GCM])).await;
        assert_eq!((probe.reaction, connections), (Reaction::Sound, 2));
    }
}

#[tokio::test]
async fn a_server_that_bleeds_once_or_breaks_off_is_not_judged() {
    let once = changing(|n| Manners { bleeds: n == 2, ..sound(GCM) }).await;
    let breaks_off = changing(|n| if n == 1 { sound(GCM) } else { sound(CBC) }).await;
    for host in [once, breaks_off] {
        let (probe, _) = probed(&host, &inspected(ProtocolVersion::TLSv1_2, &[GCM])).await;
        assert!(matches!(probe.reaction, Reaction::NotDetermined(_)), "{probe:?}");
    }
}

#[tokio::test]
async fn without_tickets_there_is_nothing_to_bleed() {
    let tls12 = inspected(ProtocolVersion::TLSv1_2, &[GCM]);
    let without = host(Manners { tickets: None, on_renegotiation: Does::HangUp, ..sound(GCM) }).await;
    let (probe, connections) = probed(&without, &tls12).await;
    assert_eq!((probe.reaction, connections), (Reaction::NotApplicable, 1));
    let known = Inspection { features: Features { session_tickets: Some(false), ..<_>::default() }, ..tls12 };
    let modern = inspected(ProtocolVersion::TLSv1_3, &[CipherSuite::TLS_AES_128_GCM_SHA256]);
    for inspection in [known, modern] {
        let (probe, _) = probed(&without, &inspection).await;
        assert_eq!(probe.reaction, Reaction::NotApplicable);
    }
    assert_eq!(without.accepted(), 1, "no further connection");
}
