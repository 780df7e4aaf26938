//! One endpoint's visit: which connections to make, in which order, and when to stop. Decides by what the
//! handshakes brought; never judges the certificates.

use super::connector::Connector;
use super::deep;
use super::leaf;
use super::link::Link;
use super::pace::Permit;
use super::post_quantum;
use super::prober::Prober;
use super::recorder::gathered;
use super::second_try::{next_offer, offer_for};
use super::standard::{Attempt, Ended, Terms};
use super::sweep::{self, Missed};
use crate::model::{
    Depth, Failure, Handshake, OfferedFor, OtherChain, Outcome, PostQuantum, Purpose, Reason, Scope,
    ServerName, Stage, TlsFacts,
};
use crate::tls::{
    AlertDescription, Captured, Flight, FlightError, HelloTemplate, KeyShares, Leave, Limits, Offer,
    OfferKind, ProtocolVersion, StartTls,
};
use crate::x509::RawChain;

/// What the codec calls an answer of SSL 2.
const SSL2: &str = "SSLv2";

/// A visit under way.
#[derive(Debug)]
pub(super) struct Visit<'a> {
    prober: &'a Prober,
    connector: Connector<'a>,
    server_name: Option<&'a ServerName>,
    /// A connection that nothing was asked on yet.
    ready: Option<Box<(Permit<'a>, Link)>>,
    greeted_by: Option<StartTls>,
    /// Connections made.
    connections: u32,
    post_quantum_hellos: u32,
    /// Those for the first chain.
    captures: u32,
    /// The answer to the first hello is one of SSL 2.
    answers_as_ssl2: bool,
}

impl<'a> Visit<'a> {
    pub(super) fn new(connector: Connector<'a>) -> Self {
        let (prober, server_name) = (connector.prober(), connector.server_name());
        Self {
            prober,
            connector,
            server_name,
            ready: None,
            greeted_by: None,
            connections: 0,
            captures: 0,
            answers_as_ssl2: false,
            post_quantum_hellos: 0,
        }
    }

