//! Scan: discover → probe → commit → assess → reconcile → report.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::AppError;
use super::alerting::Alerting;
use super::assess::Surroundings;
use super::begin::{Begun, WAIT_FOR_STORE, begin, open_store, replay};
use super::blocklists::blocklists;
use super::dispatch::{Delivery, deliver};
use super::gather::gather_all;
use super::judge::Judge;
use super::kept::Kept;
use super::moduli::{Bounds, compare_new_moduli};
use super::parts::{Parts, trust_stores};
use super::policy::judge_for;
use super::progress::ScanProgress;
use super::reconcile::{Changes, Circumstances, Reconciled, reconcile_scan};
use super::recorder::{Recorder, unit_position};
use super::report::{Form, GO_ON, ReportSource, stream};
use super::request::ScanRequest;
use super::revocation::Evidence;
use super::visit::{Queue, Visitors, visit_all};
use super::watch::Shift;
use crate::discover::{Plan, Position, plan};
use crate::dns::{HickoryResolver, NoResolver, Resolve};
use crate::model::{Counts, Depth, ScanState, Severity, TrustStore};
use crate::probe::{Pace, Prober, Statistics};
use crate::report::{CheckState, number};
use crate::store::{ScanWriter, Store, StoreError, StoredScan};
use crate::text::escape_for_terminal;
use crate::time::UnixTime;
use crate::wire::v1::EndpointView;

/// Above so many probes a scan wants to be meant.
const CONSENT_ABOVE: u128 = 1_000_000;

/// Visits under way from the workers to the recorder.
const CHANNEL: usize = 2_048;

/// Said where the clock does not fit to what earlier runs saw.
const CLOCK_JUMPED: &str = "this machine's clock jumped since the last run: findings were left as they are and nobody \
    is told; set the clock, or, if it is right, the next run goes on";

/// A scan that is ready to run: everything is parsed and checked, nothing was sent.
pub struct Prepared {
    pub(super) request: ScanRequest,
    parts: Parts,
    plan: Arc<Plan>,
    prober: Arc<Prober>,
    resolver: Arc<dyn Resolve>,
    judge: Arc<Judge>,
    /// What is asked of others about certificates; `None` where nothing is.
    evidence: Option<Arc<Evidence>>,
    /// Who is told; `None` without settings for it, without a profile, or where nothing is kept.
    alerting: Option<Alerting>,
    notes: Vec<String>,
}

/// A scan that ran.
pub struct Finished {
    store: Store,
    stored: StoredScan,
    judge: Arc<Judge>,
    request: ScanRequest,
    reconciled: Reconciled,
    statistics: Statistics,
    warnings: Vec<String>,
    /// The profile was scanned before: there is something to compare with.
    has_earlier: bool,
    parts: Parts,
    alerting: Option<Alerting>,
    /// The clock is in order: mail may go out.
    clock_fits: bool,
    /// What was delivered before the scan.
    begun: Delivery,
}

impl std::fmt::Debug for Prepared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prepared").field("request", &self.request).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Finished {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Finished").field("scan", &self.stored.scan).finish_non_exhaustive()
    }
}

/// Parses and checks what was asked, and loads the trust stores.
///
/// # Errors
/// A target, exclusion, port, name or trust store cannot be used.
pub fn prepare(request: ScanRequest, parts: &Parts) -> Result<Prepared, AppError> {
    let (stores, notes) = trust_stores(&request.trust())?;
    let resolver: Arc<dyn Resolve> = match request.resolver() {
        Some(server) => Arc::new(HickoryResolver::at(server, request.probe_settings().connect_timeout)?),
        // Addresses can be scanned all the same, and each name says why it was not resolved.
        None => match HickoryResolver::system() {
            Ok(resolver) => Arc::new(resolver),
            Err(error) => Arc::new(NoResolver(error)),
        },
    };
    prepare_with(request, parts, resolver, stores, notes)
}

