//! How often one host is asked, and how many questions to it are under way.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::url::{Host, Url};

/// Hosts remembered; beyond, those that nobody asks at the moment are forgotten.
const MOST_HOSTS: usize = 4_096;

/// The right to ask one host, given back when dropped.
#[derive(Debug)]
pub(super) struct Turn {
    _permit: Option<OwnedSemaphorePermit>,
}

#[derive(Debug)]
struct Lane {
    turns: Arc<Semaphore>,
    /// When the next question may begin.
    next: Instant,
}

/// The hosts asked so far.
#[derive(Debug)]
pub(super) struct Hosts {
    in_flight: usize,
    interval: Duration,
    lanes: Mutex<HashMap<(Host, u16), Lane>>,
}

impl Hosts {
    pub(super) fn new(in_flight: usize, per_second: u32) -> Self {
        let interval = Duration::from_secs(1) / per_second.max(1);
        Self { in_flight: in_flight.max(1), interval, lanes: Mutex::default() }
    }

    /// Waits until the host of `url` may be asked.
    pub(super) async fn turn(&self, url: &Url) -> Turn {
        let key = (url.host.clone(), url.port);
        let turns = Arc::clone(&self.lane(&key, |lane| lane.turns.clone()));
        // Nobody closes the semaphore.
        let permit = turns.acquire_owned().await.ok();
        let interval = self.interval;
        let begin = self.lane(&key, |lane| {
            let begin = lane.next.max(Instant::now());
            lane.next = begin + interval;
            begin
        });
        tokio::time::sleep_until(begin).await;
        Turn { _permit: permit }
    }

    fn lane<T>(&self, key: &(Host, u16), look: impl FnOnce(&mut Lane) -> T) -> T {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if lanes.len() >= MOST_HOSTS && !lanes.contains_key(key) {
            let (all, now) = (self.in_flight, Instant::now());
            lanes.retain(|_, lane| lane.turns.available_permits() < all || lane.next > now);
        }
        let lane = lanes.entry(key.clone()).or_insert_with(|| Lane {
            turns: Arc::new(Semaphore::new(self.in_flight)),
            next: Instant::now(),
        });
        look(lane)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_host_is_asked_at_its_pace_and_others_at_once() {
        let hosts = Hosts::new(1, 10);
        let url = Url::parse("http://a.test/").unwrap();
        let start = Instant::now();
        drop(hosts.turn(&url).await);
        drop(hosts.turn(&Url::parse("http://b.test/").unwrap()).await);
        assert_eq!(start.elapsed(), Duration::ZERO);
        let held = hosts.turn(&url).await;
        assert_eq!(start.elapsed(), Duration::from_millis(100));
        let waits = tokio::time::timeout(Duration::from_secs(9), hosts.turn(&url)).await;
        assert!(waits.is_err(), "one in flight");
        drop(held);
        hosts.turn(&url).await;
    }
}
