//! When a rule holds, and how that is said.

use std::sync::Arc;

use super::UnixTime;
use crate::model::{DateBasis, RuleDates};

/// Where a time stands among a rule's dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timing {
    NotYet,
    Over,
    /// Not in force yet, but announced.
    Announced,
    InForce,
}

/// A rule's dates with their words, made once for all endpoints.
#[derive(Debug)]
pub(super) struct Dates {
    dates: RuleDates,
    in_force: Box<str>,
    announced: Box<str>,
    not_yet: Arc<str>,
    over: Arc<str>,
}

impl Dates {
    pub(super) fn new(dates: RuleDates) -> Self {
        let issued = match dates.basis {
            DateBasis::Now => "",
            DateBasis::NotBefore => " for certificates issued",
        };
        let from = dates.effective_from.map(day).unwrap_or_default();
        let until = dates.effective_until.map(day).unwrap_or_default();
        let in_force = match (dates.effective_from, dates.basis) {
            (None, _) => String::new(),
            (Some(_), DateBasis::Now) => format!(" In force since {from}."),
            (Some(_), DateBasis::NotBefore) => format!(" This holds for certificates issued from {from} on."),
        };
        Self {
            dates,
            in_force: in_force.into(),
            announced: format!(" This fails{issued} from {from} on.").into(),
            not_yet: format!("It holds{issued} from {from} on.").into(),
            over: format!("It held{issued} before {until}.").into(),
        }
    }

    pub(super) fn basis(&self) -> DateBasis {
        self.dates.basis
    }

    /// Where `now` stands.
    pub(super) fn timing(&self, now: UnixTime) -> Timing {
        self.timing_of(now, now)
    }

    /// Where `time`, which the dates go by, stands; warnings go by `now`.
    pub(super) fn timing_of(&self, time: UnixTime, now: UnixTime) -> Timing {
        let RuleDates { effective_from, effective_until, warn_from, .. } = self.dates;
        if effective_until.is_some_and(|until| time >= until) {
            Timing::Over
        } else if effective_from.is_none_or(|from| time >= from) {
            Timing::InForce
        } else if warn_from.is_some_and(|warn| now >= warn) {
            Timing::Announced
        } else {
            Timing::NotYet
        }
    }

    /// What follows the sentence of a broken rule.
    pub(super) fn suffix(&self, timing: Timing) -> &str {
        match timing {
            Timing::InForce => &self.in_force,
            Timing::Announced => &self.announced,
            Timing::NotYet | Timing::Over => "",
        }
    }

    pub(super) fn not_yet(&self) -> Arc<str> {
        Arc::clone(&self.not_yet)
    }

    pub(super) fn over(&self) -> Arc<str> {
        Arc::clone(&self.over)
    }
}

/// `2026-03-15`; with the time of day where there is one.
pub(super) fn day(time: UnixTime) -> String {
    let text = time.to_string();
    text.strip_suffix("T00:00:00Z").map(str::to_owned).unwrap_or(text)
}
