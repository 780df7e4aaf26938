//! Runs the hooks that are due, certificate by certificate, and looks whether the new certificate is served.
//!
//! A run is written down before it begins, so that a crash cannot make a hook run more often than its limit. What
//! failed stays in the outbox and is tried again with back-off; what has resolved meanwhile is dropped unrun. Hooks
//! follow each other; at most [`SIDE_BY_SIDE`] different ones run at the same time.

mod group;
mod settle;
#[cfg(test)]
mod tests;
mod verify;

use std::cell::{OnceCell, RefCell};
use std::collections::VecDeque;
use std::sync::Arc;

use group::Wanted;

use super::AppError;
use super::alerting::HookWay;
use super::dispatch::{Round, is_due};
use crate::model::{
    Alert, Channel, Depth, Endpoint, EventName, Lane, LaneId, LaneState, OfferedFor, Outcome, Setback,
    StartTlsChoice,
};
use crate::notify::hook::{self, HookOutcome, HookProgram};
use crate::probe::{Expectation, Pace, ProbeSettings, Prober};
use crate::x509::RawChain;

pub(super) use verify::{no_effect_members, verify};

/// Items of a hook that are looked through at each delivery for what is not needed any more.
const MOOT_AT_MOST: u64 = 1_000;

/// Different hooks that run at the same time.
const SIDE_BY_SIDE: usize = 4;

/// Starts programs.
pub(super) trait Run {
    /// Starts `hook` and waits for its end.
    async fn run(&self, hook: &HookProgram, event: EventName, alerts: &[Arc<Alert>]) -> HookOutcome;
}

/// Looks at endpoints.
pub(super) trait Look {
    /// DER of the end-entity certificates that an endpoint serves now; `None` where it does not answer.
    async fn leaves(&self, endpoint: &Endpoint) -> Result<Option<Vec<Vec<u8>>>, AppError>;
}

/// The world.
#[derive(Debug, Default)]
pub(super) struct Outside {
    /// Made when it is first needed: most deliveries look at nothing.
    prober: OnceCell<Prober>,
}

impl Run for Outside {
    async fn run(&self, hook: &HookProgram, event: EventName, alerts: &[Arc<Alert>]) -> HookOutcome {
        hook::run(hook, event, alerts).await
    }
}

impl Look for Outside {
    async fn leaves(&self, endpoint: &Endpoint) -> Result<Option<Vec<Vec<u8>>>, AppError> {
        let prober = match self.prober.get() {
            Some(prober) => prober,
            None => {
                let settings = ProbeSettings { depth: Depth::Standard, ..ProbeSettings::default() };
                let prober = Prober::new(settings, Pace::default())?;
                self.prober.get_or_init(|| prober)
            }
        };
        // By the way that led to TLS when the certificate was seen.
        let visit = prober.visit_expecting(endpoint, Expectation::Answer, StartTlsChoice::Never);
        Ok(match visit.await.outcome {
            Outcome::Handshake(handshake) => {
                // What is served to other names says nothing about this one.
                let others = handshake.other_chains.iter();
                let others = others.filter(|other| other.offered_for != OfferedFor::NoSni);
                let chains =
                    std::iter::once(&handshake.presented).chain(others.map(|other| &other.presented));
                Some(chains.filter_map(first).collect())
            }
            Outcome::Failure(_) | Outcome::Read(_) => None,
        })
    }
}

fn first(chain: &RawChain) -> Option<Vec<u8>> {
    chain.ders().next().map(<[u8]>::to_vec)
}

/// Runs every hook that is due; how many programs ran.
pub(super) async fn run_due<R: Run>(round: &Round<'_>, programs: &R) -> Result<u64, AppError> {
    let mut waiting = VecDeque::new();
    for lane in round.store.lanes()? {
        if let Channel::Hook(name) = &lane.id.channel
            && let Some(hook) = round.alerting.hook(name)
        {
            drop_moot(round, &lane, hook)?;
            if is_due(&lane, round.now()) {
                waiting.push_back((lane.id.clone(), hook));
            }
        }
    }
    if waiting.is_empty() {
        settle::forget_old(round)?;
        return Ok(0);
    }
    let waiting = RefCell::new(waiting);
    let work = async || {
        let mut ran = 0;
        loop {
            // The borrow ends before the hook begins.
            let next = waiting.borrow_mut().pop_front();
            let Some((lane, hook)) = next else { return Ok::<u64, AppError>(ran) };
            ran += run_lane(round, programs, &lane, hook).await?;
        }
    };
    const { assert!(SIDE_BY_SIDE == 4, "as many as are joined below") };
    let (a, b, c, d) = tokio::join!(work(), work(), work(), work());
    settle::forget_old(round)?;
    Ok(a? + b? + c? + d?)
}

/// Drops what has resolved before its next try. A lane with more than a look's worth is left to its time.
fn drop_moot(round: &Round<'_>, lane: &Lane, hook: &HookWay) -> Result<(), AppError> {
    if lane.waiting > MOOT_AT_MOST {
        return Ok(());
    }
    let (groups, _) = group::waiting(round, &lane.id, hook, Wanted::All)?;
    for group in groups {
        if group::is_moot(round, &group)? {
            settle::drop_moot(round, &lane.id, hook, &group)?;
        }
    }
    Ok(())
}

/// Runs one hook for each certificate that is due, in the order they came.
async fn run_lane<R: Run>(
    round: &Round<'_>,
    programs: &R,
    lane: &LaneId,
    hook: &HookWay,
) -> Result<u64, AppError> {
    let mut ran = 0;
    loop {
        let (groups, next_at) = group::waiting(round, lane, hook, Wanted::Due)?;
        if groups.is_empty() {
            if let Some(next_at) = next_at {
                // Until then nobody walks through the items.
                let setback =
                    Setback { attempts: 0, next_at, error: "each run waits for its time".to_owned() };
                round.store.set_lane_state(lane, &LaneState::Deferred(setback), None)?;
            }
            return Ok(ran);
        }
        for group in groups {
            if round.is_over() {
                return Ok(ran);
            }
            if group::is_moot(round, &group)? {
                settle::drop_moot(round, lane, hook, &group)?;
                continue;
            }
            let run = settle::begin(round, hook, &group)?;
            let alerts = group::whole(round, &group)?;
            let outcome = programs.run(&hook.program, group.event, &alerts).await;
            settle::end(round, lane, hook, &group, run, &outcome)?;
            ran += 1;
        }
    }
}
