//! Sends the mail lanes that are due, one after the other, over one session.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::time::timeout_at;

use super::super::alerting::MailWay;
use super::super::news::Origin;
use super::compose::{Composed, Sheet, compose};
use super::setback::{self, Trouble};
use super::{Hurry, Line, Post, Round, Sent};
use crate::app::AppError;
use crate::model::{Channel, Lane, LaneId, LaneState, Outgoing, Seal, Urgency, WatchNews};
use crate::store::AuditEvent;
use crate::text::Untrusted;

/// What a server is said to have done that did not answer before the time for alerts was over.
const NO_TIME: &str = "no answer from the mail server before the time for alerts was over";

/// What one turn did.
#[derive(Debug, Default)]
pub(super) struct Mailed {
    /// Mails that were accepted.
    pub(super) sent: u64,
    /// A refusal is to be told to others.
    pub(super) brought_news: bool,
}

/// Sends what is due. Without a post, everything stays where it is.
pub(super) async fn send_all<P: Post>(
    round: &Round<'_>,
    post: Option<&P>,
    hurry: Hurry,
) -> Result<Mailed, AppError> {
    let (Some(post), Some(mail)) = (post, &round.alerting.mail) else { return Ok(Mailed::default()) };
    let now = round.now();
    let mut lanes = round.store.lanes()?;
    lanes.retain(|lane| matches!(lane.id.channel, Channel::Mail(_)));
    let refused = lanes.iter().filter(|lane| matches!(lane.state, LaneState::Refused(_)));
    let told_undeliverable = refused.map(|lane| lane.id.channel.clone()).collect();
    lanes.retain(|lane| hurry == Hurry::Everything || setback::is_due(lane, now));
    let mut sending =
        Sending { round, post, mail, line: None, mailed: Mailed::default(), told_undeliverable };
    for lane in &lanes {
        if round.is_over() {
            break;
        }
        if let Err(error) = sending.connect().await {
            // Nothing is sealed: whatever comes until the server is back goes into the same mail.
            let untried = lanes.iter().skip_while(|other| other.id != lane.id);
            // A server that is down says nothing new about an address that it refuses.
            for lane in untried.filter(|lane| !matches!(lane.state, LaneState::Refused(_))) {
                sending.defer(lane, setback::seal(&lane.state), Trouble::Temporary, &error)?;
            }
            break;
        }
        if sending.send(lane).await? && !round.is_over() && sending.connect().await.is_ok() {
            // What came behind the mail that was repeated.
            sending.send(&Lane { state: LaneState::Ready, ..lane.clone() }).await?;
        }
    }
    Ok(sending.finish().await)
}

/// Mail on its way.
struct Sending<'a, P: Post> {
    round: &'a Round<'a>,
    post: &'a P,
    mail: &'a MailWay,
    line: Option<P::Line>,
    mailed: Mailed,
    /// Whose refusal the default route has heard of.
    told_undeliverable: BTreeSet<Channel>,
}

