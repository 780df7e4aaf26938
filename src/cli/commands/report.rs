//! `certvigil report`

use super::super::Ending;
use super::super::args::{Everywhere, ReportArgs, ReportFormat, ViewChoice};
use super::super::output::Output;
use super::super::talk::Talk;
use crate::app::maintained::{MaintainedRequest, write_maintained_report};
use crate::app::report::{Form, MaintainedForm, ReportRequest, write_kept_report};
use crate::app::sign::SigningKey;
use crate::report::{Register, RegisterForm};

pub(crate) fn run(args: &ReportArgs, everywhere: &Everywhere, talk: Talk) -> anyhow::Result<Ending> {
    let parts = super::parts(everywhere)?;
    let path = args.output.output.as_deref();
    // A key that cannot be used is told before anything is written.
    let key = args.sign.as_deref().map(SigningKey::read).transpose()?;
    let ending = match (args.from, args.to) {
        (Some(from), Some(to)) => {
            let form = maintained_form(args, talk)?;
            let mut output = Output::whole(path)?;
            let request = MaintainedRequest { from, to, profile: args.profile.clone() };
            write_maintained_report(&parts, &request, form, &mut output)?;
            output.finish()?;
            Ending::Clean
        }
        _ => {
            let form = form(args, talk)?;
            let mut output = super::open_output(args.output.format, path)?;
            let request = ReportRequest {
                scan: args.scan.clone(),
                profile: args.profile.clone(),
                trust: args.trust.clone(),
                policies: args.judged_under.policies.clone(),
                at: args.at,
            };
            let written = write_kept_report(&parts, &request, form, &mut output)?;
            for note in &written.notes {
                talk.warn(note);
            }
            output.finish()?;
            written.check.map_or(Ending::Clean, Ending::Check)
        }
    };
    if let (Some(key), Some(path)) = (key, path) {
        let place = key.sign(path)?;
        talk.say(&format!("signed: {}; `certvigil report --help` tells how to verify it", place.display()));
    }
    Ok(ending)
}

fn form(args: &ReportArgs, talk: Talk) -> anyhow::Result<Form> {
    let Some(view) = args.view else {
        return Ok(super::form(args.output.format, args.output.output.as_deref(), talk));
    };
    let register = match view {
        ViewChoice::Pci => Register::Pci,
        ViewChoice::Dora => Register::Dora,
    };
    match args.output.format {
        ReportFormat::Csv => Ok(Form::Register(register, RegisterForm::Csv)),
        ReportFormat::Html => Ok(Form::Register(register, RegisterForm::Html)),
        _ => anyhow::bail!("a register (--view) is written as html or csv: add -f html or -f csv"),
    }
}

fn maintained_form(args: &ReportArgs, talk: Talk) -> anyhow::Result<MaintainedForm> {
    match args.output.format {
        ReportFormat::Table => {
            let colour = args.output.output.is_none() && talk.colours_stdout();
            Ok(MaintainedForm::Table { width: super::width(), colour })
        }
        ReportFormat::Json => Ok(MaintainedForm::Json),
        ReportFormat::Html => Ok(MaintainedForm::Html),
        _ => anyhow::bail!("a report with --from and --to is a table, json or html"),
    }
}
