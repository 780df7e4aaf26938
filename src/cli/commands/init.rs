//! `certvigil init`

use super::super::Ending;
use super::super::args::{Everywhere, InitArgs};
use super::super::talk::Talk;
use super::scan::visit;
use crate::app::init::{Init, InitRequest};
use crate::app::scan::{self, Finished};
use crate::config::{Settings, paths};

pub(crate) fn run(args: &InitArgs, everywhere: &Everywhere, talk: Talk) -> anyhow::Result<Ending> {
    let file = match &args.directory {
        Some(directory) => Some(directory.join(paths::SETTINGS_FILE)),
        None => super::config(everywhere),
    };
    let init = Init::new(InitRequest {
        targets: args.targets.clone(),
        ports: args.ports.clone(),
        to: args.to.clone(),
        profile: args.profile.clone(),
        file,
        store: everywhere.store.clone(),
    })?;
    let first = first_scan(&init, args, everywhere, talk)?;
    if first.as_ref().is_some_and(|first| !first.is_complete()) {
        talk.warn("the first scan was interrupted: nothing was written");
        return Ok(Ending::Incomplete);
    }
    let done = init.write(first.as_ref())?;
    for sentence in &done.written {
        talk.say(sentence);
    }
    talk.say("");
    talk.say("next:");
    for command in &done.next {
        talk.say(&format!("  {command}"));
    }
    Ok(Ending::Clean)
}

fn first_scan(
    init: &Init,
    args: &InitArgs,
    everywhere: &Everywhere,
    talk: Talk,
) -> anyhow::Result<Option<Finished>> {
    let Some(request) = init.scan() else { return Ok(None) };
    // Settings that are there already say where the record is.
    let settings = init.kept_settings().map(|file| Settings::load(Some(file))).transpose()?;
    let parts = super::parts_with(settings.unwrap_or_default(), everywhere)?;
    let prepared = scan::prepare(request, &parts)?;
    for note in prepared.notes() {
        talk.warn(note);
    }
    talk.say(&prepared.sentence());
    if prepared.wants_consent().is_some() && !args.yes {
        anyhow::bail!("that is more than 1,000,000 probes; say --yes if you mean it, or name fewer --ports");
    }
    let finished = super::runtime()?.block_on(visit(prepared, false, talk, None))?;
    for warning in finished.warnings() {
        talk.warn(warning);
    }
    Ok(Some(finished))
}
