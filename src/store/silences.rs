//! Silences: standing orders of people not to tell what they match. An expired one stays until it is removed. And
//! what any decision of a person makes of the findings that are there.

use redb::{ReadableTable, WriteTransaction};

use super::record::audit::AuditEvent;
use super::record::finding::{self, StoredFinding};
use super::record::{Encoder, decision};
use super::schema::{FINDINGS, META, Mark, SILENCES};
use super::{Store, StoreError, outbox};
use crate::model::{Decision, Matcher, Silence};

/// What a person decided, written at once.
#[derive(Debug, Clone, Copy)]
pub struct DecisionCommit<'a> {
    /// Silences to come.
    pub add: &'a [(Matcher, Decision)],
    /// The number of the silence to go.
    pub remove: Option<u64>,
    /// The findings as the decision leaves them, each with the scan that touched it last.
    pub findings: &'a [StoredFinding],
    pub event: &'a AuditEvent,
}

impl Store {
    /// Writes a decision with what it makes of the findings, in one transaction; gives the silences it added.
    ///
    /// # Errors
    /// Nothing is changed then.
    pub fn put_decision(&self, commit: &DecisionCommit<'_>) -> Result<Vec<Silence>, StoreError> {
        self.placed(|| {
            let transaction = self.write()?;
            let mut added = Vec::with_capacity(commit.add.len());
            for (matcher, decision) in commit.add {
                added.push(insert(&transaction, matcher, decision)?);
            }
            if let Some(id) = commit.remove {
                transaction.open_table(SILENCES)?.remove(&id.to_be_bytes())?;
            }
            let mut encoder = Encoder::default();
            for StoredFinding { finding, scan } in commit.findings {
                let key = finding::key(&finding.profile, &finding.key);
                let record = finding::encode(&mut encoder, &key, finding, *scan);
                transaction.open_table(FINDINGS)?.insert(key.as_slice(), record)?;
            }
            outbox::commit(transaction, Some(commit.event))?;
            Ok(added)
        })
    }

    /// Every silence, in the order they were added.
    ///
    /// # Errors
    /// If a record is damaged or cannot be read.
    pub fn silences(&self) -> Result<Vec<Silence>, StoreError> {
        self.placed(|| {
            let table = self.read()?.open_table(SILENCES)?;
            table
                .iter()?
                .map(|row| {
                    let (key, record) = row?;
                    decision::decode(key.value(), record.value())
                })
                .collect()
        })
    }
}

/// Adds a silence under a number that no other had before, in the caller's transaction.
fn insert(
    transaction: &WriteTransaction,
    matcher: &Matcher,
    decision: &Decision,
) -> Result<Silence, StoreError> {
    let id = Mark::NextSilence.read(&transaction.open_table(META)?)?.unwrap_or(1);
    Mark::NextSilence.write(transaction, id.saturating_add(1))?;
    let silence = Silence { id, matcher: matcher.clone(), decision: decision.clone() };
    let mut encoder = Encoder::default();
    let record = decision::encode(&mut encoder, &silence);
    transaction.open_table(SILENCES)?.insert(&id.to_be_bytes(), record)?;
    Ok(silence)
}
