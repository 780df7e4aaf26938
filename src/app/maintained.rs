//! How an inventory was kept between two times: endpoints and certificates that came and went, findings opened and
//! closed, and how long that took. From the record's history; nothing is judged anew.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Write;

use super::AppError;
use super::findings::profiles;
use super::kept::Kept;
use super::parts::Parts;
use super::report::MaintainedForm;
use crate::model::{Endpoint, EndpointId, Finding, FindingState, ScanState, Severity};
use crate::report::{JsonLayout, TableOptions, maintained_table, write_document, write_maintained};
use crate::store::{Flow, Store};
use crate::time::UnixTime;
use crate::wire::v1::{
    BalanceDocument, CertificateReference, EndpointReference, FindingRow, MaintainedDocument, MonthDocument,
    ReplacementDocument, ScansDocument, TimeToCloseDocument, Timestamp, ToolDocument,
};
use crate::x509::{Certificate, Fingerprint};

/// Entries of each list.
const MOST: usize = 500;

/// Which time, and whose findings.
#[derive(Debug, Clone)]
pub struct MaintainedRequest {
    pub from: UnixTime,
    pub to: UnixTime,
    /// Only this profile's findings.
    pub profile: Option<String>,
}

/// Findings by what became of them.
#[derive(Default)]
struct Lives {
    balance: BalanceDocument,
    opened: Vec<Finding>,
    closed: Vec<Finding>,
    open: Vec<Finding>,
    /// How long the closed ones stood open, by severity.
    durations: BTreeMap<Severity, Vec<i64>>,
    ages: BTreeMap<Severity, Vec<i64>>,
    months: BTreeMap<String, (u64, u64)>,
}

/// Endpoints and certificates by what became of them.
#[derive(Default)]
struct Moves {
    endpoints: BalanceDocument,
    certificates: BalanceDocument,
    replaced_total: u64,
    came: Vec<Endpoint>,
    went: Vec<Endpoint>,
    replaced: Vec<(Endpoint, Fingerprint, Fingerprint)>,
}

/// Writes how the inventory was kept.
///
/// # Errors
/// The times are in the wrong order, there is no record, it cannot be read, or the report not written.
pub fn write_maintained_report(
    parts: &Parts,
    request: &MaintainedRequest,
    form: MaintainedForm,
    out: &mut (dyn Write + Send),
) -> Result<(), AppError> {
    // Nobody knows what is to come.
    let (from, to) = (request.from, request.to.min(parts.clock.now()));
    if from >= to {
        return Err(AppError::Usage(format!("--from {from} is not before --to {to}")));
    }
    let store = parts.read_store()?;
    let lives = lives(&store, request.profile.as_deref(), from, to)?;
    let moves = moves(&store, from, to)?;
    let kept = Kept::new(&store, to);
    let mut replaced: Vec<(&Endpoint, std::sync::Arc<Certificate>, std::sync::Arc<Certificate>)> = Vec::new();
    for (endpoint, before, after) in &moves.replaced {
        replaced.push((endpoint, kept.certificate(before)?, kept.certificate(after)?));
    }
    let document = MaintainedDocument {
        schema: "certvigil.maintained/v1".into(),
        // Of the past nothing changes: made again, it is the same.
        generated_at: Timestamp(to),
        tool: ToolDocument { name: env!("CARGO_PKG_NAME").into(), version: env!("CARGO_PKG_VERSION").into() },
        from: Timestamp(from),
        to: Timestamp(to),
        profile: request.profile.as_deref().map(Into::into),
        scans: scans(&store, from, to)?,
        endpoints: moves.endpoints,
        certificates: moves.certificates,
        replaced: moves.replaced_total,
        findings: lives.balance,
        time_to_close: lives.time_to_close(),
        months: lives.months(),
        endpoints_came: moves.came.iter().map(EndpointReference::of).collect(),
        endpoints_went: moves.went.iter().map(EndpointReference::of).collect(),
        certificates_replaced: replaced
            .iter()
            .map(|(endpoint, before, after)| ReplacementDocument {
                endpoint: EndpointReference::of(endpoint),
                before: CertificateReference::of(before),
                after: CertificateReference::of(after),
            })
            .collect(),
        findings_opened: lives.opened.iter().map(FindingRow::of).collect(),
        findings_closed: lives.closed.iter().map(FindingRow::of).collect(),
        findings_open: lives.open.iter().map(FindingRow::of).collect(),
    };
    match form {
        MaintainedForm::Json => write_document(out, &document, JsonLayout::Pretty)?,
        MaintainedForm::Html => write_maintained(&mut *out, &document)?,
        MaintainedForm::Table { width, colour } => {
            let options = TableOptions { width, colour, now: to };
            let next = "the same with -f html -o maintained.html, for whoever asks for proof";
            out.write_all(maintained_table(&document, &options, next).as_bytes())?;
        }
    }
    Ok(())
}

fn scans(store: &Store, from: UnixTime, to: UnixTime) -> Result<ScansDocument, AppError> {
    let mut counts = ScansDocument::default();
    for stored in store.scans()? {
        if stored.scan.finished_at.is_some_and(|end| end > from && end <= to) {
            match stored.scan.state {
                ScanState::Complete => counts.complete += 1,
                ScanState::Incomplete | ScanState::Running => counts.incomplete += 1,
            }
        }
    }
    Ok(counts)
}

