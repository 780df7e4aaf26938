//! Whether somebody is told of a finding, and why: each thing once, then reminders, until it is over.

use super::reconcile::{RETURN_SECONDS, Transition};
use crate::model::{Finding, FindingNews, FindingState, Occasion, Severity};
use crate::time::UnixTime;

const HOUR_SECONDS: i64 = 3_600;

/// A day for a critical finding, less two hours: a daily timer starts some minutes earlier or later each day and a
/// scan takes its time, and a reminder that is due a minute after the scan would wait for a whole day.
const CRITICAL_REMINDER_SECONDS: i64 = 22 * HOUR_SECONDS;

/// A week for the others, less half a day: for the same reason, with a timer that runs in the night.
const REMINDER_SECONDS: i64 = 156 * HOUR_SECONDS;

/// Says whether and why somebody is told of a finding that `transition` led from `previous` to `finding`, and writes
/// down in it that it is so.
///
/// In a baseline all that is there is told, and nothing else. Where nobody could look, nothing is repeated. What
/// is acknowledged or silenced is not told; when a decision ends, the finding is. An acknowledged finding that is
/// gone is told, a silenced one is not. A flapping finding is told when it has come back often enough to be called
/// so; after that its reminders tell that it is there, and neither its comings nor its goings are told.
///
/// A clock that went back makes it as if the finding had been told right now: it is told again after its period, not
/// at once and not never.
pub fn tell(
    previous: Option<&Finding>,
    transition: Transition,
    finding: &mut Finding,
    now: UnixTime,
    baseline: bool,
) -> Option<Occasion> {
    finding.told_at = finding.told_at.map(|told| told.min(now));
    let occasion = match transition {
        Transition::Resolved => is_worth_an_end(previous, finding).then_some(Occasion::Resolved),
        Transition::Retired => is_worth_an_end(previous, finding).then_some(Occasion::Retired),
        _ if finding.state != FindingState::Open => None,
        Transition::Opened
        | Transition::Worse
        | Transition::Better
        | Transition::Unchanged
        | Transition::Held => open(previous, transition, finding, now, baseline),
    }?;
    finding.told_at = Some(now);
    if !occasion.is_over() {
        finding.told_severity = Some(finding.severity);
    }
    Some(occasion)
}

/// Says that a flapping finding is over, once it has stayed away for so long that it would start anew; its end was not
/// told when it came.
pub fn tell_calmed(finding: &mut Finding, now: UnixTime) -> Option<Occasion> {
    let resolved_at = finding.resolved_at.filter(|_| finding.state == FindingState::Resolved)?;
    let is_untold = finding.returns >= FindingNews::FLAPPING && finding.told_at? < resolved_at;
    if !is_untold || now.seconds_since(resolved_at) < RETURN_SECONDS {
        return None;
    }
    finding.told_at = Some(now);
    Some(Occasion::Resolved)
}

/// Whoever was told that it is there is told that it is gone, but for what comes and goes.
fn is_worth_an_end(previous: Option<&Finding>, finding: &Finding) -> bool {
    let was_silenced = previous.is_some_and(|previous| previous.state == FindingState::Silenced);
    finding.told_at.is_some() && !was_silenced && finding.returns < FindingNews::FLAPPING
}

/// What is told of a finding that is open.
fn open(
    previous: Option<&Finding>,
    transition: Transition,
    finding: &Finding,
    now: UnixTime,
    baseline: bool,
) -> Option<Occasion> {
    let decision_ended = previous.is_some_and(|previous| {
        matches!(previous.state, FindingState::Acknowledged | FindingState::Silenced)
    });
    let opened_anew = transition == Transition::Opened && finding.returns <= FindingNews::FLAPPING;
    let occasion = match transition {
        Transition::Held if !decision_ended => return None,
        _ if baseline => Occasion::Baseline,
        Transition::Opened if opened_anew || is_news(finding) || is_due(finding, now) => Occasion::Opened,
        Transition::Worse if decision_ended || is_news(finding) || is_due(finding, now) => Occasion::Worse,
        Transition::Opened | Transition::Worse => return None,
        _ if decision_ended => Occasion::SilenceEnded,
        _ if finding.told_at.is_none() => Occasion::Opened,
        _ if is_due(finding, now) => Occasion::Reminder,
        _ => return None,
    };
    Some(occasion)
}

