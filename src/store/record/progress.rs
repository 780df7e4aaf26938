//! How far a running scan has come: committed with each batch, so that a resumed scan repeats no committed work.

use super::scan::{decode_counts, key, put_counts};
use super::{Encoder, StoreError, Table, open_version, put_length, put_varint, put_wide};
use crate::model::Counts;
use crate::store::position::UnitPosition;

const VERSION: u8 = 1;

/// What is done: every unit before `next`, and those of `done`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// First unit that is not done.
    pub next: UnitPosition,
    /// Units after `next` that are done, ascending. As many as were in flight at once.
    pub done: Vec<UnitPosition>,
    /// Accounts of the units done, the unlisted dead included.
    pub counts: Counts,
}

impl Progress {
    /// Whether `unit` is done.
    pub fn is_done(&self, unit: UnitPosition) -> bool {
        unit < self.next || self.done.binary_search(&unit).is_ok()
    }
}

pub(in crate::store) fn encode<'e>(encoder: &'e mut Encoder, scan: u64, progress: &Progress) -> &'e [u8] {
    let out = encoder.begin(Table::Progress, &key(scan), VERSION);
    put_varint(out, progress.next.block);
    put_wide(out, progress.next.index);
    put_length(out, progress.done.len());
    let mut last = progress.next;
    for &unit in &progress.done {
        put_varint(out, unit.block.wrapping_sub(last.block));
        put_wide(
            out,
            if unit.block == last.block { unit.index.wrapping_sub(last.index) } else { unit.index },
        );
        last = unit;
    }
    put_counts(out, &progress.counts);
    encoder.finish()
}

pub(in crate::store) fn decode(key: &[u8], record: &[u8]) -> Result<Progress, StoreError> {
    let mut decoder = open_version(Table::Progress, key, record, VERSION)?;
    let next = UnitPosition { block: decoder.varint()?, index: decoder.wide()? };
    let mut last = next;
    let done = decoder.list(|decoder| {
        let blocks = decoder.varint()?;
        let index = decoder.wide()?;
        last = UnitPosition {
            block: last.block.wrapping_add(blocks),
            index: if blocks == 0 { last.index.wrapping_add(index) } else { index },
        };
        Ok(last)
    })?;
    let counts = decode_counts(&mut decoder)?;
    decoder.end()?;
    Ok(Progress { next, done, counts })
}
