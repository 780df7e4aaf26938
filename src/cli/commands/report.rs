//! `certvigil report`

use super::super::Ending;
use super::super::args::{Everywhere, ReportArgs};
use super::super::talk::Talk;
use crate::app::report::{ReportRequest, write_kept_report};

pub(crate) fn run(args: &ReportArgs, everywhere: &Everywhere, talk: Talk) -> anyhow::Result<Ending> {
    let parts = super::parts(everywhere)?;
    let path = args.output.output.as_deref();
    let mut output = super::open_output(args.output.format, path)?;
    let form = super::form(args.output.format, path, talk);
    let request =
        ReportRequest { scan: args.scan.clone(), profile: args.profile.clone(), trust: args.trust.clone() };
    for note in write_kept_report(&parts, &request, form, &mut output)? {
        talk.warn(&note);
    }
    output.finish()?;
    Ok(Ending::Clean)
}
