//! Back-off of a lane, and how often its troubles are written into the audit log. Never reads the clock or the store.

use crate::lifecycle::mail_retry_seconds;
use crate::model::{Lane, LaneState, Seal, Setback};
use crate::time::{DAY_SECONDS, UnixTime};

/// Characters kept of an error: it stands in one line of a list.
const LONGEST_ERROR: usize = 500;

/// So many refusals in a row, one a day, end the wait for a yes to the very mail whose fate is not known: its news
/// goes out with what came after it, at the risk of being told twice.
pub(super) const HOPELESS_AFTER: u32 = 7;

/// How long the server's no is taken for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Tried again with growing pauses.
    Temporary,
    /// Tried again each day, in case somebody mends it.
    Permanent,
}

impl Trouble {
    fn wait_seconds(self, attempts: u32) -> i64 {
        match self {
            Self::Temporary => mail_retry_seconds(attempts),
            Self::Permanent => DAY_SECONDS,
        }
    }
}

/// One more failure of a lane that was in `state`.
pub(super) fn after(state: &LaneState, trouble: Trouble, error: &str, now: UnixTime) -> Setback {
    let attempts = last(state).map_or(0, |setback| setback.attempts).saturating_add(1);
    Setback { attempts, next_at: now.plus_seconds(trouble.wait_seconds(attempts)), error: one_line(error) }
}

/// Whether a lane may be tried. One that seems to wait for longer than any back-off was put off by a clock that has
/// since gone back.
pub(in crate::app) fn is_due(lane: &Lane, now: UnixTime) -> bool {
    let is_absurd = |setback: &Setback| setback.next_at.seconds_since(now) > DAY_SECONDS;
    lane.is_due(now) || last(&lane.state).is_some_and(is_absurd)
}

/// The last failure of a lane.
pub(super) fn last(state: &LaneState) -> Option<&Setback> {
    match state {
        LaneState::Ready => None,
        LaneState::Deferred(setback) | LaneState::Refused(setback) => Some(setback),
        LaneState::Sealed(seal) => seal.setback.as_ref(),
    }
}

/// The seal of a lane whose last mail may have arrived.
pub(super) fn seal(state: &LaneState) -> Option<&Seal> {
    match state {
        LaneState::Sealed(seal) => Some(seal),
        LaneState::Ready | LaneState::Deferred(_) | LaneState::Refused(_) => None,
    }
}

/// Whether this failure is worth an entry: the first of its kind, and then one a day. Numbers do not make a kind:
/// servers put queue numbers and seconds into their answers.
pub(super) fn is_worth_an_entry(state: &LaneState, new: &Setback, now: UnixTime) -> bool {
    let Some(last) = last(state) else { return true };
    let trouble = match state {
        LaneState::Refused(_) => Trouble::Permanent,
        _ => Trouble::Temporary,
    };
    let tried_at = last.next_at.plus_seconds(-trouble.wait_seconds(last.attempts));
    !is_alike(&last.error, &new.error) || day(tried_at) != day(now)
}

/// Whether two errors differ in numbers at most.
pub(super) fn is_alike(known: &str, error: &str) -> bool {
    kind(known) == kind(&one_line(error))
}

/// Text of a server as one line of bounded length.
pub(super) fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(LONGEST_ERROR).collect()
}

fn kind(error: &str) -> String {
    error.chars().filter(|c| !c.is_ascii_digit()).collect()
}

fn day(time: UnixTime) -> i64 {
    time.0.div_euclid(DAY_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: UnixTime = UnixTime(1_795_521_600);

    #[test]
    fn the_same_trouble_is_told_once_a_day() {
        let error = |seconds: u32| format!("451 greylisted, try again in {seconds} s");
        let mut state = LaneState::Ready;
        let mut told = 0;
        let mut now = NOON;
        while now < NOON.plus_seconds(3 * DAY_SECONDS) {
            let setback = after(&state, Trouble::Temporary, &error(told), now);
            told += u32::from(is_worth_an_entry(&state, &setback, now));
            now = setback.next_at;
            state = LaneState::Deferred(setback);
        }
        assert!((3..=4).contains(&told), "{told}");
        let other = after(&state, Trouble::Temporary, "connection refused", now);
        assert!(is_worth_an_entry(&state, &other, now));
    }

    #[test]
    fn a_refusal_is_tried_again_the_next_day_and_counted() {
        let first = after(&LaneState::Ready, Trouble::Permanent, "550 no\r\nsuch user", NOON);
        assert_eq!((first.attempts, first.next_at), (1, NOON.plus_seconds(DAY_SECONDS)));
        assert_eq!(first.error, "550 no such user");
        let state = LaneState::Refused(first);
        assert_eq!(after(&state, Trouble::Permanent, "550", NOON).attempts, 2);
    }
}
