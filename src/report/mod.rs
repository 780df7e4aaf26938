//! Documents to bytes: table, JSON, JSONL, CSV, HTML, CycloneDX, SARIF, JUnit, a plugin's line, mail. Never opens a file or knows a terminal: the width, the colours and
//! the time come in as arguments, the bytes go to a writer.
//!
//! Text of a peer cannot break a format, forge a line, move a cursor, run in a browser or start a formula:
//! `json_text`, [`crate::text::escape_for_csv`], [`crate::text::escape_for_html`], [`crate::text::mail_header`] and
//! `layout::clean` are the only ways out.

mod cbom;
mod csv;
mod diff;
mod doctor;
mod essence;
mod findings;
mod history;
mod html;
mod inventory;
mod json;
mod json_text;
mod jsonl;
mod junit;
mod layout;
mod listing;
pub mod mail;
mod maintained;
mod markup;
mod nagios;
mod origins;
mod outbox;
mod phrases;
mod policy;
mod readiness;
mod register;
mod sarif;
mod shared_factors;
mod silences;
mod style;
mod table;
#[cfg(test)]
mod tests;
mod testssl;
mod tlsx;

use std::io;

pub use cbom::CbomReport;
pub use csv::{CsvReport, csv_columns};
pub use diff::diff_table;
pub use doctor::doctor_table;
pub use findings::findings_table;
pub use history::history_table;
pub use html::{HtmlOptions, HtmlReport, write_maintained};
pub use inventory::{inventory_table, show_table};
pub use json::{JsonReport, write_document};
pub use json_text::JsonLayout;
pub use jsonl::JsonlReport;
pub use junit::JunitReport;
pub use layout::{Cell, Column};
pub use listing::Listing;
pub use mail::{MailBuilder, MailOptions, MailText};
pub use maintained::maintained_table;
pub use nagios::{CheckState, NagiosReport, nagios_error};
pub use origins::{Origin, Origins};
pub use outbox::outbox_table;
pub use phrases::{counted, number};
pub use policy::{explain_table, policies_table, policy_check_table, policy_table, simulation_table};
pub use readiness::readiness_table;
pub use register::{Register, RegisterForm, RegisterReport, Steward};
pub use sarif::SarifReport;
pub use shared_factors::shared_factors_table;
pub use silences::silences_table;
pub use style::Style;
pub use table::TableBuilder;
pub use testssl::TestsslReport;
pub use tlsx::TlsxReport;

use crate::time::UnixTime;
use crate::wire::v1::{CertificateView, EndpointView, ReportHead};

/// A report that is written record by record, in memory that does not grow with it.
pub trait RecordWriter {
    /// Writes one endpoint.
    ///
    /// # Errors
    /// Whatever the writer says; a broken pipe is [`io::ErrorKind::BrokenPipe`].
    fn endpoint(&mut self, endpoint: &EndpointView<'_>) -> io::Result<()>;

    /// Writes one certificate, where the format has a place for it. In JSON, certificates follow the endpoints.
    ///
    /// # Errors
    /// As for [`RecordWriter::endpoint`].
    fn certificate(&mut self, certificate: &CertificateView<'_>) -> io::Result<()>;

    /// Closes the report and flushes the writer. A report that was not finished says so by its form.
    ///
    /// # Errors
    /// As for [`RecordWriter::endpoint`].
    fn finish(&mut self, head: &ReportHead<'_>) -> io::Result<()>;

    /// What a monitoring plugin exits with: of a format that is a plugin's answer, once it is finished.
    fn check_state(&self) -> Option<CheckState> {
        None
    }
}

/// How a table is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableOptions {
    /// Columns of the terminal; fewer than 40 count as 40, more than 240 as 240.
    pub width: usize,
    /// Colours beside the words, never instead of them.
    pub colour: bool,
    /// What "in 12 d" counts from.
    pub now: UnixTime,
}

impl TableOptions {
    /// With a width that a table can be laid out in.
    fn bounded(self) -> Self {
        Self { width: self.width.clamp(40, 240), ..self }
    }
}
