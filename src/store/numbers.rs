//! Certificate numbers: those met lately, and sets of them.

use std::collections::HashMap;

use redb::ReadableTable;

use super::StoreError;
use super::record::certificate;
use crate::x509::Fingerprint;

/// Numbers of certificates seen lately, in two generations: bounded, and the busy ones stay.
#[derive(Debug, Default)]
pub(super) struct NumberCache {
    young: HashMap<Fingerprint, u64>,
    old: HashMap<Fingerprint, u64>,
}

impl NumberCache {
    /// What a table of 65,536 places holds: about 3 MB.
    const GENERATION: usize = 57_344;

    pub(super) fn get(
        &mut self,
        sha256: &Fingerprint,
        table: &impl ReadableTable<&'static [u8; 32], &'static [u8]>,
    ) -> Result<Option<u64>, StoreError> {
        if let Some(&number) = self.young.get(sha256) {
            return Ok(Some(number));
        }
        let number = match self.old.get(sha256) {
            Some(&number) => number,
            None => match table.get(&sha256.0)? {
                Some(record) => certificate::decode_number(&sha256.0, record.value())?,
                None => return Ok(None),
            },
        };
        self.put(*sha256, number);
        Ok(Some(number))
    }

    pub(super) fn put(&mut self, sha256: Fingerprint, number: u64) {
        if self.young.len() >= Self::GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(sha256, number);
    }
}

/// A set of certificate numbers, one bit each: numbers are given out without gaps.
#[derive(Debug, Default)]
pub(super) struct NumberSet {
    words: Vec<u64>,
}

impl NumberSet {
    pub(super) fn insert(&mut self, number: u64) {
        let Ok(word) = usize::try_from(number / 64) else { return };
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        if let Some(word) = self.words.get_mut(word) {
            *word |= 1 << (number % 64);
        }
    }

    pub(super) fn count(&self) -> u64 {
        self.words.iter().map(|word| u64::from(word.count_ones())).sum()
    }
}
