//! Reports in the forms that other programs read, judged by those programs: published schemas, real consumers, a browser.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by a panic")]
#![allow(clippy::cast_possible_truncation, reason = "labels are short")]

mod support;

#[path = "reports/browser.rs"]
mod browser;
#[path = "reports/kept.rs"]
mod kept;
#[path = "reports/schemas.rs"]
mod schemas;
