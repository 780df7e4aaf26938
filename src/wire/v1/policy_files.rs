//! The answers of `certvigil policy`: which policies there are, what they ask, what would fail under one.

use std::fmt::Display;

use serde::{Deserialize, Serialize};

use super::policy::policy_document;
use super::{PolicyDocument, Text, Timestamp};
use crate::model::{
    Choice, Demand, KeyDemand, LeafDemand, PolicyDefinition, PolicyException, RuleDefinition, When,
};
use crate::time::UnixTime;

/// `policy list`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoliciesDocument<'a> {
    /// `certvigil.policies/v1`
    pub schema: Text<'a>,
    pub policies: Vec<PolicyRow<'a>>,
}

/// A policy and how many rules it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyRow<'a> {
    #[serde(flatten)]
    pub policy: PolicyDocument<'a>,
    pub rules: u64,
}

/// `policy show`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyDefinitionDocument<'a> {
    /// `certvigil.policy/v1`
    pub schema: Text<'a>,
    pub policy: PolicyDocument<'a>,
    /// Where it applies, in words.
    pub scope: Text<'a>,
    pub rules: Vec<PolicyRuleDocument<'a>>,
    pub exceptions: Vec<PolicyExceptionDocument<'a>>,
}

/// A rule as it is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyRuleDocument<'a> {
    pub rule: Text<'a>,
    pub text: Text<'a>,
    pub applies: Text<'a>,
    /// Conditions, in words; `null` without any.
    pub when: Option<Text<'a>>,
    /// What is asked, in words.
    pub asks: Text<'a>,
    pub level: Text<'a>,
    pub severity: Text<'a>,
    /// `now` or `not_before`.
    pub date_basis: Text<'a>,
    pub effective_from: Option<Timestamp>,
    pub effective_until: Option<Timestamp>,
    pub warn_from: Option<Timestamp>,
    pub source: Text<'a>,
    pub remedy: Text<'a>,
    pub note: Option<Text<'a>>,
    pub inherited_from: Option<Text<'a>>,
}

/// Somebody need not keep a rule, for a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyExceptionDocument<'a> {
    pub rule: Text<'a>,
    #[serde(rename = "where")]
    pub place: Text<'a>,
    pub reason: Text<'a>,
    pub by: Text<'a>,
    pub until: Timestamp,
    /// It still holds.
    pub active: bool,
}

/// `policy explain`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplainDocument<'a> {
    /// `certvigil.rule/v1`
    pub schema: Text<'a>,
    /// As asked.
    pub rule: Text<'a>,
    /// Each policy that has it.
    pub found: Vec<ExplainedRule<'a>>,
}

/// A rule in its policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplainedRule<'a> {
    pub policy: PolicyDocument<'a>,
    pub asked: PolicyRuleDocument<'a>,
}

/// `policy check`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyCheckDocument<'a> {
    /// `certvigil.policy-check/v1`
    pub schema: Text<'a>,
    pub policy: PolicyDocument<'a>,
    pub scope: Text<'a>,
    pub rules: u64,
    pub inherited: u64,
    pub exceptions: Vec<PolicyExceptionDocument<'a>>,
}

/// `policy simulate`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimulationDocument<'a> {
    /// `certvigil.simulation/v1`
    pub schema: Text<'a>,
    pub generated_at: Timestamp,
    pub scan: Text<'a>,
    pub policy: PolicyDocument<'a>,
    pub endpoints: u64,
    pub pass: u64,
    pub fail: u64,
    pub not_determined: u64,
    /// Where the policy does not apply.
    pub out_of_scope: u64,
    /// Rules that are broken somewhere, the worst first.
    pub rules: Vec<SimulatedRule<'a>>,
    /// The worst of those that would fail.
    pub worst: Vec<SimulatedEndpoint<'a>>,
}

/// How often one rule is broken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimulatedRule<'a> {
    pub rule: Text<'a>,
    pub level: Text<'a>,
    pub severity: Text<'a>,
    pub text: Text<'a>,
    pub fail: u64,
    pub warn: u64,
    pub excepted: u64,
    pub not_determined: u64,
    /// One endpoint that breaks it, and how.
    pub example: Option<Text<'a>>,
    pub reason: Option<Text<'a>>,
}

/// An endpoint that would fail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimulatedEndpoint<'a> {
    pub endpoint: Text<'a>,
    pub owner: Option<Text<'a>>,
    pub failed: Vec<Text<'a>>,
    /// Of the worst of the broken rules.
    pub severity: Text<'a>,
    pub reason: Option<Text<'a>>,
}

impl<'a> PoliciesDocument<'a> {
    /// A list of policies.
    pub fn new(definitions: &'a [PolicyDefinition]) -> Self {
        let row = |definition: &'a PolicyDefinition| PolicyRow {
            policy: policy_document(&definition.policy),
            rules: count(definition.rules.len()),
        };
        Self { schema: "certvigil.policies/v1".into(), policies: definitions.iter().map(row).collect() }
    }
}

impl<'a> PolicyDefinitionDocument<'a> {
    /// A policy whole, as of `now`.
    pub fn new(definition: &'a PolicyDefinition, now: UnixTime) -> Self {
        Self {
            schema: "certvigil.policy/v1".into(),
            policy: policy_document(&definition.policy),
            scope: definition.scope.words().into(),
            rules: definition.rules.iter().map(PolicyRuleDocument::of).collect(),
            exceptions: exceptions(definition, now),
        }
    }
}

