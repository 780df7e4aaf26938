//! Asks a server one question: one connection, one hello, the unprotected part of the answer. Never judges.

use std::io;

use tokio::time::timeout_at;

use super::connector::Connector;
use super::link::Link;
use super::sweep::{of_io, visit_random};
use crate::model::{Failure, Reason, ServerName, Stage};
use crate::tls::{Answer, HelloTemplate, KeyShares, Limits, Question, Reply, Until};

/// Asks over a connection of its own.
///
/// # Errors
/// When no connection could be made; what the server did on one is an [`Answer`].
pub(super) async fn ask(
    connector: &Connector<'_>,
    question: &Question,
    server_name: Option<&ServerName>,
) -> Result<Answer, Failure> {
    let hello = HelloTemplate::new(&question.offer, KeyShares::BasePoint);
    ask_with(connector, &hello, question.until, server_name).await
}

/// As [`ask`], with a hello that was prepared before.
///
/// # Errors
/// As for [`ask`].
pub(super) async fn ask_with(
    connector: &Connector<'_>,
    hello: &HelloTemplate,
    until: Until,
    server_name: Option<&ServerName>,
) -> Result<Answer, Failure> {
    let Some(random) = visit_random() else {
        return Err(Failure::new(Stage::Handshake, Reason::Local, "this machine's random generator failed"));
    };
    let hello = hello.hello(&random, server_name.map(ServerName::as_str));
    let (permit, link) = connector.open().await?;
    let mut reply = Reply::new(until, Limits::default());
    let conversation = converse(&link, hello.as_bytes(), &mut reply);
    let answer = match timeout_at(connector.handshake_deadline(), conversation).await {
        Ok(answer) => answer,
        Err(_) => reply.give_up().unwrap_or(Answer::Timeout),
    };
    drop(link);
    // To hang up on a hello is an answer, which the pace takes no offence at.
    let is_silent = answer == Answer::Timeout;
    connector.account(&permit, false, is_silent.then_some(Reason::Timeout));
    Ok(answer)
}

async fn converse(link: &Link, hello: &[u8], reply: &mut Reply) -> Answer {
    let lost = |reply: &mut Reply, error: &io::Error| {
        reply.give_up().unwrap_or(match of_io(error).0 {
            Reason::Timeout | Reason::Unreachable | Reason::Local => Answer::Timeout,
            _ => Answer::Reset,
        })
    };
    if let Err(error) = link.write_all(hello).await {
        return lost(reply, &error);
    }
    loop {
        let received = link.receive(|bytes| match bytes {
            [] => Some(reply.give_up().unwrap_or(Answer::Closed)),
            bytes => reply.feed(bytes),
        });
        match received.await {
            Ok(None) => {}
            Ok(Some(answer)) => return answer,
            Err(error) => return lost(reply, &error),
        }
    }
}
