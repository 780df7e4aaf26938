//! `certvigil scan`

use std::sync::Arc;

use super::super::args::{DepthChoice, Everywhere, ReportFormat, ScanArgs};
use super::super::output::Output;
use super::super::talk::Talk;
use super::super::{Ending, progress};
use crate::app::progress::ScanProgress;
use crate::app::request::ScanRequest;
use crate::app::scan::{self, Finished, Prepared};
use crate::config::Profile;
use crate::model::Depth;

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
    let finished = super::runtime()?.block_on(visit(prepared, args, talk, lines.as_mut()))?;
    say_statistics(&finished, talk);
    let output = match lines {
        Some(mut lines) => {
            finished.close_stream(&mut lines)?;
            lines
        }
        None => {
            let mut output = super::open_output(args.output.format, path)?;
            finished.write_report(super::form(args.output.format, path, talk), &mut output)?;
            output
        }
    };
    output.finish()?;
    Ok(ending(&finished))
}

async fn visit(
    prepared: Prepared,
    args: &ScanArgs,
    talk: Talk,
    lines: Option<&mut Output>,
) -> anyhow::Result<Finished> {
    let progress = Arc::new(ScanProgress::default());
    let interrupted = tokio::spawn(stop_on_signal(Arc::clone(&progress), talk));
    let probes = prepared.probes();
    let visible = talk.draws_progress() && !args.no_progress;
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

fn ending(finished: &Finished) -> Ending {
    if !finished.is_complete() {
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
        }),
        concurrency: args.concurrency.map(std::num::NonZeroUsize::get),
        rate: args.rate,
        timeout: args.timeout.map(|timeout| timeout.0),
        trust: args.trust.clone(),
        resolver: args.resolver,
        resume: args.resume,
        list_dead: args.list_dead,
        fail_on: args.fail_on,
        fail_on_new: args.fail_on_new,
    })
}
