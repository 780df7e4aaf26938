//! Heartbleed: asks whether the server answers a false heartbeat, before the handshake completes; twice where it
//! does. At most two connections.

use super::opening::{self, Opened, Opening};
use super::{may_speak_older, newest_with};
use crate::model::{Evidence, Inspection, Probe, ProbeName, Reaction};
use crate::probe::deep::conversation::Heard;
use crate::probe::deep::host::Host;
use crate::tls::weakness::heartbleed::{EXTENSION, HeartbeatReaction, Heartbeats, extension};
use crate::tls::weakness::older_offer;

const NAME: ProbeName = ProbeName::Heartbleed;

pub(super) async fn probe(host: &Host<'_>, inspection: &Inspection) -> Probe {
    if !may_speak_older(inspection) {
        return opening::without_evidence(NAME, Reaction::NotApplicable);
    }
    let first = attempt(host, inspection).await;
    let Attempt::Leaks(evidence) = first else {
        return opening::without_evidence(NAME, first.reaction());
    };
    let reaction = match attempt(host, inspection).await {
        Attempt::Leaks(_) => Reaction::Weak,
        _ => Reaction::not_determined("it leaked once, but not again"),
    };
    opening::probe(NAME, reaction, evidence)
}

/// What one connection showed.
enum Attempt {
    Leaks(Evidence),
    Sound,
    /// No version up to TLS 1.2, or no heartbeats.
    NoHeartbeats,
    Unclear(&'static str),
}

impl Attempt {
    fn reaction(self) -> Reaction {
        match self {
            Self::Leaks(_) => Reaction::Weak,
            Self::Sound => Reaction::Sound,
            Self::NoHeartbeats => Reaction::NotApplicable,
            Self::Unclear(why) => Reaction::not_determined(why),
        }
    }
}

async fn attempt(host: &Host<'_>, inspection: &Inspection) -> Attempt {
    let (version, suites) = newest_with(inspection, |_| true);
    let mut offer = older_offer(version, &suites);
    offer.further_extensions.push(extension());
    let opening = match opening::open(host, offer).await {
        Opened::Ready(opening) => opening,
        Opened::Refused => return Attempt::NoHeartbeats,
        Opened::Unclear(why) => return Attempt::Unclear(why),
    };
    if opening.answer.extension(EXTENSION).is_none() {
        return Attempt::NoHeartbeats;
    }
    let payload = opening.random.first_chunk().copied().unwrap_or_default();
    let heartbeats = Heartbeats::new(opening.answer.version, payload);
    match listen(&opening, heartbeats).await {
        Some(HeartbeatReaction::Leaks { bytes }) => Attempt::Leaks(Evidence::from([
            ("version", opening.answer.version.to_string().into()),
            ("leaked_bytes", i64::try_from(bytes).unwrap_or(i64::MAX).into()),
        ])),
        Some(HeartbeatReaction::Unclear) => Attempt::Unclear("its answer to a heartbeat does not fit"),
        None if opening.conversation.is_out_of_time() => Attempt::Unclear(opening::OUT_OF_TIME),
        // To pass over a false heartbeat in silence is what the standard wants.
        Some(HeartbeatReaction::Discards | HeartbeatReaction::Alert(_)) | None => Attempt::Sound,
    }
}

async fn listen(opening: &Opening<'_>, mut heartbeats: Heartbeats) -> Option<HeartbeatReaction> {
    let mut heard = opening.conversation.say(&heartbeats.requests()).await;
    loop {
        match heard {
            Some(Heard::Bytes(bytes)) => {
                if let Some(reaction) = heartbeats.feed(&bytes) {
                    return Some(reaction);
                }
            }
            Some(_) => return None,
            None => {}
        }
        heard = Some(opening.conversation.hear_within(opening.patience).await);
    }
}
