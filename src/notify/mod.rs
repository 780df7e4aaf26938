//! Deliver an alert: mail over SMTP, hook programs. Never decides who is told or when; never reads the store.

pub mod hook;
pub mod secret;
pub mod smtp;
