//! How the probes begin: a hello on a connection of its own, and the server's first flight up to its ServerHelloDone.
//! Never judges.

use std::time::Duration;

use tokio::time::Instant;

use crate::model::{Evidence, Probe, ProbeName, Purpose, Reaction, ServerName};
use crate::probe::deep::conversation::{Conversation, Heard};
use crate::probe::deep::host::Host;
use crate::probe::sweep::visit_random;
use crate::tls::{Answer, Limits, Offer, Question, Reply, ServerAnswer, Until, VisitRandom};

/// The least that is waited for a reaction, however close the server.
const LEAST_PATIENCE: Duration = Duration::from_millis(500);
const MOST_PATIENCE: Duration = Duration::from_secs(2);
/// A reaction takes the server no longer than so many of its first flights.
const FLIGHTS: u32 = 2;

/// Silence that was not waited for.
pub(super) const OUT_OF_TIME: &str = "the time for this connection was used up";

/// What came of a hello.
#[derive(Debug)]
pub(super) enum Opened<'a> {
    /// The server waits for the client's second flight.
    Ready(Box<Opening<'a>>),
    /// The server refused the hello with an alert.
    Refused,
    /// Neither, and why.
    Unclear(&'static str),
}

/// A server that waits for the client's second flight.
#[derive(Debug)]
pub(super) struct Opening<'a> {
    pub(super) conversation: Conversation<'a>,
    pub(super) answer: Box<ServerAnswer>,
    pub(super) random: VisitRandom,
    /// How long to wait for a reaction.
    pub(super) patience: Duration,
}

/// Sends a hello with this offer and reads up to the ServerHelloDone. The offer has nothing newer than TLS 1.2.
pub(super) async fn open<'a>(host: &Host<'a>, offer: Offer) -> Opened<'a> {
    let Some(random) = visit_random() else {
        return Opened::Unclear("this machine's random generator failed");
    };
    let question = Question { offer, until: Until::Done };
    let hello = question.hello(&random, host.server_name().map(ServerName::as_str));
    let Ok(conversation) = Conversation::open(host, Purpose::Weaknesses).await else {
        return Opened::Unclear("no connection could be made");
    };
    let started = Instant::now();
    let answer = match first_flight(&conversation, hello.as_bytes()).await {
        Answer::Chose(answer) => answer,
        Answer::Alert(_) => return Opened::Refused,
        Answer::Timeout => return Opened::Unclear("the server was silent"),
        Answer::Closed | Answer::Reset => return Opened::Unclear("the server hung up on the hello"),
        Answer::NotTls(_) | Answer::Malformed(_) => {
            return Opened::Unclear("the server's answer does not decode");
        }
    };
    // The ServerHelloDone settles this one.
    if answer.client_auth.is_none() {
        return Opened::Unclear("the server's first flight was not complete");
    }
    let patience = (started.elapsed() * FLIGHTS).clamp(LEAST_PATIENCE, MOST_PATIENCE);
    Opened::Ready(Box::new(Opening { conversation, answer, random, patience }))
}

async fn first_flight(conversation: &Conversation<'_>, hello: &[u8]) -> Answer {
    let mut reply = Reply::new(Until::Done, Limits::default());
    let mut heard = conversation.say(hello).await;
    loop {
        let end = match heard.take() {
            None => {
                heard = Some(conversation.hear().await);
                continue;
            }
            Some(Heard::Bytes(bytes)) => match reply.feed(&bytes) {
                Some(answer) => return answer,
                None => continue,
            },
            Some(Heard::Closed) => Answer::Closed,
            Some(Heard::Reset) => Answer::Reset,
            Some(Heard::Silence) => Answer::Timeout,
        };
        return reply.give_up().unwrap_or(end);
    }
}

/// A probe with its evidence.
pub(super) fn probe(name: ProbeName, reaction: Reaction, evidence: Evidence) -> Probe {
    Probe { name, reaction, evidence }
}

/// A probe that shows nothing.
pub(super) fn without_evidence(name: ProbeName, reaction: Reaction) -> Probe {
    probe(name, reaction, Evidence::default())
}
