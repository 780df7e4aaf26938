//! How many connections each host has in flight. Holds an entry for a host only while somebody is there.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// Locks, so that workers on different hosts rarely meet.
const SHARDS: usize = 16;

#[derive(Debug)]
pub(super) struct Hosts {
    most: usize,
    shards: [Mutex<HashMap<IpAddr, Host>>; SHARDS],
}

#[derive(Debug, Default)]
struct Host {
    in_flight: usize,
    /// Who waits for a place, first come first served.
    waiting: VecDeque<oneshot::Sender<()>>,
}

impl Hosts {
    /// At most `most` connections to each host; 0 counts as 1.
    pub(super) fn new(most: usize) -> Self {
        Self { most: most.max(1), shards: std::array::from_fn(|_| Mutex::default()) }
    }

    /// Waits for a place at `host`. Cancel safe: a place given to one who has left goes to the next.
    pub(super) async fn enter(&self, host: IpAddr) -> Place<'_> {
        if let Some(turn) = self.take_or_queue(host) {
            let mut waiting = Waiting { hosts: self, host, turn };
            // Never an error: the sender stays in the map until it is used.
            let _ = (&mut waiting.turn).await;
        }
        Place { hosts: self, host }
    }

    fn take_or_queue(&self, host: IpAddr) -> Option<oneshot::Receiver<()>> {
        let mut shard = self.shard(host);
        let entry = shard.entry(host).or_default();
        if entry.in_flight < self.most {
            entry.in_flight += 1;
            return None;
        }
        let (sender, receiver) = oneshot::channel();
        entry.waiting.push_back(sender);
        Some(receiver)
    }

    /// Gives a place to the next who still waits, else back.
    fn leave(&self, host: IpAddr) {
        let mut shard = self.shard(host);
        let Some(entry) = shard.get_mut(&host) else { return };
        while let Some(next) = entry.waiting.pop_front() {
            if next.send(()).is_ok() {
                return;
            }
        }
        entry.in_flight = entry.in_flight.saturating_sub(1);
        if entry.in_flight == 0 {
            shard.remove(&host);
        }
    }

    fn shard(&self, host: IpAddr) -> MutexGuard<'_, HashMap<IpAddr, Host>> {
        let last = match host {
            IpAddr::V4(address) => address.octets()[3],
            IpAddr::V6(address) => address.octets()[15],
        };
        let [first, rest @ ..] = &self.shards;
        let shard = match usize::from(last) % SHARDS {
            0 => first,
            n => rest.get(n - 1).unwrap_or(first),
        };
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn entries(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap().len()).sum()
    }
}

/// A place at a host, given back on drop.
#[derive(Debug)]
pub(super) struct Place<'a> {
    hosts: &'a Hosts,
    host: IpAddr,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.hosts.leave(self.host);
    }
}

/// One in the queue. Dropped before its turn, it passes on a place that was already its own.
struct Waiting<'a> {
    hosts: &'a Hosts,
    host: IpAddr,
    turn: oneshot::Receiver<()>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.turn.close();
        if self.turn.try_recv().is_ok() {
            self.hosts.leave(self.host);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::task::yield_now;

    use super::*;

    const HOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[tokio::test]
    async fn a_third_waits_until_one_of_two_leaves() {
        let hosts = Hosts::new(2);
        let first = hosts.enter(HOST).await;
        let _second = hosts.enter(HOST).await;
        let third = hosts.enter(HOST);
        tokio::pin!(third);
        assert!(poll_once(third.as_mut()).await.is_none());
        drop(first);
        assert!(poll_once(third.as_mut()).await.is_some());
    }

    #[tokio::test]
    async fn one_who_gave_up_passes_the_place_on() {
        let hosts = Hosts::new(1);
        let first = hosts.enter(HOST).await;
        let mut quitter = Box::pin(hosts.enter(HOST));
        let mut patient = Box::pin(hosts.enter(HOST));
        assert!(poll_once(quitter.as_mut()).await.is_none());
        assert!(poll_once(patient.as_mut()).await.is_none());
        drop(first);
        drop(quitter);
        assert!(poll_once(patient.as_mut()).await.is_some());
        drop(patient);
        assert_eq!(hosts.entries(), 0);
    }

    #[tokio::test]
    async fn nobody_leaves_an_entry_behind() {
        let hosts = Hosts::new(2);
        for i in 0..10_000u32 {
            drop(hosts.enter(IpAddr::V4(Ipv4Addr::from(i))).await);
        }
        assert_eq!(hosts.entries(), 0);
    }

    /// Polls once: `Some` when ready.
    async fn poll_once<F: Future>(mut future: std::pin::Pin<&mut F>) -> Option<F::Output> {
        yield_now().await;
        std::future::poll_fn(|cx| match future.as_mut().poll(cx) {
            std::task::Poll::Ready(output) => std::task::Poll::Ready(Some(output)),
            std::task::Poll::Pending => std::task::Poll::Ready(None),
        })
        .await
    }
}
