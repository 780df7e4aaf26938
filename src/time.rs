//! Unix time in whole seconds, as every fact and verdict carries it. Reading the clock is `clock.rs`'s work.

use std::fmt;

/// Seconds in a day, as the Baseline Requirements count (section 6.3.2).
pub const DAY_SECONDS: i64 = 86_400;

/// Seconds since 1970-01-01T00:00:00Z; negative before. Certificates may carry years 0 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct UnixTime(pub i64);

impl UnixTime {
    /// Seconds from `earlier` to `self`; negative where `self` comes first. Never overflows.
    pub fn seconds_since(self, earlier: UnixTime) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The time `seconds` later. Never overflows.
    pub fn plus_seconds(self, seconds: i64) -> UnixTime {
        UnixTime(self.0.saturating_add(seconds))
    }

    /// Reads RFC 3339, or a bare date as its midnight UTC.
    pub fn parse(text: &str) -> Option<UnixTime> {
        if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
            return Some(UnixTime(timestamp.as_second()));
        }
        let date = text.parse::<jiff::civil::Date>().ok()?;
        let zoned = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(UnixTime(zoned.timestamp().as_second()))
    }
}

impl fmt::Display for UnixTime {
    /// RFC 3339 in UTC, whole seconds: `2026-11-24T09:00:00Z`. Years outside 0000-9999 are shown as the nearest.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.clamp(-62_167_219_200, 253_402_207_200);
        match jiff::Timestamp::from_second(seconds) {
            Ok(timestamp) => fmt::Display::fmt(&timestamp, f),
            Err(_) => fmt::Display::fmt(&seconds, f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_and_read_in_utc() {
        assert_eq!(UnixTime(1_795_510_800).to_string(), "2026-11-24T09:00:00Z");
        assert_eq!(UnixTime::parse("2026-11-24T10:00:00+01:00"), Some(UnixTime(1_795_510_800)));
        assert_eq!(UnixTime::parse("2026-11-24"), Some(UnixTime(1_795_478_400)));
        assert_eq!(UnixTime::parse("soon"), None);
    }

    #[test]
    fn extreme_times_do_not_overflow() {
        assert_eq!(UnixTime(i64::MAX).seconds_since(UnixTime(i64::MIN)), i64::MAX);
        assert!(!UnixTime(i64::MAX).to_string().is_empty());
        assert!(UnixTime(i64::MIN).to_string().starts_with("0000-01-01"));
    }
}
