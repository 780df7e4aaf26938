//! Looks again where a hook has run: does the old certificate still serve?
//!
//! Verified is what at least one endpoint answers and none answers with the old certificate. Until then the
//! verification stays; past its time the old certificate is a finding, opened by the next scan, or by
//! `certvigil notify outbox flush`.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::super::AppError;
use super::super::dispatch::Round;
use super::super::news::brief;
use super::Look;
use crate::model::{
    Alert, AlertEndpoint, AlertKey, Endpoint, EndpointId, EventName, FindingNews, HookRun, News, Occasion,
    Outgoing, Verification,
};
use crate::time::DAY_SECONDS;
use crate::x509::{self, Fingerprint};

/// A server takes a moment to load its new certificate: pauses between looks after a hook that has just run.
const PAUSES: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(15), Duration::from_secs(30)];

/// Endpoints that are looked at for one certificate: they stand for the rest, whose findings the next scan leads on.
const MOST_LOOKED_AT: usize = 256;

/// So long after its time nobody goes on looking where nothing answers any more.
const GIVE_UP_AFTER: i64 = 30 * DAY_SECONDS;

/// What looking at the endpoints of a verification showed.
#[derive(Debug, Default)]
pub(in crate::app) struct Checked {
    /// They still serve the old certificate.
    pub(in crate::app) old: Vec<Endpoint>,
    /// DER of a new one, where one was seen.
    new: Option<Vec<u8>>,
    /// How many answered.
    answered: usize,
    /// There was no time to look at all of them.
    is_cut_short: bool,
}

/// Looks wherever a hook is to be verified; whether there is news for other hooks.
pub(in crate::app) async fn verify<L: Look>(round: &Round<'_>, look: &L) -> Result<bool, AppError> {
    let mut is_news = false;
    let mut pauses = PAUSES.into_iter();
    loop {
        let mut is_fresh = false;
        for run in pending(round)? {
            let Some(verification) = &run.verification else { continue };
            if round.is_over() {
                return Ok(is_news);
            }
            let checked = check(round, look, verification).await?;
            if checked.is_verified() {
                is_news |= settle(round, &run, verification, &checked)?;
            } else if checked.answered == 0
                && !checked.is_cut_short
                && round.now().seconds_since(verification.until) > GIVE_UP_AFTER
            {
                give_up(round, &run)?;
            } else {
                // One that ran long ago gets one look: the scan or the next run looks again.
                is_fresh |= verification.since >= round.began;
            }
        }
        let Some(pause) = pauses.next().filter(|pause| is_fresh && Instant::now() + *pause < round.until)
        else {
            return Ok(is_news);
        };
        sleep(pause).await;
    }
}

/// The endpoints that still serve what a hook should have replaced by now, with the history of the hook.
pub(in crate::app) async fn no_effect_members<L: Look>(
    round: &Round<'_>,
    look: &L,
) -> Result<Vec<(HookRun, Checked)>, AppError> {
    let mut found = Vec::new();
    for run in pending(round)? {
        let Some(verification) = &run.verification else { continue };
        if round.now() >= verification.until && !round.is_over() {
            let checked = check(round, look, verification).await?;
            if !checked.old.is_empty() {
                found.push((run, checked));
            }
        }
    }
    Ok(found)
}

fn pending(round: &Round<'_>) -> Result<Vec<HookRun>, AppError> {
    let mut runs = round.store.hook_runs()?;
    runs.retain(|run| run.verification.is_some());
    Ok(runs)
}

async fn check<L: Look>(
    round: &Round<'_>,
    look: &L,
    verification: &Verification,
) -> Result<Checked, AppError> {
    let queue = RefCell::new(endpoints(round, verification)?);
    let checked = RefCell::new(Checked::default());
    let work = async || {
        loop {
            // The borrow ends before the look begins.
            let next = queue.borrow_mut().pop_front();
            let Some(endpoint) = next else { return Ok::<(), AppError>(()) };
            let Ok(leaves) = timeout_at(round.until, look.leaves(&endpoint)).await else {
                checked.borrow_mut().is_cut_short = true;
                return Ok(());
            };
            if let Some(leaves) = leaves? {
                checked.borrow_mut().take(endpoint, leaves, verification.old);
            }
        }
    };
    let (a, b, c, d) = tokio::join!(work(), work(), work(), work());
    a.and(b).and(c).and(d)?;
    Ok(checked.into_inner())
}

