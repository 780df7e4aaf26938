//! The built-in policy `certvigil-default`: every rule whose own severity is medium or worse. Severities that settings
//! change do not change it.

use std::sync::{Arc, LazyLock};

use crate::model::{
    Level, Observation, Outcome, Policy, PolicyOutcome, PolicyRule, PolicyVerdict, Rule, RuleOutcome,
    RuleResult, Severity, Verdict,
};

static POLICY: LazyLock<Arc<Policy>> = LazyLock::new(|| Arc::new(Policy::certvigil_default()));

/// In the order of [`Rule::ALL`].
static RULES: LazyLock<Vec<Arc<PolicyRule>>> = LazyLock::new(|| {
    let source: Arc<str> = "built in".into();
    let remedy: Arc<str> = "see the finding".into();
    let of = |rule: &Rule| PolicyRule {
        id: rule.id().into(),
        level: Level::Must,
        text: format!("No finding {}", rule.id()).into(),
        source: Arc::clone(&source),
        remedy: Arc::clone(&remedy),
        note: None,
    };
    Rule::ALL.iter().map(|rule| Arc::new(of(rule))).collect()
});

pub(super) fn judge(observation: &Observation, verdicts: &[Verdict]) -> PolicyVerdict {
    let mut broken: Vec<Rule> = Vec::new();
    let mut results = Vec::new();
    for verdict in verdicts.iter().filter(|verdict| verdict.severity >= Severity::Medium) {
        if broken.contains(&verdict.rule) {
            continue;
        }
        broken.push(verdict.rule);
        let position = Rule::ALL.iter().position(|rule| *rule == verdict.rule);
        results.extend(position.and_then(|position| RULES.get(position)).map(|rule| RuleResult {
            rule: Arc::clone(rule),
            severity: verdict.severity,
            outcome: RuleOutcome::Fail,
            reason: Some(verdict.title.as_str().into()),
        }));
    }
    let outcome = match (&observation.outcome, results.is_empty()) {
        (Outcome::Failure(_), _) => PolicyOutcome::NotDetermined,
        (Outcome::Handshake(_) | Outcome::Read(_), true) => PolicyOutcome::Pass,
        (Outcome::Handshake(_) | Outcome::Read(_), false) => PolicyOutcome::Fail,
    };
    PolicyVerdict { policy: Arc::clone(&POLICY), outcome, results }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Endpoint, Failure, Reason, Stage};
    use crate::time::UnixTime;

    #[test]
    fn what_was_not_seen_is_not_determined() {
        let failure = Failure::new(Stage::Connect, Reason::Refused, "nothing listens");
        let observation = Observation {
            endpoint: Endpoint::tcp("127.0.0.1:443".parse().unwrap(), None),
            target: "127.0.0.1".into(),
            observed_at: UnixTime(0),
            outcome: Outcome::Failure(failure),
        };
        let verdict = judge(&observation, &[]);
        assert_eq!(
            (&*verdict.policy.name, verdict.outcome),
            ("certvigil-default", PolicyOutcome::NotDetermined)
        );
        assert!(verdict.results.is_empty());
    }
}
