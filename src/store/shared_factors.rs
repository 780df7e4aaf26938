//! RSA keys that have a prime in common, and how far moduli were compared. Keys are known by half of the hash of their
//! SubjectPublicKeyInfo, as in the index by key. The primes are not kept.

use redb::ReadableTable;

use super::record::certificate::CertificateRecord;
use super::schema::{BY_KEY, CERTIFICATES, META, Mark, SHARED_FACTORS};
use super::{Flow, Store, StoreError};
use crate::x509::Fingerprint;

/// Half of an SPKI hash.
pub type KeyName = [u8; 16];

/// What a key is called among those that were compared.
pub fn key_name(spki_sha256: &Fingerprint) -> KeyName {
    spki_sha256.0.first_chunk().copied().unwrap_or_default()
}

impl Store {
    /// Whether any keys are known to have a prime in common.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn has_shared_factors(&self) -> Result<bool, StoreError> {
        self.placed(|| Ok(self.read()?.open_table(SHARED_FACTORS)?.first()?.is_some()))
    }

    /// The first `limit` certificates whose key has a prime in common with this one.
    ///
    /// # Errors
    /// If a record is damaged or cannot be read.
    pub fn certificates_sharing_a_factor(
        &self,
        spki_sha256: &Fingerprint,
        limit: usize,
    ) -> Result<Vec<Fingerprint>, StoreError> {
        self.placed(|| {
            let transaction = self.read()?;
            let (pairs, by_key) = (transaction.open_table(SHARED_FACTORS)?, transaction.open_table(BY_KEY)?);
            let certificates = transaction.open_table(CERTIFICATES)?;
            let name = key_name(spki_sha256);
            let mut found = Vec::new();
            for pair in pairs.range::<&[u8; 32]>(&joined(name, [0; 16])..=&joined(name, [0xff; 16]))? {
                let other: KeyName = pair?.0.value().last_chunk().copied().unwrap_or_default();
                for row in by_key.range::<&[u8; 24]>(&index_key(other, 0)..=&index_key(other, u64::MAX))? {
                    if found.len() == limit {
                        return Ok(found);
                    }
                    let number = super::certificates::trailing_number(row?.0.value()).to_be_bytes();
                    if let Some(record) = certificates.get(&number)? {
                        found.push(CertificateRecord::decode(&number, record.value())?.sha256);
                    }
                }
            }
            Ok(found)
        })
    }

    /// Fingerprints of the certificates with this key. As of the last finished scan.
    ///
    /// # Errors
    /// If a record is damaged or cannot be read.
    pub fn certificates_of_key(&self, key: KeyName) -> Result<Vec<Fingerprint>, StoreError> {
        let mut half = Fingerprint([0; 32]);
        half.0.iter_mut().zip(key).for_each(|(to, from)| *to = from);
        // The index knows no more than half of the hash.
        self.certificates_with_key(&half)
    }

    /// Keeps pairs of keys that have a prime in common, each in both directions, beside those that are known, and that
    /// the moduli of certificates below `compared` were compared.
    ///
    /// # Errors
    /// Nothing is changed then.
    pub fn put_shared_factors(&self, pairs: &[(KeyName, KeyName)], compared: u64) -> Result<(), StoreError> {
        self.placed(|| {
            let transaction = self.write()?;
            let mut table = transaction.open_table(SHARED_FACTORS)?;
            for (one, other) in pairs {
                table.insert(&joined(*one, *other), ())?;
                table.insert(&joined(*other, *one), ())?;
            }
            drop(table);
            let before = Mark::ComparedModuli.read(&transaction.open_table(META)?)?.unwrap_or(0);
            Mark::ComparedModuli.write(&transaction, compared.max(before))?;
            Ok(transaction.commit()?)
        })
    }

    /// The number below which certificates had their moduli compared, and the number of the next certificate.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn compared_moduli(&self) -> Result<(u64, u64), StoreError> {
        self.placed(|| {
            let transaction = self.read()?;
            let compared = Mark::ComparedModuli.read(&transaction.open_table(META)?)?.unwrap_or(0);
            let certificates = transaction.open_table(CERTIFICATES)?;
            let last = certificates.last()?;
            Ok((compared, last.map_or(0, |(key, _)| u64::from_be_bytes(*key.value()).saturating_add(1))))
        })
    }

    /// Walks the certificates with these numbers in the order they came: SPKI hash, if it could be read, and DER.
    ///
    /// # Errors
    /// If a record is damaged or cannot be read.
    pub fn each_certificate(
        &self,
        numbers: std::ops::Range<u64>,
        mut visit: impl FnMut(Option<Fingerprint>, &[u8]) -> Flow,
    ) -> Result<(), StoreError> {
        self.placed(|| {
            let table = self.read()?.open_table(CERTIFICATES)?;
            let (start, end) = (numbers.start.to_be_bytes(), numbers.end.to_be_bytes());
            for row in table.range::<&[u8; 8]>(&start..&end)? {
                let (key, record) = row?;
                let record = CertificateRecord::decode(key.value(), record.value())?;
                if visit(record.spki_sha256, record.der).is_break() {
                    break;
                }
            }
            Ok(())
        })
    }
}

fn joined(one: KeyName, other: KeyName) -> [u8; 32] {
    let mut key = [0; 32];
    let (first, second) = key.split_at_mut(16);
    first.copy_from_slice(&one);
    second.copy_from_slice(&other);
    key
}

fn index_key(name: KeyName, number: u64) -> [u8; 24] {
    let mut key = [0; 24];
    let (first, second) = key.split_at_mut(16);
    first.copy_from_slice(&name);
    second.copy_from_slice(&number.to_be_bytes());
    key
}
