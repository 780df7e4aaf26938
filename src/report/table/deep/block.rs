//! One endpoint's inspection: versions with their suites in order, then everything else by name.

use std::cmp::Reverse;

use super::super::super::TableOptions;
use super::super::super::layout::{Cell, Column, Grid};
use super::super::super::style::Style;
use super::super::push_wrapped;
use super::{grade, words};
use crate::model::{Grade, Inspection, PostQuantum, Probe, Reaction, Scope, VersionFacts};
use crate::tls::{CipherSuite, StartTls, SuiteWeakness};

/// Suites of one version that are listed where nobody asks for more.
const MOST_SUITES: usize = 16;
/// Lines that one field may take.
const MOST_LINES: usize = 40;

const SUITE_COLUMNS: [Column; 4] = [
    Column::new("VERSION", 14, 14),
    Column::new("BITS", 4, 4).right(),
    Column::new("CIPHER SUITE", 30, 54).weight(2),
    Column::new("REMARK", 19, 40),
];
const FIELD_COLUMNS: [Column; 2] =
    [Column::new("", 13, 13), Column::new("", 20, 200).weight(4).lines(MOST_LINES)];

/// An endpoint and what was found there. The texts are safe for a terminal.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) label: String,
    pub(super) address: String,
    pub(super) starttls: Option<StartTls>,
    pub(super) post_quantum: Option<PostQuantum>,
    pub(super) grade: Option<Box<Grade>>,
    pub(super) inspection: Box<Inspection>,
}

impl Block {
    /// The inspection, or which of the `earlier` ones it is like.
    pub(super) fn render(&self, out: &mut String, options: &TableOptions, detailed: bool, earlier: &[Self]) {
        let mut beside = vec![self.address.clone()];
        beside.extend(self.starttls.map(|protocol| format!("STARTTLS {}", protocol.name())));
        beside.retain(|words| !words.is_empty());
        let beside = if beside.is_empty() { String::new() } else { format!(" ({})", beside.join(", ")) };
        let scope = match self.inspection.scope {
            Scope::Everything => "",
            Scope::Forbidden => "; only what the policy forbids was asked for",
        };
        let letter = self.grade.as_deref().map(grade::beside).unwrap_or_default();
        let heading = format!("Inspection of {}{beside}{scope}{letter}", self.label);
        if let Some(twin) = earlier.iter().find(|block| block.is_like(self)) {
            let connections = words::connections(&self.inspection);
            let sentence = format!("{heading}: the same as of {}; connections {connections}", twin.label);
            push_wrapped(out, &sentence, options.width);
            return;
        }
        push_wrapped(out, &heading, options.width);
        out.push('\n');
        let mut suites = Grid::new(&SUITE_COLUMNS);
        self.push_versions(&mut suites, detailed);
        if suites.len() > 0 {
            suites.render(out, options.width, options.colour);
            out.push('\n');
        }
        self.fields(detailed).render(out, options.width, options.colour);
    }

    /// The same answers, the connections they took aside.
    fn is_like(&self, other: &Self) -> bool {
        let answers = |block: &'_ Self| Inspection { connections: Vec::new(), ..(*block.inspection).clone() };
        self.post_quantum == other.post_quantum && answers(self) == answers(other)
    }

    /// Newest version first; versions with the same answers stand together.
    fn push_versions(&self, grid: &mut Grid, detailed: bool) {
        let most = if detailed { usize::MAX } else { MOST_SUITES };
        let offered: Vec<&VersionFacts> = self.inspection.offered().collect();
        for (versions, facts) in alike(offered.into_iter().rev(), same_suites) {
            push_version(grid, &versions, facts, most);
        }
        for (answer, words) in [(Some(false), "not offered"), (None, "not determined")] {
            let versions = self.inspection.versions.iter().filter(|facts| facts.offered == answer);
            let names: Vec<String> = versions.map(|facts| facts.version.to_string()).collect();
            if !names.is_empty() {
                let style = if answer.is_none() { Style::Low } else { Style::Dim };
                for name in &names {
                    let (name, words) = (Cell::new(name), Cell::styled(words, style));
                    grid.push([name, Cell::default(), words, Cell::default()]);
                }
            }
        }
    }

