//! Arguments of `certvigil inventory factor`.

use std::path::PathBuf;

use clap::Args;

use super::ListFormat;

#[derive(Debug, Args)]
pub(crate) struct InventoryFactorArgs {
    /// Go on where an earlier run was ended
    #[arg(long)]
    pub(crate) resume: bool,
    /// Keep the work in this directory while it lasts [default: beside the store]
    #[arg(long, value_name = "DIR")]
    pub(crate) work: Option<PathBuf>,
    /// Form of the output
    #[arg(short, long, value_enum, default_value = "table", value_name = "FORMAT")]
    pub(crate) format: ListFormat,
}
