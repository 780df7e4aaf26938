//! Which way leads to TLS at an endpoint that nobody is sure of: the upgrade of the protocol expected there, TLS at
//! once, or the upgrade of another protocol that greets in its place. Never judges; costs a second connection only
//! where the first one meets something else.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::timeout;

use super::ask::ask;
use super::connector::Connector;
use super::link::Link;
use super::pace::{Expectation, Permit};
use super::prober::{Measured, Prober};
use super::upgrade::{Met, NoWay};
use super::visit::Visit;
use crate::model::{Failure, Outcome, Reason, ServerName, Stage};
use crate::tls::{Answer, Offer, OfferKind, Question, StartTls, Until};
use crate::x509::RawChain;

/// How long an endpoint may be silent in its protocol before TLS is tried beside it: a server of direct TLS is silent
/// until it is spoken to.
const HEAD_START: Duration = Duration::from_secs(2);

/// Visits an endpoint where `protocol` is expected.
pub(super) async fn visit(
    prober: &Prober,
    address: SocketAddr,
    server_name: Option<&ServerName>,
    protocol: StartTls,
    expectation: Expectation,
) -> Measured {
    let connector = Connector::new(prober, address, server_name, Some(protocol), expectation);
    let expected = Some(protocol);
    match find_way(&connector, protocol).await {
        Way::Expected(ready) => {
            Measured { starttls: expected, outcome: Visit::on(connector, ready).run().await }
        }
        Way::Other(other, failure) => by_another_way(&connector, other, failure).await,
        Way::None(failure) => Measured { starttls: expected, outcome: Outcome::Failure(failure) },
    }
}

/// Visits an endpoint once more, by `other` in the place of what the connector stands for, where that brought
/// `failure`. What fails by either way is told of the way tried first.
pub(super) async fn by_another_way(
    connector: &Connector<'_>,
    other: Option<StartTls>,
    failure: Failure,
) -> Measured {
    let outcome: Outcome<RawChain> = Visit::new(connector.by_another_way(other)).run().await;
    match outcome {
        Outcome::Failure(later) => {
            // What answered before and cannot be reached now says less than its answer.
            let failure = if later.stage == Stage::Connect { failure } else { later };
            Measured { starttls: connector.starttls(), outcome: Outcome::Failure(failure) }
        }
        outcome => Measured { starttls: other, outcome },
    }
}

/// Where TLS is.
enum Way<'a> {
    /// Behind the upgrade expected, with a connection that is there.
    Expected((Permit<'a>, Link)),
    /// Elsewhere; with what became of the way expected.
    Other(Option<StartTls>, Failure),
    None(Failure),
}

async fn find_way<'a>(connector: &Connector<'a>, protocol: StartTls) -> Way<'a> {
    loop {
        let NoWay { failure, met } = match look(connector, protocol).await {
            Ok(way) => return way,
            Err(no_way) => no_way,
        };
        match met {
            Met::Tls => return Way::Other(None, failure),
            Met::Other(other) => return Way::Other(Some(other), failure),
            Met::Silence | Met::Words if connector.is_worth_another(failure.reason) => {}
            Met::Silence | Met::Words => return Way::None(failure),
        }
    }
}

/// One connection by the way expected; where that is silent, another one that asks for TLS.
async fn look<'a>(connector: &Connector<'a>, protocol: StartTls) -> Result<Way<'a>, NoWay> {
    let (permit, link) = match connector.dial().await {
        Ok(open) => open,
        Err(failure) => return Ok(Way::None(failure)),
    };
    let heard = AtomicBool::new(false);
    let mut dialogue = connector.dialogue(protocol);
    let mut upgrade = pin!(connector.upgrade(protocol, &mut *dialogue, permit, link, &heard));
    let early = timeout(HEAD_START, &mut upgrade).await;
    let direct = connector.by_another_way(None);
    let mut beside = pin!(speaks_tls(&direct));
    let (result, is_tls) = match early {
        Ok(result) => (result, None),
        Err(_) if heard.load(Ordering::Relaxed) => (upgrade.await, None),
        Err(_) => {
            tokio::select! {
                biased;
                result = &mut upgrade => (result, None),
                is_tls = &mut beside => {
                    if is_tls {
                        return Ok(Way::Other(None, not_expected(protocol)));
                    }
                    (upgrade.await, Some(false))
                }
            }
        }
    };
    match result {
        Ok(ready) => Ok(Way::Expected(ready)),
        // It may have hung up on words that are not TLS.
        Err(no_way) if no_way.met == Met::Silence && is_tls.is_none() => {
            if beside.await {
                Ok(Way::Other(None, no_way.failure))
            } else {
                Err(no_way)
            }
        }
        Err(no_way) => Err(no_way),
    }
}

/// Whether the endpoint answers a ClientHello as TLS does, be it by a refusal.
async fn speaks_tls(direct: &Connector<'_>) -> bool {
    let question = Question { offer: Offer::new(OfferKind::Small), until: Until::ServerHello };
    let answer = ask(direct, &question, direct.server_name()).await;
    matches!(answer, Ok(Answer::Chose(_) | Answer::Alert(_)))
}

fn not_expected(protocol: StartTls) -> Failure {
    let detail = format!("the peer does not speak {} but TLS, without an upgrade", protocol.name());
    Failure::new(Stage::Upgrade, Reason::WrongProtocol, detail)
}
