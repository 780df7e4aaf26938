//! One finding over a few scans.

use super::*;
use crate::model::{Decision, EndpointId, Evidence, Matcher, Rule, Subject};

const KEY: &str = "a.example:443/x509.validity.expiring";

fn verdict(severity: Severity) -> Verdict {
    Verdict {
        rule: Rule::Expiring,
        severity,
        title: "Certificate expires soon".to_owned(),
        detail: format!("{severity:?}"),
        evidence: Evidence::default(),
        subject: Subject::Endpoint(EndpointId([0; 16])),
        offered_for: None,
        group: String::new(),
        remediation: String::new(),
        references: Vec::new(),
    }
}

fn step(previous: Option<&Finding>, at: i64, members: &[Member<'_>]) -> Option<(Transition, Finding)> {
    let key = FindingKey(KEY.to_owned());
    reconcile(previous, &sighting(&key, at, members))
}

fn sighting<'a>(key: &'a FindingKey, at: i64, members: &'a [Member<'a>]) -> Sighting<'a> {
    Sighting {
        profile: "web",
        key,
        at: UnixTime(at),
        members,
        owner: None,
        tags: &[],
        silences: &[],
        retired: false,
    }
}

fn seen(verdict: &Verdict) -> Member<'_> {
    Member { measured: true, verdict: Some(verdict) }
}

const CLEAN: Member<'static> = Member { measured: true, verdict: None };
const SILENT: Member<'static> = Member { measured: false, verdict: None };

#[test]
fn a_finding_opens_gets_worse_and_is_resolved() {
    let (medium, high) = (verdict(Severity::Medium), verdict(Severity::High));
    assert!(step(None, 1, &[CLEAN]).is_none());
    let (transition, finding) = step(None, 1, &[seen(&medium)]).unwrap();
    assert_eq!(transition, Transition::Opened);
    let (transition, finding) = step(Some(&finding), 2, &[seen(&medium)]).unwrap();
    assert_eq!(
        (transition, finding.first_seen, finding.last_seen),
        (Transition::Unchanged, UnixTime(1), UnixTime(2))
    );
    let (transition, finding) = step(Some(&finding), 3, &[seen(&high)]).unwrap();
    assert_eq!(
        (transition, finding.severity, finding.detail.as_str()),
        (Transition::Worse, Severity::High, "High")
    );
    let (transition, finding) = step(Some(&finding), 4, &[seen(&medium)]).unwrap();
    assert_eq!(transition, Transition::Better);
    let (transition, finding) = step(Some(&finding), 5, &[CLEAN]).unwrap();
    assert_eq!(transition, Transition::Resolved);
    assert_eq!(
        (finding.state, finding.resolved_at, finding.last_seen),
        (FindingState::Resolved, Some(UnixTime(5)), UnixTime(4))
    );
    assert!(step(Some(&finding), 6, &[CLEAN]).is_none());
    let (transition, finding) = step(Some(&finding), 7, &[seen(&high)]).unwrap();
    assert_eq!(
        (transition, finding.first_seen, finding.resolved_at),
        (Transition::Opened, UnixTime(7), None)
    );
}

#[test]
fn an_endpoint_that_was_not_measured_holds_its_findings() {
    let high = verdict(Severity::High);
    let (_, finding) = step(None, 1, &[seen(&high)]).unwrap();
    let (transition, held) = step(Some(&finding), 2, &[SILENT]).unwrap();
    assert_eq!(transition, Transition::Held);
    assert_eq!(held, finding);
    let (transition, _) = step(Some(&finding), 2, &[]).unwrap();
    assert_eq!(transition, Transition::Held);
}

#[test]
fn one_address_of_a_name_keeps_the_finding_open() {
    let (medium, high) = (verdict(Severity::Medium), verdict(Severity::High));
    let (_, finding) = step(None, 1, &[seen(&medium), seen(&high)]).unwrap();
    assert_eq!(finding.severity, Severity::High);
    let (transition, _) = step(Some(&finding), 2, &[CLEAN, seen(&high)]).unwrap();
    assert_eq!(transition, Transition::Unchanged);
    let (transition, _) = step(Some(&finding), 2, &[CLEAN, SILENT]).unwrap();
    assert_eq!(transition, Transition::Held);
    // The silent one may be the worse one.
    let (transition, still) = step(Some(&finding), 2, &[seen(&medium), SILENT]).unwrap();
    assert_eq!((transition, still.severity), (Transition::Unchanged, Severity::High));
    let (transition, _) = step(Some(&finding), 2, &[CLEAN, CLEAN]).unwrap();
    assert_eq!(transition, Transition::Resolved);
}

