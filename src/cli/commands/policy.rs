//! `certvigil policy`

use super::super::Ending;
use super::super::args::{Everywhere, PolicyCommand};
use super::super::output::Output;
use super::super::talk::Talk;
use super::findings::list_form;
use crate::app::policy::simulate::{SimulateRequest, simulate};
use crate::app::policy::{check, explain, list, show};

pub(crate) fn run(command: &PolicyCommand, everywhere: &Everywhere, talk: Talk) -> anyhow::Result<Ending> {
    let mut output = Output::whole(None)?;
    match command {
        PolicyCommand::List(args) => list(list_form(args.format, talk), &mut output)?,
        PolicyCommand::Show(args) => show(&args.policy, list_form(args.format, talk), &mut output)?,
        PolicyCommand::Explain(args) => {
            explain(&args.rule, &args.policies, list_form(args.format, talk), &mut output)?;
        }
        PolicyCommand::Check(args) => check(&args.file, list_form(args.format, talk), &mut output)?,
        PolicyCommand::Simulate(args) => {
            let parts = super::parts(everywhere)?;
            let request = SimulateRequest {
                policy: args.policy.clone(),
                scan: args.scan.clone(),
                profile: args.profile.clone(),
                trust: args.trust.clone(),
                limit: args.limit,
            };
            for note in simulate(&parts, &request, list_form(args.format, talk), &mut output)? {
                talk.warn(&note);
            }
        }
    }
    output.finish()?;
    Ok(Ending::Clean)
}
