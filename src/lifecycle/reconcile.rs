//! One finding from one scan to the next.
//!
//! A finding has members: the addresses behind a name. It is as bad as its worst member, and it is resolved only
//! when every member was measured and none has it any more. A member that was not measured holds it: silence is not
//! a repair.

use crate::model::{Finding, FindingKey, FindingState, Severity, Verdict};
use crate::time::UnixTime;

/// What became of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    /// New, or back after it was resolved.
    Opened,
    /// Still there, at a higher severity.
    Worse,
    /// Still there, at a lower severity.
    Better,
    /// Still there.
    Unchanged,
    Resolved,
    /// Nobody could look: kept as it was.
    Held,
}

/// What one member showed of one rule.
#[derive(Debug, Clone, Copy)]
pub struct Member<'a> {
    /// A chain was captured there this time.
    pub measured: bool,
    /// The verdict under this finding's key, if there is one. `scan.*` verdicts come from members not measured.
    pub verdict: Option<&'a Verdict>,
}

/// What one scan showed of one finding.
#[derive(Debug, Clone, Copy)]
pub struct Sighting<'a> {
    pub profile: &'a str,
    pub key: &'a FindingKey,
    pub at: UnixTime,
    /// Every endpoint that the key stands for and that is known, visited this time or not.
    pub members: &'a [Member<'a>],
}

/// Leads a finding on; `None` where there was none and is none. A severity in the verdicts is final: overrides are
/// applied before.
///
/// Somebody who acknowledged a finding acknowledged it at its severity: when it gets worse, it is open again. A
/// silence holds until it ends, whatever happens. A finding that comes back after it was resolved starts anew.
pub fn reconcile(previous: Option<&Finding>, sighting: &Sighting<'_>) -> Option<(Transition, Finding)> {
    let alive = previous.filter(|finding| finding.state != FindingState::Resolved);
    let worst = sighting.members.iter().filter_map(|m| m.verdict).max_by_key(|verdict| verdict.severity);
    match (alive, worst) {
        (None, None) => None,
        (None, Some(verdict)) => Some((Transition::Opened, opened(verdict, sighting))),
        (Some(finding), Some(verdict)) => Some(seen_again(finding, verdict, sighting)),
        (Some(finding), None) => {
            let all_measured =
                !sighting.members.is_empty() && sighting.members.iter().all(|member| member.measured);
            Some(if all_measured {
                resolved(finding, sighting.at)
            } else {
                (Transition::Held, finding.clone())
            })
        }
    }
}

fn opened(verdict: &Verdict, sighting: &Sighting<'_>) -> Finding {
    Finding {
        profile: sighting.profile.to_owned(),
        key: sighting.key.clone(),
        rule: verdict.rule,
        severity: verdict.severity,
        state: FindingState::Open,
        title: verdict.title.clone(),
        detail: verdict.detail.clone(),
        subject: verdict.subject,
        first_seen: sighting.at,
        last_seen: sighting.at,
        resolved_at: None,
        owner: None,
        tags: Vec::new(),
        decision: None,
        told_at: None,
        returns: 0,
    }
}

fn seen_again(finding: &Finding, verdict: &Verdict, sighting: &Sighting<'_>) -> (Transition, Finding) {
    // A member that was not measured may still have the worse state: the finding does not get better unseen.
    let all_measured = sighting.members.iter().all(|member| member.measured || member.verdict.is_some());
    if verdict.severity < finding.severity && !all_measured {
        let mut held = finding.clone();
        held.last_seen = held.last_seen.max(sighting.at);
        return (Transition::Unchanged, held);
    }
    let transition = transition(finding.severity, verdict.severity);
    let state = match (finding.state, transition) {
        (FindingState::Acknowledged, Transition::Worse) => FindingState::Open,
        (state, _) => state,
    };
    let now = Finding {
        state,
        severity: verdict.severity,
        title: verdict.title.clone(),
        detail: verdict.detail.clone(),
        subject: verdict.subject,
        last_seen: finding.last_seen.max(sighting.at),
        ..finding.clone()
    };
    (transition, now)
}

fn transition(before: Severity, now: Severity) -> Transition {
    match now.cmp(&before) {
        std::cmp::Ordering::Greater => Transition::Worse,
        std::cmp::Ordering::Less => Transition::Better,
        std::cmp::Ordering::Equal => Transition::Unchanged,
    }
}

fn resolved(finding: &Finding, at: UnixTime) -> (Transition, Finding) {
    let resolved = Finding { state: FindingState::Resolved, resolved_at: Some(at), ..finding.clone() };
    (Transition::Resolved, resolved)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{EndpointId, Evidence, Rule, Subject};

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
        reconcile(previous, &Sighting { profile: "web", key: &key, at: UnixTime(at), members })
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

    #[test]
    fn an_acknowledgement_ends_when_it_gets_worse_and_a_silence_does_not() {
        let (medium, high) = (verdict(Severity::Medium), verdict(Severity::High));
        let (_, mut finding) = step(None, 1, &[seen(&medium)]).unwrap();
        finding.state = FindingState::Acknowledged;
        let (_, same) = step(Some(&finding), 2, &[seen(&medium)]).unwrap();
        assert_eq!(same.state, FindingState::Acknowledged);
        let (_, worse) = step(Some(&finding), 2, &[seen(&high)]).unwrap();
        assert_eq!(worse.state, FindingState::Open);
        finding.state = FindingState::Silenced;
        let (transition, worse) = step(Some(&finding), 2, &[seen(&high)]).unwrap();
        assert_eq!((transition, worse.state), (Transition::Worse, FindingState::Silenced));
    }
}
