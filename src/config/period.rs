//! How often something happens: `12h`, `1d`, `7d`.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::duration::HumanDuration;

/// A time after which something happens again: from one minute to a thousand days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period(pub Duration);

impl Period {
    /// A week.
    pub const WEEK: Self = Self(Duration::from_secs(7 * 86_400));

    const SHORTEST: Duration = Duration::from_secs(60);
    const LONGEST: Duration = Duration::from_secs(1_000 * 86_400);

    /// In whole seconds.
    pub fn seconds(self) -> i64 {
        i64::try_from(self.0.as_secs()).unwrap_or(i64::MAX)
    }
}

impl std::str::FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let HumanDuration(duration) = text.parse()?;
        if (Self::SHORTEST..=Self::LONGEST).contains(&duration) {
            return Ok(Self(duration));
        }
        Err(format!("`{}`: expected something from 1m to 1000d", crate::text::escape_for_terminal(text)))
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A period, or `never`.
pub(super) fn or_never<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Period>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text == "never" {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|why: String| serde::de::Error::custom(format!("{why}, or \"never\"")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_neither_nothing_nor_for_ever() {
        assert_eq!("1d".parse::<Period>().map(Period::seconds), Ok(86_400));
        for bad in ["0s", "59s", "1001d", "daily", "never"] {
            assert!(bad.parse::<Period>().is_err(), "{bad}");
        }
    }
}