    fn fields(&self, detailed: bool) -> Grid {
        let inspection = &self.inspection;
        let mut grid = Grid::new(&FIELD_COLUMNS);
        let mut field = |name: &str, lines: Vec<(String, Style)>| {
            let cell = lines.iter().fold(Cell::default(), |cell, (line, style)| cell.and(line, *style));
            if !lines.is_empty() {
                grid.push([Cell::styled(name, Style::Dim), cell]);
            }
        };
        field("grade", self.grade.as_deref().map(|grade| grade::lines(grade, detailed)).unwrap_or_default());
        field("weaknesses", weaknesses(&inspection.probes));
        field(
            "groups",
            self.by_version(
                |facts| !facts.groups.is_empty(),
                |a, b| {
                    (&a.groups, a.group_order, a.groups_complete)
                        == (&b.groups, b.group_order, b.groups_complete)
                },
                |facts| words::list(&facts.groups, facts.group_order, facts.groups_complete),
            ),
        );
        field(
            "signatures",
            self.by_version(
                |facts| !facts.signature_schemes.is_empty(),
                |a, b| {
                    (&a.signature_schemes, a.schemes_complete) == (&b.signature_schemes, b.schemes_complete)
                },
                |facts| words::list(&facts.signature_schemes, None, facts.schemes_complete),
            ),
        );
        field("post-quantum", self.post_quantum.into_iter().map(post_quantum).collect());
        let primes = inspection.dh_parameters.iter();
        field("DH primes", primes.map(|prime| (words::dh_parameters(prime), Style::Plain)).collect());
        field("features", features(inspection));
        field("ALPN", alpn(inspection).into_iter().map(plain).collect());
        field("HSTS", inspection.hsts.map(words::hsts).into_iter().map(plain).collect());
        field("intolerant of", intolerances(inspection).into_iter().map(plain).collect());
        field("JARM", inspection.fingerprints.jarm.clone().into_iter().map(plain).collect());
        field("JA3S", inspection.fingerprints.ja3s.clone().into_iter().map(plain).collect());
        field("connections", vec![plain(words::connections(inspection))]);
        grid
    }

    /// A line for each run of versions that answer alike, newest first.
    fn by_version(
        &self,
        is_known: impl Fn(&VersionFacts) -> bool,
        is_same: impl Fn(&VersionFacts, &VersionFacts) -> bool,
        words: impl Fn(&VersionFacts) -> String,
    ) -> Vec<(String, Style)> {
        let known = self.inspection.versions.iter().rev().filter(|facts| is_known(facts));
        let runs = alike(known, is_same).into_iter();
        runs.map(|(versions, facts)| plain(format!("{}: {}", versions.join(", "), words(facts)))).collect()
    }
}

fn plain(text: String) -> (String, Style) {
    (text, Style::Plain)
}

/// Runs of versions that answer alike: their names, and the first one's facts.
fn alike<'a>(
    versions: impl Iterator<Item = &'a VersionFacts>,
    is_same: impl Fn(&VersionFacts, &VersionFacts) -> bool,
) -> Vec<(Vec<String>, &'a VersionFacts)> {
    let mut runs: Vec<(Vec<String>, &VersionFacts)> = Vec::new();
    for facts in versions {
        match runs.last_mut() {
            Some((names, first)) if is_same(first, facts) => names.push(facts.version.to_string()),
            _ => runs.push((vec![facts.version.to_string()], facts)),
        }
    }
    runs
}

fn same_suites(a: &VersionFacts, b: &VersionFacts) -> bool {
    let suites = |facts: &VersionFacts| (facts.suites_complete, facts.server_order, facts.chacha_prioritised);
    suites(a) == suites(b) && a.cipher_suites == b.cipher_suites && a.ssl2_ciphers == b.ssl2_ciphers
}

/// The versions' names go down the first column, beside the suites.
fn push_version(grid: &mut Grid, versions: &[String], facts: &VersionFacts, most: usize) {
    let mut side: Vec<(String, Style)> = versions.iter().map(|name| (name.clone(), Style::Strong)).collect();
    let order = words::order(facts.server_order);
    let chacha = if facts.chacha_prioritised == Some(true) { "ChaCha first" } else { "" };
    side.extend(
        [order, chacha].iter().filter(|words| !words.is_empty()).map(|w| (w.to_string(), Style::Dim)),
    );
    let mut rows = suite_rows(facts, most);
    rows.resize_with(rows.len().max(side.len()), Default::default);
    let mut side = side.into_iter();
    for [bits, suite, remark] in rows {
        let cell = side.next().map(|(words, style)| Cell::styled(&words, style)).unwrap_or_default();
        grid.push([cell, bits, suite, remark]);
    }
}

