//! `key.reused`: one key stands in several certificates that are in use (NIST SP 800-57 part 1 r5 section 5.2: one
//! key, one use). Whoever steals it once has them all, and a renewal that keeps the key renews nothing.
//!
//! The same certificate on many endpoints is not reuse. Keyed by the key: one finding for all its certificates.

use super::Draft;
use crate::assess::view::ChainView;
use crate::assess::words;
use crate::model::{Rule, Severity, Verdict};

/// Other certificates that are named.
const LISTED: usize = 10;

pub(super) fn judge(view: &ChainView<'_>) -> Option<Verdict> {
    let certificate = view.end_entity()?;
    let spki = certificate.spki_sha256?;
    let mut others = view.context.inventory.certificates_with_key(&spki);
    others.retain(|sha256| *sha256 != certificate.sha256);
    others.sort_unstable();
    others.dedup();
    if others.is_empty() {
        return None;
    }
    let count = others.len() + 1;
    let (listed, more) = others.split_at(others.len().min(LISTED));
    let names: Vec<_> = listed.iter().map(|sha256| sha256.short()).collect();
    let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
    let endpoints = view.context.inventory.endpoints_with_key(&spki);
    let served = endpoints.map(|count| format!(" They are served by {count} endpoints.")).unwrap_or_default();
    let draft = Draft::new(Rule::KeyReused, Severity::Medium, "One key stands in several certificates")
        .detail(format!(
            "The key of {} stands in {count} certificates in use: also in {}{more}.{served}",
            words::certificate(certificate),
            names.join(", ")
        ))
        .about(certificate)
        .group(format!("spki:{spki}"))
        .fact("spki_sha256", spki.to_string())
        .fact("certificates", i64::try_from(count).unwrap_or(i64::MAX))
        .facts("others", listed.iter().map(|sha256| sha256.to_string()).collect())
        .remedy("Make a new key for each certificate, at each renewal.")
        .sources(&["NIST SP 800-57 part 1 r5 section 5.2"]);
    match endpoints.and_then(|count| i64::try_from(count).ok()) {
        Some(count) => draft.fact("endpoints", count),
        None => draft,
    }
    .on_chain(view)
}
