//! Assess a whole scan: every observation in the record judged, with what only several endpoints together, or the
//! past, show.

use std::collections::{HashMap, HashSet};

use super::AppError;
use super::judge::{Judge, Judged, LastChain, Past};
use super::kept::Kept;
use crate::assess::certvigil_default;
use crate::assess::fleet::CertificateSkew;
use crate::lifecycle::verdict_key;
use crate::model::{
    EndpointId, Evidence, HookRun, Observation, Outcome, Rule, ScanState, Severity, Subject, Transport,
    Verdict,
};
use crate::store::{EndpointRecord, EndpointSpan, Flow, Store, StoredScan};
use crate::text::escape_for_terminal;
use crate::time::{DAY_SECONDS, UnixTime};
use crate::x509::Fingerprint;

/// Two scans may be further apart in the record than they are in time by this much: one may be resumed after another.
const JUMP_SECONDS: i64 = 35 * DAY_SECONDS;

/// Names that did not resolve and whose last place is looked up: some 10 MB. Of more, findings are held as they are.
const MOST_UNRESOLVED: usize = 65_536;

/// What surrounds the observations of one scan, gathered before they are judged.
#[derive(Debug, Default)]
pub(super) struct Surroundings {
    /// Verdicts over several endpoints of the scan, by the endpoint that carries them.
    skews: HashMap<EndpointId, Verdict>,
    /// Sequence number of the profile's complete scan before this one.
    pub(super) previous: Option<u64>,
    /// Where names that did not resolve this time showed a chain last, by label.
    last_places: HashMap<String, EndpointId>,
    /// Scans by a clock that was wrong: sequence number, and the time of the scan before.
    misdated: HashMap<u64, UnixTime>,
    /// Asked for by the scan.
    transports: Vec<Transport>,
    /// Certificates that a hook should have replaced by now.
    overdue: HashMap<Fingerprint, HookRun>,
}

impl Surroundings {
    /// Reads what surrounds a scan that is finished.
    pub(super) fn of(
        store: &Store,
        kept: &Kept<'_>,
        stored: &StoredScan,
        now: UnixTime,
    ) -> Result<Self, AppError> {
        let mut collector = CertificateSkew::new(CertificateSkew::DEFAULT_NAMES);
        let mut unresolved = HashSet::new();
        let mut failed = None;
        store.observations_of(stored.sequence, |observation| {
            // Only names can be skewed, or move; a sweep of addresses is not read twice.
            if observation.endpoint.server_name.is_none() {
                return Flow::Continue(());
            }
            if observation.endpoint.address.is_none() && unresolved.len() < MOST_UNRESOLVED {
                unresolved.insert(observation.endpoint.label());
            }
            let read = kept.observation(observation).map(|observation| collector.observe(&observation));
            flow(read.map_err(AppError::from), &mut failed)
        })?;
        failed.map_or(Ok(()), Err)?;
        Ok(Self {
            skews: collector
                .finish()
                .into_iter()
                .map(|(endpoint, verdict)| (endpoint.id(), verdict))
                .collect(),
            previous: previous_scan(store, stored)?,
            last_places: last_places(store, &unresolved)?,
            misdated: misdated(&store.scans()?, now),
            transports: stored.scan.parameters.transports.clone(),
            overdue: overdue(store, stored, now)?,
        })
    }

    /// What a running scan can know: nothing about other endpoints.
    pub(super) fn of_running(store: &Store, stored: &StoredScan) -> Result<Self, AppError> {
        let transports = stored.scan.parameters.transports.clone();
        Ok(Self { previous: previous_scan(store, stored)?, transports, ..Self::default() })
    }

    /// What is known of the endpoint of a failed observation from before.
    pub(super) fn past(
        &self,
        store: &Store,
        kept: &Kept<'_>,
        observation: &Observation,
    ) -> Result<Past, AppError> {
        if !matches!(observation.outcome, Outcome::Failure(_)) {
            return Ok(Past::default());
        }
        let is_beside_tcp = observation.endpoint.transport.is_beside_tcp(&self.transports);
        Ok(Past { is_beside_tcp, ..self.last_seen(store, kept, observation)? })
    }

    fn last_seen(&self, store: &Store, kept: &Kept<'_>, observation: &Observation) -> Result<Past, AppError> {
        let endpoint = &observation.endpoint;
        let id = match endpoint.address {
            Some(_) => endpoint.id(),
            None => match self.last_places.get(&endpoint.label()) {
                Some(id) => *id,
                None => return Ok(Past::default()),
            },
        };
        let Some(known) = store.endpoint(&id)? else { return Ok(Past::default()) };
        let Some(span) = last_chain(known).filter(|span| span.since <= observation.observed_at) else {
            return Ok(Past::default());
        };
        // Once is an accident: it counts when the profile's scan before saw nothing either.
        let fallen_silent = self.previous.is_none_or(|previous| span.last_scan < previous);
        let until = self.misdated.get(&span.last_scan).copied().unwrap_or(span.until);
        let observation = kept.observation(span.observation)?;
        let last_chain = Some(LastChain { observation, until });
        Ok(Past { fallen_silent, last_chain, ..Past::default() })
    }

    /// Adds the verdicts that came from looking at more than the endpoint.
    fn add_to(&self, judged: &mut Judged) {
        if !self.skews.is_empty()
            && let Some(skew) = self.skews.get(&judged.observation.endpoint.id())
        {
            judged.add(skew.clone());
        }
        if !self.overdue.is_empty()
            && let Some(end_entity) = judged.observation.outcome.presented().and_then(|c| c.end_entity())
            && let Some(run) = self.overdue.get(&end_entity.sha256)
        {
            let verdict = no_effect(run, end_entity.sha256);
            judged.add(verdict);
        }
    }
}

