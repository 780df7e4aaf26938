//! When the next connection to a host, to its network, and at all may start. Never sleeps and never reads a clock.
//!
//! # The rule for resets
//!
//! A network (/24, or /64 in IPv6) in which at least four of the last eight connections were reset gets half its
//! pace, down to a thirty-second; eight connections in a row without a reset give a step back. A network that is
//! left alone for a minute is forgotten. Without a rate for networks there is nothing to slow down.
//!
//! # The rule for throttles
//!
//! A host that asks to come back later is left alone for five seconds, and its network gets half its pace at once.

use std::collections::HashMap;
use std::net::IpAddr;

use super::calendar::{Calendar, Nanos};

const SECOND: Nanos = 1_000_000_000;
/// Nanoseconds for which a network with resets is remembered.
const MEMORY: Nanos = 60 * SECOND;
/// Nanoseconds for which a host is left alone that asks for it.
const REST: Nanos = 5 * SECOND;
/// Entries below which a table is not worth cleaning.
const SMALL: usize = 1_024;
/// Halvings of a network's pace, at most.
const SLOWEST: u8 = 5;

#[derive(Debug)]
pub(super) struct Schedule {
    all: Option<Calendar>,
    host_gap: Option<Nanos>,
    network_gap: Option<Nanos>,
    hosts: Table<IpAddr, Nanos>,
    networks: Table<Network, NetworkPace>,
    slowed: u64,
}

impl Schedule {
    /// Connections a second: in all, for each host, for each network. `None` if nothing is limited.
    pub(super) fn new(rate: Option<u32>, host_rate: Option<u32>, network_rate: Option<u32>) -> Option<Self> {
        if rate.is_none() && host_rate.is_none() && network_rate.is_none() {
            return None;
        }
        let gap = |rate: u32| SECOND.div_ceil(u64::from(rate.max(1)));
        Some(Self {
            all: rate.map(Calendar::new),
            host_gap: host_rate.map(gap),
            network_gap: network_rate.map(gap),
            hosts: Table::default(),
            networks: Table::default(),
            slowed: 0,
        })
    }

    /// Reserves the earliest time at which a connection to `host` fits all rates.
    pub(super) fn reserve(&mut self, host: IpAddr, now: Nanos) -> Nanos {
        let network = Network::of(host);
        let mut at = now;
        if self.host_gap.is_some() {
            at = at.max(self.hosts.rows.get(&host).copied().unwrap_or(0));
        }
        if self.network_gap.is_some() {
            at = at.max(self.networks.rows.get(&network).map_or(0, |pace| pace.next));
        }
        if let Some(calendar) = &mut self.all {
            at = calendar.take(at, now);
        }
        if let Some(gap) = self.host_gap {
            self.hosts.clean(|next| *next > now);
            self.hosts.rows.insert(host, at.saturating_add(gap));
        }
        if let Some(gap) = self.network_gap {
            self.networks.clean(|pace| pace.is_needed(now));
            let pace = self.networks.rows.entry(network).or_default();
            pace.next = at.saturating_add(gap << pace.halvings);
        }
        at
    }

    /// Learns whether a connection to `host` was reset.
    pub(super) fn note(&mut self, host: IpAddr, reset: bool) {
        if self.network_gap.is_none() {
            return;
        }
        if reset {
            self.slowed += u64::from(self.networks.rows.entry(Network::of(host)).or_default().note_reset());
        } else if let Some(pace) = self.networks.rows.get_mut(&Network::of(host)) {
            pace.note_answer();
        }
    }

    /// Whether a host can be left alone: there is a rate for hosts.
    pub(super) fn can_rest(&self) -> bool {
        self.host_gap.is_some()
    }

    /// Learns that `host` asked to be left alone.
    pub(super) fn rest(&mut self, host: IpAddr, now: Nanos) {
        if self.host_gap.is_some() {
            let next = self.hosts.rows.entry(host).or_default();
            *next = (*next).max(now.saturating_add(REST));
        }
        if self.network_gap.is_some() {
            self.slowed += u64::from(self.networks.rows.entry(Network::of(host)).or_default().halve());
        }
    }

    /// Times that a network's pace was halved.
    pub(super) fn slowed(&self) -> u64 {
        self.slowed
    }

    #[cfg(test)]
    pub(super) fn entries(&self) -> usize {
        self.hosts.rows.len() + self.networks.rows.len()
    }
}

/// A /24 of IPv4 or a /64 of IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Network {
    V4([u8; 3]),
    V6([u16; 4]),
}

impl Network {
    fn of(host: IpAddr) -> Self {
        match host {
            IpAddr::V4(address) => {
                let [a, b, c, _] = address.octets();
                Self::V4([a, b, c])
            }
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Self::V6([a, b, c, d])
            }
        }
    }
}

/// The pace of one network.
#[derive(Debug, Default)]
struct NetworkPace {
    /// Earliest time of the next connection.
    next: Nanos,
    /// Of the last eight connections, which were reset; the latest in the lowest bit.
    resets: u8,
    /// Connections since the last reset, while slowed down.
    calm: u8,
    halvings: u8,
}

