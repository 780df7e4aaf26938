//! How a certificate breaks a rule: the case's own words and facts; all else is the lint's.

use crate::model::finding::EvidenceValue;
use crate::model::{Evidence, Severity};

/// A broken rule.
pub(in crate::assess) struct Breach {
    /// `None`: the lint's.
    pub(in crate::assess) severity: Option<Severity>,
    pub(in crate::assess) detail: String,
    pub(in crate::assess) evidence: Evidence,
}

impl Breach {
    /// A sentence with the facts of this case; names of the peer are quoted by `words`.
    pub(in crate::assess) fn new(detail: impl Into<String>) -> Self {
        Self { severity: None, detail: detail.into(), evidence: Evidence::default() }
    }

    pub(in crate::assess) fn severity(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    /// A fact that proves it.
    pub(in crate::assess) fn fact(mut self, name: &'static str, value: impl Into<EvidenceValue>) -> Self {
        self.evidence.push(name, value);
        self
    }
}