fn suite_rows(facts: &VersionFacts, most: usize) -> Vec<[Cell; 3]> {
    // Weak suites are shown wherever they stand; one line more is no more than the line that says so.
    let strong = facts.cipher_suites.iter().skip(most).filter(|suite| suite.weakness().is_none()).count();
    let shown = if strong <= 1 { usize::MAX } else { most };
    let suites = facts.cipher_suites.iter().enumerate();
    let suites = suites.filter(|(at, suite)| *at < shown || suite.weakness().is_some());
    let mut rows: Vec<[Cell; 3]> = suites
        .map(|(_, suite)| {
            let bits = suite.key_bits().map(|bits| bits.to_string()).unwrap_or_default();
            [Cell::new(&bits), Cell::new(&suite.to_string()), remark(*suite)]
        })
        .collect();
    rows.extend(facts.ssl2_ciphers.iter().map(|kind| {
        let weak = kind.weakness().map(weak).unwrap_or_default();
        [Cell::default(), Cell::new(&kind.to_string()), weak]
    }));
    let mut note =
        |words: &str, style| rows.push([Cell::default(), Cell::styled(words, style), Cell::default()]);
    if strong > 1 {
        note(&format!("and {strong} more, none weak; -v lists them"), Style::Dim);
    }
    if !facts.suites_complete {
        let is_empty = facts.cipher_suites.is_empty() && facts.ssl2_ciphers.is_empty();
        note(if is_empty { "offered" } else { "there may be more" }, Style::Low);
    }
    rows
}

/// What is broken, else whether a stolen key opens what was recorded.
fn remark(suite: CipherSuite) -> Cell {
    match (suite.weakness(), suite.forward_secrecy()) {
        (Some(weakness), _) => weak(weakness),
        (None, Some(false)) => Cell::styled("no forward secrecy", Style::Dim),
        (None, Some(true) | None) => Cell::default(),
    }
}

fn weak(weakness: SuiteWeakness) -> Cell {
    let style = if weakness == SuiteWeakness::SmallBlocks { Style::Medium } else { Style::High };
    Cell::styled(&format!("weak: {}", weakness.name()), style)
}

/// The worst first; those that are fine in one line.
fn weaknesses(probes: &[Probe]) -> Vec<(String, Style)> {
    let mut lines = Vec::new();
    let mut sorted: Vec<&Probe> = probes.iter().collect();
    sorted.sort_by_key(|probe| Reverse(probe.reaction == Reaction::Weak));
    for probe in sorted {
        match &probe.reaction {
            Reaction::Weak => {
                lines.push((format!("WEAK: {}", words::probe_with_evidence(probe)), Style::Critical));
            }
            Reaction::NotDetermined(why) => {
                lines.push((format!("not determined: {}: {why}", words::probe(probe.name)), Style::Low));
            }
            Reaction::Sound | Reaction::NotApplicable => {}
        }
    }
    for (reaction, words, style) in
        [(Reaction::Sound, "sound", Style::Good), (Reaction::NotApplicable, "not applicable", Style::Dim)]
    {
        let names = probes.iter().filter(|probe| probe.reaction == reaction);
        let names: Vec<&str> = names.map(|probe| words::probe(probe.name)).collect();
        if !names.is_empty() {
            lines.push((format!("{words}: {}", names.join(", ")), style));
        }
    }
    lines
}

fn post_quantum(answer: PostQuantum) -> (String, Style) {
    match answer {
        PostQuantum::Group(group) => (format!("{group} is taken"), Style::Good),
        PostQuantum::Refused => ("no post-quantum group is taken".to_owned(), Style::Medium),
    }
}

/// Nothing where nobody looked.
fn features(inspection: &Inspection) -> Vec<(String, Style)> {
    let all = words::features(inspection);
    if all.iter().all(|(_, answer)| answer.is_none()) {
        return Vec::new();
    }
    let kinds = [
        (Some(true), "yes", Style::Plain),
        (Some(false), "no", Style::Plain),
        (None, "not determined", Style::Dim),
    ];
    let lines = kinds.into_iter().filter_map(|(answer, words, style)| {
        let names = all.iter().filter(|(_, found)| *found == answer).map(|(name, _)| name.as_str());
        let names = names.collect::<Vec<_>>();
        (!names.is_empty()).then(|| (format!("{words}: {}", names.join(", ")), style))
    });
    lines.collect()
}

fn alpn(inspection: &Inspection) -> Option<String> {
    let names = inspection.features.alpn.as_ref()?;
    let names: Vec<&str> = names.iter().map(|name| name.raw()).collect();
    Some(if names.is_empty() { "none".to_owned() } else { names.join(", ") })
}

fn intolerances(inspection: &Inspection) -> Option<String> {
    let found: Vec<String> =
        inspection.intolerances.as_ref()?.iter().map(|one| words::intolerance(*one)).collect();
    Some(if found.is_empty() { "nothing that was tried".to_owned() } else { found.join(", ") })
}
