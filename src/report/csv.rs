//! CSV (RFC 4180, UTF-8, CRLF): one row for each chain of each endpoint, and one for each endpoint without a chain.
//!
//! For spreadsheets: no cell can start a formula, none exceeds what a spreadsheet holds. Lists are joined by
//! spaces. An empty cell means "none" or "not looked at".

use std::io::{self, Write};

use csv::{Terminator, Writer, WriterBuilder};

use super::RecordWriter;
use super::phrases::key_name;
use crate::model::{
    ChainVerdict, Failure, FindingState, Grade, Handshake, Inspection, Letter, OfferedFor, Outcome,
    PostQuantum, Reaction, Scope, TlsFacts, Trust,
};
use crate::text::escape_for_csv;
use crate::time::{DAY_SECONDS, UnixTime};
use crate::tls::StartTls;
use crate::wire::v1::{CertificateView, EndpointView, FindingView, ReportHead};
use crate::x509::{Certificate, Chain};

/// Bytes in one cell; a spreadsheet takes 32,767 characters.
const LONGEST_CELL: usize = 32_000;

/// Names of the columns, in their order. New ones are added at the end only.
pub fn csv_columns() -> impl Iterator<Item = &'static str> {
    COLUMNS.iter().map(|(name, _)| *name)
}

