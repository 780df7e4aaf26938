//! Discover and probe, side by side: fixed workers take units of the sweep, resolve them and visit each endpoint.
//!
//! Workers pull from one queue; nothing is spawned for each target, so memory follows the number of workers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::AppError;
use super::ledger::Ordinal;
use super::progress::ScanProgress;
use crate::clock::Clock;
use crate::discover::{DiscoverError, Expanded, Plan, Position, Sweep, Unit, expand};
use crate::dns::Resolve;
use crate::model::{Endpoint, Observation, Outcome, Reason, StartTlsChoice, Transport};
use crate::probe::{Expectation, Prober};
use crate::store::KnownEndpoints;
use crate::tls::StartTls;
use crate::x509::RawChain;

/// Units taken from the sweep at once.
const TAKE: usize = 256;
/// Batches of units ready ahead of the workers.
const BATCHES: usize = 4;

/// What visiting one unit brought: one observation for each endpoint, in a stable order.
#[derive(Debug)]
pub(super) struct Visited {
    pub(super) ordinal: Ordinal,
    pub(super) position: Position,
    /// The user named this one, so that a failure over the first transport is worth a line.
    pub(super) named: bool,
    pub(super) observations: Vec<Observation<RawChain>>,
}

/// Everything the workers share.
pub(super) struct Visitors {
    /// Endpoints that showed a chain before.
    pub(super) known: Arc<KnownEndpoints>,
    pub(super) plan: Arc<Plan>,
    pub(super) prober: Arc<Prober>,
    pub(super) resolver: Arc<dyn Resolve>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) progress: Arc<ScanProgress>,
    /// Between the first look at a server that was there before and is silent now, and the second one: a restart or
    /// a full queue is over by then.
    pub(super) second_look_after: Duration,
    pub(super) queue: Queue,
}

/// A batch of units in their order, or why the targets cannot be read on.
type Units = Result<Vec<(Ordinal, Unit)>, DiscoverError>;

/// Units ready to be visited. The sweep itself runs on a thread of its own: reading targets from a file or a pipe may
/// wait, and a worker must not.
pub(super) struct Queue {
    ready: Mutex<VecDeque<(Ordinal, Unit)>>,
    batches: tokio::sync::Mutex<mpsc::Receiver<Units>>,
}

impl Queue {
    /// A queue over `sweep`; units for which `is_done` says yes are left out.
    pub(super) fn new(sweep: Sweep, is_done: impl Fn(&Position) -> bool + Send + 'static) -> Self {
        let (sender, batches) = mpsc::channel(BATCHES);
        // Not joined: it may wait on a silent pipe for ever, and ends by itself when the queue is gone.
        std::thread::spawn(move || feed(sweep, is_done, &sender));
        Self { ready: Mutex::new(VecDeque::new()), batches: tokio::sync::Mutex::new(batches) }
    }

    async fn take(&self) -> Result<Option<(Ordinal, Unit)>, DiscoverError> {
        loop {
            if let Some(unit) = self.pop() {
                return Ok(Some(unit));
            }
            let mut batches = self.batches.lock().await;
            // Another worker may have brought a batch while this one waited for its turn.
            if let Some(unit) = self.pop() {
                return Ok(Some(unit));
            }
            match batches.recv().await {
                Some(batch) => self.ready.lock().unwrap_or_else(PoisonError::into_inner).extend(batch?),
                None => return Ok(None),
            }
        }
    }

    fn pop(&self) -> Option<(Ordinal, Unit)> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

fn feed(mut sweep: Sweep, is_done: impl Fn(&Position) -> bool, batches: &mpsc::Sender<Units>) {
    let mut next = 0..;
    let mut taken = Vec::with_capacity(TAKE);
    loop {
        let batch = match sweep.next_units(TAKE, &mut taken) {
            Ok(()) if taken.is_empty() => return,
            Ok(()) => Ok(taken
                .drain(..)
                .filter(|unit| !is_done(&unit.position))
                .map(|unit| (Ordinal(next.next().unwrap_or(u64::MAX)), unit))
                .collect()),
            Err(error) => Err(error),
        };
        let is_last = batch.is_err();
        if batches.blocking_send(batch).is_err() || is_last {
            return;
        }
    }
}

impl Visitors {
    /// A chain was seen here before; with `choice` open, the endpoint turns into the one that it was seen as. Where the
    /// record cannot be read, nothing is expected; the recorder will tell.
    fn recalls(&self, endpoint: &mut Endpoint, choice: StartTlsChoice) -> bool {
        if self.known.is_empty() {
            return false;
        }
        let was_seen = |endpoint: &Endpoint| self.known.contains(&endpoint.id()).unwrap_or(false);
        if was_seen(endpoint) {
            return true;
        }
        if choice != StartTlsChoice::Auto {
            return false;
        }
        // Direct TLS in the place of an upgrade, and what only its greeting told.
        let greets = |protocol: &StartTls| protocol.speaks_first() || *protocol == StartTls::Irc;
        let greeting = StartTls::ALL.into_iter().filter(greets).map(Some);
        for starttls in std::iter::once(None).chain(greeting) {
            let other = Endpoint { starttls, ..endpoint.clone() };
            if starttls != endpoint.starttls && was_seen(&other) {
                *endpoint = other;
                return true;
            }
        }
        false
    }
}

/// Visits all of the plan and sends what was seen. Ends early, without error, when the progress says stop or
/// nobody listens any more.
///
/// # Errors
/// The targets cannot be read on.
pub(super) async fn visit_all(
    visitors: Arc<Visitors>,
    workers: usize,
    out: mpsc::Sender<Visited>,
) -> Result<(), AppError> {
    let mut running = JoinSet::new();
    for _ in 0..workers.max(1) {
        running.spawn(work(Arc::clone(&visitors), out.clone()));
    }
    drop(out);
    let mut outcome = Ok(());
    while let Some(ended) = running.join_next().await {
        match ended {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                visitors.progress.stop();
                outcome = Err(error.into());
            }
            Err(panic) => {
                visitors.progress.stop();
                outcome = Err(AppError::Internal(panic.to_string()));
            }
        }
    }
    outcome
}

