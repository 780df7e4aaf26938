//! Findings of profiles, listed.

use std::io::Write;

use super::AppError;
use super::parts::Parts;
use super::report::{ListForm, write_list};
use crate::model::{Finding, FindingState, Severity};
use crate::report::findings_table;
use crate::store::{Flow, Store};
use crate::text::escape_for_terminal;
use crate::wire::v1::{FindingRow, FindingsDocument};

/// Which findings to list.
#[derive(Debug, Clone, Default)]
pub struct FindingsQuery {
    /// `None`: of every profile.
    pub profile: Option<String>,
    pub min_severity: Option<Severity>,
    pub with_resolved: bool,
}

/// Lists findings, the worst first.
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
    let mut found: Vec<Finding> = Vec::new();
    for profile in profiles(&store, query)? {
        store.findings(&profile, |stored| {
            let finding = stored.finding;
            let is_wanted = query.min_severity.is_none_or(|least| finding.severity >= least)
                && (query.with_resolved || finding.state != FindingState::Resolved);
            if is_wanted {
                found.push(finding);
            }
            Flow::Continue(())
        })?;
    }
    found.sort_by(|a, b| (b.severity, a.first_seen, &a.key).cmp(&(a.severity, b.first_seen, &b.key)));
    let rows: Vec<FindingRow<'_>> = found.iter().map(|finding| FindingRow::of(finding, None)).collect();
    let now = parts.clock.now();
    let next = if rows.is_empty() {
        "certvigil scan --profile NAME|FILE opens findings; a scan without a profile only shows them"
    } else {
        "certvigil report shows the evidence and what to do"
    };
    let document = FindingsDocument::new(now, rows.len() as u64, rows);
    write_list(form, now, &document, |options| findings_table(&document, options, next), out)
}

fn profiles(store: &Store, query: &FindingsQuery) -> Result<Vec<String>, AppError> {
    let mut profiles: Vec<String> =
        store.scans()?.into_iter().filter_map(|stored| stored.scan.profile).collect();
    profiles.sort_unstable();
    profiles.dedup();
    if let Some(wanted) = &query.profile {
        if !profiles.contains(wanted) {
            let known = if profiles.is_empty() { "none".to_owned() } else { profiles.join(", ") };
            return Err(AppError::UnknownProfile { name: escape_for_terminal(wanted), known });
        }
        profiles.retain(|profile| profile == wanted);
    }
    Ok(profiles)
}
