//! What people decided about a finding, taken off when it is over and put on where it holds.

use super::matcher::matches;
use crate::model::{Decision, Finding, FindingState, Silence};
use crate::time::UnixTime;

/// Brings a finding under what is decided at `at`. An acknowledgement that holds stays; otherwise the silence that
/// matches, holds and ends last; otherwise the finding is open. One that is resolved stays so, and nothing is decided
/// about it any more.
pub fn decide(finding: &mut Finding, silences: &[Silence], at: UnixTime) {
    let silence = match finding.state {
        FindingState::Resolved => None,
        FindingState::Acknowledged if finding.decision.as_ref().is_none_or(|decision| decision.holds(at)) => {
            return;
        }
        FindingState::Open | FindingState::Acknowledged | FindingState::Silenced => {
            silence_of(finding, silences, at)
        }
    };
    finding.state = match (finding.state, silence) {
        (FindingState::Resolved, _) => FindingState::Resolved,
        (_, Some(_)) => FindingState::Silenced,
        (_, None) => FindingState::Open,
    };
    finding.decision = silence.cloned();
}

fn silence_of<'a>(finding: &Finding, silences: &'a [Silence], at: UnixTime) -> Option<&'a Decision> {
    silences
        .iter()
        .filter(|silence| silence.decision.holds(at) && matches(&silence.matcher, finding))
        .map(|silence| &silence.decision)
        .max_by_key(|decision| decision.until.unwrap_or(UnixTime(i64::MAX)))
}