async fn work(visitors: Arc<Visitors>, out: mpsc::Sender<Visited>) -> Result<(), DiscoverError> {
    let mut stop = visitors.progress.stop_signal();
    loop {
        if *stop.borrow() {
            return Ok(());
        }
        let visited = tokio::select! {
            biased;
            visited = next_visit(&visitors) => visited?,
            _ = stop.wait_for(|stop| *stop) => return Ok(()),
        };
        let Some(visited) = visited else { return Ok(()) };
        let live = visited.observations.iter().filter(|o| o.outcome.presented().is_some()).count() as u64;
        visitors.progress.count(1, live, visited.observations.len() as u64 - live);
        if out.send(visited).await.is_err() {
            return Ok(());
        }
    }
}

async fn next_visit(visitors: &Arc<Visitors>) -> Result<Option<Visited>, DiscoverError> {
    match visitors.queue.take().await? {
        Some((ordinal, unit)) => Ok(Some(visit_unit(visitors, ordinal, &unit).await)),
        None => Ok(None),
    }
}

async fn visit_unit(visitors: &Arc<Visitors>, ordinal: Ordinal, unit: &Unit) -> Visited {
    let mut expanded = expand(unit, &visitors.plan, &*visitors.resolver).await;
    if unit.named && is_dns_failure(&expanded) {
        tokio::time::sleep(visitors.second_look_after).await;
        expanded = expand(unit, &visitors.plan, &*visitors.resolver).await;
    }
    let observations = if expanded.len() > 1 {
        visit_side_by_side(visitors, unit, expanded).await
    } else {
        let mut observations = Vec::with_capacity(1);
        if let Some(one) = expanded.pop() {
            observations.push(visit(visitors, Asked::of(unit), one).await);
        }
        observations
    };
    Visited { ordinal, position: unit.position, named: unit.named, observations }
}

/// The DNS server failed; that a name does not exist is an answer.
fn is_dns_failure(expanded: &[Expanded]) -> bool {
    let failed = |one: &Expanded| matches!(one, Expanded::Failed(_, f) if f.reason == Reason::DnsFailure);
    !expanded.is_empty() && expanded.iter().all(failed)
}

/// The addresses of one name do not wait for each other; the prober paces them.
async fn visit_side_by_side(
    visitors: &Arc<Visitors>,
    unit: &Unit,
    expanded: Vec<Expanded>,
) -> Vec<Observation<RawChain>> {
    let mut running = JoinSet::new();
    for (place, one) in expanded.into_iter().enumerate() {
        let visitors = Arc::clone(visitors);
        let asked = Asked::of(unit);
        running.spawn(async move { (place, visit(&visitors, asked, one).await) });
    }
    let mut observations = running.join_all().await;
    observations.sort_by_key(|(place, _)| *place);
    observations.into_iter().map(|(_, observation)| observation).collect()
}

/// What of a unit its visits need.
struct Asked {
    target: Arc<str>,
    named: bool,
    starttls: StartTlsChoice,
}

impl Asked {
    fn of(unit: &Unit) -> Self {
        Self { target: Arc::clone(&unit.target), named: unit.named, starttls: unit.starttls }
    }
}

async fn visit(visitors: &Visitors, asked: Asked, expanded: Expanded) -> Observation<RawChain> {
    let Asked { target, named, starttls } = asked;
    let (endpoint, outcome) = match expanded {
        Expanded::Endpoint(mut endpoint) => {
            // Silence is news only where somebody ought to be.
            let starttls =
                if endpoint.transport == Transport::Tcp { starttls } else { StartTlsChoice::Never };
            let was_there = visitors.recalls(&mut endpoint, starttls);
            let is_missed = named && !endpoint.transport.is_beside_tcp(visitors.plan.transports());
            let expectation = if is_missed || was_there { Expectation::Answer } else { Expectation::Nothing };
            let mut measured = visitors.prober.visit_expecting(&endpoint, expectation, starttls).await;
            if was_there && measured.outcome.presented().is_none() {
                tokio::time::sleep(visitors.second_look_after).await;
                measured = visitors.prober.visit_expecting(&endpoint, Expectation::Nothing, starttls).await;
            }
            (Endpoint { starttls: measured.starttls, ..endpoint }, measured.outcome)
        }
        Expanded::Failed(endpoint, failure) => (endpoint, Outcome::Failure(failure)),
    };
    Observation { endpoint, target, observed_at: visitors.clock.now(), outcome }
}