/// Judges every observation of a scan, in the order of its units.
pub(super) fn walk(
    store: &Store,
    kept: &Kept<'_>,
    stored: &StoredScan,
    judge: &Judge,
    surroundings: &Surroundings,
    now: UnixTime,
    mut visit: impl FnMut(Judged) -> Result<(), AppError>,
) -> Result<(), AppError> {
    let mut failed = None;
    store.observations_of(stored.sequence, |observation| {
        let step = || -> Result<(), AppError> {
            let observation = kept.observation(observation)?;
            let past = surroundings.past(store, kept, &observation)?;
            let mut judged = judge.judge(observation, kept, &past, now);
            surroundings.add_to(&mut judged);
            visit(judged)
        };
        flow(step(), &mut failed)
    })?;
    kept.check()?;
    failed.map_or(Ok(()), Err)
}

/// Goes on with a walk of the store, or ends it and keeps why.
pub(super) fn flow(step: Result<(), AppError>, failed: &mut Option<AppError>) -> Flow {
    match step {
        Ok(()) => Flow::Continue(()),
        Err(error) => {
            *failed = Some(error);
            Flow::Break(())
        }
    }
}

/// The verdict on an endpoint that still serves what a hook was to replace.
pub(super) fn no_effect(run: &HookRun, old: Fingerprint) -> Verdict {
    let hook = escape_for_terminal(&run.hook);
    let since = run.verification.as_ref().map_or_else(String::new, |v| format!(" at {}", v.since));
    Verdict {
        rule: Rule::HookNoEffect,
        severity: Severity::High,
        title: "A hook succeeded, and the old certificate is still served".to_owned(),
        detail: format!("Hook {hook} succeeded{since}; {} is served unchanged.", old.short()),
        evidence: Evidence::from([
            ("hook", run.hook.clone().into()),
            ("outcome", run.outcome.clone().into()),
        ]),
        subject: Subject::Certificate(old),
        offered_for: None,
        group: old.to_string(),
        remediation: "Does the hook renew this very certificate, install it where this server reads it, and \
                      reload the server? Its output is in the audit log."
            .to_owned(),
        references: Vec::new(),
    }
}

/// The span in which the endpoint last showed a chain.
fn last_chain(known: EndpointRecord) -> Option<EndpointSpan> {
    let has_chain = |span: &EndpointSpan| span.observation.outcome.presented().is_some();
    if has_chain(&known.current) { Some(known.current) } else { known.last_chain.filter(has_chain) }
}

/// The profile's complete scan before this one.
fn previous_scan(store: &Store, stored: &StoredScan) -> Result<Option<u64>, AppError> {
    if stored.scan.profile.is_none() {
        return Ok(None);
    }
    let is_before = |other: &StoredScan| {
        other.sequence < stored.sequence
            && other.scan.profile == stored.scan.profile
            && other.scan.state == ScanState::Complete
    };
    Ok(store.scans()?.into_iter().filter(is_before).map(|other| other.sequence).max())
}

/// The scans that say they were made in the future, or long before the one before them, each with the time of the
/// last one before it that does not. `now` is in order.
fn misdated(scans: &[StoredScan], now: UnixTime) -> HashMap<u64, UnixTime> {
    let mut wrong = HashMap::new();
    let mut latest: Option<UnixTime> = None;
    for stored in scans {
        let at = stored.scan.finished_at.unwrap_or(stored.scan.started_at);
        let is_back = latest.is_some_and(|latest| latest.seconds_since(at) > JUMP_SECONDS);
        if is_back || at.seconds_since(now) > JUMP_SECONDS {
            wrong.insert(stored.sequence, latest.unwrap_or(now));
        } else {
            latest = latest.max(Some(at));
        }
    }
    wrong
}

/// Of each label, the endpoint that showed a chain last. Reads the inventory only where there is something to find.
fn last_places(store: &Store, labels: &HashSet<String>) -> Result<HashMap<String, EndpointId>, AppError> {
    let mut places: HashMap<String, (UnixTime, EndpointId)> = HashMap::new();
    if labels.is_empty() {
        return Ok(HashMap::new());
    }
    store.inventory(|known| {
        let (id, label) = (known.id, known.current.observation.endpoint.label());
        if labels.contains(&label)
            && let Some(span) = last_chain(known)
            && places.get(&label).is_none_or(|(until, _)| *until < span.until)
        {
            places.insert(label, (span.until, id));
        }
        Flow::Continue(())
    })?;
    Ok(places.into_iter().map(|(label, (_, id))| (label, id)).collect())
}

/// What hooks should have replaced by now, of this profile.
fn overdue(
    store: &Store,
    stored: &StoredScan,
    now: UnixTime,
) -> Result<HashMap<Fingerprint, HookRun>, AppError> {
    let Some(profile) = &stored.scan.profile else { return Ok(HashMap::new()) };
    let due = |run: HookRun| {
        let verification = run.verification.as_ref()?;
        let is_ours = verification.profile == *profile && now >= verification.until;
        is_ours.then_some((verification.old, run))
    };
    Ok(store.hook_runs()?.into_iter().filter_map(due).collect())
}

impl Judged {
    /// Adds a verdict that came from looking at more than the observation.
    fn add(&mut self, verdict: Verdict) {
        let key = verdict_key(&self.observation.endpoint, &verdict);
        let place = self.assessment.verdicts.partition_point(|other| other.severity >= verdict.severity);
        self.assessment.verdicts.insert(place, verdict);
        self.keys.insert(place, key);
        // Other policies do not look at what takes more than one observation.
        if let Some(default) = self.assessment.policies.first_mut() {
            *default = certvigil_default(&self.observation, &self.assessment.verdicts);
        }
    }
}
