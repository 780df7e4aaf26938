//! Arguments of `certvigil inventory` that stand alone.

use clap::Args;

use super::ListFormat;

#[derive(Debug, Args)]
pub(crate) struct InventoryReadinessArgs {
    /// The profile that says who owns what: built in or a file
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) profile: Option<String>,
    /// Trust store: mozilla, system or a PEM file; repeatable [default: the profile's, else both]
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) trust: Vec<String>,
    /// Form of the output
    #[arg(short, long, value_enum, default_value = "table", value_name = "FORMAT")]
    pub(crate) format: ListFormat,
}
