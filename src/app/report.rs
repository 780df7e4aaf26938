//! Reports of scans: judged observations and certificates, written in the form asked for.

use std::cell::RefCell;
use std::io::{self, Write};

use super::AppError;
use super::findings::{Skews, fell_silent, skews, walk};
use super::judge::{Judge, Judged, PublicCertificates};
use super::kept::Kept;
use super::parts::{Parts, trust_stores};
use super::recorder::Listener;
use crate::clock::Clock;
use crate::config::Profile;
use crate::model::{Finding, FindingKey, Scan, ScanState};
use crate::report::{
    CsvReport, JsonLayout, JsonReport, JsonlReport, RecordWriter, TableBuilder, TableOptions, write_document,
};
use crate::store::{Flow, Store, StoreError, StoredScan};
use crate::time::UnixTime;
use crate::wire::v1::{CertificateView, EndpointView, ReportView, ScanView, report_head};
use crate::x509::verify::SignatureCheck;

/// The next command after a scan that was interrupted.
pub(super) const GO_ON: &str = "certvigil scan --resume … with the same targets and profile goes on";

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// For a terminal of `width` columns.
    Table {
        width: usize,
        colour: bool,
    },
    Json,
    Jsonl,
    Csv,
}

/// The form of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListForm {
    /// For a terminal of `width` columns.
    Table {
        width: usize,
        colour: bool,
    },
    Json,
}

/// Everything a scan's report is made from.
pub(super) struct ReportSource<'a> {
    store: &'a Store,
    stored: &'a StoredScan,
    judge: &'a Judge,
    skews: &'a Skews,
    kept: Kept<'a>,
    public: RefCell<PublicCertificates>,
    now: UnixTime,
}

impl<'a> ReportSource<'a> {
    pub(super) fn new(
        store: &'a Store,
        stored: &'a StoredScan,
        judge: &'a Judge,
        skews: &'a Skews,
        now: UnixTime,
    ) -> Self {
        Self { store, stored, judge, skews, kept: Kept::new(store, now), public: RefCell::default(), now }
    }

    /// Writes the whole report.
    pub(super) fn write(
        &self,
        form: Form,
        next_command: &str,
        out: &mut (dyn Write + Send),
    ) -> Result<(), AppError> {
        let stores = self.judge.store_views();
        let head = report_head(&ReportView {
            generated_at: self.now,
            stores: &stores,
            scan: ScanView { scan: &self.stored.scan },
        });
        match form {
            Form::Json => self.write_records(JsonReport::begin(out, &head, JsonLayout::Pretty)?),
            Form::Jsonl => self.write_records(JsonlReport::new(out)),
            Form::Csv => self.write_records(CsvReport::begin(out, self.now)?),
            Form::Table { width, colour } => {
                let mut table = TableBuilder::new(TableBuilder::DEFAULT_LIMIT);
                self.each_endpoint(|view| {
                    table.add(view);
                    Ok(())
                })?;
                let options = TableOptions { width, colour, now: self.now };
                let scan = ScanView { scan: &self.stored.scan };
                Ok(out.write_all(table.render(&options, &scan, &stores, next_command).as_bytes())?)
            }
        }
    }

    /// Writes what follows the endpoints that were written during the scan.
    pub(super) fn write_closing_lines(&self, out: &mut (dyn Write + Send)) -> Result<(), AppError> {
        // Judged once more, for what the certificates' lines tell.
        self.each_endpoint(|_| Ok(()))?;
        self.write_rest(JsonlReport::new(out))
    }

    fn write_records(&self, mut writer: impl RecordWriter) -> Result<(), AppError> {
        self.each_endpoint(|view| writer.endpoint(view))?;
        self.write_rest(writer)
    }

    fn write_rest(&self, mut writer: impl RecordWriter) -> Result<(), AppError> {
        self.each_certificate(|view| writer.certificate(view))?;
        let stores = self.judge.store_views();
        let scan = ScanView { scan: &self.stored.scan };
        Ok(writer.finish(&report_head(&ReportView { generated_at: self.now, stores: &stores, scan }))?)
    }