/// As [`prepare`], with a resolver and trust stores from elsewhere.
pub(super) fn prepare_with(
    request: ScanRequest,
    parts: &Parts,
    resolver: Arc<dyn Resolve>,
    stores: Vec<TrustStore>,
    mut notes: Vec<String>,
) -> Result<Prepared, AppError> {
    let plan = Arc::new(plan(request.targets()?)?);
    notes.extend(plan.notices().iter().cloned());
    if request.resume && !plan.is_resumable() {
        return Err(AppError::Usage(
            "targets from standard input cannot be resumed; give them in a file".to_owned(),
        ));
    }
    let settings = request.probe_settings();
    if settings.connect_timeout.is_zero() || settings.total_timeout.is_zero() {
        return Err(AppError::Usage("a timeout of 0 leaves no time to connect; give e.g. 500ms".to_owned()));
    }
    let prober = Arc::new(Prober::new(settings, request.pace())?);
    let evidence = Evidence::wanted(&request, &plan, &resolver, &stores, &parts.clock)?.map(Arc::new);
    let judge = judge_for(&request, stores)?.with_blocklist(blocklists(&parts.settings.blocklists)?);
    let judge = Arc::new(judge);
    let alerting = match &request.profile {
        Some(profile) => Alerting::new(&parts.settings, Some(profile))?,
        None => None,
    };
    if alerting.is_some() && !parts.keeps_a_store() {
        notes.push("with --no-store nothing is known from before: nobody is told".to_owned());
    }
    let alerting = alerting.filter(|_| parts.keeps_a_store());
    Ok(Prepared { request, parts: parts.clone(), plan, prober, resolver, judge, evidence, alerting, notes })
}

/// Visits everything, keeps what was seen, judges it, and leads the profile's findings on. With `lines`, each
/// endpoint is also written there as one line of JSON as soon as it is known.
///
/// # Errors
/// The store or the targets fail in the middle; what was committed stays and can be resumed.
pub async fn run(
    mut prepared: Prepared,
    progress: Arc<ScanProgress>,
    lines: Option<&mut (dyn Write + Send)>,
) -> Result<Finished, AppError> {
    let mut warnings = Vec::new();
    for (name, error) in prepared.plan.resolve_exclusions(&*prepared.resolver).await {
        warnings.push(format!("exclusion {name}: {error}; only the name itself is left out"));
    }
    let store = open_store(&prepared.parts, prepared.request.profile.is_some(), &progress).await?;
    warnings.extend(namesake(&store, &prepared.request)?);
    if let Some(alerting) = &mut prepared.alerting {
        alerting.learn_routes(&store)?;
    }
    let Prepared { request, parts, judge, alerting, .. } = &prepared;
    let shift = request.profile.as_ref().map(|profile| Shift {
        store: &store,
        parts,
        profile,
        alerting: alerting.as_ref(),
    });
    let mut begun = Delivery::default();
    if let Some(shift) = shift {
        begun = begin_shift(shift, judge, request.alert_wait() / 2, &progress).await?;
    }
    let stored = look(&prepared, &store, &progress, lines).await?;
    if stored.scan.counts.endpoints == 0 && !progress.is_stopping() {
        warnings.push("nothing was scanned: no target was given that is not excluded".to_owned());
    }

    // Assess and reconcile.
    let has_earlier = has_earlier(&store, &stored)?;
    let now = parts.clock.now();
    let clock_fits = shift.map_or(Ok(true), |shift| shift.trusts_clock(&stored, now))?;
    let circumstances =
        Circumstances { actor: &parts.actor, now, alerting: alerting.as_ref(), leads: clock_fits };
    warnings.extend(compare_new_moduli(&store, Bounds::default())?);
    let reconciled = reconcile_scan(&store, &stored, judge, circumstances)?;
    if let Some(shift) = shift.filter(|_| clock_fits) {
        shift.tell_still_watching(now)?;
    }
    warnings.extend(reconciled.changes.warning());
    if !clock_fits {
        warnings.push(CLOCK_JUMPED.to_owned());
    }
    let Prepared { request, parts, prober, judge, alerting, .. } = prepared;
    let statistics = prober.statistics();
    Ok(Finished {
        store,
        stored,
        judge,
        request,
        reconciled,
        statistics,
        warnings,
        has_earlier,
        parts,
        alerting,
        clock_fits,
        begun,
    })
}

/// What a profile's scan begins with, if the clock is in order: what the last one left is led on, what waits is sent.
/// Takes at most `wait`, so that this scan's own news gets the rest of the time.
async fn begin_shift(
    shift: Shift<'_>,
    judge: &Judge,
    wait: Duration,
    progress: &ScanProgress,
) -> Result<Delivery, AppError> {
    let mut begun = Delivery::default();
    if !shift.clock_fits()? {
        return Ok(begun);
    }
    shift.catch_up(judge)?;
    if let Some(alerting) = shift.alerting {
        let mut stop = progress.stop_signal();
        tokio::select! {
            delivered = deliver(shift.parts, shift.store, alerting, wait) => begun = delivered?,
            _ = stop.wait_for(|stopping| *stopping) => {}
        }
    }
    // Goes with the news of this scan, so that there is one mail.
    shift.tell_missed()?;
    Ok(begun)
}

