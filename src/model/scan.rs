//! One run over some targets, and its accounts.

use std::collections::BTreeMap;
use std::fmt;

use super::Transport;
use crate::time::UnixTime;
use crate::tls::StartTls;

/// Identity of a scan: sortable by start, e.g. `20261124T090000Z-3f9a2c`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ScanId(pub String);

impl fmt::Display for ScanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How far a visit goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Depth {
    /// The served chain at the least cost.
    Sweep,
    /// The handshake is completed, possession proved, every chain captured.
    Standard,
    /// Versions, suites, groups, orders, features and weaknesses are enumerated as well.
    Deep,
}

impl Depth {
    /// The command line's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sweep => "sweep",
            Self::Standard => "standard",
            Self::Deep => "deep",
        }
    }

    /// Reads the command line's name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Sweep, Self::Standard, Self::Deep].into_iter().find(|d| d.name() == name)
    }
}

/// Whether the scan did all it set out to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScanState {
    Running,
    Complete,
    Incomplete,
}

impl ScanState {
    /// The record's name; a running scan is `incomplete` in a report.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Complete => "complete",
            Self::Incomplete => "incomplete",
        }
    }
}

/// Which endpoints are upgraded to TLS by a command of their protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum StartTlsChoice {
    /// By port and by what the server says.
    #[default]
    Auto,
    /// None: TLS starts with the first byte.
    Never,
    /// Every one, by this protocol.
    Always(StartTls),
}

impl StartTlsChoice {
    /// The command line's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Never => "none",
            Self::Always(protocol) => protocol.name(),
        }
    }

    /// Reads the command line's name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "auto" => Some(Self::Auto),
            "none" => Some(Self::Never),
            _ => StartTls::from_name(name).map(Self::Always),
        }
    }

    /// Every name of the command line, for a sentence.
    pub fn expected() -> String {
        let protocols: Vec<&str> = StartTls::ALL.into_iter().map(StartTls::name).collect();
        format!("auto, none or one of {}", protocols.join(", "))
    }
}

impl std::str::FromStr for StartTlsChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::from_name(text).ok_or_else(|| format!("expected {}", Self::expected()))
    }
}

/// What was left out, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exclusion {
    pub what: String,
    pub reason: Option<String>,
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanParameters {
    pub targets: Vec<String>,
    pub ports: String,
    pub depth: Depth,
    pub starttls: StartTlsChoice,
    /// How endpoints are reached; never empty.
    pub transports: Vec<Transport>,
    /// New connections a second; `None` for no limit.
    pub rate: Option<u32>,
    pub resolver: Option<String>,
    /// SHA-256 of the profile's file, hexadecimal.
    pub profile_sha256: Option<String>,
    /// Where the profile can be read again: a name, or the path of a file.
    pub profile_source: Option<String>,
    /// Trust stores chosen, as names and paths; empty for the default set.
    pub trust: Vec<String>,
}

/// A scan as the record keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    pub id: ScanId,
    pub profile: Option<String>,
    pub started_at: UnixTime,
    pub finished_at: Option<UnixTime>,
    pub state: ScanState,
    /// Host that scanned.
    pub vantage: String,
    /// Who asked.
    pub actor: String,
    pub parameters: ScanParameters,
    pub exclusions: Vec<Exclusion>,
    pub counts: Counts,
}

/// Accounts that add up: `handshake + failure = endpoints`, `listed + unlisted = endpoints`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// Targets as the user wrote them.
    pub targets: u64,
    /// Endpoints attempted.
    pub endpoints: u64,
    pub handshake: u64,
    pub failure: u64,
    /// Chains read from files.
    pub read: u64,
    /// Dead addresses of a range, counted and not listed.
    pub unlisted: u64,
    /// Probes not made because of an exclusion.
    pub excluded: u64,
    /// Endpoints seen before, in reach of the targets, that gave no chain this time.
    pub known_not_reached: u64,
    /// Different certificates seen.
    pub certificates: u64,
    /// `stage.reason` to how many.
    pub failures: BTreeMap<String, u64>,
}
