//! The watch looks at itself, before and after the scan of a profile: is the clock in order, was a scan missed, was
//! one left half-judged, is it time to say that somebody is still looking.

use super::AppError;
use super::alerting::Alerting;
use super::findings::profiles_scanned;
use super::judge::Judge;
use super::news::Origin;
use super::parts::Parts;
use super::reconcile::{Circumstances, reconcile_scan};
use crate::config::{Period, Profile};
use crate::lifecycle::{ClockVerdict, check_clock, is_overdue, is_weekly_due};
use crate::model::{FindingState, ProfileSummary, ScanState, SeverityCounts, Urgency, WatchNews};
use crate::store::{Flow, Store, StoredScan};
use crate::time::UnixTime;
use crate::x509::{self, Fingerprint};

/// In tenths: so many of the certificates that were valid must still be, or the clock is wrong.
const MOST_TENTHS: u64 = 9;

/// What is looked after in one run.
#[derive(Clone, Copy)]
pub(super) struct Shift<'a> {
    pub(super) store: &'a Store,
    pub(super) parts: &'a Parts,
    pub(super) profile: &'a Profile,
    pub(super) alerting: Option<&'a Alerting>,
}

impl Shift<'_> {
    /// Whether the clock fits to what earlier runs saw. Nothing is sent before it does.
    pub(super) fn clock_fits(&self) -> Result<bool, AppError> {
        let watch = self.store.watch()?;
        let (verdict, _) = check_clock(&watch, self.parts.clock.now(), self.interval(), true);
        Ok(matches!(verdict, ClockVerdict::Trusted))
    }

    /// Whether the clock can be trusted, after the scan `stored` has seen what is served. A clock that jumped is told
    /// once.
    pub(super) fn trusts_clock(&self, stored: &StoredScan, now: UnixTime) -> Result<bool, AppError> {
        let before = self.store.watch()?;
        let (mut verdict, mut watch) = check_clock(&before, now, self.interval(), true);
        if matches!(verdict, ClockVerdict::Doubtful)
            && let Some(trusted) = before.trusted_clock
            && !looks_wrong(self.store, stored, trusted, now)?
        {
            (verdict, watch) = check_clock(&before, now, self.interval(), false);
        }
        let mut outgoing = Vec::new();
        if matches!(verdict, ClockVerdict::Doubtful)
            && before.doubtful_clock.is_none()
            && let (Some(alerting), Some(trusted)) = (self.alerting, before.trusted_clock)
        {
            let alert =
                self.origin(Some(stored), now).watch("clock", WatchNews::ClockJumped { trusted, now });
            outgoing = alerting.outgoing(&alert, Urgency::Digest);
        }
        self.store.put_watch(&watch, &outgoing)?;
        Ok(matches!(verdict, ClockVerdict::Trusted))
    }

    /// Leads the findings on through a scan that ended without it: the process was killed in between.
    pub(super) fn catch_up(&self, judge: &Judge) -> Result<(), AppError> {
        let watch = self.store.profile_watch(&self.profile.name)?;
        // Before the first time there is nothing to catch up with.
        let Some(last) = watch.last_finished else { return Ok(()) };
        let now = self.parts.clock.now();
        // A scan from the future was made while the clock was wrong.
        let is_left = |stored: &StoredScan| {
            stored.scan.profile.as_deref() == Some(&self.profile.name)
                && stored.scan.state != ScanState::Running
                && stored.scan.finished_at.is_some_and(|finished| finished > last && finished <= now)
        };
        let Some(stored) = self.store.scans()?.into_iter().rfind(is_left) else { return Ok(()) };
        reconcile_scan(self.store, &stored, judge, self.circumstances(true))?;
        Ok(())
    }

    /// Who leads findings on, and when.
    pub(super) fn circumstances(&self, leads: bool) -> Circumstances<'_> {
        let now = self.parts.clock.now();
        Circumstances { actor: &self.parts.actor, now, alerting: self.alerting, leads }
    }

    /// Tells that the profile should have been scanned since. Runs while the clock was wrong are told as that.
    pub(super) fn tell_missed(&self) -> Result<(), AppError> {
        if self.store.watch()?.doubtful_clock.is_some() {
            return Ok(());
        }
        let now = self.parts.clock.now();
        let last = self.store.profile_watch(&self.profile.name)?.last_finished;
        let (Some(alerting), Some(every), Some(last)) = (self.alerting, self.interval(), last) else {
            return Ok(());
        };
        if is_overdue(last, every, now) {
            let news = WatchNews::ScanMissed { last_finished: last, every_seconds: every };
            let alert = self.origin(None, now).watch("missed", news);
            self.store.queue(&alerting.outgoing(&alert, Urgency::Digest), None)?;
        }
        Ok(())
    }

    /// Tells from time to time that somebody is looking, so that silence means something.
    pub(super) fn tell_still_watching(&self, now: UnixTime) -> Result<(), AppError> {
        let Some((alerting, period)) = self.alerting.and_then(|a| Some((a, a.still_watching_seconds()?)))
        else {
            return Ok(());
        };
        let mut watch = self.store.watch()?;
        if !is_weekly_due(watch.still_watching, period, now) {
            return Ok(());
        }
        let mut outgoing = Vec::new();
        // The first mail is the baseline.
        if watch.still_watching.is_some() {
            let news = WatchNews::StillWatching { profiles: self.summaries()? };
            let origin = Origin { profile: None, ..self.origin(None, now) };
            let alert = origin.watch("still_watching", news);
            outgoing = alerting.outgoing(&alert, Urgency::Digest);
        }
        watch.still_watching = Some(now);
        Ok(self.store.put_watch(&watch, &outgoing)?)
    }

    fn summaries(&self) -> Result<Vec<ProfileSummary>, AppError> {
        let scans = self.store.scans()?;
        let mut summaries = Vec::new();
        for name in profiles_scanned(&scans) {
            let is_last = |stored: &&StoredScan| stored.scan.profile.as_deref() == Some(&name);
            let mut finished = scans.iter().filter(|stored| stored.scan.finished_at.is_some());
            let Some(last) = finished.rfind(is_last) else { continue };
            let (mut open, mut silenced) = (SeverityCounts::default(), 0);
            self.store.findings(&name, |stored| {
                match stored.finding.state {
                    FindingState::Open | FindingState::Acknowledged => open.add(stored.finding.severity),
                    FindingState::Silenced => silenced += 1,
                    FindingState::Resolved => {}
                }
                Flow::Continue(())
            })?;
            summaries.push(ProfileSummary {
                last_finished: last.scan.finished_at.unwrap_or(last.scan.started_at),
                endpoints: last.scan.counts.endpoints.saturating_sub(last.scan.counts.unlisted),
                with_chain: last.scan.counts.handshake,
                open,
                silenced,
                name,
            });
        }
        Ok(summaries)
    }

    fn origin<'s>(&'s self, stored: Option<&'s StoredScan>, now: UnixTime) -> Origin<'s> {
        Origin {
            profile: Some(&self.profile.name),
            scan: stored.map(|stored| &stored.scan.id),
            vantage: &self.parts.vantage,
            now,
        }
    }

    fn interval(&self) -> Option<i64> {
        self.profile.every.map(Period::seconds)
    }
}

