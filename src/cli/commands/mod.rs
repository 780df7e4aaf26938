//! One file per command: arguments in, a use case called, an ending out.

pub(crate) mod demo;
pub(crate) mod findings;
pub(crate) mod inspect;
pub(crate) mod inventory;
pub(crate) mod report;
pub(crate) mod scan;
pub(crate) mod upkeep;

use std::path::{Path, PathBuf};

use super::args::{Everywhere, ReportFormat};
use super::output::Output;
use super::talk::Talk;
use crate::app::parts::{Parts, StoreChoice};
use crate::app::report::Form;
use crate::config::Settings;

/// Settings, store and names for a command: flags over the settings file over the defaults.
fn parts(everywhere: &Everywhere) -> anyhow::Result<Parts> {
    let config = everywhere.config.clone().or_else(|| path_from("CERTVIGIL_CONFIG"));
    let settings = Settings::load(config.as_deref())?;
    // Not left to clap: the variable must give way to --no-store without a word.
    let store = match everywhere.no_store {
        true => StoreChoice::Temporary,
        false => match everywhere.store.clone().or_else(|| path_from("CERTVIGIL_STORE")) {
            Some(path) => StoreChoice::At(path),
            None => StoreChoice::Default,
        },
    };
    Ok(Parts::new(settings, store)?)
}

/// A path in an environment variable; an empty one is as good as none.
fn path_from(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// The runtime of commands that use the network.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

/// Where a report goes: JSONL line by line as it becomes known, everything else whole.
fn open_output(format: ReportFormat, path: Option<&Path>) -> anyhow::Result<Output> {
    match format {
        ReportFormat::Jsonl => Output::lines(path),
        ReportFormat::Table | ReportFormat::Json | ReportFormat::Csv => Output::whole(path),
    }
}

/// The report's form for this terminal.
fn form(format: ReportFormat, path: Option<&Path>, talk: Talk) -> Form {
    match format {
        ReportFormat::Json => Form::Json,
        ReportFormat::Jsonl => Form::Jsonl,
        ReportFormat::Csv => Form::Csv,
        ReportFormat::Table => {
            Form::Table { width: width(), colour: path.is_none() && talk.colours_stdout() }
        }
    }
}

/// Columns of the terminal; 120 where there is none.
fn width() -> usize {
    let columns = console::Term::stdout().size_checked().map(|(_, columns)| usize::from(columns));
    columns.unwrap_or(120).clamp(60, 240)
}