/// Never told, or never as bad as now: what swings between two severities is told at the worse one once a period.
fn is_news(finding: &Finding) -> bool {
    finding.told_at.is_none() || finding.told_severity.is_none_or(|told| told < finding.severity)
}

/// Told so long ago that it is told again. What is low is told once.
fn is_due(finding: &Finding, now: UnixTime) -> bool {
    let period = match finding.severity {
        Severity::Critical => CRITICAL_REMINDER_SECONDS,
        Severity::High | Severity::Medium => REMINDER_SECONDS,
        Severity::Low | Severity::Info => return false,
    };
    finding.told_at.is_some_and(|told| now.seconds_since(told) >= period)
}

#[cfg(test)]
mod tests {
    use super::super::tests;
    use super::*;
    use crate::model::Rule;
    use crate::time::DAY_SECONDS;

    const NOW: UnixTime = UnixTime(1_795_510_800);

    fn finding(severity: Severity) -> Finding {
        tests::finding("pay.example:443", Rule::Expiring, severity)
    }

    fn told(severity: Severity, seconds_ago: i64) -> Finding {
        let told_at = Some(NOW.plus_seconds(-seconds_ago));
        Finding { told_at, told_severity: Some(severity), ..finding(severity) }
    }

    /// What is told of `now`, that was in `state` before.
    fn told_of(
        state: FindingState,
        transition: Transition,
        now: &Finding,
        baseline: bool,
    ) -> Option<Occasion> {
        let previous = Finding { state, ..now.clone() };
        let mut now = now.clone();
        let occasion = tell(Some(&previous), transition, &mut now, NOW, baseline);
        if occasion.is_some() {
            assert_eq!((now.told_at, now.told_severity), (Some(NOW), Some(now.severity)));
        }
        occasion
    }

    fn seen(transition: Transition, now: &Finding) -> Option<Occasion> {
        told_of(FindingState::Open, transition, now, false)
    }

    fn gone(finding: Finding) -> Finding {
        Finding { state: FindingState::Resolved, resolved_at: Some(NOW), ..finding }
    }

    #[test]
    fn news_is_told_once_and_reminded_of_in_its_period() {
        use Severity::{Critical, High, Low};
        let mut new = finding(High);
        assert_eq!(tell(None, Transition::Opened, &mut new, NOW, false), Some(Occasion::Opened));
        assert_eq!(tell(None, Transition::Unchanged, &mut new, NOW, false), None);
        for (severity, seconds_ago, expected) in [
            (Critical, 22 * HOUR_SECONDS - 1, None),
            (Critical, 22 * HOUR_SECONDS, Some(Occasion::Reminder)),
            (High, 156 * HOUR_SECONDS - 1, None),
            (High, 156 * HOUR_SECONDS, Some(Occasion::Reminder)),
            (Low, 365 * DAY_SECONDS, None),
        ] {
            let finding = told(severity, seconds_ago);
            assert_eq!(seen(Transition::Unchanged, &finding), expected, "{severity:?} {seconds_ago}");
            assert_eq!(seen(Transition::Better, &finding), expected);
            assert_eq!(seen(Transition::Held, &finding), None);
        }
    }

    #[test]
    fn worse_is_told_once_a_period_however_it_swings() {
        let worse = Finding { severity: Severity::Critical, ..told(Severity::High, HOUR_SECONDS) };
        assert_eq!(seen(Transition::Worse, &worse), Some(Occasion::Worse));
        assert_eq!(seen(Transition::Worse, &told(Severity::Critical, HOUR_SECONDS)), None);
        assert_eq!(seen(Transition::Worse, &told(Severity::Critical, DAY_SECONDS)), Some(Occasion::Worse));
    }

    #[test]
    fn an_end_is_told_to_whom_the_beginning_was_told() {
        for (transition, occasion) in
            [(Transition::Resolved, Occasion::Resolved), (Transition::Retired, Occasion::Retired)]
        {
            let was = |state, finding| told_of(state, transition, &gone(finding), false);
            let known = told(Severity::High, HOUR_SECONDS);
            assert_eq!(was(FindingState::Open, known.clone()), Some(occasion));
            assert_eq!(was(FindingState::Acknowledged, known.clone()), Some(occasion));
            assert_eq!(was(FindingState::Silenced, known.clone()), None);
            assert_eq!(was(FindingState::Open, finding(Severity::High)), None);
            assert_eq!(was(FindingState::Open, Finding { returns: FindingNews::FLAPPING, ..known }), None);
        }
    }

