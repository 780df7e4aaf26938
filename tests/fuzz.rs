//! Bytes that nobody means well with, into everything that reads the network without IO: no panic, capped memory.
//!
//! A run is short and the same each time. `CERTVIGIL_FUZZ_RUNS=10000000 cargo test --release --test fuzz` runs each
//! target that often; `CERTVIGIL_FUZZ_SEED` takes other bytes.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by a panic")]

#[path = "fuzz/input.rs"]
mod input;
#[path = "fuzz/revocation.rs"]
mod revocation;
#[path = "fuzz/starttls.rs"]
mod starttls;
#[path = "fuzz/tls.rs"]
mod tls;
