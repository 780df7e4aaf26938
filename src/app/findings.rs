//! Findings of profiles: led on by each scan, listed on demand.

use std::collections::HashMap;
use std::io::Write;

use super::AppError;
use super::judge::{Judge, Judged};
use super::kept::Kept;
use super::parts::Parts;
use super::report::{ListForm, write_list};
use crate::assess::fleet::CertificateSkew;
use crate::lifecycle::{Member, Sighting, Transition, reconcile, verdict_key};
use crate::model::{EndpointId, Finding, FindingKey, FindingState, Observation, Outcome, Severity, Verdict};
use crate::report::findings_table;
use crate::store::{AuditEvent, FindingUpdate, Flow, Store, StoredScan};
use crate::time::UnixTime;
use crate::wire::v1::{FindingRow, FindingsDocument};

/// Findings written together.
const BATCH: usize = 4_096;

/// Verdicts over several endpoints of one scan, by the endpoint that carries them.
pub(super) type Skews = HashMap<EndpointId, Verdict>;

/// What judging a scan brought.
#[derive(Debug, Default)]
pub(super) struct Reconciled {
    pub(super) worst: Option<Severity>,
    /// The worst finding that the profile did not have before.
    pub(super) worst_opened: Option<Severity>,
    pub(super) skews: Skews,
}

/// Judges all that a scan saw and, for a profile's scan, leads its findings on.
pub(super) fn reconcile_scan(
    store: &Store,
    stored: &StoredScan,
    judge: &Judge,
    actor: &str,
    now: UnixTime,
) -> Result<Reconciled, AppError> {
    let kept = Kept::new(store, now);
    let mut out = Reconciled { skews: skews(store, &kept, stored)?, ..Reconciled::default() };
    let mut leading = stored
        .scan
        .profile
        .as_deref()
        .map(|profile| Leading::new(store, profile, stored.sequence, actor, now));
    let skews = std::mem::take(&mut out.skews);
    walk(store, &kept, stored, judge, &skews, now, |judged| {
        out.worst = out.worst.max(judged.assessment.worst());
        match &mut leading {
            Some(leading) => leading.take(judged),
            None => Ok(()),
        }
    })?;
    out.skews = skews;
    if let Some(leading) = leading {
        out.worst_opened = leading.finish()?;
    }
    Ok(out)
}

/// Finds the names whose addresses serve different certificates.
pub(super) fn skews(store: &Store, kept: &Kept<'_>, stored: &StoredScan) -> Result<Skews, AppError> {
    let mut collector = CertificateSkew::new(CertificateSkew::DEFAULT_NAMES);
    let mut failed = None;
    store.observations_of(stored.sequence, |observation| {
        // Only names can be skewed; a sweep of addresses is not read twice.
        if observation.endpoint.server_name.is_none() {
            return Flow::Continue(());
        }
        match kept.observation(observation) {
            Ok(observation) => collector.observe(&observation),
            Err(error) => {
                failed = Some(error);
                return Flow::Break(());
            }
        }
        Flow::Continue(())
    })?;
    match failed {
        Some(error) => Err(error.into()),
        None => {
            Ok(collector.finish().into_iter().map(|(endpoint, verdict)| (endpoint.id(), verdict)).collect())
        }
    }
}

/// Judges every observation of a scan, in the order of its units.
pub(super) fn walk(
    store: &Store,
    kept: &Kept<'_>,
    stored: &StoredScan,
    judge: &Judge,
    skews: &Skews,
    now: UnixTime,
    mut visit: impl FnMut(Judged) -> Result<(), AppError>,
) -> Result<(), AppError> {
    let mut failed = None;
    store.observations_of(stored.sequence, |observation| {
        let step = || -> Result<(), AppError> {
            let observation = kept.observation(observation)?;
            let fallen_silent = fell_silent(store, &observation)?;
            let mut judged = judge.judge(observation, kept, fallen_silent, now);
            if !skews.is_empty()
                && let Some(skew) = skews.get(&judged.observation.endpoint.id())
            {
                judged.add(skew.clone());
            }
            visit(judged)
        };
        match step() {
            Ok(()) => Flow::Continue(()),
            Err(error) => {
                failed = Some(error);
                Flow::Break(())
            }
        }
    })?;
    kept.check()?;
    failed.map_or(Ok(()), Err)
}

