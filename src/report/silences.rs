//! The table of `findings silence --list`.

use super::TableOptions;
use super::inventory::when;
use super::layout::{Cell, Column};
use super::listing::Listing;
use super::phrases::counted;
use super::style::Style;
use crate::wire::v1::{SilenceRow, SilencesDocument};

const COLUMNS: [Column; 5] = [
    Column::new("ID", 3, 8),
    Column::new("SILENCES", 24, 72).weight(2),
    Column::new("UNTIL", 10, 22),
    Column::new("BY", 6, 20),
    Column::new("REASON", 12, 60),
];

/// The standing orders, each with its number: what `--undo` takes.
pub fn silences_table(document: &SilencesDocument<'_>, options: &TableOptions, next_command: &str) -> String {
    let mut listing = Listing::new(&COLUMNS);
    for silence in &document.silences {
        listing.row(row(silence, options));
    }
    let count = u64::try_from(document.silences.len()).unwrap_or(u64::MAX);
    listing.sentence(format!("{}.", counted(count, "silence", "silences")));
    listing.render(options, next_command)
}

fn row(silence: &SilenceRow<'_>, options: &TableOptions) -> [Cell; 5] {
    let conditions = [
        ("", &silence.key),
        ("profile ", &silence.profile),
        ("rule ", &silence.rule),
        ("endpoint ", &silence.endpoint),
        ("owner ", &silence.owner),
        ("tag ", &silence.tag),
        ("at most ", &silence.max_severity),
    ];
    let mut given = conditions
        .into_iter()
        .filter_map(|(name, value)| value.as_ref().map(|value| format!("{name}{}", value.as_ref())));
    let first = Cell::styled(&given.next().unwrap_or_default(), Style::Strong);
    let what = given.fold(first, |cell, condition| cell.and(&condition, Style::Plain));
    let until = match silence.until {
        Some(until) if silence.active => when(until, options),
        Some(until) => when(until, options).and("ended", Style::Dim),
        None => Cell::new("taken back"),
    };
    [Cell::new(&silence.id.to_string()), what, until, Cell::new(&silence.by), Cell::new(&silence.reason)]
}
