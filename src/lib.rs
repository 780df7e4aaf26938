//! Certvigil: finds every TLS certificate in an organisation and keeps each one valid, trusted and strong.
//!
//! # The way of the data
//!
//! ```text
//! Target ─discover→ Endpoint ─probe→ Observation ─assess→ Assessment ─reconcile→ Finding
//!                                         │
//!                                     Certificate (SHA-256 of its DER)                            │
//!                                         outbox ←route─ Alert ←──────────────────────────────────┘
//!                                           └──→ mail, hook ──→ probe again (verify)
//! ```
//!
//! # The rooms
//!
//! Imports run downward only; `tests/architecture.rs` holds this table.
//!
//! | layer | room | holds |
//! |---|---|---|
//! | 0 vocabulary, pure | [`text`], [`time`] | untrusted text with a renderer per sink; unix time |
//! | | [`x509`] | DER and PEM to certificate, names, keys, extensions |
//! | | [`tls`] | registries and the wire codec: ClientHello out, server flight in |
//! | | [`model`] | the nouns, one file each |
//! | 1 judgement, pure | [`assess`] | certification path, name matching, lints: the verdicts on one observation |
//! | | [`lifecycle`] | the life of findings: who is told of them, when, and when again |
//! | | [`wire`] | versioned serde documents and their conversion from the model |
//! | | [`report`] | documents to bytes: table, JSON, JSONL, CSV; alerts to mail |
//! | 2 shells, async | [`clock`], [`dns`] | doors that every shell may use: the clock, the resolver |
//! | | [`exec`] | a door, too: child programs, without a shell, with a deadline and capped output |
//! | | [`fetch`] | a door, too: guarded HTTP for what certificates point at |
//! | | [`config`] | files, environment and flags to typed settings; scan profiles |
//! | | [`discover`] | targets to a stream of endpoints, in pseudo-random order |
//! | | [`probe`] | pace, connect, handshake: endpoint to observation |
//! | | [`trust`] | loads trust anchors with name, date and hash |
//! | | [`estate`] | servers with known faults on loopback, for the demonstration and the tests |
//! | | [`store`] | the record: redb tables, transactions, migrations |
//! | | [`notify`] | deliver an alert: mail, hook programs |
//! | 3 use cases | [`app`] | one file per verb; the only place where shells meet |
//! | 4 faces | [`cli`] | commands, progress, exit codes |
#![forbid(unsafe_code)]

pub mod app;
pub mod assess;
pub mod cli;
pub mod clock;
pub mod config;
pub mod discover;
pub mod dns;
pub mod estate;
pub mod exec;
pub mod fetch;
pub mod lifecycle;
pub mod model;
pub mod notify;
pub mod probe;
pub mod report;
pub mod store;
pub mod text;
pub mod time;
pub mod tls;
pub mod trust;
pub mod wire;
pub mod x509;
