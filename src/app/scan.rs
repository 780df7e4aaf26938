//! Scan: discover → probe → commit → assess → reconcile → report.

use std::io::Write;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::AppError;
use super::findings::{Reconciled, reconcile_scan};
use super::judge::Judge;
use super::kept::Kept;
use super::parts::{Parts, trust_stores};
use super::progress::ScanProgress;
use super::recorder::{Recorder, unit_position};
use super::report::{Form, GO_ON, ReportSource, stream};
use super::request::ScanRequest;
use super::visit::{Queue, Visitors, visit_all};
use crate::clock::Clock;
use crate::discover::{Plan, Position, plan};
use crate::dns::{HickoryResolver, Resolve};
use crate::model::{Counts, Scan, ScanId, ScanParameters, ScanState, Severity, TrustStore};
use crate::probe::{Prober, Statistics};
use crate::store::{Progress, ScanWriter, Store, StoredScan};
use crate::time::UnixTime;
use crate::trust;

/// Above so many probes a scan wants to be meant.
const CONSENT_ABOVE: u128 = 1_000_000;

/// Visits under way from the workers to the recorder.
const CHANNEL: usize = 2_048;

/// A scan that is ready to run: everything is parsed and checked, nothing was sent.
pub struct Prepared {
    pub(super) request: ScanRequest,
    parts: Parts,
    plan: Arc<Plan>,
    prober: Arc<Prober>,
    resolver: Arc<dyn Resolve>,
    judge: Arc<Judge>,
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
    clock: Arc<dyn Clock>,
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
        None => Arc::new(HickoryResolver::system()?),
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
    let prober = Arc::new(Prober::new(request.probe_settings(), request.pace())?);
    let judge = Arc::new(Judge::new(stores, request.profile.as_ref()));
    Ok(Prepared { request, parts: parts.clone(), plan, prober, resolver, judge, notes })
}

/// Visits everything, keeps what was seen, judges it, and leads the profile's findings on. With `lines`, each
/// endpoint is also written there as one line of JSON as soon as it is known.
///
/// # Errors
/// The store or the targets fail in the middle; what was committed stays and can be resumed.
pub async fn run(
    prepared: Prepared,
    progress: Arc<ScanProgress>,
    lines: Option<&mut (dyn Write + Send)>,
) -> Result<Finished, AppError> {
    let Prepared { request, parts, plan, prober, resolver, judge, .. } = prepared;
    let mut warnings = Vec::new();
    for (name, error) in plan.resolve_exclusions(&*resolver).await {
        warnings.push(format!("exclusion {name}: {error}; only the name itself is left out"));
    }
    let store = parts.open_store()?;
    let begun = begin(&store, &request, &parts, &plan)?;

    // Discover and probe.
    let done = begun.progress.clone();
    let from = Position { block: done.next.block, index: done.next.index };
    progress.count(0, begun.progress.counts.handshake, begun.progress.counts.failure);
    let visitors = Arc::new(Visitors {
        queue: Queue::new(plan.sweep(begun.writer.scan().seed, Some(from)), move |position| {
            done.is_done(unit_position(*position))
        }),
        plan: Arc::clone(&plan),
        prober: Arc::clone(&prober),
        resolver,
        clock: Arc::clone(&parts.clock),
        progress: Arc::clone(&progress),
    });
    let (sender, visits) = mpsc::channel(CHANNEL);
    let workers = workers(&prober, &plan);
    let visiting = visit_all(visitors, workers, sender);

    // Commit.
    let (writer, counts) = {
        let kept = Kept::new(&store, parts.clock.now());
        let known = store.known_endpoints()?;
        let mut recorder = Recorder::new(begun.writer, known, begun.progress, request.list_dead);
        if let Some(lines) = lines {
            let profile = request.profile.as_ref().map(|profile| profile.name.as_str());
            recorder.listen(stream(&store, profile, &kept, &judge, &*parts.clock, lines));
        }
        record_beside(recorder, visits, visiting).await?
    };
    let stored = finish(writer, counts, &plan, &progress, parts.clock.now())?;

    // Assess and reconcile.
    let reconciled = reconcile_scan(&store, &stored, &judge, &parts.actor, parts.clock.now())?;
    Ok(Finished {
        store,
        stored,
        judge,
        request,
        reconciled,
        statistics: prober.statistics(),
        warnings,
        clock: parts.clock,
    })
}

