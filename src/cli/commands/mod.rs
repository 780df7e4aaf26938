//! One file per command: arguments in, a use case called, an ending out.

pub(crate) mod demo;
pub(crate) mod extras;
pub(crate) mod findings;
pub(crate) mod init;
pub(crate) mod inspect;
pub(crate) mod inventory;
pub(crate) mod notify;
pub(crate) mod policy;
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

/// Settings, store and names for a command: flags over the environment over the settings file over the defaults.
fn parts(everywhere: &Everywhere) -> anyhow::Result<Parts> {
    parts_with(Settings::load(config(everywhere).as_deref())?, everywhere)
}

/// The settings file that was named, by the flag or the environment.
fn config(everywhere: &Everywhere) -> Option<PathBuf> {
    everywhere.config.clone().or_else(|| variable("CERTVIGIL_CONFIG"))
}

/// As [`parts`], with settings from elsewhere.
fn parts_with(settings: Settings, everywhere: &Everywhere) -> anyhow::Result<Parts> {
    let store = match (&everywhere.store, variable("CERTVIGIL_STORE")) {
        _ if everywhere.no_store => StoreChoice::Temporary,
        (Some(path), _) => StoreChoice::At(path.clone()),
        (None, Some(path)) => StoreChoice::Environment(path),
        (None, None) => StoreChoice::Default,
    };
    Ok(Parts::new(settings, store)?.with_named_settings(everywhere.config.clone()))
}

/// A path from the environment; an empty one names nothing.
fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// The runtime of commands that use the network.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

/// Where a report goes: JSONL line by line as it becomes known, everything else whole.
fn open_output(format: ReportFormat, path: Option<&Path>) -> anyhow::Result<Output> {
    match format {
        ReportFormat::Jsonl => Output::lines(path),
        ReportFormat::Table
        | ReportFormat::Json
        | ReportFormat::Csv
        | ReportFormat::Html
        | ReportFormat::Cbom
        | ReportFormat::Sarif
        | ReportFormat::Junit
        | ReportFormat::Nagios
        | ReportFormat::Tlsx
        | ReportFormat::Testssl => Output::whole(path),
    }
}

/// The report's form for this terminal.
fn form(format: ReportFormat, path: Option<&Path>, talk: Talk) -> Form {
    match format {
        ReportFormat::Json => Form::Json,
        ReportFormat::Jsonl => Form::Jsonl,
        ReportFormat::Csv => Form::Csv,
        ReportFormat::Html => Form::Html,
        ReportFormat::Cbom => Form::Cbom,
        ReportFormat::Sarif => Form::Sarif,
        ReportFormat::Junit => Form::Junit,
        ReportFormat::Nagios => Form::Nagios,
        ReportFormat::Tlsx => Form::Tlsx,
        ReportFormat::Testssl => Form::Testssl,
        ReportFormat::Table => {
            let colour = path.is_none() && talk.colours_stdout();
            Form::Table { width: width(), colour, detailed: talk.is_verbose() }
        }
    }
}

/// Columns of the terminal; 120 where there is none.
fn width() -> usize {
    let columns = console::Term::stdout().size_checked().map(|(_, columns)| usize::from(columns));
    columns.unwrap_or(120)
}
