//! Where an observation stands in the record, and keys whose byte order is the order of the numbers.

use std::fmt;

/// A unit of a scan's walk, in the order the walk hands them out: block first, then index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct UnitPosition {
    pub block: u64,
    pub index: u128,
}

/// One observation of one scan: the scan's sequence number, the unit, and which of the unit's endpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    pub scan: u64,
    pub unit: UnitPosition,
    pub sub: u16,
}

impl Position {
    pub(super) fn key(&self) -> Key {
        let mut key = Key::default();
        key.push_number(self.scan.into());
        key.push_number(self.unit.block.into());
        key.push_number(self.unit.index);
        key.push_number(self.sub.into());
        key
    }

    /// Reads what [`Position::key`] wrote; `None` for any other bytes.
    pub(super) fn from_key(bytes: &[u8]) -> Option<Self> {
        let (scan, rest) = take_number(bytes)?;
        let (block, rest) = take_number(rest)?;
        let (index, rest) = take_number(rest)?;
        let (sub, rest) = take_number(rest)?;
        let unit = UnitPosition { block: block.try_into().ok()?, index };
        let position = Self { scan: scan.try_into().ok()?, unit, sub: sub.try_into().ok()? };
        rest.is_empty().then_some(position)
    }

    /// The least key of a scan; the least key of the next scan is past its last.
    pub(super) fn scan_start(scan: u64) -> Key {
        let mut key = Key::default();
        key.push_number(scan.into());
        key
    }

    /// Past every position of a scan, before any of the next.
    pub(super) fn after_scan(scan: u64) -> Self {
        Self { scan: scan.saturating_add(1), unit: UnitPosition::default(), sub: 0 }
    }

    /// The least key of a scan at or after `unit`.
    pub(super) fn unit_start(scan: u64, unit: UnitPosition) -> Key {
        let mut key = Self::scan_start(scan);
        key.push_number(unit.block.into());
        key.push_number(unit.index);
        key
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "scan {} unit {}.{} endpoint {}", self.scan, self.unit.block, self.unit.index, self.sub)
    }
}

/// A key of up to four numbers. Each number is its length in bytes, then its big-endian bytes without leading
/// zeros, so that keys compare like the numbers and small numbers cost two bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Key {
    bytes: [[u8; 16]; 3],
    length: usize,
}

impl Key {
    fn push_number(&mut self, number: u128) {
        let bytes = number.to_be_bytes();
        let skip = number.leading_zeros() / 8;
        let skip = usize::try_from(skip).unwrap_or(16);
        self.push(u8::try_from(16 - skip).unwrap_or(16));
        for byte in bytes.into_iter().skip(skip) {
            self.push(byte);
        }
    }

    fn push(&mut self, byte: u8) {
        // Four numbers of 8, 8, 16 and 2 bytes with their lengths need 38 bytes of the 48.
        if let Some(place) = self.bytes.as_flattened_mut().get_mut(self.length) {
            *place = byte;
            self.length += 1;
        }
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        self.bytes.as_flattened().get(..self.length).unwrap_or_default()
    }
}

fn take_number(bytes: &[u8]) -> Option<(u128, &[u8])> {
    let (&length, rest) = bytes.split_first()?;
    let (digits, rest) = rest.split_at_checked(length.into())?;
    if digits.len() > 16 || digits.first() == Some(&0) {
        return None;
    }
    Some((digits.iter().fold(0, |number, digit| number << 8 | u128::from(*digit)), rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn positions() -> impl Strategy<Value = Position> {
        let number = || prop_oneof![0..300u64, any::<u64>()];
        let index = prop_oneof![0..300u128, any::<u128>()];
        (number(), number(), index, any::<u16>()).prop_map(|(scan, block, index, sub)| Position {
            scan,
            unit: UnitPosition { block, index },
            sub,
        })
    }

    proptest! {
        #[test]
        fn keys_sort_like_positions_and_read_back(a in positions(), b in positions()) {
            prop_assert_eq!(a.key().as_slice().cmp(b.key().as_slice()), a.cmp(&b));
            prop_assert_eq!(Position::from_key(a.key().as_slice()), Some(a));
            prop_assert!(a.key().as_slice() > Position::unit_start(a.scan, a.unit).as_slice());
            prop_assert!(Position::unit_start(a.scan, a.unit).as_slice() > Position::scan_start(a.scan).as_slice());
            if let Some(next) = a.scan.checked_add(1) {
                prop_assert!(a.key().as_slice() < Position::scan_start(next).as_slice());
            }
        }

        #[test]
        fn hostile_keys_are_refused_or_read(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            if let Some(position) = Position::from_key(&bytes) {
                let key = position.key();
                prop_assert_eq!(key.as_slice(), bytes.as_slice());
            }
        }
    }
}
