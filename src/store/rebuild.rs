//! Rebuilding what is derived from the ground truth, in one transaction.

use redb::{ReadableTable, WriteTransaction};

use super::ingest::WriterClaim;
use super::merge;
use super::record::Encoder;
use super::record::audit::AuditEvent;
use super::record::certificate::{self, CertificateRecord};
use super::record::scan::{self, StoredScan};
use super::schema::{
    BY_CA_SUBJECT, BY_EXPIRY, BY_KEY, CERTIFICATE_FINGERPRINTS, CERTIFICATE_NUMBERS, CERTIFICATE_STATES,
    CERTIFICATES, ENDPOINTS, HISTORY, Mark, SCANS, create_tables,
};
use super::{Store, StoreError, audit, index_key};
use crate::model::ScanState;
use crate::time::UnixTime;

impl Store {
    /// Throws away all that is derived and merges every finished scan anew, oldest first.
    ///
    /// # Errors
    /// If a scan is being written, or ground truth is damaged; nothing is changed then.
    pub fn rebuild_derived(&self, actor: &str, now: UnixTime) -> Result<(), StoreError> {
        self.placed(|| {
            let _claim = WriterClaim::take(self)?;
            let transaction = self.write()?;
            for table in [CERTIFICATE_FINGERPRINTS, CERTIFICATE_STATES] {
                transaction.delete_table(table)?;
            }
            transaction.delete_table(CERTIFICATE_NUMBERS)?;
            transaction.delete_table(BY_EXPIRY)?;
            transaction.delete_table(BY_KEY)?;
            transaction.delete_table(BY_CA_SUBJECT)?;
            transaction.delete_table(ENDPOINTS)?;
            transaction.delete_table(HISTORY)?;
            create_tables(&transaction)?;
            Mark::IndexedCertificates.write(&transaction, 0)?;
            name_certificates(&transaction)?;
            for mut stored in finished(&transaction)? {
                merge::merge_scan(&transaction, &mut stored)?;
            }
            merge::index_certificates(&transaction)?;
            let event = AuditEvent {
                at: now,
                actor: actor.to_owned(),
                action: "store.rebuilt".to_owned(),
                object: self.inner.path.display().to_string(),
                detail: "derived tables".to_owned(),
            };
            audit::append(&transaction, &event)?;
            Ok(transaction.commit()?)
        })
    }
}

fn finished(transaction: &WriteTransaction) -> Result<Vec<StoredScan>, StoreError> {
    let table = transaction.open_table(SCANS)?;
    let mut scans = Vec::new();
    for row in table.iter()? {
        let (key, record) = row?;
        let stored = scan::decode(key.value(), record.value())?;
        if stored.scan.state != ScanState::Running {
            scans.push(stored);
        }
    }
    Ok(scans)
}

fn name_certificates(transaction: &WriteTransaction) -> Result<(), StoreError> {
    let certificates = transaction.open_table(CERTIFICATES)?;
    let mut numbers = transaction.open_table(CERTIFICATE_NUMBERS)?;
    let mut fingerprints = transaction.open_table(CERTIFICATE_FINGERPRINTS)?;
    let mut by_subject = transaction.open_table(BY_CA_SUBJECT)?;
    let mut encoder = Encoder::default();
    for row in certificates.iter()? {
        let (key, record) = row?;
        let number = u64::from_be_bytes(*key.value());
        let certificate = CertificateRecord::decode(key.value(), record.value())?;
        let sha256 = certificate.sha256;
        numbers.insert(&sha256.0, certificate::encode_number(&mut encoder, &sha256, number))?;
        fingerprints.insert(key.value(), certificate::encode_fingerprint(&mut encoder, number, &sha256))?;
        if let Some(subject) = &certificate.ca_subject {
            by_subject.insert(&index_key(subject, number), ())?;
        }
    }
    Ok(())
}
