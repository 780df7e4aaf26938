//! Writing a scan: begin or resume, commit batches, finish.
//!
//! A batch is one transaction: new certificates, observations, progress. All of it is on the disk when
//! [`ScanWriter::commit`] returns, or none of it ever will be.

use std::collections::HashMap;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use redb::{ReadableTable, WriteTransaction};

use super::numbers::NumberCache;
use super::position::{Position, UnitPosition};
use super::record::audit::AuditEvent;
use super::record::certificate::{self, CertificateRecord};
use super::record::progress::{self, Progress};
use super::record::scan::{self, StoredScan};
use super::record::{Encoder, Table, put_varint};
use super::row::{Row, classify};
use super::schema::{
    BY_CA_SUBJECT, CERTIFICATE_FINGERPRINTS, CERTIFICATE_NUMBERS, CERTIFICATES, OBSERVATIONS, PROGRESS,
    SCAN_IDS, SCANS,
};
use super::{Store, StoreError, StoredObservation, audit, index_key, merge};
use crate::model::{Counts, Observation, Scan, ScanState};
use crate::time::UnixTime;
use crate::x509::{Certificate, Fingerprint};

/// What is committed together: about 10,000 observations, or a second's worth.
#[derive(Debug, Default)]
pub struct Batch {
    /// In any order. All endpoints of a unit belong into the batch whose progress calls the unit done, or earlier.
    pub observations: Vec<(UnitPosition, u16, StoredObservation)>,
    /// Every certificate that the observations name and that was not handed over before. Known ones are skipped.
    pub certificates: Vec<Arc<Certificate>>,
    /// How far the scan has come with this batch.
    pub progress: Option<Progress>,
}

/// A scan that was killed or interrupted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resumable {
    pub scan: StoredScan,
    pub progress: Progress,
}

/// The one writer of a running scan. Dropped without [`ScanWriter::finish`], the scan can be resumed.
#[derive(Debug)]
pub struct ScanWriter {
    store: Store,
    scan: StoredScan,
    targets: HashMap<String, u64>,
    numbers: NumberCache,
    encoder: Encoder,
}

impl Store {
    /// Starts a scan. An earlier one of the same input and profile can no longer be resumed.
    ///
    /// # Errors
    /// If another scan is being written, the id is taken, or nothing can be written.
    pub fn begin_scan(
        &self,
        scan: &Scan,
        seed: u64,
        input_digest: Fingerprint,
    ) -> Result<ScanWriter, StoreError> {
        self.placed(|| {
            let claim = WriterClaim::take(self)?;
            self.supersede(input_digest, scan.profile.as_deref(), scan.started_at)?;
            let transaction = self.write()?;
            let stored = insert_scan(&transaction, scan, seed, input_digest)?;
            transaction.commit()?;
            claim.keep();
            Ok(ScanWriter::new(self.clone(), stored))
        })
    }