/// Discovers, probes and commits.
async fn look(
    prepared: &Prepared,
    store: &Store,
    progress: &Arc<ScanProgress>,
    lines: Option<&mut (dyn Write + Send)>,
) -> Result<StoredScan, AppError> {
    let Prepared { request, parts, plan, prober, resolver, judge, evidence, .. } = prepared;
    let begun = begin(store, request, parts, plan)?;

    // Discover and probe.
    progress.count(0, begun.progress.counts.handshake, begun.progress.counts.failure);
    let known = Arc::new(store.known_endpoints()?);
    let visitors = Arc::new(Visitors {
        known: Arc::clone(&known),
        queue: queue(plan, &begun),
        plan: Arc::clone(plan),
        prober: Arc::clone(prober),
        resolver: Arc::clone(resolver),
        clock: Arc::clone(&parts.clock),
        progress: Arc::clone(progress),
        second_look_after: request.second_look_after(),
    });
    let workers = workers(prober, plan);
    let (sender, visits) = mpsc::channel(CHANNEL);
    let visiting = async {
        let Some(evidence) = evidence else { return visit_all(visitors, workers, sender).await };
        let (seen, seeing) = mpsc::channel(CHANNEL);
        let progress = Arc::clone(progress);
        let gathering = gather_all(Arc::clone(evidence), store.clone(), progress, seeing, sender);
        tokio::join!(visit_all(visitors, workers, seen), gathering).0
    };

    // Commit.
    let (writer, counts, visited) = {
        let kept = Kept::new(store, parts.clock.now());
        let surroundings = Surroundings::of_running(store, begun.writer.scan())?;
        let mut recorder = Recorder::new(begun.writer, known, begun.progress, request.list_dead);
        if let Some(lines) = lines {
            let profile = request.profile.as_ref().map(|profile| profile.name.clone());
            let mut listener = stream(store, profile, &kept, judge, surroundings, &*parts.clock, lines);
            // What an earlier run saw belongs to the report, too.
            replay(store, begun.sequence, &mut *listener)?;
            recorder.listen(listener);
        }
        record_beside(recorder, visits, visiting).await?
    };
    let stored = finish(writer, counts, plan, progress, parts.clock.now())?;
    // What was seen before the targets failed is in the record; that they failed is what the user hears.
    visited?;
    Ok(stored)
}

/// What to say where the profile's last scan read it from another file that is still there: each would end what the
/// other found.
fn namesake(store: &Store, request: &ScanRequest) -> Result<Option<String>, AppError> {
    let Some(profile) = &request.profile else { return Ok(None) };
    let scans = store.scans()?;
    let last = scans.iter().rfind(|stored| stored.scan.profile.as_ref() == Some(&profile.name));
    let before = last.and_then(|stored| stored.scan.parameters.profile_source.as_deref());
    Ok(before.filter(|before| *before != profile.source && Path::new(before).is_file()).map(|before| {
        let [name, before, now] = [&profile.name, before, &profile.source].map(escape_for_terminal);
        format!("profile {name} was read from {before} before, and now from {now}: give each file a name of its own")
    }))
}

fn has_earlier(store: &Store, stored: &StoredScan) -> Result<bool, AppError> {
    let is_earlier = |other: &StoredScan| {
        other.sequence < stored.sequence
            && other.scan.profile == stored.scan.profile
            && other.scan.finished_at.is_some()
    };
    Ok(stored.scan.profile.is_some() && store.scans()?.iter().any(is_earlier))
}

/// The units that the scan has not done yet.
fn queue(plan: &Arc<Plan>, begun: &Begun) -> Queue {
    let done = begun.progress.clone();
    let from = Position { block: done.next.block, index: done.next.index };
    let sweep = plan.sweep(begun.writer.scan().seed, Some(from));
    Queue::new(sweep, move |position| done.is_done(unit_position(*position)))
}

/// No more workers than can be in flight, and none without a unit to do.
fn workers(prober: &Prober, plan: &Plan) -> usize {
    let units = plan.units().and_then(|units| usize::try_from(units).ok()).unwrap_or(usize::MAX);
    prober.concurrency().min(units)
}

