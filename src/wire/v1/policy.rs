//! Policies in a report: which were judged under, and what each says about one endpoint, rule by rule.

use serde::{Deserialize, Serialize};

use super::Text;
use crate::model::{Policy, PolicyVerdict, RuleResult};

/// A policy that was judged under.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyDocument<'a> {
    pub name: Text<'a>,
    pub version: Text<'a>,
    pub source: Text<'a>,
    /// `final` or `draft`.
    pub status: Text<'a>,
    /// `YYYY-MM-DD`: when the source was read; `null` for what is built in.
    pub retrieved: Option<Text<'a>>,
}

/// One policy's verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyVerdictDocument<'a> {
    pub name: Text<'a>,
    pub version: Text<'a>,
    pub verdict: Text<'a>,
    /// Ids of the rules that were broken.
    pub failed: Vec<Text<'a>>,
    /// Every rule; of `certvigil-default`, those that were broken.
    pub rules: Vec<RuleResultDocument<'a>>,
}

/// What one rule says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleResultDocument<'a> {
    pub rule: Text<'a>,
    pub level: Text<'a>,
    pub severity: Text<'a>,
    pub verdict: Text<'a>,
    /// `null` where the rule is kept.
    pub reason: Option<Text<'a>>,
    pub source: Text<'a>,
}

/// A policy, as the head of a report and the commands on policies name it.
pub fn policy_document(policy: &Policy) -> PolicyDocument<'_> {
    PolicyDocument {
        name: (&*policy.name).into(),
        version: (&*policy.version).into(),
        source: (&*policy.source).into(),
        status: policy.status.name().into(),
        retrieved: policy.retrieved.as_deref().map(Text::from),
    }
}

pub(super) fn policy_verdict_document(verdict: &PolicyVerdict) -> PolicyVerdictDocument<'_> {
    PolicyVerdictDocument {
        name: (&*verdict.policy.name).into(),
        version: (&*verdict.policy.version).into(),
        verdict: verdict.outcome.name().into(),
        failed: verdict.failed().map(|result| (&*result.rule.id).into()).collect(),
        rules: verdict.results.iter().map(rule_result_document).collect(),
    }
}

fn rule_result_document(result: &RuleResult) -> RuleResultDocument<'_> {
    RuleResultDocument {
        rule: (&*result.rule.id).into(),
        level: result.rule.level.name().into(),
        severity: result.severity.name().into(),
        verdict: result.outcome.name().into(),
        reason: result.reason.as_deref().map(Text::from),
        source: (&*result.rule.source).into(),
    }
}
