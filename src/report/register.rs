//! Registers that regulators ask for: one line for each certificate in use at each endpoint, with who answers for it.
//!
//! PCI DSS 4.0.1, 4.2.1.1 (an inventory of trusted keys and certificates that protect account data in transit) and
//! 12.3.3 (cryptography in use with its purpose and place, reviewed at least once in twelve months); DORA, Delegated
//! Regulation (EU) 2024/1774, article 7(4) (a register of all certificates and of the devices that store them).

use std::io::{self, Write};

use super::RecordWriter;
use super::html::{RegisterPage, write_register};
use super::phrases::{date, key_name};
use crate::model::{Endpoint, Outcome, Severity, Subject};
use crate::text::escape_for_csv;
use crate::time::{DAY_SECONDS, UnixTime};
use crate::wire::v1::{CertificateView, EndpointView, ReportHead};
use crate::x509::Chain;

/// PCI DSS 12.3.3: a review is due every twelve months.
const REVIEW_DAYS: i64 = 366;
/// Rows of the page; the CSV has them all.
const MOST_ROWS: usize = 5_000;
/// Characters of one cell.
const LONGEST_CELL: usize = 2_000;

/// Which register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Register {
    Pci,
    Dora,
}

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegisterForm {
    Csv,
    Html,
}

/// Who answers for an endpoint, and what it is for. Written by people, in the profile.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Steward {
    pub purpose: Option<String>,
    pub reviewer: Option<String>,
    /// `YYYY-MM-DD`
    pub reviewed: Option<String>,
}

/// One line.
#[derive(Debug)]
struct Row {
    cells: Vec<String>,
    lacks: bool,
}

/// The columns of a register, with what each holds.
fn columns(register: Register) -> &'static [&'static str] {
    match register {
        Register::Pci => &[
            "location",
            "address",
            "purpose",
            "owner",
            "reviewer",
            "reviewed",
            "review_due",
            "certificate",
            "issuing_ca",
            "expires",
            "days_left",
            "key",
            "signature",
            "protocol",
            "cipher_suite",
            "key_exchange",
            "trusted",
            "revocation",
            "worst_finding",
            "sha256",
        ],
        Register::Dora => &[
            "certificate",
            "subject",
            "names",
            "issuing_ca",
            "serial",
            "sha256",
            "valid_from",
            "expires",
            "days_left",
            "key",
            "signature",
            "stored_at",
            "address",
            "function_supported",
            "owner",
            "reviewer",
            "reviewed",
            "last_seen",
            "trusted",
            "worst_finding",
        ],
    }
}

/// What the register is, as its page says.
fn words(register: Register) -> (&'static str, &'static str) {
    match register {
        Register::Pci => (
            "PCI DSS 4.0.1: certificates and cryptography in use",
            "Requirement 4.2.1.1: an inventory of the trusted keys and certificates that protect account data in \
             transit. Requirement 12.3.3: cipher suites and protocols in use with purpose and place, reviewed at \
             least once in twelve months.",
        ),
        Register::Dora => (
            "DORA: register of certificates and of the devices that store them",
            "Delegated Regulation (EU) 2024/1774, article 7(4). One line for each certificate at each place where it \
             was found in use.",
        ),
    }
}

/// Writes a register.
pub struct RegisterReport<'s, W: Write> {
    out: Sink<W>,
    register: Register,
    now: UnixTime,
    steward: &'s dyn Fn(&Endpoint) -> Steward,
    rows: u64,
    lacking: u64,
    unreached: u64,
}

impl<W: Write> std::fmt::Debug for RegisterReport<'_, W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RegisterReport").field("register", &self.register).finish_non_exhaustive()
    }
}

enum Sink<W: Write> {
    Csv(Box<csv::Writer<W>>),
    /// The rows that the page shows.
    Html(W, Vec<Vec<String>>),
}

impl<'s, W: Write> RegisterReport<'s, W> {
    /// Writes the heading.
    ///
    /// # Errors
    /// Whatever the writer says.
    pub fn begin(
        out: W,
        _head: &ReportHead<'_>,
        register: Register,
        form: RegisterForm,
        now: UnixTime,
        steward: &'s dyn Fn(&Endpoint) -> Steward,
    ) -> io::Result<Self> {
        let out = match form {
            RegisterForm::Html => Sink::Html(out, Vec::new()),
            RegisterForm::Csv => {
                let mut builder = csv::WriterBuilder::new();
                let mut out = builder.terminator(csv::Terminator::CRLF).from_writer(out);
                out.write_record(columns(register)).map_err(writer_error)?;
                Sink::Csv(Box::new(out))
            }
        };
        Ok(Self { out, register, now, steward, rows: 0, lacking: 0, unreached: 0 })
    }

    fn row(&mut self, view: &EndpointView<'_>, chain: &Chain, is_presented: bool) -> io::Result<()> {
        let steward = (self.steward)(&view.observation.endpoint);
        let Some(row) = row(view, chain, is_presented, &steward, self.register, self.now) else {
            return Ok(());
        };
        self.rows += 1;
        self.lacking += u64::from(row.lacks);
        match &mut self.out {
            Sink::Csv(out) => {
                let cells: Vec<String> = row.cells.iter().map(|cell| escape_for_csv(cell)).collect();
                out.write_record(&cells).map_err(writer_error)
            }
            Sink::Html(_, rows) => {
                if rows.len() < MOST_ROWS {
                    rows.push(row.cells);
                }
                Ok(())
            }
        }
    }
}

