//! Opens the store for a scan and begins the scan in it, or goes on with one that was interrupted.

use std::time::Duration;

use tokio::time::Instant;

use super::AppError;
use super::assess::flow;
use super::parts::Parts;
use super::progress::ScanProgress;
use super::recorder::Listener;
use super::request::ScanRequest;
use crate::discover::Plan;
use crate::model::{Counts, Scan, ScanId, ScanParameters, ScanState};
use crate::store::{Progress, ScanWriter, Store, StoreError};
use crate::time::UnixTime;
use crate::trust;

/// How long a profile's scan waits for another process that writes the store, such as a flush with a hook.
pub(super) const WAIT_FOR_STORE: Duration = Duration::from_secs(600);
const LOOK_AT_STORE_EVERY: Duration = Duration::from_millis(500);

/// A scan in the record, new or gone on with.
pub(super) struct Begun {
    pub(super) writer: ScanWriter,
    pub(super) sequence: u64,
    pub(super) progress: Progress,
}

impl Begun {
    fn new(writer: ScanWriter, progress: Progress) -> Self {
        Self { sequence: writer.scan().sequence, writer, progress }
    }
}

/// Opens the store. The scan of a profile is patient with whoever writes it: a timer's next one may be a day away.
pub(super) async fn open_store(
    parts: &Parts,
    is_patient: bool,
    progress: &ScanProgress,
) -> Result<Store, AppError> {
    let until = Instant::now() + WAIT_FOR_STORE;
    let mut stop = progress.stop_signal();
    loop {
        let opened = parts.open_store();
        let is_taken = matches!(opened, Err(AppError::Store(StoreError::InUse { .. })));
        if !is_taken || !is_patient || Instant::now() >= until {
            return opened;
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_AT_STORE_EVERY) => {}
            _ = stop.wait_for(|stopping| *stopping) => return opened,
        }
    }
}

/// Begins a scan, or goes on with the interrupted one of the same input.
///
/// # Errors
/// Nothing can be gone on with, another scan is being written, or nothing can be written.
pub(super) fn begin(
    store: &Store,
    request: &ScanRequest,
    parts: &Parts,
    plan: &Plan,
) -> Result<Begun, AppError> {
    if request.resume { resume(store, request, parts, plan) } else { begin_anew(store, request, parts, plan) }
}

fn resume(store: &Store, request: &ScanRequest, parts: &Parts, plan: &Plan) -> Result<Begun, AppError> {
    let Some(resumable) = store.resumable(plan.digest(), request.profile_name())? else {
        return Err(AppError::Usage(
            "no interrupted scan of these targets is in the record; leave out --resume".to_owned(),
        ));
    };
    let depth = resumable.scan.scan.parameters.depth;
    if depth != request.depth() {
        return Err(AppError::Usage(format!(
            "the interrupted scan was of depth {0}; say --depth {0}, or leave out --resume",
            depth.name()
        )));
    }
    let writer = store.resume(&resumable, &parts.actor, parts.clock.now())?;
    Ok(Begun::new(writer, resumable.progress))
}

fn begin_anew(store: &Store, request: &ScanRequest, parts: &Parts, plan: &Plan) -> Result<Begun, AppError> {
    let now = parts.clock.now();
    let (mut seed, mut suffix) = ([0; 8], [0; 4]);
    for random in [seed.as_mut_slice(), suffix.as_mut_slice()] {
        aws_lc_rs::rand::fill(random)
            .map_err(|_| AppError::Internal("the machine gives no random bytes".to_owned()))?;
    }
    let scan = Scan {
        id: scan_id(now, suffix),
        profile: request.profile_name().map(str::to_owned),
        started_at: now,
        finished_at: None,
        state: ScanState::Running,
        vantage: parts.vantage.clone(),
        actor: parts.actor.clone(),
        parameters: ScanParameters {
            targets: plan.targets().to_vec(),
            ports: plan.ports().to_string(),
            depth: request.depth(),
            starttls: request.starttls(),
            transports: plan.transports().to_vec(),
            rate: request.pace().rate,
            resolver: request.resolver().map(|server| server.to_string()),
            profile_sha256: request
                .profile
                .as_ref()
                .and_then(|profile| profile.sha256)
                .map(|sha256| sha256.to_string()),
            profile_source: request.profile.as_ref().map(|profile| profile.source.clone()),
            trust: request.trust().iter().map(|store| rooted(store)).collect(),
        },
        exclusions: plan.exclusions().to_vec(),
        counts: Counts::default(),
    };
    let writer = store.begin_scan(&scan, u64::from_be_bytes(seed), plan.digest())?;
    Ok(Begun::new(writer, Progress::default()))
}

/// The trust store's name, or its path from the root, so that a later report finds it from anywhere.
fn rooted(store: &str) -> String {
    match store {
        trust::MOZILLA | trust::SYSTEM => store.to_owned(),
        path => std::path::absolute(path)
            .map_or_else(|_| path.to_owned(), |path| path.to_string_lossy().into_owned()),
    }
}

/// Tells the listener what is in the record of the scan so far.
pub(super) fn replay(store: &Store, sequence: u64, listener: &mut Listener<'_>) -> Result<(), AppError> {
    let mut failed = None;
    store.observations_of(sequence, |observation| flow(listener(observation), &mut failed))?;
    failed.map_or(Ok(()), Err)
}

/// `20261124T090000Z-3f9a2c1d`
pub(super) fn scan_id(now: UnixTime, random: [u8; 4]) -> ScanId {
    let time: String = now.to_string().chars().filter(|c| !matches!(c, '-' | ':')).collect();
    ScanId(format!("{time}-{:08x}", u32::from_be_bytes(random)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_profile_s_scan_waits_for_whoever_writes_the_store() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.redb");
        let choice = crate::app::parts::StoreChoice::At(path);
        let parts = Parts::new(crate::config::Settings::default(), choice).unwrap();
        let progress = ScanProgress::default();
        let writer = parts.open_store().unwrap();
        let is_taken = |opened: Result<Store, AppError>| {
            matches!(opened, Err(AppError::Store(StoreError::InUse { .. })))
        };
        let began = Instant::now();
        assert!(is_taken(open_store(&parts, false, &progress).await));
        assert_eq!(began.elapsed(), Duration::ZERO);
        assert!(is_taken(open_store(&parts, true, &progress).await));
        assert_eq!(began.elapsed(), WAIT_FOR_STORE);
        let leave = async {
            tokio::time::sleep(Duration::from_secs(90)).await;
            drop(writer);
        };
        let (opened, ()) = tokio::join!(open_store(&parts, true, &progress), leave);
        assert!(opened.is_ok(), "{opened:?}");
    }

    #[test]
    fn scan_ids_sort_by_time() {
        let id = scan_id(UnixTime(1_795_510_800), [0x3f, 0x9a, 0x2c, 0x1d]);
        assert_eq!(id.0, "20261124T090000Z-3f9a2c1d");
    }
}
