//! How far a scan is, for whoever draws it, and the wish to stop it. Nothing here waits for the scan.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;

/// Counters of a running scan.
#[derive(Debug)]
pub struct ScanProgress {
    units: AtomicU64,
    live: AtomicU64,
    failed: AtomicU64,
    stopping: watch::Sender<bool>,
}

/// The counters at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProgressSnapshot {
    /// Probes done, of those the plan named.
    pub units: u64,
    /// Endpoints that gave a chain.
    pub live: u64,
    /// Endpoints that did not.
    pub failed: u64,
}

impl Default for ScanProgress {
    fn default() -> Self {
        Self { units: 0.into(), live: 0.into(), failed: 0.into(), stopping: watch::Sender::new(false) }
    }
}

impl ScanProgress {
    /// Reads the counters.
    pub fn snapshot(&self) -> ProgressSnapshot {
        ProgressSnapshot {
            units: self.units.load(Ordering::Relaxed),
            live: self.live.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
        }
    }

    /// Asks the scan to stop at once: what is in flight is dropped, what was recorded stays.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Whether a stop was asked for.
    pub fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    pub(super) fn stop_signal(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }

    pub(super) fn count(&self, units: u64, live: u64, failed: u64) {
        self.units.fetch_add(units, Ordering::Relaxed);
        self.live.fetch_add(live, Ordering::Relaxed);
        self.failed.fetch_add(failed, Ordering::Relaxed);
    }
}
