//! POODLE against TLS and padding oracles, against hosts that have them and hosts that do not.

use crate::model::finding::EvidenceValue;
use crate::model::{Inspection, Probe, Reaction};
use crate::probe::deep::session_hosts::{CBC, GCM, changing, host, inspected, sound};
use crate::probe::deep::test_hosts::inspecting;
use crate::probe::deep::weaknesses::{padding_oracle, poodle_tls};
use crate::probe::test_hosts::Host;
use crate::tls::session::test_server::{Does, Manners};
use crate::tls::{CipherSuite, ProtocolVersion};

const BAD_RECORD_MAC: u8 = 20;
const DECRYPTION_FAILED: u8 = 21;
const HANDSHAKE_FAILURE: u8 = 40;
const TLS12: ProtocolVersion = ProtocolVersion::TLSv1_2;

async fn poodle(host: &Host, inspection: &Inspection) -> (Probe, usize) {
    let probe = inspecting(host, async |host| poodle_tls::probe(host, inspection).await).await;
    (probe, host.accepted())
}

async fn oracle(host: &Host, inspection: &Inspection) -> (Probe, usize) {
    let probe = inspecting(host, async |host| padding_oracle::probe(host, inspection).await).await;
    (probe, host.accepted())
}

fn seen(probe: &Probe) -> &[String] {
    let found = probe.evidence.0.iter().find(|(key, _)| key == "seen");
    match found {
        Some((_, EvidenceValue::List(seen))) => seen,
        other => panic!("{other:?}"),
    }
}

fn is_open(probe: &Probe) -> bool {
    matches!(probe.reaction, Reaction::NotDetermined(_))
}

#[tokio::test]
async fn a_server_that_does_not_check_padding_has_poodle_in_every_version() {
    for version in [ProtocolVersion::TLSv1_0, ProtocolVersion::TLSv1_1, TLS12] {
        for suite in [CBC, CipherSuite::TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA] {
            let manners = Manners { on_bad_padding: Does::Accept, ..Manners::sound(version, suite) };
            let (probe, connections) = poodle(&host(manners).await, &inspected(version, &[GCM, suite])).await;
            assert_eq!((&probe.reaction, connections), (&Reaction::Weak, 2));
            let expected = [
                "Finished with wrong padding: taken",
                "Finished with wrong padding, then a wrong MAC: taken, the wrong MAC refused",
            ];
            assert_eq!(seen(&probe), expected);
        }
    }
}

#[tokio::test]
async fn a_server_that_checks_padding_has_no_poodle() {
    for (does, most) in
        [(Does::Alert(BAD_RECORD_MAC), 1), (Does::AlertInClear(BAD_RECORD_MAC), 1), (Does::HangUp, 2)]
    {
        let manners = Manners { on_bad_padding: does, ..sound(CBC) };
        let (probe, connections) = poodle(&host(manners).await, &inspected(TLS12, &[CBC])).await;
        assert_eq!((&probe.reaction, connections), (&Reaction::Sound, most), "{does:?}: {probe:?}");
    }
}

#[tokio::test]
async fn a_doubtful_poodle_is_not_a_finding() {
    let padding = |on_bad_padding| Manners { on_bad_padding, ..sound(CBC) };
    // Takes it once; says nothing; checks nothing at all; refuses everybody.
    let once = changing(move |n| padding(if n == 1 { Does::Accept } else { Does::HangUp })).await;
    let silent = host(padding(Does::Ignore)).await;
    let blind = host(Manners { on_bad_mac: Does::Ignore, on_bad_padding: Does::Accept, ..sound(CBC) }).await;
    let refusing = Host::resetting().await;
    for host in [once, silent, blind, refusing] {
        let (probe, connections) = poodle(&host, &inspected(TLS12, &[CBC])).await;
        assert!(is_open(&probe), "{probe:?}");
        assert!(connections <= 3, "a reset at connect is tried again");
    }
}

