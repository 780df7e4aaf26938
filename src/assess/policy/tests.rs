//! What policies say of observations: scopes, dates, exceptions.

use std::sync::Arc;

use super::{Policies, PolicyContext};
use crate::assess::tests::inspected::{accepting, observed, of, sound, with_prime};
use crate::assess::tests::pki::{Authority, NOW, Recipe, chain, served, store};
use crate::assess::{Context, NoInventory, PathCache, assess};
use crate::model::{
    Choice, DateBasis, Demand, Feature, Inspection, KeyDemand, LeafDemand, Level, Observation, Outcome,
    PathPosition, Place, Policy, PolicyDefinition, PolicyException, PolicyOutcome, PolicyRule, PolicyStatus,
    PolicyVerdict, Rule, RuleDates, RuleDefinition, RuleOutcome, Severity, Thresholds, TlsFacts, TrustStore,
    When,
};
use crate::time::{DAY_SECONDS, UnixTime};
use crate::tls::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};

const TLS12: ProtocolVersion = ProtocolVersion::TLSv1_2;
const TLS13: ProtocolVersion = ProtocolVersion::TLSv1_3;
const SUITE: CipherSuite = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;

fn rule(demand: Demand) -> RuleDefinition {
    RuleDefinition {
        rule: Arc::new(PolicyRule {
            id: "R".into(),
            level: Level::Must,
            text: "".into(),
            source: "".into(),
            remedy: "".into(),
            note: None,
        }),
        severity: Severity::High,
        inherited_from: None,
        when: When::default(),
        demand,
        dates: RuleDates::default(),
    }
}

fn at(level: Level, mut rule: RuleDefinition) -> RuleDefinition {
    Arc::make_mut(&mut rule.rule).level = level;
    rule
}

fn policy(rules: Vec<RuleDefinition>) -> PolicyDefinition {
    PolicyDefinition {
        policy: Arc::new(Policy {
            name: "test".into(),
            version: "1".into(),
            source: "".into(),
            status: PolicyStatus::Final,
            retrieved: None,
        }),
        scope: Place::default(),
        rules,
        exceptions: Vec::new(),
    }
}

fn verdicts(
    definition: PolicyDefinition,
    observation: &Observation,
    stores: &[TrustStore],
    tags: &[String],
) -> Vec<PolicyVerdict> {
    let (policies, paths) = (Policies::new(vec![definition]), PathCache::default());
    let context = Context {
        now: NOW,
        stores,
        inventory: &NoInventory,
        scan_interval_seconds: None,
        thresholds: Thresholds::default(),
        named: false,
        seen_before: false,
        paths: &paths,
        policies: PolicyContext { policies: &policies, owner: Some("me"), tags },
        blocklist: &crate::assess::NoBlocklist,
    };
    assess(observation, &context).policies.split_off(1)
}

fn verdict(definition: PolicyDefinition, observation: &Observation) -> PolicyVerdict {
    verdicts(definition, observation, &[], &[]).remove(0)
}

/// What one rule says, and its sentence.
fn said(rule: RuleDefinition, observation: &Observation) -> (RuleOutcome, String) {
    said_with(rule, observation, &[])
}

fn said_with(
    rule: RuleDefinition,
    observation: &Observation,
    stores: &[TrustStore],
) -> (RuleOutcome, String) {
    let result = verdicts(policy(vec![rule]), observation, stores, &[]).remove(0).results.remove(0);
    (result.outcome, result.reason.as_deref().unwrap_or_default().to_owned())
}

fn outcome(rule: RuleDefinition, observation: &Observation) -> RuleOutcome {
    said(rule, observation).0
}

fn inspected(inspection: &Inspection) -> Observation {
    observed(inspection, TlsFacts::default())
}

/// A handshake without an inspection.
fn negotiated(version: ProtocolVersion, suite: CipherSuite) -> Observation {
    served(chain(&[]), TlsFacts { version: Some(version), cipher_suite: Some(suite), ..TlsFacts::default() })
}

fn end_entity() -> Observation {
    let authority = Authority::new("A");
    let leaf = authority.end_entity();
    served(chain(&[&leaf.der, &authority.intermediate.der]), TlsFacts::default())
}

fn names(names: &[&str]) -> Vec<Arc<str>> {
    names.iter().map(|name| Arc::from(*name)).collect()
}

