//! Pace: when each connection may start, and how many may be open. Never opens one.
//!
//! A connection passes three gates. `crowd` bounds how many are in flight in all, and lowers that number when
//! connections start to fail. `hosts` bounds how many one host sees at a time. `schedule` keeps the rates: in
//! all, for each host, for each network; a wait there is one sleep until a reserved time.

mod calendar;
mod crowd;
mod hosts;
mod schedule;

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use calendar::Nanos;
use crowd::{Crowd, Seat};
use hosts::{Hosts, Place};
use schedule::Schedule;

/// How fast to go, and how wide. The default is the contract's; `None` lifts a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// New connections a second, in all.
    pub rate: Option<u32>,
    /// Connections in flight, in all. Lowered to what the limit of file descriptors allows.
    pub concurrency: usize,
    /// Connections in flight to one host.
    pub per_host_in_flight: usize,
    /// New connections a second to one host.
    pub per_host_rate: Option<u32>,
    /// New connections a second to one /24, or one /64 in IPv6.
    pub per_network_rate: Option<u32>,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            rate: Some(500),
            concurrency: 1_000,
            per_host_in_flight: 2,
            per_host_rate: Some(20),
            per_network_rate: Some(50),
        }
    }
}

impl Pace {
    /// Every rate lifted; still two in flight for each host, and a bound on all.
    pub fn unlimited() -> Self {
        Self { rate: None, per_host_rate: None, per_network_rate: None, ..Self::default() }
    }
}

/// Whether somebody ought to be where a connection goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Expectation {
    /// Named by a person, seen before, or heard in this visit: silence there is a fault of somebody.
    Answer,
    /// A member of a range: silence is the rule.
    Nothing,
}

/// Admits connections. Shared by all workers of a scan.
#[derive(Debug)]
pub(crate) struct Pacer {
    made: Instant,
    crowd: Crowd,
    hosts: Hosts,
    schedule: Option<Mutex<Schedule>>,
}

impl Pacer {
    pub(crate) fn new(pace: Pace) -> Self {
        Self {
            made: Instant::now(),
            crowd: Crowd::new(pace.concurrency),
            hosts: Hosts::new(pace.per_host_in_flight),
            schedule: Schedule::new(pace.rate, pace.per_host_rate, pace.per_network_rate).map(Mutex::new),
        }
    }

    /// Waits until a connection to `host` may start. It may be open for as long as the permit lives.
    pub(crate) async fn admit(&self, host: IpAddr) -> Permit<'_> {
        let host = host.to_canonical();
        // The crowd comes first: who waits there has not yet reserved a time that would pass meanwhile.
        let seat = self.crowd.enter().await;
        let place = self.hosts.enter(host).await;
        if let Some(at) = self.reserve(host) {
            sleep_until(at).await;
        }
        Permit { pacer: self, host, _place: place, _seat: seat }
    }

    /// Learns that this machine had no descriptor, port or memory for another connection.
    pub(crate) fn shortage(&self) {
        self.crowd.shortage(self.now());
    }

    /// Times that the number in flight was lowered.
    pub(crate) fn back_offs(&self) -> u64 {
        self.crowd.cuts()
    }

    /// Times that a network's pace was halved.
    pub(crate) fn networks_slowed(&self) -> u64 {
        self.schedule().map_or(0, |schedule| schedule.slowed())
    }

    /// Whether a host that asks for it can be left alone for a while: not where every rate is lifted.
    pub(crate) fn can_rest(&self) -> bool {
        self.schedule().is_some_and(|schedule| schedule.can_rest())
    }

    /// Reserves a time for a connection to `host`; `None` if that is now.
    fn reserve(&self, host: IpAddr) -> Option<Instant> {
        let mut schedule = self.schedule()?;
        let now = self.now();
        let at = schedule.reserve(host, now);
        (at > now).then(|| self.made + Duration::from_nanos(at))
    }

    fn schedule(&self) -> Option<MutexGuard<'_, Schedule>> {
        Some(self.schedule.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn now(&self) -> Nanos {
        Nanos::try_from(self.made.elapsed().as_nanos()).unwrap_or(Nanos::MAX)
    }
}

/// One connection's leave to be open.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    pacer: &'a Pacer,
    host: IpAddr,
    // Given back in this order: the place at the host, then the seat in the crowd.
    _place: Place<'a>,
    _seat: Seat<'a>,
}

