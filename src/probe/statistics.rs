//! What a prober did, in numbers: counted while it runs, read at any time. Never resets.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Counters of one prober at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Statistics {
    /// Connections attempted.
    pub connections: u64,
    /// Connections established.
    pub connected: u64,
    pub refused: u64,
    /// Connects and handshakes without an answer in time.
    pub timeouts: u64,
    pub unreachable: u64,
    /// Connections that the peer or something on the way reset or closed before a certificate came.
    pub resets: u64,
    /// The same connect again, after a timeout or a reset.
    pub retries: u64,
    /// Servers that asked for another hello (RFC 8446 section 4.1.4).
    pub hello_retry_requests: u64,
    /// Another hello after one that brought no certificates, by what it offered.
    pub second_tries: BTreeMap<&'static str, u64>,
    /// Endpoints that rustls could not read and our own hello was tried on.
    pub fallbacks: u64,
    /// Hellos for the other chains of an endpoint.
    pub further_hellos: u64,
    /// Those of them that brought no chain.
    pub further_hellos_failed: u64,
    /// Times the number in flight was lowered.
    pub back_offs: u64,
    /// Times a network's pace was halved because of resets.
    pub networks_slowed: u64,
    /// Pauses because this machine had no descriptor, port or memory for another connection.
    pub descriptor_waits: u64,
}

macro_rules! counters {
    ($($name:ident),* $(,)?) => {
        /// The running counters.
        #[derive(Debug, Default)]
        pub(crate) struct Counters {
            $(pub(crate) $name: Counter,)*
            second_tries: Mutex<BTreeMap<&'static str, u64>>,
        }

        impl Counters {
            /// The counters as they stand; what the pacer counts is added by the prober.
            pub(crate) fn snapshot(&self) -> Statistics {
                let second_tries =
                    self.second_tries.lock().unwrap_or_else(PoisonError::into_inner).clone();
                Statistics { $($name: self.$name.get(),)* second_tries, ..Statistics::default() }
            }
        }
    };
}

counters! {
    connections, connected, refused, timeouts, unreachable, resets, retries, hello_retry_requests, fallbacks,
    further_hellos, further_hellos_failed, descriptor_waits,
}

impl Counters {
    /// Counts a second try with the offer called `offer`.
    pub(crate) fn second_try(&self, offer: &'static str) {
        let mut tries = self.second_tries.lock().unwrap_or_else(PoisonError::into_inner);
        *tries.entry(offer).or_default() += 1;
    }
}

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// Counts one more.
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// How many so far.
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_shows_what_was_counted() {
        let counters = Counters::default();
        counters.connections.add();
        counters.connections.add();
        counters.refused.add();
        counters.second_try("small");
        counters.second_try("small");
        let statistics = counters.snapshot();
        assert_eq!((statistics.connections, statistics.refused, statistics.resets), (2, 1, 0));
        assert_eq!(statistics.second_tries, BTreeMap::from([("small", 2)]));
    }
}
