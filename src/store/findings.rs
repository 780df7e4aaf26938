//! Findings by profile, and the endpoints that are members of each.

use redb::WriteTransaction;

use super::record::Encoder;
use super::record::audit::AuditEvent;
use super::record::finding::{self, StoredFinding};
use super::schema::{FINDINGS, MEMBERS};
use super::{Flow, Store, StoreError, outbox, watch};
use crate::model::{EndpointId, Finding, FindingKey, Outgoing, ProfileWatch};

/// A finding as it is now, and the endpoints that had it in the scan that reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingUpdate {
    pub finding: Finding,
    pub members: Vec<EndpointId>,
}

/// What is written of findings at once.
#[derive(Debug, Clone, Copy, Default)]
pub struct FindingsCommit<'a> {
    /// Sequence number of the scan that touches the findings.
    pub sequence: u64,
    pub updates: &'a [FindingUpdate],
    /// The news that the updates bring, in the order it is told.
    pub outgoing: &'a [Outgoing],
    pub event: Option<&'a AuditEvent>,
    /// A profile, and what the watch remembers of it from now on.
    pub profile_watch: Option<(&'a str, &'a ProfileWatch)>,
}

impl Store {
    /// The finding of `profile` with this key.
    ///
    /// # Errors
    /// If a record is damaged or cannot be read.
    pub fn finding(&self, profile: &str, key: &FindingKey) -> Result<Option<StoredFinding>, StoreError> {
        self.placed(|| {
            let key = finding::key(profile, key);
            match self.read()?.open_table(FINDINGS)?.get(key.as_slice())? {
                Some(record) => finding::decode(&key, record.value()).map(Some),
                None => Ok(None),
            }
        })
    }

    /// Walks the findings of `profile` in the order of their keys, until `visit` breaks.
    ///
    /// # Errors
    /// If a record is damaged or cannot be read.
    pub fn findings(
        &self,
        profile: &str,
        mut visit: impl FnMut(StoredFinding) -> Flow,
    ) -> Result<(), StoreError> {
        self.placed(|| {
            let prefix = finding::profile_prefix(profile);
            let table = self.read()?.open_table(FINDINGS)?;
            for row in table.range::<&[u8]>(prefix.as_slice()..)? {
                let (key, record) = row?;
                if !key.value().starts_with(&prefix) {
                    break;
                }
                if visit(finding::decode(key.value(), record.value())?).is_break() {
                    break;
                }
            }
            Ok(())
        })
    }

    /// The members of a finding, each with the sequence number of the last scan that reported it.
    ///
    /// # Errors
    /// If a record is damaged or cannot be read.
    pub fn finding_members(
        &self,
        profile: &str,
        key: &FindingKey,
    ) -> Result<Vec<(EndpointId, u64)>, StoreError> {
        self.placed(|| {
            let prefix = finding::member_prefix(profile, key);
            let table = self.read()?.open_table(MEMBERS)?;
            let mut members = Vec::new();
            for row in table.range::<&[u8]>(prefix.as_slice()..)? {
                let (key, record) = row?;
                if !key.value().starts_with(&prefix) {
                    break;
                }
                members.push(finding::decode_member(key.value(), record.value())?);
            }
            Ok(members)
        })
    }

    /// Writes findings as a scan or a decision leaves them, with the news that this brings: all of `commit` in one
    /// transaction.
    ///
    /// # Errors
    /// Nothing is changed then.
    pub fn put_findings(&self, commit: &FindingsCommit<'_>) -> Result<(), StoreError> {
        self.placed(|| {
            let transaction = self.write()?;
            put_updates(&transaction, commit)?;
            outbox::append(&transaction, commit.outgoing)?;
            if let Some((profile, watch)) = commit.profile_watch {
                watch::put_profile(&transaction, profile, watch)?;
            }
            outbox::commit(transaction, commit.event)
        })
    }
}

fn put_updates(transaction: &WriteTransaction, commit: &FindingsCommit<'_>) -> Result<(), StoreError> {
    let mut findings = transaction.open_table(FINDINGS)?;
    let mut members = transaction.open_table(MEMBERS)?;
    let mut encoder = Encoder::default();
    for FindingUpdate { finding, members: ids } in commit.updates {
        let key = finding::key(&finding.profile, &finding.key);
        let record = finding::encode(&mut encoder, &key, finding, commit.sequence);
        findings.insert(key.as_slice(), record)?;
        let prefix = finding::member_prefix(&finding.profile, &finding.key);
        for id in ids {
            let key = [prefix.as_slice(), &id.0].concat();
            let record = finding::encode_member(&mut encoder, &key, commit.sequence);
            members.insert(key.as_slice(), record)?;
        }
    }
    Ok(())
}
