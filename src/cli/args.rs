//! The command line's shape. Text here is public: goldens in `fixtures/golden/help/` hold it.

mod evidence;
mod factor;
mod findings;
mod inventory;
mod policy;
mod report;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use evidence::EvidenceArgs;
pub(crate) use factor::InventoryFactorArgs;
pub(crate) use findings::{
    FindingsAckArgs, FindingsCommand, FindingsListArgs, FindingsMatch, FindingsSilenceArgs,
};
pub(crate) use inventory::InventoryReadinessArgs;

pub(crate) use policy::{PolicyChoice, PolicyCommand};
pub(crate) use report::{ReportArgs, ReportFormat, ReportOutput, ViewChoice};

use crate::config::duration::HumanDuration;
use crate::config::profile::{FailOn, Rate};
use crate::model::{Scope, StartTlsChoice, Transport};

/// Finds every TLS certificate in your networks and tells which are about to fail, and why.
#[derive(Debug, Parser)]
#[command(name = "certvigil", version, max_term_width = 100, disable_help_subcommand = true)]
#[command(subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = "Try it without a network of your own: certvigil demo\n\
    Exit codes: 0 nothing at or above --fail-on; 1 findings; 3 incomplete; 2 usage, settings or internal error.")]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) everywhere: Everywhere,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options that every command takes.
