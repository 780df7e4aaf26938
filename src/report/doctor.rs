//! The table of `doctor`.

use super::TableOptions;
use super::layout::{Cell, Column};
use super::listing::Listing;
use super::phrases::counted;
use super::style::Style;
use crate::wire::v1::{CheckStatus, DoctorDocument};

const COLUMNS: [Column; 3] =
    [Column::new("STATUS", 11, 11), Column::new("CHECK", 10, 24), Column::new("RESULT", 30, 120).weight(2)];

/// Each check with its result, and what to do where it failed.
pub fn doctor_table(document: &DoctorDocument<'_>, options: &TableOptions, next_command: &str) -> String {
    let mut listing = Listing::new(&COLUMNS);
    for check in &document.checks {
        listing.row([
            Cell::styled(check.status.name(), style(check.status)),
            Cell::new(&check.name),
            Cell::new(&check.detail).and(check.remedy.as_deref().unwrap_or_default(), Style::Strong),
        ]);
    }
    let count = |status| document.checks.iter().filter(|check| check.status == status).count();
    let counted = |status, one, many| counted(u64::try_from(count(status)).unwrap_or(u64::MAX), one, many);
    listing.sentence(format!(
        "{}, {}, {}.",
        counted(CheckStatus::Ok, "check passed", "checks passed"),
        counted(CheckStatus::Warning, "warning", "warnings"),
        counted(CheckStatus::Failed, "failed", "failed"),
    ));
    listing.render(options, next_command)
}

fn style(status: CheckStatus) -> Style {
    match status {
        CheckStatus::Ok => Style::Good,
        CheckStatus::Warning => Style::Medium,
        CheckStatus::Failed => Style::Critical,
        CheckStatus::NotChecked => Style::Dim,
    }
}
