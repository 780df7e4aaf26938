//! The command line: commands, progress, exit codes. Prints what `report/` rendered; never stores or probes itself.

mod args;
mod commands;
mod manual;
mod output;
mod progress;
mod talk;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Cli, Command, ReportFormat};
use talk::Talk;

use crate::report::{CheckState, nagios_error};

/// How a command ended. The higher in this list wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The scan is incomplete: exit code 3.
    Incomplete,
    /// Findings at or above the limit: exit code 1.
    Findings,
    /// Nothing to complain of: exit code 0.
    Clean,
    /// A monitoring plugin's answer, with its own exit codes.
    Check(CheckState),
}

/// Runs the program on its own arguments: 0 clean, 1 findings, 3 incomplete, 2 usage, settings or internal error.
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(usage) => {
            // Help and version are no errors. A closed pipe while printing help is none either.
            let _ = usage.print();
            if usage.use_stderr() && asks_for_check() {
                return not_checked("wrong usage");
            }
            return if usage.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS };
        }
    };
    let talk = Talk::new(&cli.everywhere);
    let is_check = is_check(&cli.command);
    match dispatch(cli, talk) {
        Ok(Ending::Clean) => ExitCode::SUCCESS,
        Ok(Ending::Findings) => ExitCode::from(1),
        Ok(Ending::Incomplete) => ExitCode::from(3),
        Ok(Ending::Check(state)) => ExitCode::from(state.exit_code()),
        Err(error) if output::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            talk.error(&sentence(&error));
            if is_check { not_checked(&sentence(&error)) } else { ExitCode::from(2) }
        }
    }
}

/// The command answers a monitoring system.
fn is_check(command: &Command) -> bool {
    let format = match command {
        Command::Scan(args) => args.output.format,
        Command::Inspect(args) => args.output.format,
        Command::Report(args) => args.output.format,
        _ => return false,
    };
    format == ReportFormat::Nagios
}

/// As [`is_check`], where the arguments could not be read.
fn asks_for_check() -> bool {
    let arguments: Vec<_> = std::env::args_os().collect();
    let is = |argument: &std::ffi::OsString, words: &[&str]| words.iter().any(|word| argument == word);
    let apart = arguments.windows(2).any(|pair| match pair {
        [flag, value] => is(flag, &["-f", "--format"]) && is(value, &["nagios"]),
        _ => false,
    });
    apart || arguments.iter().any(|one| is(one, &["-fnagios", "-f=nagios", "--format=nagios"]))
}

/// A check that could not be made is unknown, and says so where the monitoring system reads.
fn not_checked(why: &str) -> ExitCode {
    let told = printed(|out| Ok(out.write_all(nagios_error(why).as_bytes())?));
    // Who cannot be told sees the exit code.
    let _ = told;
    ExitCode::from(CheckState::Unknown.exit_code())
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
        Command::Inspect(args) => commands::inspect::run(args, everywhere, talk),
        Command::Report(args) => commands::report::run(args, everywhere, talk),
        Command::Inventory(command) => commands::inventory::run(command, everywhere, talk),
        Command::Findings(command) => commands::findings::run(command, everywhere, talk),
        Command::Policy(command) => commands::policy::run(command, everywhere, talk),
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
