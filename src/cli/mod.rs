//! The command line: commands, progress, exit codes. Prints what `report/` rendered; never stores or probes itself.

mod args;
mod commands;
mod manual;
mod output;
mod progress;
mod talk;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Cli, Command};
use talk::Talk;

/// How a command ended. The higher in this list wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The scan is incomplete: exit code 3.
    Incomplete,
    /// Findings at or above the limit: exit code 1.
    Findings,
    /// Nothing to complain of: exit code 0.
    Clean,
}

/// Runs the program on its own arguments: 0 clean, 1 findings, 3 incomplete, 2 usage, settings or internal error.
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(usage) => {
            // Help and version are no errors. A closed pipe while printing help is none either.
            let _ = usage.print();
            return if usage.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS };
        }
    };
    let talk = Talk::new(&cli.everywhere);
    match dispatch(cli, talk) {
        Ok(Ending::Clean) => ExitCode::SUCCESS,
        Ok(Ending::Findings) => ExitCode::from(1),
        Ok(Ending::Incomplete) => ExitCode::from(3),
        Err(error) if output::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            talk.error(&sentence(&error));
            ExitCode::from(2)
        }
    }
}

/// The message, with those of its causes that it does not tell itself.
fn sentence(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |told, cause| match told.as_str() {
        "" => cause,
        told if told.contains(&cause) => told.to_owned(),
        told => format!("{told}: {cause}"),
    })
}

fn dispatch(cli: Cli, talk: Talk) -> anyhow::Result<Ending> {
    let everywhere = &cli.everywhere;
    match &cli.command {
        Command::Scan(args) => commands::scan::run(args, everywhere, talk),
        Command::Inspect(args) => commands::inspect::run(args, talk),
        Command::Report(args) => commands::report::run(args, everywhere, talk),
        Command::Inventory(command) => commands::inventory::run(command, everywhere, talk),
        Command::Findings(command) => commands::findings::run(command, everywhere, talk),
        Command::Notify(command) => commands::notify::run(command, everywhere, talk),
        Command::Init(args) => commands::init::run(args, everywhere, talk),
        Command::Demo(args) => commands::demo::run(args, talk),
        Command::Doctor(args) => commands::upkeep::doctor(args, everywhere, talk),
        Command::Backup(args) => commands::upkeep::backup(args, everywhere, talk),
        Command::Restore(args) => commands::upkeep::restore(args, everywhere, talk),
        Command::Extras(command) => commands::extras::run(command, everywhere, talk),
        Command::Completions(args) => printed(|out| manual::completions(args, out)),
        Command::Man(args) => printed(|out| manual::man(args, out)),
    }
}

/// Runs a command that only prints.
fn printed(print: impl FnOnce(&mut dyn std::io::Write) -> anyhow::Result<()>) -> anyhow::Result<Ending> {
    let mut out = output::Output::whole(None)?;
    print(&mut out)?;
    out.finish()?;
    Ok(Ending::Clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_said_once() {
        let cause = || std::io::Error::from(std::io::ErrorKind::NotFound);
        let error = anyhow::Error::new(cause()).context(format!("hosts.txt: {}", cause()));
        assert_eq!(sentence(&error), format!("hosts.txt: {}", cause()));
        let error = anyhow::Error::new(cause()).context("hosts.txt cannot be read");
        assert_eq!(sentence(&error), format!("hosts.txt cannot be read: {}", cause()));
    }
}
