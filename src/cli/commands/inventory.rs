//! `certvigil inventory`

use super::super::Ending;
use super::super::args::{Everywhere, InventoryCommand};
use super::super::output::Output;
use super::super::talk::Talk;
use super::findings::list_form;
use crate::app::inventory::{self, FactorRequest, ListQuery, ReadinessQuery};

pub(crate) fn run(command: &InventoryCommand, everywhere: &Everywhere, talk: Talk) -> anyhow::Result<Ending> {
    let parts = super::parts(everywhere)?;
    let mut output = Output::whole(None)?;
    match command {
        InventoryCommand::List(args) => {
            let query = ListQuery {
                expires_within: args.expires_within.map(|duration| duration.0),
                issuer: args.issuer.clone(),
                limit: args.limit,
            };
            match args.at {
                Some(at) => {
                    inventory::list_at(&parts, at, args.limit, list_form(args.format, talk), &mut output)?
                }
                None => inventory::list(&parts, &query, list_form(args.format, talk), &mut output)?,
            }
        }
        InventoryCommand::Show(args) => {
            inventory::show(&parts, &args.id, list_form(args.format, talk), &mut output)?
        }
        InventoryCommand::History(args) => {
            inventory::history(&parts, &args.endpoint, list_form(args.format, talk), &mut output)?;
        }
        InventoryCommand::Readiness(args) => {
            let query = ReadinessQuery { profile: args.profile.clone(), trust: args.trust.clone() };
            let form = list_form(args.format, talk);
            for note in inventory::readiness(&parts, &query, form, &mut output)? {
                talk.say(&note);
            }
        }
        InventoryCommand::Diff(args) => {
            inventory::diff(
                &parts,
                args.from.as_deref(),
                &args.to,
                list_form(args.format, talk),
                &mut output,
            )?;
        }
        InventoryCommand::Factor(args) => {
            let request = FactorRequest { resume: args.resume, work: args.work.clone() };
            let form = list_form(args.format, talk);
            let shared = inventory::factor(&parts, &request, form, &mut |line| talk.say(line), &mut output)?;
            if shared > 0 {
                output.finish()?;
                return Ok(Ending::Findings);
            }
        }
    }
    output.finish()?;
    Ok(Ending::Clean)
}
