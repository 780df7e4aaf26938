//! The lives of findings over many days, against what a reader of the mail expects.

use proptest::prelude::*;

use super::*;
use crate::model::{
    Decision, EndpointId, Evidence, Finding, FindingKey, FindingNews, FindingState, Matcher, Occasion, Rule,
    Severity, Silence, Subject, Verdict,
};
use crate::time::UnixTime;

const START: UnixTime = UnixTime(1_795_510_800);
const HOUR: i64 = 3_600;

/// An open finding of the profile `web` that nobody was told of.
pub(super) fn finding(label: &str, rule: Rule, severity: Severity) -> Finding {
    Finding {
        profile: "web".to_owned(),
        key: FindingKey(format!("{label}/{}", rule.id())),
        rule,
        severity,
        state: FindingState::Open,
        title: "Certificate expires soon".to_owned(),
        detail: String::new(),
        remediation: String::new(),
        subject: Subject::Endpoint(EndpointId([0; 16])),
        first_seen: START,
        last_seen: START,
        resolved_at: None,
        owner: None,
        tags: Vec::new(),
        decision: None,
        told_at: None,
        told_severity: None,
        returns: 0,
    }
}

fn verdict(severity: Severity) -> Verdict {
    Verdict {
        rule: Rule::Expiring,
        severity,
        title: "Certificate expires soon".to_owned(),
        detail: String::new(),
        evidence: Evidence::default(),
        subject: Subject::Endpoint(EndpointId([0; 16])),
        offered_for: None,
        group: String::new(),
        remediation: String::new(),
        references: Vec::new(),
    }
}

/// What a scan meets.
#[derive(Debug, Clone, Copy)]
enum Sight {
    Shown(Severity),
    Clean,
    Silent,
    Retired,
}

/// What a person does before it.
#[derive(Debug, Clone, Copy)]
enum Act {
    Nothing,
    /// For so many hours, of findings so bad at most.
    Silence(i64, Option<Severity>),
    Acknowledge(Option<i64>),
    Undo,
}

#[derive(Debug, Clone, Copy)]
struct Step {
    hours: i64,
    act: Act,
    sight: Sight,
    baseline: bool,
}

fn any_step() -> impl Strategy<Value = Step> {
    let severity = || prop::sample::select(&Severity::ALL[..]);
    let sight = prop_oneof![
        8 => severity().prop_map(Sight::Shown),
        3 => Just(Sight::Clean),
        2 => Just(Sight::Silent),
        1 => Just(Sight::Retired),
    ];
    let act = prop_oneof![
        12 => Just(Act::Nothing),
        1 => (1_i64..200, prop::option::of(severity())).prop_map(|(hours, most)| Act::Silence(hours, most)),
        1 => prop::option::of(1_i64..200).prop_map(Act::Acknowledge),
        1 => Just(Act::Undo),
    ];
    let hours = prop_oneof![3 => 1_i64..30, 1 => 30_i64..400];
    (hours, act, sight, prop::bool::weighted(0.03)).prop_map(|(hours, act, sight, baseline)| Step {
        hours,
        act,
        sight,
        baseline,
    })
}

/// One thing that was told.
#[derive(Debug, Clone, Copy)]
struct Told {
    at: UnixTime,
    severity: Severity,
}

/// A watch over one finding, and all that its reader knows.
struct World {
    now: UnixTime,
    silences: Vec<Silence>,
    finding: Option<Finding>,
    /// What was told since it began, flapping included, a decision ended or a baseline was told.
    told: Vec<Told>,
    /// When the reader last read that it is there.
    heard_at: Option<UnixTime>,
    /// The reader believes that it is there.
    believed: bool,
}

fn decision(at: UnixTime, hours: Option<i64>) -> Decision {
    let until = hours.map(|hours| at.plus_seconds(hours * HOUR));
    Decision { by: "ann".to_owned(), at, reason: "known".to_owned(), until }
}

/// Within this time nobody wants to hear the same again, and after a little more everybody does.
fn period(severity: Severity) -> Option<i64> {
    match severity {
        Severity::Critical => Some(22 * HOUR),
        Severity::High | Severity::Medium => Some(156 * HOUR),
        Severity::Low | Severity::Info => None,
    }
}