fn lives(store: &Store, profile: Option<&str>, from: UnixTime, to: UnixTime) -> Result<Lives, AppError> {
    let mut lives = Lives::default();
    for profile in profiles(store, profile)? {
        store.findings(&profile, |stored| {
            lives.add(stored.finding, from, to);
            Flow::Continue(())
        })?;
    }
    lives.open.sort_by(|a, b| b.severity.cmp(&a.severity).then(a.first_seen.cmp(&b.first_seen)));
    lives.open.truncate(MOST);
    Ok(lives)
}

impl Lives {
    fn add(&mut self, finding: Finding, from: UnixTime, to: UnixTime) {
        if finding.first_seen > to {
            return;
        }
        let closed_at = finding.resolved_at.filter(|at| finding.state == FindingState::Resolved && *at <= to);
        if closed_at.is_some_and(|at| at <= from) {
            return;
        }
        let is_new = finding.first_seen > from;
        if is_new {
            self.balance.came += 1;
            self.months.entry(month(finding.first_seen)).or_default().0 += 1;
        } else {
            self.balance.at_from += 1;
        }
        if is_new && self.opened.len() < MOST {
            self.opened.push(finding.clone());
        }
        if let Some(at) = closed_at {
            self.balance.went += 1;
            self.months.entry(month(at)).or_default().1 += 1;
            let stood = at.seconds_since(finding.first_seen).max(0);
            self.durations.entry(finding.severity).or_default().push(stood);
            if self.closed.len() < MOST {
                self.closed.push(finding);
            }
            return;
        }
        self.balance.at_to += 1;
        self.ages.entry(finding.severity).or_default().push(to.seconds_since(finding.first_seen));
        // Twice the list, so that the worst are still there when the least are cut.
        if self.open.len() >= 2 * MOST {
            self.open.sort_by(|a, b| b.severity.cmp(&a.severity).then(a.first_seen.cmp(&b.first_seen)));
            self.open.truncate(MOST);
        }
        self.open.push(finding);
    }

    fn time_to_close(&self) -> Vec<TimeToCloseDocument<'static>> {
        let worst_first = Severity::ALL.into_iter().rev();
        worst_first
            .filter(|severity| self.durations.contains_key(severity) || self.ages.contains_key(severity))
            .map(|severity| {
                let mut durations = self.durations.get(&severity).cloned().unwrap_or_default();
                durations.sort_unstable();
                let ages = self.ages.get(&severity).map(Vec::as_slice).unwrap_or_default();
                TimeToCloseDocument {
                    severity: severity.name().into(),
                    closed: durations.len() as u64,
                    median_seconds: durations.get(durations.len() / 2).copied(),
                    longest_seconds: durations.last().copied(),
                    open: ages.len() as u64,
                    oldest_open_seconds: ages.iter().max().copied(),
                }
            })
            .collect()
    }

    fn months(&self) -> Vec<MonthDocument<'static>> {
        let months = self.months.iter();
        months
            .map(|(month, (opened, closed))| MonthDocument {
                month: month.clone().into(),
                opened: *opened,
                closed: *closed,
            })
            .collect()
    }
}

/// `2026-11`
fn month(time: UnixTime) -> String {
    time.to_string().chars().take(7).collect()
}

fn moves(store: &Store, from: UnixTime, to: UnixTime) -> Result<Moves, AppError> {
    let mut moves = Moves::default();
    let mut before: HashMap<EndpointId, Fingerprint> = HashMap::new();
    store.inventory_at(from, |id, span| {
        if let Some(leaf) = span.observation.outcome.presented().and_then(|chain| chain.first()) {
            before.insert(id, *leaf);
        }
        Flow::Continue(())
    })?;
    moves.endpoints.at_from = before.len() as u64;
    let certificates_before: HashSet<Fingerprint> = before.values().copied().collect();
    let mut certificates_after = HashSet::new();
    store.inventory_at(to, |id, span| {
        let Some(leaf) = span.observation.outcome.presented().and_then(|chain| chain.first()).copied() else {
            return Flow::Continue(());
        };
        moves.endpoints.at_to += 1;
        certificates_after.insert(leaf);
        match before.remove(&id) {
            None => {
                moves.endpoints.came += 1;
                if moves.came.len() < MOST {
                    moves.came.push(span.observation.endpoint);
                }
            }
            Some(earlier) if earlier != leaf => {
                moves.replaced_total += 1;
                if moves.replaced.len() < MOST {
                    moves.replaced.push((span.observation.endpoint, earlier, leaf));
                }
            }
            Some(_) => {}
        }
        Flow::Continue(())
    })?;
    moves.endpoints.went = before.len() as u64;
    let mut gone: Vec<EndpointId> = before.into_keys().collect();
    gone.sort_unstable();
    for id in gone.into_iter().take(MOST) {
        moves.went.extend(store.endpoint(&id)?.map(|known| known.current.observation.endpoint));
    }
    moves.certificates = BalanceDocument {
        at_from: certificates_before.len() as u64,
        came: certificates_after.difference(&certificates_before).count() as u64,
        went: certificates_before.difference(&certificates_after).count() as u64,
        at_to: certificates_after.len() as u64,
    };
    Ok(moves)
}
