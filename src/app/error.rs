//! What makes a use case fail; each message is one line that names the place and the remedy.

use std::path::PathBuf;

use crate::config::ConfigError;
use crate::discover::DiscoverError;
use crate::dns::DnsError;
use crate::notify::smtp::MailError;
use crate::probe::ProbeError;
use crate::store::StoreError;
use crate::text::escape_for_terminal;
use crate::trust::TrustError;

/// A use case that cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    #[error("no targets: name hosts, addresses or networks, give --targets FILE, or put them in the profile")]
    NoTargets,
    #[error("`{name}` is not a host name: {why}")]
    BadName { name: String, why: String },
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Discover(#[from] DiscoverError),
    #[error(transparent)]
    Dns(#[from] DnsError),
    #[error(transparent)]
    Probe(#[from] ProbeError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("[mail] in the settings: {0}")]
    Mail(#[from] MailError),
    #[error(
        "{0}: add [mail] with a default route, or a [[hook]], to the settings; `certvigil init` writes them with every key explained"
    )]
    NobodyToTell(&'static str),
    #[error(transparent)]
    Trust(#[from] TrustError),
    #[error("{}: {message}", path.display())]
    File { path: PathBuf, message: String },
    #[error("--no-store keeps nothing: there is nothing to show")]
    NothingKept,
    #[error("no scan of profile `{name}` is in the record; profiles with scans: {known}")]
    UnknownProfile { name: String, known: String },
    #[error("the record is empty; `certvigil scan TARGET…` fills it")]
    EmptyRecord,
    #[error("{0}")]
    Usage(String),
    #[error("the demonstration's servers did not start: {0}")]
    Estate(#[from] crate::estate::EstateError),
    #[error(transparent)]
    Write(#[from] std::io::Error),
    #[error("internal error: {0}; please report it with the command that showed it")]
    Internal(String),
}

impl AppError {
    pub(super) fn bad_name(name: &str, why: &str) -> Self {
        Self::BadName { name: escape_for_terminal(name), why: why.to_owned() }
    }
}