#[test]
fn a_version_that_was_seen_fails_and_one_that_was_not_asked_for_is_open() {
    let only13 = || rule(Demand::Protocol(Choice::Allow(vec![TLS13])));
    let (outcome, reason) = said(only13(), &negotiated(TLS12, SUITE));
    assert_eq!(outcome, RuleOutcome::Fail);
    assert_eq!(reason, "The server speaks TLSv1.2; allowed is TLSv1.3.");
    let at_13 = negotiated(TLS13, CipherSuite::TLS_AES_128_GCM_SHA256);
    assert_eq!(said(only13(), &at_13).0, RuleOutcome::NotDetermined);
    let mut modern = sound();
    of(&mut modern, TLS12).offered = Some(false);
    assert_eq!(said(only13(), &inspected(&modern)).0, RuleOutcome::Pass);
    // Many servers are silent about SSL 2; an allow-list does not wait for it.
    of(&mut modern, ProtocolVersion::SSLv2).offered = None;
    assert_eq!(said(only13(), &inspected(&modern)).0, RuleOutcome::Pass);
    let no_ssl2 = rule(Demand::Protocol(Choice::Forbid(vec![ProtocolVersion::SSLv2])));
    assert_eq!(said(no_ssl2, &inspected(&modern)).0, RuleOutcome::NotDetermined);
}

#[test]
fn a_version_that_is_asked_for_is_missed_only_where_the_server_refused_it() {
    let wants = |choice| rule(Demand::Protocol(choice));
    let mut old = sound();
    of(&mut old, TLS13).offered = Some(false);
    let both = vec![TLS12, TLS13];
    assert_eq!(outcome(wants(Choice::AllOf(both.clone())), &inspected(&old)), RuleOutcome::Fail);
    assert_eq!(outcome(wants(Choice::AnyOf(both)), &inspected(&old)), RuleOutcome::Pass);
    of(&mut old, TLS13).offered = None;
    assert_eq!(outcome(wants(Choice::AllOf(vec![TLS13])), &inspected(&old)), RuleOutcome::NotDetermined);
}

#[test]
fn of_suites_the_negotiated_one_alone_is_known_without_inspection() {
    let allow = || rule(Demand::Suites(Choice::Allow(vec![SUITE])));
    assert_eq!(outcome(allow(), &negotiated(TLS12, SUITE)), RuleOutcome::NotDetermined);
    let weak = CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA;
    let (outcome_of_weak, reason) = said(allow(), &negotiated(TLS12, weak));
    assert_eq!(outcome_of_weak, RuleOutcome::Fail);
    assert!(reason.contains("accepts the cipher suite TLS_RSA_WITH_AES_128_CBC_SHA; allowed is"), "{reason}");
    let mut for_12 = allow();
    for_12.when.versions = vec![TLS12];
    assert_eq!(outcome(for_12.clone(), &inspected(&sound())), RuleOutcome::Pass);
    assert_eq!(outcome(for_12.clone(), &inspected(&accepting(TLS12, &[SUITE, weak]))), RuleOutcome::Fail);
    let mut open = sound();
    of(&mut open, TLS12).suites_complete = false;
    assert_eq!(outcome(for_12.clone(), &inspected(&open)), RuleOutcome::NotDetermined);
    of(&mut open, TLS12).offered = Some(false);
    assert_eq!(outcome(for_12, &inspected(&open)), RuleOutcome::NotApplicable);
}

#[test]
fn a_probe_of_what_is_forbidden_keeps_no_list_of_what_is_allowed() {
    let narrow = Inspection { scope: crate::model::Scope::Forbidden, ..sound() };
    let mut allow = rule(Demand::Suites(Choice::Allow(vec![SUITE])));
    allow.when.versions = vec![TLS12];
    assert_eq!(outcome(allow, &inspected(&narrow)), RuleOutcome::NotDetermined);
}

#[test]
fn groups_are_allowed_forbidden_or_asked_for() {
    let hybrid = NamedGroup::X25519MLKEM768;
    let groups = |choice| rule(Demand::Groups(choice));
    let seen = inspected(&sound());
    assert_eq!(outcome(groups(Choice::AnyOf(vec![hybrid])), &seen), RuleOutcome::Pass);
    let cnsa = Choice::AnyOf(vec![NamedGroup::SecP384r1MLKEM1024]);
    let (missing, reason) = said(groups(cnsa.clone()), &seen);
    assert_eq!(missing, RuleOutcome::Fail);
    assert!(reason.contains("asked for is at least one of SecP384r1MLKEM1024"), "{reason}");
    assert_eq!(outcome(groups(cnsa), &negotiated(TLS13, SUITE)), RuleOutcome::NotDetermined);
    assert_eq!(outcome(groups(Choice::Forbid(vec![NamedGroup::x25519])), &seen), RuleOutcome::Fail);
    assert_eq!(
        outcome(groups(Choice::AllOf(vec![NamedGroup::secp256r1, NamedGroup::x25519])), &seen),
        RuleOutcome::Pass
    );
    // The group of the handshake counts without an inspection.
    let tls = TlsFacts { version: Some(TLS13), group: Some(NamedGroup::x25519), ..TlsFacts::default() };
    let shown = served(chain(&[]), tls);
    assert_eq!(outcome(groups(Choice::Forbid(vec![NamedGroup::x25519])), &shown), RuleOutcome::Fail);
}

