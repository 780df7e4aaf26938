//! Examining the record, for `doctor`: every page, every record, every reference.

use std::fmt;
use std::sync::Arc;

use redb::{ReadOnlyTable, ReadTransaction, ReadableTable, ReadableTableMetadata};

use super::position::Position;
use super::read::Resolver;
use super::record::audit::AuditEntry;
use super::record::certificate::{self, CertificateRecord, CertificateState};
use super::record::observation::{self, Decoded};
use super::record::state::{EndpointState, Span};
use super::record::{Table, finding, open_version, progress, scan};
use super::schema::{
    AUDIT, BY_CA_SUBJECT, BY_EXPIRY, BY_KEY, CERTIFICATE_FINGERPRINTS, CERTIFICATE_NUMBERS,
    CERTIFICATE_STATES, CERTIFICATES, ENDPOINTS, FINDINGS, HISTORY, MEMBERS, META, Mark, OBSERVATIONS,
    PROGRESS, SCAN_IDS, SCANS, SHARED_FACTORS,
};
use super::{Engine, Store, StoreError, expiry_key, index_key};
use crate::model::{EndpointId, FindingKey};
use crate::x509::Fingerprint;

/// What an examination found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CheckReport {
    pub scans: u64,
    pub observations: u64,
    pub certificates: u64,
    pub endpoints: u64,
    pub findings: u64,
    pub audit_entries: u64,
    /// Pieces of news on their way.
    pub waiting: u64,
    /// The engine found damage in its pages and repaired it from an earlier commit.
    pub engine_repaired: bool,
    /// The first faults, at most [`CheckReport::MAX_FAULTS`].
    pub faults: Vec<Fault>,
    /// All of them.
    pub fault_count: u64,
}

impl CheckReport {
    /// Faults listed one by one.
    pub const MAX_FAULTS: usize = 100;

    /// Nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.fault_count == 0 && !self.engine_repaired
    }
}

/// A record that is damaged, or refers to one that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub table: &'static str,
    /// Hexadecimal.
    pub key: String,
    pub what: &'static str,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in table {}, key {}", self.what, self.table, self.key)
    }
}

impl Store {
    /// Checks the engine's pages, each record's checksum, and that what is derived agrees with the ground truth.
    /// Takes about a second for 200,000 records.
    ///
    /// # Errors
    /// [`StoreError::Busy`] while the store is shared, [`StoreError::Damaged`] if the engine cannot repair it.
    pub fn check(&mut self) -> Result<CheckReport, StoreError> {
        let path = self.inner.path.clone();
        let inner = Arc::get_mut(&mut self.inner).ok_or_else(|| StoreError::Busy(path.clone()))?;
        let engine_repaired = match &mut inner.engine {
            Engine::Writer(database) => {
                !database.check_integrity().map_err(|error| StoreError::from(error).at(&path))?
            }
            Engine::Reader(_) => false,
        };
        Ok(CheckReport { engine_repaired, ..self.check_records()? })
    }

    /// Checks the records and references only.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn check_records(&self) -> Result<CheckReport, StoreError> {
        self.placed(|| {
            let transaction = self.read()?;
            let mut examiner = Examiner {
                resolver: Resolver::open(&transaction)?,
                transaction: &transaction,
                report: CheckReport::default(),
                serving: Vec::new(),
            };
            examiner.scans()?;
            examiner.certificates()?;
            examiner.observations()?;
            examiner.endpoints()?;
            examiner.history()?;
            examiner.certificate_states()?;
            examiner.findings()?;
            examiner.audit()?;
            examiner.outbox()?;
            examiner.decisions_and_watch()?;
            examiner.shared_factors()?;
            Ok(examiner.report)
        })
    }
}

pub(super) struct Examiner<'t> {
    pub(super) transaction: &'t ReadTransaction,
    resolver: Resolver,
    pub(super) report: CheckReport,
    /// Endpoints serving each certificate, by number.
    serving: Vec<u64>,
}

