//! The probes against hosts that have the weakness, that do not, and that behave oddly.

use std::time::Duration;

use crate::model::finding::EvidenceValue;
use crate::model::{Evidence, Inspection, Probe, ProbeName, Reaction, VersionFacts};
use crate::probe::ProbeSettings;
use crate::probe::deep::test_hosts::{Manner, host, inspecting, inspecting_with, speaking};
use crate::probe::test_hosts::{self, ECDSA, Tls};
use crate::tls::{CipherSuite, ProtocolVersion};

/// What a probe says of a host of this manner, and the connections it took.
async fn probed(name: ProbeName, manner: Manner) -> (Probe, usize) {
    let host = host(manner).await;
    let probe = run(name, &host, &Inspection::default()).await;
    (probe, host.accepted())
}

async fn run(name: ProbeName, host: &test_hosts::Host, inspection: &Inspection) -> Probe {
    run_with(ProbeSettings::default(), name, host, inspection).await
}

async fn run_with(
    settings: ProbeSettings,
    name: ProbeName,
    host: &test_hosts::Host,
    inspection: &Inspection,
) -> Probe {
    inspecting_with(settings, host, async |host| match name {
        ProbeName::Heartbleed => super::heartbleed::probe(host, inspection).await,
        ProbeName::CcsInjection => super::ccs_injection::probe(host, inspection).await,
        _ => super::robot::probe(host, inspection).await,
    })
    .await
}

fn evidence<'a>(evidence: &'a Evidence, key: &str) -> Option<&'a EvidenceValue> {
    evidence.0.iter().find(|(k, _)| *k == key).map(|(_, value)| value)
}

/// Nothing up to TLS 1.2.
fn modern() -> Inspection {
    let versions =
        super::OLDER.map(|version| VersionFacts { offered: Some(false), ..VersionFacts::new(version) });
    Inspection { versions: versions.to_vec(), ..Inspection::default() }
}

#[tokio::test]
async fn a_server_that_bleeds_twice_is_weak_and_its_bytes_are_only_counted() {
    let (probe, connections) = probed(ProbeName::Heartbleed, Manner::Bleeds).await;
    assert_eq!((probe.reaction, connections), (Reaction::Weak, 2));
    assert_eq!(evidence(&probe.evidence, "leaked_bytes"), Some(&64.into()));
    assert_eq!(evidence(&probe.evidence, "version"), Some(&"TLSv1.2".into()));
    assert_eq!(probe.evidence.0.len(), 2);
}

#[tokio::test]
async fn a_server_that_keeps_its_memory_is_sound_after_one_connection() {
    for manner in [Manner::AnswersHeartbeats, Manner::IgnoresHeartbeats, Manner::HangsUp] {
        let (probe, connections) = probed(ProbeName::Heartbleed, manner).await;
        assert_eq!((probe.reaction, connections), (Reaction::Sound, 1), "{manner:?}");
    }
}

#[tokio::test]
async fn a_server_without_heartbeats_has_no_heartbleed() {
    for manner in [Manner::Sound, Manner::RefusesHello] {
        let (probe, connections) = probed(ProbeName::Heartbleed, manner).await;
        assert_eq!((probe.reaction, connections), (Reaction::NotApplicable, 1), "{manner:?}");
    }
}

#[tokio::test]
async fn a_doubtful_heartbeat_is_not_a_finding() {
    for manner in [Manner::BleedsOnce, Manner::AnswersNonsense] {
        let (probe, _) = probed(ProbeName::Heartbleed, manner).await;
        assert!(matches!(probe.reaction, Reaction::NotDetermined(_)), "{manner:?}: {:?}", probe.reaction);
    }
}

#[tokio::test]
async fn a_server_that_takes_an_early_change_cipher_spec_is_weak() {
    let (probe, connections) = probed(ProbeName::CcsInjection, Manner::TakesEarlyCcs).await;
    assert_eq!((probe.reaction, connections), (Reaction::Weak, 2));
    assert_eq!(evidence(&probe.evidence, "alert"), Some(&"bad_record_mac".into()));
}

#[tokio::test]
async fn a_server_that_refuses_it_early_or_late_is_sound() {
    for manner in [Manner::Sound, Manner::RefusesLate, Manner::HangsUp] {
        let (probe, connections) = probed(ProbeName::CcsInjection, manner).await;
        assert_eq!((probe.reaction, connections), (Reaction::Sound, 1), "{manner:?}");
    }
}

#[tokio::test]
async fn silence_about_an_early_change_cipher_spec_is_not_a_finding() {
    let (probe, _) = probed(ProbeName::CcsInjection, Manner::Dumb).await;
    assert!(matches!(probe.reaction, Reaction::NotDetermined(_)), "{:?}", probe.reaction);
    let (probe, _) = probed(ProbeName::CcsInjection, Manner::RefusesHello).await;
    assert_eq!(probe.reaction, Reaction::NotApplicable);
}

#[tokio::test]
async fn a_server_without_an_oracle_takes_ten_connections() {
    for manner in [Manner::Sound, Manner::HangsUp] {
        let (probe, connections) = probed(ProbeName::Robot, manner).await;
        assert_eq!((probe.reaction, connections), (Reaction::Sound, 10), "{manner:?}");
    }
    let old = speaking(Manner::Sound, ProtocolVersion::TLSv1_0).await;
    assert_eq!(run(ProbeName::Robot, &old, &Inspection::default()).await.reaction, Reaction::Sound);
}