/// Most of what is served and was valid at `trusted` is not valid at `now`: rather the clock is wrong than the world.
fn looks_wrong(
    store: &Store,
    stored: &StoredScan,
    trusted: UnixTime,
    now: UnixTime,
) -> Result<bool, AppError> {
    let (mut valid_then, mut invalid_now) = (0_u64, 0_u64);
    let mut last: Option<(Fingerprint, x509::Certificate)> = None;
    let mut failed = None;
    store.observations_of(stored.sequence, |observation| {
        let Some(sha256) = observation.outcome.presented().and_then(|chain| chain.first().copied()) else {
            return Flow::Continue(());
        };
        if last.as_ref().is_none_or(|(known, _)| *known != sha256) {
            match store.certificate(&sha256) {
                Ok(Some(stored)) => last = Some((sha256, x509::read(&stored.der))),
                Ok(None) => return Flow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    return Flow::Break(());
                }
            }
        }
        if let Some((_, certificate)) = &last
            && is_valid(certificate, trusted)
        {
            valid_then += 1;
            invalid_now += u64::from(!is_valid(certificate, now));
        }
        Flow::Continue(())
    })?;
    failed.map_or(Ok(()), Err)?;
    Ok(valid_then > 0 && invalid_now * 10 >= valid_then * MOST_TENTHS)
}

fn is_valid(certificate: &x509::Certificate, at: UnixTime) -> bool {
    certificate.not_before.is_some_and(|start| start <= at)
        && certificate.not_after.is_some_and(|end| at <= end)
}