    /// The newest scan of this input and profile that was killed or interrupted.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn resumable(
        &self,
        input_digest: Fingerprint,
        profile: Option<&str>,
    ) -> Result<Option<Resumable>, StoreError> {
        self.placed(|| Ok(self.all_resumable(input_digest, profile)?.pop()))
    }

    /// Goes on with a scan. Observations of units that were not done are dropped: the caller visits those again.
    ///
    /// # Errors
    /// If another scan is being written, or nothing can be written.
    pub fn resume(
        &self,
        resumable: &Resumable,
        actor: &str,
        now: UnixTime,
    ) -> Result<ScanWriter, StoreError> {
        self.placed(|| {
            let claim = WriterClaim::take(self)?;
            let mut stored = resumable.scan.clone();
            stored.scan.state = ScanState::Running;
            stored.scan.finished_at = None;
            let transaction = self.write()?;
            drop_undone(&transaction, stored.sequence, &resumable.progress)?;
            put_scan(&transaction, &stored)?;
            let detail =
                format!("from unit {}.{}", resumable.progress.next.block, resumable.progress.next.index);
            audit::append(&transaction, &scan_event(&stored.scan, actor, now, "scan.resumed", detail))?;
            transaction.commit()?;
            claim.keep();
            Ok(ScanWriter::new(self.clone(), stored))
        })
    }

    fn all_resumable(
        &self,
        input_digest: Fingerprint,
        profile: Option<&str>,
    ) -> Result<Vec<Resumable>, StoreError> {
        let transaction = self.read()?;
        let scans = transaction.open_table(SCANS)?;
        let mut found = Vec::new();
        for row in transaction.open_table(PROGRESS)?.iter()? {
            let (key, record) = row?;
            let progress = progress::decode(key.value(), record.value())?;
            let record = scans.get(key.value())?.ok_or_else(|| Table::Scan.corrupt(key.value()))?;
            let scan = scan::decode(key.value(), record.value())?;
            if scan.input_digest == input_digest && scan.scan.profile.as_deref() == profile {
                found.push(Resumable { scan, progress });
            }
        }
        Ok(found)
    }

    /// Closes what a new scan of the same input replaces: what it saw is kept and merged.
    fn supersede(
        &self,
        input_digest: Fingerprint,
        profile: Option<&str>,
        now: UnixTime,
    ) -> Result<(), StoreError> {
        for old in self.all_resumable(input_digest, profile)? {
            let mut stored = old.scan;
            let transaction = self.write()?;
            if stored.scan.state == ScanState::Running {
                drop_undone(&transaction, stored.sequence, &old.progress)?;
                stored.scan.state = ScanState::Incomplete;
                stored.scan.finished_at = Some(now);
                stored.scan.counts = old.progress.counts;
                merge::merge_scan(&transaction, &mut stored, merge::Order::BySequence)?;
                put_scan(&transaction, &stored)?;
                let event =
                    scan_event(&stored.scan, &stored.scan.actor, now, "scan.abandoned", String::new());
                audit::append(&transaction, &event)?;
            }
            transaction.open_table(PROGRESS)?.remove(&scan::key(stored.sequence))?;
            transaction.commit()?;
        }
        Ok(())
    }
}

impl ScanWriter {
    fn new(store: Store, scan: StoredScan) -> Self {
        let targets = &scan.scan.parameters.targets;
        let targets = (0..).zip(targets).map(|(index, target)| (target.clone(), index)).collect();
        Self { store, scan, targets, numbers: NumberCache::default(), encoder: Encoder::default() }
    }

    /// The scan as begun.
    pub fn scan(&self) -> &StoredScan {
        &self.scan
    }

    /// Commits a batch; it is on the disk when this returns.
    ///
    /// # Errors
    /// Nothing of the batch is kept then. After [`StoreError::Full`] and the like the store must be opened again.
    pub fn commit(&mut self, batch: Batch) -> Result<(), StoreError> {
        let store = self.store.clone();
        let result = store.placed(|| {
            let transaction = store.write()?;
            self.put_certificates(&transaction, &batch)?;
            self.put_observations(&transaction, batch.observations)?;
            if let Some(progress) = &batch.progress {
                let sequence = self.scan.sequence;
                let record = progress::encode(&mut self.encoder, sequence, progress);
                transaction.open_table(PROGRESS)?.insert(&scan::key(sequence), record)?;
            }
            Ok(transaction.commit()?)
        });
        if result.is_err() {
            // Numbers that were given out in a transaction that never was.
            self.numbers = NumberCache::default();
        }
        result
    }

    /// Folds what the scan saw into what is known of each endpoint and certificate, and closes the scan, all in one
    /// transaction: readers see the record as of the last finished scan until then. Counts the certificates and the
    /// endpoints known but not reached; the other counts are the caller's. A scan that ends
    /// [`ScanState::Incomplete`] can be resumed.
    ///
    /// # Errors
    /// Nothing is changed then, and the scan can be resumed or finished again.
    pub fn finish(
        mut self,
        counts: Counts,
        state: ScanState,
        finished_at: UnixTime,
    ) -> Result<StoredScan, StoreError> {
        let store = self.store.clone();
        store.placed(|| {
            let stored = &mut self.scan;
            stored.scan.counts = counts;
            stored.scan.state = state;
            stored.scan.finished_at = Some(finished_at);
            let transaction = store.write()?;
            if state == ScanState::Complete {
                transaction.open_table(PROGRESS)?.remove(&scan::key(stored.sequence))?;
            } else {
                let key = scan::key(stored.sequence);
                let progress = transaction
                    .open_table(PROGRESS)?
                    .get(&key)?
                    .map(|record| progress::decode(&key, record.value()))
                    .transpose()?;
                drop_undone(&transaction, stored.sequence, &progress.unwrap_or_default())?;
            }
            merge::merge_scan(&transaction, stored, merge::Order::BySequence)?;
            put_scan(&transaction, stored)?;
            let counts = &stored.scan.counts;
            let detail = format!(
                "{}: {} endpoints, {} with a chain, {} certificates",
                state.name(),
                counts.endpoints,
                counts.handshake,
                counts.certificates
            );
            let event = scan_event(&stored.scan, &stored.scan.actor, finished_at, "scan.finished", detail);
            audit::append(&transaction, &event)?;
            transaction.commit()?;
            Ok(stored.clone())
        })
    }