impl<'a> PolicyCheckDocument<'a> {
    /// What a file holds, as of `now`.
    pub fn new(definition: &'a PolicyDefinition, now: UnixTime) -> Self {
        let inherited = definition.rules.iter().filter(|rule| rule.inherited_from.is_some()).count();
        Self {
            schema: "certvigil.policy-check/v1".into(),
            policy: policy_document(&definition.policy),
            scope: definition.scope.words().into(),
            rules: count(definition.rules.len()),
            inherited: count(inherited),
            exceptions: exceptions(definition, now),
        }
    }
}

impl<'a> ExplainDocument<'a> {
    /// Where `rule` was found.
    pub fn new(rule: &'a str, found: &[(&'a PolicyDefinition, &'a RuleDefinition)]) -> Self {
        let explained = |(definition, rule): &(&'a PolicyDefinition, &'a RuleDefinition)| ExplainedRule {
            policy: policy_document(&definition.policy),
            asked: PolicyRuleDocument::of(rule),
        };
        Self {
            schema: "certvigil.rule/v1".into(),
            rule: rule.into(),
            found: found.iter().map(explained).collect(),
        }
    }
}

impl<'a> PolicyRuleDocument<'a> {
    /// One rule.
    pub fn of(definition: &'a RuleDefinition) -> Self {
        let RuleDefinition { rule, severity, inherited_from, when, demand, dates } = definition;
        Self {
            rule: (&*rule.id).into(),
            text: (&*rule.text).into(),
            applies: demand.applies().into(),
            when: conditions(when).map(Text::from),
            asks: asks(demand).into(),
            level: rule.level.name().into(),
            severity: severity.name().into(),
            date_basis: dates.basis.name().into(),
            effective_from: dates.effective_from.map(Timestamp),
            effective_until: dates.effective_until.map(Timestamp),
            warn_from: dates.warn_from.map(Timestamp),
            source: (&*rule.source).into(),
            remedy: (&*rule.remedy).into(),
            note: rule.note.as_deref().map(Text::from),
            inherited_from: inherited_from.as_deref().map(Text::from),
        }
    }
}

fn exceptions(definition: &PolicyDefinition, now: UnixTime) -> Vec<PolicyExceptionDocument<'_>> {
    definition.exceptions.iter().map(|exception| exception_document(exception, now)).collect()
}

fn exception_document(exception: &PolicyException, now: UnixTime) -> PolicyExceptionDocument<'_> {
    let PolicyException { rule, place, reason, by, until } = exception;
    PolicyExceptionDocument {
        rule: (&**rule).into(),
        place: place.words().into(),
        reason: (&**reason).into(),
        by: (&**by).into(),
        until: Timestamp(*until),
        active: now < *until,
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// What a rule asks, in words.
fn asks(demand: &Demand) -> String {
    match demand {
        Demand::Key(KeyDemand::Kind(choice)) | Demand::Signature(choice) => choice_words(choice),
        Demand::Key(KeyDemand::MinBits(bits)) | Demand::DhBits(bits) => format!("at least {bits} bits"),
        Demand::Key(KeyDemand::MultipleOf(bits)) => format!("a multiple of {bits} bits"),
        Demand::Leaf(LeafDemand::MaxValidityDays(days)) => format!("valid for at most {days} days"),
        Demand::Leaf(LeafDemand::ExtendedKeyUsage(names)) => {
            format!("extended key usage {} and nothing else", words(names))
        }
        Demand::Leaf(LeafDemand::MinScts(logs)) => format!("timestamps of at least {logs} logs"),
        Demand::Protocol(choice) => choice_words(choice),
        Demand::Suites(choice) => choice_words(choice),
        Demand::Groups(choice) => choice_words(choice),
        Demand::SignatureSchemes(choice) => choice_words(choice),
        Demand::Features { required, forbidden } => {
            let names = |features: &[crate::model::Feature]| {
                words(&features.iter().map(|feature| feature.name()).collect::<Vec<_>>())
            };
            match (required.is_empty(), forbidden.is_empty()) {
                (false, true) => format!("each of: {}", names(required)),
                (true, _) => format!("forbidden: {}", names(forbidden)),
                (false, false) => format!("each of: {}; forbidden: {}", names(required), names(forbidden)),
            }
        }
        Demand::NoFinding(rules) => {
            let ids: Vec<&str> = rules.iter().map(|rule| rule.id()).collect();
            format!("no finding {}", words(&ids))
        }
        Demand::Unseen(why) => format!("not looked at: {why}"),
    }
}

fn choice_words<T: Display>(choice: &Choice<T>) -> String {
    format!("{}: {}", choice.word(), words(choice.items()))
}

fn words<T: Display>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The conditions of a rule, in words.
fn conditions(when: &When) -> Option<String> {
    let mut parts = Vec::new();
    if let Some(is_public) = when.public_ca {
        parts.push(if is_public { "of a public authority" } else { "of a private authority" }.to_owned());
    }
    if let Some(position) = when.position {
        parts.push(format!("certificate {}", position.name()));
    }
    if !when.algorithms.is_empty() {
        parts.push(format!("key {}", words(&when.algorithms)));
    }
    if !when.versions.is_empty() {
        parts.push(format!("version {}", words(&when.versions)));
    }
    parts.extend(when.lifetime_up_to_days.map(|days| format!("lives up to {days} days")));
    parts.extend(when.lifetime_over_days.map(|days| format!("lives over {days} days")));
    if when.cbc {
        parts.push("CBC suites are accepted".to_owned());
    }
    if when.ocsp_url {
        parts.push("an OCSP responder is named".to_owned());
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}
