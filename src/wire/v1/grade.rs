//! A grade with everything behind it, as a report tells it.

use serde::{Deserialize, Serialize};

use super::Text;
use crate::model::{Cap, Grade, Letter, NotTested};

/// Points behind a grade, and the letter without what is said about trust.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoreDocument<'a> {
    pub total: u32,
    pub protocol: u32,
    pub key_exchange: u32,
    pub cipher: u32,
    pub ignoring_trust: Text<'a>,
}

/// How a grade came about; there after deep inspection even where there is no letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GradingDocument<'a> {
    pub guide: Text<'a>,
    /// As in the score; known without one where a cap says F.
    pub ignoring_trust: Option<Text<'a>>,
    /// The worst first.
    pub caps: Vec<CapDocument<'a>>,
    /// What keeps a letter from being given first, then the worst.
    pub not_tested: Vec<NotTestedDocument<'a>>,
    /// What the guide does not provide for, and how it was taken.
    pub notes: Vec<Text<'a>>,
}

/// One reason why a grade is no better.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapDocument<'a> {
    pub to: Text<'a>,
    pub rule: Text<'a>,
    pub reason: Text<'a>,
    /// The guide's text is not known to say so.
    pub inferred: bool,
}

/// Something that could make a grade worse and was not told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotTestedDocument<'a> {
    pub what: Text<'a>,
    pub could_be: Text<'a>,
    pub reason: Text<'a>,
    pub prevents_grade: bool,
}

pub(super) fn score_document(grade: &Grade) -> Option<ScoreDocument<'_>> {
    let score = grade.score?;
    Some(ScoreDocument {
        total: score.total,
        protocol: score.protocol,
        key_exchange: score.key_exchange,
        cipher: score.cipher,
        ignoring_trust: grade.ignoring_trust?.name().into(),
    })
}

pub(super) fn grading_document(grade: &Grade) -> GradingDocument<'_> {
    GradingDocument {
        guide: Grade::GUIDE.into(),
        ignoring_trust: grade.ignoring_trust.map(Letter::name).map(Text::from),
        caps: grade.caps.iter().map(cap_document).collect(),
        not_tested: grade.not_tested.iter().map(not_tested_document).collect(),
        notes: grade.notes.iter().map(|note| Text::from(*note)).collect(),
    }
}

fn cap_document(cap: &Cap) -> CapDocument<'_> {
    CapDocument {
        to: cap.to.name().into(),
        rule: cap.rule.into(),
        reason: cap.reason.as_str().into(),
        inferred: cap.inferred,
    }
}

fn not_tested_document(open: &NotTested) -> NotTestedDocument<'_> {
    NotTestedDocument {
        what: open.what.into(),
        could_be: open.could_be.name().into(),
        reason: open.reason.as_str().into(),
        prevents_grade: open.prevents_grade,
    }
}
