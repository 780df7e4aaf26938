//! The answer of `notify outbox list`: what waits, for whom, since when, why, and what hooks are about to show.

use serde::{Deserialize, Serialize};

use super::{Sha256, Text, Timestamp};
use crate::model::{Channel, HookRun, Lane, LaneState, Setback, Urgency};
use crate::time::UnixTime;

/// What waits, the worst first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxDocument<'a> {
    /// `certvigil.outbox/v1`
    pub schema: Text<'a>,
    pub generated_at: Timestamp,
    /// Items of all lanes.
    pub waiting: u64,
    pub lanes: Vec<OutboxLane<'a>>,
    pub hooks: Vec<OutboxHook<'a>>,
}

impl<'a> OutboxDocument<'a> {
    /// What waits in `lanes`, and what hooks still have to do or to show.
    pub fn new(generated_at: UnixTime, lanes: &'a [Lane], runs: &'a [HookRun]) -> Self {
        let mut sorted: Vec<&Lane> = lanes.iter().collect();
        sorted.sort_by_key(|lane| (rank(&lane.state), lane.id.urgency, lane.oldest));
        Self {
            schema: "certvigil.outbox/v1".into(),
            generated_at: Timestamp(generated_at),
            waiting: lanes.iter().fold(0, |sum, lane| lane.waiting.saturating_add(sum)),
            lanes: sorted.into_iter().map(OutboxLane::of).collect(),
            hooks: runs.iter().map(OutboxHook::of).collect(),
        }
    }
}

/// What waits for one recipient at one urgency, or for one hook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxLane<'a> {
    /// `mail` or `hook`.
    pub channel: Text<'a>,
    /// The address, or the hook's name.
    pub to: Text<'a>,
    /// `immediate` or `digest`.
    pub urgency: Text<'a>,
    /// `refused`, `sealed`, `deferred` or `ready`.
    pub state: Text<'a>,
    pub waiting: u64,
    pub oldest: Timestamp,
    /// Failures in a row.
    pub attempts: u32,
    pub next_at: Option<Timestamp>,
    /// The last failure, in one line; may hold text of the server.
    pub error: Option<Text<'a>>,
}

impl<'a> OutboxLane<'a> {
    /// One lane.
    pub fn of(lane: &'a Lane) -> Self {
        let (channel, to) = match &lane.id.channel {
            Channel::Mail(to) => ("mail", to),
            Channel::Hook(name) => ("hook", name),
        };
        let setback = setback(&lane.state);
        Self {
            channel: channel.into(),
            to: to.as_str().into(),
            urgency: match lane.id.urgency {
                Urgency::Immediate => "immediate",
                Urgency::Digest => "digest",
            }
            .into(),
            state: match lane.state {
                LaneState::Refused(_) => "refused",
                LaneState::Sealed(_) => "sealed",
                LaneState::Deferred(_) => "deferred",
                LaneState::Ready => "ready",
            }
            .into(),
            waiting: lane.waiting,
            oldest: Timestamp(lane.oldest),
            attempts: setback.map_or(0, |setback| setback.attempts),
            next_at: setback.map(|setback| Timestamp(setback.next_at)),
            error: setback.map(|setback| setback.error.as_str().into()),
        }
    }
}

/// A hook's history with one certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxHook<'a> {
    pub hook: Text<'a>,
    /// SHA-256 of the certificate, or the finding's key.
    pub subject: Text<'a>,
    /// Runs of the last week.
    pub tries: Vec<Timestamp>,
    /// Failures since the last success.
    pub failures: u32,
    pub next_at: Timestamp,
    /// How the last run ended.
    pub outcome: Text<'a>,
    /// There until a new certificate is seen where the old one was served.
    pub verification: Option<OutboxVerification<'a>>,
}

/// Somebody should see a new certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxVerification<'a> {
    pub profile: Text<'a>,
    pub old: Sha256,
    pub since: Timestamp,
    pub until: Timestamp,
    pub findings: Vec<Text<'a>>,
}

impl<'a> OutboxHook<'a> {
    /// One history.
    pub fn of(run: &'a HookRun) -> Self {
        Self {
            hook: run.hook.as_str().into(),
            subject: run.subject.as_str().into(),
            tries: run.tries.iter().copied().map(Timestamp).collect(),
            failures: run.failures,
            next_at: Timestamp(run.next_at),
            outcome: run.outcome.as_str().into(),
            verification: run.verification.as_ref().map(|verification| OutboxVerification {
                profile: verification.profile.as_str().into(),
                old: Sha256(verification.old),
                since: Timestamp(verification.since),
                until: Timestamp(verification.until),
                findings: verification.findings.iter().map(|key| key.0.as_str().into()).collect(),
            }),
        }
    }
}

/// The worst first.
fn rank(state: &LaneState) -> u8 {
    match state {
        LaneState::Refused(_) => 0,
        LaneState::Sealed(_) => 1,
        LaneState::Deferred(_) => 2,
        LaneState::Ready => 3,
    }
}

fn setback(state: &LaneState) -> Option<&Setback> {
    match state {
        LaneState::Ready => None,
        LaneState::Deferred(setback) | LaneState::Refused(setback) => Some(setback),
        LaneState::Sealed(seal) => seal.setback.as_ref(),
    }
}
