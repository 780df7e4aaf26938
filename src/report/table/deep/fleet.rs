//! What a fleet offers, in numbers.

use std::collections::{BTreeMap, BTreeSet};

use super::super::super::TableOptions;
use super::super::super::layout::{Cell, Column, Grid};
use super::super::super::phrases::{counted, number};
use super::super::super::style::Style;
use super::super::push_wrapped;
use super::words;
use crate::model::{Inspection, PostQuantum, ProbeName, Reaction, TlsFacts};
use crate::tls::{NamedGroup, ProtocolVersion, SuiteWeakness};

const COLUMNS: [Column; 2] = [Column::new("", 14, 14), Column::new("", 20, 200).weight(4)];

/// Counts over the endpoints inspected, and over those asked for post-quantum groups.
#[derive(Debug, Default)]
pub(super) struct Fleet {
    inspected: u64,
    connections: u64,
    offered: BTreeMap<ProtocolVersion, u64>,
    undetermined_versions: BTreeMap<ProtocolVersion, u64>,
    suites: BTreeMap<SuiteWeakness, u64>,
    weak: BTreeMap<ProbeName, u64>,
    undetermined: BTreeMap<ProbeName, u64>,
    /// Endpoints asked for post-quantum groups only.
    asked: u64,
    post_quantum: BTreeMap<NamedGroup, u64>,
}

impl Fleet {
    pub(super) fn add(&mut self, tls: &TlsFacts, inspection: Option<&Inspection>) {
        self.asked += u64::from(tls.post_quantum.is_some());
        if let Some(PostQuantum::Group(group)) = tls.post_quantum {
            *self.post_quantum.entry(group).or_default() += 1;
        }
        let Some(inspection) = inspection else { return };
        self.inspected += 1;
        self.connections += inspection.connection_count();
        for facts in &inspection.versions {
            let counts = match facts.offered {
                Some(true) => &mut self.offered,
                Some(false) => continue,
                None => &mut self.undetermined_versions,
            };
            *counts.entry(facts.version).or_default() += 1;
        }
        let suites = inspection.versions.iter().flat_map(|facts| {
            let kinds = facts.ssl2_ciphers.iter().filter_map(|kind| kind.weakness());
            facts.cipher_suites.iter().filter_map(|suite| suite.weakness()).chain(kinds)
        });
        for weakness in suites.collect::<BTreeSet<_>>() {
            *self.suites.entry(weakness).or_default() += 1;
        }
        for probe in &inspection.probes {
            let counts = match probe.reaction {
                Reaction::Weak => &mut self.weak,
                Reaction::NotDetermined(_) => &mut self.undetermined,
                Reaction::Sound | Reaction::NotApplicable => continue,
            };
            *counts.entry(probe.name).or_default() += 1;
        }
    }

    pub(super) fn inspected(&self) -> u64 {
        self.inspected
    }

    pub(super) fn render(&self, out: &mut String, options: &TableOptions) {
        let endpoints = counted(self.inspected, "endpoint", "endpoints");
        push_wrapped(out, &format!("Inspection of {endpoints}"), options.width);
        out.push('\n');
        let mut grid = Grid::new(&COLUMNS);
        let mut field = |name: &str, value: String, style: Style| {
            if !value.is_empty() {
                grid.push([Cell::styled(name, Style::Dim), Cell::styled(&value, style)]);
            }
        };
        let offered = self.offered.iter().rev();
        let offered = offered.map(|(version, count)| format!("{version} {}", self.share(*count)));
        field("offered", offered.collect::<Vec<_>>().join(", "), Style::Plain);
        field("in doubt", counts(&self.undetermined_versions, ToString::to_string), Style::Low);
        let suites = counts(&self.suites, |weakness| weakness.name().to_owned());
        field(
            "weak suites",
            or_none_seen(suites),
            if self.suites.is_empty() { Style::Good } else { Style::Medium },
        );
        let weak = counts(&self.weak, |name| words::probe(*name).to_owned());
        let style = if self.weak.is_empty() { Style::Good } else { Style::Critical };
        field("weaknesses", or_none_seen(weak), style);
        let doubts = counts(&self.undetermined, |name| words::probe(*name).to_owned());
        field("in doubt", doubts, Style::Low);
        field("post-quantum", self.post_quantum().unwrap_or_default(), Style::Plain);
        let each = self.connections.div_ceil(self.inspected.max(1));
        let each = format!("{}, {} for each endpoint", number(self.connections), number(each));
        field("connections", each, Style::Plain);
        grid.render(out, options.width, options.colour);
    }

    /// `3,100 of 5,000 endpoints take a post-quantum group (62 %): X25519MLKEM768 3,100.`
    pub(super) fn post_quantum(&self) -> Option<String> {
        let taken: u64 = self.post_quantum.values().sum();
        let groups = counts(&self.post_quantum, ToString::to_string);
        let groups = if groups.is_empty() { String::new() } else { format!(": {groups}") };
        let percent = percent(taken, self.asked)?;
        let endpoints = counted(self.asked, "endpoint", "endpoints");
        Some(format!(
            "{} of {endpoints} asked take a post-quantum group ({percent} %){groups}.",
            number(taken)
        ))
    }

    fn share(&self, count: u64) -> String {
        match percent(count, self.inspected) {
            Some(percent) => format!("{} ({percent} %)", number(count)),
            None => number(count),
        }
    }
}

/// Whole per cent, never rounded up to all or down to none.
fn percent(count: u64, all: u64) -> Option<u64> {
    let percent = count.saturating_mul(100).checked_div(all)?;
    Some(if percent == 0 && count > 0 { 1 } else { percent })
}

/// `RC4 3, 64-bit blocks 12`, the worst first.
fn counts<K: Ord>(counts: &BTreeMap<K, u64>, name: impl Fn(&K) -> String) -> String {
    let words = counts.iter().map(|(key, count)| format!("{} {}", name(key), number(*count)));
    words.collect::<Vec<_>>().join(", ")
}

fn or_none_seen(words: String) -> String {
    if words.is_empty() { "none seen".to_owned() } else { words }
}
