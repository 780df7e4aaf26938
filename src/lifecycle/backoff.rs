//! When to try again what failed.

use crate::time::{DAY_SECONDS, UnixTime};

const WEEK_SECONDS: i64 = 7 * DAY_SECONDS;
const MAIL_SECONDS: i64 = 60;
const MAIL_MOST_SECONDS: i64 = 3_600;
const HOOK_SECONDS: i64 = 600;
const HOOK_MOST_SECONDS: i64 = DAY_SECONDS;

/// Seconds until a mail is tried again after `attempts` failures in a row: a minute after the first, twice as long
/// after each further one, at most an hour.
pub fn mail_retry_seconds(attempts: u32) -> i64 {
    grown(MAIL_SECONDS, 2, attempts, MAIL_MOST_SECONDS)
}

/// The earliest time at which a hook may run again for the same certificate. `tries` are its runs of the last week,
/// in any order; `failures` those since its last success.
///
/// Never more than `per_week` runs in any seven days, because issuers count. After the first failure it waits ten
/// minutes from the last run, four times as long after each further one, at most a day. Runs more than a day in the
/// future come from a clock that was wrong, and count for nothing.
pub fn hook_retry_at(tries: &[UnixTime], failures: u32, per_week: u32, now: UnixTime) -> UnixTime {
    let mut tries: Vec<UnixTime> =
        tries.iter().copied().filter(|at| at.seconds_since(now) <= HOOK_MOST_SECONDS).collect();
    tries.sort_unstable();
    let rested = match (tries.last(), failures) {
        (None, _) | (_, 0) => now,
        (Some(last), failures) => {
            last.plus_seconds(grown(HOOK_SECONDS, 4, failures, HOOK_MOST_SECONDS)).max(now)
        }
    };
    let Some(most_before) = usize::try_from(per_week).ok().and_then(|most| most.checked_sub(1)) else {
        return now.plus_seconds(WEEK_SECONDS);
    };
    // The run that must have left the window before the next one: of the latest `per_week`, the first.
    match tries.iter().rev().nth(most_before) {
        Some(first) => rested.max(first.plus_seconds(WEEK_SECONDS)),
        None => rested,
    }
}

/// `first` seconds after one failure, `factor` times as many after each further one, up to `most`.
fn grown(first: i64, factor: i64, failures: u32, most: i64) -> i64 {
    factor.saturating_pow(failures.saturating_sub(1)).saturating_mul(first).min(most)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: UnixTime = UnixTime(1_795_510_800);

    #[test]
    fn mail_waits_twice_as_long_each_time_up_to_an_hour() {
        let waits: Vec<i64> = [0, 1, 2, 3, 6, 7, 8, u32::MAX].into_iter().map(mail_retry_seconds).collect();
        assert_eq!(waits, [60, 60, 120, 240, 1_920, 3_600, 3_600, 3_600]);
    }

    #[test]
    fn a_hook_waits_four_times_as_long_each_time_up_to_a_day() {
        let wait = |failures| hook_retry_at(&[NOW], failures, 100, NOW).seconds_since(NOW);
        assert_eq!([0, 1, 2, 3, 4, 5, 99].map(wait), [0, 600, 2_400, 9_600, 38_400, 86_400, 86_400]);
        assert_eq!(hook_retry_at(&[], 3, 5, NOW), NOW);
        assert_eq!(hook_retry_at(&[NOW.plus_seconds(-9_000)], 2, 5, NOW), NOW);
    }

    #[test]
    fn a_hook_runs_so_often_in_any_seven_days() {
        let days_ago = |days: i64| NOW.plus_seconds(-days * DAY_SECONDS);
        let tries = [days_ago(6), days_ago(5), days_ago(4), days_ago(3), days_ago(2)];
        assert_eq!(hook_retry_at(&tries, 0, 5, NOW), NOW.plus_seconds(DAY_SECONDS));
        assert_eq!(hook_retry_at(&tries, 0, 6, NOW), NOW);
        assert_eq!(hook_retry_at(&tries, 0, 1, NOW), NOW.plus_seconds(5 * DAY_SECONDS));
        assert_eq!(hook_retry_at(&[], 0, 0, NOW), NOW.plus_seconds(WEEK_SECONDS));
    }

    #[test]
    fn a_clock_that_went_back_does_not_lock_for_ever() {
        let far = [NOW.plus_seconds(3_650 * DAY_SECONDS); 5];
        assert_eq!(hook_retry_at(&far, 5, 5, NOW), NOW);
        let near = [NOW.plus_seconds(3_600); 5];
        assert!(hook_retry_at(&near, 5, 5, NOW).seconds_since(NOW) <= 8 * DAY_SECONDS);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_hook_that_keeps_to_it_never_runs_too_often(
            per_week in 1_u32..6,
            steps in prop::collection::vec((any::<bool>(), 0_i64..200_000), 1..60),
        ) {
            let (mut now, mut failures, mut tries) = (NOW, 0_u32, Vec::<UnixTime>::new());
            for (succeeds, later) in steps {
                now = now.plus_seconds(later);
                let next = hook_retry_at(&tries, failures, per_week, now);
                prop_assert!(next >= now && next.seconds_since(now) <= WEEK_SECONDS);
                now = next;
                tries.retain(|at| now.seconds_since(*at) < WEEK_SECONDS);
                tries.push(now);
                prop_assert!(tries.len() <= per_week as usize);
                failures = if succeeds { 0 } else { failures + 1 };
            }
        }
    }
}
