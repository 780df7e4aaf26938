//! News on its way: who gets it, how urgently, and how far it has come.
//!
//! A lane holds what waits for one channel at one urgency, in order. To send, a lane is sealed up to some item and
//! what is sealed is one mail: it keeps its Message-ID and its content until the server has said yes or no. Only
//! then does the lane take in more. So news that waited for days goes out as one mail, and a crash between sending
//! and marking repeats exactly that mail.

use std::fmt;
use std::sync::Arc;

use super::Alert;
use crate::time::UnixTime;

/// Who is told.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Channel {
    /// An address.
    Mail(String),
    /// A hook of the settings, by its name.
    Hook(String),
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mail(to) => write!(f, "{to}"),
            Self::Hook(name) => write!(f, "hook {name}"),
        }
    }
}

/// How soon. Hooks know one urgency only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Urgency {
    /// A mail of its own, at once.
    Immediate,
    /// With everything else of the scan.
    Digest,
}

/// One piece of news for one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    pub channel: Channel,
    pub urgency: Urgency,
    /// The route that chose the channel; empty for hooks.
    pub route: String,
    pub alert: Arc<Alert>,
}

/// Names a lane.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LaneId {
    pub channel: Channel,
    pub urgency: Urgency,
}

/// What waits for one channel at one urgency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    pub id: LaneId,
    /// Items, sealed ones included; a lane that is listed has at least one.
    pub waiting: u64,
    /// When the oldest of them was queued.
    pub oldest: UnixTime,
    pub state: LaneState,
}

/// How far a lane has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LaneState {
    /// Never tried since it was empty.
    Ready,
    /// Not accepted, for certain: tried again at `next_at` with whatever has come by then.
    Deferred(Setback),
    /// One mail under way or with an unknown fate, and nothing else before that is known.
    Sealed(Seal),
    /// The server refuses for good. Tried again at `next_at`, in case somebody mends it.
    Refused(Setback),
}

/// Why a lane waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setback {
    /// Failures in a row.
    pub attempts: u32,
    pub next_at: UnixTime,
    /// The last failure, in one line; may hold text of the server.
    pub error: String,
}

/// A mail that is being sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// The last item in it.
    pub through: u64,
    /// The mail is written as of this time, each time it is sent.
    pub sealed_at: UnixTime,
    /// `None` until the fate of one attempt is unknown.
    pub setback: Option<Setback>,
}

impl Lane {
    /// Whether it may be tried at `now`. A clock that went back does not make it wait for longer than it should.
    pub fn is_due(&self, now: UnixTime) -> bool {
        let setback = match &self.state {
            LaneState::Ready => None,
            LaneState::Deferred(setback) | LaneState::Refused(setback) => Some(setback),
            LaneState::Sealed(seal) => seal.setback.as_ref(),
        };
        setback.is_none_or(|setback| now >= setback.next_at)
    }
}