    /// A visit whose first connection is open already.
    pub(super) fn on(connector: Connector<'a>, ready: (Permit<'a>, Link)) -> Self {
        Self { ready: Some(Box::new(ready)), ..Self::new(connector) }
    }

    /// The protocol whose greeting came in the place of TLS.
    pub(super) fn greeted_by(&self) -> Option<StartTls> {
        self.greeted_by
    }

    pub(super) fn connector(&self) -> &Connector<'a> {
        &self.connector
    }

    /// Visits the endpoint.
    pub(super) async fn run(&mut self) -> Outcome<RawChain> {
        match self.prober.settings.depth {
            Depth::Sweep => match self.capture(OfferKind::Everything, self.server_name).await {
                Ok(captured) => {
                    let mut handshake = Box::new(sweep::handshake(captured));
                    self.look_for_post_quantum(&mut handshake.tls).await;
                    Outcome::Handshake(handshake)
                }
                Err(failure) => Outcome::Failure(failure),
            },
            // On the heap, so that sweeps do not carry the room for it.
            Depth::Standard => Box::pin(self.standard()).await,
            Depth::Deep => Box::pin(self.deep()).await,
        }
    }

    async fn standard(&mut self) -> Outcome<RawChain> {
        let mut handshake = match self.first_chain().await {
            Ok(handshake) => handshake,
            Err(failure) => return Outcome::Failure(failure),
        };
        self.captures = self.connections;
        self.look_for_post_quantum(&mut handshake.tls).await;
        if self.wants_other_chains() {
            self.find_other_chains(&mut handshake).await;
        }
        Outcome::Handshake(Box::new(handshake))
    }

    /// The policy probe asks for nothing that is not forbidden; deep inspection may leave them out.
    fn wants_other_chains(&self) -> bool {
        let settings = &self.prober.settings;
        let is_left_out =
            settings.enumerate == Scope::Forbidden || !settings.parts.contains(&Purpose::Chains);
        settings.other_chains && !(settings.depth == Depth::Deep && is_left_out)
    }

    async fn deep(&mut self) -> Outcome<RawChain> {
        match self.standard().await {
            Outcome::Handshake(handshake) => {
                let made = vec![
                    (Purpose::Capture, self.captures),
                    (Purpose::Chains, self.connections - self.captures),
                    (Purpose::Groups, self.post_quantum_hellos),
                ];
                self.inspected(handshake, made).await
            }
            Outcome::Failure(failure) if self.may_have_no_certificate(&failure) => {
                self.deep_without_certificate(failure).await
            }
            outcome => outcome,
        }
    }

    async fn inspected(
        &self,
        mut handshake: Box<Handshake<RawChain>>,
        made: Vec<(Purpose, u32)>,
    ) -> Outcome<RawChain> {
        let first = Some(&*handshake);
        let inspection = deep::inspect(&self.connector, self.server_name, first, made).await;
        let enumerated = post_quantum::of_inspection(&inspection);
        handshake.tls.post_quantum = handshake.tls.post_quantum.or(enumerated);
        handshake.inspection = Some(Box::new(inspection));
        Outcome::Handshake(handshake)
    }

    /// The server speaks TLS or SSL, or may: it said no, or hung up.
    fn may_have_no_certificate(&self, failure: &Failure) -> bool {
        let says_no =
            matches!(failure.reason, Reason::Alert | Reason::Closed | Reason::Reset | Reason::NoCertificate);
        failure.stage == Stage::Handshake && (says_no || self.answers_as_ssl2)
    }

    async fn deep_without_certificate(&self, failure: Failure) -> Outcome<RawChain> {
        let made = [(Purpose::Capture, self.connections)];
        let (found, made) = deep::look_for_bare(&self.connector, self.server_name, made).await;
        match found {
            None => Outcome::Failure(failure),
            Some(deep::Bare::Ssl2(handshake)) => self.inspected(handshake, made).await,
            Some(deep::Bare::NoCertificate) => {
                let inspection = deep::inspect(&self.connector, self.server_name, None, made).await;
                let detail = "the server refuses every suite with a certificate and takes others";
                let failure = Failure::new(Stage::Handshake, Reason::NoCertificate, detail);
                Outcome::Failure(Failure { inspection: Some(Box::new(inspection)), ..failure })
            }
        }
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
            Found::Nothing(failure, greeted_by, answers_as_ssl2) => {
                (self.greeted_by, self.answers_as_ssl2) = (greeted_by, answers_as_ssl2);
                return Err(failure);
            }
            Found::ForOurHello(failure) => failure,
        };
        self.prober.counters.fallbacks.add();
        match self.capture(OfferKind::Everything, self.server_name).await {
            Ok(captured) => Ok(sweep::handshake(captured)),
            // The endpoint answered before: that it does not do so any more is not its failure.
            Err(failure) if matches!(failure.stage, Stage::Connect | Stage::Upgrade) => Err(missed),
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
        while missed.failure.stage == Stage::Handshake && self.connector.time_left().is_ok() {
            let offer = match next_offer(&missed, &tried) {
                Some(offer) => {
                    self.prober.counters.second_try(name_of(offer));
                    tried.push(offer);
                    offer
                }
                None if missed.failure.reason == Reason::Reset && self.connector.may_retry() => first,
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
        let missed = |failure| Missed { failure, alert: None, hello_retried: false, greeted_by: None };
        let (permit, link) = self.open().await.map_err(missed)?;
        let prober = self.prober;
        let hello = prober.hellos.get(offer);
        let deadline = self.connector.handshake_deadline();
        let result = sweep::capture(&link, hello, server_name, deadline, prober.settings.leave).await;
        drop(link);
        let (hello_retried, reason) = match &result {
            Ok(captured) => (captured.hello_retried, None),
            Err(missed) => {
                self.greeted_by = self.greeted_by.or(missed.greeted_by);
                (missed.hello_retried, Some(missed.failure.reason))
            }
        };
        self.connector.account(&permit, hello_retried, reason);
        result
    }

    /// What the handshake showed, else what the server says when it is asked, if it is to be.
    async fn look_for_post_quantum(&mut self, facts: &mut TlsFacts) {
        let settings = &self.prober.settings;
        let enumerates = settings.depth == Depth::Deep
            && settings.enumerate == Scope::Everything
            && settings.parts.contains(&Purpose::Groups);
        let group = facts.group.filter(|group| group.is_post_quantum());
        facts.post_quantum = match group {
            Some(group) => Some(PostQuantum::Group(group)),
            None if settings.ask_post_quantum && !enumerates => Box::pin(self.ask_post_quantum()).await,
            None => None,
        };
    }

    async fn ask_post_quantum(&mut self) -> Option<PostQuantum> {
        self.post_quantum_hellos += 1;
        self.prober.counters.further_hellos.add();
        let answer = post_quantum::ask(&self.connector, &self.prober.post_quantum_hello).await;
        if answer.is_none() {
            self.prober.counters.further_hellos_failed.add();
        }
        answer
    }

    async fn open(&mut self) -> Result<(Permit<'a>, Link), Failure> {
        self.connections += 1;
        match self.ready.take() {
            Some(ready) => Ok(*ready),
            None => self.connector.open().await,
        }
    }

    /// # Errors
    /// When no connection could be made.
    async fn shake_hands(&mut self, terms: Terms) -> Result<Attempt, Failure> {
        let (permit, link) = self.open().await?;
        let deadline = self.connector.handshake_deadline();
        let address = self.connector.address().ip();
        let attempt =
            self.prober.standard.shake_hands(&link, address, self.server_name, terms, deadline).await;
        drop(link);
        let reason = if attempt.chain.is_some() { None } else { Some(attempt.ended.reason()) };
        self.connector.account(&permit, attempt.hello_retried, reason);
        Ok(attempt)
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
    if terms.alpn && attempt.ended == Ended::Alert(AlertDescription::no_application_protocol) {
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
    /// Nothing, and our own hello would find no more; with the protocol that greeted instead, and whether the answer
    /// is one of SSL 2.
    Nothing(Failure, Option<StartTls>, bool),
    /// Nothing that rustls can read.
    ForOurHello(Failure),
}

impl Found {
    fn of(attempt: Attempt) -> Self {
        let Attempt { facts, chain, stapled, ended, opening, .. } = attempt;
        if let Some(presented) = chain {
            return Self::Handshake(Handshake {
                tls: facts,
                presented,
                other_chains: Vec::new(),
                inspection: None,
                gathered: gathered(stapled),
            });
        }
        if let Some((failure, protocol)) = speaks_something_else(opening.clone()) {
            return Self::Nothing(failure, StartTls::by_greeting(&opening), protocol == SSL2);
        }
        let failure = Failure::new(Stage::Handshake, ended.reason(), ended.sentence());
        // One who has begun to answer and does not get on will not do better with another hello, nor will one
        // who does not know the name.
        let is_hopeless = match ended {
            Ended::Timeout => !opening.is_empty(),
            Ended::Alert(alert) => alert == AlertDescription::unrecognized_name,
            _ => false,
        };
        if is_hopeless { Self::Nothing(failure, None, false) } else { Self::ForOurHello(failure) }
    }
}

/// What our own codec makes of a peer's first bytes, if they are not TLS: with the protocol's name.
fn speaks_something_else(mut opening: Vec<u8>) -> Option<(Failure, &'static str)> {
    let hello = HelloTemplate::new(&Offer::new(OfferKind::Small), KeyShares::BasePoint).hello(&[0; 96], None);
    let error = Flight::new(hello, Limits::default(), Leave::Reset).feed(&mut opening).err()?;
    let FlightError::NotTls { protocol, excerpt } = &error else { return None };
    let detail = format!("{error}: {}", excerpt.raw());
    Some((Failure::new(Stage::Handshake, Reason::NotTls, detail), protocol))
}
