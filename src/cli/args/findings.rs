//! The shape of `certvigil findings`.

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};

use super::{ListFormat, parse_severity};
use crate::app::findings::Until;
use crate::model::{Rule, Severity};

/// What makes no sense beside a silence's number.
const CONDITIONS: [&str; 7] = ["keys", "profile", "rule", "endpoint", "owner", "tag", "max_severity"];

#[derive(Debug, Subcommand)]
pub(crate) enum FindingsCommand {
    /// Findings, the worst first
    List(FindingsListArgs),
    /// Acknowledge findings that are open: no more mail until they get worse, end, or --until
    Ack(FindingsAckArgs),
    /// Silence what matches, now and to come, until a time
    Silence(FindingsSilenceArgs),
}

/// Which findings. Every condition given must hold.
#[derive(Debug, Args)]
pub(crate) struct FindingsMatch {
    /// Keys of findings, as the list shows them
    #[arg(value_name = "KEY")]
    pub(crate) keys: Vec<String>,
    /// Only of this profile
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Only of this rule, by its id: x509.validity.expiring
    #[arg(long, value_name = "ID", value_parser = parse_rule)]
    pub(crate) rule: Option<Rule>,
    /// Only at these endpoints: name:port or address:port, where * stands for any run of characters
    #[arg(long, value_name = "GLOB", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) endpoint: Option<String>,
    /// Only of this owner
    #[arg(long, value_name = "NAME")]
    pub(crate) owner: Option<String>,
    /// Only with this tag
    #[arg(long, value_name = "TAG")]
    pub(crate) tag: Option<String>,
    /// Only at most this bad: info, low, medium, high or critical
    #[arg(long, value_name = "SEVERITY", value_parser = parse_severity)]
    pub(crate) max_severity: Option<Severity>,
}

#[derive(Debug, Args)]
pub(crate) struct FindingsListArgs {
    #[command(flatten)]
    pub(crate) which: FindingsMatch,
    /// Only at least this bad: info, low, medium, high or critical
    #[arg(long, value_name = "SEVERITY", value_parser = parse_severity)]
    pub(crate) min_severity: Option<Severity>,
    /// Also those that are resolved
    #[arg(long)]
    pub(crate) all: bool,
    /// Form of the list
    #[arg(short, long, value_enum, default_value = "table", value_name = "FORMAT")]
    pub(crate) format: ListFormat,
}

#[derive(Debug, Args)]
pub(crate) struct FindingsAckArgs {
    #[command(flatten)]
    pub(crate) which: FindingsMatch,
    /// Why; shown wherever the finding is
    #[arg(long, value_name = "TEXT", required_unless_present = "undo", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) reason: Option<String>,
    /// Until when: RFC 3339, a date (its midnight UTC), or a duration such as 14d [default: until taken back]
    #[arg(long, value_name = "TIME|DUR")]
    pub(crate) until: Option<Until>,
    /// Take the acknowledgement back
    #[arg(long, conflicts_with_all = ["reason", "until"])]
    pub(crate) undo: bool,
    /// Form of the list
    #[arg(short, long, value_enum, default_value = "table", value_name = "FORMAT")]
    pub(crate) format: ListFormat,
}

#[derive(Debug, Args)]
pub(crate) struct FindingsSilenceArgs {
    #[command(flatten)]
    pub(crate) which: FindingsMatch,
    /// Why; shown wherever a finding is silenced
    #[arg(long, value_name = "TEXT", required_unless_present_any = ["undo", "list"], value_parser = NonEmptyStringValueParser::new())]
    pub(crate) reason: Option<String>,
    /// Until when: RFC 3339, a date (its midnight UTC), or a duration such as 14d
    #[arg(long, value_name = "TIME|DUR", required_unless_present_any = ["undo", "list"])]
    pub(crate) until: Option<Until>,
    /// Take the silence with this number back
    #[arg(long, value_name = "ID", conflicts_with_all = ["reason", "until", "list"], conflicts_with_all = CONDITIONS)]
    pub(crate) undo: Option<u64>,
    /// List the silences
    #[arg(long, conflicts_with_all = ["reason", "until"], conflicts_with_all = CONDITIONS)]
    pub(crate) list: bool,
    /// Form of the list
    #[arg(short, long, value_enum, default_value = "table", value_name = "FORMAT")]
    pub(crate) format: ListFormat,
}

fn parse_rule(text: &str) -> Result<Rule, String> {
    Rule::from_id(text).ok_or_else(|| "expected a rule's id such as x509.validity.expiring".to_owned())
}