/// Runs the recorder on a thread of its own beside the visits. If the recorder fails, the visits end: nobody
/// listens. If the visits fail, what was seen is committed all the same; the last value says how they went.
async fn record_beside(
    recorder: Recorder<'_>,
    visits: mpsc::Receiver<super::visit::Visited>,
    visiting: impl Future<Output = Result<(), AppError>>,
) -> Result<(ScanWriter, Counts, Result<(), AppError>), AppError> {
    let handle = tokio::runtime::Handle::current();
    let (visited, recorded) = tokio::task::block_in_place(|| {
        std::thread::scope(|threads| {
            let recording = threads.spawn(|| recorder.record_all(visits));
            let visited = handle.block_on(visiting);
            (visited, recording.join())
        })
    });
    let (writer, counts) = recorded.map_err(|_| AppError::Internal("the recorder panicked".to_owned()))??;
    Ok((writer, counts, visited))
}

fn finish(
    writer: ScanWriter,
    mut counts: Counts,
    plan: &Plan,
    progress: &ScanProgress,
    now: UnixTime,
) -> Result<StoredScan, AppError> {
    let state = if progress.is_stopping() { ScanState::Incomplete } else { ScanState::Complete };
    counts.targets = plan.target_count().unwrap_or(progress.snapshot().units);
    counts.excluded = u64::try_from(plan.excluded()).unwrap_or(u64::MAX);
    Ok(writer.finish(counts, state, now)?)
}

impl Prepared {
    /// What a person should know before the scan.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// What to say where the scan waits for another process that writes the store. Whether it really has to shows when
    /// it runs.
    pub fn waits_for(&self) -> Option<String> {
        self.request.profile.as_ref()?;
        match self.parts.open_store() {
            Err(error @ AppError::Store(StoreError::InUse { .. })) => {
                Some(format!("{error}; waiting for at most {} minutes", WAIT_FOR_STORE.as_secs() / 60))
            }
            _ => None,
        }
    }

    /// How many units the progress counts; `None` where nobody knows.
    pub fn probes(&self) -> Option<u64> {
        self.plan.units().map(|units| u64::try_from(units).unwrap_or(u64::MAX))
    }

    /// The plan in one line: `20,412 probes, at most 500/s, about 45 s, 3 exclusions`.
    pub fn sentence(&self) -> String {
        let pace = self.request.pace();
        let mut parts = vec![match self.plan.probes() {
            Some(1) => "1 probe".to_owned(),
            Some(probes) => format!("{} probes", number(probes)),
            None => "probes as they are read".to_owned(),
        }];
        match pace.rate {
            Some(rate) => parts.push(format!("at most {}/s", number(rate))),
            None => parts.push("no limit on the rate".to_owned()),
        }
        if let Some(seconds) = self.seconds(&pace) {
            parts.push(format!("about {}", duration_words(seconds)));
        }
        parts.push(format!("{} in flight", number(self.prober.concurrency() as u128)));
        match self.plan.exclusions().len() {
            0 => {}
            1 => parts.push("1 exclusion".to_owned()),
            more => parts.push(format!("{} exclusions", number(more as u128))),
        }
        parts.join(", ")
    }

    /// How long the slowest limit makes the scan take; `None` where nobody knows or nothing limits it.
    fn seconds(&self, pace: &Pace) -> Option<u128> {
        // How many connections deep inspection takes shows when it is done.
        if self.request.depth() == Depth::Deep {
            return None;
        }
        let limits = [
            (self.plan.probes()?, pace.rate),
            (self.plan.probes_of_one_host(), pace.per_host_rate),
            (self.plan.probes_of_one_network(), pace.per_network_rate),
        ];
        let seconds = |(probes, rate): (u128, Option<u32>)| Some(probes.div_ceil(rate?.max(1).into()));
        limits.into_iter().filter_map(seconds).max()
    }

    /// What to say where the scan is so large that somebody should say they mean it. A profile with targets means it.
    pub fn wants_consent(&self) -> Option<String> {
        let meant = self
            .request
            .profile
            .as_ref()
            .is_some_and(|p| !p.targets.is_empty() || !p.target_files.is_empty());
        let is_large = self.plan.probes().is_some_and(|probes| probes > CONSENT_ABOVE);
        (is_large && !meant).then(|| {
            let limit = number(CONSENT_ABOVE);
            format!(
                "that is more than {limit} probes; say --yes if you mean it, or put the targets in a profile"
            )
        })
    }
}

impl Finished {
    /// The scan's accounts.
    pub fn counts(&self) -> &Counts {
        &self.stored.scan.counts
    }

    /// Nothing was left out.
    pub fn is_complete(&self) -> bool {
        self.stored.scan.state == ScanState::Complete
    }

    /// Findings are at or above the limit.
    pub fn fails(&self) -> bool {
        self.request.fails(self.worst(), self.reconciled.changes.worst_opened)
    }

