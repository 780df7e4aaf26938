//! Looking certificates up: by fingerprint, expiry, key and subject; and those of one scan.

use redb::{ReadOnlyTable, ReadTransaction, ReadableTable, ReadableTableMetadata};

use super::position::Position;
use super::record::certificate::{self, CertificateRecord, CertificateState};
use super::record::{Table, observation};
use super::schema::{
    BY_CA_SUBJECT, BY_EXPIRY, BY_KEY, CERTIFICATE_NUMBERS, CERTIFICATE_STATES, CERTIFICATES, OBSERVATIONS,
};
use super::{Flow, Store, StoreError, expiry_key, index_key};
use crate::time::UnixTime;
use crate::x509::Fingerprint;

type Bytes = &'static [u8];

/// A certificate as the record keeps it. Its views are read from the DER.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCertificate {
    pub sha256: Fingerprint,
    pub der: Box<[u8]>,
    pub not_after: Option<UnixTime>,
    pub spki_sha256: Option<Fingerprint>,
    pub first_seen: UnixTime,
    pub last_seen: UnixTime,
    /// Endpoints serving it: of the scan that was asked for, else as last seen of each endpoint.
    pub endpoints: u64,
}

impl Store {
    /// The certificate with this fingerprint.
    ///
    /// # Errors
    /// If a record is damaged or cannot be read.
    pub fn certificate(&self, sha256: &Fingerprint) -> Result<Option<StoredCertificate>, StoreError> {
        self.placed(|| {
            let shelf = Shelf::open(&self.read()?)?;
            match shelf.number(sha256)? {
                Some(number) => shelf.certificate(number).map(Some),
                None => Ok(None),
            }
        })
    }

    /// Certificates that expire at or after `from`, soonest first. As of the last finished scan.
    ///
    /// # Errors
    /// If a record is damaged or cannot be read.
    pub fn certificates_by_expiry(
        &self,
        from: UnixTime,
        limit: usize,
    ) -> Result<Vec<StoredCertificate>, StoreError> {
        self.placed(|| {
            let transaction = self.read()?;
            let shelf = Shelf::open(&transaction)?;
            let index = transaction.open_table(BY_EXPIRY)?;
            let rows = index.range::<&[u8; 16]>(&expiry_key(from, 0)..)?.take(limit);
            rows.map(|row| shelf.certificate(trailing_number(row?.0.value()))).collect()
        })
    }

    /// Walks the certificates that expire at `until` or before (for `None`, all whose end can be read), soonest first,
    /// until `visit` breaks. As of the last finished scan.
    ///
    /// # Errors
    /// If a record is damaged or cannot be read.
    pub fn each_by_expiry(
        &self,
        until: Option<UnixTime>,
        mut visit: impl FnMut(StoredCertificate) -> Flow,
    ) -> Result<(), StoreError> {
        self.placed(|| {
            let transaction = self.read()?;
            let shelf = Shelf::open(&transaction)?;
            let index = transaction.open_table(BY_EXPIRY)?;
            for row in index.range::<&[u8; 16]>(..=&last_expiry_key(until))? {
                if visit(shelf.certificate(trailing_number(row?.0.value()))?).is_break() {
                    break;
                }
            }
            Ok(())
        })
    }

    /// How many certificates [`Store::each_by_expiry`] would walk.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn count_by_expiry(&self, until: Option<UnixTime>) -> Result<u64, StoreError> {
        self.placed(|| {
            let index = self.read()?.open_table(BY_EXPIRY)?;
            if until.is_none() {
                return Ok(index.len()?);
            }
            let mut count = 0;
            for row in index.range::<&[u8; 16]>(..=&last_expiry_key(until))? {
                row?;
                count += 1;
            }
            Ok(count)
        })
    }

    /// The first `limit` fingerprints that start with these hexadecimal digits; none where they are no digits.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn fingerprints_starting_with(
        &self,
        digits: &str,
        limit: usize,
    ) -> Result<Vec<Fingerprint>, StoreError> {
        let digits = digits.to_ascii_lowercase();
        let bounds = [format!("{digits:0<64}"), format!("{digits:f<64}")];
        let bounds = bounds.map(|digits| Fingerprint::parse(&digits));
        let [Some(first), Some(last)] = bounds else { return Ok(Vec::new()) };
        self.placed(|| {
            let numbers = self.read()?.open_table(CERTIFICATE_NUMBERS)?;
            let rows = numbers.range::<&[u8; 32]>(&first.0..=&last.0)?.take(limit);
            rows.map(|row| Ok(Fingerprint(*row?.0.value()))).collect()
        })
    }

    /// CA certificates with this subject (its DER), also those of a scan that is still running.
    ///
    /// # Errors
    /// If a record is damaged or cannot be read.
    pub fn issuers(&self, subject_der: &[u8]) -> Result<Vec<StoredCertificate>, StoreError> {
        self.placed(|| {
            let transaction = self.read()?;
            let shelf = Shelf::open(&transaction)?;
            let numbers = indexed(&transaction.open_table(BY_CA_SUBJECT)?, &Fingerprint::of(subject_der))?;
            numbers.into_iter().map(|number| shelf.certificate(number)).collect()
        })
    }

    /// Fingerprints of the certificates with this key. As of the last finished scan.
    ///
    /// # Errors
    /// If a record is damaged or cannot be read.
    pub fn certificates_with_key(&self, spki_sha256: &Fingerprint) -> Result<Vec<Fingerprint>, StoreError> {
        self.placed(|| {
            let transaction = self.read()?;
            let shelf = Shelf::open(&transaction)?;
            let mut found = Vec::new();
            for number in indexed(&transaction.open_table(BY_KEY)?, spki_sha256)? {
                let record = shelf.record(number)?;
                found.push(CertificateRecord::decode(&number.to_be_bytes(), record.value())?.sha256);
            }
            Ok(found)
        })
    }

    /// Walks every certificate that the scan with this sequence number saw, with the number of its endpoints that
    /// serve it, until `visit` breaks. Oldest acquaintances first.
    ///
    /// # Errors
    /// If a record is damaged or cannot be read.
    pub fn certificates_of(
        &self,
        sequence: u64,
        mut visit: impl FnMut(StoredCertificate) -> Flow,
    ) -> Result<(), StoreError> {
        self.placed(|| {
            let transaction = self.read()?;
            let shelf = Shelf::open(&transaction)?;
            for (number, &endpoints) in (0..).zip(&count_by_number(&transaction, sequence)?) {
                if endpoints == 0 {
                    continue;
                }
                let certificate =
                    StoredCertificate { endpoints: endpoints.into(), ..shelf.certificate(number)? };
                if visit(certificate).is_break() {
                    break;
                }
            }
            Ok(())
        })
    }
}

