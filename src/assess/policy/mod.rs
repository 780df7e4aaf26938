//! Policies: what each says about one observation and its verdicts. Rules are data, see [`PolicyDefinition`]; what was
//! not looked at is not determined, but what was seen and is forbidden fails.

mod certificate;
mod certvigil_default;
mod dates;
mod endpoint;
mod facts;
mod features;
mod said;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub(super) use facts::{ChainFacts, Facts};

use crate::model::{
    Demand, Level, Observation, Outcome, Policy, PolicyDefinition, PolicyException, PolicyOutcome,
    PolicyVerdict, RuleDefinition, RuleOutcome, RuleResult, Verdict,
};
use crate::time::UnixTime;
use dates::{Dates, Timing};
use said::Said;

/// Policies to judge under, beside `certvigil-default`, ready for many endpoints.
#[derive(Debug, Default)]
pub struct Policies {
    policies: Vec<Ready>,
}

/// One policy, with the words of its dates made once.
#[derive(Debug)]
struct Ready {
    definition: PolicyDefinition,
    /// One for each rule.
    dates: Vec<Dates>,
}

/// Who looks after the endpoint, and what it is judged under.
#[derive(Debug, Clone, Copy)]
pub struct PolicyContext<'a> {
    pub policies: &'a Policies,
    pub owner: Option<&'a str>,
    pub tags: &'a [String],
}

static NONE: Policies = Policies { policies: Vec::new() };

impl Default for PolicyContext<'_> {
    /// Only `certvigil-default`.
    fn default() -> Self {
        Self { policies: &NONE, owner: None, tags: &[] }
    }
}

impl Policies {
    /// Makes the policies ready.
    pub fn new(definitions: Vec<PolicyDefinition>) -> Self {
        let ready = |definition: PolicyDefinition| Ready {
            dates: definition.rules.iter().map(|rule| Dates::new(rule.dates)).collect(),
            definition,
        };
        Self { policies: definitions.into_iter().map(ready).collect() }
    }

    /// None beside the one that is always judged.
    pub fn is_empty(&self) -> bool {
        self.policies.is_empty()
    }

    /// The policies, in the order of their verdicts.
    pub fn named(&self) -> impl Iterator<Item = &Arc<Policy>> {
        self.policies.iter().map(|ready| &ready.definition.policy)
    }

    /// What each says, in their order; nothing of those that do not apply to this endpoint.
    pub(super) fn judge<'a>(
        &'a self,
        facts: &'a Facts<'a>,
        context: PolicyContext<'a>,
    ) -> impl Iterator<Item = PolicyVerdict> + 'a {
        let endpoint = &facts.observation.endpoint;
        let applies =
            move |ready: &&Ready| ready.definition.scope.contains(endpoint, context.owner, context.tags);
        self.policies.iter().filter(applies).map(move |ready| ready.judge(facts, context))
    }
}

/// What `certvigil-default` says about an observation with these verdicts, the worst first.
pub fn certvigil_default(observation: &Observation, verdicts: &[Verdict]) -> PolicyVerdict {
    certvigil_default::judge(observation, verdicts)
}

impl Ready {
    fn judge(&self, facts: &Facts<'_>, context: PolicyContext<'_>) -> PolicyVerdict {
        let policy = Arc::clone(&self.definition.policy);
        if matches!(facts.observation.outcome, Outcome::Failure(_)) {
            return PolicyVerdict { policy, outcome: PolicyOutcome::NotDetermined, results: Vec::new() };
        }
        let mut results = Vec::with_capacity(self.definition.rules.len());
        let (mut fails, mut is_open) = (false, false);
        for (rule, dates) in self.definition.rules.iter().zip(&self.dates) {
            let result = self.result(rule, dates, facts, context);
            fails |= result.outcome == RuleOutcome::Fail;
            is_open |= result.outcome == RuleOutcome::NotDetermined && rule.rule.level.is_binding();
            results.push(result);
        }
        let outcome = match (fails, is_open) {
            (true, _) => PolicyOutcome::Fail,
            (false, true) => PolicyOutcome::NotDetermined,
            (false, false) => PolicyOutcome::Pass,
        };
        PolicyVerdict { policy, outcome, results }
    }

    fn result(
        &self,
        rule: &RuleDefinition,
        dates: &Dates,
        facts: &Facts<'_>,
        context: PolicyContext<'_>,
    ) -> RuleResult {
        let (outcome, reason) = match said(rule, dates, facts) {
            Said::Kept => (RuleOutcome::Pass, None),
            Said::NotApplicable(why) => (RuleOutcome::NotApplicable, Some(why)),
            Said::NotDetermined(why) => (RuleOutcome::NotDetermined, Some(why)),
            Said::Broken { sentence, timing } => match self.exception(rule, facts, context) {
                Some(exception) => (RuleOutcome::Excepted, Some(excepted(&sentence, exception).into())),
                None => (broken(rule.rule.level, timing), Some(sentence.into())),
            },
        };
        RuleResult { rule: Arc::clone(&rule.rule), severity: rule.severity, outcome, reason }
    }

    /// The exception that holds here and now, the first of several.
    fn exception(
        &self,
        rule: &RuleDefinition,
        facts: &Facts<'_>,
        context: PolicyContext<'_>,
    ) -> Option<&PolicyException> {
        self.definition.exceptions.iter().find(|exception| {
            exception.rule == rule.rule.id
                && facts.now < exception.until
                && exception.place.contains(&facts.observation.endpoint, context.owner, context.tags)
        })
    }
}

fn excepted(sentence: &str, exception: &PolicyException) -> String {
    format!(
        "{sentence} Allowed until {} by {}: {}",
        dates::day(exception.until),
        exception.by,
        exception.reason
    )
}

/// How a broken rule counts.
fn broken(level: Level, timing: Timing) -> RuleOutcome {
    match (level, timing) {
        (Level::Optional, _) => RuleOutcome::Pass,
        (level, Timing::InForce) if level.is_binding() => RuleOutcome::Fail,
        _ => RuleOutcome::Warn,
    }
}

/// What one rule says, levels and exceptions aside.
fn said(rule: &RuleDefinition, dates: &Dates, facts: &Facts<'_>) -> Said {
    match &rule.demand {
        Demand::Key(_) | Demand::Signature(_) | Demand::Leaf(_) => certificate::judge(rule, dates, facts),
        demand => {
            let timing = match dates.timing(facts.now) {
                Timing::NotYet => return Said::NotApplicable(dates.not_yet()),
                Timing::Over => return Said::NotApplicable(dates.over()),
                timing => timing,
            };
            if let Some(said) = facts.condition(&rule.when) {
                return said;
            }
            match endpoint::judge(demand, &rule.when, facts) {
                Said::Broken { mut sentence, .. } => {
                    sentence.push_str(dates.suffix(timing));
                    Said::Broken { sentence, timing }
                }
                other => other,
            }
        }
    }
}
