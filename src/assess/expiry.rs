//! When an expiring certificate becomes worth a finding, step by step.
//!
//! End-entity certificates: each step has a share of the certificate's life and a number of days, and begins at
//! the *later* moment of the two, that is, at the smaller time left. A 90-day certificate (25 % = 22.5 d) renewed
//! with 30 d left stays silent; a 398-day one speaks at 30 d, not at 99.
//!
//! Whoever looks once a week must hear in time: critical begins no later than one scan interval before the end,
//! high two. A certificate that lives less than two intervals is renewed between two looks by design; for it only
//! the steps above count, else it would be critical from its first second.
//!
//! CA certificates: 180, 90 and 30 days; one that lives less than a year is measured by the same parts of its
//! life (1/2, 1/4, 1/12), so that a short-lived CA is not critical by birth. The numbers are a profile's to change;
//! no step of a CA begins before half of its life is over.

use crate::model::{ExpiryStep, Severity, Thresholds};
use crate::time::{DAY_SECONDS, UnixTime};

/// Which steps apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    EndEntity,
    Ca,
}

/// Seconds left at which each severity begins; `medium >= high >= critical >= 0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steps {
    pub medium: i64,
    pub high: i64,
    pub critical: i64,
}

impl Steps {
    /// The steps of a certificate that lives `life_seconds` (`None`: unknown, the days alone count; zero or less:
    /// it is never valid, and never expiring), looked at every `scan_interval_seconds`.
    pub fn new(
        thresholds: &Thresholds,
        role: Role,
        life_seconds: Option<i64>,
        scan_interval_seconds: Option<i64>,
    ) -> Self {
        let step = |days: u32, (part, of): (u32, u32)| {
            let by_days = i64::from(days).saturating_mul(DAY_SECONDS);
            let by_life = life_seconds.map(|life| share(life.max(0), part, of));
            by_life.map_or(by_days, |by_life| by_life.min(by_days))
        };
        let [medium, high, critical] = match role {
            Role::EndEntity => [thresholds.medium, thresholds.high, thresholds.critical]
                .map(|ExpiryStep { share, days }| step(days, (share, 100))),
            Role::Ca => thresholds.ca_days.map(|days| step(days, (days.min(CA_YEAR / 2), CA_YEAR))),
        };
        let interval = floor_interval(life_seconds, scan_interval_seconds);
        let critical = critical.max(interval);
        let high = high.max(interval.saturating_mul(2)).max(critical);
        Self { medium: medium.max(high), high, critical }
    }

    /// Severity with `seconds_left` to the end; `None` while there is nothing to say. Past the end it is critical,
    /// though [`crate::model::Rule::Expired`] speaks then.
    pub fn severity(self, seconds_left: i64) -> Option<Severity> {
        match seconds_left {
            left if left <= self.critical => Some(Severity::Critical),
            left if left <= self.high => Some(Severity::High),
            left if left <= self.medium => Some(Severity::Medium),
            _ => None,
        }
    }
}

/// Severity of a certificate that is valid now and ends at `not_after`; `None` if it has ended, is not yet valid, or
/// has time left.
pub fn severity(
    thresholds: &Thresholds,
    role: Role,
    not_before: Option<UnixTime>,
    not_after: UnixTime,
    now: UnixTime,
    scan_interval_seconds: Option<i64>,
) -> Option<Severity> {
    if now > not_after || not_before.is_some_and(|start| now < start) {
        return None;
    }
    let life = not_before.map(|start| not_after.seconds_since(start));
    Steps::new(thresholds, role, life, scan_interval_seconds).severity(not_after.seconds_since(now))
}

/// Days that are the whole of a CA's life, where its days left are taken as parts of it.
const CA_YEAR: u32 = 360;

