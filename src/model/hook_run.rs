//! What a hook did for one certificate, and whether it helped.

use super::FindingKey;
use crate::time::UnixTime;
use crate::x509::Fingerprint;

/// A hook's history with one certificate (or one finding, where no certificate is meant). Kept while anything is
/// to be done about it, and for a week after its last run, because issuers count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookRun {
    /// The hook's name in the settings.
    pub hook: String,
    /// SHA-256 of the certificate, or the finding's key.
    pub subject: String,
    /// When it was started, the last week's runs, in order.
    pub tries: Vec<UnixTime>,
    /// The earliest time of the next try; meaningful after a failure.
    pub next_at: UnixTime,
    /// How the last run ended, in one line.
    pub outcome: String,
    /// Failures since the last success.
    pub failures: u32,
    /// There after a success, until the new certificate was seen.
    pub verification: Option<Verification>,
}

impl HookRun {
    /// A hook that never ran for this subject.
    pub fn new(hook: impl Into<String>, subject: impl Into<String>, now: UnixTime) -> Self {
        Self {
            hook: hook.into(),
            subject: subject.into(),
            tries: Vec::new(),
            next_at: now,
            outcome: String::new(),
            failures: 0,
            verification: None,
        }
    }
}

/// Somebody should see a new certificate where the old one was served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    pub profile: String,
    /// The certificate that should go.
    pub old: Fingerprint,
    /// Findings whose members served it.
    pub findings: Vec<FindingKey>,
    /// When the hook succeeded.
    pub since: UnixTime,
    /// From here on the old certificate means that the hook had no effect.
    pub until: UnixTime,
}
