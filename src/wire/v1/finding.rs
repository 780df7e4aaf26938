//! One finding of a report: a verdict with its evidence and its life.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{ExceptionView, FindingView, Text, Timestamp};
use crate::model::Evidence;
use crate::model::finding::EvidenceValue;

/// A finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingDocument<'a> {
    /// The rule's public id.
    pub id: Text<'a>,
    /// Stable over scans.
    pub key: Text<'a>,
    pub severity: Text<'a>,
    pub state: Text<'a>,
    pub title: Text<'a>,
    pub detail: Text<'a>,
    pub evidence: EvidenceDocument<'a>,
    /// A certificate's SHA-256 or an endpoint's id.
    pub subject: Text<'a>,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
    pub resolved_at: Option<Timestamp>,
    pub exception: Option<ExceptionDocument<'a>>,
    pub remediation: Text<'a>,
    pub references: Vec<Text<'a>>,
}

/// Who set a finding aside, why and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExceptionDocument<'a> {
    pub reason: Text<'a>,
    pub by: Text<'a>,
    /// `null`: until somebody takes it back.
    pub until: Option<Timestamp>,
}

/// Facts that prove a verdict: an object whose keys keep the order in which they matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EvidenceDocument<'a>(pub Vec<(Text<'a>, EvidenceValueDocument<'a>)>);

/// One fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum EvidenceValueDocument<'a> {
    Number(i64),
    Text(Text<'a>),
    List(Vec<Text<'a>>),
}

/// A finding of a report.
pub fn finding_document<'a>(view: &FindingView<'a>) -> FindingDocument<'a> {
    let verdict = view.verdict;
    FindingDocument {
        id: verdict.rule.id().into(),
        key: view.key.0.as_str().into(),
        severity: verdict.severity.name().into(),
        state: view.state.name().into(),
        title: verdict.title.as_str().into(),
        detail: verdict.detail.as_str().into(),
        evidence: evidence_document(&verdict.evidence),
        subject: verdict.subject.to_string().into(),
        first_seen: Timestamp(view.first_seen),
        last_seen: Timestamp(view.last_seen),
        resolved_at: view.resolved_at.map(Timestamp),
        exception: view.exception.map(exception_document),
        remediation: verdict.remediation.as_str().into(),
        references: verdict.references.iter().map(|reference| Text::Borrowed(*reference)).collect(),
    }
}

/// The reason a finding was set aside.
pub(super) fn exception_document(view: ExceptionView<'_>) -> ExceptionDocument<'_> {
    ExceptionDocument { reason: view.reason.into(), by: view.by.into(), until: view.until.map(Timestamp) }
}

pub(super) fn evidence_document(evidence: &Evidence) -> EvidenceDocument<'_> {
    let value = |value| match value {
        &EvidenceValue::Number(number) => EvidenceValueDocument::Number(number),
        EvidenceValue::Text(text) => EvidenceValueDocument::Text(text.as_str().into()),
        EvidenceValue::List(list) => {
            EvidenceValueDocument::List(list.iter().map(|text| text.as_str().into()).collect())
        }
    };
    EvidenceDocument(evidence.0.iter().map(|(name, fact)| (Text::Borrowed(name), value(fact))).collect())
}

impl Serialize for EvidenceDocument<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl<'de> Deserialize<'de> for EvidenceDocument<'_> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Facts;
        impl<'de> Visitor<'de> for Facts {
            type Value = EvidenceDocument<'static>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of facts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut facts = Vec::new();
                while let Some(fact) = map.next_entry()? {
                    facts.push(fact);
                }
                Ok(EvidenceDocument(facts))
            }
        }
        deserializer.deserialize_map(Facts)
    }
}