impl World {
    fn new() -> Self {
        Self {
            now: START,
            silences: Vec::new(),
            finding: None,
            told: Vec::new(),
            heard_at: None,
            believed: false,
        }
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Nothing => {}
            Act::Silence(hours, max_severity) => {
                let matcher = Matcher { rule: Some(Rule::Expiring), max_severity, ..Matcher::default() };
                let decision = decision(self.now, Some(hours));
                self.silences.push(Silence { id: 1, matcher, decision });
            }
            Act::Acknowledge(hours) => {
                if let Some(finding) = self.finding.as_mut().filter(|f| f.state == FindingState::Open) {
                    finding.state = FindingState::Acknowledged;
                    finding.decision = Some(decision(self.now, hours));
                }
            }
            Act::Undo => {
                self.silences.clear();
                if let Some(finding) = self.finding.as_mut().filter(|f| f.state == FindingState::Acknowledged)
                {
                    finding.state = FindingState::Open;
                    finding.decision = None;
                }
            }
        }
    }

    fn step(&mut self, step: Step) -> Result<(), TestCaseError> {
        self.now = self.now.plus_seconds(step.hours * HOUR);
        self.act(step.act);
        let shown = match step.sight {
            Sight::Shown(severity) => Some(verdict(severity)),
            _ => None,
        };
        let measured = matches!(step.sight, Sight::Shown(_) | Sight::Clean);
        let sighting = Sighting {
            profile: "web",
            key: &finding("pay.example:443", Rule::Expiring, Severity::Info).key,
            at: self.now,
            members: &[Member { measured, verdict: shown.as_ref() }],
            owner: None,
            tags: &[],
            silences: &self.silences,
            retired: matches!(step.sight, Sight::Retired),
        };
        let previous = self.finding.take();
        let Some((transition, mut led)) = reconcile(previous.as_ref(), &sighting) else {
            self.finding = previous;
            return Ok(());
        };
        let occasion = tell(previous.as_ref(), transition, &mut led, self.now, step.baseline);
        self.check(previous.as_ref(), transition, &led, occasion)?;
        self.finding = Some(led);
        Ok(())
    }

    fn check(
        &mut self,
        previous: Option<&Finding>,
        transition: Transition,
        led: &Finding,
        occasion: Option<Occasion>,
    ) -> Result<(), TestCaseError> {
        let was_decided = previous
            .is_some_and(|was| matches!(was.state, FindingState::Acknowledged | FindingState::Silenced));
        prop_assert_eq!(
            led.decision.is_some(),
            matches!(led.state, FindingState::Acknowledged | FindingState::Silenced)
        );
        let decision_ended = led.state == FindingState::Open && was_decided;
        let starts_anew = transition == Transition::Opened && led.returns <= FindingNews::FLAPPING;
        if starts_anew || decision_ended {
            self.told.clear();
        }
        match occasion {
            Some(over) if over.is_over() => {
                prop_assert_eq!(led.state, FindingState::Resolved);
                prop_assert!(self.believed, "told that it is gone without having been told that it is there");
                self.believed = false;
                self.told.clear();
            }
            Some(there) => {
                prop_assert_eq!(led.state, FindingState::Open, "told of what is decided");
                prop_assert!(transition != Transition::Held || was_decided, "told of what nobody could see");
                self.hear(led.severity, there)?;
            }
            None => {}
        }
        if led.state == FindingState::Open && transition != Transition::Held {
            prop_assert!(self.believed, "open, seen, and nobody knows");
            if let Some(period) = period(led.severity) {
                let waited = self.heard_at.map(|last| self.now.seconds_since(last));
                prop_assert!(waited.is_some_and(|waited| waited < period), "not reminded of: {:?}", waited);
            }
        }
        Ok(())
    }

    /// The reader reads that it is there.
    fn hear(&mut self, severity: Severity, occasion: Occasion) -> Result<(), TestCaseError> {
        // A baseline says all of it anew: whatever was told before is no measure any more.
        if occasion == Occasion::Baseline {
            self.told.clear();
        }
        let same = self.told.iter().filter(|told| told.severity == severity).map(|told| told.at).max();
        let waited = same.map(|at| self.now.seconds_since(at));
        let soon = waited.is_some_and(|waited| period(severity).is_none_or(|period| waited < period));
        prop_assert!(!soon, "{:?} told again after {:?} s", severity, waited);
        self.believed = true;
        self.heard_at = Some(self.now);
        self.told.push(Told { at: self.now, severity });
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn each_reader_hears_all_of_it_and_nothing_twice(steps in prop::collection::vec(any_step(), 1..60)) {
        let mut world = World::new();
        for step in steps {
            world.step(step)?;
        }
    }
}
