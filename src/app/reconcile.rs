//! Reconcile: the findings of a profile, led on through one scan, and the news that this makes.

#[cfg(test)]
mod tests;
mod visits;

use std::collections::HashMap;

use super::AppError;
use super::alerting::Alerting;
use super::assess::{Surroundings, walk};
use super::cut_off::cut_off;
use super::judge::{Judge, Judged};
use super::kept::Kept;
use super::news::{Herald, Origin, Told};
use crate::lifecycle::{Member, Sighting, Transition, reconcile, tell, tell_calmed};
use crate::model::{
    EndpointId, Finding, FindingKey, FindingState, Occasion, Outgoing, ProfileWatch, Rule, ScanState,
    ServerName, Severity, SeverityCounts, Silence, Verdict, WatchNews,
};
use crate::store::{AuditEvent, FindingUpdate, FindingsCommit, Flow, Store, StoredFinding, StoredScan};
use crate::time::{DAY_SECONDS, UnixTime};
use visits::{Visit, Visits, is_gone, is_measured};

/// Findings written together.
const BATCH: usize = 4_096;

/// From here on what is silent is taken for silent, even if it is nearly everything.
const CUT_OFF_AT_MOST: i64 = 3 * DAY_SECONDS;
/// A day, with room for a timer's jitter.
const CUT_OFF_TOLD_EVERY: i64 = 22 * 3_600;

/// What judging a scan brought.
#[derive(Debug, Default)]
pub(super) struct Reconciled {
    pub(super) worst: Option<Severity>,
    /// What became of the profile's findings; nothing without a profile.
    pub(super) changes: Changes,
    pub(super) surroundings: Surroundings,
}

/// What became of a profile's findings in one scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Changes {
    pub(super) opened: u64,
    pub(super) worse: u64,
    pub(super) resolved: u64,
    /// The worst one that was opened.
    pub(super) worst_opened: Option<Severity>,
    /// Findings were left as they are, because the scanner seems to be cut off.
    pub(super) cut_off: bool,
}

impl Changes {
    /// What a person should know of how the findings were led on.
    pub(super) fn warning(&self) -> Option<String> {
        self.cut_off.then(|| {
            "so much of what answered last time is silent that this scanner may be cut off: silence opened no finding"
                .to_owned()
        })
    }
}

/// Who reconciles, when, and whether the findings are led on at all.
#[derive(Clone, Copy)]
pub(super) struct Circumstances<'a> {
    pub(super) actor: &'a str,
    pub(super) now: UnixTime,
    /// Nobody is told where there is none.
    pub(super) alerting: Option<&'a Alerting>,
    /// The clock is in order. If it is not, no finding moves.
    pub(super) leads: bool,
}

/// Judges all that a scan saw and, for a profile's scan, leads its findings on.
pub(super) fn reconcile_scan(
    store: &Store,
    stored: &StoredScan,
    judge: &Judge,
    circumstances: Circumstances<'_>,
) -> Result<Reconciled, AppError> {
    let now = circumstances.now;
    let kept = Kept::new(store, now);
    let mut surroundings = Surroundings::of(store, &kept, stored, now)?;
    let mut worst = None;
    let profile = stored.scan.profile.as_deref().filter(|_| circumstances.leads);
    if let Some(last) = profile.map(|profile| store.profile_watch(profile)).transpose()? {
        // A scan that was cut off says nothing about what it did not see.
        surroundings.previous = last.last_complete.or(surroundings.previous);
    }
    let mut leading = match profile {
        Some(profile) => Some(Leading::new(store, &kept, stored, judge, profile, circumstances, BATCH)?),
        None => None,
    };
    if let Some(leading) = &mut leading {
        leading.notice_cut_off(cut_off(store, stored, surroundings.previous)?)?;
    }
    walk(store, &kept, stored, judge, &surroundings, now, |judged| {
        worst = worst.max(judged.assessment.worst());
        match &mut leading {
            Some(leading) => leading.take(judged),
            None => Ok(()),
        }
    })?;
    let changes = leading.map(Leading::finish).transpose()?.unwrap_or_default();
    Ok(Reconciled { worst, changes, surroundings })
}

