//! Findings of profiles: listed, acknowledged, silenced.

mod acknowledge;
mod select;
mod silence;

use std::io::Write;

pub use acknowledge::{Acknowledgement, acknowledge, take_back};
pub use select::{Selection, Until};
pub use silence::{NewSilence, silence, silences, unsilence};

use super::AppError;
use super::parts::Parts;
use super::report::{ListForm, write_list};
use crate::lifecycle::decide;
use crate::model::{Finding, FindingState, Severity, Silence};
use crate::report::findings_table;
use crate::store::{Flow, Store, StoredFinding, StoredScan};
use crate::text::escape_for_terminal;
use crate::time::UnixTime;
use crate::wire::v1::{FindingRow, FindingsDocument};

/// Which findings to list.
#[derive(Debug, Clone, Default)]
pub struct FindingsQuery {
    pub selection: Selection,
    pub min_severity: Option<Severity>,
    pub with_resolved: bool,
}

/// Lists findings, the worst first, under the decisions that hold now.
///
/// # Errors
/// There is no record, it cannot be read, or the list not written.
pub fn list(
    parts: &Parts,
    query: &FindingsQuery,
    form: ListForm,
    out: &mut dyn Write,
) -> Result<(), AppError> {
    let store = parts.read_store()?;
    let now = parts.clock.now();
    let mut found = Vec::new();
    current(&store, query.selection.profile(), &store.silences()?, now, |_, current| {
        let finding = current.finding;
        let is_wanted = query.selection.fits(&finding)
            && query.min_severity.is_none_or(|least| finding.severity >= least)
            && (query.with_resolved || finding.state != FindingState::Resolved);
        if is_wanted {
            found.push(finding);
        }
    })?;
    let next = if found.is_empty() { "certvigil scan --profile NAME|FILE" } else { "certvigil report" };
    write(found, form, now, &parts.next_command(next), out)
}

/// Writes findings, the worst first.
fn write(
    mut found: Vec<Finding>,
    form: ListForm,
    now: UnixTime,
    next: &str,
    out: &mut dyn Write,
) -> Result<(), AppError> {
    found.sort_by(|a, b| (b.severity, a.first_seen, &a.key).cmp(&(a.severity, b.first_seen, &b.key)));
    let rows: Vec<FindingRow<'_>> = found.iter().map(FindingRow::of).collect();
    let document = FindingsDocument::new(now, rows.len() as u64, rows);
    write_list(form, now, &document, |options| findings_table(&document, options, next), out)
}

/// Walks the findings of one profile, or of all: as the record has each, and as it is under what is decided now.
fn current(
    store: &Store,
    profile: Option<&str>,
    silences: &[Silence],
    now: UnixTime,
    mut visit: impl FnMut(&StoredFinding, StoredFinding),
) -> Result<(), AppError> {
    for profile in profiles(store, profile)? {
        store.findings(&profile, |stored| {
            let mut current = stored.clone();
            decide(&mut current.finding, silences, now);
            visit(&stored, current);
            Flow::Continue(())
        })?;
    }
    Ok(())
}

/// Every profile with a scan, in order.
pub(super) fn profiles_scanned(scans: &[StoredScan]) -> Vec<String> {
    let mut profiles: Vec<String> = scans.iter().filter_map(|stored| stored.scan.profile.clone()).collect();
    profiles.sort_unstable();
    profiles.dedup();
    profiles
}

/// The profile that is wanted, else every one with a scan.
///
/// # Errors
/// None has that name, or the record cannot be read.
pub(super) fn profiles(store: &Store, wanted: Option<&str>) -> Result<Vec<String>, AppError> {
    let mut profiles = profiles_scanned(&store.scans()?);
    if let Some(wanted) = wanted {
        if !profiles.iter().any(|profile| profile == wanted) {
            let known = if profiles.is_empty() { "none".to_owned() } else { profiles.join(", ") };
            return Err(AppError::UnknownProfile { name: escape_for_terminal(wanted), known });
        }
        profiles.retain(|profile| profile == wanted);
    }
    Ok(profiles)
}
