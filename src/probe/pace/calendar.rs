//! A rate as a calendar of places: each reservation takes the first free place at or after a given time, so that
//! one who must wait for another reason holds up nobody. Never sleeps and never reads a clock.

use std::collections::BTreeMap;

/// Nanoseconds since the pacer was made.
pub(super) type Nanos = u64;

const SECOND: Nanos = 1_000_000_000;
const MILLISECOND: Nanos = 1_000_000;

/// At most `rate` places in each second: up to 1,000 evenly spaced, above that by the millisecond.
#[derive(Debug)]
pub(super) struct Calendar {
    rate: u32,
    /// Nanoseconds covered by one page.
    page: Nanos,
    /// Places taken on each page from now on; a page that is not there is empty.
    taken: BTreeMap<u64, u32>,
    /// Every page from now to before this one is full.
    full_until: u64,
}

impl Calendar {
    /// A calendar of `rate` places a second; 0 counts as 1.
    pub(super) fn new(rate: u32) -> Self {
        let rate = rate.max(1);
        Self {
            rate,
            page: SECOND.div_ceil(u64::from(rate)).max(MILLISECOND),
            taken: BTreeMap::new(),
            full_until: 0,
        }
    }

    /// Takes the first free place at or after `earliest` and tells its time.
    pub(super) fn take(&mut self, earliest: Nanos, now: Nanos) -> Nanos {
        self.forget_before(now / self.page);
        let from_the_front = earliest / self.page <= self.full_until;
        let mut page = (earliest / self.page).max(self.full_until);
        let taken = loop {
            let taken = self.taken.get(&page).copied().unwrap_or(0);
            if taken < self.places(page) {
                break taken + 1;
            }
            page += 1;
        };
        self.taken.insert(page, taken);
        if from_the_front {
            self.full_until = if taken == self.places(page) { page + 1 } else { page };
        }
        earliest.max(page.saturating_mul(self.page))
    }

    fn forget_before(&mut self, current: u64) {
        while let Some(first) = self.taken.first_entry()
            && *first.key() < current
        {
            first.remove();
        }
        self.full_until = self.full_until.max(current);
    }

    /// Places on one page: one, or the millisecond's share of a rate that does not divide evenly.
    fn places(&self, page: u64) -> u32 {
        if self.page > MILLISECOND {
            return 1;
        }
        let share = |pages: u64| u128::from(pages) * u128::from(self.rate) / 1_000;
        u32::try_from(share(page + 1) - share(page)).unwrap_or(u32::MAX)
    }

    #[cfg(test)]
    fn pages(&self) -> usize {
        self.taken.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_rate_is_evenly_spaced() {
        let mut calendar = Calendar::new(500);
        let times: Vec<_> = (0..4).map(|_| calendar.take(0, 0)).collect();
        assert_eq!(times, [0, 2_000_000, 4_000_000, 6_000_000]);
        assert_eq!(
            calendar.take(9_500_000, 9_500_000),
            9_500_000,
            "a free place on a page begun is used now"
        );
    }

    #[test]
    fn a_fast_rate_fills_milliseconds() {
        let mut calendar = Calendar::new(2_500);
        let times: Vec<_> = (0..10).map(|_| calendar.take(0, 0) / MILLISECOND).collect();
        assert_eq!(times, [0, 0, 1, 1, 1, 2, 2, 3, 3, 3]);
    }

    #[test]
    fn a_reservation_far_ahead_holds_up_nobody() {
        let mut calendar = Calendar::new(1_000);
        assert_eq!(calendar.take(60 * SECOND, 0), 60 * SECOND);
        assert_eq!(calendar.take(0, 0), 0);
        assert_eq!(calendar.take(0, 0), MILLISECOND);
        assert_eq!(calendar.take(60 * SECOND, MILLISECOND), 60 * SECOND + MILLISECOND);
    }

    #[test]
    fn no_second_holds_more_than_the_rate() {
        for rate in [1, 3, 7, 999, 1_000, 1_001, 1_999, 54_321] {
            let mut calendar = Calendar::new(rate);
            let times: Vec<_> = (0..u64::from(rate) * 3).map(|_| calendar.take(0, 0)).collect();
            let second = usize::try_from(rate).unwrap();
            assert!(times.windows(second + 1).all(|w| w[second] - w[0] + MILLISECOND >= SECOND), "{rate}");
            let last = *times.last().unwrap();
            assert!(last < 3 * SECOND + MILLISECOND, "{rate} ends at {last}");
        }
    }

    #[test]
    fn the_past_is_forgotten() {
        let mut calendar = Calendar::new(1_000);
        for i in 0..100_000 {
            let now = i * MILLISECOND;
            calendar.take(now, now);
        }
        assert!(calendar.pages() <= 2);
    }

    #[test]
    fn a_rate_of_nothing_is_one_a_second() {
        let mut calendar = Calendar::new(0);
        assert_eq!((calendar.take(0, 0), calendar.take(0, 0)), (0, SECOND));
    }
}