/// Leads the findings of one profile through one scan.
struct Leading<'a> {
    store: &'a Store,
    stored: &'a StoredScan,
    profile: &'a str,
    actor: &'a str,
    now: UnixTime,
    herald: Option<Herald<'a>>,
    silences: Vec<Silence>,
    watch: ProfileWatch,
    judged_by: crate::x509::Fingerprint,
    /// Everything is told once, and nothing else.
    baseline: bool,
    /// The same targets were scanned completely before, so that what is missing now and then is no target any more.
    retires: bool,
    /// Findings written together.
    batch: usize,
    pending: HashMap<FindingKey, Pending>,
    /// Of the endpoint taken last.
    last_name: Option<ServerName>,
    open: SeverityCounts,
    changes: Changes,
}

/// Endpoints that show one finding.
struct Pending {
    verdict: Verdict,
    members: Vec<EndpointId>,
    owner: Option<String>,
    tags: Vec<String>,
    /// When the newest member was seen so.
    last_seen: UnixTime,
}

/// What one step leaves behind: rows of findings, and of the outbox.
#[derive(Default)]
struct Written {
    updates: Vec<FindingUpdate>,
    outgoing: Vec<Outgoing>,
}

impl<'a> Leading<'a> {
    fn new(
        store: &'a Store,
        kept: &'a Kept<'a>,
        stored: &'a StoredScan,
        judge: &Judge,
        profile: &'a str,
        circumstances: Circumstances<'a>,
        batch: usize,
    ) -> Result<Self, AppError> {
        let Circumstances { actor, now, alerting, .. } = circumstances;
        let watch = store.profile_watch(profile)?;
        let judged_by = judge.digest(alerting.is_some_and(|alerting| alerting.mail.is_some()));
        let herald = alerting.map(|alerting| Herald {
            store,
            kept,
            alerting,
            profile,
            origin: Origin {
                profile: Some(profile),
                scan: Some(&stored.scan.id),
                vantage: &stored.scan.vantage,
                now,
            },
        });
        Ok(Self {
            store,
            stored,
            profile,
            actor,
            now,
            herald,
            silences: store.silences()?,
            baseline: watch.judged_by != Some(judged_by),
            retires: is_same_again(store, stored, watch.last_complete)?,
            watch,
            judged_by,
            batch,
            pending: HashMap::new(),
            last_name: None,
            open: SeverityCounts::default(),
            changes: Changes::default(),
        })
    }

    /// Notes that the scanner may be cut off, which is told once a day; silence opens nothing then. What is silent
    /// for days is so, whatever the reason.
    fn notice_cut_off(&mut self, news: Option<WatchNews>) -> Result<(), AppError> {
        let since = self.watch.cut_off_since.unwrap_or(self.now);
        let Some(news) = news.filter(|_| self.now.seconds_since(since) < CUT_OFF_AT_MOST) else {
            (self.watch.cut_off_since, self.watch.cut_off_told) = (None, None);
            return Ok(());
        };
        self.changes.cut_off = true;
        self.watch.cut_off_since = Some(since);
        let told_lately =
            self.watch.cut_off_told.is_some_and(|told| self.now.seconds_since(told) < CUT_OFF_TOLD_EVERY);
        if let Some(herald) = self.herald.as_ref().filter(|_| !told_lately) {
            self.store.queue(&herald.watch("cut_off", news), None)?;
            self.watch.cut_off_told = Some(self.now);
        }
        Ok(())
    }

    fn take(&mut self, judged: Judged) -> Result<(), AppError> {
        let endpoint = &judged.observation.endpoint;
        // The addresses of a name follow each other, and are led on together.
        let goes_on = endpoint.server_name.is_some() && endpoint.server_name == self.last_name;
        if self.pending.len() >= self.batch && !goes_on {
            self.write()?;
        }
        self.last_name.clone_from(&endpoint.server_name);
        let id = endpoint.id();
        let seen_now = judged.observation.observed_at;
        let Judged { assessment, keys, ownership, last_chain_seen, .. } = judged;
        for (verdict, key) in assessment.verdicts.into_iter().zip(keys) {
            if self.changes.cut_off && matches!(verdict.rule, Rule::NotMeasured | Rule::Unreachable) {
                continue;
            }
            let last_seen = match verdict.rule {
                Rule::Expiring | Rule::Expired => last_chain_seen.unwrap_or(seen_now),
                _ => seen_now,
            };
            match self.pending.get_mut(&key) {
                Some(pending) => {
                    pending.members.push(id);
                    pending.last_seen = pending.last_seen.max(last_seen);
                    if verdict.severity > pending.verdict.severity {
                        pending.verdict = verdict;
                    }
                }
                None => {
                    let (owner, tags) = (ownership.owner.clone(), ownership.tags.clone());
                    let members = vec![id];
                    self.pending.insert(key, Pending { verdict, members, owner, tags, last_seen });
                }
            }
        }
        Ok(())
    }

