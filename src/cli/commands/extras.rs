//! `certvigil extras`

use std::io::Write as _;

use super::super::Ending;
use super::super::args::{Everywhere, ExtrasCommand, TimerArgs};
use super::super::output::Output;
use super::super::talk::Talk;
use crate::app::timer::{TimerRequest, timer_units};
use crate::config::Profile;

pub(crate) fn run(command: &ExtrasCommand, everywhere: &Everywhere, talk: Talk) -> anyhow::Result<Ending> {
    let ExtrasCommand::Timer(args) = command;
    timer(args, everywhere, talk)
}

fn timer(args: &TimerArgs, everywhere: &Everywhere, talk: Talk) -> anyhow::Result<Ending> {
    let parts = super::parts(everywhere)?;
    let request = TimerRequest {
        profile: Profile::load(&args.profile)?,
        for_user: args.user,
        binary: args.binary.clone(),
    };
    let units = timer_units(&parts, &request)?;
    let mut output = Output::whole(None)?;
    output.write_all(units.text.as_bytes())?;
    output.finish()?;
    for note in &units.notes {
        talk.warn(note);
    }
    Ok(Ending::Clean)
}
