//! Reading the record back as chains and certificates, with bounded caches; what judgement may ask of other endpoints.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::assess::Inventory;
use crate::model::Observation;
use crate::store::{Store, StoreError, StoredObservation};
use crate::time::UnixTime;
use crate::x509::{self, Certificate, Chain, Fingerprint, RawChain};

/// Memory for read chains and certificates together.
const CACHE_BYTES: u64 = 12 << 20;
/// A read certificate takes about so many times its DER.
const READ_FACTOR: u64 = 4;
/// Answers kept about issuers and keys.
const ANSWERS: usize = 8_192;
/// Issuers tried for one name: more are an attack or a mistake.
const MAX_ISSUERS: usize = 16;
/// Certificates named beside one whose key shares a prime with theirs.
const MAX_SHARING: usize = 100;

/// The record, read for one report.
pub(super) struct Kept<'a> {
    store: &'a Store,
    now: UnixTime,
    certificates: Cache<Fingerprint, Arc<Certificate>, BySize>,
    chains: Cache<Box<[Fingerprint]>, Chain, BySize>,
    issuers: Cache<Box<[u8]>, Vec<Arc<Certificate>>>,
    keys: Cache<Fingerprint, Arc<[Fingerprint]>>,
    /// Whether any keys have a prime in common: nearly always there are none.
    has_shared_factors: OnceLock<bool>,
    factors: Cache<Fingerprint, Arc<[Fingerprint]>>,
    /// The first failure of a question whose answer has no place for one.
    failed: Mutex<Option<StoreError>>,
}

#[derive(Debug, Clone)]
struct BySize;

impl Weighter<Fingerprint, Arc<Certificate>> for BySize {
    fn weight(&self, _: &Fingerprint, certificate: &Arc<Certificate>) -> u64 {
        certificate.der.len() as u64 * READ_FACTOR
    }
}

impl Weighter<Box<[Fingerprint]>, Chain> for BySize {
    fn weight(&self, _: &Box<[Fingerprint]>, chain: &Chain) -> u64 {
        chain
            .certificates
            .iter()
            .map(|certificate| certificate.der.len() as u64 * READ_FACTOR)
            .sum::<u64>()
            .max(1)
    }
}

impl<'a> Kept<'a> {
    /// Reads `store` as at `now`.
    pub(super) fn new(store: &'a Store, now: UnixTime) -> Self {
        Self {
            store,
            now,
            certificates: Cache::with_weighter(4_096, CACHE_BYTES / 2, BySize),
            chains: Cache::with_weighter(2_048, CACHE_BYTES / 2, BySize),
            issuers: Cache::new(ANSWERS),
            keys: Cache::new(ANSWERS),
            has_shared_factors: OnceLock::new(),
            factors: Cache::new(ANSWERS),
            failed: Mutex::new(None),
        }
    }

    /// The certificate, read.
    pub(super) fn certificate(&self, sha256: &Fingerprint) -> Result<Arc<Certificate>, StoreError> {
        if let Some(known) = self.certificates.get(sha256) {
            return Ok(known);
        }
        let stored = self.store.certificate(sha256)?.ok_or(StoreError::UnknownCertificate(*sha256))?;
        let certificate = Arc::new(x509::read(&stored.der));
        self.certificates.insert(*sha256, Arc::clone(&certificate));
        Ok(certificate)
    }

    /// The observation with its chains read.
    pub(super) fn observation(&self, stored: StoredObservation) -> Result<Observation, StoreError> {
        let Observation { endpoint, target, observed_at, outcome } = stored;
        let mut failed = None;
        let outcome = outcome.map_chains(|fingerprints| {
            self.chain(&fingerprints).unwrap_or_else(|error| {
                failed.get_or_insert(error);
                Chain { digest: Fingerprint::of(&[]), certificates: Arc::new([]) }
            })
        });
        match failed {
            Some(error) => Err(error),
            None => Ok(Observation { endpoint, target, observed_at, outcome }),
        }
    }

    fn chain(&self, fingerprints: &[Fingerprint]) -> Result<Chain, StoreError> {
        if let Some(known) = self.chains.get(fingerprints) {
            return Ok(known);
        }
        let certificates =
            fingerprints.iter().map(|sha256| self.certificate(sha256)).collect::<Result<Arc<[_]>, _>>()?;
        let digest = RawChain::from_ders(certificates.iter().map(|certificate| &*certificate.der)).digest();
        let chain = Chain { digest, certificates };
        self.chains.insert(fingerprints.into(), chain.clone());
        Ok(chain)
    }

    /// Fails if a question of judgement could not be answered.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).take().map_or(Ok(()), Err)
    }

    fn or_none<T>(&self, answer: Result<Vec<T>, StoreError>) -> Vec<T> {
        answer.unwrap_or_else(|error| {
            self.failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            Vec::new()
        })
    }

    /// Served when last looked at, not expired, not an authority's.
    fn is_in_use(&self, sha256: &Fingerprint) -> Result<bool, StoreError> {
        let Some(stored) = self.store.certificate(sha256)? else { return Ok(false) };
        let expired = stored.not_after.is_some_and(|end| end < self.now);
        Ok(stored.endpoints > 0 && !expired && !self.certificate(sha256)?.is_ca())
    }

    fn in_use(&self, all: Vec<Fingerprint>) -> Result<Vec<Fingerprint>, StoreError> {
        let mut used = Vec::new();
        for sha256 in all {
            if self.is_in_use(&sha256)? {
                used.push(sha256);
            }
        }
        Ok(used)
    }
}

impl Inventory for Kept<'_> {
    fn issuers(&self, subject_der: &[u8]) -> Vec<Arc<Certificate>> {
        if let Some(known) = self.issuers.get(subject_der) {
            return known;
        }
        let stored = self.or_none(self.store.issuers(subject_der));
        let read = |one: &crate::store::StoredCertificate| Arc::new(x509::read(&one.der));
        let issuers: Vec<Arc<Certificate>> = stored.iter().take(MAX_ISSUERS).map(read).collect();
        self.issuers.insert(subject_der.into(), issuers.clone());
        issuers
    }

    fn certificates_with_key(&self, spki: &Fingerprint) -> Vec<Fingerprint> {
        if let Some(known) = self.keys.get(spki) {
            return known.to_vec();
        }
        let mut sharing = self.or_none(self.store.certificates_with_key(spki));
        if sharing.len() > 1 {
            sharing = self.or_none(self.in_use(sharing));
        }
        self.keys.insert(*spki, sharing.clone().into());
        sharing
    }

    fn sharing_a_factor(&self, spki: &Fingerprint) -> Vec<Fingerprint> {
        let has_any = || self.or_none(self.store.has_shared_factors().map(|has| vec![has])).contains(&true);
        if !*self.has_shared_factors.get_or_init(has_any) {
            return Vec::new();
        }
        if let Some(known) = self.factors.get(spki) {
            return known.to_vec();
        }
        let sharing = self.or_none(self.store.certificates_sharing_a_factor(spki, MAX_SHARING));
        self.factors.insert(*spki, sharing.clone().into());
        sharing
    }

    fn endpoints_with_key(&self, spki: &Fingerprint) -> Option<u64> {
        let endpoints = |sha256: &Fingerprint| Some(self.store.certificate(sha256).ok()??.endpoints);
        self.certificates_with_key(spki).iter().map(endpoints).sum()
    }
}