#[test]
fn signature_schemes_primes_and_features_are_judged_where_they_were_looked_at() {
    let schemes = || rule(Demand::SignatureSchemes(Choice::Forbid(vec![SignatureScheme::rsa_pkcs1_sha256])));
    let mut signing = sound();
    assert_eq!(outcome(schemes(), &inspected(&signing)), RuleOutcome::Pass);
    of(&mut signing, TLS12).signature_schemes.push(SignatureScheme::rsa_pkcs1_sha256);
    assert_eq!(outcome(schemes(), &inspected(&signing)), RuleOutcome::Fail);
    let prime = || rule(Demand::DhBits(3_000));
    assert_eq!(outcome(prime(), &inspected(&with_prime(2_048, None))), RuleOutcome::Fail);
    assert_eq!(outcome(prime(), &inspected(&with_prime(3_072, None))), RuleOutcome::Pass);
    assert_eq!(outcome(prime(), &inspected(&sound())), RuleOutcome::NotApplicable);
    assert_eq!(outcome(prime(), &negotiated(TLS12, SUITE)), RuleOutcome::NotDetermined);
    let off = || {
        let forbidden = vec![Feature::ClientRenegotiation, Feature::Compression, Feature::Heartbeat];
        rule(Demand::Features { required: Vec::new(), forbidden })
    };
    assert_eq!(outcome(off(), &inspected(&sound())), RuleOutcome::Pass);
    let mut loose = sound();
    loose.features.client_renegotiation = Some(true);
    let (broken, reason) = said(off(), &inspected(&loose));
    assert_eq!(
        (broken, &*reason),
        (RuleOutcome::Fail, "The server has renegotiation by the client, which must be off.")
    );
    loose.features.client_renegotiation = None;
    assert_eq!(outcome(off(), &inspected(&loose)), RuleOutcome::NotDetermined);
}

#[test]
fn encrypt_then_mac_is_asked_for_where_cbc_is_accepted() {
    let etm = || {
        let mut etm =
            rule(Demand::Features { required: vec![Feature::EncryptThenMac], forbidden: Vec::new() });
        etm.when.cbc = true;
        etm
    };
    assert_eq!(outcome(etm(), &inspected(&sound())), RuleOutcome::NotApplicable);
    let mut cbc = accepting(TLS12, &[CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA]);
    assert_eq!(outcome(etm(), &inspected(&cbc)), RuleOutcome::Pass);
    cbc.features.encrypt_then_mac = Some(false);
    assert_eq!(outcome(etm(), &inspected(&cbc)), RuleOutcome::Fail);
}

#[test]
fn keys_and_signatures_of_the_whole_path_are_judged() {
    let seen = end_entity();
    let bits = |least| rule(Demand::Key(KeyDemand::MinBits(least)));
    assert_eq!(outcome(bits(256), &seen), RuleOutcome::Pass);
    let (broken, reason) = said(bits(384), &seen);
    assert_eq!(broken, RuleOutcome::Fail);
    assert!(reason.contains("has a key on curve P-256; at least 384 bits are asked for."), "{reason}");
    assert!(reason.contains("One more certificate of the path is like it."), "{reason}");
    let mut for_rsa = bits(3_000);
    for_rsa.when.algorithms = names(&["RSA"]);
    assert_eq!(outcome(for_rsa, &seen), RuleOutcome::NotApplicable);
    let mut leaf_only = rule(Demand::Key(KeyDemand::Kind(Choice::Allow(names(&["P-384"])))));
    leaf_only.when.position = Some(PathPosition::Leaf);
    assert!(!said(leaf_only, &seen).1.contains("One more"));
    let signed = |choice| rule(Demand::Signature(choice));
    assert_eq!(outcome(signed(Choice::Allow(names(&["ecdsa-with-SHA256"]))), &seen), RuleOutcome::Pass);
    assert_eq!(outcome(signed(Choice::Forbid(names(&["SHA-256"]))), &seen), RuleOutcome::Fail);
}