impl Permit<'_> {
    /// Learns whether anybody answered the connect: established or refused, not silent or unreachable.
    pub(crate) fn report_connect(&self, expectation: Expectation, answered: bool) {
        self.pacer.crowd.note(expectation, answered);
    }

    /// Learns whether an established connection was reset before it had served its purpose.
    pub(crate) fn report_end(&self, reset: bool) {
        if let Some(mut schedule) = self.pacer.schedule() {
            schedule.note(self.host, reset);
        }
    }

    /// Learns that the host asked to be left alone for now.
    pub(crate) fn report_throttle(&self) {
        if let Some(mut schedule) = self.pacer.schedule() {
            schedule.rest(self.host, self.pacer.now());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::sync::Arc;

    use super::*;

    fn address(n: u32) -> IpAddr {
        IpAddr::V4(Ipv4Addr::from(n.wrapping_mul(2_654_435_761)))
    }

    /// When each of `hosts` was admitted, all asking at once and holding their permits for `held`.
    async fn admissions(pace: Pace, hosts: Vec<IpAddr>, held: Duration) -> Vec<Duration> {
        let pacer = Arc::new(Pacer::new(pace));
        let start = Instant::now();
        let tasks: Vec<_> = hosts
            .into_iter()
            .map(|host| {
                let pacer = Arc::clone(&pacer);
                tokio::spawn(async move {
                    let permit = pacer.admit(host).await;
                    let at = start.elapsed();
                    tokio::time::sleep(held).await;
                    drop(permit);
                    at
                })
            })
            .collect();
        let mut times = Vec::new();
        for task in tasks {
            times.push(task.await.unwrap());
        }
        times.sort();
        times
    }

    fn most_within(times: &[Duration], window: Duration) -> usize {
        times
            .iter()
            .enumerate()
            .map(|(i, from)| times[i..].iter().take_while(|t| **t < *from + window).count())
            .max()
            .unwrap_or(0)
    }

    #[tokio::test(start_paused = true)]
    async fn the_global_rate_holds() {
        let times = admissions(Pace::default(), (0..2_000).map(address).collect(), Duration::ZERO).await;
        assert!(most_within(&times, Duration::from_secs(1)) <= 501);
        assert!(*times.last().unwrap() < Duration::from_millis(4_050), "and is used: {:?}", times.last());
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_sees_twenty_a_second_and_two_at_a_time() {
        let same = vec![address(1); 100];
        let times = admissions(Pace::default(), same.clone(), Duration::ZERO).await;
        assert!(most_within(&times, Duration::from_secs(1)) <= 21);
        let times = admissions(Pace::unlimited(), same, Duration::from_secs(1)).await;
        assert_eq!(most_within(&times, Duration::from_millis(999)), 2);
        assert!(*times.last().unwrap() >= Duration::from_secs(49));
    }

    #[tokio::test(start_paused = true)]
    async fn a_network_sees_fifty_a_second() {
        let network = (0..=255).map(|last| IpAddr::from([192, 0, 2, last])).collect();
        let times = admissions(Pace::default(), network, Duration::ZERO).await;
        assert!(most_within(&times, Duration::from_secs(1)) <= 51);
    }

    #[tokio::test(start_paused = true)]
    async fn the_number_in_flight_holds() {
        let pace = Pace { concurrency: 10, ..Pace::unlimited() };
        let times = admissions(pace, (0..100).map(address).collect(), Duration::from_secs(1)).await;
        assert_eq!(most_within(&times, Duration::from_millis(999)), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn a_million_admissions_leave_no_memory_behind() {
        let pacer = Pacer::new(Pace::unlimited());
        for i in 0..1_000_000 {
            drop(pacer.admit(address(i)).await);
        }
        assert_eq!(pacer.hosts.entries(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_that_asks_for_it_is_left_alone_and_its_network_slowed() {
        let pacer = Pacer::new(Pace::default());
        assert!(pacer.can_rest() && !Pacer::new(Pace::unlimited()).can_rest());
        pacer.admit(address(1)).await.report_throttle();
        let start = Instant::now();
        drop(pacer.admit(address(2)).await);
        assert!(start.elapsed() < Duration::from_secs(1), "others are served meanwhile");
        drop(pacer.admit(address(1)).await);
        assert!(start.elapsed() >= Duration::from_secs(4));
        assert_eq!(pacer.networks_slowed(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn resets_slow_a_network_only_where_it_has_a_rate() {
        for (pace, slowed) in [(Pace::default(), 1), (Pace::unlimited(), 0)] {
            let pacer = Pacer::new(pace);
            for _ in 0..4 {
                pacer.admit(address(1)).await.report_end(true);
            }
            assert_eq!(pacer.networks_slowed(), slowed);
        }
    }
}