/// A scan in the record, new or gone on with.
struct Begun {
    writer: ScanWriter,
    progress: Progress,
}

fn begin(store: &Store, request: &ScanRequest, parts: &Parts, plan: &Plan) -> Result<Begun, AppError> {
    let profile = request.profile.as_ref().map(|profile| profile.name.as_str());
    let now = parts.clock.now();
    if request.resume {
        let Some(resumable) = store.resumable(plan.digest(), profile)? else {
            return Err(AppError::Usage(
                "no interrupted scan of these targets is in the record; leave out --resume".to_owned(),
            ));
        };
        let writer = store.resume(&resumable, &parts.actor, now)?;
        return Ok(Begun { writer, progress: resumable.progress });
    }
    let mut random = [0; 16];
    aws_lc_rs::rand::fill(&mut random)
        .map_err(|_| AppError::Internal("the machine gives no random bytes".to_owned()))?;
    let [seed @ .., _, _, _, _, a, b, c, d] = random;
    let pace = request.pace();
    let scan = Scan {
        id: scan_id(now, [a, b, c, d]),
        profile: profile.map(str::to_owned),
        started_at: now,
        finished_at: None,
        state: ScanState::Running,
        vantage: parts.vantage.clone(),
        actor: parts.actor.clone(),
        parameters: ScanParameters {
            targets: plan.targets().to_vec(),
            ports: plan.ports().to_string(),
            depth: request.depth(),
            rate: pace.rate,
            resolver: request.resolver().map(|server| server.to_string()),
            profile_sha256: request
                .profile
                .as_ref()
                .and_then(|profile| profile.sha256)
                .map(|sha256| sha256.to_string()),
            profile_source: request.profile.as_ref().map(|profile| profile.source.clone()),
            trust: request.trust().iter().map(|store| rooted(store)).collect(),
        },
        exclusions: plan.exclusions().to_vec(),
        counts: Counts::default(),
    };
    let [s0, s1, s2, s3, s4, s5, s6, s7] = seed;
    let seed = u64::from_be_bytes([s0, s1, s2, s3, s4, s5, s6, s7]);
    let writer = store.begin_scan(&scan, seed, plan.digest())?;
    Ok(Begun { writer, progress: Progress::default() })
}

/// The trust store's name, or its path from the root, so that a later report finds it from anywhere.
fn rooted(store: &str) -> String {
    match store {
        trust::MOZILLA | trust::SYSTEM => store.to_owned(),
        path => std::path::absolute(path)
            .map_or_else(|_| path.to_owned(), |path| path.to_string_lossy().into_owned()),
    }
}

/// `20261124T090000Z-3f9a2c1d`
pub(super) fn scan_id(now: UnixTime, random: [u8; 4]) -> ScanId {
    let time: String = now.to_string().chars().filter(|c| !matches!(c, '-' | ':')).collect();
    ScanId(format!("{time}-{:08x}", u32::from_be_bytes(random)))
}

/// No more workers than can be in flight, and none without a unit to do.
fn workers(prober: &Prober, plan: &Plan) -> usize {
    let units = plan.units().and_then(|units| usize::try_from(units).ok()).unwrap_or(usize::MAX);
    prober.concurrency().min(units)
}