    /// What became of the profile's findings, in one line.
    pub fn changes(&self) -> Option<String> {
        let profile = self.stored.scan.profile.as_deref()?;
        let Changes { opened, worse, resolved, .. } = self.reconciled.changes;
        let profile = escape_for_terminal(profile);
        Some(format!("findings of profile {profile}: {opened} opened, {worse} worse, {resolved} resolved"))
    }

    /// The worst severity found.
    pub fn worst(&self) -> Option<Severity> {
        self.reconciled.worst
    }

    /// What a person should know about this run.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// What the prober did, for a curious person.
    pub fn statistics(&self) -> Vec<String> {
        let s = &self.statistics;
        let mut lines = vec![format!(
            "{} connections: {} established, {} refused, {} timed out, {} unreachable, {} reset",
            s.connections, s.connected, s.refused, s.timeouts, s.unreachable, s.resets
        )];
        lines.push(format!(
            "{} retries, {} hello retry requests, {} fallbacks, {} further hellos, {} back-offs, {} descriptor waits",
            s.retries, s.hello_retry_requests, s.fallbacks, s.further_hellos, s.back_offs, s.descriptor_waits
        ));
        lines.extend(
            s.second_tries
                .iter()
                .map(|(offer, count)| format!("{count} second tries with the {offer} hello")),
        );
        lines
    }

    /// Sends what is due, for as long as the request allows; `None` where nobody is to be told.
    ///
    /// # Errors
    /// The record cannot be read or written. What could not be sent is no error, but named.
    pub async fn deliver(&self) -> Result<Option<Delivery>, AppError> {
        let Some(alerting) = &self.alerting else { return Ok(None) };
        if !self.clock_fits {
            return self.hold(CLOCK_JUMPED);
        }
        let delivery = deliver(&self.parts, &self.store, alerting, self.request.alert_wait()).await?;
        Ok(Some(delivery.after(&self.begun)))
    }

    /// Names all that waits, and that it does so for `reason`; `None` where nobody is to be told.
    ///
    /// # Errors
    /// The record cannot be read.
    pub fn hold(&self, reason: &str) -> Result<Option<Delivery>, AppError> {
        let held = self.alerting.as_ref().map(|_| Delivery::held(&self.store, reason));
        held.transpose()
    }

    /// Writes the scan's report.
    ///
    /// # Errors
    /// The record cannot be read or the report not written.
    pub fn write_report(
        &self,
        form: Form,
        out: &mut (dyn Write + Send),
    ) -> Result<Option<CheckState>, AppError> {
        self.source().write(form, self.next_command().as_str(), out)
    }

    /// Writes the report of a demonstration, which leads to another next command.
    pub(super) fn write_report_then(
        &self,
        form: Form,
        next: &str,
        out: &mut (dyn Write + Send),
    ) -> Result<Option<CheckState>, AppError> {
        self.source().write(form, next, out)
    }

    /// Ends the lines written during the scan: the certificates, then the scan itself.
    ///
    /// # Errors
    /// As for [`Finished::write_report`].
    pub fn close_stream(&self, out: &mut (dyn Write + Send)) -> Result<(), AppError> {
        self.source().write_closing_lines(out)
    }

    /// Judges every endpoint, one after the other.
    pub(super) fn each_endpoint(
        &self,
        look: impl FnMut(&EndpointView<'_>) -> std::io::Result<()>,
    ) -> Result<(), AppError> {
        self.source().each_endpoint(look)
    }

    fn source(&self) -> ReportSource<'_> {
        let now = self.parts.clock.now();
        ReportSource::new(&self.store, &self.stored, &self.judge, &self.reconciled.surroundings, now, now)
    }

    fn next_command(&self) -> String {
        let command = match &self.stored.scan.profile {
            _ if !self.parts.keeps_a_store() => return "the same with -f json -o report.json".to_owned(),
            _ if !self.is_complete() => return GO_ON.to_owned(),
            Some(_) if self.has_earlier => "certvigil inventory diff",
            Some(_) => "certvigil findings list",
            None => "certvigil report -f json -o report.json",
        };
        self.parts.next_command(command)
    }
}

/// Seconds in the largest unit that does not round much.
fn duration_words(seconds: u128) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds.div_ceil(60)),
        7_200..172_800 => format!("{} h", seconds.div_ceil(3_600)),
        _ => format!("{} days", number(seconds.div_ceil(86_400))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_for_people() {
        assert_eq!(duration_words(45), "45 s");
        assert_eq!(duration_words(3_000), "50 min");
        assert_eq!(duration_words(33_554_432), "389 days");
    }
}
