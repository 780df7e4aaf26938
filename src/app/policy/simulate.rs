//! Simulate: what would fail under a policy in what a scan found. Reads the record once; memory does not grow with it.

use std::io::Write;

use super::load_policies;
use crate::app::AppError;
use crate::app::assess::{Surroundings, walk};
use crate::app::judge::{Judge, Judged};
use crate::app::kept::Kept;
use crate::app::parts::{Parts, trust_stores};
use crate::app::report::{ListForm, profile_of, write_list};
use crate::model::{PolicyDefinition, PolicyOutcome, PolicyVerdict, RuleOutcome, RuleResult, Severity};
use crate::report::simulation_table;
use crate::store::StoreError;
use crate::time::UnixTime;
use crate::wire::v1::{SimulatedEndpoint, SimulatedRule, SimulationDocument, Timestamp, policy_document};

/// What to simulate.
#[derive(Debug, Clone, Default)]
pub struct SimulateRequest {
    /// A policy's name or file.
    pub policy: String,
    /// The scan's id, or `latest`.
    pub scan: String,
    /// The profile whose owners and tags hold, where it is not found by the scan's.
    pub profile: Option<String>,
    /// Trust stores; none are those of the scan.
    pub trust: Vec<String>,
    /// Endpoints shown.
    pub limit: usize,
}

/// Judges a scan under the policy and says what fails; gives notes about stores and a profile that are not there.
///
/// # Errors
/// The policy is wrong, there is no such scan, the record cannot be read, or the output not written.
pub fn simulate(
    parts: &Parts,
    request: &SimulateRequest,
    form: ListForm,
    out: &mut dyn Write,
) -> Result<Vec<String>, AppError> {
    let mut definitions = load_policies(std::slice::from_ref(&request.policy))?;
    let Some(definition) = definitions.pop() else {
        return Err(AppError::Internal("a policy was loaded and is not there".to_owned()));
    };
    let store = parts.read_store()?;
    let stored = store.scan(&request.scan).map_err(|error| match error {
        StoreError::UnknownScan(id) if id == "latest" => AppError::EmptyRecord,
        other => other.into(),
    })?;
    let (profile, note) = profile_of(&stored.scan, request.profile.as_deref())?;
    let of_scan = &stored.scan.parameters.trust;
    let (stores, mut notes) = trust_stores(if request.trust.is_empty() { of_scan } else { &request.trust })?;
    notes.extend(note);
    let judge = Judge::new(stores, profile.as_ref()).under(vec![definition.clone()]);
    let now = parts.clock.now();
    let kept = Kept::new(&store, now);
    let surroundings = Surroundings::of_running(&store, &stored)?;
    let mut tally = Tally::new(&definition, request.limit);
    walk(&store, &kept, &stored, &judge, &surroundings, now, |judged| {
        tally.add(&judged);
        Ok(())
    })?;
    let document = tally.document(&definition, &stored.scan.id.0, now);
    write_list(form, now, &document, |options| simulation_table(&document, options), out)?;
    Ok(notes)
}

/// Counts, and the worst endpoints: as many as are shown.
struct Tally {
    counts: Counts,
    /// One for each rule.
    rules: Vec<RuleTally>,
    worst: Vec<Worst>,
    limit: usize,
}

#[derive(Default)]
struct Counts {
    endpoints: u64,
    pass: u64,
    fail: u64,
    not_determined: u64,
    out_of_scope: u64,
}

#[derive(Default)]
struct RuleTally {
    fail: u64,
    warn: u64,
    excepted: u64,
    not_determined: u64,
    /// An endpoint that breaks it, and how; a failure before a warning.
    example: Option<(RuleOutcome, String, String)>,
}

struct Worst {
    /// Severity of the worst rule, and how many are broken.
    rank: (Severity, usize),
    endpoint: String,
    owner: Option<String>,
    failed: Vec<String>,
    reason: Option<String>,
}

impl Tally {
    fn new(definition: &PolicyDefinition, limit: usize) -> Self {
        let rules = definition.rules.iter().map(|_| RuleTally::default()).collect();
        Self { counts: Counts::default(), rules, worst: Vec::new(), limit }
    }

