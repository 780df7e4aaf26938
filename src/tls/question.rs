//! One question to a server: one hello on a connection of its own, and how much of the answer to wait for. What the
//! server chose is in clear up to TLS 1.2 and in a HelloRetryRequest, so that no question needs a key exchange.

use super::{Hello, HelloTemplate, KeyShares, Offer, VisitRandom};

/// One hello, and how far to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    pub offer: Offer,
    pub until: Until,
}

/// How much of the answer is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Until {
    /// The ServerHello or HelloRetryRequest.
    ServerHello,
    /// Up to TLS 1.2: the ServerKeyExchange, or the message that shows that none comes.
    KeyExchange,
    /// Up to TLS 1.2: the ServerHelloDone.
    Done,
}

impl Question {
    /// The hello to send; base points as key shares.
    pub fn hello(&self, random: &VisitRandom, server_name: Option<&str>) -> Hello {
        HelloTemplate::new(&self.offer, KeyShares::BasePoint).hello(random, server_name)
    }
}
