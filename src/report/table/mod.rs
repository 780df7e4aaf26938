//! The terminal's answer to a scan: what is wrong, worst first and with its reason; who gave no chain and why; what
//! is fine; a summary that adds up; one next command.
//!
//! Endpoints are added one by one; memory is bounded by the lines shown, not by the endpoints seen.

mod deep;
mod groups;
mod policies;
mod summary;
mod tally;

use deep::Deep;
use groups::{Group, Groups};
use policies::Policies;
use tally::Tally;

use super::TableOptions;
use super::layout::{Cell, Column, Grid, clean, wrap};
use super::phrases::{counted, date, from_now};
use super::style::Style;
use crate::model::{FindingState, Severity, Trust};
use crate::time::UnixTime;
use crate::wire::v1::{EndpointView, ScanView, StoreView};
use crate::x509::Chain;

/// Endpoints in all up to which those without a finding are listed too.
const FEW_ENDPOINTS: usize = 20;

const COLUMNS: [Column; 5] = [
    Column::new("SEVERITY", 8, 8),
    Column::new("ENDPOINT", 18, 44).weight(2),
    Column::new("FINDING", 30, 96).weight(3),
    Column::new("EXPIRES", 10, 10),
    Column::new("ISSUER", 14, 32).weight(2).optional(),
];

/// Collects endpoints for the table.
#[derive(Debug)]
pub struct TableBuilder {
    limit: usize,
    groups: Groups,
    tally: Tally,
    /// Endpoints without a finding worth a line, as long as they are few.
    healthy: Vec<Healthy>,
    deep: Deep,
    policies: Policies,
}

/// An endpoint that is fine, or whose faults somebody accepted.
#[derive(Debug)]
struct Healthy {
    accepted: bool,
    label: String,
    address: String,
    failing: String,
    reason: String,
    not_after: Option<UnixTime>,
    issuer: String,
}

impl TableBuilder {
    /// Lines of findings where nobody asks for another number.
    pub const DEFAULT_LIMIT: usize = 50;

    /// A table of at most `limit` lines of findings, one line for all that have a rule, a group and a title in common.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            groups: Groups::new(limit),
            tally: Tally::default(),
            healthy: Vec::new(),
            deep: Deep::default(),
            policies: Policies::default(),
        }
    }

    /// More of what deep inspection found: more endpoints, every suite. For an empty table.
    #[must_use]
    pub fn detailed(self, detailed: bool) -> Self {
        Self { deep: Deep::new(detailed), ..self }
    }

    /// Takes one listed endpoint into account.
    pub fn add(&mut self, view: &EndpointView<'_>) {
        self.tally.add(view);
        self.deep.add(view);
        self.policies.add(view);
        let mut worst = None;
        for finding in view.findings {
            if matches!(finding.state, FindingState::Open) {
                worst = worst.max(Some(finding.verdict.severity));
                self.groups.add(view, finding.verdict);
            }
        }
        if let Some(chain) = view.observation.outcome.presented()
            && worst < Some(Severity::Low)
        {
            self.tally.add_healthy(&view.observation.endpoint, end_of(chain));
            if self.healthy.len() < FEW_ENDPOINTS {
                self.healthy.push(Healthy::of(view, chain));
            }
        }
    }

    /// Lays the table out. `next_command` is the one command that ends it.
    pub fn render(
        &self,
        options: &TableOptions,
        scan: &ScanView<'_>,
        stores: &[StoreView<'_>],
        next_command: &str,
    ) -> String {
        let options = options.bounded();
        let mut out = String::new();
        let lists_healthy = self.tally.endpoints() <= FEW_ENDPOINTS as u64;
        self.render_findings(&mut out, &options, lists_healthy);
        self.tally.render_failures(&mut out, &options);
        self.deep.render(&mut out, &options);
        self.policies.render(&mut out, &options);
        let post_quantum = self.deep.post_quantum_sentence();
        let summary =
            summary::Summary { scan: scan.scan, stores, tally: &self.tally, lists_healthy, post_quantum };
        for sentence in summary.sentences(options.now) {
            push_wrapped(&mut out, &sentence, options.width);
        }
        push_next_command(&mut out, next_command, &options);
        out
    }

    fn render_findings(&self, out: &mut String, options: &TableOptions, lists_healthy: bool) {
        let mut grid = Grid::new(&COLUMNS);
        let groups = self.groups.worst_first();
        for group in groups.iter().take(self.limit) {
            grid.push(finding_row(group, options));
        }
        if lists_healthy {
            self.healthy.iter().for_each(|healthy| grid.push(healthy.row(options)));
        }
        if grid.len() > 0 {
            grid.render(out, options.width, options.colour);
            out.push('\n');
        }
        let shown: u64 = groups.iter().take(self.limit).map(|group| group.verdicts).sum();
        let hidden = self.tally.open_findings().saturating_sub(shown);
        if hidden > 0 {
            let sentence = format!(
                "{} not shown here; the JSON report has them all.",
                counted(hidden, "further finding is", "further findings, none worse, are")
            );
            push_wrapped(out, &sentence, options.width);
            out.push('\n');
        }
    }
}

