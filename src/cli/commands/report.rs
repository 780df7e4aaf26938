//! `certvigil report`

use super::super::Ending;
use super::super::args::{Everywhere, ReportArgs};
use super::super::talk::Talk;
use crate::app::report::write_kept_report;

pub(crate) fn run(args: &ReportArgs, everywhere: &Everywhere, talk: Talk) -> anyhow::Result<Ending> {
    let parts = super::parts(everywhere)?;
    let path = args.output.output.as_deref();
    let mut output = super::open_output(args.output.format, path)?;
    let form = super::form(args.output.format, path, talk);
    for note in write_kept_report(&parts, &args.scan, &args.trust, form, &mut output)? {
        talk.warn(&note);
    }
    output.finish()?;
    Ok(Ending::Clean)
}
