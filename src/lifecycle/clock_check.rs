//! Whether the clock can be believed.
//!
//! A clock that jumped by years would call every certificate expired, or none. So a run far from the last one is
//! doubtful: it judges, but what depends on the time is not told. When the next run agrees with it and the
//! certificates do not contradict, the machine was only off, or its clock was put right, and the time is trusted
//! again.

use crate::model::Watch;
use crate::time::{DAY_SECONDS, UnixTime};

/// A clock that is disciplined goes back this far at most.
const BACK_SECONDS: i64 = 300;

/// Between two runs there may be this much, or four intervals where that is more.
const FORWARD_SECONDS: i64 = 35 * DAY_SECONDS;

/// Whether what the clock says can be acted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockVerdict {
    Trusted,
    Doubtful,
}

/// Judges the clock of a run at `now`, and says what to remember of it. `interval_seconds` is how often the profile
/// is scanned; `looks_wrong` says that most certificates that were valid at the trusted time are not valid now.
///
/// The first run is trusted. A run that fits the trusted time is trusted whatever else, and ends the doubt.
pub fn check_clock(
    watch: &Watch,
    now: UnixTime,
    interval_seconds: Option<i64>,
    looks_wrong: bool,
) -> (ClockVerdict, Watch) {
    let most = interval_seconds.unwrap_or(0).saturating_mul(4).max(FORWARD_SECONDS);
    let follows = |earlier: UnixTime, back: i64| (-back..=most).contains(&now.seconds_since(earlier));
    let fits_trusted = watch.trusted_clock.is_none_or(|trusted| follows(trusted, BACK_SECONDS));
    let fits_doubtful = watch.doubtful_clock.is_some_and(|doubtful| follows(doubtful, 0));
    let (verdict, trusted_clock, doubtful_clock) = if fits_trusted {
        (ClockVerdict::Trusted, watch.trusted_clock.max(Some(now)), None)
    } else if fits_doubtful && !looks_wrong {
        (ClockVerdict::Trusted, Some(now), None)
    } else {
        (ClockVerdict::Doubtful, watch.trusted_clock, Some(now))
    };
    (verdict, Watch { trusted_clock, doubtful_clock, ..*watch })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: UnixTime = UnixTime(1_795_510_800);
    const YEAR: i64 = 365 * DAY_SECONDS;

    fn trusted(at: UnixTime) -> Watch {
        Watch { trusted_clock: Some(at), ..Watch::default() }
    }

    /// The verdict on a run so many seconds after `NOW`.
    fn run(watch: &mut Watch, after: i64, looks_wrong: bool) -> ClockVerdict {
        let (verdict, next) = check_clock(watch, NOW.plus_seconds(after), None, looks_wrong);
        *watch = next;
        verdict
    }

    #[test]
    fn the_first_run_is_trusted_and_so_is_what_follows_it() {
        let mut watch = Watch { still_watching: Some(UnixTime(7)), ..Watch::default() };
        for after in [0, 60, 60, 35 * DAY_SECONDS + 60] {
            assert_eq!(run(&mut watch, after, false), ClockVerdict::Trusted);
            assert_eq!(watch.trusted_clock, Some(NOW.plus_seconds(after)));
        }
        assert_eq!(watch.still_watching, Some(UnixTime(7)));
    }

    #[test]
    fn a_small_step_back_is_no_jump_and_does_not_move_the_trusted_time() {
        let mut watch = trusted(NOW);
        assert_eq!(run(&mut watch, -300, false), ClockVerdict::Trusted);
        assert_eq!(watch, trusted(NOW));
        assert_eq!(run(&mut watch, -301, false), ClockVerdict::Doubtful);
        assert_eq!(watch.doubtful_clock, Some(NOW.plus_seconds(-301)));
    }

    #[test]
    fn a_rare_scan_may_leave_more_time_between_its_runs() {
        let after = |days: i64, interval: Option<i64>| {
            check_clock(&trusted(NOW), NOW.plus_seconds(days * DAY_SECONDS), interval, false).0
        };
        assert_eq!(after(36, None), ClockVerdict::Doubtful);
        assert_eq!(after(36, Some(30 * DAY_SECONDS)), ClockVerdict::Trusted);
        assert_eq!(after(121, Some(30 * DAY_SECONDS)), ClockVerdict::Doubtful);
    }

    #[test]
    fn a_machine_that_was_off_is_believed_at_its_second_run() {
        let mut watch = trusted(NOW);
        assert_eq!(run(&mut watch, 60 * DAY_SECONDS, false), ClockVerdict::Doubtful);
        assert_eq!(run(&mut watch, 61 * DAY_SECONDS, false), ClockVerdict::Trusted);
        assert_eq!(watch, trusted(NOW.plus_seconds(61 * DAY_SECONDS)));
    }

    #[test]
    fn a_wrong_clock_is_not_believed_and_its_return_is() {
        let mut watch = trusted(NOW);
        for day in 1..5 {
            assert_eq!(run(&mut watch, 10 * YEAR + day * DAY_SECONDS, true), ClockVerdict::Doubtful);
        }
        assert_eq!(run(&mut watch, 5 * DAY_SECONDS, true), ClockVerdict::Trusted);
        assert_eq!(watch, trusted(NOW.plus_seconds(5 * DAY_SECONDS)));
    }

    #[test]
    fn a_doubt_is_compared_with_the_last_run() {
        let mut watch = trusted(NOW);
        assert_eq!(run(&mut watch, 10 * YEAR, false), ClockVerdict::Doubtful);
        assert_eq!(run(&mut watch, -10 * YEAR, false), ClockVerdict::Doubtful);
        assert_eq!(run(&mut watch, 10 * YEAR, false), ClockVerdict::Doubtful);
        assert_eq!(run(&mut watch, 10 * YEAR - 1, false), ClockVerdict::Doubtful);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_run_inside_a_jump_is_trusted(
            gaps in prop::collection::vec(0_i64..=20 * DAY_SECONDS, 1..40),
            first in 0_usize..40,
            length in 1_usize..10,
            forward in any::<bool>(),
            interval in prop::option::of(60_i64..=30 * DAY_SECONDS),
        ) {
            let jump = if forward { 10 * YEAR } else { -10 * YEAR };
            let (mut watch, mut real, mut back_again) = (trusted(NOW), NOW, NOW);
            for (i, gap) in gaps.into_iter().enumerate() {
                real = real.plus_seconds(gap);
                let jumped = (first..first + length).contains(&i);
                let now = if jumped { real.plus_seconds(jump) } else { real };
                let (verdict, next) = check_clock(&watch, now, interval, jumped);
                watch = next;
                if jumped {
                    prop_assert_eq!(verdict, ClockVerdict::Doubtful);
                } else if real.seconds_since(back_again) <= FORWARD_SECONDS {
                    prop_assert_eq!(verdict, ClockVerdict::Trusted);
                }
                if !jumped {
                    back_again = real;
                }
            }
        }
    }
}