/// How many observations of the scan hold each certificate; four bytes for each certificate of the store.
fn count_by_number(transaction: &ReadTransaction, sequence: u64) -> Result<Vec<u32>, StoreError> {
    let table = transaction.open_table(OBSERVATIONS)?;
    let start = Position::scan_start(sequence);
    let end = Position::scan_start(sequence.saturating_add(1));
    let known = transaction.open_table(CERTIFICATES)?;
    let known = known.last()?.map_or(0, |(key, _)| u64::from_be_bytes(*key.value()).saturating_add(1));
    let mut counts: Vec<u32> = vec![0; usize::try_from(known).unwrap_or(0)];
    let mut numbers = Vec::new();
    for row in table.range::<&[u8]>(start.as_slice()..end.as_slice())? {
        let (key, record) = row?;
        numbers.clear();
        observation::decode_head(key.value(), record.value(), &mut numbers)?;
        for &number in &numbers {
            let count = usize::try_from(number).ok().and_then(|number| counts.get_mut(number));
            let count = count.ok_or_else(|| Table::Observation.corrupt(key.value()))?;
            *count = count.saturating_add(1);
        }
    }
    Ok(counts)
}

fn last_expiry_key(until: Option<UnixTime>) -> [u8; 16] {
    expiry_key(until.unwrap_or(UnixTime(i64::MAX)), u64::MAX)
}

fn indexed(index: &ReadOnlyTable<&'static [u8; 24], ()>, hash: &Fingerprint) -> Result<Vec<u64>, StoreError> {
    let (start, end) = (index_key(hash, 0), index_key(hash, u64::MAX));
    index.range::<&[u8; 24]>(&start..=&end)?.map(|row| Ok(trailing_number(row?.0.value()))).collect()
}

pub(super) fn trailing_number(key: &[u8]) -> u64 {
    key.last_chunk().copied().map_or(0, u64::from_be_bytes)
}

/// The tables a certificate is put together from.
pub(super) struct Shelf {
    numbers: ReadOnlyTable<&'static [u8; 32], Bytes>,
    certificates: ReadOnlyTable<&'static [u8; 8], Bytes>,
    states: ReadOnlyTable<&'static [u8; 8], Bytes>,
}

impl Shelf {
    pub(super) fn open(transaction: &ReadTransaction) -> Result<Self, StoreError> {
        Ok(Self {
            numbers: transaction.open_table(CERTIFICATE_NUMBERS)?,
            certificates: transaction.open_table(CERTIFICATES)?,
            states: transaction.open_table(CERTIFICATE_STATES)?,
        })
    }

    pub(super) fn number(&self, sha256: &Fingerprint) -> Result<Option<u64>, StoreError> {
        match self.numbers.get(&sha256.0)? {
            Some(record) => certificate::decode_number(&sha256.0, record.value()).map(Some),
            None => Ok(None),
        }
    }

    /// The SPKI's hash of a certificate, for telling a renewal with the same key.
    pub(super) fn key_of(&self, sha256: &Fingerprint) -> Result<Option<Fingerprint>, StoreError> {
        let Some(number) = self.number(sha256)? else { return Ok(None) };
        let record = self.record(number)?;
        Ok(CertificateRecord::decode(&number.to_be_bytes(), record.value())?.spki_sha256)
    }

    fn record(&self, number: u64) -> Result<redb::AccessGuard<'_, Bytes>, StoreError> {
        let key = number.to_be_bytes();
        self.certificates.get(&key)?.ok_or_else(|| Table::Certificate.corrupt(&key))
    }

    fn certificate(&self, number: u64) -> Result<StoredCertificate, StoreError> {
        let key = number.to_be_bytes();
        let record = self.record(number)?;
        let record = CertificateRecord::decode(&key, record.value())?;
        let state = match self.states.get(&key)? {
            Some(state) => CertificateState::decode(&key, state.value())?,
            // Handed over, and no finished scan has seen it yet.
            None => {
                CertificateState { first_seen: record.stored_at, last_seen: record.stored_at, endpoints: 0 }
            }
        };
        Ok(StoredCertificate {
            sha256: record.sha256,
            der: record.der.into(),
            not_after: record.not_after,
            spki_sha256: record.spki_sha256,
            first_seen: state.first_seen,
            last_seen: state.last_seen,
            endpoints: state.endpoints,
        })
    }
}
