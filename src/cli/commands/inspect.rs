//! `certvigil inspect`

use super::super::Ending;
use super::super::args::{Everywhere, InspectArgs};
use super::super::talk::Talk;
use crate::app::inspect::{InspectRequest, inspect};
use crate::config::Settings;
use crate::config::profile::FailOn;
use crate::model::Severity;

pub(crate) fn run(args: &InspectArgs, everywhere: &Everywhere, talk: Talk) -> anyhow::Result<Ending> {
    let path = args.output.output.as_deref();
    let mut output = super::open_output(args.output.format, path)?;
    let request = InspectRequest {
        files: args.files.clone(),
        trust: args.trust.clone(),
        policies: args.judged_under.policies.clone(),
        name: args.name.clone(),
        at: args.at,
        password_file: args.password_file.clone(),
        blocklists: Settings::load(super::config(everywhere).as_deref())?.blocklists,
    };
    let inspected = inspect(&request)?;
    for note in inspected.notes() {
        talk.warn(note);
    }
    let check = inspected.write_report(super::form(args.output.format, path, talk), &mut output)?;
    output.finish()?;
    if let Some(state) = check {
        return Ok(Ending::Check(state));
    }
    let limit = args.fail_on.unwrap_or(FailOn::AtLeast(Severity::High));
    Ok(if limit.fails(inspected.worst()) { Ending::Findings } else { Ending::Clean })
}
