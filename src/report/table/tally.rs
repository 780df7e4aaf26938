//! What the table counts: outcomes, severities, reasons of failures with a few examples.

use std::collections::BTreeMap;

use super::super::TableOptions;
use super::super::layout::{Cell, Column, Grid, clean};
use super::super::phrases::{failure_words, number};
use super::super::style::Style;
use super::is_set_aside;
use crate::model::{Endpoint, FindingState, Outcome, Reason, Severity, Stage};
use crate::time::UnixTime;
use crate::wire::v1::EndpointView;

/// Endpoints named for each way to fail.
const EXAMPLES: usize = 3;

const FAILURE_COLUMNS: [Column; 4] = [
    Column::new("NO CHAIN", 8, 12),
    Column::new("COUNT", 5, 12).right(),
    Column::new("ENDPOINT", 18, 44),
    Column::new("WHY", 24, 96).weight(2),
];

/// Counts over the endpoints listed.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) handshake: u64,
    pub(super) read: u64,
    failures: BTreeMap<(Stage, Reason), Failures>,
    severities: BTreeMap<Severity, u64>,
    /// Findings that somebody acknowledged or silenced.
    pub(super) set_aside: u64,
    pub(super) healthy: u64,
    /// The healthy endpoint that expires first.
    pub(super) next_expiry: Option<(UnixTime, String)>,
}

#[derive(Debug, Default)]
struct Failures {
    count: u64,
    examples: Vec<String>,
    /// The first one's words.
    detail: String,
}

impl Tally {
    pub(super) fn add(&mut self, view: &EndpointView<'_>) {
        match &view.observation.outcome {
            Outcome::Handshake(_) => self.handshake += 1,
            Outcome::Read(_) => self.read += 1,
            Outcome::Failure(failure) => {
                let failures = self.failures.entry((failure.stage, failure.reason)).or_default();
                failures.count += 1;
                if failures.examples.len() < EXAMPLES {
                    failures.examples.push(clean(&view.observation.endpoint.label()));
                }
                if failures.detail.is_empty() {
                    failures.detail = clean(failure.detail.raw());
                }
            }
        }
        for finding in view.findings {
            match finding.state {
                FindingState::Open => *self.severities.entry(finding.verdict.severity).or_default() += 1,
                state => self.set_aside += u64::from(is_set_aside(state)),
            }
        }
    }

    pub(super) fn add_healthy(&mut self, endpoint: &Endpoint, not_after: Option<UnixTime>) {
        self.healthy += 1;
        if let Some(end) = not_after
            && self.next_expiry.as_ref().is_none_or(|(earliest, _)| end < *earliest)
        {
            self.next_expiry = Some((end, clean(&endpoint.label())));
        }
    }

    /// Endpoints listed, files among them.
    pub(super) fn endpoints(&self) -> u64 {
        self.handshake + self.read + self.failed()
    }

    pub(super) fn failed(&self) -> u64 {
        self.failures.values().map(|failures| failures.count).sum()
    }

    pub(super) fn open_findings(&self) -> u64 {
        self.severities.values().sum()
    }

    /// `20 refused, 12 timed out`, most first.
    pub(super) fn failure_counts(&self) -> String {
        let words = self.most_first().into_iter();
        let words = words.map(|((stage, reason), failures)| {
            format!("{} {}", number(failures.count), failure_words(*stage, *reason))
        });
        words.collect::<Vec<_>>().join(", ")
    }

    /// `3 critical, 10 high`, worst first.
    pub(super) fn severity_counts(&self) -> String {
        let counts = self.severities.iter().rev();
        counts
            .map(|(severity, count)| format!("{} {}", number(*count), severity.name()))
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// Appends a table of the ways to fail, if there are any.
    pub(super) fn render_failures(&self, out: &mut String, options: &TableOptions) {
        if self.failures.is_empty() {
            return;
        }
        let mut grid = Grid::new(&FAILURE_COLUMNS);
        for ((stage, reason), failures) in self.most_first() {
            let named = u64::try_from(failures.examples.len()).unwrap_or(u64::MAX);
            let mut endpoints = Cell::default();
            for label in &failures.examples {
                endpoints = endpoints.and(label, Style::Plain);
            }
            if failures.count > named {
                endpoints =
                    endpoints.and(&format!("and {} more", number(failures.count - named)), Style::Dim);
            }
            let why = failures.why(*stage, *reason);
            grid.push([
                Cell::styled(stage.name(), Style::Dim),
                Cell::new(&number(failures.count)),
                endpoints,
                why,
            ]);
        }
        grid.render(out, options.width, options.colour);
        out.push('\n');
    }

    fn most_first(&self) -> Vec<(&(Stage, Reason), &Failures)> {
        let mut failures: Vec<_> = self.failures.iter().collect();
        failures.sort_by_key(|(code, failures)| (std::cmp::Reverse(failures.count), **code));
        failures
    }
}

impl Failures {
    /// The reason, and the peer's or the system's words where they say more.
    fn why(&self, stage: Stage, reason: Reason) -> Cell {
        let words = failure_words(stage, reason);
        if self.detail.to_lowercase().contains(&words.to_lowercase()) {
            return Cell::styled(&self.detail, Style::Strong);
        }
        let example = if self.count > 1 && !self.detail.is_empty() { "For example: " } else { "" };
        Cell::styled(&words, Style::Strong).and(&format!("{example}{}", self.detail), Style::Plain)
    }
}