#[derive(Debug, Args)]
pub(crate) struct Everywhere {
    /// Settings file [default: $CERTVIGIL_CONFIG, then certvigil.toml in the platform's settings directory]
    #[arg(long, global = true, value_name = "FILE", help_heading = "Everywhere")]
    pub(crate) config: Option<PathBuf>,
    /// The store: the kept record [default: $CERTVIGIL_STORE, then in the platform's data directory]
    #[arg(long, global = true, value_name = "PATH", help_heading = "Everywhere")]
    pub(crate) store: Option<PathBuf>,
    /// Keep nothing: work in a temporary store
    #[arg(long, global = true, conflicts_with = "store", help_heading = "Everywhere")]
    pub(crate) no_store: bool,
    /// Say less: errors only
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Everywhere")]
    pub(crate) quiet: bool,
    /// Say more: retries, second tries, back-off, every cipher suite
    #[arg(short, long, global = true, help_heading = "Everywhere")]
    pub(crate) verbose: bool,
    /// When to colour
    #[arg(
        long,
        global = true,
        value_enum,
        default_value = "auto",
        value_name = "WHEN",
        help_heading = "Everywhere"
    )]
    pub(crate) color: ColorWhen,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorWhen {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Scan hosts, addresses and networks, and judge what they serve
    Scan(Box<ScanArgs>),
    /// Judge chains in files as if they were served
    Inspect(InspectArgs),
    /// Print the report of a scan that was kept
    Report(ReportArgs),
    /// What the record knows: certificates, endpoints, what changed
    #[command(subcommand, arg_required_else_help = true)]
    Inventory(InventoryCommand),
    /// Findings of a profile's scans
    #[command(subcommand, arg_required_else_help = true)]
    Findings(FindingsCommand),
    /// Policies: which there are, what they ask, what would fail under one
    #[command(subcommand, arg_required_else_help = true)]
    Policy(PolicyCommand),
    /// Mail and hooks: test, preview, what waits
    #[command(subcommand, arg_required_else_help = true)]
    Notify(NotifyCommand),
    /// Write a first settings file, and a profile from what a first scan finds
    Init(InitArgs),
    /// Start an estate of faulty servers on loopback, scan it, and show what a scan shows
    Demo(DemoArgs),
    /// Check the store's integrity
    Doctor(DoctorArgs),
    /// Copy the store, consistently, also while a scan writes
    Backup(BackupArgs),
    /// Put a checked backup in the store's place
    Restore(RestoreArgs),
    /// Things beside the program: units for systemd
    #[command(subcommand, arg_required_else_help = true)]
    Extras(ExtrasCommand),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
    /// Print the manual page of a command
    Man(ManArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ScanArgs {
    /// Host, host:port, URL, address, CIDR, range (a.b.c.d-e.f.g.h), @file, or - for standard input
    #[arg(value_name = "TARGET")]
    pub(crate) targets: Vec<String>,
    /// A scan profile: built in (quick, web, internal, mail, deep) or a file
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) profile: Option<String>,
    /// File of targets, one a line
    #[arg(long = "targets", value_name = "FILE")]
    pub(crate) target_files: Vec<PathBuf>,
    /// Ports for targets that name none, e.g. 443,8443,9000-9010 [default: 443]
    #[arg(long, value_name = "PORTS")]
    pub(crate) ports: Option<String>,
    /// Name to ask every bare address for, beside asking without one
    #[arg(long = "sni", value_name = "NAME")]
    pub(crate) server_names: Vec<String>,
    /// Leave this CIDR, range, address or host alone
    #[arg(long, value_name = "CIDR|HOST")]
    pub(crate) exclude: Vec<String>,
    /// File of exclusions, one a line
    #[arg(long = "exclude-file", value_name = "FILE")]
    pub(crate) exclude_files: Vec<PathBuf>,
    /// How far each visit goes [default: standard]
    #[arg(long, value_enum, value_name = "DEPTH")]
    pub(crate) depth: Option<DepthChoice>,
    /// What deep inspection asks for: everything, or forbidden, which is what the built-in policy forbids, in six
    /// connections for a server that complies [default: everything]
    #[arg(long, value_name = "everything|forbidden", value_parser = scope)]
    pub(crate) enumerate: Option<Scope>,
    /// Which protocol's upgrade to TLS comes first: auto (by port and greeting), none, or one for every target: smtp,
    /// lmtp, imap, pop3, sieve, ftp, ldap, xmpp, xmpp-server, postgres, mysql, mssql, rdp, nntp, irc, nats
    /// [default: auto]
    #[arg(long, value_name = "auto|none|PROTO")]
    pub(crate) starttls: Option<StartTlsChoice>,
    /// How to reach every target: tcp, quic (HTTP/3 and others), dtls; quic or dtls beside tcp need not be there
    /// [default: tcp]
    #[arg(long = "transport", value_name = "LIST", value_delimiter = ',')]
    pub(crate) transports: Vec<Transport>,
    /// Ask every server whether it takes a post-quantum group, with one more hello where the handshake does not show it
    #[arg(long)]
    pub(crate) post_quantum: bool,
    /// Connections in flight [default: 1000]
    #[arg(long, value_name = "N")]
    pub(crate) concurrency: Option<std::num::NonZeroUsize>,
    /// New connections a second, or max to lift every rate [default: 500]
    #[arg(long, value_name = "N|max")]
    pub(crate) rate: Option<Rate>,
    /// Time to open a connection; an endpoint may take three times as long in all, at deep depth 24 times [default: 5s]
    #[arg(long, value_name = "DUR")]
    pub(crate) timeout: Option<HumanDuration>,
    /// Trust store to judge by: mozilla, system or a PEM file; may be given several times
    #[arg(long, value_name = "STORE")]
    pub(crate) trust: Vec<String>,
    #[command(flatten)]
    pub(crate) judged_under: PolicyChoice,
    /// DNS server to ask instead of the system's
    #[arg(long, value_name = "IP:PORT")]
    pub(crate) resolver: Option<std::net::SocketAddr>,
    #[command(flatten)]
    pub(crate) evidence: EvidenceArgs,
    /// Go on with the interrupted scan of the same targets
    #[arg(long)]
    pub(crate) resume: bool,
    /// Say the plan and stop
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Scan more than 1,000,000 probes without asking
    #[arg(long)]
    pub(crate) yes: bool,
    /// List dead addresses of ranges one by one
    #[arg(long)]
    pub(crate) list_dead: bool,
    #[command(flatten)]
    pub(crate) output: ReportOutput,
    /// Exit with 1 for a finding at least this bad, or none [default: high]
    #[arg(long, value_name = "SEVERITY|none")]
    pub(crate) fail_on: Option<FailOn>,
    /// Exit with 1 for a finding at least this bad that the profile did not have before; without --fail-on, only then
    #[arg(long, value_name = "SEVERITY", requires = "profile")]
    pub(crate) fail_on_new: Option<FailOn>,
    /// How long to wait for alerts to be sent; a hook that has begun is let finish [default: 2m]
    #[arg(long, value_name = "DUR")]
    pub(crate) alert_wait: Option<HumanDuration>,
    /// No progress on the terminal
    #[arg(long)]
    pub(crate) no_progress: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DepthChoice {
    /// The served chain at the least cost
    Sweep,
    /// Complete the handshake, prove possession, capture every chain
    Standard,
    /// Also enumerate versions, suites, groups and their orders, and probe for weaknesses; 2 minutes an endpoint
    Deep,
}

#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// PEM bundle, DER or PKCS#12 file
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Trust store to judge by: mozilla, system or a PEM file; may be given several times
    #[arg(long, value_name = "STORE")]
    pub(crate) trust: Vec<String>,
    #[command(flatten)]
    pub(crate) judged_under: PolicyChoice,
    /// Name the certificate must be valid for
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Judge as at this time: RFC 3339 or a date
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) at: Option<crate::time::UnixTime>,
    /// File with the password of PKCS#12 files
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: ReportOutput,
    /// Exit with 1 for a finding at least this bad, or none [default: high]
    #[arg(long, value_name = "SEVERITY|none")]
    pub(crate) fail_on: Option<FailOn>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum InventoryCommand {
    /// Certificates, the soonest to expire first
    List(InventoryListArgs),
    /// One certificate or endpoint, whole
    Show(InventoryShowArgs),
    /// What an endpoint served over time
    History(InventoryHistoryArgs),
    /// What changed between two scans
    Diff(InventoryDiffArgs),
    /// Who is ready for shorter lifetimes, post-quantum cryptography and other dated changes
    Readiness(InventoryReadinessArgs),
    /// Compare all RSA moduli with each other: which keys share a prime, and can be computed
    Factor(InventoryFactorArgs),
}

#[derive(Debug, Args)]
pub(crate) struct InventoryListArgs {
    /// Only certificates that end within this time
    #[arg(long, value_name = "DUR")]
    pub(crate) expires_within: Option<HumanDuration>,
    /// Only certificates whose issuer contains this text
    #[arg(long, value_name = "TEXT")]
    pub(crate) issuer: Option<String>,
    /// Endpoints and what they served at a past time, instead of certificates: RFC 3339 or a date
    #[arg(long, value_name = "TIME", value_parser = parse_time, conflicts_with_all = ["expires_within", "issuer"])]
    pub(crate) at: Option<crate::time::UnixTime>,
    /// At most this many lines
    #[arg(long, default_value_t = 100, value_name = "N")]
    pub(crate) limit: usize,
    /// Form of the list
    #[arg(short, long, value_enum, default_value = "table", value_name = "FORMAT")]
    pub(crate) format: ListFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    Table,
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct InventoryShowArgs {
    /// SHA-256 of a certificate (eight digits or more), or the id of an endpoint
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// Form of the output
    #[arg(short, long, value_enum, default_value = "table", value_name = "FORMAT")]
    pub(crate) format: ListFormat,
}

#[derive(Debug, Args)]
pub(crate) struct InventoryHistoryArgs {
    /// name:port or address:port as reports show it, or the id of an endpoint
    #[arg(value_name = "ENDPOINT")]
    pub(crate) endpoint: String,
    /// Form of the output
    #[arg(short, long, value_enum, default_value = "table", value_name = "FORMAT")]
    pub(crate) format: ListFormat,
}

#[derive(Debug, Args)]
pub(crate) struct InventoryDiffArgs {
    /// The earlier scan [default: the one before, of the same profile]
    #[arg(long, value_name = "ID")]
    pub(crate) from: Option<String>,
    /// The later scan
    #[arg(long, default_value = "latest", value_name = "ID")]
    pub(crate) to: String,
    /// Form of the output
    #[arg(short, long, value_enum, default_value = "table", value_name = "FORMAT")]
    pub(crate) format: ListFormat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum NotifyCommand {
    /// Send one mail and say what the server answers
    Test(NotifyTestArgs),
    /// Print the mail as its reader would see it; sends nothing
    Preview(NotifyPreviewArgs),
    /// Alerts that wait to be delivered
    #[command(subcommand, arg_required_else_help = true)]
    Outbox(OutboxCommand),
}

#[derive(Debug, Args)]
pub(crate) struct NotifyTestArgs {
    /// To this address [default: each address of the default route]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) to: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct NotifyPreviewArgs {
    /// A digest of what is open in this profile [default: what waits, else what is open in all]
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Only the mail to this address
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) to: Option<String>,
    /// The HTML part alone, for a browser
    #[arg(long)]
    pub(crate) html: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum OutboxCommand {
    /// What waits, since when and why, the worst first
    List(OutboxListArgs),
    /// Try all mail now, due or not; run due hooks, and look whether they helped
    Flush(OutboxFlushArgs),
    /// Take out what waits for one address or hook, undelivered
    Drop(OutboxDropArgs),
}

#[derive(Debug, Args)]
pub(crate) struct OutboxListArgs {
    /// Form of the list
    #[arg(short, long, value_enum, default_value = "table", value_name = "FORMAT")]
    pub(crate) format: ListFormat,
}

#[derive(Debug, Args)]
pub(crate) struct OutboxFlushArgs {
    /// Only what is due, for a timer; while a scan is running it leaves everything to that scan
    #[arg(long)]
    pub(crate) due: bool,
    /// Begin nothing after this time; a hook that runs is let finish [default: 2m]
    #[arg(long, value_name = "DUR")]
    pub(crate) wait: Option<HumanDuration>,
}

#[derive(Debug, Args)]
pub(crate) struct OutboxDropArgs {
    /// The address or the hook's name, as the list shows it
    #[arg(value_name = "ADDRESS|HOOK")]
    pub(crate) who: String,
    /// Why; kept in the audit log
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
}

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// What to scan first and watch from then on, as for scan; without one, only the settings file is written
    #[arg(value_name = "TARGET")]
    pub(crate) targets: Vec<String>,
    /// Address that gets the mail
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) to: Option<String>,
    /// Where the files go [default: the settings file's folder]
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    pub(crate) directory: Option<PathBuf>,
    /// Name of the profile
    #[arg(long, default_value = "main", value_name = "NAME")]
    pub(crate) profile: String,
    /// Ports to try at targets that name none [default: those of the built-in profile internal]
    #[arg(long, value_name = "PORTS")]
    pub(crate) ports: Option<String>,
    /// Scan more than 1,000,000 probes without asking
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ExtrasCommand {
    /// Print the systemd units that scan by a profile and send what waits
    Timer(TimerArgs),
}

#[derive(Debug, Args)]
pub(crate) struct TimerArgs {
    /// The profile: how often it is run is its key `every`
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) profile: String,
    /// For the user's own service manager instead of the system's
    #[arg(long)]
    pub(crate) user: bool,
    /// The program that the units run [default: this one]
    #[arg(long, value_name = "PATH")]
    pub(crate) binary: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Where the JSON report goes [default: certvigil-demo.json in the temporary directory]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Leave the estate running until Ctrl-C, for trying other commands on it
    #[arg(long)]
    pub(crate) keep: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Also rebuild what is derived from the record
    #[arg(long)]
    pub(crate) rebuild: bool,
    /// Form of the output
    #[arg(short, long, value_enum, default_value = "table", value_name = "FORMAT")]
    pub(crate) format: ListFormat,
}

#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    /// Where the copy goes; must not exist
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// The backup
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Replace a store that is there; it is kept beside the new one as .before-restore
    #[arg(long)]
    pub(crate) replace: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// A command, e.g. scan; without one, the program's own page
    #[arg(value_name = "COMMAND")]
    pub(crate) command: Vec<String>,
}

fn parse_time(text: &str) -> Result<crate::time::UnixTime, String> {
    crate::time::UnixTime::parse(text)
        .ok_or_else(|| "expected a time such as 2026-11-24T09:00:00Z or 2026-11-24".to_owned())
}

fn scope(text: &str) -> Result<Scope, String> {
    Scope::from_name(text).ok_or_else(|| "expected everything or forbidden".to_owned())
}

fn parse_severity(text: &str) -> Result<crate::model::Severity, String> {
    crate::model::Severity::from_name(text)
        .ok_or_else(|| "expected info, low, medium, high or critical".to_owned())
}
