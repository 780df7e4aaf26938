//! Durations as people write them: `500ms`, `5s`, `2h 30m`, `30d`. Weeks and longer count as days do: 24 hours each.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer};

/// A duration from a setting or a flag; not negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HumanDuration(pub Duration);

impl std::str::FromStr for HumanDuration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let hint = || {
            format!(
                "`{}` is not a duration; write e.g. 500ms, 5s, 12h or 30d",
                crate::text::escape_for_terminal(text)
            )
        };
        let span: jiff::Span = text.parse().map_err(|_| hint())?;
        let days = jiff::SpanRelativeTo::days_are_24_hours();
        let signed = span.to_duration(days).map_err(|_| hint())?;
        Duration::try_from(signed).map(Self).map_err(|_| hint())
    }
}

impl fmt::Display for HumanDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl<'de> Deserialize<'de> for HumanDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        let read = |text: &str| text.parse::<HumanDuration>().map(|d| d.0);
        assert_eq!(read("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(read("2h 30m"), Ok(Duration::from_secs(9_000)));
        assert_eq!(read("30d"), Ok(Duration::from_secs(30 * 86_400)));
        assert_eq!(read("1w"), Ok(Duration::from_secs(7 * 86_400)));
        for bad in ["", "5", "soon", "-5s", "1y", "9999999999d"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
