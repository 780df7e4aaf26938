//! Arguments of `report`, and the form that reports of every command have.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{PolicyChoice, parse_time};
use crate::time::UnixTime;

#[derive(Debug, Args)]
pub(crate) struct ReportOutput {
    /// Form of the report
    #[arg(short, long, value_enum, default_value = "table", value_name = "FORMAT")]
    pub(crate) format: ReportFormat,
    /// Write the report to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// For the terminal: what is wrong, worst first
    Table,
    /// certvigil.report/v1, everything
    Json,
    /// The same, one record a line, each written as it becomes known
    Jsonl,
    /// For spreadsheets: one row for each chain of each endpoint
    Csv,
    /// One page for people, without scripts or requests
    Html,
    /// CycloneDX 1.6: certificates, keys, algorithms and protocols
    Cbom,
    /// SARIF 2.1.0, for code scanning platforms
    Sarif,
    /// JUnit XML, for CI
    Junit,
    /// One line and the exit code of a monitoring plugin: 0 OK, 1 warning, 2 critical, 3 unknown
    Nagios,
    /// JSON lines in the shape of tlsx
    Tlsx,
    /// JSON in the flat shape of testssl.sh
    Testssl,
}

/// A register that a regulation asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ViewChoice {
    /// PCI DSS 4.0.1, 4.2.1.1 and 12.3.3
    Pci,
    /// DORA, Delegated Regulation (EU) 2024/1774, article 7(4)
    Dora,
}

#[derive(Debug, Args)]
#[command(after_help = "A key to sign with:  openssl genpkey -algorithm ed25519 -out key.pem\n\
    Its public half:     openssl pkey -in key.pem -pubout -out public.pem\n\
    To verify a report:  openssl pkeyutl -verify -pubin -inkey public.pem -rawin -in FILE -sigfile FILE.sig")]
pub(crate) struct ReportArgs {
    /// Which scan: its id, or latest
    #[arg(long, default_value = "latest", value_name = "ID")]
    pub(crate) scan: String,
    /// Judge as at this time, and report what was known then: RFC 3339 or a date; made again, the report is the same
    /// [default: the scan's end]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) at: Option<UnixTime>,
    /// How the inventory was kept since this time, up to --to: what came and went, findings opened and closed; table,
    /// json or html
    #[arg(long, value_name = "TIME", value_parser = parse_time, requires = "to", conflicts_with_all = ["scan", "at", "trust", "view"])]
    pub(crate) from: Option<UnixTime>,
    /// The end of that time
    #[arg(long, value_name = "TIME", value_parser = parse_time, requires = "from")]
    pub(crate) to: Option<UnixTime>,
    /// As the register that a regulation asks for, as html or csv; purpose, reviewer and reviewed are keys of an owner
    /// in the profile
    #[arg(long, value_enum, value_name = "REGULATION")]
    pub(crate) view: Option<ViewChoice>,
    /// Judge by this profile's owners, tags, severities and trust stores [default: as the scan was judged]
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) profile: Option<String>,
    /// Trust store to judge by: mozilla, system or a PEM file; may be given several times
    #[arg(long, value_name = "STORE")]
    pub(crate) trust: Vec<String>,
    #[command(flatten)]
    pub(crate) judged_under: PolicyChoice,
    #[command(flatten)]
    pub(crate) output: ReportOutput,
    /// Sign the file with this Ed25519 key (PEM, PKCS#8); the signature goes beside it, as FILE.sig
    #[arg(long, value_name = "KEYFILE", requires = "output")]
    pub(crate) sign: Option<PathBuf>,
}