    fn add(&mut self, judged: &Judged) {
        self.counts.endpoints += 1;
        // The first is the built-in one.
        let Some(verdict) = judged.assessment.policies.get(1) else {
            self.counts.out_of_scope += 1;
            return;
        };
        match verdict.outcome {
            PolicyOutcome::Pass => self.counts.pass += 1,
            PolicyOutcome::Fail => self.counts.fail += 1,
            PolicyOutcome::NotDetermined => self.counts.not_determined += 1,
        }
        for (tally, result) in self.rules.iter_mut().zip(&verdict.results) {
            tally.add(result, judged);
        }
        if verdict.outcome == PolicyOutcome::Fail {
            self.add_worst(verdict, judged);
        }
    }

    fn add_worst(&mut self, verdict: &PolicyVerdict, judged: &Judged) {
        let Some(severity) = verdict.failed().map(|result| result.severity).max() else { return };
        let rank = (severity, verdict.failed().count());
        let place = self.worst.partition_point(|other| other.rank >= rank);
        if place >= self.limit {
            return;
        }
        let reason = verdict.failed().find(|result| result.severity == severity);
        self.worst.insert(
            place,
            Worst {
                rank,
                endpoint: judged.observation.endpoint.label(),
                owner: judged.ownership.owner.clone(),
                failed: verdict.failed().map(|result| result.rule.id.to_string()).collect(),
                reason: reason.and_then(|result| result.reason.as_deref()).map(str::to_owned),
            },
        );
        self.worst.truncate(self.limit);
    }

    fn document<'a>(
        &'a self,
        definition: &'a PolicyDefinition,
        scan: &'a str,
        now: UnixTime,
    ) -> SimulationDocument<'a> {
        let mut rules: Vec<_> = definition.rules.iter().zip(&self.rules).collect();
        rules.retain(|(_, tally)| tally.fail + tally.warn + tally.excepted + tally.not_determined > 0);
        rules.sort_by_key(|(rule, tally)| {
            let is_broken = tally.fail > 0;
            std::cmp::Reverse((
                is_broken,
                is_broken.then_some(rule.severity),
                tally.fail,
                tally.warn,
                tally.excepted,
            ))
        });
        let counts = &self.counts;
        SimulationDocument {
            schema: "certvigil.simulation/v1".into(),
            generated_at: Timestamp(now),
            scan: scan.into(),
            policy: policy_document(&definition.policy),
            endpoints: counts.endpoints,
            pass: counts.pass,
            fail: counts.fail,
            not_determined: counts.not_determined,
            out_of_scope: counts.out_of_scope,
            rules: rules
                .into_iter()
                .map(|(rule, tally)| SimulatedRule {
                    rule: (&*rule.rule.id).into(),
                    level: rule.rule.level.name().into(),
                    severity: rule.severity.name().into(),
                    text: (&*rule.rule.text).into(),
                    fail: tally.fail,
                    warn: tally.warn,
                    excepted: tally.excepted,
                    not_determined: tally.not_determined,
                    example: tally.example.as_ref().map(|(_, endpoint, _)| endpoint.as_str().into()),
                    reason: tally.example.as_ref().map(|(_, _, reason)| reason.as_str().into()),
                })
                .collect(),
            worst: self.worst.iter().map(Worst::document).collect(),
        }
    }
}

impl RuleTally {
    fn add(&mut self, result: &RuleResult, judged: &Judged) {
        match result.outcome {
            RuleOutcome::Fail => self.fail += 1,
            RuleOutcome::Warn => self.warn += 1,
            RuleOutcome::Excepted => self.excepted += 1,
            RuleOutcome::NotDetermined => self.not_determined += 1,
            RuleOutcome::Pass | RuleOutcome::NotApplicable => {}
        }
        let is_better = match &self.example {
            None => matches!(result.outcome, RuleOutcome::Fail | RuleOutcome::Warn),
            Some((outcome, ..)) => *outcome != RuleOutcome::Fail && result.outcome == RuleOutcome::Fail,
        };
        if is_better && let Some(reason) = &result.reason {
            self.example = Some((result.outcome, judged.observation.endpoint.label(), reason.to_string()));
        }
    }
}

impl Worst {
    fn document(&self) -> SimulatedEndpoint<'_> {
        SimulatedEndpoint {
            endpoint: self.endpoint.as_str().into(),
            owner: self.owner.as_deref().map(Into::into),
            failed: self.failed.iter().map(|rule| rule.as_str().into()).collect(),
            severity: self.rank.0.name().into(),
            reason: self.reason.as_deref().map(Into::into),
        }
    }
}
