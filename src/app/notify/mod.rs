//! `certvigil notify`: one test mail, a preview without a mail server, and what waits in the outbox.

mod no_effect;
mod preview;
mod test;

use std::io::Write;
use std::time::Duration;

use super::AppError;
use super::alerting::Alerting;
use super::dispatch::{self, Delivery, Hurry};
use super::findings::profiles_scanned;
use super::hook_runs::Outside;
use super::parts::Parts;
use super::report::{ListForm, write_list};
use crate::config::{Period, Profile};
use crate::lifecycle::{ClockVerdict, check_clock};
use crate::model::Channel;
use crate::report::outbox_table;
use crate::store::{AuditEvent, Store, StoreError};
use crate::text::escape_for_terminal;
use crate::wire::v1::OutboxDocument;

pub use preview::{PreviewQuery, preview};
pub use test::{Tried, test};

/// Why nothing is sent where the clock is not where it should be.
const CLOCK_JUMPED: &str =
    "this machine's clock is far from the last scan; set it, or, if it is right, scan by a profile first";

/// Lists what waits, the worst first, and what hooks have done.
///
/// # Errors
/// There is no record, it cannot be read, or the list not written.
pub fn list(parts: &Parts, form: ListForm, out: &mut dyn Write) -> Result<(), AppError> {
    let store = parts.read_store()?;
    let (lanes, runs) = (store.lanes()?, store.hook_runs()?);
    let now = parts.clock.now();
    let document = OutboxDocument::new(now, &lanes, &runs);
    let next = match lanes.is_empty() {
        true => parts.next_command("certvigil notify preview"),
        false => parts.next_command("certvigil notify outbox flush"),
    };
    write_list(form, now, &document, |options| outbox_table(&document, options, &next), out)
}

/// Sends all that waits, due or not, runs due hooks, and looks where hooks have run; an old certificate that should be
/// gone becomes a finding, and its mail goes out at once. Takes at most `wait`, and a hook that has begun its own time.
/// Where the clock does not fit to what the last scan saw, nothing is sent: mail would count from a wrong time.
/// With `due` only what is due is tried, and `None` says that a scan is writing the record: it sends what is due itself.
///
/// # Errors
/// There are no settings for it, there is no record, or it is being written and `due` is not set.
pub async fn flush(parts: &Parts, wait: Duration, due: bool) -> Result<Option<Delivery>, AppError> {
    let mut alerting = told(parts, None, "nothing can be sent")?;
    let store = match parts.write_store() {
        Err(AppError::Store(StoreError::InUse { .. })) if due => return Ok(None),
        opened => opened?,
    };
    let profiles = profiles(&store)?;
    if !clock_fits(parts, &store, &profiles)? {
        return Delivery::held(&store, CLOCK_JUMPED).map(Some);
    }
    alerting.learn_routes(&store)?;
    let round = dispatch::Round::new(parts, &store, &alerting, wait);
    let outside = Outside::default();
    no_effect::open_findings(&round, &profiles, &outside).await?;
    let left = round.until.saturating_duration_since(tokio::time::Instant::now());
    let hurry = if due { Hurry::Due } else { Hurry::Everything };
    dispatch::hurry(parts, &store, &alerting, left, hurry).await.map(Some)
}

/// Takes everything out of the outbox that waits for one address or hook; how many items that were. The audit log says
/// who did it and why.
///
/// # Errors
/// Nothing waits for it, or the record cannot be written.
pub fn discard(parts: &Parts, who: &str, reason: &str) -> Result<u64, AppError> {
    let store = parts.write_store()?;
    let mut gone = 0;
    loop {
        // A sealed lane gives what is sealed, then the rest.
        let lanes = store.lanes()?;
        let wanted =
            |channel: &Channel| matches!(channel, Channel::Mail(name) | Channel::Hook(name) if name == who);
        let Some(lane) = lanes.into_iter().find(|lane| wanted(&lane.id.channel)) else { break };
        let event = AuditEvent {
            at: parts.clock.now(),
            actor: parts.actor.clone(),
            action: "outbox.dropped".to_owned(),
            object: who.to_owned(),
            detail: format!("{} items: {reason}", lane.waiting),
        };
        store.lane_delivered(&lane.id, u64::MAX, Some(&event))?;
        let after = store.lanes()?.into_iter().find(|other| other.id == lane.id);
        gone += lane.waiting - after.map_or(0, |after| after.waiting.min(lane.waiting));
    }
    if gone == 0 {
        return Err(AppError::Usage(format!(
            "nothing waits for `{}`; `certvigil notify outbox list` shows for whom something does",
            escape_for_terminal(who)
        )));
    }
    Ok(gone)
}

/// Who is told, by the settings and, with a profile, its own routes and hooks.
fn told(parts: &Parts, profile: Option<&Profile>, what: &'static str) -> Result<Alerting, AppError> {
    Alerting::new(&parts.settings, profile)?.ok_or(AppError::NobodyToTell(what))
}

/// Whether the time is near enough to that of the last scan.
fn clock_fits(
    parts: &Parts,
    store: &Store,
    profiles: &[(String, Option<Profile>)],
) -> Result<bool, AppError> {
    let intervals = profiles.iter().filter_map(|(_, profile)| profile.as_ref()?.every);
    let longest = intervals.map(Period::seconds).max();
    let (verdict, _) = check_clock(&store.watch()?, parts.clock.now(), longest, true);
    Ok(verdict == ClockVerdict::Trusted)
}

/// Profiles with scans, each with its file as its last scan read it, where that is still there.
pub(super) fn profiles(store: &Store) -> Result<Vec<(String, Option<Profile>)>, AppError> {
    let scans = store.scans()?;
    let load = |name: String| {
        let last = scans.iter().rfind(|stored| stored.scan.profile.as_deref() == Some(&name));
        let source = last.and_then(|stored| stored.scan.parameters.profile_source.clone());
        let profile = source.and_then(|source| Profile::load(&source).ok());
        let profile = profile.filter(|profile| profile.name == name);
        (name, profile)
    };
    Ok(profiles_scanned(&scans).into_iter().map(load).collect())
}
