//! How the endpoints fare under the policies that were asked for: one line for each policy, with the rules that are
//! broken. Memory is bounded by the policies' rules.

use std::sync::Arc;

use super::super::TableOptions;
use super::super::layout::{Cell, Column, Grid, clean};
use super::super::phrases::{counted, number};
use super::super::style::Style;
use crate::model::{PolicyOutcome, PolicyRule, PolicyVerdict, Severity};
use crate::wire::v1::EndpointView;

/// Rules of one policy that are shown; the JSON report has them all.
const MOST_RULES: usize = 8;

const COLUMNS: [Column; 5] = [
    Column::new("POLICY", 12, 28),
    Column::new("FAIL", 4, 9).right(),
    Column::new("PASS", 4, 9).right(),
    Column::new("UNKNOWN", 7, 9).right(),
    Column::new("BROKEN RULES", 30, 120).weight(3),
];

/// Counts by policy, in the order of the verdicts.
#[derive(Debug, Default)]
pub(super) struct Policies(Vec<Tally>);

#[derive(Debug)]
struct Tally {
    name: Arc<str>,
    pass: u64,
    fail: u64,
    not_determined: u64,
    broken: Vec<Broken>,
}

#[derive(Debug)]
struct Broken {
    rule: Arc<PolicyRule>,
    severity: Severity,
    endpoints: u64,
    reason: String,
}

impl Policies {
    pub(super) fn add(&mut self, view: &EndpointView<'_>) {
        for verdict in asked_for(view) {
            let place = self.0.iter().position(|tally| tally.name == verdict.policy.name);
            let place = place.unwrap_or_else(|| {
                self.0.push(Tally::new(verdict));
                self.0.len() - 1
            });
            if let Some(tally) = self.0.get_mut(place) {
                tally.add(verdict);
            }
        }
    }

    pub(super) fn render(&self, out: &mut String, options: &TableOptions) {
        if self.0.is_empty() {
            return;
        }
        let mut grid = Grid::new(&COLUMNS);
        self.0.iter().for_each(|tally| grid.push(tally.row()));
        grid.render(out, options.width, options.colour);
        out.push('\n');
    }
}

impl Tally {
    fn new(verdict: &PolicyVerdict) -> Self {
        let name = Arc::clone(&verdict.policy.name);
        Self { name, pass: 0, fail: 0, not_determined: 0, broken: Vec::new() }
    }

    fn add(&mut self, verdict: &PolicyVerdict) {
        match verdict.outcome {
            PolicyOutcome::Pass => self.pass += 1,
            PolicyOutcome::Fail => self.fail += 1,
            PolicyOutcome::NotDetermined => self.not_determined += 1,
        }
        for result in verdict.failed() {
            match self.broken.iter_mut().find(|broken| broken.rule.id == result.rule.id) {
                Some(broken) => broken.endpoints += 1,
                None => self.broken.push(Broken {
                    rule: Arc::clone(&result.rule),
                    severity: result.severity,
                    endpoints: 1,
                    reason: clean(result.reason.as_deref().unwrap_or_default()),
                }),
            }
        }
    }

    fn row(&self) -> [Cell; 5] {
        let mut worst: Vec<&Broken> = self.broken.iter().collect();
        worst.sort_by_key(|broken| std::cmp::Reverse((broken.severity, broken.endpoints)));
        let line = |broken: &&Broken| match broken.endpoints {
            1 => format!("{}: {}", broken.rule.id, broken.reason),
            more => {
                format!("{} ({} endpoints), for example: {}", broken.rule.id, number(more), broken.reason)
            }
        };
        let mut lines = worst.iter().take(MOST_RULES).map(line);
        let first = Cell::new(&lines.next().unwrap_or_default());
        let mut cell = lines.fold(first, |cell, line| cell.and(&line, Style::Plain));
        if worst.len() > MOST_RULES {
            let rest = u64::try_from(worst.len() - MOST_RULES).unwrap_or(u64::MAX);
            cell = cell.and(&counted(rest, "more rule", "more rules"), Style::Dim);
        }
        let fail = match self.fail {
            0 => Cell::new("0"),
            count => Cell::styled(&number(count), Style::Strong),
        };
        [
            Cell::styled(&clean(&self.name), Style::Strong),
            fail,
            Cell::new(&number(self.pass)),
            Cell::new(&number(self.not_determined)),
            cell,
        ]
    }
}

/// `fails cnsa-2.0, nist-131a`: the policies that were asked for and that the endpoint fails.
pub(super) fn failing(view: &EndpointView<'_>) -> String {
    let failing: Vec<&str> = asked_for(view)
        .filter(|verdict| verdict.outcome == PolicyOutcome::Fail)
        .map(|verdict| &*verdict.policy.name)
        .collect();
    if failing.is_empty() { String::new() } else { clean(&format!("fails {}", failing.join(", "))) }
}

/// Verdicts but that of the policy that is always judged.
fn asked_for<'a>(view: &EndpointView<'a>) -> impl Iterator<Item = &'a PolicyVerdict> + use<'a> {
    view.assessment.policies.iter().filter(|verdict| &*verdict.policy.name != "certvigil-default")
}