/// A visit that failed where a chain was captured before.
pub(super) fn fell_silent(store: &Store, observation: &Observation) -> Result<bool, AppError> {
    if !matches!(observation.outcome, Outcome::Failure(_)) {
        return Ok(false);
    }
    let Some(known) = store.endpoint(&observation.endpoint.id())? else { return Ok(false) };
    // The scan may be folded into what is known already, or not yet.
    let showed_a_chain = known
        .last_chain
        .iter()
        .chain([&known.current])
        .find(|span| span.observation.outcome.presented().is_some());
    Ok(showed_a_chain.is_some_and(|span| span.since <= observation.observed_at))
}

/// Leads the findings of one profile through one scan.
struct Leading<'a> {
    store: &'a Store,
    profile: &'a str,
    sequence: u64,
    actor: &'a str,
    now: UnixTime,
    pending: HashMap<FindingKey, Pending>,
    worst_opened: Option<Severity>,
    opened: u64,
    worse: u64,
    resolved: u64,
}

/// Endpoints that show one finding.
struct Pending {
    verdict: Verdict,
    members: Vec<EndpointId>,
}

impl<'a> Leading<'a> {
    fn new(store: &'a Store, profile: &'a str, sequence: u64, actor: &'a str, now: UnixTime) -> Self {
        Self {
            store,
            profile,
            sequence,
            actor,
            now,
            pending: HashMap::new(),
            worst_opened: None,
            opened: 0,
            worse: 0,
            resolved: 0,
        }
    }

    fn take(&mut self, judged: Judged) -> Result<(), AppError> {
        let id = judged.observation.endpoint.id();
        for (verdict, key) in judged.assessment.verdicts.into_iter().zip(judged.keys) {
            match self.pending.get_mut(&key) {
                Some(pending) => {
                    pending.members.push(id);
                    if verdict.severity > pending.verdict.severity {
                        pending.verdict = verdict;
                    }
                }
                None => drop(self.pending.insert(key, Pending { verdict, members: vec![id] })),
            }
        }
        if self.pending.len() >= BATCH { self.write() } else { Ok(()) }
    }

    /// Writes what is pending. A key whose members lie further apart than a batch is led on more than once; its
    /// severity is that of its worst member all the same.
    fn write(&mut self) -> Result<(), AppError> {
        let mut updates = Vec::with_capacity(self.pending.len());
        for (key, Pending { mut verdict, members }) in std::mem::take(&mut self.pending) {
            let previous = self.store.finding(self.profile, &key)?;
            if let Some(previous) = &previous
                && previous.scan == self.sequence
            {
                verdict.severity = verdict.severity.max(previous.finding.severity);
            }
            let member = Member { measured: true, verdict: Some(&verdict) };
            let sighting = Sighting { profile: self.profile, key: &key, at: self.now, members: &[member] };
            let previous = previous.map(|stored| stored.finding);
            if let Some((transition, finding)) = reconcile(previous.as_ref(), &sighting) {
                self.count(transition, finding.severity);
                updates.push(FindingUpdate { finding, members });
            }
        }
        Ok(self.store.put_findings(self.sequence, &updates, None)?)
    }

    fn count(&mut self, transition: Transition, severity: Severity) {
        match transition {
            Transition::Opened => {
                self.opened += 1;
                self.worst_opened = self.worst_opened.max(Some(severity));
            }
            Transition::Worse => self.worse += 1,
            Transition::Resolved => self.resolved += 1,
            Transition::Better | Transition::Unchanged | Transition::Held => {}
        }
    }