impl Examiner<'_> {
    pub(super) fn fault(&mut self, table: &'static str, key: &[u8], what: &'static str) {
        self.report.fault_count += 1;
        if self.report.faults.len() < CheckReport::MAX_FAULTS {
            let key = key.iter().take(48).map(|byte| format!("{byte:02x}")).collect();
            self.report.faults.push(Fault { table, key, what });
        }
    }

    /// Notes a damaged record and goes on; any other error ends the examination.
    pub(super) fn sound<T>(&mut self, result: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(StoreError::Corrupt { table, key }) => {
                self.report.fault_count += 1;
                if self.report.faults.len() < CheckReport::MAX_FAULTS {
                    self.report.faults.push(Fault { table, key, what: "damaged record" });
                }
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    pub(super) fn expect(&mut self, holds: bool, table: &'static str, key: &[u8], what: &'static str) {
        if !holds {
            self.fault(table, key, what);
        }
    }

    fn scans(&mut self) -> Result<(), StoreError> {
        let scans = self.transaction.open_table(SCANS)?;
        let ids = self.transaction.open_table(SCAN_IDS)?;
        for row in scans.iter()? {
            let (key, record) = row?;
            self.report.scans += 1;
            let Some(stored) = self.sound(scan::decode(key.value(), record.value()))? else { continue };
            let id = stored.scan.id.0.as_bytes();
            let named = match ids.get(id)? {
                Some(record) => {
                    let sequence = open_version(Table::ScanId, id, record.value(), 1)
                        .and_then(|mut decoder| decoder.varint());
                    self.sound(sequence)?
                }
                None => None,
            };
            self.expect(named == Some(stored.sequence), "scan_ids", id, "scan is not found by its id");
        }
        self.expect(ids.len()? == scans.len()?, "scan_ids", &[], "more ids than scans");
        for row in self.transaction.open_table(PROGRESS)?.iter()? {
            let (key, record) = row?;
            self.sound(progress::decode(key.value(), record.value()))?;
            let exists = scans.get(key.value())?.is_some();
            self.expect(exists, "scan_progress", key.value(), "progress of an unknown scan");
        }
        Ok(())
    }

    fn certificates(&mut self) -> Result<(), StoreError> {
        let indexes = Indexes::open(self.transaction)?;
        let table = self.transaction.open_table(CERTIFICATES)?;
        let [mut expiries, mut keys, mut subjects] = [0u64; 3];
        for (expected, row) in (0..).zip(table.iter()?) {
            let (key, record) = row?;
            let number = u64::from_be_bytes(*key.value());
            self.report.certificates += 1;
            self.serving.push(0);
            self.expect(number == expected, "certificates", key.value(), "gap in the numbers");
            let Some(certificate) = self.sound(CertificateRecord::decode(key.value(), record.value()))?
            else {
                continue;
            };
            let is_itself = Fingerprint::of(certificate.der) == certificate.sha256;
            self.expect(is_itself, "certificates", key.value(), "DER does not match its SHA-256");
            let found = self.sound(indexes.finds(number, &certificate))?;
            self.expect(found != Some(false), "certificates", key.value(), "missing from an index");
            if number < indexes.indexed {
                expiries += u64::from(certificate.not_after.is_some());
                keys += u64::from(certificate.spki_sha256.is_some());
            }
            subjects += u64::from(certificate.ca_subject.is_some());
        }
        for (table, length, expected) in [
            ("certificates_by_expiry", indexes.by_expiry.len()?, expiries),
            ("certificates_by_key", indexes.by_key.len()?, keys),
            ("certificates_by_ca_subject", indexes.by_ca_subject.len()?, subjects),
            ("certificate_numbers", indexes.numbers.len()?, self.report.certificates),
            ("certificate_fingerprints", indexes.fingerprints.len()?, self.report.certificates),
        ] {
            self.expect(length == expected, table, &[], "wrong number of rows");
        }
        Ok(())
    }

    fn observations(&mut self) -> Result<(), StoreError> {
        let scans = self.transaction.open_table(SCANS)?;
        let mut numbers = Vec::new();
        let mut last_scan = None;
        for row in self.transaction.open_table(OBSERVATIONS)?.iter()? {
            let (key, record) = row?;
            self.report.observations += 1;
            let resolved = self.resolver.resolve(key.value(), record.value());
            if self.sound(resolved)?.is_none() {
                continue;
            }
            numbers.clear();
            self.sound(observation::decode_head(key.value(), record.value(), &mut numbers))?;
            let known = numbers.iter().all(|&number| number < self.report.certificates);
            self.expect(known, "observations", key.value(), "names an unknown certificate");
            let scan = Position::from_key(key.value()).map(|position| position.scan);
            if scan != last_scan {
                let exists = match scan {
                    Some(scan) => scans.get(&scan::key(scan))?.is_some(),
                    None => false,
                };
                self.expect(exists, "observations", key.value(), "of an unknown scan");
                last_scan = scan;
            }
        }
        Ok(())
    }

    fn endpoints(&mut self) -> Result<(), StoreError> {
        let observations = self.transaction.open_table(OBSERVATIONS)?;
        for row in self.transaction.open_table(ENDPOINTS)?.iter()? {
            let (key, record) = row?;
            self.report.endpoints += 1;
            let Some(state) = self.sound(EndpointState::decode(key.value(), record.value()))? else {
                continue;
            };
            let id = EndpointId(*key.value());
            for span in [Some(&state.current), state.last_chain.as_ref()].into_iter().flatten() {
                let found = self.sound(is_backed(&observations, &id, span))?;
                self.expect(found != Some(false), "endpoints", key.value(), "its observation is another");
            }
            for number in &state.serving {
                let place = usize::try_from(*number).ok().and_then(|number| self.serving.get_mut(number));
                match place {
                    Some(count) => *count += 1,
                    None => self.fault("endpoints", key.value(), "serves an unknown certificate"),
                }
            }
        }
        Ok(())
    }

    fn history(&mut self) -> Result<(), StoreError> {
        let observations = self.transaction.open_table(OBSERVATIONS)?;
        let endpoints = self.transaction.open_table(ENDPOINTS)?;
        for row in self.transaction.open_table(HISTORY)?.iter()? {
            let (key, record) = row?;
            let Some(span) = self.sound(Span::decode_history(key.value(), record.value()))? else { continue };
            let id = key.value().first_chunk().copied().unwrap_or_default();
            let found = endpoints.get(&id)?.is_some()
                && self.sound(is_backed(&observations, &EndpointId(id), &span))? != Some(false);
            self.expect(found, "endpoint_history", key.value(), "its endpoint or observation is another");
        }
        Ok(())
    }

    fn certificate_states(&mut self) -> Result<(), StoreError> {
        let states = self.transaction.open_table(CERTIFICATE_STATES)?;
        for row in states.iter()? {
            let (key, record) = row?;
            let Some(state) = self.sound(CertificateState::decode(key.value(), record.value()))? else {
                continue;
            };
            let number = usize::try_from(u64::from_be_bytes(*key.value())).ok();
            let counted = number.and_then(|number| self.serving.get_mut(number)).map(std::mem::take);
            let agrees = counted == Some(state.endpoints);
            self.expect(agrees, "certificate_states", key.value(), "wrong number of endpoints");
        }
        // What is left was counted for certificates that have no state.
        let left: Vec<u64> =
            (0..).zip(&self.serving).filter(|(_, count)| **count > 0).map(|(number, _)| number).collect();
        for number in left {
            self.fault("certificate_states", &number.to_be_bytes(), "missing");
        }
        Ok(())
    }

    fn findings(&mut self) -> Result<(), StoreError> {
        let findings = self.transaction.open_table(FINDINGS)?;
        for row in findings.iter()? {
            let (key, record) = row?;
            self.report.findings += 1;
            self.sound(finding::decode(key.value(), record.value()))?;
        }
        for row in self.transaction.open_table(MEMBERS)?.iter()? {
            let (key, record) = row?;
            self.sound(finding::decode_member(key.value(), record.value()))?;
            let exists = match finding::finding_of_member(key.value()) {
                Some((profile, finding)) => {
                    let key = finding::key(profile, &FindingKey(finding.to_owned()));
                    findings.get(key.as_slice())?.is_some()
                }
                None => false,
            };
            self.expect(exists, "finding_members", key.value(), "member of an unknown finding");
        }
        Ok(())
    }

    fn audit(&mut self) -> Result<(), StoreError> {
        for (expected, row) in (1u64..).zip(self.transaction.open_table(AUDIT)?.iter()?) {
            let (key, record) = row?;
            self.report.audit_entries += 1;
            self.sound(AuditEntry::decode(key.value(), record.value()))?;
            self.expect(*key.value() == expected.to_be_bytes(), "audit", key.value(), "gap in the log");
        }
        Ok(())
    }

    fn shared_factors(&mut self) -> Result<(), StoreError> {
        let table = self.transaction.open_table(SHARED_FACTORS)?;
        for row in table.iter()? {
            let mut mirrored = *row?.0.value();
            let key = mirrored;
            mirrored.rotate_left(16);
            self.expect(table.get(&mirrored)?.is_some(), "shared_factors", &key, "of one of two keys only");
        }
        Ok(())
    }
}

/// Whether the span's observation is there, whole, of this endpoint and with this outcome.
fn is_backed(
    observations: &ReadOnlyTable<&'static [u8], &'static [u8]>,
    id: &EndpointId,
    span: &Span,
) -> Result<bool, StoreError> {
    let key = span.outcome.key();
    let Some(record) = observations.get(key.as_slice())? else { return Ok(false) };
    Ok(match observation::decode(key.as_slice(), record.value())? {
        Decoded::Full { observation, digest, .. } => {
            digest == span.digest && observation.endpoint.id() == *id
        }
        Decoded::Same { .. } => false,
    })
}

struct Indexes {
    numbers: ReadOnlyTable<&'static [u8; 32], &'static [u8]>,
    fingerprints: ReadOnlyTable<&'static [u8; 8], &'static [u8]>,
    by_expiry: ReadOnlyTable<&'static [u8; 16], ()>,
    by_key: ReadOnlyTable<&'static [u8; 24], ()>,
    by_ca_subject: ReadOnlyTable<&'static [u8; 24], ()>,
    /// Certificates below this number are in the first two.
    indexed: u64,
}

impl Indexes {
    fn open(transaction: &ReadTransaction) -> Result<Self, StoreError> {
        Ok(Self {
            numbers: transaction.open_table(CERTIFICATE_NUMBERS)?,
            fingerprints: transaction.open_table(CERTIFICATE_FINGERPRINTS)?,
            by_expiry: transaction.open_table(BY_EXPIRY)?,
            by_key: transaction.open_table(BY_KEY)?,
            by_ca_subject: transaction.open_table(BY_CA_SUBJECT)?,
            indexed: Mark::IndexedCertificates.read(&transaction.open_table(META)?)?.unwrap_or(0),
        })
    }

    fn finds(&self, number: u64, certificate: &CertificateRecord<'_>) -> Result<bool, StoreError> {
        let key = number.to_be_bytes();
        let by_hash = match self.numbers.get(&certificate.sha256.0)? {
            Some(record) => certificate::decode_number(&certificate.sha256.0, record.value())? == number,
            None => false,
        };
        let by_number = match self.fingerprints.get(&key)? {
            Some(record) => certificate::decode_fingerprint(&key, record.value())? == certificate.sha256,
            None => false,
        };
        let by_subject = match &certificate.ca_subject {
            Some(subject) => self.by_ca_subject.get(&index_key(subject, number))?.is_some(),
            None => true,
        };
        let by_expiry = match certificate.not_after {
            Some(time) if number < self.indexed => self.by_expiry.get(&expiry_key(time, number))?.is_some(),
            _ => true,
        };
        let by_key = match &certificate.spki_sha256 {
            Some(hash) if number < self.indexed => self.by_key.get(&index_key(hash, number))?.is_some(),
            _ => true,
        };
        Ok(by_hash && by_number && by_subject && by_expiry && by_key)
    }
}
