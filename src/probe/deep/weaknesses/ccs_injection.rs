//! CCS injection: sends a ChangeCipherSpec too early and watches; twice where the server takes it. At most two
//! connections.

use super::opening::{self, Opened, Opening};
use super::{may_speak_older, newest_with};
use crate::model::{Evidence, Inspection, Probe, ProbeName, Reaction};
use crate::probe::deep::conversation::Heard;
use crate::probe::deep::host::Host;
use crate::tls::weakness::ccs_injection::{EarlyCcs, EarlyCcsReaction};
use crate::tls::weakness::older_offer;

const NAME: ProbeName = ProbeName::CcsInjection;

pub(super) async fn probe(host: &Host<'_>, inspection: &Inspection) -> Probe {
    if !may_speak_older(inspection) {
        return opening::without_evidence(NAME, Reaction::NotApplicable);
    }
    let (first, evidence) = attempt(host, inspection).await;
    if first != Reaction::Weak {
        return opening::without_evidence(NAME, first);
    }
    let reaction = match attempt(host, inspection).await.0 {
        Reaction::Weak => Reaction::Weak,
        _ => Reaction::not_determined("it took the early message once, but not again"),
    };
    opening::probe(NAME, reaction, evidence)
}

async fn attempt(host: &Host<'_>, inspection: &Inspection) -> (Reaction, Evidence) {
    let (version, suites) = newest_with(inspection, |_| true);
    let opening = match opening::open(host, older_offer(version, &suites)).await {
        Opened::Ready(opening) => opening,
        Opened::Refused => return (Reaction::NotApplicable, Evidence::default()),
        Opened::Unclear(why) => return (Reaction::not_determined(why), Evidence::default()),
    };
    match listen(&opening).await {
        EarlyCcsReaction::Refuses(_) => (Reaction::Sound, Evidence::default()),
        EarlyCcsReaction::Unclear(why) => (Reaction::not_determined(why), Evidence::default()),
        EarlyCcsReaction::Decrypts(alert) => {
            let evidence = Evidence::from([
                ("version", opening.answer.version.to_string().into()),
                ("cipher_suite", opening.answer.cipher_suite.to_string().into()),
                ("alert", alert.to_string().into()),
            ]);
            (Reaction::Weak, evidence)
        }
    }
}

async fn listen(opening: &Opening<'_>) -> EarlyCcsReaction {
    let mut early = EarlyCcs::new(opening.answer.version);
    if opening.conversation.say(&early.change_cipher_spec()).await.is_some() {
        return EarlyCcsReaction::Unclear("the connection broke");
    }
    if let Some(reaction) = until_silence(opening, &mut early).await {
        return reaction;
    }
    if opening.conversation.say(&early.follow_up()).await.is_some() {
        return early.hang_up();
    }
    let reaction = until_silence(opening, &mut early).await;
    reaction.unwrap_or(EarlyCcsReaction::Unclear("it says nothing to a message that it cannot expect"))
}

/// The reaction; `None` after the time that one may take.
async fn until_silence(opening: &Opening<'_>, early: &mut EarlyCcs) -> Option<EarlyCcsReaction> {
    loop {
        match opening.conversation.hear_within(opening.patience).await {
            Heard::Bytes(bytes) => {
                if let Some(reaction) = early.feed(&bytes) {
                    return Some(reaction);
                }
            }
            Heard::Closed | Heard::Reset => return Some(early.hang_up()),
            Heard::Silence => return None,
        }
    }
}
