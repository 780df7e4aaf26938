//! The essence of an inspection, for a list that shows other things too: versions, what is weak, marks.

use super::layout::{Cell, Column};
use super::listing::Listing;
use super::phrases::counted;
use super::style::Style;
use crate::model::Scope;
use crate::tls::{CipherSuite, Ssl2Cipher, SuiteWeakness};
use crate::wire::v1::{InspectionDocument, TlsDocument, VersionDocument};

const COLUMNS: [Column; 2] = [Column::new("", 12, 18), Column::new("", 24, 200).weight(2)];

/// A few lines about the inspection of the endpoint `label`, if it was inspected.
pub(super) fn essence(label: &str, tls: &TlsDocument<'_>) -> Option<Listing> {
    let (versions, inspection) = (tls.versions.as_ref()?, tls.inspection.as_ref()?);
    let asked_for_all = inspection.scope != Scope::Forbidden.name();
    let scope = if asked_for_all { "" } else { "; only what the policy forbids was asked for" };
    let mut listing = Listing::new(&COLUMNS).heading(format!("Inspection of {label}{scope}"));
    let mut field = |name: &str, value: String, style: Style| {
        if !value.is_empty() {
            listing.row([Cell::styled(name, Style::Dim), Cell::styled(&value, style)]);
        }
    };
    let offered = versions.iter().rev().filter(|(_, facts)| facts.offered == Some(true));
    let words = offered.clone().map(|(version, facts)| {
        let suites = counted(u64::try_from(facts.cipher_suites.len()).unwrap_or(u64::MAX), "suite", "suites");
        match (facts.suites_complete && asked_for_all, facts.cipher_suites.is_empty()) {
            (true, _) => format!("{version} ({suites})"),
            (false, false) => format!("{version} ({suites} or more)"),
            (false, true) => version.to_string(),
        }
    });
    field("versions", words.collect::<Vec<_>>().join(", "), Style::Plain);
    let is_complete = offered.clone().all(|(_, facts)| facts.suites_complete);
    match (weak_suites(offered.map(|(_, facts)| facts)), is_complete) {
        (weak, _) if !weak.is_empty() => field("weak suites", weak, Style::Medium),
        (_, true) if asked_for_all => field("weak suites", "none".to_owned(), Style::Good),
        (_, true) => field("weak suites", "none of those that the policy forbids".to_owned(), Style::Good),
        (_, false) => field("weak suites", "none seen, but not every suite is known".to_owned(), Style::Low),
    }
    match reacted(inspection, "weak") {
        weak if !weak.is_empty() => field("weaknesses", weak, Style::Critical),
        _ if inspection.weaknesses.is_empty() => {}
        _ => field("weaknesses", "none seen".to_owned(), Style::Good),
    }
    field("in doubt", reacted(inspection, "not_determined"), Style::Low);
    if let Some(answer) = &tls.post_quantum {
        field(
            "post-quantum",
            answer.group.as_deref().unwrap_or("no group is taken").to_owned(),
            Style::Plain,
        );
    }
    field("JARM", inspection.fingerprints.jarm.as_deref().unwrap_or_default().to_owned(), Style::Plain);
    Some(listing)
}

fn weak_suites<'d>(versions: impl Iterator<Item = &'d VersionDocument<'d>>) -> String {
    let weakness = |name: &str| match CipherSuite::from_name(name) {
        Some(suite) => suite.weakness(),
        None => Ssl2Cipher::from_name(name).and_then(Ssl2Cipher::weakness),
    };
    let mut found: Vec<SuiteWeakness> =
        versions.flat_map(|facts| &facts.cipher_suites).filter_map(|name| weakness(name)).collect();
    found.sort_unstable();
    found.dedup();
    found.iter().map(|weakness| weakness.name()).collect::<Vec<_>>().join(", ")
}

fn reacted(inspection: &InspectionDocument<'_>, reaction: &str) -> String {
    let found = inspection.weaknesses.iter().filter(|(_, weakness)| weakness.reaction == reaction);
    found.map(|(name, _)| name.replace('_', " ")).collect::<Vec<_>>().join(", ")
}
