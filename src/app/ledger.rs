//! Which units of a sweep are done, although they end in any order: what a resumed scan leaves out.

use std::collections::{BTreeSet, VecDeque};

/// Number of a unit in the order it was handed out in this run, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ordinal(pub(super) u64);

/// Units done: all up to a point, and some beyond it. Generic over the position so that it can be tested alone.
#[derive(Debug)]
pub(super) struct Ledger<P> {
    /// Ordinal of the window's first unit.
    first: u64,
    /// Units from `first` on; `None` is still in flight.
    window: VecDeque<Option<P>>,
    through: Option<P>,
    /// Done by an earlier run beyond the point where this one started.
    inherited: BTreeSet<P>,
}

/// A snapshot to commit with the observations it covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Done<P> {
    /// Every unit up to this one, itself included, is done.
    pub(super) through: Option<P>,
    /// Units beyond it that are done, in order.
    pub(super) beyond: Vec<P>,
}

impl<P: Copy + Ord> Ledger<P> {
    /// Starts where an earlier run stopped.
    pub(super) fn new(earlier: Done<P>) -> Self {
        Self {
            first: 0,
            window: VecDeque::new(),
            through: earlier.through,
            inherited: earlier.beyond.into_iter().collect(),
        }
    }

    /// Marks a unit as done.
    pub(super) fn complete(&mut self, ordinal: Ordinal, position: P) {
        let Some(offset) = ordinal.0.checked_sub(self.first).and_then(|offset| usize::try_from(offset).ok())
        else {
            return;
        };
        while self.window.len() <= offset {
            self.window.push_back(None);
        }
        if let Some(slot) = self.window.get_mut(offset) {
            *slot = Some(position);
        }
        while let Some(Some(position)) = self.window.front().copied() {
            self.window.pop_front();
            self.first += 1;
            self.through = Some(position);
        }
        if let Some(through) = self.through {
            while self.inherited.first().is_some_and(|first| *first <= through) {
                self.inherited.pop_first();
            }
        }
    }

    /// What is done now.
    pub(super) fn done(&self) -> Done<P> {
        let mut beyond: Vec<P> =
            self.window.iter().flatten().copied().chain(self.inherited.iter().copied()).collect();
        beyond.sort_unstable();
        Done { through: self.through, beyond }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh() -> Ledger<u32> {
        Ledger::new(Done { through: None, beyond: vec![] })
    }

    #[test]
    fn units_may_end_in_any_order() {
        let mut ledger = fresh();
        ledger.complete(Ordinal(2), 20);
        assert_eq!(ledger.done(), Done { through: None, beyond: vec![20] });
        ledger.complete(Ordinal(0), 0);
        assert_eq!(ledger.done(), Done { through: Some(0), beyond: vec![20] });
        ledger.complete(Ordinal(1), 10);
        assert_eq!(ledger.done(), Done { through: Some(20), beyond: vec![] });
    }

    #[test]
    fn what_an_earlier_run_did_is_not_forgotten() {
        let mut ledger = Ledger::new(Done { through: Some(3), beyond: vec![6, 9] });
        // This run is handed 4, 5, 7, 8, 10: the earlier run did 6 and 9.
        ledger.complete(Ordinal(1), 5);
        assert_eq!(ledger.done(), Done { through: Some(3), beyond: vec![5, 6, 9] });
        ledger.complete(Ordinal(0), 4);
        ledger.complete(Ordinal(2), 7);
        assert_eq!(ledger.done(), Done { through: Some(7), beyond: vec![9] });
    }

    #[test]
    fn the_window_does_not_grow_with_the_sweep() {
        let mut ledger = fresh();
        for n in 0..100_000_u32 {
            ledger.complete(Ordinal(n.into()), n);
        }
        assert!(ledger.window.capacity() < 64);
        assert_eq!(ledger.done(), Done { through: Some(99_999), beyond: vec![] });
    }
}
