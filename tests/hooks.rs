//! Hooks as programs live them: what they are told, how they end, and the examples in `fixtures/hooks/` at work.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by a panic")]

mod support;

#[path = "hooks/alerts.rs"]
mod alerts;
#[path = "hooks/certbot.rs"]
mod certbot;
#[path = "hooks/ends.rs"]
mod ends;
#[path = "hooks/environment.rs"]
mod environment;
#[path = "hooks/examples.rs"]
mod examples;
#[path = "hooks/script.rs"]
mod script;