/// Makes one cell.
type Value = fn(&Row<'_>) -> String;

/// Each column with what stands in it.
const COLUMNS: &[(&str, Value)] = &[
    // The endpoint, as in the JSON report.
    ("target", |row| row.view.observation.target.to_string()),
    ("address", |row| shown(row.view.observation.endpoint.address)),
    ("port", |row| shown(row.view.observation.endpoint.port)),
    ("transport", |row| row.view.observation.endpoint.transport.name().to_owned()),
    ("server_name", |row| shown(row.view.observation.endpoint.server_name.as_ref())),
    ("owner", |row| row.view.owner.unwrap_or_default().to_owned()),
    ("tags", |row| joined(row.view.tags.iter())),
    ("observed_at", |row| row.view.observation.observed_at.to_string()),
    // How the visit ended; stage, reason and detail of a failure.
    ("status", |row| row.status().to_owned()),
    ("stage", |row| row.failure().map(|failure| failure.stage.name().to_owned()).unwrap_or_default()),
    ("reason", |row| row.failure().map(|failure| failure.reason.name().to_owned()).unwrap_or_default()),
    ("detail", |row| row.failure().map(|failure| failure.detail.raw().to_owned()).unwrap_or_default()),
    // What was negotiated, in the row of the presented chain.
    ("version", |row| shown(row.tls().and_then(|tls| tls.version))),
    ("cipher_suite", |row| shown(row.tls().and_then(|tls| tls.cipher_suite))),
    ("group", |row| shown(row.tls().and_then(|tls| tls.group))),
    ("client_auth", |row| row.tls().map(|tls| tls.client_auth.name().to_owned()).unwrap_or_default()),
    // `presented`, else what the chain was offered for: `rsa`, `ecdsa`, …
    ("chain", |row| row.chain_name().to_owned()),
    ("chain_length", |row| shown(row.chain.map(|chain| chain.certificates.len()))),
    // The end-entity certificate of the chain.
    ("subject", |row| row.leaf().map(|leaf| leaf.subject.text.raw().to_owned()).unwrap_or_default()),
    ("issuer", |row| row.leaf().map(|leaf| leaf.issuer.text.raw().to_owned()).unwrap_or_default()),
    // DNS names and addresses, as many as fit; then how many there are.
    ("names", |row| row.leaf().map(names).unwrap_or_default()),
    ("name_count", |row| shown(row.leaf().map(name_count))),
    ("serial", |row| row.leaf().map(Certificate::serial_hex).unwrap_or_default()),
    ("not_before", |row| shown(row.leaf().and_then(|leaf| leaf.not_before))),
    ("not_after", |row| shown(row.leaf().and_then(|leaf| leaf.not_after))),
    // Whole days; 0 once expired.
    ("days_left", |row| shown(row.seconds_left().map(|left| left.max(0) / DAY_SECONDS))),
    // Whole days since; empty until then. Apart from `days_left`, since a minus sign starts a formula.
    ("days_expired", |row| {
        shown(row.seconds_left().filter(|left| *left < 0).map(|left| -(left / DAY_SECONDS)))
    }),
    // `RSA 2048`, `EC P-256`, …
    ("key", |row| row.leaf().and_then(|leaf| leaf.key.as_ref()).map(key_name).unwrap_or_default()),
    ("signature_algorithm", |row| shown(row.leaf().and_then(|leaf| Some(&leaf.signature.as_ref()?.name)))),
    // `true` if any store trusts the chain; if none does, the first store's reason.
    ("trusted", |row| shown(row.verdict.and_then(|verdict| verdict.trust.is_trusted()))),
    ("trust_reason", |row| row.verdict.map_or("", |verdict| trust_reason(&verdict.trust)).to_owned()),
    ("name_match", |row| shown(row.verdict.and_then(|verdict| verdict.name_match))),
    // Findings about this chain that are not resolved: the worst severity, and `severity:id` of each.
    ("worst", |row| {
        let worst = row.findings().map(|finding| finding.verdict.severity).max();
        worst.map(|severity| severity.name().to_owned()).unwrap_or_default()
    }),
    ("findings", |row| {
        joined(row.findings().map(|f| format!("{}:{}", f.verdict.severity.name(), f.verdict.rule.id())))
    }),
    ("sha256", |row| shown(row.leaf().map(|leaf| leaf.sha256))),
    ("spki_sha256", |row| shown(row.leaf().and_then(|leaf| leaf.spki_sha256))),
    // Identity of the endpoint over scans.
    ("endpoint_id", |row| row.view.observation.endpoint.id().to_string()),
    // Every certificate of the chain, in the order served.
    ("presented", |row| {
        row.chain.map(|chain| joined(chain.fingerprints().map(|f| f.to_string()))).unwrap_or_default()
    }),
    ("starttls", |row| row.view.observation.endpoint.starttls.map_or("", StartTls::name).to_owned()),
    // The group taken by a server that was asked for post-quantum ones only; `none` if it takes none.
    ("post_quantum", |row| match row.tls().and_then(|tls| tls.post_quantum) {
        Some(PostQuantum::Group(group)) => group.to_string(),
        Some(PostQuantum::Refused) => "none".to_owned(),
        None => String::new(),
    }),
    // What deep inspection found, in the row of the presented chain: versions offered, pairs of version and suite (empty
    // where only what is forbidden was asked for: there are others).
    ("versions", |row| row.inspection().map(versions).unwrap_or_default()),
    ("suite_count", |row| shown(row.inspection().and_then(suite_count))),
    ("weaknesses", |row| row.inspection().map(weaknesses).unwrap_or_default()),
    ("jarm", |row| shown(row.inspection().and_then(|found| found.fingerprints.jarm.as_deref()))),
    ("connections", |row| shown(row.inspection().map(Inspection::connection_count))),
    // By SSL Labs' guide, after deep inspection, in the row of the presented chain; empty too where it could not be told.
    ("grade", |row| row.grade().and_then(|grade| grade.letter).map_or("", Letter::name).to_owned()),
    ("grade_ignoring_trust", |row| {
        row.grade().and_then(|grade| grade.ignoring_trust).map_or("", Letter::name).to_owned()
    }),
];

/// Writes a report as CSV.
#[derive(Debug)]
pub struct CsvReport<W: Write> {
    out: Writer<W>,
    now: UnixTime,
}

impl<W: Write> CsvReport<W> {
    /// Writes the row of column names. `now` is what days are counted from.
    ///
    /// # Errors
    /// Whatever the writer says.
    pub fn begin(out: W, now: UnixTime) -> io::Result<Self> {
        let mut out = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(out);
        out.write_record(csv_columns()).map_err(writer_error)?;
        Ok(Self { out, now })
    }

    fn row(&mut self, row: &Row<'_>) -> io::Result<()> {
        let cells = COLUMNS.iter().map(|(_, value)| cell_text(&value(row)));
        self.out.write_record(cells.collect::<Vec<_>>()).map_err(writer_error)
    }
}

impl<W: Write> RecordWriter for CsvReport<W> {
    fn endpoint(&mut self, endpoint: &EndpointView<'_>) -> io::Result<()> {
        let mut verdicts = endpoint.assessment.chains.iter();
        let mut verdict_of =
            |offered_for| verdicts.next().filter(|verdict| verdict.offered_for == offered_for);
        let now = self.now;
        let presented = endpoint.observation.outcome.presented();
        self.row(&Row {
            view: endpoint,
            chain: presented,
            verdict: verdict_of(None),
            offered_for: None,
            now,
        })?;
        let Some(handshake) = handshake(&endpoint.observation.outcome) else { return Ok(()) };
        handshake.other_chains.iter().try_for_each(|other| {
            let offered_for = Some(other.offered_for);
            let verdict = verdict_of(offered_for);
            self.row(&Row { view: endpoint, chain: Some(&other.presented), verdict, offered_for, now })
        })
    }

    /// Nothing: a row has its certificate in it.
    fn certificate(&mut self, _certificate: &CertificateView<'_>) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, _head: &ReportHead<'_>) -> io::Result<()> {
        self.out.flush()
    }
}

/// What the writer said, with its kind: a broken pipe stays one.
fn writer_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("CSV: {other:?}")),
    }
}

