//! What can be wrong with what a person asked to scan: each message names the place, the text and the remedy.

use std::fmt;
use std::sync::Arc;

use crate::text::Untrusted;

/// Where a piece of text was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Position among the targets or exclusions given directly, from 1.
    Argument(usize),
    /// A line of a file (or of standard input), from 1.
    Line { file: Arc<str>, number: u64 },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument(number) => write!(f, "argument {number}"),
            Self::Line { file, number } => write!(f, "{file}:{number}"),
        }
    }
}

/// Why targets could not be read or walked. Nothing was probed because of the text at fault.
#[derive(Debug, thiserror::Error)]
pub enum DiscoverError {
    /// Nothing to scan was named.
    #[error("no target: name a host, an address, a network such as 10.0.0.0/24, or a file as @FILE")]
    NoTarget,
    /// Text that is not in the grammar of targets.
    #[error("{origin}: `{}` is not a target: {why}", text.terminal())]
    Target { origin: Origin, text: Untrusted, why: String },
    /// A target that is reached by an upgrade of TCP, where no target is reached over TCP.
    #[error("{origin}: `{}` starts with {protocol} over TCP, which the transports leave out; add tcp to them, or name \
             the host alone", text.terminal())]
    NeedsTcp { origin: Origin, text: Untrusted, protocol: &'static str },
    /// Text that is not in the grammar of exclusions.
    #[error("{origin}: `{}` is not an exclusion: {why}", text.terminal())]
    Exclusion { origin: Origin, text: Untrusted, why: String },
    /// A malformed list of ports.
    #[error("ports `{}`: {why}", text.terminal())]
    Ports { text: Untrusted, why: String },
    /// A line that cannot be text.
    #[error("{origin}: {why}")]
    Line { origin: Origin, why: String },
    /// A file that cannot be opened or read.
    #[error("{file}: cannot be read: {source}")]
    File { file: Arc<str>, source: std::io::Error },
    /// More than [`super::MAX_RANGES`] networks and ranges.
    #[error("{origin}: more than {limit} {what}; merge neighbouring networks or split the scan")]
    TooMany { origin: Origin, what: &'static str, limit: usize },
    /// The product of addresses and ports does not fit 128 bits.
    #[error("the targets hold more addresses than any scan can visit; name smaller networks")]
    TooManyAddresses,
    /// A target file is not what it was when the scan was planned.
    #[error("{file} changed while it was being scanned; start the scan again")]
    Changed { file: Arc<str> },
    /// Standard input and pipes are read once.
    #[error("{file} was already read; it can be walked only once")]
    AlreadyRead { file: Arc<str> },
    /// Standard input and pipes cannot be read again from the start.
    #[error("a scan whose targets come from standard input or a pipe cannot be resumed; use a file")]
    NotResumable,
    /// A position of another plan.
    #[error("the position to resume from (block {block}, index {index}) is not in this scan's targets")]
    Position { block: u64, index: u128 },
    /// A shard number out of range.
    #[error("shard {index} of {of} does not exist; shards count from 0 to one less than their number")]
    Shard { index: u64, of: u64 },
}
