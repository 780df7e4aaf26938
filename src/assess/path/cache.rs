//! Path verdicts kept by chain and trust store, so that a chain seen again costs no signature.
//!
//! Bounded. A verdict is kept with the window of time in which no certificate of the chain begins or ends, and asked
//! for again outside of it: nothing here ever goes stale.

use std::fmt;
use std::sync::Arc;

use quick_cache::sync::Cache;

use super::StorePath;
use crate::assess::keys::KeyFaults;
use crate::assess::structure::Structure;
use crate::time::UnixTime;
use crate::x509::{Certificate, Fingerprint, SignatureCheck, signed_by};

/// Verdicts of the chains seen last; shared by all workers.
pub struct PathCache {
    structures: Cache<Fingerprint, Arc<Structure>>,
    paths: Cache<PathKey, Arc<StorePath>>,
    /// Whether the second certificate signed the first.
    signatures: Cache<(Fingerprint, Fingerprint), bool>,
    /// Whether a chain, completed with certificates from elsewhere, leads to one of some stores at any time.
    completions: Cache<(Fingerprint, Fingerprint), bool>,
    /// What is wrong with a key, by its SPKI hash.
    keys: Cache<Fingerprint, KeyFaults>,
}

/// Which chain, completed with which certificate from elsewhere, against which anchors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct PathKey {
    pub(crate) chain: Fingerprint,
    pub(crate) store: Fingerprint,
}

/// Times at which a verdict holds: from the first to before the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    from: UnixTime,
    until: UnixTime,
}

impl PathCache {
    /// Chains that a scan of a large network repeats; some 8 MiB when full.
    pub const DEFAULT_CHAINS: usize = 8_192;

    /// Keeps the verdicts of about `chains` chains for two trust stores.
    pub fn new(chains: usize) -> Self {
        Self {
            structures: Cache::new(chains),
            paths: Cache::new(chains.saturating_mul(2)),
            signatures: Cache::new(chains),
            completions: Cache::new(chains),
            keys: Cache::new(chains),
        }
    }

    pub(crate) fn structure(&self, chain: &Fingerprint) -> Option<Arc<Structure>> {
        self.structures.get(chain)
    }

    pub(crate) fn keep_structure(&self, chain: Fingerprint, structure: Arc<Structure>) {
        self.structures.insert(chain, structure);
    }

    /// The verdict, if one is known that holds at `now`.
    pub(crate) fn path(&self, key: &PathKey, now: UnixTime) -> Option<Arc<StorePath>> {
        self.paths.get(key).filter(|path| path.window.holds_at(now))
    }

    /// Whether `issuer` signed `child`, with a signature that can be checked.
    pub(crate) fn is_signed(&self, child: &Certificate, issuer: &Certificate) -> bool {
        let key = (child.sha256, issuer.sha256);
        self.signatures.get(&key).unwrap_or_else(|| {
            let answer = signed_by(child, issuer) == SignatureCheck::Verified;
            self.signatures.insert(key, answer);
            answer
        })
    }

    /// The answer of `ask` for this chain and what it is completed with, asked once.
    pub(crate) fn completes(
        &self,
        chain: Fingerprint,
        completed_with: Fingerprint,
        ask: impl FnOnce() -> bool,
    ) -> bool {
        let key = (chain, completed_with);
        self.completions.get(&key).unwrap_or_else(|| {
            let answer = ask();
            self.completions.insert(key, answer);
            answer
        })
    }

    /// What is wrong with the key of this certificate; worked out once for each key.
    pub(crate) fn key_faults(&self, certificate: &Certificate) -> KeyFaults {
        let (Some(key), Some(spki)) = (&certificate.key, certificate.spki_sha256) else {
            return KeyFaults::default();
        };
        self.keys.get(&spki).unwrap_or_else(|| {
            let faults = KeyFaults::of(key);
            self.keys.insert(spki, faults);
            faults
        })
    }

    pub(crate) fn keep_path(&self, key: PathKey, path: Arc<StorePath>) {
        self.paths.insert(key, path);
    }
}

impl Default for PathCache {
    fn default() -> Self {
        Self::new(Self::DEFAULT_CHAINS)
    }
}

impl fmt::Debug for PathCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PathCache")
            .field("structures", &self.structures.len())
            .field("paths", &self.paths.len())
            .finish()
    }
}

impl Window {
    /// The window around `now` in which none of `certificates` begins or ends.
    pub(crate) fn around<'a>(now: UnixTime, certificates: impl Iterator<Item = &'a Certificate>) -> Self {
        let mut window = Self { from: UnixTime(i64::MIN), until: UnixTime(i64::MAX) };
        for certificate in certificates {
            let begins = certificate.not_before;
            let is_over = certificate.not_after.map(|end| end.plus_seconds(1));
            for edge in [begins, is_over].into_iter().flatten() {
                if edge <= now {
                    window.from = window.from.max(edge);
                } else {
                    window.until = window.until.min(edge);
                }
            }
        }
        window
    }

    fn holds_at(self, now: UnixTime) -> bool {
        self.from <= now && now < self.until
    }
}
