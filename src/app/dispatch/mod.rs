//! Delivers what waits in the outbox: mail lane by lane, hooks certificate by certificate, and looks again where a
//! hook has run. Never decides who is told, and never drops anything unsaid.
//!
//! # At least once, and at most once more after a crash
//! A lane is sealed, its mail is composed from what is sealed, sent, and only then marked. A crash, or an answer that
//! never came, leaves the seal: the next run sends the same mail with the same Message-ID. What the server turned
//! away before it had the mail is unsealed, so that later news joins it.

mod compose;
mod left;
mod mail;
mod post;
mod setback;
#[cfg(test)]
pub(super) mod tests;

use std::cell::RefCell;
use std::time::Duration;

use tokio::time::Instant;

use super::AppError;
use super::alerting::Alerting;
use super::hook_runs;
use super::parts::Parts;
use crate::store::Store;
use crate::time::UnixTime;

pub(super) use compose::{Composed, Sheet, compose, from_alerts};
pub use left::Left;
pub(super) use post::{Line, Post, Sent, SmtpPost};
pub(super) use setback::is_due;

/// Rounds of mail in one delivery: news that hooks bring is told at once, and does not go round for ever.
const ROUNDS: usize = 3;

/// The command that shows what a mail has no room for.
pub(super) const SHOW_REST: &str = "certvigil findings list";

/// What a delivery did.
#[derive(Debug, Default)]
pub struct Delivery {
    /// Mails that were accepted.
    pub sent: u64,
    /// Hook programs that ran.
    pub ran: u64,
    /// What still waits.
    pub left: Vec<Left>,
    /// What was done, for a curious person.
    pub details: Vec<String>,
}

/// Whether back-off is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hurry {
    /// Only what is due.
    Due,
    /// A person asked: all mail, refused and deferred, too.
    Everything,
}

/// One delivery under way: what all its parts share.
pub(super) struct Round<'a> {
    pub(super) parts: &'a Parts,
    pub(super) store: &'a Store,
    pub(super) alerting: &'a Alerting,
    /// When it began, by the clock.
    pub(super) began: UnixTime,
    /// Nothing new is begun from then on.
    pub(super) until: Instant,
    details: RefCell<Vec<String>>,
}

/// Sends what is due, runs due hooks and verifies those that ran; takes at most `deadline`, but a hook that has begun
/// is let finish within its own.
///
/// # Errors
/// The record cannot be read or written. Whatever goes wrong outside is in the answer.
pub async fn deliver(
    parts: &Parts,
    store: &Store,
    alerting: &Alerting,
    deadline: Duration,
) -> Result<Delivery, AppError> {
    hurry(parts, store, alerting, deadline, Hurry::Due).await
}

/// As [`deliver`]; with [`Hurry::Everything`] mail is tried whose time has not come.
pub(super) async fn hurry(
    parts: &Parts,
    store: &Store,
    alerting: &Alerting,
    deadline: Duration,
    hurry: Hurry,
) -> Result<Delivery, AppError> {
    let round = Round::new(parts, store, alerting, deadline);
    let post = alerting.mail.as_ref().map(|mail| SmtpPost(&mail.server));
    let outside = hook_runs::Outside::default();
    deliver_by(&round, post.as_ref(), &outside, &outside, hurry).await
}

/// As [`deliver`], by any post, any way to run a program and any way to look at an endpoint.
pub(super) async fn deliver_by<P: Post, R: hook_runs::Run, L: hook_runs::Look>(
    round: &Round<'_>,
    post: Option<&P>,
    programs: &R,
    look: &L,
    hurry: Hurry,
) -> Result<Delivery, AppError> {
    let mut delivery = Delivery::default();
    for turn in 0..ROUNDS {
        let hurry = if turn == 0 { hurry } else { Hurry::Due };
        let (mailed, ran) =
            tokio::join!(mail::send_all(round, post, hurry), hook_runs::run_due(round, programs));
        let (mailed, ran) = (mailed?, ran?);
        delivery.sent += mailed.sent;
        delivery.ran += ran;
        let told = (turn == 0 || ran > 0) && hook_runs::verify(round, look).await?;
        // What this turn brought goes out at once: failures by mail, a success to other hooks.
        if ran == 0 && !told && !mailed.brought_news {
            break;
        }
    }
    delivery.left = left::what_is_left(round)?;
    delivery.details = round.details.take();
    Ok(delivery)
}

impl Delivery {
    /// Both together, where this one came `after` the other: what was left then was tried again now.
    pub(super) fn after(mut self, before: &Self) -> Self {
        self.sent += before.sent;
        self.ran += before.ran;
        self.details.splice(..0, before.details.iter().cloned());
        self
    }

    /// Nothing is sent, and all that waits is named with `reason`.
    ///
    /// # Errors
    /// The record cannot be read.
    pub(super) fn held(store: &Store, reason: &str) -> Result<Self, AppError> {
        Ok(Self { left: left::all_because(store, reason)?, ..Self::default() })
    }
}

impl<'a> Round<'a> {
    pub(super) fn new(
        parts: &'a Parts,
        store: &'a Store,
        alerting: &'a Alerting,
        deadline: Duration,
    ) -> Self {
        let (began, until) = (parts.clock.now(), Instant::now() + deadline);
        Self { parts, store, alerting, began, until, details: RefCell::default() }
    }

    pub(super) fn now(&self) -> UnixTime {
        self.parts.clock.now()
    }

    /// Whether there is no time left to begin anything.
    pub(super) fn is_over(&self) -> bool {
        Instant::now() >= self.until
    }

    /// Something for a curious person.
    pub(super) fn detail(&self, line: String) {
        self.details.borrow_mut().push(line);
    }

    /// An entry of the audit log about `object`.
    pub(super) fn event(&self, action: &str, object: &str, detail: String) -> crate::store::AuditEvent {
        crate::store::AuditEvent {
            at: self.now(),
            actor: self.parts.actor.clone(),
            action: action.to_owned(),
            object: object.to_owned(),
            detail,
        }
    }
}

impl std::fmt::Debug for Round<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Round").field("until", &self.until).finish_non_exhaustive()
    }
}