#[tokio::test]
async fn a_server_that_reacts_alike_has_no_oracle() {
    for does in [Does::Alert(BAD_RECORD_MAC), Does::AlertInClear(BAD_RECORD_MAC), Does::HangUp] {
        let manners =
            Manners { on_bad_mac: does, on_bad_padding: does, on_overlong_padding: does, ..sound(CBC) };
        let (probe, connections) = oracle(&host(manners).await, &inspected(TLS12, &[CBC])).await;
        assert_eq!((&probe.reaction, connections), (&Reaction::Sound, 5), "{does:?}: {probe:?}");
        assert_eq!(seen(&probe).len(), 5);
    }
}

#[tokio::test]
async fn a_server_that_tells_padding_from_mac_has_an_oracle() {
    for (padding, overlong) in [
        (Does::Alert(DECRYPTION_FAILED), Does::Alert(BAD_RECORD_MAC)),
        (Does::HangUp, Does::Alert(BAD_RECORD_MAC)),
        (Does::AlertInClear(BAD_RECORD_MAC), Does::Alert(BAD_RECORD_MAC)),
        (Does::Accept, Does::Alert(BAD_RECORD_MAC)),
        (Does::Alert(BAD_RECORD_MAC), Does::Alert(22)),
    ] {
        let manners = Manners { on_bad_padding: padding, on_overlong_padding: overlong, ..sound(CBC) };
        let (probe, connections) = oracle(&host(manners).await, &inspected(TLS12, &[CBC])).await;
        assert_eq!((&probe.reaction, connections), (&Reaction::Weak, 10), "{padding:?}: {probe:?}");
        assert_eq!(seen(&probe)[0], "wrong MAC: alert bad_record_mac, closed");
        assert_eq!(seen(&probe)[5], seen(&probe)[0]);
        assert!(seen(&probe)[1..5].contains(&seen(&probe)[6]));
    }
}

#[tokio::test]
async fn a_server_that_takes_turns_has_no_oracle_that_can_be_told() {
    let turns = |n| {
        let does = Does::Alert(if n % 4 == 0 { HANDSHAKE_FAILURE } else { BAD_RECORD_MAC });
        Manners { on_bad_mac: does, on_bad_padding: does, on_overlong_padding: does, ..sound(CBC) }
    };
    let (probe, _) = oracle(&changing(turns).await, &inspected(TLS12, &[CBC])).await;
    assert!(is_open(&probe), "{probe:?}");
}

#[tokio::test]
async fn a_server_that_ignores_malformed_records_is_not_judged() {
    let manners = Manners {
        on_bad_mac: Does::Ignore,
        on_bad_padding: Does::Ignore,
        on_overlong_padding: Does::Ignore,
        on_close_notify: Does::Ignore,
        ..sound(CBC)
    };
    let (probe, _) = oracle(&host(manners).await, &inspected(TLS12, &[CBC])).await;
    assert!(is_open(&probe), "{probe:?}");
}

#[tokio::test]
async fn without_a_cbc_suite_there_is_nothing_to_ask() {
    let modern = inspected(ProtocolVersion::TLSv1_3, &[CipherSuite::TLS_AES_128_GCM_SHA256]);
    let camellia = [CipherSuite::TLS_RSA_WITH_CAMELLIA_128_CBC_SHA];
    let host = host(sound(GCM)).await;
    for (inspection, expected) in [
        (inspected(TLS12, &[GCM]), Some(Reaction::NotApplicable)),
        (modern, Some(Reaction::NotApplicable)),
        (inspected(TLS12, &camellia), None),
        (Inspection::default(), None),
    ] {
        for probe in [poodle(&host, &inspection).await.0, oracle(&host, &inspection).await.0] {
            match &expected {
                Some(expected) => assert_eq!(&probe.reaction, expected),
                None => assert!(is_open(&probe), "{probe:?}"),
            }
        }
    }
    assert_eq!(host.accepted(), 0);
}
