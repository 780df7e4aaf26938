//! What still waits after a delivery, each in one line: who, how many items, since when, why, and the next try.

use super::super::AppError;
use super::Round;
use super::setback::last;
use crate::app::alerting::Alerting;
use crate::model::{Channel, HookRun, Lane, LaneState, Urgency};
use crate::report::number;
use crate::store::Store;
use crate::time::UnixTime;

/// Something that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// One line; may hold text of a server.
    pub what: String,
}

/// What waits now.
pub(super) fn what_is_left(round: &Round<'_>) -> Result<Vec<Left>, AppError> {
    let now = round.now();
    let runs = round.store.hook_runs()?;
    let why = |lane: &Lane| match &lane.id.channel {
        Channel::Mail(_) => mail_reason(lane, round.alerting, now),
        Channel::Hook(name) => hook_reason(name, &runs, round.alerting, now),
    };
    Ok(round.store.lanes()?.iter().map(|lane| line(lane, &why(lane))).collect())
}

/// Everything that waits, for one and the same reason.
pub(super) fn all_because(store: &Store, reason: &str) -> Result<Vec<Left>, AppError> {
    Ok(store.lanes()?.iter().map(|lane| line(lane, reason)).collect())
}

fn line(lane: &Lane, why: &str) -> Left {
    let to = match (&lane.id.channel, lane.id.urgency) {
        (Channel::Mail(to), Urgency::Immediate) => format!("urgent mail to {to}"),
        (Channel::Mail(to), Urgency::Digest) => format!("mail to {to}"),
        (Channel::Hook(name), _) => format!("hook {name}"),
    };
    let items = if lane.waiting == 1 { "item" } else { "items" };
    let what = format!("{to}: {} {items} since {}; {why}", number(lane.waiting), lane.oldest);
    Left { what }
}

fn mail_reason(lane: &Lane, alerting: &Alerting, now: UnixTime) -> String {
    if alerting.mail.is_none() {
        return "the settings have no [mail] any more; put it back, and run `certvigil notify outbox flush`"
            .to_owned();
    }
    let Some(setback) = last(&lane.state) else {
        return match lane.state {
            LaneState::Sealed(_) => {
                "it is not known whether it arrived; sent again at the next run".to_owned()
            }
            _ => "the time for alerts was over; sent at the next run".to_owned(),
        };
    };
    let word = match lane.state {
        LaneState::Refused(_) => "refused",
        LaneState::Sealed(_) => "it is not known whether it arrived",
        _ => "not taken yet",
    };
    format!("{word}: {}; {}", setback.error, next(setback.next_at, now))
}

fn hook_reason(name: &str, runs: &[HookRun], alerting: &Alerting, now: UnixTime) -> String {
    if alerting.hook(name).is_none() {
        return format!(
            "the settings have no hook of this name any more; put it back, or run \
             `certvigil notify outbox drop {name} --reason TEXT`"
        );
    }
    let waits = runs.iter().filter(|run| run.hook == name && run.next_at > now);
    match waits.min_by_key(|run| run.next_at) {
        Some(run) => format!("{}; {}", run.outcome, next(run.next_at, now)),
        None => "the time for alerts was over; run at the next run".to_owned(),
    }
}

fn next(at: UnixTime, now: UnixTime) -> String {
    if at <= now { "tried at the next run".to_owned() } else { format!("next try at {at}") }
}
