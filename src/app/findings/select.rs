//! Which findings a person means, and until when.

use std::fmt;
use std::str::FromStr;

use crate::app::AppError;
use crate::config::duration::HumanDuration;
use crate::lifecycle::matches;
use crate::model::{Finding, Matcher};
use crate::text::escape_for_terminal;
use crate::time::UnixTime;

/// Findings with one of the keys, if there are any, for which every condition holds. Without both: all of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    pub keys: Vec<String>,
    /// Its key is not used.
    pub matcher: Matcher,
}

impl Selection {
    /// Whether it means this finding.
    pub fn fits(&self, finding: &Finding) -> bool {
        (self.keys.is_empty() || self.keys.contains(&finding.key.0))
            && (self.matcher == Matcher::default() || matches(&self.matcher, finding))
    }

    /// The only profile it can mean.
    pub(super) fn profile(&self) -> Option<&str> {
        self.matcher.profile.as_deref()
    }

    /// The same as standing orders: one for each key.
    pub(super) fn matchers(&self) -> Vec<Matcher> {
        if self.keys.is_empty() {
            return vec![self.matcher.clone()];
        }
        let with = |key: &String| Matcher { key: Some(key.clone()), ..self.matcher.clone() };
        self.keys.iter().map(with).collect()
    }

    /// That at least one key or condition is given.
    pub(super) fn check(&self) -> Result<(), AppError> {
        if *self == Self::default() {
            return Err(AppError::Usage(
                "say which findings: a KEY of `certvigil findings list`, or at least one of --profile, --rule, \
                 --endpoint, --owner, --tag and --max-severity"
                    .to_owned(),
            ));
        }
        Ok(())
    }
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let orders: Vec<String> = self.matchers().iter().map(conditions).collect();
        f.write_str(&orders.join("; "))
    }
}

/// A matcher as the options that make it; text of people is escaped.
pub(super) fn conditions(matcher: &Matcher) -> String {
    let Matcher { key, profile, rule, endpoint, owner, tag, max_severity } = matcher;
    let text = |name: &str, value: &Option<String>| {
        value.as_ref().map(|value| format!("{name} {}", escape_for_terminal(value)))
    };
    let given = [
        key.as_ref().map(|key| escape_for_terminal(key)),
        text("--profile", profile),
        rule.map(|rule| format!("--rule {}", rule.id())),
        text("--endpoint", endpoint),
        text("--owner", owner),
        text("--tag", tag),
        max_severity.map(|most| format!("--max-severity {}", most.name())),
    ];
    given.into_iter().flatten().collect::<Vec<String>>().join(" ")
}

/// When a decision ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    At(UnixTime),
    In(HumanDuration),
}

impl Until {
    /// The time, which must be to come.
    pub(super) fn after(self, now: UnixTime) -> Result<UnixTime, AppError> {
        let until = match self {
            Self::At(at) => at,
            Self::In(HumanDuration(duration)) => {
                now.plus_seconds(i64::try_from(duration.as_secs()).unwrap_or(i64::MAX))
            }
        };
        if until <= now {
            return Err(AppError::Usage(format!("--until {until} is over: it is {now}")));
        }
        Ok(until)
    }
}

impl FromStr for Until {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(at) = UnixTime::parse(text) {
            return Ok(Self::At(at));
        }
        text.parse().map(Self::In).map_err(|_| {
            "expected a time such as 2026-11-24T09:00:00Z or 2026-11-24, or a duration such as 14d".to_owned()
        })
    }
}

/// `until TIME`, or that nobody said when it ends.
pub(super) fn until_words(until: Option<UnixTime>) -> String {
    until.map_or_else(|| "until taken back".to_owned(), |until| format!("until {until}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Rule, Severity};

    #[test]
    fn an_end_is_a_time_a_date_or_a_duration_and_to_come() {
        let now = UnixTime(1_795_510_800);
        let end = |text: &str| text.parse::<Until>().unwrap().after(now).map(|at| at.to_string()).ok();
        assert_eq!(end("2026-11-24T10:00:01+01:00").as_deref(), Some("2026-11-24T09:00:01Z"));
        assert_eq!(end("2026-12-01").as_deref(), Some("2026-12-01T00:00:00Z"));
        assert_eq!(end("14d").as_deref(), Some("2026-12-08T09:00:00Z"));
        assert_eq!(end("2026-11-24"), None);
        assert_eq!(end("0s"), None);
        assert!("soon".parse::<Until>().is_err());
    }

    #[test]
    fn a_selection_is_one_standing_order_for_each_key() {
        let mut selection = Selection::default();
        assert!(selection.check().is_err());
        selection.matcher.rule = Some(Rule::Expired);
        selection.matcher.max_severity = Some(Severity::Low);
        assert!(selection.check().is_ok());
        assert_eq!(selection.to_string(), "--rule x509.validity.expired --max-severity low");
        selection.keys = vec!["a".to_owned(), "b\u{1b}".to_owned()];
        assert_eq!(selection.matchers().len(), 2);
        assert!(selection.to_string().starts_with("a --rule") && !selection.to_string().contains('\u{1b}'));
    }
}
