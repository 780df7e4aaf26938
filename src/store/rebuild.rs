//! Rebuilding what is derived from the ground truth, in one transaction.

use std::collections::BTreeSet;

use redb::{ReadableTable, WriteTransaction};

use super::ingest::WriterClaim;
use super::merge::{self, Order};
use super::record::audit::{AuditEntry, AuditEvent};
use super::record::certificate::{self, CertificateRecord};
use super::record::scan::{self, StoredScan};
use super::record::{Encoder, Table, open_version};
use super::schema::{
    AUDIT, BY_CA_SUBJECT, BY_EXPIRY, BY_KEY, CERTIFICATE_FINGERPRINTS, CERTIFICATE_NUMBERS,
    CERTIFICATE_STATES, CERTIFICATES, ENDPOINTS, HISTORY, Mark, SCAN_IDS, SCANS, create_tables,
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
            let overtaken = overtaken(&transaction)?;
            for mut stored in finished(&transaction)? {
                let is_overtaken = overtaken.contains(&stored.sequence);
                let order = if is_overtaken { Order::ByTime } else { Order::BySequence };
                merge::merge_scan(&transaction, &mut stored, order)?;
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

/// Scans after which one that was begun earlier was resumed, as the audit log tells: of these two the clock says which
/// looked last. Damaged entries of the log are for the examination to tell.
fn overtaken(transaction: &WriteTransaction) -> Result<BTreeSet<u64>, StoreError> {
    let ids = transaction.open_table(SCAN_IDS)?;
    let mut overtaken = BTreeSet::new();
    let mut begun = 0;
    for row in transaction.open_table(AUDIT)?.iter()? {
        let (key, record) = row?;
        let Ok(AuditEntry { event, .. }) = AuditEntry::decode(key.value(), record.value()) else { continue };
        let is_resumed = event.action == "scan.resumed";
        if !is_resumed && event.action != "scan.started" {
            continue;
        }
        let id = event.object.as_bytes();
        let Some(record) = ids.get(id)? else { continue };
        let sequence = open_version(Table::ScanId, id, record.value(), 1)?.varint()?;
        if is_resumed {
            overtaken.extend(sequence.saturating_add(1)..=begun);
        } else {
            begun = begun.max(sequence);
        }
    }
    Ok(overtaken)
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