#[test]
fn an_end_entity_certificate_has_its_own_rules() {
    let seen = end_entity();
    let leaf = |demand| rule(Demand::Leaf(demand));
    assert_eq!(outcome(leaf(LeafDemand::MaxValidityDays(91)), &seen), RuleOutcome::Pass);
    let (broken, reason) = said(leaf(LeafDemand::MaxValidityDays(89)), &seen);
    assert_eq!(broken, RuleOutcome::Fail);
    assert!(
        reason.contains("issued on 2026-11-14, is valid for 91 days; at most 89 are allowed."),
        "{reason}"
    );
    let server = LeafDemand::ExtendedKeyUsage(names(&["serverAuth"]));
    assert_eq!(outcome(leaf(server), &seen), RuleOutcome::Pass);
    let both = LeafDemand::ExtendedKeyUsage(names(&["serverAuth", "clientAuth"]));
    assert_eq!(outcome(leaf(both), &seen), RuleOutcome::Fail);
    let scts = || leaf(LeafDemand::MinScts(2));
    assert_eq!(outcome(scts(), &seen), RuleOutcome::NotDetermined);
    let with_scts = |count| {
        let mut seen = seen.clone();
        if let Outcome::Handshake(handshake) = &mut seen.outcome {
            handshake.tls.sct_count = Some(count);
        }
        seen
    };
    assert_eq!(outcome(scts(), &with_scts(0)), RuleOutcome::Fail);
    assert_eq!(outcome(scts(), &with_scts(2)), RuleOutcome::Pass);
}

#[test]
fn a_public_authority_is_one_that_a_public_store_knows() {
    let authority = Authority::new("A");
    let leaf = authority.end_entity();
    let seen = served(chain(&[&leaf.der, &authority.intermediate.der]), TlsFacts::default());
    let public = || {
        let mut rule = rule(Demand::Leaf(LeafDemand::MaxValidityDays(1)));
        rule.when.public_ca = Some(true);
        rule
    };
    let store_of = |is_public| [store("s", &[&authority.root], is_public)];
    assert_eq!(said_with(public(), &seen, &store_of(true)).0, RuleOutcome::Fail);
    assert_eq!(said_with(public(), &seen, &store_of(false)).0, RuleOutcome::NotDetermined);
    let other = [store("s", &[&Authority::new("B").root], true)];
    assert_eq!(said_with(public(), &seen, &other).0, RuleOutcome::NotApplicable);
    assert_eq!(said_with(public(), &seen, &[]).0, RuleOutcome::NotDetermined);
}

#[test]
fn findings_break_a_rule_and_their_absence_keeps_it_only_where_somebody_looked() {
    let none = |rules| rule(Demand::NoFinding(rules));
    let weak = inspected(&accepting(
        TLS12,
        &[CipherSuite::TLS_RSA_WITH_RC4_128_SHA, CipherSuite::TLS_RSA_WITH_3DES_EDE_CBC_SHA],
    ));
    let (broken, reason) = said(none(vec![Rule::Rc4, Rule::Sweet32]), &weak);
    assert_eq!(broken, RuleOutcome::Fail);
    assert!(reason.contains("tls.vuln.rc4") && reason.contains("tls.vuln.sweet32"), "{reason}");
    assert_eq!(outcome(none(vec![Rule::Heartbleed]), &inspected(&sound())), RuleOutcome::Pass);
    assert_eq!(outcome(none(vec![Rule::Heartbleed]), &negotiated(TLS12, SUITE)), RuleOutcome::NotDetermined);
}

#[test]
fn a_file_has_certificates_and_no_protocol() {
    let mut seen = end_entity();
    if let Outcome::Handshake(handshake) = seen.outcome {
        seen.outcome = Outcome::Read(handshake.presented);
    }
    assert_eq!(outcome(rule(Demand::Key(KeyDemand::MinBits(256))), &seen), RuleOutcome::Pass);
    assert_eq!(
        outcome(rule(Demand::Protocol(Choice::Allow(vec![TLS13]))), &seen),
        RuleOutcome::NotApplicable
    );
    assert_eq!(outcome(rule(Demand::NoFinding(vec![Rule::Heartbleed])), &seen), RuleOutcome::NotApplicable);
}

fn days(count: i64) -> Option<UnixTime> {
    Some(NOW.plus_seconds(count * DAY_SECONDS))
}

