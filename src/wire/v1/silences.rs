//! The answer of `findings silence --list`: standing orders not to tell what they match.

use serde::{Deserialize, Serialize};

use super::{Text, Timestamp};
use crate::model::Silence;
use crate::time::UnixTime;

/// Silences, in the order they were added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SilencesDocument<'a> {
    /// `certvigil.silences/v1`
    pub schema: Text<'a>,
    pub generated_at: Timestamp,
    pub silences: Vec<SilenceRow<'a>>,
}

impl<'a> SilencesDocument<'a> {
    /// A list of silences.
    pub fn new(generated_at: UnixTime, silences: Vec<SilenceRow<'a>>) -> Self {
        Self { schema: "certvigil.silences/v1".into(), generated_at: Timestamp(generated_at), silences }
    }
}

/// One silence; an absent condition is met by all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SilenceRow<'a> {
    /// What `--undo` takes.
    pub id: u64,
    pub key: Option<Text<'a>>,
    pub profile: Option<Text<'a>>,
    pub rule: Option<Text<'a>>,
    pub endpoint: Option<Text<'a>>,
    pub owner: Option<Text<'a>>,
    pub tag: Option<Text<'a>>,
    pub max_severity: Option<Text<'a>>,
    pub by: Text<'a>,
    pub since: Timestamp,
    pub until: Option<Timestamp>,
    pub reason: Text<'a>,
    /// It still holds.
    pub active: bool,
}

impl<'a> SilenceRow<'a> {
    /// One row, as of `now`.
    pub fn of(silence: &'a Silence, now: UnixTime) -> Self {
        let Silence { id, matcher, decision } = silence;
        let text = |value: &'a Option<String>| value.as_deref().map(Text::from);
        Self {
            id: *id,
            key: text(&matcher.key),
            profile: text(&matcher.profile),
            rule: matcher.rule.map(|rule| rule.id().into()),
            endpoint: text(&matcher.endpoint),
            owner: text(&matcher.owner),
            tag: text(&matcher.tag),
            max_severity: matcher.max_severity.map(|most| most.name().into()),
            by: decision.by.as_str().into(),
            since: Timestamp(decision.at),
            until: decision.until.map(Timestamp),
            reason: decision.reason.as_str().into(),
            active: decision.holds(now),
        }
    }
}
