//! Findings of a page: one article for each rule and severity, worst first, with what is wrong, what to do and where.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::super::phrases::{counted, date, number};
use super::element::{Table, more, place, severity, severity_word, text};
use super::top::Top;
use crate::model::{FindingState, Severity};
use crate::time::UnixTime;
use crate::wire::v1::{EndpointView, FindingDocument, FindingView};

/// Cases shown of one rule.
const MOST_CASES: usize = 25;
/// Articles; there are fewer rules.
const MOST_ARTICLES: usize = 300;
const MOST_ACCEPTED: usize = 100;
/// Endpoints named in one case.
const MOST_LABELS: usize = 10;

/// Findings by rule, and those that were accepted.
#[derive(Debug)]
pub(super) struct Findings {
    /// Worst first.
    articles: BTreeMap<(Reverse<Severity>, String, String), Article>,
    pub(super) accepted: Top<(Reverse<Severity>, String), Accepted>,
    /// Open ones by severity.
    pub(super) open: BTreeMap<Severity, u64>,
    not_shown: u64,
}

#[derive(Debug)]
struct Article {
    remedy: String,
    remedies_differ: bool,
    references: Vec<String>,
    cases: Vec<Case>,
    endpoints: u64,
    /// The endpoint that was added last: findings of one endpoint come together.
    last: String,
    /// Findings whose cases are not kept.
    left_out: u64,
}

/// Findings with the same words: one line, with the endpoints that have it.
#[derive(Debug)]
struct Case {
    /// What ends first comes first.
    key: (bool, Option<UnixTime>, String),
    detail: String,
    remedy: String,
    endpoints: u64,
    last: String,
    labels: Vec<String>,
    owners: BTreeSet<String>,
    since: UnixTime,
    findings: u64,
}

/// A finding that somebody set aside.
#[derive(Debug)]
pub(super) struct Accepted {
    severity: Severity,
    label: String,
    title: String,
    state: &'static str,
    reason: String,
    by: String,
    until: Option<UnixTime>,
}

impl Findings {
    pub(super) fn new() -> Self {
        Self {
            articles: BTreeMap::new(),
            accepted: Top::new(MOST_ACCEPTED),
            open: BTreeMap::new(),
            not_shown: 0,
        }
    }

    /// How many are open.
    pub(super) fn open_total(&self) -> u64 {
        self.open.values().sum()
    }

    pub(super) fn add(
        &mut self,
        view: &EndpointView<'_>,
        finding: &FindingView<'_>,
        document: &FindingDocument<'_>,
    ) {
        let verdict = finding.verdict;
        let label = view.observation.endpoint.label();
        match finding.state {
            FindingState::Resolved => return,
            FindingState::Acknowledged | FindingState::Silenced => {
                self.accepted.offer((Reverse(verdict.severity), label.clone()), || Accepted {
                    severity: verdict.severity,
                    label,
                    title: verdict.title.clone(),
                    state: finding.state.name(),
                    reason: finding.exception.map(|one| one.reason.to_owned()).unwrap_or_default(),
                    by: finding.exception.map(|one| one.by.to_owned()).unwrap_or_default(),
                    until: finding.exception.and_then(|one| one.until),
                });
                return;
            }
            FindingState::Open => {}
        }
        *self.open.entry(verdict.severity).or_default() += 1;
        let key = (Reverse(verdict.severity), verdict.rule.id().to_owned(), verdict.title.clone());
        if !self.articles.contains_key(&key) && self.articles.len() >= MOST_ARTICLES {
            self.not_shown += 1;
            return;
        }
        let article = self.articles.entry(key).or_insert_with(|| Article {
            remedy: document.remediation.to_string(),
            remedies_differ: false,
            references: document.references.iter().map(ToString::to_string).collect(),
            cases: Vec::new(),
            endpoints: 0,
            last: String::new(),
            left_out: 0,
        });
        article.add(view, document, label);
    }

    /// The articles.
    pub(super) fn render(&self) -> String {
        if self.articles.is_empty() {
            return "<p>No open finding.</p>\n".to_owned();
        }
        let mut order: Vec<_> = self.articles.iter().collect();
        order.sort_by_key(|((severity, ..), article)| (*severity, Reverse(article.endpoints)));
        let mut out = String::new();
        for ((Reverse(severity), rule, title), article) in order {
            article.render(&mut out, *severity, rule, title);
        }
        out.push_str(&more(self.not_shown, "findings"));
        out
    }

