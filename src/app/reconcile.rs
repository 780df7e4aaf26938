//! Reconcile: the findings of a profile, led on through one scan.

use std::collections::HashMap;

use super::AppError;
use super::assess::{Skews, skews, walk};
use super::judge::{Judge, Judged};
use super::kept::Kept;
use crate::lifecycle::{Member, Sighting, Transition, reconcile};
use crate::model::{EndpointId, Finding, FindingKey, FindingState, Rule, ServerName, Severity, Verdict};
use crate::store::{AuditEvent, EndpointRecord, FindingUpdate, Flow, Store, StoredFinding, StoredScan};
use crate::time::UnixTime;

/// Findings written together.
const BATCH: usize = 4_096;

/// What judging a scan brought.
#[derive(Debug, Default)]
pub(super) struct Reconciled {
    pub(super) worst: Option<Severity>,
    /// What became of the profile's findings; nothing without a profile.
    pub(super) changes: Changes,
    pub(super) skews: Skews,
}

/// What became of a profile's findings in one scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Changes {
    pub(super) opened: u64,
    pub(super) worse: u64,
    pub(super) resolved: u64,
    /// The worst one that was opened.
    pub(super) worst_opened: Option<Severity>,
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
    let skews = skews(store, &kept, stored)?;
    let mut worst = None;
    let mut leading = stored
        .scan
        .profile
        .as_deref()
        .map(|profile| Leading::new(store, profile, stored.sequence, actor, now, BATCH));
    walk(store, &kept, stored, judge, &skews, now, |judged| {
        worst = worst.max(judged.assessment.worst());
        match &mut leading {
            Some(leading) => leading.take(judged),
            None => Ok(()),
        }
    })?;
    let changes = leading.map(Leading::finish).transpose()?.unwrap_or_default();
    Ok(Reconciled { worst, changes, skews })
}

/// Leads the findings of one profile through one scan.
struct Leading<'a> {
    store: &'a Store,
    profile: &'a str,
    sequence: u64,
    actor: &'a str,
    now: UnixTime,
    /// Findings written together.
    batch: usize,
    pending: HashMap<FindingKey, Pending>,
    /// Of the endpoint taken last.
    last_name: Option<ServerName>,
    changes: Changes,
}

/// Endpoints that show one finding.
struct Pending {
    verdict: Verdict,
    members: Vec<EndpointId>,
}

/// What a scan did with a member of a finding.
enum Visit {
    Measured,
    /// Visited, and no chain came.
    Silent,
    /// Not visited. The label is there if the endpoint has a name: the name may have moved to other addresses.
    NotMade(Option<String>),
}

/// What a scan saw of all addresses of one name and port.
#[derive(Debug, Clone, Copy, Default)]
struct Name {
    visited: bool,
    silent: bool,
}

impl<'a> Leading<'a> {
    fn new(
        store: &'a Store,
        profile: &'a str,
        sequence: u64,
        actor: &'a str,
        now: UnixTime,
        batch: usize,
    ) -> Self {
        let (pending, changes) = (HashMap::new(), Changes::default());
        Self { store, profile, sequence, actor, now, batch, pending, last_name: None, changes }
    }

    fn take(&mut self, judged: Judged) -> Result<(), AppError> {
        let endpoint = &judged.observation.endpoint;
        // The addresses of a name follow each other, and are led on together.
        if self.pending.len() >= self.batch && endpoint.server_name != self.last_name {
            self.write()?;
        }
        self.last_name.clone_from(&endpoint.server_name);
        let id = endpoint.id();
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
        Ok(())
    }

    /// Writes what is pending. A finding about a key, whose members may lie further apart than a batch, is led on
    /// more than once.
    fn write(&mut self) -> Result<(), AppError> {
        let mut updates = Vec::with_capacity(self.pending.len());
        for (key, pending) in std::mem::take(&mut self.pending) {
            let previous = self.store.finding(self.profile, &key)?;
            updates.extend(self.lead_on(&key, pending, previous)?);
        }
        Ok(self.store.put_findings(self.sequence, &updates, None)?)
    }

    fn lead_on(
        &mut self,
        key: &FindingKey,
        Pending { verdict, members }: Pending,
        previous: Option<StoredFinding>,
    ) -> Result<Option<FindingUpdate>, AppError> {
        let led_already = previous.as_ref().is_some_and(|previous| previous.scan == self.sequence);
        let previous = previous.map(|stored| stored.finding);
        let mut sighted = vec![Member { measured: true, verdict: Some(&verdict) }];
        match &previous {
            // An earlier batch had a member at least as bad, and says why.
            Some(finding) if led_already && is_as_bad(finding, &verdict) => {
                return Ok(Some(FindingUpdate { finding: finding.clone(), members }));
            }
            Some(finding) if !led_already && finding.severity > verdict.severity => {
                sighted.extend(self.other_members(finding, &members)?);
            }
            _ => {}
        }
        let sighting = Sighting { profile: self.profile, key, at: self.now, members: &sighted };
        let Some((transition, finding)) = reconcile(previous.as_ref(), &sighting) else { return Ok(None) };
        match transition {
            // Opened a batch ago: it is new, and worse than that batch knew.
            Transition::Worse if led_already && finding.first_seen == self.now => {
                self.changes.worst_opened = self.changes.worst_opened.max(Some(finding.severity));
            }
            transition => self.count(transition, finding.severity),
        }
        Ok(Some(FindingUpdate { finding, members }))
    }