/// One chain of an endpoint, or an endpoint without one.
struct Row<'a> {
    view: &'a EndpointView<'a>,
    chain: Option<&'a Chain>,
    verdict: Option<&'a ChainVerdict>,
    /// `None` for the presented chain.
    offered_for: Option<OfferedFor>,
    now: UnixTime,
}

impl<'a> Row<'a> {
    fn leaf(&self) -> Option<&'a Certificate> {
        self.chain.and_then(Chain::end_entity).map(|leaf| &**leaf)
    }

    fn tls(&self) -> Option<&'a TlsFacts> {
        let handshake = handshake(&self.view.observation.outcome)?;
        self.offered_for.is_none().then_some(&handshake.tls)
    }

    fn inspection(&self) -> Option<&'a Inspection> {
        self.view.observation.outcome.inspection().filter(|_| self.offered_for.is_none())
    }

    fn grade(&self) -> Option<&'a Grade> {
        self.view.assessment.grade.as_deref().filter(|_| self.offered_for.is_none())
    }

    fn failure(&self) -> Option<&'a Failure> {
        match &self.view.observation.outcome {
            Outcome::Failure(failure) => Some(failure),
            Outcome::Handshake(_) | Outcome::Read(_) => None,
        }
    }

    fn status(&self) -> &'static str {
        match self.view.observation.outcome {
            Outcome::Handshake(_) => "handshake",
            Outcome::Read(_) => "read",
            Outcome::Failure(_) => "failure",
        }
    }

    fn chain_name(&self) -> &'static str {
        match (self.chain, self.offered_for) {
            (None, _) => "",
            (Some(_), None) => "presented",
            (Some(_), Some(offered_for)) => offered_for.name(),
        }
    }

    fn seconds_left(&self) -> Option<i64> {
        Some(self.leaf()?.not_after?.seconds_since(self.now))
    }

    fn findings(&self) -> impl Iterator<Item = &'a FindingView<'a>> {
        let offered_for = self.offered_for;
        let all = self.view.findings.iter();
        all.filter(move |f| f.state != FindingState::Resolved && f.verdict.offered_for == offered_for)
    }
}

fn handshake(outcome: &Outcome) -> Option<&Handshake> {
    match outcome {
        Outcome::Handshake(handshake) => Some(handshake),
        Outcome::Failure(_) | Outcome::Read(_) => None,
    }
}

fn versions(inspection: &Inspection) -> String {
    joined(inspection.offered().map(|facts| facts.version.to_string()))
}

/// `None` where only a part of the suites was asked for.
fn suite_count(inspection: &Inspection) -> Option<usize> {
    let pairs = inspection.offered().map(|facts| facts.cipher_suites.len() + facts.ssl2_ciphers.len());
    (inspection.scope == Scope::Everything).then(|| pairs.sum())
}

/// Those that a probe showed.
fn weaknesses(inspection: &Inspection) -> String {
    let weak = inspection.probes.iter().filter(|probe| probe.reaction == Reaction::Weak);
    joined(weak.map(|probe| probe.name.name()))
}

fn names(leaf: &Certificate) -> String {
    let Some(san) = &leaf.san else { return String::new() };
    joined(san.dns.iter().map(|name| name.raw().to_owned()).chain(san.ip.iter().map(ToString::to_string)))
}

fn name_count(leaf: &Certificate) -> usize {
    leaf.san.as_ref().map_or(0, |san| san.dns.len() + san.ip.len())
}

fn trust_reason(trust: &Trust) -> &'static str {
    match trust.is_trusted() {
        Some(false) => trust.stores.iter().find_map(|store| store.reason).map_or("", |reason| reason.name()),
        Some(true) | None => "",
    }
}

fn shown(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// As many of `parts` as one cell holds, joined by spaces.
fn joined(parts: impl Iterator<Item = impl AsRef<str>>) -> String {
    let mut text = String::new();
    for part in parts {
        let part = part.as_ref();
        if text.len() + part.len() >= LONGEST_CELL {
            text.push_str(" …");
            break;
        }
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(part);
    }
    text
}

/// Safe text, cut to what a spreadsheet takes.
fn cell_text(text: &str) -> String {
    let mut cell = escape_for_csv(text);
    if cell.len() > LONGEST_CELL {
        cell.truncate(cell.floor_char_boundary(LONGEST_CELL));
        cell.push('…');
    }
    cell
}
