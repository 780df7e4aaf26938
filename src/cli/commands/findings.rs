//! `certvigil findings`

use super::super::Ending;
use super::super::args::{Everywhere, FindingsCommand, ListFormat};
use super::super::output::Output;
use super::super::talk::Talk;
use crate::app::findings::{self, FindingsQuery};
use crate::app::report::ListForm;

pub(crate) fn run(command: &FindingsCommand, everywhere: &Everywhere, talk: Talk) -> anyhow::Result<Ending> {
    let FindingsCommand::List(args) = command;
    let parts = super::parts(everywhere)?;
    let query = FindingsQuery {
        profile: args.profile.clone(),
        min_severity: args.min_severity,
        with_resolved: args.all,
    };
    let mut output = Output::whole(None)?;
    findings::list(&parts, &query, list_form(args.format, talk), &mut output)?;
    output.finish()?;
    Ok(Ending::Clean)
}

/// The list's form for this terminal.
pub(super) fn list_form(format: ListFormat, talk: Talk) -> ListForm {
    match format {
        ListFormat::Json => ListForm::Json,
        ListFormat::Table => ListForm::Table { width: super::width(), colour: talk.colours_stdout() },
    }
}
