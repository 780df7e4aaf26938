//! One finding from one scan to the next.
//!
//! A finding has members: the addresses behind a name. It is as bad as its worst member, and it is resolved only
//! when every member was measured and none has it any more. A member that was not measured holds it: silence is not
//! a repair.

use super::decide::decide;
use crate::model::{Finding, FindingKey, FindingNews, FindingState, Severity, Silence, Verdict};
use crate::time::{DAY_SECONDS, UnixTime};

/// A finding that is back within this time of being resolved is the old one again, as far as people care; and one
/// that was seen for longer than this in one go has settled.
pub(super) const RETURN_SECONDS: i64 = 7 * DAY_SECONDS;

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
    /// Nobody looks any more: its endpoints are no targets now, or DNS no longer returns them.
    Retired,
    /// Nobody could look: kept as it was.
    Held,
}

/// What one member showed of one rule.
#[derive(Debug, Clone, Copy)]
pub struct Member<'a> {
    /// A chain was captured there this time, and what came with it settles the rule.
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
    /// Who looks after the members now; kept with the finding when it is seen.
    pub owner: Option<&'a str>,
    pub tags: &'a [String],
    /// Every standing order, matching or not.
    pub silences: &'a [Silence],
    /// None of the members is a target any more.
    pub retired: bool,
}

/// Leads a finding on; `None` where there was none and is none. A severity in the verdicts is final: overrides are
/// applied before.
///
/// Somebody who acknowledged a finding acknowledged it at its severity: when it gets worse, it is open again. A
/// silence holds until it ends, whatever happens. Both end in time whether anybody could look or not. A finding that
/// comes back after it was resolved starts anew, but for how often it did.
pub fn reconcile(previous: Option<&Finding>, sighting: &Sighting<'_>) -> Option<(Transition, Finding)> {
    let alive = previous.filter(|finding| finding.state != FindingState::Resolved);
    let worst = sighting.members.iter().filter_map(|m| m.verdict).max_by_key(|verdict| verdict.severity);
    let (transition, mut finding) = match (alive, worst) {
        (None, None) => return None,
        (None, Some(verdict)) => (Transition::Opened, opened(previous, verdict, sighting)),
        (Some(finding), Some(verdict)) => seen_again(finding, verdict, sighting),
        (Some(finding), None) => unseen(finding, sighting),
    };
    if finding.last_seen.seconds_since(finding.first_seen) > RETURN_SECONDS {
        finding.returns = 0;
    }
    if transition == Transition::Worse && finding.state == FindingState::Acknowledged {
        finding.state = FindingState::Open;
    }
    decide(&mut finding, sighting.silences, sighting.at);
    Some((transition, finding))
}

fn opened(resolved: Option<&Finding>, verdict: &Verdict, sighting: &Sighting<'_>) -> Finding {
    // A clock that went back counts as no time at all.
    let back = resolved.filter(|finding| {
        finding.resolved_at.is_some_and(|resolved| sighting.at.seconds_since(resolved) <= RETURN_SECONDS)
    });
    let returns = back.map_or(0, |finding| finding.returns.saturating_add(1));
    let told = back.filter(|finding| returns >= FindingNews::FLAPPING && told_while_open(finding));
    Finding {
        profile: sighting.profile.to_owned(),
        key: sighting.key.clone(),
        rule: verdict.rule,
        severity: verdict.severity,
        state: FindingState::Open,
        title: verdict.title.clone(),
        detail: verdict.detail.clone(),
        remediation: verdict.remediation.clone(),
        subject: verdict.subject,
        first_seen: sighting.at,
        last_seen: sighting.at,
        resolved_at: None,
        owner: sighting.owner.map(str::to_owned),
        tags: sighting.tags.to_vec(),
        decision: None,
        told_at: told.and_then(|finding| finding.told_at),
        told_severity: told.and_then(|finding| finding.told_severity),
        returns,
    }
}

/// The last that anybody heard of it was that it is there, not that it is gone.
fn told_while_open(finding: &Finding) -> bool {
    finding.told_at.zip(finding.resolved_at).is_some_and(|(told, resolved)| told < resolved)
}

fn seen_again(finding: &Finding, verdict: &Verdict, sighting: &Sighting<'_>) -> (Transition, Finding) {
    let mut now = Finding {
        last_seen: finding.last_seen.max(sighting.at),
        owner: sighting.owner.map(str::to_owned),
        tags: sighting.tags.to_vec(),
        ..finding.clone()
    };
    // A member that was not measured may still have the worse state: the finding does not get better unseen.
    let all_measured = sighting.members.iter().all(|member| member.measured || member.verdict.is_some());
    if verdict.severity < finding.severity && !all_measured {
        return (Transition::Unchanged, now);
    }
    now.severity = verdict.severity;
    now.title.clone_from(&verdict.title);
    now.detail.clone_from(&verdict.detail);
    now.remediation.clone_from(&verdict.remediation);
    now.subject = verdict.subject;
    (transition(finding.severity, verdict.severity), now)
}

fn transition(before: Severity, now: Severity) -> Transition {
    match now.cmp(&before) {
        std::cmp::Ordering::Greater => Transition::Worse,
        std::cmp::Ordering::Less => Transition::Better,
        std::cmp::Ordering::Equal => Transition::Unchanged,
    }
}

fn unseen(finding: &Finding, sighting: &Sighting<'_>) -> (Transition, Finding) {
    let all_measured = !sighting.members.is_empty() && sighting.members.iter().all(|member| member.measured);
    let transition = match (sighting.retired, all_measured) {
        (true, _) => Transition::Retired,
        (false, true) => Transition::Resolved,
        (false, false) => return (Transition::Held, finding.clone()),
    };
    let resolved =
        Finding { state: FindingState::Resolved, resolved_at: Some(sighting.at), ..finding.clone() };
    (transition, resolved)
}

#[cfg(test)]
mod tests;
