//! A named, versioned set of rules, and what it says about one endpoint.

use super::Rule;

/// A policy, as a report names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    pub name: &'static str,
    pub version: &'static str,
    /// Where its rules come from.
    pub source: &'static str,
}

impl Policy {
    /// The one that is built in and always judged under.
    pub const CERTVIGIL_DEFAULT: Self = Self {
        name: "certvigil-default",
        version: "1",
        source: "built in: every rule whose own severity is medium or worse",
    };
}

/// What a policy says about one endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyVerdict {
    pub policy: Policy,
    pub outcome: PolicyOutcome,
    /// The rules that were broken, each once, the worst first.
    pub failed: Vec<Rule>,
}

/// Whether an endpoint keeps to a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyOutcome {
    Pass,
    Fail,
    /// Nothing was seen that could be judged.
    NotDetermined,
}

impl PolicyOutcome {
    /// The report's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::NotDetermined => "not_determined",
        }
    }
}
