//! The audit log's canonical bytes.
//!
//! ```text
//! 0x01 ‖ sequence (8, big-endian) ‖ unix seconds (8, big-endian, two's complement)
//!      ‖ actor ‖ action ‖ object ‖ detail      each: length (4, big-endian) ‖ UTF-8
//! ```
//!
//! The bytes are a function of the entry alone, so that they can be the leaves of a Merkle tree (RFC 6962).

use super::{Encoder, StoreError, Table, open_version};
use crate::time::UnixTime;

const VERSION: u8 = 1;
const FORM: u8 = 1;

/// Something that changed the record, before it has its place in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent {
    pub at: UnixTime,
    /// Who asked.
    pub actor: String,
    /// What was done: `scan.started`, `findings.reconciled`, …
    pub action: String,
    /// To what: a scan's id, a profile, a path.
    pub object: String,
    pub detail: String,
}

/// An entry of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// From 1, without gaps.
    pub sequence: u64,
    pub event: AuditEvent,
}

impl AuditEntry {
    /// The canonical bytes.
    pub fn canonical(&self) -> Vec<u8> {
        let AuditEvent { at, actor, action, object, detail } = &self.event;
        let mut bytes = vec![FORM];
        bytes.extend_from_slice(&self.sequence.to_be_bytes());
        bytes.extend_from_slice(&at.0.to_be_bytes());
        for text in [actor, action, object, detail] {
            // No text here comes near 4 GiB; a longer one would be cut at a character.
            let length = u32::try_from(text.len()).unwrap_or(0);
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(if length == 0 { &[] } else { text.as_bytes() });
        }
        bytes
    }

    pub(in crate::store) fn encode<'e>(&self, encoder: &'e mut Encoder) -> &'e [u8] {
        let key = self.sequence.to_be_bytes();
        encoder.begin(Table::Audit, &key, VERSION).extend_from_slice(&self.canonical());
        encoder.finish()
    }

    pub(in crate::store) fn decode(key: &[u8], record: &[u8]) -> Result<Self, StoreError> {
        let mut decoder = open_version(Table::Audit, key, record, VERSION)?;
        let form = decoder.byte()?;
        let sequence = u64::from_be_bytes(decoder.array()?);
        if form != FORM || key != sequence.to_be_bytes() {
            return Err(decoder.corrupt());
        }
        let at = UnixTime(i64::from_be_bytes(decoder.array()?));
        let mut text = || {
            let length = u32::from_be_bytes(decoder.array()?);
            let length = usize::try_from(length).map_err(|_| decoder.corrupt())?;
            let bytes = decoder.take(length)?;
            String::from_utf8(bytes.to_vec()).map_err(|_| decoder.corrupt())
        };
        let event = AuditEvent { at, actor: text()?, action: text()?, object: text()?, detail: text()? };
        decoder.end()?;
        Ok(Self { sequence, event })
    }
}