    /// The members of a finding that do not show it now. Those that the name has left for other addresses are none.
    fn other_members(
        &self,
        finding: &Finding,
        shown: &[EndpointId],
    ) -> Result<Vec<Member<'static>>, AppError> {
        let mut others = Vec::new();
        for (id, _) in self.store.finding_members(self.profile, &finding.key)? {
            let measured = match self.visit(&id)? {
                _ if shown.contains(&id) => continue,
                Visit::NotMade(Some(_)) if finding.rule != Rule::KeyReused => continue,
                visit => matches!(visit, Visit::Measured),
            };
            others.push(Member { measured, verdict: None });
        }
        Ok(others)
    }

    fn count(&mut self, transition: Transition, severity: Severity) {
        match transition {
            Transition::Opened => {
                self.changes.opened += 1;
                self.changes.worst_opened = self.changes.worst_opened.max(Some(severity));
            }
            Transition::Worse => self.changes.worse += 1,
            Transition::Resolved => self.changes.resolved += 1,
            Transition::Better | Transition::Unchanged | Transition::Held => {}
        }
    }

    /// Resolves what every member was measured for and none shows any more; the rest is held.
    fn finish(mut self) -> Result<Changes, AppError> {
        self.write()?;
        let mut absent = Vec::new();
        self.store.findings_not_in(self.profile, self.sequence, |stored| {
            absent.push(stored.finding.key);
            Flow::Continue(())
        })?;
        for keys in absent.chunks(self.batch) {
            let updates = self.resolve(keys)?;
            self.store.put_findings(self.sequence, &updates, None)?;
        }
        let Changes { opened, worse, resolved, .. } = self.changes;
        let event = AuditEvent {
            at: self.now,
            actor: self.actor.to_owned(),
            action: "findings.reconciled".to_owned(),
            object: self.profile.to_owned(),
            detail: format!("{opened} opened, {worse} worse, {resolved} resolved"),
        };
        self.store.put_findings(self.sequence, &[], Some(&event))?;
        Ok(self.changes)
    }

    fn resolve(&mut self, keys: &[FindingKey]) -> Result<Vec<FindingUpdate>, AppError> {
        let mut visits = Vec::with_capacity(keys.len());
        for key in keys {
            let members = self.store.finding_members(self.profile, key)?;
            visits.push(members.iter().map(|(id, _)| self.visit(id)).collect::<Result<Vec<_>, _>>()?);
        }
        let names = self.names(&visits)?;
        let mut updates = Vec::new();
        for (key, visits) in keys.iter().zip(&visits) {
            let Some(previous) = self.store.finding(self.profile, key)? else { continue };
            let member = |visit: &Visit| Member { measured: is_measured(visit, &names), verdict: None };
            let members: Vec<Member<'_>> = visits.iter().map(member).collect();
            let sighting = Sighting { profile: self.profile, key, at: self.now, members: &members };
            if let Some((Transition::Resolved, finding)) = reconcile(Some(&previous.finding), &sighting) {
                self.count(Transition::Resolved, finding.severity);
                updates.push(FindingUpdate { finding, members: Vec::new() });
            }
        }
        Ok(updates)
    }

    fn visit(&self, id: &EndpointId) -> Result<Visit, AppError> {
        let Some(EndpointRecord { current, .. }) = self.store.endpoint(id)? else {
            return Ok(Visit::NotMade(None));
        };
        let endpoint = &current.observation.endpoint;
        Ok(if current.last_scan != self.sequence {
            Visit::NotMade(endpoint.server_name.as_ref().map(|_| endpoint.label()))
        } else if current.observation.outcome.presented().is_some() {
            Visit::Measured
        } else {
            Visit::Silent
        })
    }

    /// What the scan saw of the names that members without a visit have. Reads the scan only where there are any.
    fn names(&self, visits: &[Vec<Visit>]) -> Result<HashMap<String, Name>, AppError> {
        let mut names: HashMap<String, Name> = HashMap::new();
        for visit in visits.iter().flatten() {
            if let Visit::NotMade(Some(label)) = visit {
                names.entry(label.clone()).or_default();
            }
        }
        if names.is_empty() {
            return Ok(names);
        }
        self.store.observations_of(self.sequence, |observation| {
            if observation.endpoint.server_name.is_some()
                && let Some(name) = names.get_mut(&observation.endpoint.label())
            {
                name.visited = true;
                name.silent |= observation.outcome.presented().is_none();
            }
            Flow::Continue(())
        })?;
        Ok(names)
    }
}

/// Whether a member was measured. In the place of an address that its name has left stand the name's addresses now.
fn is_measured(visit: &Visit, names: &HashMap<String, Name>) -> bool {
    match visit {
        Visit::Measured => true,
        Visit::Silent => false,
        Visit::NotMade(label) => {
            let name = label.as_ref().and_then(|label| names.get(label)).copied().unwrap_or_default();
            name.visited && !name.silent
        }
    }
}

fn is_as_bad(finding: &Finding, verdict: &Verdict) -> bool {
    finding.state != FindingState::Resolved && finding.severity >= verdict.severity
}

#[cfg(test)]
mod tests;
