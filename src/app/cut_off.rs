//! Whether the scanner itself may be cut off: so much of what answered at the last scan is silent that no server is
//! to blame.

use std::collections::{BTreeMap, HashSet};

use super::AppError;
use crate::lifecycle::{CUT_OFF_FEWEST, is_cut_off};
use crate::model::{Endpoint, Outcome, WatchNews};
use crate::store::{Flow, Store, StoredScan};
use crate::x509::Fingerprint;

/// Compares a finished scan with the profile's complete scan `previous`. Memory: eight bytes for each endpoint that
/// failed and is in the record.
pub(super) fn cut_off(
    store: &Store,
    stored: &StoredScan,
    previous: Option<u64>,
) -> Result<Option<WatchNews>, AppError> {
    let Some(previous) = previous.filter(|_| stored.scan.counts.failure >= CUT_OFF_FEWEST) else {
        return Ok(None);
    };
    let mut silent = HashSet::new();
    let mut reasons: BTreeMap<String, u64> = BTreeMap::new();
    store.observations_of(stored.sequence, |observation| {
        if let Outcome::Failure(failure) = &observation.outcome {
            silent.insert(place(&observation.endpoint));
            *reasons.entry(failure.code()).or_default() += 1;
        }
        Flow::Continue(())
    })?;
    if (silent.len() as u64) < CUT_OFF_FEWEST {
        return Ok(None);
    }
    let (mut lost, mut answered_before) = (0, 0);
    store.observations_of(previous, |observation| {
        if observation.outcome.presented().is_some() {
            answered_before += 1;
            let endpoint = &observation.endpoint;
            // A name that no longer resolves is one endpoint without an address.
            let is_lost = silent.contains(&place(endpoint)) || silent.contains(&name_alone(endpoint));
            lost += u64::from(is_lost);
        }
        Flow::Continue(())
    })?;
    let mut reasons: Vec<(String, u64)> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    Ok(is_cut_off(lost, answered_before).then_some(WatchNews::CutOff { lost, answered_before, reasons }))
}

fn place(endpoint: &Endpoint) -> u64 {
    match endpoint.address {
        Some(_) => short(&endpoint.id().0),
        None => name_alone(endpoint),
    }
}

fn name_alone(endpoint: &Endpoint) -> u64 {
    short(&Fingerprint::of(endpoint.label().as_bytes()).0)
}

fn short(hash: &[u8]) -> u64 {
    hash.first_chunk().copied().map_or(0, u64::from_be_bytes)
}
