//! Assess a whole scan: every observation in the record judged, and what only several endpoints together show.

use std::collections::HashMap;

use super::AppError;
use super::judge::{Judge, Judged};
use super::kept::Kept;
use crate::assess::fleet::CertificateSkew;
use crate::assess::policies;
use crate::lifecycle::verdict_key;
use crate::model::{EndpointId, Observation, Outcome, Verdict};
use crate::store::{Flow, Store, StoredScan};
use crate::time::UnixTime;

/// Verdicts over several endpoints of one scan, by the endpoint that carries them.
pub(super) type Skews = HashMap<EndpointId, Verdict>;

/// Finds the names whose addresses serve different certificates.
pub(super) fn skews(store: &Store, kept: &Kept<'_>, stored: &StoredScan) -> Result<Skews, AppError> {
    let mut collector = CertificateSkew::new(CertificateSkew::DEFAULT_NAMES);
    let mut failed = None;
    store.observations_of(stored.sequence, |observation| {
        // Only names can be skewed; a sweep of addresses is not read twice.
        if observation.endpoint.server_name.is_none() {
            return Flow::Continue(());
        }
        let read = kept.observation(observation).map(|observation| collector.observe(&observation));
        flow(read.map_err(AppError::from), &mut failed)
    })?;
    failed.map_or(Ok(()), Err)?;
    Ok(collector.finish().into_iter().map(|(endpoint, verdict)| (endpoint.id(), verdict)).collect())
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

/// A chain was captured here before, and none this time.
pub(super) fn fell_silent(store: &Store, observation: &Observation) -> Result<bool, AppError> {
    if !matches!(observation.outcome, Outcome::Failure(_)) {
        return Ok(false);
    }
    let Some(known) = store.endpoint(&observation.endpoint.id())? else { return Ok(false) };
    let spans = [Some(&known.current), known.last_chain.as_ref()];
    Ok(spans
        .into_iter()
        .flatten()
        .any(|span| span.observation.outcome.presented().is_some() && span.since <= observation.observed_at))
}

impl Judged {
    /// Adds a verdict that came from looking at several endpoints.
    fn add(&mut self, verdict: Verdict) {
        let key = verdict_key(&self.observation.endpoint, &verdict);
        let place = self.assessment.verdicts.partition_point(|other| other.severity >= verdict.severity);
        self.assessment.verdicts.insert(place, verdict);
        self.keys.insert(place, key);
        self.assessment.policies = policies(&self.observation, &self.assessment.verdicts);
    }
}
