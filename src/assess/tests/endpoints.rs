//! What was negotiated, and endpoints without a chain.

use super::pki::{Authority, Judge, chain, rules, served, verdict};
use crate::model::{Failure, Observation, Outcome, Reason, Rule, Severity, Stage, TlsFacts};
use crate::tls::{CipherSuite, NamedGroup, ProtocolVersion};

fn judged(tls: TlsFacts) -> Vec<Rule> {
    let corp = Authority::new("Corp");
    let observation = served(chain(&[&corp.end_entity().der, &corp.intermediate.der]), tls);
    rules(&Judge::with(vec![corp.store()]).assess(&observation))
}

#[test]
fn versions_before_tls_1_2_are_obsolete() {
    for version in [
        ProtocolVersion::SSLv2,
        ProtocolVersion::SSLv3,
        ProtocolVersion::TLSv1_0,
        ProtocolVersion::TLSv1_1,
        ProtocolVersion::DTLSv1_0,
    ] {
        assert_eq!(
            judged(TlsFacts { version: Some(version), ..TlsFacts::default() }),
            [Rule::ObsoleteVersion]
        );
    }
    for version in [ProtocolVersion::TLSv1_2, ProtocolVersion::TLSv1_3, ProtocolVersion::DTLSv1_2] {
        assert_eq!(judged(TlsFacts { version: Some(version), ..TlsFacts::default() }), []);
    }
}

#[test]
fn a_weak_suite_is_medium() {
    let weak = CipherSuite::from_name("TLS_RSA_WITH_3DES_EDE_CBC_SHA");
    assert_eq!(
        judged(TlsFacts { cipher_suite: weak, ..TlsFacts::default() }),
        if weak.is_some() { vec![Rule::WeakCipher] } else { vec![] }
    );
    let unknown = Some(CipherSuite(0xfafa));
    assert_eq!(judged(TlsFacts { cipher_suite: unknown, ..TlsFacts::default() }), []);
}

#[test]
fn a_classical_group_is_noted_only_where_a_hybrid_one_was_offered() {
    let classical = TlsFacts {
        version: Some(ProtocolVersion::TLSv1_3),
        group: Some(NamedGroup::x25519),
        completed: Some(true),
        ..TlsFacts::default()
    };
    assert_eq!(judged(classical.clone()), [Rule::NoPostQuantum]);
    let hybrid = TlsFacts { group: Some(NamedGroup::X25519MLKEM768), ..classical.clone() };
    assert_eq!(judged(hybrid), []);
    let sweep = TlsFacts { completed: Some(false), ..classical.clone() };
    assert_eq!(judged(sweep), []);
    let older = TlsFacts { version: Some(ProtocolVersion::TLSv1_2), ..classical.clone() };
    assert_eq!(judged(older), []);
    assert_eq!(judged(TlsFacts { group: None, ..classical }), []);
}

#[test]
fn a_server_without_its_key_is_high() {
    let without = TlsFacts { possession_proved: Some(false), ..TlsFacts::default() };
    assert_eq!(judged(without), [Rule::PossessionNotProved]);
    assert_eq!(judged(TlsFacts { possession_proved: Some(true), ..TlsFacts::default() }), []);
}

fn failed(reason: Reason) -> Observation {
    let observation = served(chain(&[]), TlsFacts::default());
    let failure = Failure::new(Stage::Connect, reason, "peer said \u{1b}[0m");
    Observation { outcome: Outcome::Failure(failure), ..observation }
}

#[test]
fn a_named_target_without_a_chain_is_high_and_says_what_to_do() {
    let judge = Judge { named: true, ..Judge::with(Vec::new()) };
    for reason in Reason::ALL {
        let assessment = judge.assess(&failed(reason));
        assert_eq!(rules(&assessment), [Rule::NotMeasured]);
        assert!(assessment.chains.is_empty());
        let verdict = verdict(&assessment, Rule::NotMeasured);
        assert_eq!(verdict.severity, Severity::High);
        assert!(!verdict.remediation.is_empty());
        assert!(!verdict.detail.contains('\u{1b}'));
    }
    let refused = judge.assess(&failed(Reason::Refused));
    assert!(refused.verdicts[0].title.contains("connection refused"));
}

#[test]
fn an_address_of_a_range_is_silent_unless_it_was_seen_before() {
    let mut judge = Judge::with(Vec::new());
    assert_eq!(rules(&judge.assess(&failed(Reason::Timeout))), []);
    judge.seen_before = true;
    assert_eq!(rules(&judge.assess(&failed(Reason::Timeout))), [Rule::Unreachable]);
}
