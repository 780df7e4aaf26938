//! A named, versioned set of rules, and what it says about one endpoint.

use std::sync::Arc;

use super::Severity;

/// A policy, as a report names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    pub name: Arc<str>,
    pub version: Arc<str>,
    /// Where its rules come from: a document, by its title or address.
    pub source: Arc<str>,
    pub status: PolicyStatus,
    /// When the source was read: `YYYY-MM-DD`; `None` for what is nobody else's.
    pub retrieved: Option<Arc<str>>,
}

impl Policy {
    /// The one that is built in and always judged under.
    pub fn certvigil_default() -> Self {
        Self {
            name: "certvigil-default".into(),
            version: "1".into(),
            source: "built in: every rule whose own severity is medium or worse".into(),
            status: PolicyStatus::Final,
            retrieved: None,
        }
    }
}

/// Whether its source may still change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PolicyStatus {
    Final,
    Draft,
}

impl PolicyStatus {
    /// The status of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Final, Self::Draft].into_iter().find(|status| status.name() == name)
    }

    /// The report's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Final => "final",
            Self::Draft => "draft",
        }
    }
}

/// How much a rule asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Level {
    Must,
    Recommended,
    Optional,
    NotRecommended,
    MustNot,
}

impl Level {
    /// Every level, from what is demanded to what is forbidden.
    pub const ALL: [Self; 5] =
        [Self::Must, Self::Recommended, Self::Optional, Self::NotRecommended, Self::MustNot];

    /// The level of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }

    /// The report's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Must => "must",
            Self::Recommended => "recommended",
            Self::Optional => "optional",
            Self::NotRecommended => "not_recommended",
            Self::MustNot => "must_not",
        }
    }

    /// Whoever does otherwise fails; below that it is a warning.
    pub fn is_binding(self) -> bool {
        matches!(self, Self::Must | Self::MustNot)
    }
}

/// A rule of a policy, as reports name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyRule {
    /// Unique within its policy.
    pub id: Arc<str>,
    pub level: Level,
    /// What it asks, in one sentence.
    pub text: Arc<str>,
    /// The source's section.
    pub source: Arc<str>,
    /// What to do where it is broken.
    pub remedy: Arc<str>,
    /// What its reader should know, such as that no text confirms a number.
    pub note: Option<Arc<str>>,
}

/// What one rule says about one endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleResult {
    pub rule: Arc<PolicyRule>,
    pub severity: Severity,
    pub outcome: RuleOutcome,
    /// A sentence with the facts of this case; `None` where the rule is kept and there is nothing to say.
    pub reason: Option<Arc<str>>,
}

/// How one rule fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RuleOutcome {
    Pass,
    /// Broken, where the rule does not bind, or does not yet.
    Warn,
    Fail,
    /// There is nothing here that the rule speaks of.
    NotApplicable,
    /// Not looked at.
    NotDetermined,
    /// Broken, and somebody allowed it for a time.
    Excepted,
}

impl RuleOutcome {
    /// The report's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::NotApplicable => "not_applicable",
            Self::NotDetermined => "not_determined",
            Self::Excepted => "excepted",
        }
    }
}

/// What a policy says about one endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyVerdict {
    pub policy: Arc<Policy>,
    pub outcome: PolicyOutcome,
    /// One for each rule, in the policy's order, and none where there is nothing to judge; of `certvigil-default`, whose rules are those of the findings, only
    /// the broken ones, the worst first.
    pub results: Vec<RuleResult>,
}

impl PolicyVerdict {
    /// Results of the rules that were broken.
    pub fn failed(&self) -> impl Iterator<Item = &RuleResult> {
        self.results.iter().filter(|result| result.outcome == RuleOutcome::Fail)
    }
}

/// Whether an endpoint keeps to a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyOutcome {
    Pass,
    Fail,
    /// Nothing that was seen is forbidden, but something demanded was not looked at.
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
