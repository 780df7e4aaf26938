//! `certvigil policy`: which policies there are, what they ask, and what would fail under one.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::ListFormat;

/// Policies that a report is judged under.
#[derive(Debug, Args)]
pub(crate) struct PolicyChoice {
    /// Policy to judge under, too: its name or a file; may be given several times
    #[arg(long = "policy", value_name = "NAME|FILE")]
    pub(crate) policies: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// The policies that are built in
    List(PolicyListArgs),
    /// The rules of a policy, those that it takes over included
    Show(PolicyShowArgs),
    /// One rule: what it asks, since when, by which source, what to do
    Explain(PolicyExplainArgs),
    /// Check a policy file, and say which of its exceptions have ended
    Check(PolicyCheckArgs),
    /// What would fail under a policy in what a scan found
    Simulate(PolicySimulateArgs),
}

#[derive(Debug, Args)]
pub(crate) struct PolicyListArgs {
    /// Form of the list
    #[arg(short, long, value_enum, default_value = "table", value_name = "FORMAT")]
    pub(crate) format: ListFormat,
}

#[derive(Debug, Args)]
pub(crate) struct PolicyShowArgs {
    /// A policy's name, or its file
    #[arg(value_name = "NAME|FILE")]
    pub(crate) policy: String,
    /// Form of the list
    #[arg(short, long, value_enum, default_value = "table", value_name = "FORMAT")]
    pub(crate) format: ListFormat,
}

#[derive(Debug, Args)]
pub(crate) struct PolicyExplainArgs {
    /// A rule's id, such as BSI-RSA-MIN, or a finding's, such as sig.sha1
    #[arg(value_name = "RULE")]
    pub(crate) rule: String,
    /// Look in this policy, too: its name or a file; may be given several times
    #[arg(long = "policy", value_name = "NAME|FILE")]
    pub(crate) policies: Vec<String>,
    /// Form of the output
    #[arg(short, long, value_enum, default_value = "table", value_name = "FORMAT")]
    pub(crate) format: ListFormat,
}

#[derive(Debug, Args)]
pub(crate) struct PolicyCheckArgs {
    /// The policy's file
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Form of the output
    #[arg(short, long, value_enum, default_value = "table", value_name = "FORMAT")]
    pub(crate) format: ListFormat,
}

#[derive(Debug, Args)]
pub(crate) struct PolicySimulateArgs {
    /// A policy's name, or its file
    #[arg(value_name = "NAME|FILE")]
    pub(crate) policy: String,
    /// Which scan: its id, or latest
    #[arg(long, default_value = "latest", value_name = "ID")]
    pub(crate) scan: String,
    /// Judge by this profile's owners and tags [default: as the scan was judged]
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) profile: Option<String>,
    /// Trust store to judge by: mozilla, system or a PEM file; may be given several times
    #[arg(long, value_name = "STORE")]
    pub(crate) trust: Vec<String>,
    /// At most this many endpoints
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub(crate) limit: usize,
    /// Form of the output
    #[arg(short, long, value_enum, default_value = "table", value_name = "FORMAT")]
    pub(crate) format: ListFormat,
}
