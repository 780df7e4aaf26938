//! One endpoint's visit: which connections to make, in which order, and when to stop. Decides by what the
//! handshakes brought; never judges the certificates.

use std::net::SocketAddr;

use tokio::net::TcpStream;
use tokio::time::Instant;

use super::connect::connect;
use super::leaf;
use super::pace::{Expectation, Permit};
use super::prober::Prober;
use super::second_try::{next_offer, offer_for};
use super::standard::{Attempt, Ended, Terms};
use super::sweep::{self, Missed};
use crate::model::{Depth, Failure, Handshake, OfferedFor, OtherChain, Outcome, Reason, ServerName, Stage};
use crate::tls::{
    AlertDescription, Captured, Flight, FlightError, HelloTemplate, KeyShares, Leave, Limits, Offer,
    OfferKind, ProtocolVersion,
};
use crate::x509::RawChain;

/// `no_application_protocol` (RFC 7301 section 3.2).
const NO_APPLICATION_PROTOCOL: AlertDescription = AlertDescription(120);

/// `unrecognized_name` (RFC 6066 section 3).
const UNRECOGNIZED_NAME: AlertDescription = AlertDescription(112);

/// A visit under way.
#[derive(Debug)]
pub(super) struct Visit<'a> {
    prober: &'a Prober,
    address: SocketAddr,
    server_name: Option<&'a ServerName>,
    expectation: Expectation,
    /// When the endpoint's total time ends; set when the first connection may start, moved on while one waits
    /// for a turn or for this machine.
    deadline: Option<Instant>,
    retries: u32,
}

impl<'a> Visit<'a> {
    pub(super) fn new(
        prober: &'a Prober,
        address: SocketAddr,
        server_name: Option<&'a ServerName>,
        expectation: Expectation,
    ) -> Self {
        let retries = prober.settings.retries;
        Self { prober, address, server_name, expectation, deadline: None, retries }
    }

    /// Visits the endpoint.
    pub(super) async fn run(mut self) -> Outcome<RawChain> {
        match self.prober.settings.depth {
            Depth::Sweep => match self.capture(OfferKind::Everything, self.server_name).await {
                Ok(captured) => Outcome::Handshake(Box::new(sweep::handshake(captured))),
                Err(failure) => Outcome::Failure(failure),
            },
            // On the heap, so that sweeps do not carry the room for it.
            Depth::Standard => Box::pin(self.standard()).await,
        }
    }

    async fn standard(&mut self) -> Outcome<RawChain> {
        let mut handshake = match self.first_chain().await {
            Ok(handshake) => handshake,
            Err(failure) => return Outcome::Failure(failure),
        };
        if self.prober.settings.other_chains {
            self.find_other_chains(&mut handshake).await;
        }
        Outcome::Handshake(Box::new(handshake))
    }

    /// rustls first; our own hello where rustls brings nothing home.
    async fn first_chain(&mut self) -> Result<Handshake<RawChain>, Failure> {
        let settings = &self.prober.settings;
        let mut terms = Terms { post_quantum: settings.post_quantum, alpn: !settings.alpn.is_empty() };
        let mut attempt = self.shake_hands(terms).await?;
        while let Some((milder, what)) = milder_terms(&attempt, terms) {
            self.prober.counters.second_try(what);
            terms = milder;
            match self.shake_hands(terms).await {
                Ok(next) => attempt = next,
                Err(_) => break,
            }
        }
        let missed = match Found::of(attempt) {
            Found::Handshake(handshake) => return Ok(handshake),
            Found::Nothing(failure) => return Err(failure),
            Found::ForOurHello(failure) => failure,
        };
        self.prober.counters.fallbacks.add();
        match self.capture(OfferKind::Everything, self.server_name).await {
            Ok(captured) => Ok(sweep::handshake(captured)),
            // The endpoint answered before: that it does not do so any more is not its failure.
            Err(failure) if failure.stage == Stage::Connect => Err(missed),
            Err(failure) => Err(failure),
        }
    }

    /// Asks for what the first chain is not; keeps what was not seen yet.
    async fn find_other_chains(&mut self, handshake: &mut Handshake<RawChain>) {
        let first = handshake.presented.ders().next().and_then(leaf::read).and_then(|leaf| leaf.kind);
        let is_tls13 = handshake.tls.version == Some(ProtocolVersion::TLSv1_3);
        for offered_for in OfferedFor::ALL {
            let is_idle = match offered_for {
                OfferedFor::NoSni => self.server_name.is_none(),
                // There is no ML-DSA before TLS 1.3.
                OfferedFor::MlDsa => first == Some(offered_for) || !is_tls13,
                _ => first == Some(offered_for),
            };
            if is_idle {
                continue;
            }
            let server_name = self.server_name.filter(|_| offered_for != OfferedFor::NoSni);
            self.prober.counters.further_hellos.add();
            let Ok(captured) = self.capture_once(offer_for(offered_for), server_name).await else {
                self.prober.counters.further_hellos_failed.add();
                continue;
            };
            let presented = captured.certificates;
            let is_known = handshake.presented == presented
                || handshake.other_chains.iter().any(|other| other.presented == presented);
            if !is_known {
                handshake.other_chains.push(OtherChain { offered_for, presented });
            }
        }
    }

