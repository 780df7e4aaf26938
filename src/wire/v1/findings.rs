//! The answer of `findings list`: findings of the profiles, as the record keeps them.

use serde::{Deserialize, Serialize};

use super::finding::exception_document;
use super::{ExceptionDocument, ExceptionView, Text, Timestamp};
use crate::model::Finding;
use crate::time::UnixTime;

/// Findings, in the order asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingsDocument<'a> {
    /// `certvigil.findings/v1`
    pub schema: Text<'a>,
    pub generated_at: Timestamp,
    /// How many match, listed or not.
    pub total: u64,
    pub findings: Vec<FindingRow<'a>>,
}

impl<'a> FindingsDocument<'a> {
    /// A list of `findings` out of `total` that match.
    pub fn new(generated_at: UnixTime, total: u64, findings: Vec<FindingRow<'a>>) -> Self {
        Self {
            schema: "certvigil.findings/v1".into(),
            generated_at: Timestamp(generated_at),
            total,
            findings,
        }
    }
}

/// One finding of a profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingRow<'a> {
    pub profile: Text<'a>,
    /// The rule's public id.
    pub id: Text<'a>,
    /// Stable over scans.
    pub key: Text<'a>,
    pub severity: Text<'a>,
    pub state: Text<'a>,
    pub title: Text<'a>,
    pub detail: Text<'a>,
    /// A certificate's SHA-256 or an endpoint's id.
    pub subject: Text<'a>,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
    pub resolved_at: Option<Timestamp>,
    pub owner: Option<Text<'a>>,
    pub tags: Vec<Text<'a>>,
    pub exception: Option<ExceptionDocument<'a>>,
}

impl<'a> FindingRow<'a> {
    /// One row.
    pub fn of(finding: &'a Finding) -> Self {
        Self {
            profile: finding.profile.as_str().into(),
            id: finding.rule.id().into(),
            key: finding.key.0.as_str().into(),
            severity: finding.severity.name().into(),
            state: finding.state.name().into(),
            title: finding.title.as_str().into(),
            detail: finding.detail.as_str().into(),
            subject: finding.subject.to_string().into(),
            first_seen: Timestamp(finding.first_seen),
            last_seen: Timestamp(finding.last_seen),
            resolved_at: finding.resolved_at.map(Timestamp),
            owner: finding.owner.as_deref().map(Text::from),
            tags: finding.tags.iter().map(|tag| tag.as_str().into()).collect(),
            exception: finding.decision.as_ref().map(ExceptionView::of).map(exception_document),
        }
    }
}
