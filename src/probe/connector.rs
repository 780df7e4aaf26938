//! Opens the connections of one visit: each in its turn, upgraded where the endpoint's protocol asks for it, all of
//! them within the endpoint's time. Shared by what runs side by side for one endpoint. Never sends a byte of TLS.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::Instant;

use super::budget::Budget;
use super::connect::{connect, connect_datagrams};
use super::link::Link;
use super::pace::{Expectation, Permit};
use super::prober::Prober;
use super::upgrade::{NoWay, Patience, upgrade};
use crate::model::{Failure, Reason, ServerName, Stage};
use crate::tls::StartTls;
use crate::tls::starttls::Dialogue;

/// What the connections of one visit share.
#[derive(Debug)]
pub(super) struct Connector<'a> {
    prober: &'a Prober,
    address: SocketAddr,
    server_name: Option<&'a ServerName>,
    /// Each connection is led to TLS by this protocol.
    starttls: Option<StartTls>,
    /// Somebody ought to be there.
    expectation: Expectation,
    /// An answer is expected: from the beginning, or since there was one.
    expects_answer: AtomicBool,
    /// The endpoint's total time.
    budget: Budget,
    retries: AtomicU32,
}

/// How long to wait for datagrams.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadlines {
    /// For the first one.
    pub(super) first_answer: Instant,
    /// For all that a handshake takes.
    pub(super) end: Instant,
}

impl<'a> Connector<'a> {
    pub(super) fn new(
        prober: &'a Prober,
        address: SocketAddr,
        server_name: Option<&'a ServerName>,
        starttls: Option<StartTls>,
        expectation: Expectation,
    ) -> Self {
        Self {
            prober,
            address,
            server_name,
            starttls,
            expectation,
            expects_answer: AtomicBool::new(expectation == Expectation::Answer),
            budget: Budget::new(prober.settings.total_timeout),
            retries: AtomicU32::new(prober.settings.retries),
        }
    }

    /// Another one within the same time and with the retries that are left, for another way to TLS.
    pub(super) fn by_another_way(&self, starttls: Option<StartTls>) -> Self {
        let other = Self::new(self.prober, self.address, self.server_name, starttls, self.expectation);
        Self {
            expects_answer: AtomicBool::new(self.expects_answer.load(Ordering::Relaxed)),
            budget: self.budget.go_on(),
            retries: AtomicU32::new(self.retries.load(Ordering::Relaxed)),
            ..other
        }
    }

