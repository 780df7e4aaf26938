//! The table of `findings list`.

use super::TableOptions;
use super::inventory::{when, worst};
use super::layout::{Cell, Column};
use super::listing::Listing;
use super::phrases::{counted, date, number};
use super::style::Style;
use crate::wire::v1::{FindingRow, FindingsDocument};

const COLUMNS: [Column; 6] = [
    Column::new("SEVERITY", 8, 8),
    Column::new("STATE", 8, 16),
    Column::new("FINDING", 30, 96).weight(2),
    Column::new("SINCE", 10, 22),
    Column::new("OWNER", 6, 20).optional(),
    Column::new("PROFILE", 8, 24).optional(),
];

/// Findings of the profiles, each with its key: what `ack` and `silence` take.
pub fn findings_table(document: &FindingsDocument<'_>, options: &TableOptions, next_command: &str) -> String {
    let mut listing = Listing::new(&COLUMNS);
    for finding in &document.findings {
        listing.row(row(finding, options));
    }
    let listed = u64::try_from(document.findings.len()).unwrap_or(u64::MAX);
    let findings = counted(document.total, "finding", "findings");
    listing.sentence(if listed < document.total {
        format!("{} of {findings}.", number(listed))
    } else {
        format!("{findings}.")
    });
    listing.render(options, next_command)
}

fn row(finding: &FindingRow<'_>, options: &TableOptions) -> [Cell; 6] {
    let mut state = Cell::new(&finding.state);
    if let Some(exception) = &finding.exception {
        let until = exception.until.map(|until| format!("until {}", date(until.0))).unwrap_or_default();
        state = state.and(&until, Style::Dim).and(&format!("by {}", exception.by), Style::Dim);
    }
    let reason = finding.exception.as_ref().map(|exception| exception.reason.as_ref()).unwrap_or_default();
    [
        worst(Some(&finding.severity)),
        state,
        Cell::styled(&finding.title, Style::Strong)
            .and(&finding.detail, Style::Plain)
            .and(reason, Style::Plain)
            .and(&finding.key, Style::Dim),
        when(finding.first_seen, options),
        Cell::new(finding.owner.as_ref().map(AsRef::as_ref).unwrap_or_default()),
        Cell::new(&finding.profile),
    ]
}
