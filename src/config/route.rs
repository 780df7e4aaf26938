//! `[[route]]`: who is told what, in the settings and in profiles.

use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer};

use super::written;
use crate::model::{Rule, Severity};

/// One route. It takes a finding where every condition given holds.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteSettings {
    /// Unique.
    #[serde(deserialize_with = "written::label")]
    pub name: String,
    /// Addresses, each once; at least one.
    #[serde(deserialize_with = "written::addresses")]
    pub to: Vec<String>,
    #[serde(default)]
    pub owner: Option<String>,
    #[serde(default)]
    pub tag: Option<String>,
    #[serde(default)]
    pub profile: Option<String>,
    #[serde(default, deserialize_with = "written::some_rule")]
    pub rule: Option<Rule>,
    #[serde(default = "medium", deserialize_with = "written::severity")]
    pub min_severity: Severity,
    /// Mail shows its times in UTC and in this zone.
    #[serde(default = "utc", deserialize_with = "time_zone")]
    pub time_zone: TimeZone,
    /// A finding that this route took is offered to those after it, too.
    #[serde(default)]
    pub goes_on: bool,
    /// Takes what no other route takes, and news of the watch itself.
    #[serde(default, rename = "default")]
    pub is_default: bool,
}

fn medium() -> Severity {
    Severity::Medium
}

fn utc() -> TimeZone {
    TimeZone::UTC
}

/// A zone of the IANA database, which is compiled in: the machine's own may be old or missing.
fn time_zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TimeZone, D::Error> {
    written::named(
        deserializer,
        |name| jiff::tz::TimeZoneDatabase::bundled().get(name).ok(),
        "a time zone such as Europe/Berlin or UTC",
    )
}