impl Checked {
    /// Somebody answered, and nobody with the old certificate.
    fn is_verified(&self) -> bool {
        self.old.is_empty() && self.answered > 0 && !self.is_cut_short
    }

    fn take(&mut self, endpoint: Endpoint, leaves: Vec<Vec<u8>>, old: Fingerprint) {
        self.answered += 1;
        if leaves.iter().any(|der| Fingerprint::of(der) == old) {
            self.old.push(endpoint);
        } else if self.new.is_none() {
            self.new = leaves.into_iter().next();
        }
    }
}

/// Where the old certificate was served.
fn endpoints(round: &Round<'_>, verification: &Verification) -> Result<VecDeque<Endpoint>, AppError> {
    let mut endpoints: BTreeMap<EndpointId, Endpoint> = BTreeMap::new();
    for key in &verification.findings {
        for (id, _) in round.store.finding_members(&verification.profile, key)? {
            if endpoints.len() >= MOST_LOOKED_AT {
                break;
            }
            if let Some(known) = round.store.endpoint(&id)? {
                endpoints.insert(id, known.current.observation.endpoint);
            }
        }
    }
    Ok(endpoints.into_values().collect())
}

/// The new certificate is served everywhere; whether a hook is told.
fn settle(
    round: &Round<'_>,
    run: &HookRun,
    verification: &Verification,
    checked: &Checked,
) -> Result<bool, AppError> {
    let new = checked.new.as_ref().map(|der| Fingerprint::of(der));
    let rows = match (&checked.new, verification.findings.first()) {
        (Some(der), Some(_)) => renewed(round, run, verification, der)?,
        _ => Vec::new(),
    };
    let served = new.map_or_else(String::new, |new| format!(", {new} is served"));
    let detail = format!("{} is gone from {} endpoints{served}", verification.old, checked.answered);
    round.detail(format!("hook {}: verified, {detail}", run.hook));
    let event = round.event("hook.verified", &run.hook, detail);
    let done = HookRun { verification: None, outcome: "succeeded and verified".to_owned(), ..run.clone() };
    round.store.put_hook_run(&done, &rows, Some(&event))?;
    Ok(!rows.is_empty())
}

fn give_up(round: &Round<'_>, run: &HookRun) -> Result<(), AppError> {
    let event = round.event("hook.given_up", &run.hook, format!("{}: no endpoint answers", run.subject));
    let done = HookRun { verification: None, ..run.clone() };
    Ok(round.store.put_hook_run(&done, &[], Some(&event))?)
}

/// Rows for the hooks that wait for a renewed certificate.
fn renewed(
    round: &Round<'_>,
    run: &HookRun,
    verification: &Verification,
    der: &[u8],
) -> Result<Vec<Outgoing>, AppError> {
    let certificate = brief(&x509::read(der));
    let Some(key) = verification.findings.first() else { return Ok(Vec::new()) };
    let Some(stored) = round.store.finding(&verification.profile, key)? else { return Ok(Vec::new()) };
    let finding = stored.finding;
    let endpoints: Vec<AlertEndpoint> = endpoints(round, verification)?
        .iter()
        .map(|endpoint| AlertEndpoint { label: endpoint.label(), address: endpoint.address })
        .collect();
    let key = [run.hook.as_str(), &verification.old.to_string(), &certificate.sha256.to_string()];
    let news = FindingNews {
        occasion: Occasion::Resolved,
        finding: finding.key,
        rule: finding.rule,
        severity: finding.severity,
        title: "The certificate was renewed".to_owned(),
        detail: finding.detail,
        remediation: String::new(),
        first_seen: finding.first_seen,
        last_seen: round.now(),
        owner: finding.owner,
        tags: finding.tags,
        endpoint_count: endpoints.len() as u64,
        endpoints,
        certificate: Some(certificate),
        returns: finding.returns,
    };
    let alert = Alert {
        key: AlertKey::of(&[&["renewed"], &key[..]].concat()),
        at: round.now(),
        profile: Some(verification.profile.clone()),
        scan: None,
        vantage: round.parts.vantage.clone(),
        news: News::Finding(Box::new(news)),
    };
    Ok(round.alerting.hook_rows(&Arc::new(alert), &[EventName::CertificateRenewed], |_| true))
}
