//! `notify test`: one mail to each address, and what the server says to it.

use std::sync::Arc;

use super::super::AppError;
use super::super::alerting::{Alerting, MailWay};
use super::super::dispatch::{Composed, Line, Post as _, SHOW_REST, Sent, Sheet, SmtpPost, from_alerts};
use super::super::news::Origin;
use super::super::parts::Parts;
use crate::config::written::mail_address;
use crate::model::{Alert, Urgency, WatchNews};

/// What became of one test mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    pub to: String,
    /// The server's words, or why it does not have the mail, in one line.
    pub outcome: Result<String, String>,
}

/// Sends a test mail to `to`, else to each address of the default route, at once and past the outbox.
///
/// # Errors
/// The settings have no mail, or `to` is no mail address.
pub async fn test(parts: &Parts, to: Option<&str>) -> Result<Vec<Tried>, AppError> {
    let alerting = super::told(parts, None, "no mail can be sent")?;
    let mail = alerting.mail.as_ref().ok_or(AppError::NobodyToTell("no mail can be sent"))?;
    let default = &alerting.routes.default;
    let recipients: Vec<String> = match to {
        Some(to) => vec![mail_address(to).map_err(|why| AppError::Usage(format!("--to {why}")))?],
        None => default.to.clone(),
    };
    let origin = Origin { profile: None, scan: None, vantage: &parts.vantage, now: parts.clock.now() };
    let alert = origin.watch("test", WatchNews::Test { by: parts.actor.clone() });
    Ok(send(parts, &alerting, mail, &alert, recipients).await)
}

async fn send(
    parts: &Parts,
    alerting: &Alerting,
    mail: &MailWay,
    alert: &Arc<Alert>,
    recipients: Vec<String>,
) -> Vec<Tried> {
    let flags = parts.command_flags();
    let sheet = Sheet { alerting, mail, vantage: &parts.vantage, show_rest: SHOW_REST, flags: &flags };
    let route = alerting.routes.default.name.as_str();
    let post = SmtpPost(&mail.server);
    let mut line = None;
    let mut tried = Vec::with_capacity(recipients.len());
    for to in recipients {
        let alerts = [Arc::clone(alert)];
        let composed = from_alerts(&sheet, route, &to, Urgency::Digest, &alerts, parts.clock.now());
        let Some(Composed { mail, .. }) = composed else { continue };
        let mut open = match line.take() {
            Some(open) => open,
            None => match post.open().await {
                Ok(open) => open,
                Err(error) => {
                    tried.push(Tried { to, outcome: Err(error) });
                    continue;
                }
            },
        };
        let outcome = match Line::send(&mut open, &mail).await {
            Sent::Accepted(reply) => Ok(reply),
            Sent::Deferred(error) => Err(format!("not taken yet: {error}")),
            Sent::Refused(error) => Err(format!("refused: {error}")),
            Sent::Unknown(error) => Err(format!("it is not known whether it arrived: {error}")),
        };
        tried.push(Tried { to, outcome });
        if open.is_over() {
            open.close().await;
        } else {
            line = Some(open);
        }
    }
    if let Some(line) = line {
        line.close().await;
    }
    tried
}
