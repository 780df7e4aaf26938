//! When a scan was missed, and when the weekly mail is due.

use crate::time::UnixTime;

/// Whether a scan that should run every `every_seconds` was missed: the last one is more than one and a half periods
/// ago. No period, no overdue.
pub fn is_overdue(last_finished: UnixTime, every_seconds: i64, now: UnixTime) -> bool {
    let gap = now.seconds_since(last_finished);
    every_seconds > 0 && gap > every_seconds.saturating_add(every_seconds / 2)
}

/// Whether what is sent once a period is due. It is if it was never sent.
///
/// A fourteenth of the period (half a day of a week) is forgiven, so that a timer which runs some minutes earlier than
/// a week ago does not put it off by a whole turn. A last time in the future, by a clock that went back, puts it off
/// by one period at most.
pub fn is_weekly_due(last: Option<UnixTime>, period_seconds: i64, now: UnixTime) -> bool {
    let period = period_seconds.max(0);
    last.is_none_or(|last| now.seconds_since(last).saturating_abs() >= period - period / 14)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::DAY_SECONDS;

    const NOW: UnixTime = UnixTime(1_795_510_800);
    const HOUR: i64 = 3_600;

    #[test]
    fn a_scan_is_overdue_after_half_a_period_more() {
        let overdue = |ago: i64, every| is_overdue(NOW.plus_seconds(-ago), every, NOW);
        assert!(!overdue(36 * HOUR, DAY_SECONDS));
        assert!(overdue(36 * HOUR + 1, DAY_SECONDS));
        assert!(!overdue(-DAY_SECONDS, DAY_SECONDS));
        assert!(!overdue(DAY_SECONDS, 0));
        assert!(!is_overdue(UnixTime(i64::MIN), i64::MAX, NOW));
    }

    #[test]
    fn the_weekly_mail_is_due_half_a_day_before_the_week_is_over() {
        let due = |ago: i64| is_weekly_due(Some(NOW.plus_seconds(-ago)), 7 * DAY_SECONDS, NOW);
        assert!(is_weekly_due(None, 7 * DAY_SECONDS, NOW));
        assert!(!due(0) && !due(156 * HOUR - 1));
        assert!(due(156 * HOUR) && due(3_650 * DAY_SECONDS));
        assert!(!due(-DAY_SECONDS) && due(-3_650 * DAY_SECONDS));
        assert!(is_weekly_due(Some(UnixTime(i64::MIN)), i64::MAX, UnixTime(i64::MAX)));
    }
}
