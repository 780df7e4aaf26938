//! Composes the mail of a lane from what is sealed in it. The same seal gives the same mail, each time it is sent.

use std::sync::Arc;

use super::super::alerting::{Alerting, MailWay};
use crate::model::{Alert, LaneId, Outgoing, Urgency};
use crate::notify::smtp::Mail;
use crate::report::mail::{MailBuilder, MailOptions};
use crate::store::{Flow, Store, StoreError};
use crate::time::UnixTime;

/// What a mail is written on.
#[derive(Debug, Clone, Copy)]
pub(in crate::app) struct Sheet<'a> {
    pub(in crate::app) alerting: &'a Alerting,
    pub(in crate::app) mail: &'a MailWay,
    pub(in crate::app) vantage: &'a str,
    /// The command that shows what a mail has no room for.
    pub(in crate::app) show_rest: &'a str,
    /// What commands want beside themselves to find this record.
    pub(in crate::app) flags: &'a str,
}

/// A mail, and how many items it tells.
#[derive(Debug)]
pub(in crate::app) struct Composed {
    pub(in crate::app) mail: Mail,
    pub(in crate::app) items: u64,
}

/// The mail of a lane up to item `through`, as of `at`; `None` where nothing waits.
///
/// # Errors
/// The record is damaged or cannot be read.
pub(in crate::app) fn compose(
    store: &Store,
    sheet: &Sheet<'_>,
    lane: &LaneId,
    to: &str,
    through: Option<u64>,
    at: UnixTime,
) -> Result<Option<Composed>, StoreError> {
    let mut writing = Writing::new(*sheet, to, lane.urgency, at);
    store.lane_items(lane, through, |_, Outgoing { route, alert, .. }| {
        writing.add(&route, &alert);
        Flow::Continue(())
    })?;
    Ok(writing.finish())
}

/// The mail that tells `alerts` to one address by `route`.
pub(in crate::app) fn from_alerts(
    sheet: &Sheet<'_>,
    route: &str,
    to: &str,
    urgency: Urgency,
    alerts: &[Arc<Alert>],
    at: UnixTime,
) -> Option<Composed> {
    let mut writing = Writing::new(*sheet, to, urgency, at);
    for alert in alerts {
        writing.add(route, alert);
    }
    writing.finish()
}

/// A mail that is being written.
struct Writing<'a> {
    sheet: Sheet<'a>,
    to: &'a str,
    urgency: Urgency,
    at: UnixTime,
    builder: Option<MailBuilder<'a>>,
    items: u64,
    /// Of the first item.
    alert_key: String,
}

impl<'a> Writing<'a> {
    fn new(sheet: Sheet<'a>, to: &'a str, urgency: Urgency, at: UnixTime) -> Self {
        Self { sheet, to, urgency, at, builder: None, items: 0, alert_key: String::new() }
    }

    /// The first item's route says in which time zone the mail is written.
    fn add(&mut self, route: &str, alert: &Alert) {
        let Self { sheet, to, urgency, at, .. } = *self;
        let builder = self.builder.get_or_insert_with(|| {
            self.alert_key.clone_from(&alert.key.0);
            MailBuilder::new(MailOptions {
                flags: sheet.flags,
                to,
                urgency,
                now: at,
                zone: sheet.alerting.zone(route),
                vantage: sheet.vantage,
                show_rest: sheet.show_rest,
            })
        });
        builder.add(alert);
        self.items += 1;
    }

    fn finish(self) -> Option<Composed> {
        let text = self.builder?.finish();
        let domain = &self.sheet.mail.domain;
        let references: Vec<String> =
            text.threads.iter().map(|thread| format!("<t-{thread}@{domain}>")).collect();
        // A mail that tells one thing has that thing's key, as a hook gets it.
        let alert_key = if self.items == 1 { self.alert_key } else { text.seed.clone() };
        let mail = Mail {
            message_id: format!("<{}@{domain}>", text.seed),
            in_reply_to: references.first().cloned(),
            references,
            from: self.sheet.mail.from.clone(),
            to: self.to.to_owned(),
            subject: text.subject,
            text: text.text,
            html: text.html,
            date: self.at,
            list_id: self.sheet.mail.list_id(),
            alert_key,
        };
        Some(Composed { mail, items: self.items })
    }
}