    /// Our own hello, and others after it for as long as they promise something.
    async fn capture(
        &mut self,
        first: OfferKind,
        server_name: Option<&ServerName>,
    ) -> Result<Captured, Failure> {
        let mut missed = match self.capture_once(first, server_name).await {
            Ok(captured) => return Ok(captured),
            Err(missed) => missed,
        };
        let failure = missed.failure.clone();
        let mut tried = vec![first];
        while missed.failure.stage != Stage::Connect && self.time_left().is_ok() {
            let offer = match next_offer(&missed, &tried) {
                Some(offer) => {
                    self.prober.counters.second_try(name_of(offer));
                    tried.push(offer);
                    offer
                }
                None if missed.failure.reason == Reason::Reset && self.may_retry() => first,
                None => break,
            };
            match self.capture_once(offer, server_name).await {
                Ok(captured) => return Ok(captured),
                Err(next) => missed = next,
            }
        }
        Err(failure)
    }

    async fn capture_once(
        &mut self,
        offer: OfferKind,
        server_name: Option<&ServerName>,
    ) -> Result<Captured, Missed> {
        let (permit, stream) =
            self.open().await.map_err(|failure| Missed { failure, alert: None, hello_retried: false })?;
        let prober = self.prober;
        let hello = prober.hellos.get(offer);
        let deadline = self.handshake_deadline();
        let result = sweep::capture(&stream, hello, server_name, deadline, prober.settings.leave).await;
        drop(stream);
        let (hello_retried, reason) = match &result {
            Ok(captured) => (captured.hello_retried, None),
            Err(missed) => (missed.hello_retried, Some(missed.failure.reason)),
        };
        self.account(&permit, hello_retried, reason);
        result
    }

    /// # Errors
    /// When no connection could be made.
    async fn shake_hands(&mut self, terms: Terms) -> Result<Attempt, Failure> {
        let (permit, stream) = self.open().await?;
        let deadline = self.handshake_deadline();
        let attempt = self
            .prober
            .standard
            .shake_hands(&stream, self.address.ip(), self.server_name, terms, deadline)
            .await;
        drop(stream);
        let reason = if attempt.chain.is_some() { None } else { Some(attempt.ended.reason()) };
        self.account(&permit, attempt.hello_retried, reason);
        Ok(attempt)
    }

    /// Opens one connection, in its turn. Tries again after a timeout or a reset, where an answer is expected
    /// and retries are left.
    async fn open(&mut self) -> Result<(Permit<'a>, TcpStream), Failure> {
        let prober = self.prober;
        loop {
            let permit = self.wait_for_turn().await;
            let within = prober.settings.connect_timeout.min(self.time_left()?);
            prober.counters.connections.add();
            let deadline = &mut self.deadline;
            let result = connect(self.address, within, |pause| {
                prober.pacer.shortage();
                prober.counters.descriptor_waits.add();
                *deadline = deadline.map(|deadline| deadline + pause);
            })
            .await;
            let failure = match result {
                Ok(stream) => {
                    permit.report_connect(self.expectation, true);
                    prober.counters.connected.add();
                    self.expectation = Expectation::Answer;
                    return Ok((permit, stream));
                }
                Err(failure) => failure,
            };
            self.account_connect(&permit, failure.reason);
            drop(permit);
            let is_passing = matches!(failure.reason, Reason::Timeout | Reason::Reset);
            let is_worth_it = is_passing && self.expectation == Expectation::Answer;
            if !is_worth_it || self.time_left().is_err() || !self.may_retry() {
                return Err(failure);
            }
        }
    }

