//! `[[hook]]`: programs to run when something happens. Never a shell line: the arguments are what they are.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::{NamePattern, written};
use crate::model::{EventName, Rule, Severity};

/// One hook. It runs where every condition given holds.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HookSettings {
    /// Unique.
    #[serde(deserialize_with = "written::label")]
    pub name: String,
    /// The program, by an absolute path or found by `PATH`, and its arguments.
    #[serde(deserialize_with = "command")]
    pub command: Vec<String>,
    /// What it runs on.
    #[serde(default = "on_expiring", deserialize_with = "written::events")]
    pub on: Vec<EventName>,
    /// It runs on a transition of these rules, too.
    #[serde(default, deserialize_with = "written::rules")]
    pub rules: Vec<Rule>,
    /// Only for findings of these profiles; empty: of all.
    #[serde(default)]
    pub profiles: Vec<String>,
    #[serde(default)]
    pub owner: Option<String>,
    #[serde(default)]
    pub tag: Option<String>,
    /// Only for certificates with a name that fits one of these; empty: for all.
    #[serde(default)]
    pub names: Vec<NamePattern>,
    #[serde(default = "info", deserialize_with = "written::severity")]
    pub min_severity: Severity,
    /// Where it runs; a relative one starts at the settings file's folder. `None`: `/`.
    #[serde(default)]
    pub directory: Option<PathBuf>,
    /// It is ended after this time.
    #[serde(default = "five_minutes", deserialize_with = "written::duration")]
    pub deadline: Duration,
    /// After a success the new certificate must be served within this time.
    #[serde(default = "half_an_hour", deserialize_with = "written::duration")]
    pub verify_within: Duration,
    /// Runs for one certificate in seven days, at most: issuers have limits.
    #[serde(default = "five", deserialize_with = "per_week")]
    pub per_week: u32,
}

impl HookSettings {
    /// Runs on nothing at all.
    pub(super) fn is_idle(&self) -> bool {
        self.on.is_empty() && self.rules.is_empty()
    }

    pub(super) fn start_at(&mut self, folder: &Path) {
        if let Some(directory) = &mut self.directory {
            *directory = folder.join(&*directory);
        }
    }
}

fn command<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    use serde::de::Error as _;
    #[derive(Deserialize)]
    #[serde(
        untagged,
        expecting = "expected an array: the program and its arguments, each a string of its own"
    )]
    enum Written {
        Words(Vec<String>),
    }
    let Written::Words(words) = Written::deserialize(deserializer)?;
    let program = words.first().map(String::as_str).unwrap_or_default();
    if program.is_empty() {
        return Err(D::Error::custom(
            "names no program; write e.g. command = [\"/usr/bin/certbot\", \"renew\"]",
        ));
    }
    if program.contains('/') && !program.starts_with('/') {
        return Err(D::Error::custom(format!(
            "`{program}`: a program is named by its absolute path, or by a name that PATH finds"
        )));
    }
    if words.iter().any(|word| word.contains('\0')) {
        return Err(D::Error::custom("an argument cannot hold a NUL"));
    }
    Ok(words)
}

fn per_week<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let number = u32::deserialize(deserializer)?;
    if (1..=50).contains(&number) {
        return Ok(number);
    }
    Err(serde::de::Error::custom(format!("`{number}`: expected 1 to 50 runs a week")))
}

fn on_expiring() -> Vec<EventName> {
    vec![EventName::CertificateExpiring]
}

fn info() -> Severity {
    Severity::Info
}

fn five_minutes() -> Duration {
    Duration::from_secs(300)
}

fn half_an_hour() -> Duration {
    Duration::from_secs(1_800)
}

fn five() -> u32 {
    5
}
