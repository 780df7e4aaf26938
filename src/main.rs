//! The `certvigil` program.
#![forbid(unsafe_code)]

fn main() {}
