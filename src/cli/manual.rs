//! Manual pages and completion scripts, from the command line's own definition.

use std::io::Write;

use clap::CommandFactory as _;

use super::args::{Cli, CompletionsArgs, ManArgs};

/// Writes the completion script for a shell.
pub(crate) fn completions(args: &CompletionsArgs, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "certvigil", &mut script);
    Ok(out.write_all(&script)?)
}

/// Writes the manual page of a command in roff.
pub(crate) fn man(args: &ManArgs, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut program = Cli::command();
    program.build();
    let mut command = program;
    for word in &args.command {
        let Some(found) = command.find_subcommand(word) else {
            anyhow::bail!(
                "`{}` is not a command; see certvigil --help",
                crate::text::escape_for_terminal(word)
            );
        };
        command = found.clone();
    }
    let name = command.get_display_name().unwrap_or("certvigil").to_owned();
    let mut page = Vec::new();
    clap_mangen::Man::new(command.display_name(name)).render(&mut page)?;
    Ok(out.write_all(&page)?)
}
