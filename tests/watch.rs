//! The watch as on-call lives with it: real hosts scanned day by day in a manual clock, a real mail server, and its
//! mailbox read. Never a false calm, never a flood.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by a panic"
)]

mod support;

#[path = "watch/baseline.rs"]
mod baseline;
#[path = "watch/clock.rs"]
mod clock;
#[path = "watch/crash.rs"]
mod crash;
#[path = "watch/cut_off.rs"]
mod cut_off;
#[path = "watch/hooks.rs"]
mod hooks;
#[path = "watch/hostile.rs"]
mod hostile;
#[path = "watch/missed.rs"]
mod missed;
#[path = "watch/moves.rs"]
mod moves;
#[path = "watch/news.rs"]
mod news;
#[path = "watch/silent.rs"]
mod silent;

/// Rules by their public ids.
const EXPIRED: &str = "x509.validity.expired";
const EXPIRING: &str = "x509.validity.expiring";
const NOT_MEASURED: &str = "scan.not_measured";
const UNREACHABLE: &str = "scan.unreachable";
const UNKNOWN_ISSUER: &str = "trust.path.unknown_issuer";

/// Everything to one address, and no weekly mail.
const QUIET: &str = "[watch]\nstill_watching = \"never\"\n\
    [[route]]\nname = \"default\"\ndefault = true\nmin_severity = \"low\"\nto = [\"on-call@company.test\"]\n";
