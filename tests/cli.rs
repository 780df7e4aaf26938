//! The command line as a person or a script meets it: the built program, its words, its exit codes.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by a panic")]
#![allow(clippy::cast_possible_truncation, reason = "labels are short")]

mod support;

#[path = "cli/help.rs"]
mod help;
#[path = "cli/init.rs"]
mod init;
#[path = "cli/inspect.rs"]
mod inspect;
#[path = "cli/output.rs"]
mod output;
#[path = "cli/timer.rs"]
mod timer;
#[path = "cli/usage.rs"]
mod usage;
