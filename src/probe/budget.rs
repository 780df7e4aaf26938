//! The time one endpoint may take in all. Waiting for a turn, or for this machine, does not count; where several
//! connections of the endpoint wait at once, their common time is given back once. Never waits itself.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The time of one endpoint, shared by what runs side by side for it.
#[derive(Debug)]
pub(super) struct Budget {
    total: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy, Default)]
struct State {
    /// Set when the first connection may start.
    end: Option<Instant>,
    waiting: usize,
    /// Since when at least one has been waiting.
    since: Option<Instant>,
    /// Pauses up to then are given back already.
    paused_until: Option<Instant>,
}

impl Budget {
    /// `total` from the end of the first wait.
    pub(super) fn new(total: Duration) -> Self {
        Self { total, state: Mutex::default() }
    }

    /// The same time, for another way to the same endpoint.
    pub(super) fn go_on(&self) -> Self {
        let state = State { end: self.end(), ..State::default() };
        Self { total: self.total, state: Mutex::new(state) }
    }

    /// Waits for a turn from now on, until the guard is dropped.
    pub(super) fn wait(&self) -> Waiting<'_> {
        let mut state = self.state();
        if state.waiting == 0 {
            state.since = Some(Instant::now());
        }
        state.waiting += 1;
        drop(state);
        Waiting { budget: self }
    }

    /// This machine needs a pause that begins now.
    pub(super) fn pause(&self, pause: Duration) {
        let mut state = self.state();
        let now = Instant::now();
        let from = state.paused_until.map_or(now, |until| until.max(now));
        let until = now + pause;
        if until > from {
            state.end = state.end.map(|end| end + (until - from));
            state.paused_until = Some(until);
        }
    }

    /// When the time is over; put off for as long as somebody waits. `None` before the first connection may start.
    pub(super) fn end(&self) -> Option<Instant> {
        let state = self.state();
        Some(state.end? + state.since.map_or(Duration::ZERO, |since| since.elapsed()))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One that waits for its turn.
#[derive(Debug)]
pub(super) struct Waiting<'a> {
    budget: &'a Budget,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = self.budget.state();
        let now = Instant::now();
        state.waiting = state.waiting.saturating_sub(1);
        match state.end {
            None => {
                state.end = Some(now + self.budget.total);
                // What the others waited up to now is before their time.
                state.since = Some(now).filter(|_| state.waiting > 0);
            }
            Some(end) if state.waiting == 0 => {
                let waited = state.since.take().map_or(Duration::ZERO, |since| now - since);
                state.end = Some(end + waited);
            }
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    const TOTAL: Duration = Duration::from_secs(120);

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    /// Time runs from here.
    fn begun() -> Budget {
        let budget = Budget::new(TOTAL);
        drop(budget.wait());
        budget
    }

    #[tokio::test(start_paused = true)]
    async fn time_runs_from_the_first_turn_and_not_while_one_waits() {
        let budget = Budget::new(TOTAL);
        assert_eq!(budget.end(), None);
        let first = budget.wait();
        advance(seconds(7)).await;
        drop(first);
        let end = Instant::now() + TOTAL;
        assert_eq!(budget.end(), Some(end));
        let second = budget.wait();
        advance(seconds(3)).await;
        assert_eq!(budget.end(), Some(end + seconds(3)), "while it waits");
        drop(second);
        advance(seconds(10)).await;
        assert_eq!(budget.end(), Some(end + seconds(3)), "and after");
    }

    #[tokio::test(start_paused = true)]
    async fn two_that_wait_at_once_put_the_end_off_once() {
        let budget = begun();
        let end = budget.end().unwrap();
        for _ in 0..9 {
            let one = budget.wait();
            let other = budget.wait();
            advance(seconds(1)).await;
            drop(one);
            drop(other);
        }
        assert_eq!(budget.end(), Some(end + seconds(9)));
        // Overlapping in part: five seconds from the first's beginning to the second's end.
        let one = budget.wait();
        advance(seconds(2)).await;
        let other = budget.wait();
        advance(seconds(1)).await;
        drop(one);
        advance(seconds(2)).await;
        drop(other);
        assert_eq!(budget.end(), Some(end + seconds(14)));
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_of_this_machine_at_once_count_once() {
        let budget = begun();
        let end = budget.end().unwrap();
        budget.pause(seconds(2));
        advance(seconds(1)).await;
        budget.pause(seconds(2));
        budget.pause(seconds(1));
        assert_eq!(budget.end(), Some(end + seconds(3)));
    }

    #[tokio::test(start_paused = true)]
    async fn another_way_has_the_time_that_is_left() {
        let budget = begun();
        advance(seconds(20)).await;
        assert_eq!(budget.go_on().end(), Some(Instant::now() + seconds(100)));
    }
}