impl<W: Write> RecordWriter for RegisterReport<'_, W> {
    fn endpoint(&mut self, endpoint: &EndpointView<'_>) -> io::Result<()> {
        match &endpoint.observation.outcome {
            Outcome::Failure(_) => {
                self.unreached += 1;
                Ok(())
            }
            Outcome::Read(chain) => self.row(endpoint, chain, true),
            Outcome::Handshake(handshake) => {
                self.row(endpoint, &handshake.presented, true)?;
                handshake
                    .other_chains
                    .iter()
                    .try_for_each(|other| self.row(endpoint, &other.presented, false))
            }
        }
    }

    /// Nothing: a line is a certificate at an endpoint.
    fn certificate(&mut self, _certificate: &CertificateView<'_>) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, head: &ReportHead<'_>) -> io::Result<()> {
        let (title, lead) = words(self.register);
        match &mut self.out {
            Sink::Csv(out) => out.flush(),
            Sink::Html(out, rows) => write_register(
                out,
                &RegisterPage {
                    head,
                    now: self.now,
                    title,
                    lead,
                    columns: columns(self.register),
                    rows,
                    total: self.rows,
                    lacking: self.lacking,
                    unreached: self.unreached,
                },
            ),
        }
    }
}

fn writer_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("CSV: {other:?}")),
    }
}

fn row(
    view: &EndpointView<'_>,
    chain: &Chain,
    is_presented: bool,
    steward: &Steward,
    register: Register,
    now: UnixTime,
) -> Option<Row> {
    let leaf = chain.end_entity()?;
    let place = &view.observation.endpoint;
    let tls = match &view.observation.outcome {
        Outcome::Handshake(handshake) if is_presented => Some(&handshake.tls),
        _ => None,
    };
    let trust =
        view.assessment.chains.first().filter(|_| is_presented).and_then(|chain| chain.trust.is_trusted());
    let subject = Subject::Certificate(leaf.sha256);
    let open = view.findings.iter().filter(|finding| {
        finding.state != crate::model::FindingState::Resolved
            && (is_presented || finding.verdict.subject == subject)
    });
    let worst = open.map(|finding| finding.verdict.severity).max().map(Severity::name).unwrap_or_default();
    let revocation = match is_presented {
        true => crate::wire::v1::endpoint_document(view).revocation.status.into_owned(),
        false => "not_checked".to_owned(),
    };
    let names = leaf.san.as_ref().map(|san| {
        let dns = san.dns.iter().map(|name| name.raw().to_owned());
        dns.chain(san.ip.iter().map(ToString::to_string)).collect::<Vec<_>>().join(" ")
    });
    let given = |value: &Option<String>| value.clone().unwrap_or_default();
    let cell = |column: &&str| {
        let value = match *column {
            "location" | "stored_at" => place.label(),
            "address" => place.address.map(|address| address.to_string()).unwrap_or_default(),
            "purpose" | "function_supported" => given(&steward.purpose),
            "owner" => view.owner.unwrap_or_default().to_owned(),
            "reviewer" => given(&steward.reviewer),
            "reviewed" => given(&steward.reviewed),
            "review_due" => review_due(steward),
            "certificate" => leaf.label().raw().to_owned(),
            "subject" => leaf.subject.text.raw().to_owned(),
            "names" => names.clone().unwrap_or_default(),
            "issuing_ca" => leaf.issuer.text.raw().to_owned(),
            "serial" => leaf.serial_hex(),
            "sha256" => leaf.sha256.to_string(),
            "valid_from" => leaf.not_before.map(date).unwrap_or_default(),
            "expires" => leaf.not_after.map(date).unwrap_or_default(),
            "days_left" => leaf
                .not_after
                .map(|end| (end.seconds_since(now).max(0) / DAY_SECONDS).to_string())
                .unwrap_or_default(),
            "key" => leaf.key.as_ref().map(key_name).unwrap_or_default(),
            "signature" => {
                leaf.signature.as_ref().map(|signature| signature.name.clone()).unwrap_or_default()
            }
            "protocol" => {
                tls.and_then(|tls| tls.version).map(|version| version.to_string()).unwrap_or_default()
            }
            "cipher_suite" => {
                tls.and_then(|tls| tls.cipher_suite).map(|suite| suite.to_string()).unwrap_or_default()
            }
            "key_exchange" => {
                tls.and_then(|tls| tls.group).map(|group| group.to_string()).unwrap_or_default()
            }
            "trusted" => trust.map_or("", |trusted| if trusted { "yes" } else { "no" }).to_owned(),
            "revocation" => revocation.clone(),
            "worst_finding" => worst.to_owned(),
            "last_seen" => view.observation.observed_at.to_string(),
            _ => String::new(),
        };
        value.chars().take(LONGEST_CELL).collect()
    };
    let overdue = UnixTime::parse(&review_due(steward)).is_none_or(|due| due < now);
    let lacks = view.owner.is_none() || steward.purpose.is_none() || steward.reviewer.is_none() || overdue;
    Some(Row { cells: columns(register).iter().map(cell).collect(), lacks })
}

/// When the next review is due; empty where nobody says when the last one was.
fn review_due(steward: &Steward) -> String {
    let reviewed = steward.reviewed.as_deref().and_then(UnixTime::parse);
    reviewed.map(|time| date(time.plus_seconds(REVIEW_DAYS * DAY_SECONDS))).unwrap_or_default()
}