/// Runs the recorder on a thread of its own beside the visits. If the recorder fails, the visits end: nobody
/// listens. If the visits fail, what was seen is committed first.
async fn record_beside(
    recorder: Recorder<'_>,
    visits: mpsc::Receiver<super::visit::Visited>,
    visiting: impl Future<Output = Result<(), AppError>>,
) -> Result<(ScanWriter, Counts), AppError> {
    let handle = tokio::runtime::Handle::current();
    let (visited, recorded) = tokio::task::block_in_place(|| {
        std::thread::scope(|threads| {
            let recording = threads.spawn(|| recorder.record_all(&handle, visits));
            let visited = handle.block_on(visiting);
            (visited, recording.join())
        })
    });
    let recorded = recorded.map_err(|_| AppError::Internal("the recorder panicked".to_owned()))?;
    visited?;
    recorded
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

    /// How many units the progress counts; `None` where nobody knows.
    pub fn probes(&self) -> Option<u64> {
        self.plan.units().map(|units| u64::try_from(units).unwrap_or(u64::MAX))
    }

    /// The plan in one line: `20,412 probes, at most 500/s, about 45 s, 3 exclusions`.
    pub fn sentence(&self) -> String {
        let pace = self.request.pace();
        let mut parts = vec![match self.plan.probes() {
            Some(1) => "1 probe".to_owned(),
            Some(probes) => format!("{} probes", grouped(probes)),
            None => "probes as standard input names them".to_owned(),
        }];
        match pace.rate {
            Some(rate) => {
                parts.push(format!("at most {}/s", grouped(rate.into())));
                if let Some(probes) = self.plan.probes() {
                    parts.push(format!("about {}", duration_words(probes.div_ceil(u128::from(rate.max(1))))));
                }
            }
            None => parts.push("no limit on the rate".to_owned()),
        }
        parts.push(format!("{} in flight", grouped(self.prober.concurrency() as u128)));
        match self.plan.exclusions().len() {
            0 => {}
            1 => parts.push("1 exclusion".to_owned()),
            more => parts.push(format!("{} exclusions", grouped(more as u128))),
        }
        parts.join(", ")
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
            let limit = grouped(CONSENT_ABOVE);
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
        self.request.fails(self.worst(), self.reconciled.worst_opened)
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

    /// Writes the scan's report.
    ///
    /// # Errors
    /// The record cannot be read or the report not written.
    pub fn write_report(&self, form: Form, out: &mut (dyn Write + Send)) -> Result<(), AppError> {
        self.source().write(form, self.next_command().as_str(), out)
    }

    /// Writes the report of a demonstration, which leads to another next command.
    pub(super) fn write_report_then(
        &self,
        form: Form,
        next: &str,
        out: &mut (dyn Write + Send),
    ) -> Result<(), AppError> {
        self.source().write(form, next, out)
    }

    /// Ends the lines written during the scan: the certificates, then the scan itself.
    ///
    /// # Errors
    /// As for [`Finished::write_report`].
    pub fn close_stream(&self, out: &mut (dyn Write + Send)) -> Result<(), AppError> {
        self.source().write_closing_lines(out)
    }

    fn source(&self) -> ReportSource<'_> {
        ReportSource::new(&self.store, &self.stored, &self.judge, &self.reconciled.skews, self.clock.now())
    }

    fn next_command(&self) -> String {
        if !self.is_complete() {
            return GO_ON.to_owned();
        }
        match &self.stored.scan.profile {
            Some(_) => "certvigil inventory diff".to_owned(),
            None => "certvigil report -f json -o report.json".to_owned(),
        }
    }
}

/// `1234567` as `1,234,567`.
fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Seconds in the two largest units that matter.
fn duration_words(seconds: u128) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds.div_ceil(60)),
        7_200..172_800 => format!("{} h", seconds.div_ceil(3_600)),
        _ => format!("{} days", grouped(seconds.div_ceil(86_400))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_durations_are_for_people() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(20_412), "20,412");
        assert_eq!(grouped(1_000_000), "1,000,000");
        assert_eq!(duration_words(45), "45 s");
        assert_eq!(duration_words(3_000), "50 min");
        assert_eq!(duration_words(33_554_432), "389 days");
    }

    #[test]
    fn scan_ids_sort_by_time() {
        let id = scan_id(UnixTime(1_795_510_800), [0x3f, 0x9a, 0x2c, 0x1d]);
        assert_eq!(id.0, "20261124T090000Z-3f9a2c1d");
    }
}
