//! The table of `report --from --to`: accounts that add up, time to close, what is still open.

use super::TableOptions;
use super::layout::{Cell, Column};
use super::listing::Listing;
use super::phrases::{counted, date, duration, number};
use super::style::Style;
use crate::model::Severity;
use crate::wire::v1::{BalanceDocument, MaintainedDocument};

/// Lines of findings.
const MOST: usize = 20;

const BALANCE_COLUMNS: [Column; 5] = [
    Column::new("", 14, 30),
    Column::new("AT FIRST", 8, 14).right(),
    Column::new("CAME", 6, 14).right(),
    Column::new("WENT", 6, 14).right(),
    Column::new("AT LAST", 8, 14).right(),
];

const CLOSE_COLUMNS: [Column; 6] = [
    Column::new("SEVERITY", 8, 10),
    Column::new("CLOSED", 6, 12).right(),
    Column::new("HALF WITHIN", 11, 14).right(),
    Column::new("LONGEST", 7, 14).right(),
    Column::new("OPEN", 5, 12).right(),
    Column::new("OLDEST", 7, 14).right(),
];

const OPEN_COLUMNS: [Column; 4] = [
    Column::new("OPEN", 8, 10),
    Column::new("SINCE", 10, 10),
    Column::new("FINDING", 20, 60).weight(2),
    Column::new("OWNER", 8, 24).optional(),
];

/// The table of how an inventory was kept.
pub fn maintained_table(
    document: &MaintainedDocument<'_>,
    options: &TableOptions,
    next_command: &str,
) -> String {
    let mut balance = Listing::new(&BALANCE_COLUMNS).heading(format!(
        "{} to {}",
        date(document.from.0),
        date(document.to.0)
    ));
    for (name, one) in [
        ("endpoints", document.endpoints),
        ("certificates", document.certificates),
        ("findings", document.findings),
    ] {
        balance.row(balance_row(name, one));
    }
    let mut out = balance.render(options, "");
    out.push('\n');
    let mut closing = Listing::new(&CLOSE_COLUMNS);
    let shown = |seconds: Option<i64>| Cell::new(&seconds.map(duration).unwrap_or_default());
    for one in &document.time_to_close {
        let style = Severity::from_name(&one.severity).map(Style::of).unwrap_or_default();
        closing.row([
            Cell::styled(&one.severity, style),
            Cell::new(&number(one.closed)),
            shown(one.median_seconds),
            shown(one.longest_seconds),
            Cell::new(&number(one.open)),
            shown(one.oldest_open_seconds),
        ]);
    }
    out.push_str(&closing.render(options, ""));
    out.push('\n');
    let mut open = Listing::new(&OPEN_COLUMNS);
    for finding in document.findings_open.iter().take(MOST) {
        let style = Severity::from_name(&finding.severity).map(Style::of).unwrap_or_default();
        open.row([
            Cell::styled(&finding.severity, style),
            Cell::new(&date(finding.first_seen.0)),
            Cell::new(&finding.title).and(&finding.key, Style::Dim),
            Cell::new(finding.owner.as_deref().unwrap_or_default()),
        ]);
    }
    let scans = document.scans.complete + document.scans.incomplete;
    open.sentence(format!(
        "{}, {} incomplete; {} replaced; {} open at the end.",
        counted(scans, "scan", "scans"),
        number(document.scans.incomplete),
        counted(document.replaced, "certificate", "certificates"),
        counted(document.findings.at_to, "finding", "findings"),
    ));
    out.push_str(&open.render(options, next_command));
    out
}

fn balance_row(name: &str, balance: BalanceDocument) -> [Cell; 5] {
    [
        Cell::new(name),
        Cell::new(&number(balance.at_from)),
        Cell::new(&number(balance.came)),
        Cell::new(&number(balance.went)),
        Cell::new(&number(balance.at_to)),
    ]
}