impl Healthy {
    fn of(view: &EndpointView<'_>, chain: &Chain) -> Self {
        let endpoint = &view.observation.endpoint;
        let accepted = view.findings.iter().find(|finding| is_set_aside(finding.state));
        let leaf = chain.end_entity();
        Self {
            accepted: accepted.is_some(),
            label: clean(&endpoint.label()),
            address: groups::address_beside_name(endpoint),
            failing: policies::failing(view),
            reason: match accepted {
                Some(finding) => clean(&format!("{} ({})", finding.verdict.title, finding.state.name())),
                None => why_it_is_fine(view),
            },
            not_after: end_of(chain),
            issuer: clean(leaf.map(|leaf| leaf.issuer.label().raw()).unwrap_or_default()),
        }
    }

    fn row(&self, options: &TableOptions) -> [Cell; 5] {
        [
            if self.accepted {
                Cell::styled("accepted", Style::Dim)
            } else {
                Cell::styled("ok", Style::Good)
            },
            Cell::new(&self.label).and(&self.address, Style::Dim).and(&self.failing, Style::Plain),
            Cell::new(&self.reason),
            expiry_cell(self.not_after, options.now),
            Cell::new(&self.issuer),
        ]
    }
}

fn finding_row(group: &Group, options: &TableOptions) -> [Cell; 5] {
    let others = match (group.endpoints, &group.second) {
        (2, Some(second)) => format!("and {second}"),
        (0..=2, _) => String::new(),
        (more, _) => format!("and {}", counted(more - 1, "more endpoint", "more endpoints")),
    };
    [
        Cell::styled(group.severity.name(), Style::of(group.severity)),
        Cell::new(&group.label)
            .and(&group.beside, Style::Dim)
            .and(&group.failing, Style::Plain)
            .and(&others, Style::Dim),
        Cell::styled(&group.title, Style::Strong).and(&group.reason(), Style::Plain),
        expiry_cell(group.not_after, options.now),
        Cell::new(&group.issuer).and(if group.issuers_differ { "and others" } else { "" }, Style::Dim),
    ]
}

fn expiry_cell(not_after: Option<UnixTime>, now: UnixTime) -> Cell {
    match not_after {
        Some(end) => Cell::new(&date(end)).and(&from_now(end, now), Style::Dim),
        None => Cell::default(),
    }
}

fn end_of(chain: &Chain) -> Option<UnixTime> {
    chain.end_entity().and_then(|leaf| leaf.not_after)
}

/// Somebody acknowledged or silenced it.
fn is_set_aside(state: FindingState) -> bool {
    matches!(state, FindingState::Acknowledged | FindingState::Silenced)
}

fn why_it_is_fine(view: &EndpointView<'_>) -> String {
    let verdict = view.assessment.chains.first().filter(|chain| chain.offered_for.is_none());
    let trust = match verdict.map(|verdict| &verdict.trust) {
        Some(trust) => trust_words(trust),
        None => "trust not checked".to_owned(),
    };
    let name = match verdict.and_then(|verdict| verdict.name_match) {
        Some(true) => "the name matches",
        Some(false) => "the name does not match",
        None => "no name to match",
    };
    format!("{trust}; {name}")
}

/// Which stores trust, else why the first does not.
fn trust_words(trust: &Trust) -> String {
    let trusting: Vec<&str> = trust.stores.iter().filter(|s| s.reason.is_none()).map(|s| &*s.store).collect();
    match (trusting.is_empty(), trust.stores.iter().find_map(|store| store.reason)) {
        (false, _) => format!("trusted by {}", trusting.join(", ")),
        (true, Some(reason)) => format!("not trusted: {}", reason.name().replace('_', " ")),
        (true, None) => "trust not checked".to_owned(),
    }
}

/// Appends a sentence over as many lines as it takes.
pub(super) fn push_wrapped(out: &mut String, sentence: &str, width: usize) {
    for line in wrap(&clean(sentence), width, usize::MAX) {
        out.push_str(&line);
        out.push('\n');
    }
}

/// Ends a table: the one command to go on with, on a line of its own that is never broken.
pub(super) fn push_next_command(out: &mut String, command: &str, options: &TableOptions) {
    if !command.is_empty() {
        out.push('\n');
        out.push_str(&Style::Dim.paint("Next: ", options.colour));
        out.push_str(&Style::Strong.paint(&clean(command), options.colour));
        out.push('\n');
    }
}
