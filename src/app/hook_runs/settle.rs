//! What a run leaves in the record: its history, the items it settled, the audit log, and news of a failure.

use std::sync::Arc;

use super::super::AppError;
use super::super::alerting::HookWay;
use super::super::dispatch::Round;
use super::super::news::Origin;
use super::group::{self, Group};
use crate::model::{Alert, EventName, HookRun, LaneId, News, Outgoing, Urgency, Verification, WatchNews};
use crate::notify::hook::{HookFate, HookOutcome};
use crate::time::{DAY_SECONDS, UnixTime};

/// Kept so long after the last run, because issuers count by the week.
const WEEK_SECONDS: i64 = 7 * DAY_SECONDS;

/// From so many requests for a retry in a row on, it is told as a failure.
const PATIENCE: u32 = 3;

/// Written down before a run, and read where its end was never written.
const STARTED: &str = "started, and its end is not known";

/// Writes down that the hook begins. If its end is never seen, it has failed.
pub(super) fn begin(round: &Round<'_>, hook: &HookWay, group: &Group) -> Result<HookRun, AppError> {
    let now = round.now();
    let name = &hook.program.name;
    let before = round.store.hook_run(name, &group.subject)?;
    let mut begun = before.unwrap_or_else(|| HookRun::new(name, &group.subject, now));
    // Of two clocks that differ by years, neither may lock a hook for ever.
    begun.tries.retain(|at| at.seconds_since(now).saturating_abs() < WEEK_SECONDS);
    begun.tries.push(now);
    begun.failures = begun.failures.saturating_add(1);
    begun.outcome = STARTED.to_owned();
    begun.next_at = group::next_at(&begun, group.event, hook, now);
    round.store.put_hook_run(&begun, &[], None)?;
    Ok(begun)
}

/// Writes down how it ended. `run` counts as a failure already.
pub(super) fn end(
    round: &Round<'_>,
    lane: &LaneId,
    hook: &HookWay,
    group: &Group,
    mut run: HookRun,
    outcome: &HookOutcome,
) -> Result<(), AppError> {
    let now = round.now();
    run.outcome.clone_from(&outcome.words);
    let event = round.event("hook.ran", &run.hook, detail(group, outcome));
    round.detail(format!("hook {} for {}: {}", run.hook, group.subject, outcome.words));
    if outcome.fate == HookFate::Succeeded {
        run.failures = 0;
        run.verification = verification(group, hook, now).or(run.verification);
        run.next_at = group::next_at(&run, group.event, hook, now);
        return Ok(round.store.settle_hook(lane, &group.items, &run, Some(&event))?);
    }
    run.next_at = group::next_at(&run, group.event, hook, now);
    let is_told = is_told(&run, outcome.fate) && group.event != EventName::RenewalFailed;
    let news = if is_told { failure_news(round, group, &run, outcome) } else { Vec::new() };
    Ok(round.store.put_hook_run(&run, &news, Some(&event))?)
}

/// Takes away what has resolved before the hook could run.
pub(super) fn drop_moot(
    round: &Round<'_>,
    lane: &LaneId,
    hook: &HookWay,
    group: &Group,
) -> Result<(), AppError> {
    let name = &hook.program.name;
    let detail = format!("{}: resolved before it ran", group.subject);
    let event = round.event("hook.dropped", name, detail);
    let before = round.store.hook_run(name, &group.subject)?;
    let mut run = before.unwrap_or_else(|| HookRun::new(name, &group.subject, round.now()));
    run.failures = 0;
    run.outcome = "not needed any more: resolved".to_owned();
    Ok(round.store.settle_hook(lane, &group.items, &run, Some(&event))?)
}

