//! How many connections are in flight in all, and when to have fewer.
//!
//! # The rule
//!
//! The number in flight starts at what was asked for, and there it stays while all is well. It is halved, down to
//! a sixty-fourth,
//!
//! * when this machine has no descriptor, port or memory for another connection, at most once a second;
//! * when answers fail to come: an answer is an established connection or a refusal. Answers are counted in
//!   windows just long enough that 64 are due, by their share in what the scan saw before. A window with fewer
//!   than half of them did not come about by chance (four standard deviations). Hosts that ought to answer and
//!   addresses that nobody knows have windows of their own, so that an empty range is never taken for a failing
//!   network. What was under way when the number was cut says nothing about the cut and is left out.
//!
//! A sixteenth of what was asked for is added for each round (as many outcomes as may be in flight) that goes by
//! without a cut. Bad windows, too, become part of what the scan saw before: a network that has changed for good
//! is not punished for ever.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;

use super::Expectation;
use super::calendar::Nanos;

/// Answers due in one window.
const DUE: u64 = 64;
/// Connects that the memory of what was seen before holds; older ones count half, a quarter, …
const MEMORY: u64 = 4_096;
/// Nanoseconds between two cuts for want of descriptors: they run out for all workers at once.
const SHORTAGE_PAUSE: Nanos = 1_000_000_000;

#[derive(Debug)]
pub(super) struct Crowd {
    seats: Semaphore,
    /// Seats to be taken away as soon as somebody leaves one.
    owed: AtomicUsize,
    limit: Mutex<Limit>,
}

impl Crowd {
    /// At most `ceiling` in flight; 0 counts as 1.
    pub(super) fn new(ceiling: usize) -> Self {
        let ceiling = ceiling.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            seats: Semaphore::new(ceiling),
            owed: AtomicUsize::new(0),
            limit: Mutex::new(Limit::new(ceiling)),
        }
    }

    /// Waits for a seat.
    pub(super) async fn enter(&self) -> Seat<'_> {
        // Never an error: the semaphore is not closed.
        if let Ok(permit) = self.seats.acquire().await {
            permit.forget();
        }
        Seat { crowd: self }
    }

    /// Learns how one connect ended.
    pub(super) fn note(&self, expectation: Expectation, answered: bool) {
        let mut limit = self.limit();
        match limit.note(expectation, answered) {
            Change::None => {}
            Change::Fewer(seats) => self.take_away(seats),
            Change::More(seats) => self.add(seats),
        }
    }

    /// Learns that this machine had nothing left for another connection.
    pub(super) fn shortage(&self, now: Nanos) {
        let mut limit = self.limit();
        let seats = limit.shortage(now);
        self.take_away(seats);
    }

    /// Times that the number in flight was cut.
    pub(super) fn cuts(&self) -> u64 {
        self.limit().cuts
    }

    /// How many may be in flight now.
    #[cfg(test)]
    pub(super) fn may_hold(&self) -> usize {
        self.limit().now
    }

    fn take_away(&self, seats: usize) {
        let taken = self.seats.forget_permits(seats);
        self.owed.fetch_add(seats - taken, Ordering::AcqRel);
    }

    fn add(&self, seats: usize) {
        (0..seats).for_each(|_| self.leave());
    }

    /// Pays a debt with the seat, else leaves it to the next.
    fn leave(&self) {
        let paid = self.owed.fetch_update(Ordering::AcqRel, Ordering::Acquire, |owed| owed.checked_sub(1));
        if paid.is_err() {
            self.seats.add_permits(1);
        }
    }

    fn limit(&self) -> MutexGuard<'_, Limit> {
        self.limit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A seat in the crowd, given back on drop.
#[derive(Debug)]
pub(super) struct Seat<'a> {
    crowd: &'a Crowd,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.crowd.leave();
    }
}

enum Change {
    None,
    Fewer(usize),
    More(usize),
}

/// The rule, without the seats.
#[derive(Debug)]
struct Limit {
    now: usize,
    ceiling: usize,
    /// Outcomes since the limit last changed.
    round: usize,
    /// Outcomes to leave out: they were under way when the limit was cut.
    stale: usize,
    last_shortage: Option<Nanos>,
    expected: Window,
    unknown: Window,
    cuts: u64,
}

impl Limit {
    fn new(ceiling: usize) -> Self {
        Self {
            now: ceiling,
            ceiling,
            round: 0,
            stale: 0,
            last_shortage: None,
            expected: Window::default(),
            unknown: Window::default(),
            cuts: 0,
        }
    }

    fn note(&mut self, expectation: Expectation, answered: bool) -> Change {
        if self.stale > 0 {
            self.stale -= 1;
            return Change::None;
        }
        let window = match expectation {
            Expectation::Answer => &mut self.expected,
            Expectation::Nothing => &mut self.unknown,
        };
        if window.note(answered) {
            return Change::Fewer(self.cut());
        }
        if self.now == self.ceiling {
            return Change::None;
        }
        self.round += 1;
        if self.round < self.now {
            return Change::None;
        }
        self.round = 0;
        let more = (self.ceiling / 16).max(1).min(self.ceiling - self.now);
        self.now += more;
        Change::More(more)
    }