    /// Resolves what every member was measured for and none shows any more; the rest is held.
    fn finish(mut self) -> Result<Option<Severity>, AppError> {
        self.write()?;
        let mut absent = Vec::new();
        self.store.findings_not_in(self.profile, self.sequence, |stored| {
            absent.push(stored.finding.key);
            Flow::Continue(())
        })?;
        for keys in absent.chunks(BATCH) {
            let mut updates = Vec::new();
            for key in keys {
                updates.extend(self.resolve(key)?);
            }
            self.store.put_findings(self.sequence, &updates, None)?;
        }
        let event = AuditEvent {
            at: self.now,
            actor: self.actor.to_owned(),
            action: "findings.reconciled".to_owned(),
            object: self.profile.to_owned(),
            detail: format!("{} opened, {} worse, {} resolved", self.opened, self.worse, self.resolved),
        };
        self.store.put_findings(self.sequence, &[], Some(&event))?;
        Ok(self.worst_opened)
    }

    fn resolve(&mut self, key: &FindingKey) -> Result<Option<FindingUpdate>, AppError> {
        let Some(previous) = self.store.finding(self.profile, key)? else { return Ok(None) };
        let mut members = Vec::new();
        for (id, _) in self.store.finding_members(self.profile, key)? {
            let measured = self.store.endpoint(&id)?.is_some_and(|known| {
                known.current.last_scan == self.sequence
                    && known.current.observation.outcome.presented().is_some()
            });
            members.push(Member { measured, verdict: None });
        }
        let sighting = Sighting { profile: self.profile, key, at: self.now, members: &members };
        let Some((Transition::Resolved, finding)) = reconcile(Some(&previous.finding), &sighting) else {
            return Ok(None);
        };
        self.count(Transition::Resolved, finding.severity);
        Ok(Some(FindingUpdate { finding, members: Vec::new() }))
    }
}

impl Judged {
    /// Adds a verdict that came from looking at several endpoints.
    fn add(&mut self, verdict: Verdict) {
        let key = verdict_key(&self.observation.endpoint, &verdict);
        let place = self.assessment.verdicts.partition_point(|other| other.severity >= verdict.severity);
        self.assessment.verdicts.insert(place, verdict);
        self.keys.insert(place, key);
    }
}

/// Which findings to list.
#[derive(Debug, Clone, Default)]
pub struct FindingsQuery {
    /// `None`: of every profile.
    pub profile: Option<String>,
    pub min_severity: Option<Severity>,
    pub with_resolved: bool,
}

/// Lists findings, the worst first.
///
/// # Errors
/// There is no record, it cannot be read, or the list not written.
pub fn list(
    parts: &Parts,
    query: &FindingsQuery,
    form: ListForm,
    out: &mut dyn Write,
) -> Result<(), AppError> {
    let store = parts.read_store()?;
    let mut found: Vec<Finding> = Vec::new();
    for profile in profiles(&store, query)? {
        store.findings(&profile, |stored| {
            let finding = stored.finding;
            let is_wanted = query.min_severity.is_none_or(|least| finding.severity >= least)
                && (query.with_resolved || finding.state != FindingState::Resolved);
            if is_wanted {
                found.push(finding);
            }
            Flow::Continue(())
        })?;
    }
    found.sort_by(|a, b| (b.severity, a.first_seen, &a.key).cmp(&(a.severity, b.first_seen, &b.key)));
    let rows: Vec<FindingRow<'_>> = found.iter().map(|finding| FindingRow::of(finding, None)).collect();
    let now = parts.clock.now();
    let next = if rows.is_empty() {
        "certvigil scan --profile NAME|FILE opens findings; a scan without a profile only shows them"
    } else {
        "certvigil report shows the evidence and what to do"
    };
    let document = FindingsDocument::new(now, rows.len() as u64, rows);
    write_list(form, now, &document, |options| findings_table(&document, options, next), out)
}

fn profiles(store: &Store, query: &FindingsQuery) -> Result<Vec<String>, AppError> {
    if let Some(profile) = &query.profile {
        return Ok(vec![profile.clone()]);
    }
    let mut profiles: Vec<String> =
        store.scans()?.into_iter().filter_map(|stored| stored.scan.profile).collect();
    profiles.sort_unstable();
    profiles.dedup();
    Ok(profiles)
}
