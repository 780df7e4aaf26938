//! `certvigil demo`

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

    let place = args.output.clone().unwrap_or_else(|| std::env::temp_dir().join("certvigil-demo.json"));
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