impl NetworkPace {
    /// True if the pace was halved.
    fn note_reset(&mut self) -> bool {
        self.calm = 0;
        self.resets = self.resets << 1 | 1;
        if self.resets.count_ones() < 4 {
            return false;
        }
        self.halve()
    }

    /// True if there was anything left to halve.
    fn halve(&mut self) -> bool {
        (self.calm, self.resets) = (0, 0);
        let faster = self.halvings < SLOWEST;
        self.halvings += u8::from(faster);
        faster
    }

    fn note_answer(&mut self) {
        self.resets <<= 1;
        self.calm = self.calm.saturating_add(1);
        if self.calm >= 8 {
            self.calm = 0;
            self.halvings = self.halvings.saturating_sub(1);
        }
    }

    fn is_needed(&self, now: Nanos) -> bool {
        let is_remarkable = self.resets != 0 || self.halvings > 0;
        self.next > now || (is_remarkable && self.next.saturating_add(MEMORY) > now)
    }
}

/// A map that is cleaned whenever it has doubled since it was last clean: bounded by twice what is needed, at a
/// constant cost for each entry.
#[derive(Debug)]
struct Table<K, V> {
    rows: HashMap<K, V>,
    clean_at: usize,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self { rows: HashMap::new(), clean_at: SMALL }
    }
}

impl<K: Eq + std::hash::Hash, V> Table<K, V> {
    fn clean(&mut self, is_needed: impl Fn(&V) -> bool) {
        if self.rows.len() >= self.clean_at {
            self.rows.retain(|_, row| is_needed(row));
            self.clean_at = (2 * self.rows.len()).max(SMALL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLISECOND: Nanos = 1_000_000;

    fn host(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn without_rates_there_is_no_schedule() {
        assert!(Schedule::new(None, None, None).is_none());
    }

    #[test]
    fn hosts_and_networks_keep_their_distance() {
        let mut schedule = Schedule::new(None, Some(20), Some(50)).unwrap();
        let times: Vec<_> =
            [1, 1, 2, 1].map(|last| schedule.reserve(host(last), 0) / MILLISECOND).into_iter().collect();
        assert_eq!(times, [0, 50, 70, 100]);
        assert_eq!(schedule.reserve(IpAddr::from([198, 51, 100, 1]), 0), 0, "another network is free");
    }

    #[test]
    fn ipv6_counts_by_the_64_bits_in_front() {
        let mut schedule = Schedule::new(None, None, Some(50)).unwrap();
        assert_eq!(schedule.reserve("2001:db8::1".parse().unwrap(), 0), 0);
        assert_eq!(schedule.reserve("2001:db8::2".parse().unwrap(), 0), 20 * MILLISECOND);
        assert_eq!(schedule.reserve("2001:db8:0:1::1".parse().unwrap(), 0), 0);
    }

    #[test]
    fn a_host_that_must_wait_holds_up_nobody_else() {
        let mut schedule = Schedule::new(Some(1_000), Some(1), None).unwrap();
        schedule.reserve(host(1), 0);
        assert_eq!(schedule.reserve(host(1), 0), SECOND);
        assert!(schedule.reserve(host(2), 0) <= MILLISECOND);
    }

    #[test]
    fn resets_slow_their_network_down_and_calm_speeds_it_up() {
        let mut schedule = Schedule::new(None, None, Some(50)).unwrap();
        let gap = |schedule: &mut Schedule, now: Nanos| {
            schedule.reserve(host(1), now);
            schedule.reserve(host(1), now) - now
        };
        assert_eq!(gap(&mut schedule, SECOND), 20 * MILLISECOND);
        (0..4).for_each(|_| schedule.note(host(2), true));
        assert_eq!(gap(&mut schedule, 10 * SECOND), 40 * MILLISECOND);
        (0..400).for_each(|_| schedule.note(host(2), true));
        assert_eq!(gap(&mut schedule, 20 * SECOND), 640 * MILLISECOND);
        assert_eq!(schedule.slowed(), 5);
        (0..40).for_each(|_| schedule.note(host(2), false));
        assert_eq!(gap(&mut schedule, 30 * SECOND), 20 * MILLISECOND);
    }

    #[test]
    fn a_lone_reset_slows_nothing() {
        let mut schedule = Schedule::new(None, None, Some(50)).unwrap();
        for _ in 0..100 {
            schedule.note(host(1), true);
            (0..3).for_each(|_| schedule.note(host(1), false));
        }
        assert_eq!(schedule.slowed(), 0);
    }

    #[test]
    fn a_million_hosts_leave_no_memory_behind() {
        let mut schedule = Schedule::new(Some(20_000), Some(20), Some(50)).unwrap();
        let mut now = 0;
        for i in 0..1_000_000u32 {
            // Neighbours in time are strangers in space, as in a permuted sweep.
            let address = std::net::Ipv4Addr::from(i.wrapping_mul(2_654_435_761));
            now = now.max(schedule.reserve(IpAddr::V4(address), now));
        }
        assert!(schedule.entries() < 8 * SMALL, "{} entries", schedule.entries());
    }
}
