//! Talk goes to standard error: plans, warnings, errors with a hint. Data never does.

use std::io::{IsTerminal as _, Write as _};

use super::args::{ColorWhen, Everywhere};
use crate::text::escape_for_terminal;

/// How much is said, and whether in colour.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Talk {
    quiet: bool,
    verbose: bool,
    colour: ColorWhen,
}

impl Talk {
    pub(crate) fn new(everywhere: &Everywhere) -> Self {
        Self { quiet: everywhere.quiet, verbose: everywhere.verbose, colour: everywhere.color }
    }

    /// A line for a person; not when quiet.
    pub(crate) fn say(self, line: &str) {
        if !self.quiet {
            write_line("", line);
        }
    }

    /// A line for a curious person.
    pub(crate) fn detail(self, line: &str) {
        if self.verbose {
            write_line("", line);
        }
    }

    /// A curious person reads this.
    pub(crate) fn is_verbose(self) -> bool {
        self.verbose
    }

    /// Something is off, but the work goes on.
    pub(crate) fn warn(self, line: &str) {
        if !self.quiet {
            write_line(&self.paint("warning: ", "33;1"), line);
        }
    }

    /// Why the program stops.
    pub(crate) fn error(self, line: &str) {
        write_line(&self.paint("error: ", "31;1"), line);
    }

    /// Whether data on standard output may be coloured. `NO_COLOR` and `TERM=dumb` say no.
    pub(crate) fn colours_stdout(self) -> bool {
        self.allows_colour(std::io::stdout().is_terminal())
    }

    /// Whether progress may be drawn.
    pub(crate) fn draws_progress(self) -> bool {
        !self.quiet && std::io::stderr().is_terminal()
    }

    fn allows_colour(self, is_terminal: bool) -> bool {
        match self.colour {
            ColorWhen::Always => true,
            ColorWhen::Never => false,
            ColorWhen::Auto => {
                let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
                is_terminal && !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
            }
        }
    }

    /// Paints text for standard error.
    fn paint(self, text: &str, code: &str) -> String {
        if self.allows_colour(std::io::stderr().is_terminal()) {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

/// Writes one line. It may name files and hosts that somebody else named: whatever a terminal would act on is escaped.
fn write_line(start: &str, line: &str) {
    // Standard error may be closed; there is nowhere left to say so.
    let _ = writeln!(std::io::stderr().lock(), "{start}{}", escape_for_terminal(line));
}
