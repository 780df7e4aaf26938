//! News worth telling somebody: a finding's transition, or something about the watch itself.
//!
//! An alert is a snapshot: everything a mail or a hook says stands in it, so that it reads the same however much
//! later it is delivered, and again after a crash.

use std::fmt;
use std::net::IpAddr;

use super::{FindingKey, Rule, ScanId, Severity};
use crate::text::Untrusted;
use crate::time::UnixTime;
use crate::x509::Fingerprint;

/// Unique for each transition: 32 hexadecimal digits. The same news delivered twice has the same key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AlertKey(pub String);

impl AlertKey {
    /// The key of what is told by `parts`, in their order.
    pub fn of(parts: &[&str]) -> Self {
        let mut bytes = Vec::new();
        for part in parts {
            bytes.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        let mut digits = Fingerprint::of(&bytes).to_string();
        digits.truncate(32);
        Self(digits)
    }
}

impl fmt::Display for AlertKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One piece of news.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    pub key: AlertKey,
    pub at: UnixTime,
    /// `None`: about the whole watch.
    pub profile: Option<String>,
    /// The scan that brought it.
    pub scan: Option<ScanId>,
    /// The host that scanned.
    pub vantage: String,
    pub news: News,
}

impl Alert {
    /// The transition that it tells; `None` where it is about the watch.
    pub fn finding(&self) -> Option<&FindingNews> {
        match &self.news {
            News::Finding(news) => Some(news),
            News::Watch(_) => None,
        }
    }
}

/// What is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    Finding(Box<FindingNews>),
    Watch(WatchNews),
}

/// Why somebody is told of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Occasion {
    Opened,
    Worse,
    Resolved,
    /// Its endpoints are no longer among the profile's targets, or DNS no longer returns them.
    Retired,
    /// Still there, and told before.
    Reminder,
    /// Still there, and nobody silences it any more.
    SilenceEnded,
    /// There when the profile was judged for the first time, or anew by other rules.
    Baseline,
}

impl Occasion {
    /// Every occasion.
    pub const ALL: [Self; 7] = [
        Self::Opened,
        Self::Worse,
        Self::Resolved,
        Self::Retired,
        Self::Reminder,
        Self::SilenceEnded,
        Self::Baseline,
    ];

    /// The name in a hook's event.
    pub fn name(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Worse => "worse",
            Self::Resolved => "resolved",
            Self::Retired => "retired",
            Self::Reminder => "reminder",
            Self::SilenceEnded => "silence_ended",
            Self::Baseline => "baseline",
        }
    }

    /// The finding is gone.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Resolved | Self::Retired)
    }
}

/// A finding's transition, with all that its reader needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingNews {
    pub occasion: Occasion,
    pub finding: FindingKey,
    pub rule: Rule,
    pub severity: Severity,
    pub title: String,
    pub detail: String,
    /// What to do; may be empty.
    pub remediation: String,
    pub first_seen: UnixTime,
    /// When its state was last seen with one's own eyes; long ago for an endpoint that is silent.
    pub last_seen: UnixTime,
    pub owner: Option<String>,
    pub tags: Vec<String>,
    /// The first [`FindingNews::ENDPOINTS`] of the endpoints that show it, in the order of their labels.
    pub endpoints: Vec<AlertEndpoint>,
    /// How many there are in all.
    pub endpoint_count: u64,
    /// The certificate it is about; `None` where it is about the endpoint.
    pub certificate: Option<CertificateBrief>,
    /// How often it came back within days of being resolved; from [`FindingNews::FLAPPING`] on it is not told again
    /// each time.
    pub returns: u32,
}

impl FindingNews {
    /// Endpoints listed one by one.
    pub const ENDPOINTS: usize = 64;
    /// From so many returns on, a finding is flapping.
    pub const FLAPPING: u32 = 2;
}

/// An endpoint as a person knows it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AlertEndpoint {
    /// `pay.example.com:443`, or the address and port where there is no name.
    pub label: String,
    pub address: Option<IpAddr>,
}

/// What a reader wants to know of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateBrief {
    pub sha256: Fingerprint,
    /// DNS names and addresses of the subjectAltName, at most [`CertificateBrief::NAMES`]; the subject where there
    /// is none.
    pub names: Vec<Untrusted>,
    pub issuer: Untrusted,
    pub not_before: Option<UnixTime>,
    pub not_after: Option<UnixTime>,
}

impl CertificateBrief {
    /// Names kept.
    pub const NAMES: usize = 64;
}

/// News about the watch itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WatchNews {
    /// A profile was judged for the first time, or by other rules, policies or trust stores than before: what is
    /// there now is told once.
    Baseline { is_first: bool, endpoints: u64, with_chain: u64, open: SeverityCounts },
    /// So much of what answered at the last scan is silent that the scanner itself may be cut off.
    CutOff { lost: u64, answered_before: u64, reasons: Vec<(String, u64)> },
    /// The profile should have been scanned in the meantime.
    ScanMissed { last_finished: UnixTime, every_seconds: i64 },
    /// The clock is not where it should be since the last run: nothing that depends on it was told.
    ClockJumped { trusted: UnixTime, now: UnixTime },
    /// Nothing may have happened, and somebody is looking.
    StillWatching { profiles: Vec<ProfileSummary> },
    /// A hook failed; it is tried again at `next_try`.
    HookFailed {
        hook: String,
        outcome: String,
        output: Untrusted,
        tries: u32,
        next_try: UnixTime,
        names: Vec<Untrusted>,
    },
    /// Mail to `to` is refused for good.
    Undeliverable { to: String, error: Untrusted, waiting: u64 },
    /// `certvigil notify test`.
    Test { by: String },
}

/// Open findings of each severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SeverityCounts([u64; 5]);

impl SeverityCounts {
    /// Adds one.
    pub fn add(&mut self, severity: Severity) {
        if let Some(count) = self.0.get_mut(severity as usize) {
            *count += 1;
        }
    }

    /// How many there are of `severity`.
    pub fn of(&self, severity: Severity) -> u64 {
        self.0.get(severity as usize).copied().unwrap_or(0)
    }

    /// How many there are in all.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Takes counts, the least severity first.
    pub fn from_array(counts: [u64; 5]) -> Self {
        Self(counts)
    }

    /// Counts, the least severity first.
    pub fn to_array(self) -> [u64; 5] {
        self.0
    }
}

/// One profile in the weekly mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileSummary {
    pub name: String,
    pub last_finished: UnixTime,
    pub endpoints: u64,
    pub with_chain: u64,
    /// Findings that are open or acknowledged.
    pub open: SeverityCounts,
    pub silenced: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_tell_parts_apart() {
        assert_ne!(AlertKey::of(&["ab", "c"]), AlertKey::of(&["a", "bc"]));
        assert_eq!(AlertKey::of(&["ab", "c"]).0.len(), 32);
    }

    #[test]
    fn counts_are_by_severity() {
        let mut counts = SeverityCounts::default();
        counts.add(Severity::High);
        counts.add(Severity::High);
        assert_eq!((counts.of(Severity::High), counts.of(Severity::Info), counts.total()), (2, 0, 2));
    }
}
