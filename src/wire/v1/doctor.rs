//! The answer of `doctor`: what was checked, what is wrong, what to do.

use serde::{Deserialize, Serialize};

use super::{Text, Timestamp};
use crate::time::UnixTime;

/// The checks in the order made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoctorDocument<'a> {
    /// `certvigil.doctor/v1`
    pub schema: Text<'a>,
    pub generated_at: Timestamp,
    /// No check failed.
    pub healthy: bool,
    pub checks: Vec<CheckDocument<'a>>,
}

impl<'a> DoctorDocument<'a> {
    /// The result of `checks`.
    pub fn new(generated_at: UnixTime, checks: Vec<CheckDocument<'a>>) -> Self {
        Self {
            schema: "certvigil.doctor/v1".into(),
            generated_at: Timestamp(generated_at),
            healthy: checks.iter().all(|check| check.status != CheckStatus::Failed),
            checks,
        }
    }
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckDocument<'a> {
    /// What was looked at: `store`, `trust stores`, `file descriptors`, …
    pub name: Text<'a>,
    pub status: CheckStatus,
    /// One sentence.
    pub detail: Text<'a>,
    /// What to do about it.
    pub remedy: Option<Text<'a>>,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckStatus {
    Ok,
    Warning,
    Failed,
    NotChecked,
}

impl CheckStatus {
    /// The word a person reads.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::NotChecked => "not checked",
        }
    }
}
