//! The door to the wall clock. Judgement never opens it: `now` is passed in.

use crate::time::UnixTime;

/// Tells the time; the fake stands still until it is moved.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// Now, in whole seconds.
    fn now(&self) -> UnixTime;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    fn now(&self) -> UnixTime {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        UnixTime(since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX)))
    }
}

/// A clock that is moved by hand, for tests in which days pass.
#[derive(Debug, Default)]
pub struct ManualClock(std::sync::atomic::AtomicI64);

impl ManualClock {
    /// A clock that shows `now` until it is set.
    pub fn at(now: UnixTime) -> Self {
        Self(now.0.into())
    }

    /// Moves the clock.
    pub fn set(&self, now: UnixTime) {
        self.0.store(now.0, std::sync::atomic::Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> UnixTime {
        UnixTime(self.0.load(std::sync::atomic::Ordering::Relaxed))
    }
}
