//! `certvigil scan`

use std::sync::Arc;

use super::super::args::{DepthChoice, Everywhere, ReportFormat, ScanArgs};
use super::super::output::{Output, is_broken_pipe};
use super::super::talk::Talk;
use super::super::{Ending, progress};
use crate::app::dispatch::Delivery;
use crate::app::progress::ScanProgress;
use crate::app::request::ScanRequest;
use crate::app::scan::{self, Finished, Prepared};
use crate::config::Profile;
use crate::model::Depth;
use crate::report::CheckState;

pub(crate) fn run(args: &ScanArgs, everywhere: &Everywhere, talk: Talk) -> anyhow::Result<Ending> {
    let parts = super::parts(everywhere)?;
    let request = request(args)?;
    let prepared = scan::prepare(request, &parts)?;
    for note in prepared.notes() {
        talk.warn(note);
    }
    talk.say(&prepared.sentence());
    if args.dry_run {
        return Ok(Ending::Clean);
    }
    if let Some(question) = prepared.wants_consent().filter(|_| !args.yes) {
        anyhow::bail!(question);
    }
    let path = args.output.output.as_deref();
    // A place that cannot be written is told before the scan; only lines are written during it, so that a scan that
    // is killed leaves no half file.
    let opened = super::open_output(args.output.format, path)?;
    let mut lines = (args.output.format == ReportFormat::Jsonl).then_some(opened);
    if let Some(line) = prepared.waits_for() {
        talk.say(&line);
    }
    let runtime = super::runtime()?;
    let finished = runtime.block_on(visit(prepared, args.no_progress, talk, lines.as_mut()))?;
    say_statistics(&finished, talk);
    // Somebody is told, whatever became of the report.
    let reported = write_report(&finished, lines, args, talk);
    let delivery = runtime.block_on(deliver(&finished, talk))?;
    if let Some(delivery) = &delivery {
        super::notify::say(delivery, talk);
    }
    let all_sent = delivery.is_none_or(|delivery| delivery.left.is_empty());
    match reported {
        Err(error) if all_sent || !is_broken_pipe(&error) => Err(error),
        Ok(Some(state)) if all_sent || state == CheckState::Critical => Ok(Ending::Check(state)),
        _ => Ok(ending(&finished, all_sent)),
    }
}

/// Ends the lines that were written during the scan, else writes the whole report; the state of a check, where the form
/// is a monitoring plugin's.
fn write_report(
    finished: &Finished,
    lines: Option<Output>,
    args: &ScanArgs,
    talk: Talk,
) -> anyhow::Result<Option<CheckState>> {
    let (format, path) = (args.output.format, args.output.output.as_deref());
    let (output, check) = match lines {
        Some(mut lines) => {
            finished.close_stream(&mut lines)?;
            (lines, None)
        }
        None => {
            let mut output = super::open_output(format, path)?;
            let check = finished.write_report(super::form(format, path, talk), &mut output)?;
            (output, check)
        }
    };
    output.finish()?;
    Ok(check)
}

/// Tells whom there is to tell, until a signal: a mail server that hangs must not hold the terminal.
async fn deliver(finished: &Finished, talk: Talk) -> anyhow::Result<Option<Delivery>> {
    tokio::select! {
        delivery = finished.deliver() => Ok(delivery?),
        () = wait_for_signal() => {
            talk.say("stopping; `certvigil notify outbox flush` sends what is left");
            Ok(finished.hold("the delivery was interrupted")?)
        }
    }
}

/// Scans with progress on the terminal, until the end or a signal.
pub(super) async fn visit(
    prepared: Prepared,
    no_progress: bool,
    talk: Talk,
    lines: Option<&mut Output>,
) -> anyhow::Result<Finished> {
    let progress = Arc::new(ScanProgress::default());
    let interrupted = tokio::spawn(stop_on_signal(Arc::clone(&progress), talk));
    let probes = prepared.probes();
    let visible = talk.draws_progress() && !no_progress;
    let lines = lines.map(|lines| lines as &mut (dyn std::io::Write + Send));
    let scan = scan::run(prepared, Arc::clone(&progress), lines);
    let finished = progress::draw(progress, probes, visible, scan).await;
    interrupted.abort();
    Ok(finished?)
}

/// The first Ctrl-C (or SIGTERM) stops the scan and keeps what was seen; a second one ends the program.
async fn stop_on_signal(progress: Arc<ScanProgress>, talk: Talk) {
    wait_for_signal().await;
    progress.stop();
    talk.say("stopping; what was seen is reported (again to leave at once)");
    wait_for_signal().await;
    std::process::exit(3);
}

#[cfg(unix)]
pub(crate) async fn wait_for_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}

#[cfg(not(unix))]
pub(crate) async fn wait_for_signal() {
    let _ = tokio::signal::ctrl_c().await;
}

fn say_statistics(finished: &Finished, talk: Talk) {
    for line in finished.statistics() {
        talk.detail(&line);
    }
    if let Some(changes) = finished.changes() {
        talk.say(&changes);
    }
    for warning in finished.warnings() {
        talk.warn(warning);
    }
}

fn ending(finished: &Finished, all_sent: bool) -> Ending {
    if !finished.is_complete() || !all_sent {
        Ending::Incomplete
    } else if finished.fails() {
        Ending::Findings
    } else {
        Ending::Clean
    }
}

fn request(args: &ScanArgs) -> anyhow::Result<ScanRequest> {
    Ok(ScanRequest {
        profile: args.profile.as_deref().map(Profile::load).transpose()?,
        targets: args.targets.clone(),
        target_files: args.target_files.clone(),
        ports: args.ports.clone(),
        server_names: args.server_names.clone(),
        exclude: args.exclude.clone(),
        exclude_files: args.exclude_files.clone(),
        depth: args.depth.map(|depth| match depth {
            DepthChoice::Sweep => Depth::Sweep,
            DepthChoice::Standard => Depth::Standard,
            DepthChoice::Deep => Depth::Deep,
        }),
        enumerate: args.enumerate,
        starttls: args.starttls,
        transports: args.transports.clone(),
        post_quantum: args.post_quantum,
        concurrency: args.concurrency.map(std::num::NonZeroUsize::get),
        rate: args.rate,
        timeout: args.timeout.map(|timeout| timeout.0),
        policies: args.judged_under.policies.clone(),
        trust: args.trust.clone(),
        resolver: args.resolver,
        revocation: args.evidence.revocation,
        fetch_allow: args.evidence.fetch_allow.iter().map(|network| network.0).collect(),
        resume: args.resume,
        list_dead: args.list_dead,
        fail_on: args.fail_on,
        fail_on_new: args.fail_on_new,
        alert_wait: args.alert_wait.map(|wait| wait.0),
    })
}
