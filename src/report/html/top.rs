//! The first so many of things that come in any order, with how many there were in all.

use std::collections::BTreeMap;

/// Keeps the `most` smallest keys; of equal keys those that came first.
#[derive(Debug)]
pub(super) struct Top<K, V> {
    most: usize,
    kept: BTreeMap<(K, u64), V>,
    total: u64,
}

impl<K: Ord, V> Top<K, V> {
    pub(super) fn new(most: usize) -> Self {
        Self { most, kept: BTreeMap::new(), total: 0 }
    }

    /// Offers one more; `value` is made only where it is kept.
    pub(super) fn offer(&mut self, key: K, value: impl FnOnce() -> V) {
        self.total += 1;
        let key = (key, self.total);
        if self.kept.len() >= self.most {
            if self.kept.last_key_value().is_none_or(|(last, _)| *last <= key) {
                return;
            }
            self.kept.pop_last();
        }
        self.kept.insert(key, value());
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &V> {
        self.kept.values()
    }

    /// How many were offered.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// How many were offered and not kept.
    pub(super) fn left_out(&self) -> u64 {
        self.total.saturating_sub(u64::try_from(self.kept.len()).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_are_kept_whenever_they_come() {
        let mut top = Top::new(3);
        for key in [5, 1, 4, 1, 9, 0] {
            top.offer(key, || key);
        }
        assert_eq!(top.iter().copied().collect::<Vec<_>>(), [0, 1, 1]);
        assert_eq!((top.total(), top.left_out()), (6, 3));
    }
}