    /// Writes what is pending. A finding about a key, whose members may lie further apart than a batch, is led on
    /// more than once.
    fn write(&mut self) -> Result<(), AppError> {
        let mut written = Written::default();
        for (key, pending) in std::mem::take(&mut self.pending) {
            let previous = self.store.finding(self.profile, &key)?;
            self.lead_on(&key, pending, previous, &mut written)?;
        }
        self.put(&written)
    }

    fn put(&self, written: &Written) -> Result<(), AppError> {
        let Written { updates, outgoing } = written;
        let commit =
            FindingsCommit { sequence: self.stored.sequence, updates, outgoing, ..FindingsCommit::default() };
        Ok(self.store.put_findings(&commit)?)
    }

    fn lead_on(
        &mut self,
        key: &FindingKey,
        pending: Pending,
        previous: Option<StoredFinding>,
        written: &mut Written,
    ) -> Result<(), AppError> {
        let Pending { verdict, members, owner, tags, last_seen } = pending;
        let led_already = previous.as_ref().is_some_and(|previous| previous.scan == self.stored.sequence);
        let previous = previous.map(|stored| stored.finding);
        let mut sighted = vec![Member { measured: true, verdict: Some(&verdict) }];
        match &previous {
            // An earlier batch had a member at least as bad, and says why.
            Some(finding) if led_already && is_as_bad(finding, &verdict) => {
                written.updates.push(FindingUpdate { finding: finding.clone(), members });
                return Ok(());
            }
            Some(finding) if !led_already && finding.severity > verdict.severity => {
                sighted.extend(self.other_members(finding, &members)?);
            }
            _ => {}
        }
        let sighting = Sighting {
            profile: self.profile,
            key,
            at: self.now,
            members: &sighted,
            owner: owner.as_deref(),
            tags: &tags,
            silences: &self.silences,
            retired: false,
        };
        let Some((transition, mut finding)) = reconcile(previous.as_ref(), &sighting) else { return Ok(()) };
        match transition {
            // Opened a batch ago: it is new, and worse than that batch knew.
            Transition::Worse if led_already && finding.first_seen == self.now => {
                self.changes.worst_opened = self.changes.worst_opened.max(Some(finding.severity));
            }
            transition => self.count(transition, finding.severity),
        }
        if !led_already && finding.state != FindingState::Silenced {
            self.open.add(finding.severity);
        }
        let told = Occasioned { previous: previous.as_ref(), transition, members: &members, last_seen };
        written.outgoing.extend(self.tell(&mut finding, &told)?);
        written.updates.push(FindingUpdate { finding, members });
        Ok(())
    }

