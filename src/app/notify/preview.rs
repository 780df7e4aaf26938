//! `notify preview`: the mail that would be sent, as its reader sees it. Sends nothing and changes nothing.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

use super::super::AppError;
use super::super::alerting::{Alerting, MailWay};
use super::super::dispatch::{Composed, SHOW_REST, Sheet, compose, from_alerts};
use super::super::findings;
use super::super::kept::Kept;
use super::super::news::{Herald, Origin, Told};
use super::super::parts::Parts;
use crate::config::Profile;
use crate::model::{Alert, Channel, EndpointId, Finding, FindingState, Occasion, Urgency};
use crate::notify::smtp::Mail;
use crate::store::{Flow, Store};
use crate::text::escape_for_terminal;
use crate::time::UnixTime;

/// Which mail to show.
#[derive(Debug, Clone, Default)]
pub struct PreviewQuery {
    /// Only what this profile brings. `None`: of every profile.
    pub profile: Option<String>,
    /// Only to this address.
    pub to: Option<String>,
    /// The HTML part alone, for a browser.
    pub html: bool,
}

/// Writes what waits in the outbox as mail; where nothing does, a digest of the findings that are open now. How many
/// mails were shown.
///
/// # Errors
/// The settings have no mail, there is no record, or it cannot be read.
pub fn preview(parts: &Parts, query: &PreviewQuery, out: &mut dyn Write) -> Result<usize, AppError> {
    let store = parts.read_store()?;
    let profiles = wanted(&store, query)?;
    let one = match profiles.as_slice() {
        [(_, Some(profile))] => Some(profile),
        _ => None,
    };
    let alerting = super::told(parts, one, "there is no mail to show")?;
    let mail = alerting.mail.as_ref().ok_or(AppError::NobodyToTell("there is no mail to show"))?;
    let show_rest = parts.next_command(SHOW_REST);
    let flags = parts.command_flags();
    let sheet =
        Sheet { alerting: &alerting, mail, vantage: &parts.vantage, show_rest: &show_rest, flags: &flags };
    let now = parts.clock.now();
    let mut mails = match query.profile {
        // What waits is of all profiles together.
        Some(_) => Vec::new(),
        None => waiting(&store, &sheet, query, now)?,
    };
    if mails.is_empty() {
        mails = open_now(parts, &store, mail, &show_rest, &profiles, query, now)?;
    }
    for (number, mail) in mails.iter().enumerate() {
        write(mail, query.html, number > 0, out)?;
    }
    Ok(mails.len())
}

fn wanted(store: &Store, query: &PreviewQuery) -> Result<Vec<(String, Option<Profile>)>, AppError> {
    let mut profiles = super::profiles(store)?;
    let wanted = findings::profiles(store, query.profile.as_deref())?;
    profiles.retain(|(name, _)| wanted.contains(name));
    Ok(profiles)
}

/// The mail of each lane, as it would be sent now.
fn waiting(
    store: &Store,
    sheet: &Sheet<'_>,
    query: &PreviewQuery,
    now: UnixTime,
) -> Result<Vec<Mail>, AppError> {
    let mut mails = Vec::new();
    for lane in store.lanes()? {
        let Channel::Mail(to) = &lane.id.channel else { continue };
        if query.to.as_ref().is_none_or(|wanted| wanted == to)
            && let Some(Composed { mail, .. }) = compose(store, sheet, &lane.id, to, None, now)?
        {
            mails.push(mail);
        }
    }
    Ok(mails)
}

/// A digest of what is open, to each of its readers, profile by profile.
fn open_now(
    parts: &Parts,
    store: &Store,
    mail: &MailWay,
    show_rest: &str,
    profiles: &[(String, Option<Profile>)],
    query: &PreviewQuery,
    now: UnixTime,
) -> Result<Vec<Mail>, AppError> {
    let mut mails = Vec::new();
    for (name, profile) in profiles {
        let alerting = super::told(parts, profile.as_ref(), "there is no mail to show")?;
        let flags = parts.command_flags();
        let sheet = Sheet { alerting: &alerting, mail, vantage: &parts.vantage, show_rest, flags: &flags };
        for ((to, route), alerts) in readers(parts, store, &alerting, name, now)? {
            if query.to.as_ref().is_none_or(|wanted| *wanted == to) {
                let composed = from_alerts(&sheet, &route, &to, Urgency::Digest, &alerts, now);
                mails.extend(composed.map(|composed| composed.mail));
            }
        }
    }
    Ok(mails)
}

/// News of each open finding, by address and route.
type Readers = BTreeMap<(String, String), Vec<Arc<Alert>>>;

fn readers(
    parts: &Parts,
    store: &Store,
    alerting: &Alerting,
    profile: &str,
    now: UnixTime,
) -> Result<Readers, AppError> {
    let kept = Kept::new(store, now);
    let origin = Origin { profile: Some(profile), scan: None, vantage: &parts.vantage, now };
    let herald = Herald { store, kept: &kept, alerting, profile, origin };
    let mut open: Vec<Finding> = Vec::new();
    store.findings(profile, |stored| {
        if stored.finding.state == FindingState::Open {
            open.push(stored.finding);
        }
        Flow::Continue(())
    })?;
    let mut readers = Readers::new();
    for finding in &open {
        let members = store.finding_members(profile, &finding.key)?;
        let members: Vec<EndpointId> = members.into_iter().map(|(id, _)| id).collect();
        let (occasion, last_seen) = (Occasion::Baseline, finding.last_seen);
        let rows = herald.finding(&Told { occasion, finding, members: &members, last_seen })?;
        for row in rows {
            if let Channel::Mail(to) = row.channel {
                readers.entry((to, row.route)).or_default().push(row.alert);
            }
        }
    }
    Ok(readers)
}

fn write(mail: &Mail, html: bool, follows: bool, out: &mut dyn Write) -> Result<(), AppError> {
    if html {
        return Ok(out.write_all(mail.html.as_bytes())?);
    }
    if follows {
        writeln!(out, "\n{}\n", "=".repeat(72))?;
    }
    let mut headers = vec![
        ("From", mail.from.clone()),
        ("To", mail.to.clone()),
        ("Subject", mail.subject.clone()),
        ("Date", mail.date.to_string()),
        ("Message-ID", mail.message_id.clone()),
        ("List-Id", mail.list_id.clone()),
        ("X-Certvigil-Key", mail.alert_key.clone()),
    ];
    if let Some(first) = &mail.in_reply_to {
        headers.push(("In-Reply-To", first.clone()));
        headers.push(("References", mail.references.join(" ")));
    }
    for (name, value) in headers {
        writeln!(out, "{name}: {}", escape_for_terminal(&value))?;
    }
    writeln!(out)?;
    for line in mail.text.lines() {
        writeln!(out, "{}", escape_for_terminal(line))?;
    }
    Ok(())
}