    /// Stores the certificates that are new, in the order of their hashes.
    fn put_certificates(&mut self, transaction: &WriteTransaction, batch: &Batch) -> Result<(), StoreError> {
        let mut offered: Vec<&Arc<Certificate>> = batch.certificates.iter().collect();
        offered.sort_unstable_by_key(|certificate| certificate.sha256);
        offered.dedup_by_key(|certificate| certificate.sha256);
        let seen = batch.observations.iter().map(|(_, _, observation)| observation.observed_at).min();
        let stored_at = seen.unwrap_or(self.scan.scan.started_at);
        let mut by_hash = transaction.open_table(CERTIFICATE_NUMBERS)?;
        let mut new = Vec::new();
        for certificate in offered {
            if self.numbers.get(&certificate.sha256, &by_hash)?.is_none() {
                new.push(certificate);
            }
        }
        if new.is_empty() {
            return Ok(());
        }
        let mut table = transaction.open_table(CERTIFICATES)?;
        let mut by_subject = transaction.open_table(BY_CA_SUBJECT)?;
        let mut fingerprints = transaction.open_table(CERTIFICATE_FINGERPRINTS)?;
        let first = table.last()?.map_or(0, |(key, _)| u64::from_be_bytes(*key.value()).saturating_add(1));
        let mut table = table.upper_bound_mut(Bound::<&[u8; 8]>::Unbounded)?;
        let mut fingerprints = fingerprints.upper_bound_mut(Bound::<&[u8; 8]>::Unbounded)?;
        for (number, certificate) in (first..).zip(new) {
            let record = CertificateRecord::new(certificate, stored_at);
            let (key, sha256) = (number.to_be_bytes(), certificate.sha256);
            if let Some(subject) = &record.ca_subject {
                by_subject.insert(&index_key(subject, number), ())?;
            }
            table.insert_before(&key, record.encode(&mut self.encoder, number))?;
            fingerprints
                .insert_before(&key, certificate::encode_fingerprint(&mut self.encoder, number, &sha256))?;
            by_hash.insert(&sha256.0, certificate::encode_number(&mut self.encoder, &sha256, number))?;
            self.numbers.put(sha256, number);
        }
        table.close()?;
        Ok(fingerprints.close()?)
    }

    fn put_observations(
        &mut self,
        transaction: &WriteTransaction,
        observations: Vec<(UnitPosition, u16, StoredObservation)>,
    ) -> Result<(), StoreError> {
        if observations.is_empty() {
            return Ok(());
        }
        let mut rows = self.prepare(transaction, observations)?;
        classify(transaction, &mut rows)?;
        let mut table = transaction.open_table(OBSERVATIONS)?;
        let end = Position::scan_start(self.scan.sequence.saturating_add(1));
        let start = Position::scan_start(self.scan.sequence);
        let last = match table.range::<&[u8]>(start.as_slice()..end.as_slice())?.next_back() {
            Some(row) => Position::from_key(row?.0.value()),
            None => None,
        };
        // Stragglers of earlier batches go where they belong; the rest is appended, which is three times cheaper.
        let late = rows.partition_point(|row| Some(row.position) <= last);
        for row in rows.iter().take(late) {
            let key = row.position.key();
            table.insert(key.as_slice(), row.encode(&mut self.encoder, key.as_slice(), &self.targets))?;
        }
        let mut cursor = table.lower_bound_mut(Bound::Included(end.as_slice()))?;
        for row in rows.iter().skip(late) {
            let key = row.position.key();
            cursor.insert_before(
                key.as_slice(),
                row.encode(&mut self.encoder, key.as_slice(), &self.targets),
            )?;
        }
        Ok(cursor.close()?)
    }

