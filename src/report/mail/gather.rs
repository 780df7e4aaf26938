//! Many findings to the few lines that a mail shows, in memory that does not grow with them.
//!
//! One line stands for all findings of one rule on one certificate that are told for the same reason; what has no
//! certificate is a line by itself. A finding that is told several times in one mail (the server was down for a
//! week) counts as it was told last. Hashes of what came are kept for all, texts for the best lines only; from
//! [`MOST_KEPT`] findings on, what is not among the best is only counted.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::group::{Class, Group, Place};
use crate::model::{Alert, FindingNews, Severity, SeverityCounts};
use crate::x509::Fingerprint;

/// Lines that one mail shows.
pub(super) const MOST_LINES: usize = 50;

/// Lines kept with their texts: some of the shown ones may empty when later news takes their findings away.
const KEPT_LINES: usize = 2 * MOST_LINES;

/// Findings, and lines, remembered by their hashes: about 200 bytes each.
const MOST_KEPT: usize = 120_000;

/// 128 bits of SHA-256, as identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Id(pub(super) u128);

impl Id {
    /// The identity of `parts`, in their order.
    pub(super) fn of(parts: &[&[u8]]) -> Self {
        let mut bytes = Vec::with_capacity(256);
        for part in parts {
            bytes.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            bytes.extend_from_slice(part);
        }
        let digest = Fingerprint::of(&bytes);
        Self(digest.0.iter().take(16).fold(0, |number, byte| number << 8 | u128::from(*byte)))
    }

    /// 32 hexadecimal digits.
    pub(super) fn hex(self) -> String {
        format!("{:032x}", self.0)
    }
}

/// What is known of a line beside its texts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tally {
    pub(super) class: Class,
    /// Findings by severity.
    pub(super) findings: SeverityCounts,
    /// Different names (or bare addresses) with their ports.
    pub(super) labels: u64,
    pub(super) endpoints: u64,
}

impl Tally {
    fn new(class: Class) -> Self {
        Self { class, findings: SeverityCounts::default(), labels: 0, endpoints: 0 }
    }

    fn take(&mut self, severity: Severity, labels: u64, endpoints: u64) {
        let mut counts = self.findings.to_array();
        if let Some(count) = counts.get_mut(severity as usize) {
            *count = count.saturating_sub(1);
        }
        self.findings = SeverityCounts::from_array(counts);
        self.labels = self.labels.saturating_sub(labels);
        self.endpoints = self.endpoints.saturating_sub(endpoints);
    }

    fn worst(&self) -> Option<Severity> {
        Severity::ALL.into_iter().rev().find(|severity| self.findings.of(*severity) > 0)
    }
}

/// Findings by class and severity.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts([SeverityCounts; Class::ALL.len()]);

impl Counts {
    pub(super) fn of(&self, class: Class) -> SeverityCounts {
        self.0.get(class as usize).copied().unwrap_or_default()
    }

    pub(super) fn total(&self) -> u64 {
        self.0.iter().map(SeverityCounts::total).sum()
    }

    fn add(&mut self, tally: &Tally) {
        if let Some(counts) = self.0.get_mut(tally.class as usize) {
            let (mut sum, more) = (counts.to_array(), tally.findings.to_array());
            sum.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
            *counts = SeverityCounts::from_array(sum);
        }
    }
}

/// How a finding was told last.
#[derive(Debug, Clone, Copy)]
struct Told {
    line: Id,
    severity: Severity,
    /// What it brought to its line's counts.
    labels: u16,
    endpoints: u32,
}

/// The order of lines: open before gone, the worst first, new before old, the soonest end first, then by name.
type Rank = (bool, Reverse<Severity>, Class, i64, String, Id);

/// Findings on their way into one mail.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    told: BTreeMap<Id, Told>,
    tallies: BTreeMap<Id, Tally>,
    /// A line and a name that is counted in it.
    labels: BTreeSet<Id>,
    kept: Vec<(Rank, Group)>,
    /// Lines that nothing else remembers.
    forgotten: Counts,
    forgotten_lines: u64,
}

/// What a mail shows of them.
pub(super) struct Shown {
    /// At most [`MOST_LINES`], in their order.
    pub(super) lines: Vec<(Severity, Tally, Group)>,
    /// Of all findings.
    pub(super) all: Counts,
    /// Of the findings that no line shows.
    pub(super) rest: Counts,
    /// All lines, shown or not.
    pub(super) line_count: u64,
}

impl Gathered {
    /// Takes one finding's news.
    pub(super) fn add(&mut self, alert: &Alert, news: &FindingNews) {
        let profile = alert.profile.as_deref().unwrap_or_default();
        let finding = Id::of(&[profile.as_bytes(), news.finding.0.as_bytes()]);
        let line = line_id(profile, news);
        let label = first_label(news);
        if let Some(told) = self.told.get(&finding).copied() {
            self.take_back(finding, told, &label);
        }
        let known = self.tallies.get(&line).copied();
        let mut tally = known.unwrap_or(Tally::new(Class::of(news.occasion)));
        tally.findings.add(news.severity);
        let (labels, endpoints) = self.places(line, &label, news);
        tally.labels += u64::from(labels);
        tally.endpoints += u64::from(endpoints);
        let has_room = self.told.len() < MOST_KEPT && self.tallies.len() < MOST_KEPT;
        if has_room {
            self.told.insert(finding, Told { line, severity: news.severity, labels, endpoints });
        }
        let kept = self.keep(line, finding, &tally, alert, news);
        if has_room || known.is_some() || kept {
            self.tallies.insert(line, tally);
        } else {
            self.forget(&tally);
        }
    }