#[tokio::test]
async fn an_oracle_is_found_with_its_strength_and_where_it_speaks() {
    for (manner, oracle, flow) in [
        (Manner::TellsStart, "strong", "with ChangeCipherSpec and Finished"),
        (Manner::TellsPadding, "weak", "with ChangeCipherSpec and Finished"),
        (Manner::TellsEarly, "weak", "ClientKeyExchange alone"),
    ] {
        let (probe, _) = probed(ProbeName::Robot, manner).await;
        assert_eq!(probe.reaction, Reaction::Weak, "{manner:?}");
        assert_eq!(evidence(&probe.evidence, "oracle"), Some(&oracle.into()), "{manner:?}");
        assert_eq!(evidence(&probe.evidence, "flow"), Some(&flow.into()), "{manner:?}");
        let Some(EvidenceValue::List(reactions)) = evidence(&probe.evidence, "reactions") else { panic!() };
        assert_eq!(reactions.len(), 5);
        assert!(reactions.contains(&"wrong first bytes: handshake_failure".to_owned()), "{reactions:?}");
    }
}

#[tokio::test]
async fn reactions_that_change_from_one_time_to_the_next_are_not_a_finding() {
    let (probe, connections) = probed(ProbeName::Robot, Manner::TakesTurns).await;
    assert!(matches!(probe.reaction, Reaction::NotDetermined(_)), "{:?}", probe.reaction);
    assert_eq!(connections, 20);
    let (probe, _) = probed(ProbeName::Robot, Manner::WantsCertificate).await;
    assert!(matches!(probe.reaction, Reaction::NotDetermined(_)), "{:?}", probe.reaction);
}

#[tokio::test]
async fn what_is_known_to_be_refused_is_not_asked_for() {
    let host = host(Manner::Bleeds).await;
    let probes = inspecting(&host, async |host| super::probe(host, &modern()).await).await;
    assert!(probes.iter().all(|probe| probe.reaction == Reaction::NotApplicable), "{probes:?}");
    let mut forward_secret = modern();
    let facts = &mut forward_secret.versions[3];
    facts.offered = Some(true);
    facts.suites_complete = true;
    facts.cipher_suites = vec![CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256];
    let probe = run(ProbeName::Robot, &host, &forward_secret).await;
    assert_eq!(probe.reaction, Reaction::NotApplicable);
    assert_eq!(host.accepted(), 0);
    let (probe, connections) = probed(ProbeName::Robot, Manner::RefusesHello).await;
    assert_eq!((probe.reaction, connections), (Reaction::NotApplicable, 1));
}

#[test]
fn the_newest_version_with_such_suites_is_asked() {
    let mut inspection = modern();
    let [old, new] = [CipherSuite::TLS_RSA_WITH_RC4_128_SHA, CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA];
    inspection.versions[1].cipher_suites = vec![new, old];
    inspection.versions[2].cipher_suites = vec![new];
    assert_eq!(super::newest_with(&inspection, |_| true), (ProtocolVersion::TLSv1_1, vec![new]));
    assert_eq!(super::newest_with(&inspection, |suite| suite == old), (ProtocolVersion::TLSv1_0, vec![old]));
    assert_eq!(super::newest_with(&modern(), |_| true), (ProtocolVersion::TLSv1_2, Vec::new()));
}

/// Those of this file.
const NAMES: [ProbeName; 3] = [ProbeName::Heartbleed, ProbeName::CcsInjection, ProbeName::Robot];

#[tokio::test]
async fn a_server_of_today_is_sound_after_one_connection_each() {
    let host = test_hosts::Host::tls(Tls::new(&[&ECDSA])).await;
    for (number, name) in NAMES.into_iter().enumerate() {
        let probe = run(name, &host, &Inspection::default()).await;
        let expected =
            if name == ProbeName::CcsInjection { Reaction::Sound } else { Reaction::NotApplicable };
        assert_eq!((probe.name, probe.reaction), (name, expected));
        assert_eq!(host.accepted(), number + 1);
    }
}

#[tokio::test]
async fn a_silent_host_is_not_determined() {
    let host = test_hosts::Host::silent().await;
    tokio::time::pause();
    for name in NAMES {
        let probe = run(name, &host, &Inspection::default()).await;
        assert!(matches!(probe.reaction, Reaction::NotDetermined(_)), "{probe:?}");
    }
}

#[tokio::test]
async fn silence_that_was_not_waited_for_is_not_determined() {
    let settings =
        ProbeSettings { handshake_timeout: Duration::from_millis(400), ..ProbeSettings::default() };
    for (name, manner) in
        [(ProbeName::Heartbleed, Manner::IgnoresHeartbeats), (ProbeName::Robot, Manner::Dumb)]
    {
        let host = host(manner).await;
        let probe = run_with(settings.clone(), name, &host, &Inspection::default()).await;
        assert!(matches!(probe.reaction, Reaction::NotDetermined(_)), "{probe:?}");
    }
}
