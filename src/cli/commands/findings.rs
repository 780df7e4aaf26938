//! `certvigil findings`

use super::super::Ending;
use super::super::args::{
    Everywhere, FindingsAckArgs, FindingsCommand, FindingsListArgs, FindingsMatch, FindingsSilenceArgs,
    ListFormat,
};
use super::super::output::Output;
use super::super::talk::Talk;
use crate::app::findings::{self, Acknowledgement, FindingsQuery, NewSilence, Selection};
use crate::app::parts::Parts;
use crate::app::report::ListForm;
use crate::model::Matcher;

pub(crate) fn run(command: &FindingsCommand, everywhere: &Everywhere, talk: Talk) -> anyhow::Result<Ending> {
    let parts = super::parts(everywhere)?;
    let mut output = Output::whole(None)?;
    let said = match command {
        FindingsCommand::List(args) => list(args, &parts, talk, &mut output)?,
        FindingsCommand::Ack(args) => acknowledge(args, &parts, talk, &mut output)?,
        FindingsCommand::Silence(args) => silence(args, &parts, talk, &mut output)?,
    };
    output.finish()?;
    if let Some(said) = said {
        talk.say(&said);
    }
    Ok(Ending::Clean)
}

fn list(
    args: &FindingsListArgs,
    parts: &Parts,
    talk: Talk,
    output: &mut Output,
) -> anyhow::Result<Option<String>> {
    let query = FindingsQuery {
        selection: selection(&args.which),
        min_severity: args.min_severity,
        with_resolved: args.all,
    };
    findings::list(parts, &query, list_form(args.format, talk), output)?;
    Ok(None)
}

fn acknowledge(
    args: &FindingsAckArgs,
    parts: &Parts,
    talk: Talk,
    output: &mut Output,
) -> anyhow::Result<Option<String>> {
    let (selection, form) = (selection(&args.which), list_form(args.format, talk));
    // The command line's shape has a reason wherever nothing is undone.
    let said = match &args.reason {
        Some(reason) => {
            let wanted = Acknowledgement { selection, reason: reason.clone(), until: args.until };
            findings::acknowledge(parts, &wanted, form, output)?
        }
        None => findings::take_back(parts, &selection, form, output)?,
    };
    Ok(Some(said))
}

fn silence(
    args: &FindingsSilenceArgs,
    parts: &Parts,
    talk: Talk,
    output: &mut Output,
) -> anyhow::Result<Option<String>> {
    let form = list_form(args.format, talk);
    match (args.undo, &args.reason, args.until) {
        (Some(id), _, _) => Ok(Some(findings::unsilence(parts, id, form, output)?)),
        (None, Some(reason), Some(until)) => {
            let wanted = NewSilence { selection: selection(&args.which), reason: reason.clone(), until };
            Ok(Some(findings::silence(parts, &wanted, form, output)?))
        }
        (None, _, _) => {
            findings::silences(parts, form, output)?;
            Ok(None)
        }
    }
}

fn selection(which: &FindingsMatch) -> Selection {
    let FindingsMatch { keys, profile, rule, endpoint, owner, tag, max_severity } = which;
    let matcher = Matcher {
        key: None,
        profile: profile.clone(),
        rule: *rule,
        endpoint: endpoint.clone(),
        owner: owner.clone(),
        tag: tag.clone(),
        max_severity: *max_severity,
    };
    Selection { keys: keys.clone(), matcher }
}

/// The list's form for this terminal.
pub(super) fn list_form(format: ListFormat, talk: Talk) -> ListForm {
    match format {
        ListFormat::Json => ListForm::Json,
        ListFormat::Table => ListForm::Table { width: super::width(), colour: talk.colours_stdout() },
    }
}