    fn visits(&self) -> Visits<'a> {
        Visits { store: self.store, sequence: self.stored.sequence }
    }

    /// The members of a finding that do not show it now. Those that the name has left for other addresses are none.
    fn other_members(
        &self,
        finding: &Finding,
        shown: &[EndpointId],
    ) -> Result<Vec<Member<'static>>, AppError> {
        let mut others = Vec::new();
        for (id, reported) in self.store.finding_members(self.profile, &finding.key)? {
            let measured = match self.visits().visit(&id, reported, finding.rule)? {
                _ if shown.contains(&id) => continue,
                Visit::NotMade(_, Some(_)) if finding.rule != Rule::KeyReused => continue,
                visit => matches!(visit, Visit::Measured),
            };
            others.push(Member { measured, verdict: None });
        }
        Ok(others)
    }

    /// The rows of the outbox for a transition, if somebody is to be told.
    fn tell(&self, finding: &mut Finding, step: &Occasioned<'_>) -> Result<Vec<Outgoing>, AppError> {
        let Some(herald) = &self.herald else { return Ok(Vec::new()) };
        let is_over = matches!(step.transition, Transition::Resolved | Transition::Retired);
        // A part of a profile is no baseline: what nobody knows of is told, the rest when everything was seen.
        if self.baseline && !self.is_whole() && finding.told_at.is_some() && !is_over {
            return Ok(Vec::new());
        }
        let Some(occasion) = tell(step.previous, step.transition, finding, self.now, self.baseline) else {
            return Ok(Vec::new());
        };
        herald.finding(&Told { occasion, finding, members: step.members, last_seen: step.last_seen })
    }

    fn count(&mut self, transition: Transition, severity: Severity) {
        match transition {
            Transition::Opened => {
                self.changes.opened += 1;
                self.changes.worst_opened = self.changes.worst_opened.max(Some(severity));
            }
            Transition::Worse => self.changes.worse += 1,
            Transition::Resolved | Transition::Retired => self.changes.resolved += 1,
            Transition::Better | Transition::Unchanged | Transition::Held => {}
        }
    }

    /// Resolves what every member was measured for and none shows any more; the rest is held.
    fn finish(mut self) -> Result<Changes, AppError> {
        self.write()?;
        let (mut absent, mut calmed) = (Vec::new(), Vec::new());
        self.store.findings(self.profile, |stored| {
            let mut finding = stored.finding;
            if finding.state == FindingState::Resolved {
                if tell_calmed(&mut finding, self.now).is_some() {
                    calmed.push(finding);
                }
            } else if stored.scan != self.stored.sequence {
                absent.push(finding.key);
            }
            Flow::Continue(())
        })?;
        for keys in absent.chunks(self.batch) {
            let written = self.lead_absent(keys)?;
            self.put(&written)?;
        }
        for findings in calmed.chunks(self.batch) {
            let written = self.calm(findings)?;
            self.put(&written)?;
        }
        self.close()?;
        Ok(self.changes)
    }

    /// Everything was visited, and what is silent is so.
    fn is_whole(&self) -> bool {
        self.stored.scan.state == ScanState::Complete && !self.changes.cut_off
    }

    /// The last transaction: what the next scan has to know, the audit log, and the baseline's own news.
    fn close(&self) -> Result<(), AppError> {
        let Changes { opened, worse, resolved, .. } = self.changes;
        let event = AuditEvent {
            at: self.now,
            actor: self.actor.to_owned(),
            action: "findings.reconciled".to_owned(),
            object: self.profile.to_owned(),
            detail: format!("{opened} opened, {worse} worse, {resolved} resolved"),
        };
        let mut watch = ProfileWatch { last_finished: Some(self.now), ..self.watch.clone() };
        if self.is_whole() {
            watch.last_complete = Some(self.stored.sequence);
            // Until somebody can be told, nothing was told.
            watch.judged_by = self.herald.as_ref().map(|_| self.judged_by);
        }
        let counts = &self.stored.scan.counts;
        let news = WatchNews::Baseline {
            is_first: self.watch.judged_by.is_none(),
            // The dead of a range that nobody knows are no endpoints to anybody.
            endpoints: counts.endpoints.saturating_sub(counts.unlisted),
            with_chain: counts.handshake,
            open: self.open,
        };
        let herald = self.herald.as_ref().filter(|_| self.baseline && self.is_whole());
        let outgoing = herald.map(|herald| herald.watch("baseline", news)).unwrap_or_default();
        Ok(self.store.put_findings(&FindingsCommit {
            sequence: self.stored.sequence,
            updates: &[],
            outgoing: &outgoing,
            event: Some(&event),
            profile_watch: Some((self.profile, &watch)),
        })?)
    }

    fn lead_absent(&mut self, keys: &[FindingKey]) -> Result<Written, AppError> {
        let visitor = self.visits();
        let mut absent = Vec::with_capacity(keys.len());
        let mut visits = Vec::with_capacity(keys.len());
        for key in keys {
            let Some(previous) = self.store.finding(self.profile, key)? else { continue };
            let members = self.store.finding_members(self.profile, key)?;
            visits.push(
                members
                    .iter()
                    .map(|(id, reported)| Ok((*id, visitor.visit(id, *reported, previous.finding.rule)?)))
                    .collect::<Result<Vec<_>, AppError>>()?,
            );
            absent.push((key, previous));
        }
        let names = visitor.names(&visits)?;
        let retires_after = self.watch.last_complete.filter(|_| self.retires);
        let mut written = Written::default();
        for ((key, previous), visits) in absent.iter().zip(&visits) {
            // Time does to a certificate what no one needs to see.
            let is_superseded = self.is_superseded(&previous.finding)?;
            let member = |(_, visit): &(EndpointId, Visit)| Member {
                measured: is_superseded || is_measured(visit, &names),
                verdict: None,
            };
            let members: Vec<Member<'_>> = visits.iter().map(member).collect();
            let sighting = Sighting {
                profile: self.profile,
                key,
                at: self.now,
                members: &members,
                owner: previous.finding.owner.as_deref(),
                tags: &previous.finding.tags,
                silences: &self.silences,
                retired: retires_after.is_some_and(|last| is_gone(visits, &names, last)),
            };
            let Some((transition, mut finding)) = reconcile(Some(&previous.finding), &sighting) else {
                continue;
            };
            self.count(transition, finding.severity);
            if !matches!(transition, Transition::Resolved | Transition::Retired)
                && finding.state != FindingState::Silenced
            {
                self.open.add(finding.severity);
            }
            let ids: Vec<EndpointId> = visits.iter().map(|(id, _)| *id).collect();
            let last_seen = previous.finding.last_seen;
            let step = Occasioned { previous: Some(&previous.finding), transition, members: &ids, last_seen };
            if transition != Transition::Resolved || !is_superseded {
                written.outgoing.extend(self.tell(&mut finding, &step)?);
            }
            if finding != previous.finding {
                written.updates.push(FindingUpdate { finding, members: Vec::new() });
            }
        }
        Ok(written)
    }

    /// Tells the end of what came and went for long, and stays away now.
    fn calm(&self, findings: &[Finding]) -> Result<Written, AppError> {
        let mut written = Written::default();
        let Some(herald) = &self.herald else { return Ok(written) };
        for finding in findings {
            let members = self.store.finding_members(self.profile, &finding.key)?;
            let members: Vec<EndpointId> = members.into_iter().map(|(id, _)| id).collect();
            let (occasion, last_seen) = (Occasion::Resolved, finding.last_seen);
            written.outgoing.extend(herald.finding(&Told {
                occasion,
                finding,
                members: &members,
                last_seen,
            })?);
            written.updates.push(FindingUpdate { finding: finding.clone(), members: Vec::new() });
        }
        Ok(written)
    }

    /// A certificate that has expired no longer expires soon; nobody wants to hear that as good news.
    fn is_superseded(&self, finding: &Finding) -> Result<bool, AppError> {
        let Some(place) = finding.key.0.strip_suffix(Rule::Expiring.id()) else { return Ok(false) };
        let expired = FindingKey(format!("{place}{}", Rule::Expired.id()));
        let expired = self.store.finding(self.profile, &expired)?;
        Ok(expired.is_some_and(|stored| stored.finding.state != FindingState::Resolved))
    }
}

/// One step of a finding, with what its news would say.
struct Occasioned<'a> {
    previous: Option<&'a Finding>,
    transition: Transition,
    members: &'a [EndpointId],
    last_seen: UnixTime,
}

fn is_as_bad(finding: &Finding, verdict: &Verdict) -> bool {
    finding.state != FindingState::Resolved && finding.severity >= verdict.severity
}

/// Both scans are complete and had the same targets.
fn is_same_again(store: &Store, stored: &StoredScan, last_complete: Option<u64>) -> Result<bool, AppError> {
    let Some(last) = last_complete.filter(|_| stored.scan.state == ScanState::Complete) else {
        return Ok(false);
    };
    let before = store.scans()?.into_iter().find(|other| other.sequence == last);
    Ok(before.is_some_and(|before| before.input_digest == stored.input_digest))
}