    /// Turns fingerprints into numbers and sorts by position; of two at one position the later counts.
    fn prepare(
        &mut self,
        transaction: &WriteTransaction,
        observations: Vec<(UnitPosition, u16, StoredObservation)>,
    ) -> Result<Vec<Row>, StoreError> {
        let by_hash = transaction.open_table(CERTIFICATE_NUMBERS)?;
        let mut rows = Vec::with_capacity(observations.len());
        for (unit, sub, observation) in observations {
            let position = Position { scan: self.scan.sequence, unit, sub };
            let mut failed = None;
            let Observation { endpoint, target, observed_at, outcome } = observation;
            let outcome = outcome.map_chains(|chain| {
                let numbers = chain.iter().map(|sha256| match self.numbers.get(sha256, &by_hash) {
                    Ok(Some(number)) => number,
                    Ok(None) => {
                        failed = Some(StoreError::UnknownCertificate(*sha256));
                        0
                    }
                    Err(error) => {
                        failed = Some(error);
                        0
                    }
                });
                numbers.collect::<Vec<u64>>()
            });
            if let Some(error) = failed {
                return Err(error);
            }
            rows.push(Row::new(position, Observation { endpoint, target, observed_at, outcome }));
        }
        rows.sort_by_key(|row| std::cmp::Reverse(row.position));
        rows.dedup_by_key(|row| row.position);
        rows.reverse();
        Ok(rows)
    }
}

impl Drop for ScanWriter {
    fn drop(&mut self) {
        self.store.inner.writing.store(false, Ordering::Release);
    }
}

/// The right to write a scan, given back unless it is kept.
pub(super) struct WriterClaim<'a>(Option<&'a Store>);

impl<'a> WriterClaim<'a> {
    pub(super) fn take(store: &'a Store) -> Result<Self, StoreError> {
        if store.inner.writing.swap(true, Ordering::AcqRel) {
            return Err(StoreError::ScanInProgress(store.inner.path.clone()));
        }
        Ok(Self(Some(store)))
    }

    fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for WriterClaim<'_> {
    fn drop(&mut self) {
        if let Some(store) = self.0 {
            store.inner.writing.store(false, Ordering::Release);
        }
    }
}

fn insert_scan(
    transaction: &WriteTransaction,
    scan: &Scan,
    seed: u64,
    input_digest: Fingerprint,
) -> Result<StoredScan, StoreError> {
    let last = transaction.open_table(SCANS)?.last()?.map_or(0, |(key, _)| u64::from_be_bytes(*key.value()));
    let stored = StoredScan { sequence: last.saturating_add(1), scan: scan.clone(), seed, input_digest };
    let mut encoder = Encoder::default();
    put_varint(encoder.begin(Table::ScanId, scan.id.0.as_bytes(), 1), stored.sequence);
    let id = transaction.open_table(SCAN_IDS)?.insert(scan.id.0.as_bytes(), encoder.finish())?.is_some();
    if id {
        return Err(StoreError::DuplicateScan(scan.id.0.clone()));
    }
    put_scan(transaction, &stored)?;
    let record = progress::encode(&mut encoder, stored.sequence, &Progress::default());
    transaction.open_table(PROGRESS)?.insert(&scan::key(stored.sequence), record)?;
    let detail = format!("{} targets, ports {}", scan.parameters.targets.len(), scan.parameters.ports);
    audit::append(transaction, &scan_event(scan, &scan.actor, scan.started_at, "scan.started", detail))?;
    Ok(stored)
}

fn put_scan(transaction: &WriteTransaction, stored: &StoredScan) -> Result<(), StoreError> {
    let mut encoder = Encoder::default();
    transaction.open_table(SCANS)?.insert(&scan::key(stored.sequence), scan::encode(&mut encoder, stored))?;
    Ok(())
}

fn drop_undone(transaction: &WriteTransaction, scan: u64, progress: &Progress) -> Result<(), StoreError> {
    let start = Position::unit_start(scan, progress.next);
    let end = Position::scan_start(scan.saturating_add(1));
    transaction
        .open_table(OBSERVATIONS)?
        .retain_in::<&[u8], _>(start.as_slice()..end.as_slice(), |key, _| {
            Position::from_key(key).is_some_and(|position| progress.is_done(position.unit))
        })?;
    Ok(())
}

fn scan_event(scan: &Scan, actor: &str, at: UnixTime, action: &str, detail: String) -> AuditEvent {
    AuditEvent { at, actor: actor.to_owned(), action: action.to_owned(), object: scan.id.0.clone(), detail }
}
