//! Discover and probe, side by side: fixed workers take units of the sweep, resolve them and visit each endpoint.
//!
//! Workers pull from one queue; nothing is spawned for each target, so memory follows the number of workers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::AppError;
use super::ledger::Ordinal;
use super::progress::ScanProgress;
use crate::clock::Clock;
use crate::discover::{DiscoverError, Expanded, Plan, Position, Sweep, Unit, expand};
use crate::dns::Resolve;
use crate::model::{Observation, Outcome};
use crate::probe::{Expectation, Prober};
use crate::x509::RawChain;

/// Units taken from the sweep at once: enough to make the lock cheap, few enough to leave nobody idle.
const TAKE: usize = 256;

/// What visiting one unit brought: one observation for each endpoint, in a stable order.
#[derive(Debug)]
pub(super) struct Visited {
    pub(super) ordinal: Ordinal,
    pub(super) position: Position,
    /// The user named this one, so that a failure is worth a line.
    pub(super) named: bool,
    pub(super) observations: Vec<Observation<RawChain>>,
}

/// Everything the workers share.
pub(super) struct Visitors {
    pub(super) plan: Arc<Plan>,
    pub(super) prober: Arc<Prober>,
    pub(super) resolver: Arc<dyn Resolve>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) progress: Arc<ScanProgress>,
    pub(super) queue: Queue,
}

/// The sweep behind a lock, with the units that an interrupted scan already did left out.
pub(super) struct Queue {
    inner: Mutex<Inner>,
}

struct Inner {
    sweep: Sweep,
    ready: VecDeque<(Ordinal, Unit)>,
    taken: Vec<Unit>,
    next: u64,
    is_done: Box<dyn FnMut(&Position) -> bool + Send>,
}

impl Queue {
    /// A queue over `sweep`; units for which `is_done` says yes are counted as done and not visited.
    pub(super) fn new(sweep: Sweep, is_done: Box<dyn FnMut(&Position) -> bool + Send>) -> Self {
        Self {
            inner: Mutex::new(Inner { sweep, ready: VecDeque::new(), taken: Vec::new(), next: 0, is_done }),
        }
    }

    fn take(&self) -> Result<Option<(Ordinal, Unit)>, DiscoverError> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let inner = &mut *inner;
        while inner.ready.is_empty() {
            inner.sweep.next_units(TAKE, &mut inner.taken)?;
            if inner.taken.is_empty() {
                return Ok(None);
            }
            for unit in inner.taken.drain(..) {
                if !(inner.is_done)(&unit.position) {
                    inner.ready.push_back((Ordinal(inner.next), unit));
                    inner.next += 1;
                }
            }
        }
        Ok(inner.ready.pop_front())
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
        let Some((ordinal, unit)) = visitors.queue.take()? else { return Ok(()) };
        let visited = tokio::select! {
            biased;
            visited = visit_unit(&visitors, ordinal, &unit) => visited,
            _ = stop.wait_for(|stop| *stop) => return Ok(()),
        };
        let live = visited.observations.iter().filter(|o| o.outcome.presented().is_some()).count() as u64;
        visitors.progress.count(1, live, visited.observations.len() as u64 - live);
        if out.send(visited).await.is_err() {
            return Ok(());
        }
    }
}

async fn visit_unit(visitors: &Arc<Visitors>, ordinal: Ordinal, unit: &Unit) -> Visited {
    let mut expanded = expand(unit, &visitors.plan, &*visitors.resolver).await;
    let observations = if expanded.len() > 1 {
        visit_side_by_side(visitors, unit, expanded).await
    } else {
        let mut observations = Vec::with_capacity(1);
        if let Some(one) = expanded.pop() {
            observations.push(visit(visitors, &unit.target, unit.named, one).await);
        }
        observations
    };
    Visited { ordinal, position: unit.position, named: unit.named, observations }
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
        let (target, named) = (Arc::clone(&unit.target), unit.named);
        running.spawn(async move { (place, visit(&visitors, &target, named, one).await) });
    }
    let mut observations = running.join_all().await;
    observations.sort_by_key(|(place, _)| *place);
    observations.into_iter().map(|(_, observation)| observation).collect()
}

async fn visit(
    visitors: &Visitors,
    target: &Arc<str>,
    named: bool,
    expanded: Expanded,
) -> Observation<RawChain> {
    let (endpoint, outcome) = match expanded {
        Expanded::Endpoint(endpoint) => {
            // Silence is news only where somebody ought to be.
            let expectation = if named { Expectation::Answer } else { Expectation::Nothing };
            let outcome = visitors.prober.visit_expecting(&endpoint, expectation).await;
            (endpoint, outcome)
        }
        Expanded::Failed(endpoint, failure) => (endpoint, Outcome::Failure(failure)),
    };
    Observation { endpoint, target: Arc::clone(target), observed_at: visitors.clock.now(), outcome }
}
