//! What the watch remembers about itself from one run to the next.

use crate::time::UnixTime;
use crate::x509::Fingerprint;

/// Of one profile.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProfileWatch {
    /// What the last complete scan was judged by: rules, policy, trust stores, severities, thresholds.
    pub judged_by: Option<Fingerprint>,
    /// Sequence number of the last complete scan that led the findings on and was not cut off.
    pub last_complete: Option<u64>,
    /// When a scan last led the findings on.
    pub last_finished: Option<UnixTime>,
    /// Since when the scanner seems to be cut off; `None` while it does not.
    pub cut_off_since: Option<UnixTime>,
    /// When that was told last.
    pub cut_off_told: Option<UnixTime>,
}

/// Of the whole store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Watch {
    /// The latest time at which the clock was found in order.
    pub trusted_clock: Option<UnixTime>,
    /// A time of the clock that is not trusted yet.
    pub doubtful_clock: Option<UnixTime>,
    /// When the weekly mail was queued last.
    pub still_watching: Option<UnixTime>,
}