    fn shortage(&mut self, now: Nanos) -> usize {
        if self.last_shortage.is_some_and(|last| now < last + SHORTAGE_PAUSE) {
            return 0;
        }
        self.last_shortage = Some(now);
        self.cut()
    }

    /// Halves the limit and tells how many seats that takes.
    fn cut(&mut self) -> usize {
        let floor = (self.ceiling / 64).max(1);
        let to = (self.now / 2).max(floor);
        let fewer = self.now - to;
        self.round = 0;
        if fewer > 0 {
            self.stale = self.now;
            self.now = to;
            self.cuts += 1;
        }
        fewer
    }
}

/// Connects and their answers: lately, and before.
#[derive(Debug, Default)]
struct Window {
    connects: u64,
    answers: u64,
    connects_before: u64,
    answers_before: u64,
}

impl Window {
    /// Counts one connect; true if it ends a window in which answers failed to come.
    fn note(&mut self, answered: bool) -> bool {
        self.connects += 1;
        self.answers += u64::from(answered);
        if self.connects < DUE || self.connects * self.answers_before < DUE * self.connects_before {
            // Where nothing ever answers, a window has no end of its own.
            if self.connects >= MEMORY || (self.connects_before < DUE && self.connects >= DUE) {
                self.close();
            }
            return false;
        }
        let failing = self.connects_before > 0
            && 2 * self.answers * self.connects_before < self.connects * self.answers_before;
        self.close();
        failing
    }

    fn close(&mut self) {
        self.connects_before += self.connects;
        self.answers_before += self.answers;
        self.connects = 0;
        self.answers = 0;
        if self.connects_before > MEMORY {
            self.connects_before /= 2;
            self.answers_before /= 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crowd_after(ceiling: usize, outcomes: impl IntoIterator<Item = (Expectation, bool)>) -> Crowd {
        let crowd = Crowd::new(ceiling);
        outcomes.into_iter().for_each(|(expectation, answered)| crowd.note(expectation, answered));
        crowd
    }

    fn answered(n: usize) -> impl Iterator<Item = (Expectation, bool)> {
        std::iter::repeat_n((Expectation::Answer, true), n)
    }

    fn silent(n: usize) -> impl Iterator<Item = (Expectation, bool)> {
        std::iter::repeat_n((Expectation::Answer, false), n)
    }

    #[test]
    fn answers_that_stop_coming_halve_the_number_in_flight() {
        let crowd = crowd_after(100, answered(640).chain(silent(64)));
        assert_eq!((crowd.may_hold(), crowd.cuts()), (50, 1));
        assert_eq!(crowd.seats.available_permits(), 50);
    }

    #[test]
    fn an_empty_range_is_never_slowed() {
        let dark = std::iter::repeat_n((Expectation::Nothing, false), 50_000);
        assert_eq!(crowd_after(100, dark).may_hold(), 100);
        let sparse = (0..50_000).map(|i| (Expectation::Nothing, i % 50 == 0));
        assert_eq!(crowd_after(100, sparse).may_hold(), 100);
        let named_then_dark =
            answered(1_000).chain(std::iter::repeat_n((Expectation::Nothing, false), 50_000));
        assert_eq!(crowd_after(100, named_then_dark).may_hold(), 100);
    }

    #[test]
    fn a_stale_list_of_names_is_what_was_seen_before() {
        let half = (0..10_000).map(|i| (Expectation::Answer, i % 2 == 0));
        assert_eq!(crowd_after(100, half).cuts(), 0);
    }

    #[test]
    fn a_sparse_range_that_falls_silent_is_noticed() {
        let sparse = (0..20_000).map(|i| (Expectation::Nothing, i % 20 == 0));
        let crowd = crowd_after(100, sparse.chain(std::iter::repeat_n((Expectation::Nothing, false), 3_000)));
        assert!(crowd.cuts() >= 1);
    }

    #[test]
    fn the_number_comes_back_step_by_step() {
        let crowd = crowd_after(160, answered(640).chain(silent(64)));
        assert_eq!(crowd.may_hold(), 80);
        answered(160 + 80).for_each(|(e, a)| crowd.note(e, a));
        assert_eq!(crowd.may_hold(), 90, "the 160 that were under way are left out, then one round of 80");
        answered(10_000).for_each(|(e, a)| crowd.note(e, a));
        assert_eq!((crowd.may_hold(), crowd.seats.available_permits()), (160, 160));
    }

    #[test]
    fn a_network_that_changed_for_good_is_not_punished_for_ever() {
        let crowd = crowd_after(128, answered(640).chain(silent(100_000)));
        assert_eq!(crowd.may_hold(), 128);
        assert!(crowd.cuts() > 1);
    }

    #[tokio::test]
    async fn a_shortage_takes_seats_from_those_who_leave() {
        let crowd = Crowd::new(4);
        let mut seats = Vec::new();
        for _ in 0..4 {
            seats.push(crowd.enter().await);
        }
        crowd.shortage(0);
        crowd.shortage(5);
        assert_eq!((crowd.may_hold(), crowd.cuts()), (2, 1), "once a second");
        crowd.shortage(SHORTAGE_PAUSE);
        assert_eq!(crowd.may_hold(), 1);
        seats.clear();
        assert_eq!(crowd.seats.available_permits(), 1);
    }
}