    /// What was set aside, with the reason and the person.
    pub(super) fn render_accepted(&self) -> String {
        let mut table = Table::new(&["Severity", "Endpoint", "Finding", "State", "Reason", "By", "Until"]);
        for one in self.accepted.iter() {
            table.row([
                &*severity_word(Some(one.severity.name())),
                &place(&one.label),
                &text(&one.title),
                one.state,
                &text(&one.reason),
                &text(&one.by),
                &one.until.map_or("taken back".to_owned(), |until| text(&date(until))),
            ]);
        }
        table.end() + &more(self.accepted.left_out(), "accepted findings")
    }
}

impl Article {
    fn add(&mut self, view: &EndpointView<'_>, document: &FindingDocument<'_>, label: String) {
        let place = &view.observation.endpoint;
        self.remedies_differ |= self.remedy != document.remediation;
        let id = place.id().to_string();
        if self.last != id {
            self.endpoints += 1;
            self.last.clone_from(&id);
        }
        let leaf = view.observation.outcome.presented().and_then(|chain| chain.end_entity());
        let end = leaf.and_then(|leaf| leaf.not_after);
        let same = |case: &&mut Case| case.detail == document.detail && case.remedy == document.remediation;
        if let Some(case) = self.cases.iter_mut().find(same) {
            case.add(&id, &label, view.owner, document.first_seen.0);
            return;
        }
        let mut case = Case {
            key: (end.is_none(), end, label.clone()),
            detail: document.detail.to_string(),
            remedy: document.remediation.to_string(),
            endpoints: 0,
            last: String::new(),
            labels: Vec::new(),
            owners: BTreeSet::new(),
            since: document.first_seen.0,
            findings: 0,
        };
        case.add(&id, &label, view.owner, document.first_seen.0);
        self.keep(case);
    }

    /// Keeps the first cases in their order.
    fn keep(&mut self, case: Case) {
        let at = self.cases.partition_point(|other| other.key <= case.key);
        self.cases.insert(at, case);
        if self.cases.len() > MOST_CASES {
            self.left_out += self.cases.pop().map_or(0, |case| case.findings);
        }
    }

    fn render(&self, out: &mut String, level: Severity, rule: &str, title: &str) {
        let name = level.name();
        let endpoints = counted(self.endpoints, "endpoint", "endpoints");
        let _ = write!(
            out,
            "<article class=\"{name}\">\n<h3>{}</h3>\n<p class=\"meta\">{} · {endpoints} · <code>{}</code></p>\n",
            text(title),
            severity(level),
            text(rule),
        );
        if !self.remedies_differ && !self.remedy.is_empty() {
            let _ = writeln!(out, "<p class=\"remedy\"><b>What to do.</b> {}</p>", text(&self.remedy));
        }
        let has_owner = self.cases.iter().any(|case| !case.owners.is_empty());
        let mut headings = vec!["Endpoints", "What was seen"];
        if has_owner {
            headings.push("Owner");
        }
        headings.push("Since");
        let mut table = Table::new(&headings);
        for case in &self.cases {
            let mut detail = text(&case.detail);
            if self.remedies_differ && !case.remedy.is_empty() {
                let _ = write!(detail, "<br><b>What to do.</b> {}", text(&case.remedy));
            }
            let mut cells = vec![case.places(), detail];
            if has_owner {
                cells.push(case.owners.iter().map(|owner| text(owner)).collect::<Vec<_>>().join(", "));
            }
            cells.push(format!("<span class=\"w\">{}</span>", text(&date(case.since))));
            table.row(cells.iter().map(String::as_str));
        }
        out.push_str(&table.end());
        out.push_str(&more(self.left_out, "cases of this finding"));
        if !self.references.is_empty() {
            let _ = writeln!(out, "<p class=\"meta\">{}</p>", text(&self.references.join("; ")));
        }
        out.push_str("</article>\n");
    }
}

impl Case {
    fn add(&mut self, id: &str, label: &str, owner: Option<&str>, since: UnixTime) {
        self.findings += 1;
        self.since = self.since.min(since);
        if self.last == id {
            return;
        }
        id.clone_into(&mut self.last);
        self.endpoints += 1;
        if self.labels.len() < MOST_LABELS {
            self.labels.push(label.to_owned());
        }
        if let Some(owner) = owner.filter(|_| self.owners.len() < MOST_LABELS) {
            self.owners.insert(owner.to_owned());
        }
    }

    fn places(&self) -> String {
        let mut out: Vec<String> = self.labels.iter().map(|label| place(label)).collect();
        let shown = u64::try_from(self.labels.len()).unwrap_or(u64::MAX);
        if self.endpoints > shown {
            out.push(format!("<span class=\"soft\">and {} more</span>", number(self.endpoints - shown)));
        }
        out.join("<br>")
    }
}
