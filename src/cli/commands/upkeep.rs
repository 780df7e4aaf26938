//! `certvigil doctor`, `backup` and `restore`

use super::super::Ending;
use super::super::args::{BackupArgs, DoctorArgs, Everywhere, RestoreArgs};
use super::super::output::Output;
use super::super::talk::Talk;
use super::findings::list_form;
use crate::app::upkeep;

pub(crate) fn doctor(args: &DoctorArgs, everywhere: &Everywhere, talk: Talk) -> anyhow::Result<Ending> {
    let parts = super::parts(everywhere)?;
    let mut output = Output::whole(None)?;
    let healthy = upkeep::doctor(&parts, args.rebuild, list_form(args.format, talk), &mut output)?;
    output.finish()?;
    Ok(if healthy { Ending::Clean } else { Ending::Findings })
}

pub(crate) fn backup(args: &BackupArgs, everywhere: &Everywhere, talk: Talk) -> anyhow::Result<Ending> {
    let parts = super::parts(everywhere)?;
    talk.say(&upkeep::backup(&parts, &args.file)?);
    Ok(Ending::Clean)
}

pub(crate) fn restore(args: &RestoreArgs, everywhere: &Everywhere, talk: Talk) -> anyhow::Result<Ending> {
    let parts = super::parts(everywhere)?;
    talk.say(&upkeep::restore(&parts, &args.file, args.replace)?);
    Ok(Ending::Clean)
}
