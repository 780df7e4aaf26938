//! `certvigil demo`

use std::path::PathBuf;
use std::sync::Arc;

use super::super::args::{DemoArgs, ReportFormat};
use super::super::output::Output;
use super::super::talk::Talk;
use super::super::{Ending, progress};
use super::scan::wait_for_signal;
use crate::app::demo::Demo;
use crate::app::progress::ScanProgress;
use crate::app::report::Form;

/// Shows what a scan shows. The faults are there on purpose, so findings do not fail the demonstration.
pub(crate) fn run(args: &DemoArgs, talk: Talk) -> anyhow::Result<Ending> {
    super::runtime()?.block_on(show(args, talk))
}

async fn show(args: &DemoArgs, talk: Talk) -> anyhow::Result<Ending> {
    let place = match &args.output {
        Some(place) => place.clone(),
        None => default_place()?,
    };
    let demo = Demo::start().await?;
    for line in demo.introduction() {
        talk.say(&line);
    }
    let prepared = demo.prepare()?;
    talk.say(&prepared.sentence());
    let progress = Arc::new(ScanProgress::default());
    let probes = prepared.probes();
    let scan = crate::app::scan::run(prepared, Arc::clone(&progress), None);
    let finished = progress::draw(progress, probes, talk.draws_progress(), scan).await?;

    let mut json = Output::whole(Some(&place))?;
    finished.write_report(Form::Json, &mut json)?;
    json.finish()?;
    let mut table = Output::whole(None)?;
    let form = super::form(ReportFormat::Table, None, talk);
    finished.write_demo_report(form, &mut table)?;
    table.finish()?;
    talk.say(&format!("the same as JSON: {}", place.display()));
    if args.keep {
        talk.say("the estate stays up until Ctrl-C");
        wait_for_signal().await;
    }
    Ok(Ending::Clean)
}

/// A file in the temporary directory. Everybody may write there, so a link that somebody put in its place is refused.
fn default_place() -> anyhow::Result<PathBuf> {
    let place = std::env::temp_dir().join("certvigil-demo.json");
    if place.symlink_metadata().is_ok_and(|there| !there.is_file()) {
        anyhow::bail!("{}: is there and is no file; name another place with -o", place.display());
    }
    Ok(place)
}
