//! The built-in policy `certvigil-default`: every rule whose own severity is medium or worse. Severities that settings
//! change do not change it.

use crate::model::{Observation, Outcome, Policy, PolicyOutcome, PolicyVerdict, Rule, Severity, Verdict};

/// What each policy says about an observation with these verdicts, the worst first. There is one policy: the built-in.
pub fn policies(observation: &Observation, verdicts: &[Verdict]) -> Vec<PolicyVerdict> {
    vec![certvigil_default(observation, verdicts)]
}

fn certvigil_default(observation: &Observation, verdicts: &[Verdict]) -> PolicyVerdict {
    let mut failed: Vec<Rule> = Vec::new();
    for verdict in verdicts.iter().filter(|verdict| verdict.severity >= Severity::Medium) {
        if !failed.contains(&verdict.rule) {
            failed.push(verdict.rule);
        }
    }
    let outcome = match (&observation.outcome, failed.is_empty()) {
        (Outcome::Failure(_), _) => PolicyOutcome::NotDetermined,
        (Outcome::Handshake(_) | Outcome::Read(_), true) => PolicyOutcome::Pass,
        (Outcome::Handshake(_) | Outcome::Read(_), false) => PolicyOutcome::Fail,
    };
    PolicyVerdict { policy: Policy::CERTVIGIL_DEFAULT, outcome, failed }
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
        let [verdict] = policies(&observation, &[]).try_into().unwrap();
        assert_eq!(
            (verdict.policy.name, verdict.outcome),
            ("certvigil-default", PolicyOutcome::NotDetermined)
        );
        assert!(verdict.failed.is_empty());
    }
}
