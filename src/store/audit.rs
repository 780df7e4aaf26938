//! The audit log: one entry for each change, written in the same transaction as the change. Never rewritten.

use redb::{ReadableTable, WriteTransaction};

use super::record::Encoder;
use super::record::audit::{AuditEntry, AuditEvent};
use super::schema::AUDIT;
use super::{Flow, Store, StoreError};

impl Store {
    /// Appends an entry that belongs to no other change of the record.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn record(&self, event: &AuditEvent) -> Result<(), StoreError> {
        self.placed(|| {
            let transaction = self.write()?;
            append(&transaction, event)?;
            Ok(transaction.commit()?)
        })
    }

    /// Walks the log from sequence number `from` on, until `visit` breaks.
    ///
    /// # Errors
    /// If an entry is damaged or cannot be read.
    pub fn audit(&self, from: u64, mut visit: impl FnMut(AuditEntry) -> Flow) -> Result<(), StoreError> {
        self.placed(|| {
            let table = self.read()?.open_table(AUDIT)?;
            for row in table.range::<&[u8; 8]>(&from.to_be_bytes()..)? {
                let (key, record) = row?;
                if visit(AuditEntry::decode(key.value(), record.value())?).is_break() {
                    break;
                }
            }
            Ok(())
        })
    }
}

/// Appends an entry in the caller's transaction.
pub(super) fn append(transaction: &WriteTransaction, event: &AuditEvent) -> Result<(), StoreError> {
    let mut table = transaction.open_table(AUDIT)?;
    let last = table.last()?.map_or(0, |(key, _)| u64::from_be_bytes(*key.value()));
    let entry = AuditEntry { sequence: last.saturating_add(1), event: event.clone() };
    let mut encoder = Encoder::default();
    table.insert(&entry.sequence.to_be_bytes(), entry.encode(&mut encoder))?;
    Ok(())
}
