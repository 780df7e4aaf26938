//! Scans of in-process hosts by the built program: every endpoint once, counts that add up, and nothing lost by a kill.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by a panic")]
#![allow(clippy::cast_possible_truncation, reason = "labels are short")]

mod support;

#[path = "scan/counts.rs"]
mod counts;
#[path = "scan/interrupted.rs"]
mod interrupted;
#[path = "scan/memory.rs"]
mod memory;
#[path = "scan/starttls.rs"]
mod starttls;
#[path = "scan/store.rs"]
mod store;
#[path = "scan/targets.rs"]
mod targets;

use serde_json::Value;

/// The endpoints of a report, or the certificates.
fn list<'a>(report: &'a Value, key: &str) -> &'a Vec<Value> {
    report[key].as_array().unwrap()
}

/// Checks a whole report: as the schema says, counts that add up, each endpoint once.
fn check(report: &Value) {
    let schema = support::schema::schema();
    assert_eq!(support::schema::fault(&schema, &schema, report, "report"), None);
    let endpoints = list(report, "endpoints");
    let counts = &report["scan"]["counts"];
    let count = |key: &str| counts[key].as_u64().unwrap();
    assert_eq!(count("handshake") + count("failure"), count("endpoints"), "{counts}");
    assert_eq!(endpoints.len() as u64 + count("unlisted"), count("endpoints"), "{counts}");
    let reasons: u64 = counts["failures"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
    assert_eq!(reasons, count("failure"), "{counts}");
    assert_eq!(list(report, "certificates").len() as u64, count("certificates"), "{counts}");
    let handshakes = endpoints.iter().filter(|one| one["outcome"]["status"] == "handshake").count();
    assert_eq!(handshakes as u64, count("handshake"), "{counts}");
    let mut ids: Vec<&str> = endpoints.iter().map(|one| one["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), endpoints.len(), "an endpoint is listed twice");
}

/// The endpoint at this address.
fn at(report: &Value, address: impl std::fmt::Display) -> &Value {
    let address = address.to_string();
    let mut found = list(report, "endpoints").iter().filter(|one| one["address"] == address.as_str());
    let first = found.next().unwrap_or_else(|| panic!("{address} is not in the report"));
    assert!(found.next().is_none(), "{address} is there twice");
    first
}