fn decision(until: Option<i64>) -> Decision {
    Decision { by: "ann".to_owned(), at: UnixTime(0), reason: "lab".to_owned(), until: until.map(UnixTime) }
}

fn silence(id: u64, until: Option<i64>, max_severity: Option<Severity>) -> Silence {
    let matcher = Matcher { rule: Some(Rule::Expiring), max_severity, ..Matcher::default() };
    Silence { id, matcher, decision: decision(until) }
}

fn step_under(
    silences: &[Silence],
    previous: Option<&Finding>,
    at: i64,
    members: &[Member<'_>],
) -> (Transition, Finding) {
    let key = FindingKey(KEY.to_owned());
    reconcile(previous, &Sighting { silences, ..sighting(&key, at, members) }).unwrap()
}

#[test]
fn an_acknowledgement_ends_when_it_gets_worse_or_its_time_is_over() {
    let (medium, high) = (verdict(Severity::Medium), verdict(Severity::High));
    let (_, mut finding) = step(None, 1, &[seen(&medium)]).unwrap();
    finding.state = FindingState::Acknowledged;
    finding.decision = Some(decision(Some(10)));
    let (_, same) = step(Some(&finding), 9, &[seen(&medium)]).unwrap();
    assert_eq!((same.state, &same.decision), (FindingState::Acknowledged, &finding.decision));
    for (at, members) in [(9, [seen(&high)]), (10, [seen(&medium)]), (10, [SILENT])] {
        let (_, open) = step(Some(&finding), at, &members).unwrap();
        assert_eq!((open.state, open.decision), (FindingState::Open, None));
    }
    let (_, resolved) = step(Some(&finding), 9, &[CLEAN]).unwrap();
    assert_eq!((resolved.state, resolved.decision), (FindingState::Resolved, None));
}

#[test]
fn a_silence_covers_what_comes_and_what_gets_worse_until_it_ends() {
    let (medium, high) = (verdict(Severity::Medium), verdict(Severity::High));
    let silences = [silence(1, Some(10), None)];
    let (transition, finding) = step_under(&silences, None, 1, &[seen(&medium)]);
    assert_eq!((transition, finding.state), (Transition::Opened, FindingState::Silenced));
    assert_eq!(finding.decision.as_ref(), Some(&silences[0].decision));
    let (transition, finding) = step_under(&silences, Some(&finding), 2, &[seen(&high)]);
    assert_eq!((transition, finding.state), (Transition::Worse, FindingState::Silenced));
    // It ends in time though nobody could look, and at once when it is taken back.
    let (transition, over) = step_under(&silences, Some(&finding), 10, &[SILENT]);
    assert_eq!((transition, over.state, over.decision), (Transition::Held, FindingState::Open, None));
    let (_, undone) = step_under(&[], Some(&finding), 3, &[seen(&high)]);
    assert_eq!((undone.state, undone.decision), (FindingState::Open, None));
    let (_, resolved) = step_under(&silences, Some(&finding), 3, &[CLEAN]);
    assert_eq!((resolved.state, resolved.decision), (FindingState::Resolved, None));
}

#[test]
fn a_silence_up_to_a_severity_ends_with_what_is_worse() {
    let (medium, high) = (verdict(Severity::Medium), verdict(Severity::High));
    let silences = [silence(1, None, Some(Severity::Medium))];
    let (_, finding) = step_under(&silences, None, 1, &[seen(&medium)]);
    assert_eq!(finding.state, FindingState::Silenced);
    let (_, finding) = step_under(&silences, Some(&finding), 2, &[seen(&high)]);
    assert_eq!(finding.state, FindingState::Open);
}

#[test]
fn of_several_silences_the_one_that_ends_last_is_shown() {
    let medium = verdict(Severity::Medium);
    let silences = [silence(1, Some(10), None), silence(2, Some(30), None), silence(3, Some(20), None)];
    let (_, finding) = step_under(&silences, None, 1, &[seen(&medium)]);
    assert_eq!(finding.decision, Some(decision(Some(30))));
    let (_, finding) = step_under(&silences[..1], Some(&finding), 2, &[seen(&medium)]);
    assert_eq!((finding.state, finding.decision), (FindingState::Silenced, Some(decision(Some(10)))));
}

#[test]
fn a_finding_takes_the_owner_and_tags_of_the_last_time_it_was_seen() {
    let medium = verdict(Severity::Medium);
    let key = FindingKey(KEY.to_owned());
    let tags = vec!["shop".to_owned()];
    let led = |previous: Option<&Finding>, owner, tags, members: &[Member<'_>]| {
        reconcile(previous, &Sighting { owner, tags, ..sighting(&key, 1, members) }).unwrap().1
    };
    let finding = led(None, Some("payments"), &tags, &[seen(&medium)]);
    assert_eq!((finding.owner.as_deref(), &finding.tags), (Some("payments"), &tags));
    let held = led(Some(&finding), None, &[], &[SILENT]);
    assert_eq!((held.owner.as_deref(), &held.tags), (Some("payments"), &tags));
    let moved = led(Some(&finding), Some("web"), &[], &[seen(&medium)]);
    assert_eq!((moved.owner.as_deref(), moved.tags.len()), (Some("web"), 0));
}

#[test]
fn what_is_no_target_any_more_is_retired_unless_it_is_seen() {
    let medium = verdict(Severity::Medium);
    let key = FindingKey(KEY.to_owned());
    let (_, finding) = step(None, 1, &[seen(&medium)]).unwrap();
    let led = |members: &[Member<'_>]| {
        reconcile(Some(&finding), &Sighting { retired: true, ..sighting(&key, 2, members) }).unwrap()
    };
    for members in [&[][..], &[SILENT]] {
        let (transition, retired) = led(members);
        assert_eq!(
            (transition, retired.state, retired.resolved_at),
            (Transition::Retired, FindingState::Resolved, Some(UnixTime(2)))
        );
    }
    assert_eq!(led(&[seen(&medium)]).0, Transition::Unchanged);
}

#[test]
fn returns_within_a_week_are_counted_until_the_finding_settles() {
    let medium = verdict(Severity::Medium);
    let mut at = 0;
    let (_, mut finding) = step(None, at, &[seen(&medium)]).unwrap();
    let mut come_back = |finding: &Finding, after: i64| {
        let (_, gone) = step(Some(finding), at + 60, &[CLEAN]).unwrap();
        at += 60 + after;
        step(Some(&gone), at, &[seen(&medium)]).unwrap().1
    };
    for returns in 1..=3 {
        finding = come_back(&finding, RETURN_SECONDS);
        assert_eq!(finding.returns, returns);
    }
    assert_eq!(come_back(&finding, RETURN_SECONDS + 1).returns, 0);
    let (_, settled) = step(Some(&finding), at + RETURN_SECONDS + 1, &[seen(&medium)]).unwrap();
    assert_eq!(settled.returns, 0);
}

#[test]
fn only_a_flapping_finding_remembers_that_it_was_told_in_a_former_life() {
    let medium = verdict(Severity::Medium);
    let told = |finding: &Finding, at| {
        let told_severity = Some(finding.severity);
        Finding { told_at: Some(UnixTime(at)), told_severity, ..finding.clone() }
    };
    let (_, finding) = step(None, 0, &[seen(&medium)]).unwrap();
    let (_, gone) = step(Some(&told(&finding, 0)), 10, &[CLEAN]).unwrap();
    let (_, finding) = step(Some(&gone), 20, &[seen(&medium)]).unwrap();
    assert_eq!((finding.returns, finding.told_at, finding.told_severity), (1, None, None));
    let (_, gone) = step(Some(&told(&finding, 20)), 30, &[CLEAN]).unwrap();
    let (_, again) = step(Some(&gone), 40, &[seen(&medium)]).unwrap();
    assert_eq!(
        (again.returns, again.told_at, again.told_severity),
        (2, Some(UnixTime(20)), Some(Severity::Medium))
    );
    // Whoever heard last that it is gone has to hear that it is back.
    let (_, again) = step(Some(&told(&gone, 30)), 40, &[seen(&medium)]).unwrap();
    assert_eq!((again.returns, again.told_at), (2, None));
}
