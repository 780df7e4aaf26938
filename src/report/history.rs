//! The table of `inventory history`.

use super::TableOptions;
use super::inventory::when;
use super::layout::{Cell, Column};
use super::listing::Listing;
use super::phrases::{counted, date, number};
use super::style::Style;
use crate::wire::v1::{HistoryDocument, HistoryEntry, OutcomeDocument};

const COLUMNS: [Column; 5] = [
    Column::new("FROM", 10, 22),
    Column::new("UNTIL", 10, 22),
    Column::new("CERTIFICATE", 20, 60).weight(2),
    Column::new("EXPIRES", 10, 10),
    Column::new("TLS", 7, 7).optional(),
];

/// The states of one endpoint.
pub fn history_table(document: &HistoryDocument<'_>, options: &TableOptions, next_command: &str) -> String {
    let endpoint = &document.endpoint;
    let address =
        endpoint.address.map(|address| address.to_string()).filter(|_| endpoint.server_name.is_some());
    let heading = match address {
        Some(address) => format!("{} at {address}", endpoint.label),
        None => endpoint.label.to_string(),
    };
    let mut listing = Listing::new(&COLUMNS).heading(heading);
    for entry in &document.entries {
        listing.row(row(entry, options));
    }
    let listed = u64::try_from(document.entries.len()).unwrap_or(u64::MAX);
    let states = counted(document.total, "state", "states");
    listing.sentence(if listed < document.total {
        format!("{} of {states} on record.", number(listed))
    } else {
        format!("{states} on record.")
    });
    listing.render(options, next_command)
}

fn row(entry: &HistoryEntry<'_>, options: &TableOptions) -> [Cell; 5] {
    let what = match (&entry.outcome, &entry.certificate) {
        (OutcomeDocument::Failure { stage, reason, detail }, _) => {
            Cell::styled(&format!("no chain: {stage}.{reason}"), Style::Medium).and(detail, Style::Dim)
        }
        (_, Some(certificate)) => Cell::new(&certificate.label)
            .and(&certificate.issuer, Style::Dim)
            .and(&certificate.sha256.0.short(), Style::Dim),
        (_, None) => Cell::new("an empty chain"),
    };
    let end = entry.certificate.as_ref().and_then(|certificate| certificate.not_after);
    [
        when(entry.first_seen, options),
        when(entry.last_seen, options),
        what,
        Cell::new(&end.map(|end| date(end.0)).unwrap_or_default()),
        Cell::new(entry.version.as_deref().unwrap_or_default()),
    ]
}
