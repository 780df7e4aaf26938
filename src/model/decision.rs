//! What people decided about findings: acknowledged, silenced until.

use super::{Rule, Severity};
use crate::time::UnixTime;

/// Somebody looked at a finding and said so. It stays until it is taken back, until its time is over, or until the
/// finding gets worse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub by: String,
    pub at: UnixTime,
    pub reason: String,
    /// `None`: until taken back.
    pub until: Option<UnixTime>,
}

impl Decision {
    /// Whether it still holds at `now`.
    pub fn holds(&self, now: UnixTime) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// A standing order not to tell what it matches, findings to come included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silence {
    /// From 1, as `findings silence` lists and undoes it.
    pub id: u64,
    pub matcher: Matcher,
    pub decision: Decision,
}

/// Which findings are meant; every condition given must hold, and at least one is given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Matcher {
    /// A finding's whole key.
    pub key: Option<String>,
    pub profile: Option<String>,
    pub rule: Option<Rule>,
    /// Label of the endpoint, the key's part before the rule; `*` stands for any run of characters.
    pub endpoint: Option<String>,
    pub owner: Option<String>,
    pub tag: Option<String>,
    /// Only findings at most this bad.
    pub max_severity: Option<Severity>,
}