/// `part` of `of` parts of `life`.
fn share(life: i64, part: u32, of: u32) -> i64 {
    let seconds = i128::from(life) * i128::from(part) / i128::from(of.max(1));
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

fn floor_interval(life_seconds: Option<i64>, scan_interval_seconds: Option<i64>) -> i64 {
    let interval = scan_interval_seconds.unwrap_or(0).max(0);
    match life_seconds {
        Some(life) if life < interval.saturating_mul(2) => 0,
        _ => interval,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: i64 = 3_600;

    fn days(n: i64) -> i64 {
        n * DAY_SECONDS
    }

    fn at(life_days: i64, left_seconds: i64, interval: Option<i64>) -> Option<Severity> {
        severity(
            &Thresholds::default(),
            Role::EndEntity,
            Some(UnixTime(0)),
            UnixTime(days(life_days)),
            UnixTime(days(life_days) - left_seconds),
            interval,
        )
    }

    #[test]
    fn the_later_of_share_and_days_counts() {
        assert_eq!(at(90, days(30), None), None);
        assert_eq!(at(90, days(23), None), None);
        assert_eq!(at(90, days(22), None), Some(Severity::Medium));
        assert_eq!(at(90, days(14), None), Some(Severity::Medium));
        assert_eq!(at(90, days(13), None), Some(Severity::High));
        assert_eq!(at(90, days(3), None), Some(Severity::Critical));
        assert_eq!(at(398, days(31), None), None);
        assert_eq!(at(398, days(30), None), Some(Severity::Medium));
        assert_eq!(at(398, days(14), None), Some(Severity::High));
        assert_eq!(at(398, days(3), None), Some(Severity::Critical));
        assert_eq!(at(398, days(3) + 1, None), Some(Severity::High));
    }

    #[test]
    fn short_lives_have_short_steps() {
        let six_days = Steps::new(&Thresholds::default(), Role::EndEntity, Some(days(6)), None);
        assert_eq!(six_days.medium, 36 * HOUR);
        assert_eq!(six_days.critical, 6 * DAY_SECONDS / 20);
        let ten_hours = Steps::new(&Thresholds::default(), Role::EndEntity, Some(10 * HOUR), None);
        assert_eq!((ten_hours.medium, ten_hours.critical), (9_000, 1_800));
    }

    #[test]
    fn a_rare_look_makes_the_steps_earlier() {
        let weekly = Some(days(7));
        assert_eq!(at(90, days(7), weekly), Some(Severity::Critical));
        assert_eq!(at(90, days(8), weekly), Some(Severity::High));
        assert_eq!(at(90, days(14), weekly), Some(Severity::High));
        assert_eq!(at(90, days(15), weekly), Some(Severity::Medium));
        // Six days of life, looked at weekly: renewed between two looks.
        assert_eq!(at(6, days(5), weekly), None);
    }

    #[test]
    fn a_life_of_nothing_or_less_does_not_expire() {
        assert_eq!(
            severity(
                &Thresholds::default(),
                Role::EndEntity,
                Some(UnixTime(10)),
                UnixTime(5),
                UnixTime(7),
                Some(days(1))
            ),
            None
        );
        assert_eq!(
            severity(
                &Thresholds::default(),
                Role::EndEntity,
                Some(UnixTime(5)),
                UnixTime(5),
                UnixTime(5),
                None
            ),
            Some(Severity::Critical)
        );
        assert_eq!(
            severity(
                &Thresholds::default(),
                Role::EndEntity,
                Some(UnixTime(i64::MIN)),
                UnixTime(i64::MAX),
                UnixTime(0),
                None
            ),
            None
        );
    }

    #[test]
    fn a_ca_speaks_half_a_year_ahead() {
        let ten_years = Steps::new(&Thresholds::default(), Role::Ca, Some(days(3_650)), None);
        assert_eq!(ten_years, Steps { medium: days(180), high: days(90), critical: days(30) });
        let one_day = Steps::new(&Thresholds::default(), Role::Ca, Some(days(1)), None);
        assert_eq!(one_day, Steps { medium: 12 * HOUR, high: 6 * HOUR, critical: 2 * HOUR });
    }

    #[test]
    fn a_profile_sets_its_own_steps() {
        let step = |share, days| ExpiryStep { share, days };
        let own = Thresholds {
            medium: step(50, 60),
            high: step(30, 30),
            critical: step(10, 10),
            ca_days: [720, 400, 90],
        };
        let long = Steps::new(&own, Role::EndEntity, Some(days(398)), None);
        assert_eq!(long, Steps { medium: days(60), high: days(30), critical: days(10) });
        let short = Steps::new(&own, Role::EndEntity, Some(days(10)), None);
        assert_eq!(short, Steps { medium: days(5), high: days(3), critical: days(1) });
        let ten_years = Steps::new(&own, Role::Ca, Some(days(3_650)), None);
        assert_eq!(ten_years, Steps { medium: days(720), high: days(400), critical: days(90) });
        // A CA of two years is not expiring by birth.
        assert_eq!(Steps::new(&own, Role::Ca, Some(days(730)), None).medium, days(365));
        // However late the steps, one look comes before the end.
        let weekly = Steps::new(&own, Role::EndEntity, Some(days(90)), Some(days(20)));
        assert_eq!((weekly.critical, weekly.high), (days(20), days(40)));
    }

    proptest! {
        #[test]
        fn severity_never_falls_as_time_passes(
            life in 0i64..days(4_000),
            interval in proptest::option::of(0i64..days(40)),
            mut moments in proptest::collection::vec(0i64..days(4_000), 2..10),
            ca in any::<bool>(),
        ) {
            let role = if ca { Role::Ca } else { Role::EndEntity };
            moments.retain(|m| *m <= life);
            moments.sort_unstable();
            let seen: Vec<_> = moments
                .iter()
                .map(|m| severity(&Thresholds::default(), role, Some(UnixTime(0)), UnixTime(life), UnixTime(*m), interval))
                .collect();
            prop_assert!(seen.is_sorted(), "{seen:?}");
        }

        #[test]
        fn steps_are_ordered(
            life in proptest::option::of(any::<i64>()),
            interval in proptest::option::of(any::<i64>()),
            mut shares in proptest::array::uniform3(1u32..=100),
            mut days in proptest::array::uniform3(1u32..=3_660),
        ) {
            shares.sort_unstable();
            days.sort_unstable();
            let step = |i: usize| ExpiryStep { share: shares[i], days: days[i] };
            let thresholds = Thresholds {
                medium: step(2), high: step(1), critical: step(0), ca_days: [days[2], days[1], days[0]],
            };
            for role in [Role::EndEntity, Role::Ca] {
                let steps = Steps::new(&thresholds, role, life, interval);
                prop_assert!(steps.medium >= steps.high && steps.high >= steps.critical && steps.critical >= 0);
            }
        }
    }
}