    pub(super) fn prober(&self) -> &'a Prober {
        self.prober
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn server_name(&self) -> Option<&'a ServerName> {
        self.server_name
    }

    pub(super) fn starttls(&self) -> Option<StartTls> {
        self.starttls
    }

    /// Opens one connection on which the ClientHello may follow.
    ///
    /// # Errors
    /// Stage `connect` or `upgrade` with the reason.
    pub(super) async fn open(&self) -> Result<(Permit<'a>, Link), Failure> {
        match self.starttls {
            None => self.dial().await,
            // On the heap, so that visits of direct TLS do not carry the room for it.
            Some(protocol) => Box::pin(self.open_upgraded(protocol)).await,
        }
    }

    async fn open_upgraded(&self, protocol: StartTls) -> Result<(Permit<'a>, Link), Failure> {
        loop {
            let (permit, link) = self.dial().await?;
            let mut dialogue = self.dialogue(protocol);
            match self.upgrade(protocol, &mut *dialogue, permit, link, &AtomicBool::new(false)).await {
                Ok(ready) => return Ok(ready),
                Err(no_way) if self.is_worth_another(no_way.failure.reason) => {}
                Err(no_way) => return Err(no_way.failure),
            }
        }
    }

    /// The protocol's way to TLS, for this endpoint's name.
    pub(super) fn dialogue(&self, protocol: StartTls) -> Box<dyn Dialogue> {
        protocol.dialogue(self.server_name.map(ServerName::as_str))
    }

    /// Leads a connection to TLS. `heard` turns true with the peer's first byte.
    ///
    /// # Errors
    /// Stage `upgrade`; the permit is given back.
    pub(super) async fn upgrade(
        &self,
        protocol: StartTls,
        dialogue: &mut dyn Dialogue,
        permit: Permit<'a>,
        link: Link,
        heard: &AtomicBool,
    ) -> Result<(Permit<'a>, Link), NoWay> {
        match upgrade(link, protocol, dialogue, self.patience(), heard).await {
            Ok(link) => Ok((permit, link)),
            Err(no_way) => {
                self.account(&permit, false, Some(no_way.failure.reason));
                Err(no_way)
            }
        }
    }

    /// Whether another connection may do better where an upgrade failed so; takes a retry. Who asks to come back
    /// later is asked again only where the pace sees to it that it is later.
    pub(super) fn is_worth_another(&self, reason: Reason) -> bool {
        let may_pass = match reason {
            Reason::Reset => true,
            Reason::Throttled => self.prober.pacer.can_rest(),
            _ => false,
        };
        may_pass && self.time_left().is_ok() && self.may_retry()
    }

    /// A server that speaks first may take longer for it than for a handshake: it looks up names, or lets bad clients
    /// give themselves away (RFC 5321 section 4.5.3.2.1 gives it five minutes). Not where nobody is expected.
    fn patience(&self) -> Patience {
        let now = Instant::now();
        let settings = &self.prober.settings;
        let total = self.budget.end().unwrap_or(now + settings.total_timeout);
        let end = total.min(now + settings.handshake_timeout * 2);
        let first_word = match self.expectation {
            Expectation::Answer => end,
            Expectation::Nothing => end.min(now + settings.handshake_timeout),
        };
        Patience { first_word, end }
    }

    /// Opens one connection, in its turn, not yet upgraded. Tries again after a timeout or a reset, where an answer
    /// is expected and retries are left.
    ///
    /// # Errors
    /// Stage `connect` with the reason.
    pub(super) async fn dial(&self) -> Result<(Permit<'a>, Link), Failure> {
        let prober = self.prober;
        loop {
            let permit = self.wait_for_turn().await;
            let within = prober.settings.connect_timeout.min(self.time_left()?);
            prober.counters.connections.add();
            let result = connect(self.address, within, |pause| {
                prober.pacer.shortage();
                prober.counters.descriptor_waits.add();
                self.budget.pause(pause);
            })
            .await;
            let failure = match result {
                Ok(stream) => {
                    permit.report_connect(self.expectation(), true);
                    prober.counters.connected.add();
                    self.expects_answer.store(true, Ordering::Relaxed);
                    return Ok((permit, Link::direct(stream)));
                }
                Err(failure) => failure,
            };
            self.account_connect(&permit, failure.reason);
            drop(permit);
            let is_passing = matches!(failure.reason, Reason::Timeout | Reason::Reset);
            let is_worth_it = is_passing && self.expectation() == Expectation::Answer;
            if !is_worth_it || self.time_left().is_err() || !self.may_retry() {
                return Err(failure);
            }
        }
    }

    /// Opens a UDP socket towards the endpoint, in its turn. Whether anybody is there shows with the first answer.
    ///
    /// # Errors
    /// Stage `connect` with the reason.
    pub(super) async fn open_datagrams(&self) -> Result<(Permit<'a>, UdpSocket), Failure> {
        let prober = self.prober;
        let permit = self.wait_for_turn().await;
        let within = prober.settings.connect_timeout.min(self.time_left()?);
        prober.counters.connections.add();
        let opened = connect_datagrams(self.address, within, |pause| {
            prober.pacer.shortage();
            prober.counters.descriptor_waits.add();
            self.budget.pause(pause);
        })
        .await;
        match opened {
            Ok(socket) => Ok((permit, socket)),
            Err(failure) => {
                self.account_connect(&permit, failure.reason);
                Err(failure)
            }
        }
    }

    /// When a conversation by datagrams that begins now has to have its first answer, and its end.
    pub(super) fn datagram_deadlines(&self) -> Deadlines {
        let settings = &self.prober.settings;
        let first_answer = Instant::now() + settings.connect_timeout;
        let end = first_answer + settings.handshake_timeout;
        let total = self.budget.end().unwrap_or(end);
        Deadlines { first_answer: first_answer.min(total), end: end.min(total) }
    }

    /// Counts how a conversation by datagrams ended; `missed` says why it did not bring what was asked for.
    pub(super) fn account_datagrams(
        &self,
        permit: &Permit<'_>,
        is_heard: bool,
        hello_retried: bool,
        missed: Option<Reason>,
    ) {
        if let (false, Some(reason)) = (is_heard, missed) {
            return self.account_connect(permit, reason);
        }
        permit.report_connect(self.expectation(), true);
        self.prober.counters.connected.add();
        self.expects_answer.store(true, Ordering::Relaxed);
        self.account(permit, hello_retried, missed);
    }

    async fn wait_for_turn(&self) -> Permit<'a> {
        let _waiting = self.budget.wait();
        self.prober.pacer.admit(self.address.ip()).await
    }

    fn expectation(&self) -> Expectation {
        if self.expects_answer.load(Ordering::Relaxed) { Expectation::Answer } else { Expectation::Nothing }
    }

    /// Takes one of the visit's retries, if any is left.
    pub(super) fn may_retry(&self) -> bool {
        let less = |left: u32| left.checked_sub(1);
        let may = self.retries.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok();
        if may {
            self.prober.counters.retries.add();
        }
        may
    }

    /// # Errors
    /// Stage `connect`, timeout, where the endpoint's time is used up.
    pub(super) fn time_left(&self) -> Result<Duration, Failure> {
        let left = self.budget.end().map_or(self.prober.settings.total_timeout, |deadline| {
            deadline.saturating_duration_since(Instant::now())
        });
        if left.is_zero() {
            let detail = "the time for this endpoint was used up by earlier connections";
            return Err(Failure::new(Stage::Connect, Reason::Timeout, detail));
        }
        Ok(left)
    }

    /// When a handshake that begins now has to be over.
    pub(super) fn handshake_deadline(&self) -> Instant {
        let own = Instant::now() + self.prober.settings.handshake_timeout;
        self.budget.end().map_or(own, |total| total.min(own))
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
            permit.report_connect(self.expectation(), answered);
        }
    }

    /// Counts how a connection ended; `missed` says why it did not bring what was asked for.
    pub(super) fn account(&self, permit: &Permit<'_>, hello_retried: bool, missed: Option<Reason>) {
        let counters = &self.prober.counters;
        if hello_retried {
            counters.hello_retry_requests.add();
        }
        match missed {
            Some(Reason::Timeout) => counters.timeouts.add(),
            Some(Reason::Reset | Reason::Closed) => counters.resets.add(),
            _ => {}
        }
        match missed {
            Some(Reason::Throttled) => permit.report_throttle(),
            missed => permit.report_end(missed == Some(Reason::Reset)),
        }
    }
}
