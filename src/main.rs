//! The `certvigil` program.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    certvigil::cli::run()
}