    #[test]
    fn decisions_keep_still_and_their_end_is_told() {
        use FindingState::{Acknowledged, Open, Silenced};
        for state in [Acknowledged, Silenced] {
            for transition in [Transition::Opened, Transition::Worse, Transition::Unchanged, Transition::Held]
            {
                let decided = Finding { state, ..finding(Severity::Critical) };
                for baseline in [false, true] {
                    assert_eq!(told_of(state, transition, &decided, baseline), None);
                    assert_eq!(told_of(Open, transition, &decided, baseline), None);
                }
            }
            let over = told(Severity::Critical, HOUR_SECONDS);
            for transition in [Transition::Better, Transition::Unchanged, Transition::Held] {
                assert_eq!(told_of(state, transition, &over, false), Some(Occasion::SilenceEnded));
                assert_eq!(told_of(state, transition, &over, true), Some(Occasion::Baseline));
            }
            assert_eq!(told_of(state, Transition::Worse, &over, false), Some(Occasion::Worse));
        }
    }

    #[test]
    fn what_was_never_told_and_is_open_is_told() {
        let never = finding(Severity::Low);
        assert_eq!(seen(Transition::Unchanged, &never), Some(Occasion::Opened));
        assert_eq!(seen(Transition::Better, &never), Some(Occasion::Opened));
        assert_eq!(seen(Transition::Held, &never), None);
    }

    #[test]
    fn a_baseline_tells_all_that_is_there() {
        let known = told(Severity::High, 1);
        let baseline = |transition, finding: &Finding| told_of(FindingState::Open, transition, finding, true);
        for transition in [Transition::Opened, Transition::Worse, Transition::Better, Transition::Unchanged] {
            assert_eq!(baseline(transition, &known), Some(Occasion::Baseline));
        }
        assert_eq!(baseline(Transition::Held, &known), None);
        assert_eq!(baseline(Transition::Resolved, &gone(known)), Some(Occasion::Resolved));
        assert_eq!(baseline(Transition::Resolved, &gone(finding(Severity::High))), None);
    }

    #[test]
    fn flapping_is_told_when_it_begins_when_it_is_worse_and_in_its_period() {
        use Severity::{Critical, High, Low};
        let opened = |returns, finding| seen(Transition::Opened, &Finding { returns, ..finding });
        let told_again = Some(Occasion::Opened);
        let begins = FindingNews::FLAPPING;
        assert_eq!(opened(begins, told(High, HOUR_SECONDS)), told_again);
        assert_eq!(opened(begins + 1, told(High, HOUR_SECONDS)), None);
        assert_eq!(opened(begins + 1, told(Critical, HOUR_SECONDS)), None);
        assert_eq!(opened(begins + 1, told(Critical, 22 * HOUR_SECONDS)), told_again);
        assert_eq!(opened(begins + 1, told(High, 7 * DAY_SECONDS)), told_again);
        assert_eq!(opened(begins + 1, told(Low, 70 * DAY_SECONDS)), None);
        assert_eq!(opened(begins + 1, Finding { severity: Critical, ..told(High, 1) }), told_again);
        assert_eq!(opened(begins + 1, finding(Low)), told_again);
        let stays = Finding { returns: begins + 1, ..told(High, 7 * DAY_SECONDS) };
        assert_eq!(seen(Transition::Unchanged, &stays), Some(Occasion::Reminder));
    }

    #[test]
    fn a_clock_that_went_back_neither_repeats_nor_silences() {
        let mut finding = told(Severity::Critical, -3_650 * DAY_SECONDS);
        let mut step = |at| tell(None, Transition::Unchanged, &mut finding, at, false);
        assert_eq!(step(NOW), None);
        assert_eq!(step(NOW.plus_seconds(HOUR_SECONDS)), None);
        assert_eq!(step(NOW.plus_seconds(DAY_SECONDS)), Some(Occasion::Reminder));
        assert_eq!(step(NOW.plus_seconds(DAY_SECONDS + HOUR_SECONDS)), None);
    }
}