    fn each_endpoint(
        &self,
        mut write: impl FnMut(&EndpointView<'_>) -> io::Result<()>,
    ) -> Result<(), AppError> {
        let life = |key: &FindingKey| kept_finding(self.store, self.stored.scan.profile.as_deref(), key);
        walk(self.store, &self.kept, self.stored, self.judge, self.skews, self.now, |judged: Judged| {
            self.public.borrow_mut().learn(self.judge, &judged);
            Ok(judged.with_view(life, |view| write(view))?)
        })
    }

    fn each_certificate(
        &self,
        mut write: impl FnMut(&CertificateView<'_>) -> io::Result<()>,
    ) -> Result<(), AppError> {
        let mut failed: Option<AppError> = None;
        self.store.certificates_of(self.stored.sequence, |stored| {
            let mut step = || -> Result<(), AppError> {
                let certificate = self.kept.certificate(&stored.sha256)?;
                Ok(write(&CertificateView {
                    certificate: &certificate,
                    first_seen: stored.first_seen,
                    last_seen: stored.last_seen,
                    endpoints: stored.endpoints,
                    public_trust: self.public.borrow().contains(self.judge, &stored.sha256),
                    self_signed: certificate.is_self_signed() == SignatureCheck::Verified,
                })?)
            };
            match step() {
                Ok(()) => Flow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    Flow::Break(())
                }
            }
        })?;
        failed.map_or(Ok(()), Err)
    }
}

/// The profile's finding with this key. A record that cannot be read is reported by `doctor`; here it has no life.
fn kept_finding(store: &Store, profile: Option<&str>, key: &FindingKey) -> Option<Finding> {
    let stored = store.finding(profile?, key).ok().flatten()?;
    Some(stored.finding)
}

/// Writes each endpoint as a line of JSON when it is recorded, judged by what the record knows by then.
pub(super) fn stream<'a>(
    store: &'a Store,
    profile: Option<&'a str>,
    kept: &'a Kept<'a>,
    judge: &'a Judge,
    clock: &'a dyn Clock,
    lines: &'a mut (dyn Write + Send),
) -> Box<Listener<'a>> {
    let mut writer = JsonlReport::new(lines);
    Box::new(move |stored| {
        let observation = kept.observation(stored)?;
        let fallen_silent = fell_silent(store, &observation)?;
        let judged = judge.judge(observation, kept, fallen_silent, clock.now());
        Ok(judged.with_view(|key| kept_finding(store, profile, key), |view| writer.endpoint(view))?)
    })
}

/// Writes the report of a scan in the record; gives notes about trust stores that are not there.
///
/// # Errors
/// There is no such scan, the record cannot be read, or the report not written.
pub fn write_kept_report(
    parts: &Parts,
    scan: &str,
    trust: &[String],
    form: Form,
    out: &mut (dyn Write + Send),
) -> Result<Vec<String>, AppError> {
    let store = parts.read_store()?;
    let stored = store.scan(scan).map_err(|error| match error {
        StoreError::UnknownScan(id) if id == "latest" => AppError::EmptyRecord,
        other => other.into(),
    })?;
    // Judged as the scan was, unless somebody wants it otherwise.
    let chosen = if trust.is_empty() { &stored.scan.parameters.trust } else { trust };
    let (stores, mut notes) = trust_stores(chosen)?;
    let profile = profile_of(&stored.scan, &mut notes);
    let judge = Judge::new(stores, profile.as_ref());
    let at = stored.scan.finished_at.unwrap_or_else(|| parts.clock.now());
    let skews = skews(&store, &Kept::new(&store, at), &stored)?;
    let source = ReportSource::new(&store, &stored, &judge, &skews, at);
    let next = match stored.scan.state {
        ScanState::Complete => "certvigil inventory list --expires-within 30d",
        ScanState::Running | ScanState::Incomplete => GO_ON,
    };
    source.write(form, next, out)?;
    Ok(notes)
}

/// The profile that the scan was made by, as it is now; a note says where that is not as it was.
fn profile_of(scan: &Scan, notes: &mut Vec<String>) -> Option<Profile> {
    let name = scan.profile.as_deref()?;
    match Profile::load(scan.parameters.profile_source.as_deref().unwrap_or(name)) {
        Ok(profile) => {
            let sha256 = profile.sha256.map(|sha256| sha256.to_string());
            if sha256 != scan.parameters.profile_sha256 {
                notes.push(format!(
                    "profile {name} was changed after this scan: owners and severities are today's"
                ));
            }
            Some(profile)
        }
        Err(error) => {
            notes.push(format!("{error}; the owners and severities of profile {name} are left out"));
            None
        }
    }
}

/// Writes a list as JSON, or as the table that `table` makes of it.
pub(super) fn write_list(
    form: ListForm,
    now: UnixTime,
    document: &impl serde::Serialize,
    table: impl FnOnce(&TableOptions) -> String,
    out: &mut dyn Write,
) -> Result<(), AppError> {
    match form {
        ListForm::Json => Ok(write_document(out, document, JsonLayout::Pretty)?),
        ListForm::Table { width, colour } => {
            Ok(out.write_all(table(&TableOptions { width, colour, now }).as_bytes())?)
        }
    }
}