impl<P: Post> Sending<'_, P> {
    /// Opens a session if there is none, or none that can be used.
    async fn connect(&mut self) -> Result<(), String> {
        if self.line.as_ref().is_some_and(|line| !line.is_over()) {
            return Ok(());
        }
        self.line = None;
        let opened = timeout_at(self.round.until, self.post.open()).await;
        self.line = Some(opened.unwrap_or_else(|_| Err(NO_TIME.to_owned()))?);
        Ok(())
    }

    /// Seals, sends, marks. Whether a mail was accepted that is perhaps there for the second time: more may have come
    /// behind it.
    async fn send(&mut self, lane: &Lane) -> Result<bool, AppError> {
        let Channel::Mail(to) = &lane.id.channel else { return Ok(false) };
        let Some(seal) = self.round.store.seal(&lane.id, self.round.now())? else { return Ok(false) };
        let Some(Composed { mail, items }) = self.compose(&lane.id, to, &seal)? else {
            // Its items are gone: there is nothing to tell.
            self.round.store.lane_delivered(&lane.id, seal.through, None)?;
            return Ok(false);
        };
        let Some(line) = &mut self.line else { return Ok(false) };
        let sent = timeout_at(self.round.until, line.send(&mail)).await;
        let sent = sent.unwrap_or_else(|_| Sent::Unknown(NO_TIME.to_owned()));
        // The mail that is repeated may have arrived the first time: it stays as it is until somebody says yes.
        let repeated = setback::seal(&lane.state);
        match sent {
            Sent::Accepted(reply) => {
                let detail = format!("{items} items, {}, {}", mail.message_id, setback::one_line(&reply));
                let event = self.round.event("mail.sent", to, detail);
                self.round.store.lane_delivered(&lane.id, seal.through, Some(&event))?;
                self.mailed.sent += 1;
                return Ok(repeated.is_some());
            }
            Sent::Deferred(error) => self.defer(lane, repeated, Trouble::Temporary, &error)?,
            Sent::Refused(error) => {
                self.tell_undeliverable(lane, to, &error)?;
                self.defer(lane, repeated, Trouble::Permanent, &error)?;
            }
            Sent::Unknown(error) => {
                self.line = None;
                self.defer(lane, Some(&seal), Trouble::Temporary, &error)?;
            }
        }
        Ok(false)
    }

    fn compose(&self, lane: &LaneId, to: &str, seal: &Seal) -> Result<Option<Composed>, AppError> {
        let Round { parts, store, alerting, .. } = *self.round;
        let show_rest = parts.next_command(super::SHOW_REST);
        let flags = parts.command_flags();
        let sheet = Sheet {
            alerting,
            mail: self.mail,
            vantage: &parts.vantage,
            show_rest: &show_rest,
            flags: &flags,
        };
        Ok(compose(store, &sheet, lane, to, Some(seal.through), seal.sealed_at)?)
    }

    /// Marks a failure. A lane that keeps its `seal` sends the same mail again; without one, later news joins it.
    fn defer(&self, lane: &Lane, seal: Option<&Seal>, trouble: Trouble, error: &str) -> Result<(), AppError> {
        let now = self.round.now();
        let setback = setback::after(&lane.state, trouble, error, now);
        // A mail whose fate is not known and that is refused again and again must not hold up all that comes after.
        let is_hopeless = trouble == Trouble::Permanent && setback.attempts >= setback::HOPELESS_AFTER;
        let seal = seal.filter(|_| !is_hopeless);
        let event =
            setback::is_worth_an_entry(&lane.state, &setback, now).then(|| self.event(lane, trouble, error));
        let state = match (seal, trouble) {
            (Some(seal), _) => LaneState::Sealed(Seal { setback: Some(setback), ..seal.clone() }),
            (None, Trouble::Temporary) => LaneState::Deferred(setback),
            (None, Trouble::Permanent) => LaneState::Refused(setback),
        };
        Ok(self.round.store.set_lane_state(&lane.id, &state, event.as_ref())?)
    }

    fn event(&self, lane: &Lane, trouble: Trouble, error: &str) -> AuditEvent {
        let action = match trouble {
            Trouble::Temporary => "mail.deferred",
            Trouble::Permanent => "mail.refused",
        };
        let (Channel::Mail(to) | Channel::Hook(to)) = &lane.id.channel;
        self.round.event(action, to, format!("{} items, {}", lane.waiting, setback::one_line(error)))
    }

    /// Tells the default route once that an address of another route takes no mail.
    fn tell_undeliverable(&mut self, lane: &Lane, to: &str, error: &str) -> Result<(), AppError> {
        let default = self.round.alerting.routes.for_watch();
        let is_default = default.iter().any(|(_, address)| *address == to);
        let was_refused =
            setback::last(&lane.state).is_some_and(|last| setback::is_alike(&last.error, error));
        if is_default || was_refused || !self.told_undeliverable.insert(lane.id.channel.clone()) {
            return Ok(());
        }
        let news = WatchNews::Undeliverable {
            to: to.to_owned(),
            error: Untrusted::new(setback::one_line(error)),
            waiting: lane.waiting,
        };
        let origin =
            Origin { profile: None, scan: None, vantage: &self.round.parts.vantage, now: self.round.now() };
        let alert = origin.watch(&format!("undeliverable {to}"), news);
        let rows: Vec<Outgoing> = default
            .iter()
            .map(|(route, address)| Outgoing {
                channel: Channel::Mail((*address).to_owned()),
                urgency: Urgency::Digest,
                route: route.name.clone(),
                alert: Arc::clone(&alert),
            })
            .collect();
        self.mailed.brought_news |= !rows.is_empty();
        // Before the refusal is marked: a crash in between tells it twice rather than never.
        Ok(self.round.store.queue(&rows, None)?)
    }

    async fn finish(self) -> Mailed {
        if let Some(line) = self.line {
            // A server that does not say goodbye keeps nobody.
            let _ = timeout_at(self.round.until, line.close()).await;
        }
        self.mailed
    }
}