/// Forgets histories that nothing waits for and no issuer counts any more.
pub(super) fn forget_old(round: &Round<'_>) -> Result<(), AppError> {
    let now = round.now();
    let mut runs = round.store.hook_runs()?;
    runs.retain(|run| {
        // A failure whose items were taken away has nobody left to settle it.
        let kept = if run.failures == 0 { WEEK_SECONDS } else { 4 * WEEK_SECONDS };
        let is_recent = run.tries.iter().any(|at| now.seconds_since(*at) < kept);
        run.verification.is_none() && !is_recent
    });
    Ok(round.store.remove_hook_runs(&runs)?)
}

/// A new certificate should be seen, where the old one is known.
fn verification(group: &Group, hook: &HookWay, now: UnixTime) -> Option<Verification> {
    let old = group.certificate.filter(|_| group.event == EventName::CertificateExpiring)?;
    let (profile, _) = group::findings(&group.alerts).next()?;
    let of_profile = group::findings(&group.alerts).filter(|(other, _)| *other == profile);
    Some(Verification {
        profile: profile.to_owned(),
        old,
        findings: of_profile.map(|(_, news)| news.finding.clone()).collect(),
        since: now,
        until: now.plus_seconds(hook.verify_within_seconds),
    })
}

/// The first failure, then one a day. Who asks for a retry has some before it counts.
fn is_told(run: &HookRun, fate: HookFate) -> bool {
    let first = if fate == HookFate::Retry { PATIENCE } else { 1 };
    let day = |at: &UnixTime| at.0.div_euclid(DAY_SECONDS);
    let mut latest = run.tries.iter().rev().map(day);
    let (today, before) = (latest.next(), latest.next());
    run.failures == first || (run.failures > first && today != before)
}

fn failure_news(round: &Round<'_>, group: &Group, run: &HookRun, outcome: &HookOutcome) -> Vec<Outgoing> {
    let certificate = group::findings(&group.alerts).find_map(|(_, news)| news.certificate.as_ref());
    let news = WatchNews::HookFailed {
        hook: run.hook.clone(),
        outcome: run.outcome.clone(),
        output: outcome.output.clone(),
        tries: u32::try_from(run.tries.len()).unwrap_or(u32::MAX),
        next_try: run.next_at,
        names: certificate.map(|certificate| certificate.names.clone()).unwrap_or_default(),
    };
    let first = group.alerts.first();
    let origin = Origin {
        profile: first.and_then(|alert| alert.profile.as_deref()),
        scan: None,
        vantage: &round.parts.vantage,
        now: round.now(),
    };
    let alert = origin.watch(&format!("hook failed {} {}", run.hook, run.subject), news);
    let mut rows = mail_rows(round, group, &alert);
    // A hook is not told of its own failure: it would run for ever.
    let others = |hook: &HookWay| hook.program.name != run.hook;
    rows.extend(round.alerting.hook_rows(&alert, EventName::of(&alert.news), others));
    rows
}

/// Whoever is told of the finding is told of its hook; else the default route.
fn mail_rows(round: &Round<'_>, group: &Group, alert: &Arc<Alert>) -> Vec<Outgoing> {
    let mut rows: Vec<Outgoing> = Vec::new();
    for told in &group.alerts {
        if !matches!(told.news, News::Finding(_)) {
            continue;
        }
        for row in round.alerting.mail_rows(told, Urgency::Digest) {
            if !rows.iter().any(|known| known.channel == row.channel) {
                rows.push(Outgoing { alert: Arc::clone(alert), ..row });
            }
        }
    }
    if rows.is_empty() { round.alerting.mail_rows(alert, Urgency::Digest) } else { rows }
}

/// What the audit log keeps of a run.
fn detail(group: &Group, outcome: &HookOutcome) -> String {
    let mut detail = format!("{} for {}: {}", group.event.name(), group.subject, outcome.words);
    if outcome.cut > 0 {
        detail.push_str(&format!(", {} bytes of output left out", outcome.cut));
    }
    if !outcome.output.raw().is_empty() {
        detail.push('\n');
        detail.push_str(outcome.output.raw());
    }
    detail
}