    /// Everything is in.
    pub(super) fn finish(mut self) -> Shown {
        self.kept.sort_by(|(a, _), (b, _)| a.cmp(b));
        let (mut all, mut rest, mut line_count) = (self.forgotten, self.forgotten, self.forgotten_lines);
        let mut lines = Vec::new();
        for (_, group) in self.kept {
            let Some(tally) = self.tallies.get(&group.id) else { continue };
            let Some(severity) = tally.worst() else { continue };
            if lines.len() < MOST_LINES {
                lines.push((severity, *tally, group));
            }
        }
        let shown: BTreeSet<Id> = lines.iter().map(|(_, _, group)| group.id).collect();
        for (id, tally) in self.tallies.iter().filter(|(_, tally)| tally.findings.total() > 0) {
            line_count += 1;
            all.add(tally);
            if !shown.contains(id) {
                rest.add(tally);
            }
        }
        Shown { lines, all, rest, line_count }
    }

    /// The finding leaves the line where it was.
    fn take_back(&mut self, finding: Id, told: Told, label: &str) {
        if told.labels > 0 {
            self.labels.remove(&label_id(told.line, label));
        }
        let Some(tally) = self.tallies.get_mut(&told.line) else { return };
        tally.take(told.severity, told.labels.into(), told.endpoints.into());
        let worst = tally.worst();
        let Some(at) = self.kept.iter().position(|(_, group)| group.id == told.line) else { return };
        match worst {
            None => drop(self.kept.swap_remove(at)),
            Some(worst) => {
                if let Some((rank, group)) = self.kept.get_mut(at) {
                    group.remove(finding);
                    *rank = rank_of(group, worst);
                }
            }
        }
    }

    /// Names and endpoints that `news` brings to `line`. The chains of one endpoint have keys of their own; their
    /// endpoint counts once.
    fn places(&mut self, line: Id, label: &str, news: &FindingNews) -> (u16, u32) {
        let id = label_id(line, label);
        if self.labels.contains(&id) {
            return (0, 0);
        }
        if self.labels.len() < MOST_KEPT {
            self.labels.insert(id);
        }
        let labels: BTreeSet<&str> = news.endpoints.iter().map(|endpoint| endpoint.label.as_str()).collect();
        let endpoints = u32::try_from(news.endpoint_count).unwrap_or(u32::MAX);
        (u16::try_from(labels.len().max(1)).unwrap_or(u16::MAX), endpoints)
    }

    /// Keeps the texts of `line` if it is among the best.
    fn keep(&mut self, line: Id, finding: Id, tally: &Tally, alert: &Alert, news: &FindingNews) -> bool {
        let severity = tally.worst().unwrap_or(news.severity);
        if let Some((rank, group)) = self.kept.iter_mut().find(|(_, group)| group.id == line) {
            group.add(finding, alert, news);
            *rank = rank_of(group, severity);
            return true;
        }
        let end = Group::end(news);
        let class = tally.class;
        let rank = (class.is_over(), Reverse(severity), class, end, first_label(news), line);
        if self.kept.len() >= KEPT_LINES {
            let worst = self.kept.iter().enumerate().max_by(|(_, (a, _)), (_, (b, _))| a.cmp(b));
            let Some((at, (last, _))) = worst else { return false };
            if rank >= *last {
                return false;
            }
            let (_, dropped) = self.kept.swap_remove(at);
            if self.tallies.len() >= MOST_KEPT
                && let Some(tally) = self.tallies.remove(&dropped.id)
            {
                self.forget(&tally);
            }
        }
        self.kept.push((rank, Group::new(line, finding, alert, news)));
        true
    }

    fn forget(&mut self, tally: &Tally) {
        self.forgotten.add(tally);
        self.forgotten_lines += 1;
    }
}

fn rank_of(group: &Group, severity: Severity) -> Rank {
    let class = group.class;
    (class.is_over(), Reverse(severity), class, group.not_after(), group.label().to_owned(), group.id)
}

/// One rule on one certificate, told for one reason; the finding itself where no certificate is meant.
fn line_id(profile: &str, news: &FindingNews) -> Id {
    let class = [Class::of(news.occasion) as u8];
    let rule = news.rule.id().as_bytes();
    match &news.certificate {
        Some(certificate) => {
            Id::of(&[profile.as_bytes(), &class, rule, b"certificate", &certificate.sha256.0])
        }
        None => Id::of(&[profile.as_bytes(), &class, rule, b"finding", news.finding.0.as_bytes()]),
    }
}

fn label_id(line: Id, label: &str) -> Id {
    Id::of(&[&line.0.to_be_bytes(), label.as_bytes()])
}

/// What a finding is called: the label of its first endpoint, else its key before the rule.
pub(super) fn first_label(news: &FindingNews) -> String {
    match news.endpoints.first() {
        Some(endpoint) => Place::short(&endpoint.label),
        None => {
            let key = news.finding.0.rsplit_once('/').map_or(news.finding.0.as_str(), |(label, _)| label);
            Place::short(key)
        }
    }
}