    async fn wait_for_turn(&mut self) -> Permit<'a> {
        let asked = Instant::now();
        let permit = self.prober.pacer.admit(self.address.ip()).await;
        let now = Instant::now();
        self.deadline = Some(match self.deadline {
            Some(deadline) => deadline + (now - asked),
            None => now + self.prober.settings.total_timeout,
        });
        permit
    }

    fn may_retry(&mut self) -> bool {
        let may = self.retries > 0;
        if may {
            self.retries -= 1;
            self.prober.counters.retries.add();
        }
        may
    }

    fn time_left(&self) -> Result<std::time::Duration, Failure> {
        let left = self.deadline.map_or(self.prober.settings.total_timeout, |deadline| {
            deadline.saturating_duration_since(Instant::now())
        });
        if left.is_zero() {
            let detail = "the time for this endpoint was used up by earlier connections";
            return Err(Failure::new(Stage::Connect, Reason::Timeout, detail));
        }
        Ok(left)
    }

    fn handshake_deadline(&self) -> Instant {
        let own = Instant::now() + self.prober.settings.handshake_timeout;
        self.deadline.map_or(own, |total| total.min(own))
    }

    fn account_connect(&self, permit: &Permit<'_>, reason: Reason) {
        let counters = &self.prober.counters;
        match reason {
            Reason::Refused => counters.refused.add(),
            Reason::Timeout => counters.timeouts.add(),
            Reason::Unreachable => counters.unreachable.add(),
            Reason::Reset | Reason::Closed => counters.resets.add(),
            _ => {}
        }
        // What this machine could not do says nothing about the network.
        if reason != Reason::Local {
            let answered = !matches!(reason, Reason::Timeout | Reason::Unreachable);
            permit.report_connect(self.expectation, answered);
        }
    }

    fn account(&self, permit: &Permit<'_>, hello_retried: bool, missed: Option<Reason>) {
        let counters = &self.prober.counters;
        if hello_retried {
            counters.hello_retry_requests.add();
        }
        match missed {
            Some(Reason::Timeout) => counters.timeouts.add(),
            Some(Reason::Reset | Reason::Closed) => counters.resets.add(),
            _ => {}
        }
        permit.report_end(missed == Some(Reason::Reset));
    }
}

/// A second try's name in the statistics.
fn name_of(offer: OfferKind) -> &'static str {
    match offer {
        OfferKind::Everything => "everything",
        OfferKind::Rsa => "RSA only",
        OfferKind::Ecdsa => "ECDSA only",
        OfferKind::Eddsa => "EdDSA only",
        OfferKind::MlDsa => "ML-DSA only",
        OfferKind::FurtherGroups => "further groups",
        OfferKind::RareSuites => "rare suites",
        OfferKind::Small => "small hello",
        OfferKind::Legacy => "legacy hello",
    }
}

/// What to leave out of the next handshake, with the name of that second try; `None` if it would not help.
fn milder_terms(attempt: &Attempt, terms: Terms) -> Option<(Terms, &'static str)> {
    if attempt.chain.is_some() {
        return None;
    }
    if terms.alpn && attempt.ended == Ended::Alert(NO_APPLICATION_PROTOCOL) {
        return Some((Terms { alpn: false, ..terms }, "without ALPN"));
    }
    // A hello that fills two segments is dropped, or answered by hanging up, by some servers and middleboxes.
    let is_silent = attempt.opening.is_empty();
    let is_shy = matches!(attempt.ended, Ended::Timeout | Ended::Reset | Ended::Closed);
    if terms.post_quantum && is_silent && is_shy {
        return Some((Terms { post_quantum: false, ..terms }, "without post-quantum"));
    }
    None
}

/// What a handshake by rustls is good for.
enum Found {
    Handshake(Handshake<RawChain>),
    /// Nothing, and our own hello would find no more.
    Nothing(Failure),
    /// Nothing that rustls can read.
    ForOurHello(Failure),
}

impl Found {
    fn of(attempt: Attempt) -> Self {
        let Attempt { facts, chain, ended, opening, .. } = attempt;
        if let Some(presented) = chain {
            return Self::Handshake(Handshake { tls: facts, presented, other_chains: Vec::new() });
        }
        if let Some(failure) = speaks_something_else(opening.clone()) {
            return Self::Nothing(failure);
        }
        let failure = Failure::new(Stage::Handshake, ended.reason(), ended.sentence());
        // One who has begun to answer and does not get on will not do better with another hello, nor will one
        // who does not know the name.
        let is_hopeless = match ended {
            Ended::Timeout => !opening.is_empty(),
            Ended::Alert(alert) => alert == UNRECOGNIZED_NAME,
            _ => false,
        };
        if is_hopeless { Self::Nothing(failure) } else { Self::ForOurHello(failure) }
    }
}

/// What our own codec makes of a peer's first bytes, if they are not TLS.
fn speaks_something_else(mut opening: Vec<u8>) -> Option<Failure> {
    let hello = HelloTemplate::new(&Offer::new(OfferKind::Small), KeyShares::BasePoint).hello(&[0; 96], None);
    let error = Flight::new(hello, Limits::default(), Leave::Reset).feed(&mut opening).err()?;
    let FlightError::NotTls { excerpt, .. } = &error else { return None };
    let detail = format!("{error}: {}", excerpt.raw());
    Some(Failure::new(Stage::Handshake, Reason::NotTls, detail))
}