#[test]
fn a_rule_warns_before_it_holds_and_ends_when_it_ends() {
    let dated = |dates| RuleDefinition { dates, ..rule(Demand::Protocol(Choice::Forbid(vec![TLS12]))) };
    let seen = negotiated(TLS12, SUITE);
    let dates = |from, until, warn| RuleDates {
        basis: DateBasis::Now,
        effective_from: from,
        effective_until: until,
        warn_from: warn,
    };
    let (future, reason) = said(dated(dates(days(10), None, None)), &seen);
    assert_eq!((future, &*reason), (RuleOutcome::NotApplicable, "It holds from 2026-12-04 on."));
    let (announced, reason) = said(dated(dates(days(10), None, days(-1))), &seen);
    assert_eq!(announced, RuleOutcome::Warn);
    assert!(reason.ends_with("forbidden. This fails from 2026-12-04 on."), "{reason}");
    let (in_force, reason) = said(dated(dates(days(0), None, None)), &seen);
    assert_eq!(in_force, RuleOutcome::Fail);
    assert!(reason.ends_with("In force since 2026-11-24."), "{reason}");
    assert_eq!(said(dated(dates(None, days(0), None)), &seen).0, RuleOutcome::NotApplicable);
    assert_eq!(said(dated(dates(None, days(1), None)), &seen).0, RuleOutcome::Fail);
}

#[test]
fn a_limit_by_issue_date_goes_by_the_certificate_and_not_by_today() {
    let authority = Authority::new("A");
    let by_issue = || {
        let mut limit = rule(Demand::Leaf(LeafDemand::MaxValidityDays(30)));
        limit.dates = RuleDates {
            basis: DateBasis::NotBefore,
            effective_from: days(-20),
            effective_until: None,
            warn_from: None,
        };
        limit
    };
    let issued = |days_ago| {
        let leaf = Recipe { days_ago, ..Recipe::end_entity("a.example") }.signed_by(&authority.intermediate);
        served(chain(&[&leaf.der]), TlsFacts::default())
    };
    assert_eq!(said(by_issue(), &issued(30)).0, RuleOutcome::NotApplicable);
    let (broken, reason) = said(by_issue(), &issued(10));
    assert_eq!(broken, RuleOutcome::Fail);
    assert!(reason.ends_with("This holds for certificates issued from 2026-11-04 on."), "{reason}");
}

#[test]
fn what_does_not_bind_warns_and_leaves_the_verdict_alone() {
    let recommended = at(Level::Recommended, rule(Demand::Protocol(Choice::Forbid(vec![TLS12]))));
    let seen = inspected(&sound());
    let judged = verdict(policy(vec![recommended]), &seen);
    assert_eq!(judged.outcome, PolicyOutcome::Pass);
    assert_eq!(judged.results[0].outcome, RuleOutcome::Warn);
    let open = |level| at(level, rule(Demand::Unseen("nobody looks".into())));
    assert_eq!(verdict(policy(vec![open(Level::Recommended)]), &seen).outcome, PolicyOutcome::Pass);
    assert_eq!(verdict(policy(vec![open(Level::Must)]), &seen).outcome, PolicyOutcome::NotDetermined);
    let broken = rule(Demand::Protocol(Choice::Forbid(vec![TLS12])));
    assert_eq!(verdict(policy(vec![open(Level::Must), broken]), &seen).outcome, PolicyOutcome::Fail);
}

#[test]
fn an_exception_holds_at_its_place_until_its_end() {
    let with = |until, tags: &[&str]| {
        let mut definition = policy(vec![rule(Demand::Protocol(Choice::Forbid(vec![TLS12])))]);
        definition.exceptions.push(PolicyException {
            rule: "R".into(),
            place: Place { tags: tags.iter().map(|tag| (*tag).to_owned()).collect(), ..Place::default() },
            reason: "until the new machine is there".into(),
            by: "ciso".into(),
            until,
        });
        let tags = ["lab".to_owned()];
        verdicts(definition, &inspected(&sound()), &[], &tags).remove(0)
    };
    let held = with(NOW.plus_seconds(1), &["lab"]);
    assert_eq!((held.outcome, held.results[0].outcome), (PolicyOutcome::Pass, RuleOutcome::Excepted));
    let reason = held.results[0].reason.as_deref().unwrap();
    assert!(reason.contains("by ciso: until the new machine is there"), "{reason}");
    assert_eq!(with(NOW, &["lab"]).outcome, PolicyOutcome::Fail);
    assert_eq!(with(NOW.plus_seconds(1), &["web"]).outcome, PolicyOutcome::Fail);
}

#[test]
fn a_policy_says_nothing_outside_its_scope() {
    let scoped = |owner: &str| {
        let mut definition = policy(vec![rule(Demand::Protocol(Choice::Forbid(vec![TLS12])))]);
        definition.scope.owners = vec![owner.to_owned()];
        verdicts(definition, &inspected(&sound()), &[], &[]).len()
    };
    assert_eq!((scoped("me"), scoped("you")), (1, 0));
}
