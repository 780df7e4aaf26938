//! Reports of scans: judged observations and certificates, written in the form asked for.

use std::cell::RefCell;
use std::io::{self, Write};

use super::AppError;
use super::assess::{Surroundings, flow, walk};
use super::blocklists::blocklists;
use super::form::{Setting, writer};
use super::judge::{Judge, Judged, PublicCertificates};
use super::kept::Kept;
use super::origins::origins_of;
use super::parts::{Parts, trust_stores};
use super::policy::load_policies;
use super::recorder::Listener;
use crate::clock::Clock;
use crate::config::{Ownership, Profile};
use crate::model::{Endpoint, Finding, FindingKey, FindingState, Scan, ScanState};
use crate::report::{
    CheckState, JsonLayout, JsonlReport, Origins, RecordWriter, Register, RegisterForm, Steward,
    TableBuilder, TableOptions, write_document,
};
use crate::store::{Store, StoreError, StoredScan};
use crate::text::{escape_for_terminal, shell_word};
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
        /// More of what deep inspection found.
        detailed: bool,
    },
    Json,
    Jsonl,
    Csv,
    Html,
    /// CycloneDX 1.6.
    Cbom,
    Sarif,
    Junit,
    /// A monitoring plugin's line.
    Nagios,
    Tlsx,
    Testssl,
    /// A register that a regulation asks for.
    Register(Register, RegisterForm),
}

/// The form of a report on a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaintainedForm {
    /// For a terminal of `width` columns.
    Table {
        width: usize,
        colour: bool,
    },
    Json,
    Html,
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
    surroundings: &'a Surroundings,
    kept: Kept<'a>,
    public: RefCell<PublicCertificates>,
    /// Judged as at this time.
    now: UnixTime,
    generated_at: UnixTime,
    /// Of a report on a time that somebody chose: what makes the same content as JSON.
    json_command: Option<String>,
}

impl<'a> ReportSource<'a> {
    pub(super) fn new(
        store: &'a Store,
        stored: &'a StoredScan,
        judge: &'a Judge,
        surroundings: &'a Surroundings,
        now: UnixTime,
        generated_at: UnixTime,
    ) -> Self {
        let (kept, public) = (Kept::new(store, now), RefCell::default());
        Self { store, stored, judge, surroundings, kept, public, now, generated_at, json_command: None }
    }

    fn is_dated(&self) -> bool {
        self.json_command.is_some()
    }

    /// The end of the scan.
    fn seen_until(&self) -> UnixTime {
        self.stored.scan.finished_at.unwrap_or(self.stored.scan.started_at)
    }

    /// Judged as at a time that somebody chose: made again, it is the same.
    pub(super) fn dated(mut self, json_command: String) -> Self {
        self.json_command = Some(json_command);
        self
    }

    /// Writes the whole report; the state of a check, where the form is a monitoring plugin's.
    pub(super) fn write(
        &self,
        form: Form,
        next_command: &str,
        out: &mut (dyn Write + Send),
    ) -> Result<Option<CheckState>, AppError> {
        let stores = self.judge.store_views();
        let scan = ScanView { scan: &self.stored.scan };
        if let Form::Table { width, colour, detailed } = form {
            let mut table = TableBuilder::new(TableBuilder::DEFAULT_LIMIT).detailed(detailed);
            self.each_endpoint(|view| {
                table.add(view);
                Ok(())
            })?;
            let options = TableOptions { width, colour, now: self.now };
            out.write_all(table.render(&options, &scan, &stores, next_command).as_bytes())?;
            return Ok(None);
        }
        let head = report_head(&ReportView {
            generated_at: self.generated_at,
            policies: self.judge.policies(),
            stores: &stores,
            scan,
        });
        let origins = if form == Form::Sarif { origins_of(&self.stored.scan) } else { Origins::default() };
        let steward = |endpoint: &Endpoint| steward(self.judge.ownership_of(endpoint));
        let json_command = self.json_command.clone();
        let setting = Setting { now: self.now, origins: &origins, json_command, steward: &steward };
        let Some(mut writer) = writer(form, out, &head, &setting)? else { return Ok(None) };
        self.write_records(&mut *writer)?;
        Ok(writer.check_state())
    }

    /// Writes what follows the endpoints that were written during the scan.
    pub(super) fn write_closing_lines(&self, out: &mut (dyn Write + Send)) -> Result<(), AppError> {
        // Judged once more, for what the certificates' lines tell.
        self.each_endpoint(|_| Ok(()))?;
        self.write_rest(&mut JsonlReport::new(out))
    }

    fn write_records(&self, writer: &mut dyn RecordWriter) -> Result<(), AppError> {
        self.each_endpoint(|view| writer.endpoint(view))?;
        self.write_rest(writer)
    }

    fn write_rest(&self, writer: &mut dyn RecordWriter) -> Result<(), AppError> {
        self.each_certificate(|view| writer.certificate(view))?;
        let stores = self.judge.store_views();
        let scan = ScanView { scan: &self.stored.scan };
        Ok(writer.finish(&report_head(&ReportView {
            generated_at: self.generated_at,
            policies: self.judge.policies(),
            stores: &stores,
            scan,
        }))?)
    }

    /// Judges every endpoint, one after the other.
    pub(super) fn each_endpoint(
        &self,
        mut write: impl FnMut(&EndpointView<'_>) -> io::Result<()>,
    ) -> Result<(), AppError> {
        let life = |key: &FindingKey| {
            let kept = kept_finding(self.store, self.stored.scan.profile.as_deref(), key)?;
            if self.is_dated() { as_at(kept, self.now) } else { Some(kept) }
        };
        walk(
            self.store,
            &self.kept,
            self.stored,
            self.judge,
            self.surroundings,
            self.now,
            |judged: Judged| {
                self.public.borrow_mut().learn(self.judge, &judged);
                Ok(judged.with_view(life, |view| write(view))?)
            },
        )
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
                    // Later scans may have seen it since; a report on a past time does not change with them.
                    last_seen: if self.is_dated() { self.seen_until() } else { stored.last_seen },
                    endpoints: stored.endpoints,
                    public_trust: self.public.borrow().contains(self.judge, &stored.sha256),
                    self_signed: certificate.is_self_signed() == SignatureCheck::Verified,
                })?)
            };
            flow(step(), &mut failed)
        })?;
        failed.map_or(Ok(()), Err)
    }
}

/// The profile's finding with this key. A record that cannot be read is reported by `doctor`; here it has no life.
fn kept_finding(store: &Store, profile: Option<&str>, key: &FindingKey) -> Option<Finding> {
    let stored = store.finding(profile?, key).ok().flatten()?;
    Some(stored.finding)
}

/// The finding as it was at a past time; `None` before it was found. Of decisions, the last one is known.
fn as_at(mut finding: Finding, at: UnixTime) -> Option<Finding> {
    if finding.first_seen > at {
        return None;
    }
    if finding.resolved_at.is_some_and(|resolved| resolved > at) {
        finding.resolved_at = None;
        finding.state = FindingState::Open;
    }
    if finding.decision.as_ref().is_some_and(|decision| decision.at > at) {
        finding.decision = None;
        finding.state = FindingState::Open;
    }
    Some(finding)
}

/// What the profile says of an endpoint, for the registers.
fn steward(found: Ownership) -> Steward {
    Steward {
        purpose: found.purpose,
        reviewer: found.reviewer,
        reviewed: found.reviewed.map(|reviewed| reviewed.0),
    }
}

/// Writes each endpoint as a line of JSON when it is recorded, judged by what the record knows by then.
pub(super) fn stream<'a>(
    store: &'a Store,
    profile: Option<String>,
    kept: &'a Kept<'a>,
    judge: &'a Judge,
    surroundings: Surroundings,
    clock: &'a dyn Clock,
    lines: &'a mut (dyn Write + Send),
) -> Box<Listener<'a>> {
    let mut writer = JsonlReport::new(lines);
    Box::new(move |stored| {
        let observation = kept.observation(stored)?;
        let past = surroundings.past(store, kept, &observation)?;
        let judged = judge.judge(observation, kept, &past, clock.now());
        let life = |key: &FindingKey| kept_finding(store, profile.as_deref(), key);
        Ok(judged.with_view(life, |view| writer.endpoint(view))?)
    })
}

/// Which scan to report, and how to judge it.
#[derive(Debug, Clone, Default)]
pub struct ReportRequest {
    /// The scan's id, or `latest`.
    pub scan: String,
    /// The scan's profile, where it is not found by its name.
    pub profile: Option<String>,
    /// Trust stores; none are those of `profile` where it is named, else those of the scan.
    pub trust: Vec<String>,
    /// Policies to judge under; none are those of `profile`, as it is now.
    pub policies: Vec<String>,
    /// Judge as at this time; `latest` is then the last scan that had ended by it.
    pub at: Option<UnixTime>,
}

/// What became of a report.
#[derive(Debug)]
pub struct Written {
    /// What a person should know of trust stores and profiles that are not there.
    pub notes: Vec<String>,
    /// The state of a check, where the form is a monitoring plugin's.
    pub check: Option<CheckState>,
}

/// Writes the report of a scan in the record, judged as at its end or as at the time asked for.
///
/// # Errors
/// There is no such scan, the record cannot be read, or the report not written.
pub fn write_kept_report(
    parts: &Parts,
    request: &ReportRequest,
    form: Form,
    out: &mut (dyn Write + Send),
) -> Result<Written, AppError> {
    let store = parts.read_store()?;
    let stored = wanted_scan(&store, request)?;
    let (profile, note) = profile_of(&stored.scan, request.profile.as_deref())?;
    // Judged by the stores of the scan, unless somebody wants it otherwise.
    let of_scan = match &profile {
        Some(named) if request.profile.is_some() => named.trust.as_deref().unwrap_or_default(),
        _ => &stored.scan.parameters.trust,
    };
    let (stores, mut notes) = trust_stores(if request.trust.is_empty() { of_scan } else { &request.trust })?;
    notes.extend(note);
    let of_profile = profile.as_ref().map(|profile| profile.policies.as_slice()).unwrap_or_default();
    let policies = if request.policies.is_empty() { of_profile } else { &request.policies };
    let judge = Judge::new(stores, profile.as_ref())
        .under(load_policies(policies)?)
        .with_blocklist(blocklists(&parts.settings.blocklists)?);
    let now = parts.clock.now();
    let at = request.at.or(stored.scan.finished_at).unwrap_or(now);
    let surroundings = Surroundings::of(&store, &Kept::new(&store, at), &stored, at)?;
    let generated_at = request.at.unwrap_or(now);
    let mut source = ReportSource::new(&store, &stored, &judge, &surroundings, at, generated_at);
    if request.at.is_some() {
        source = source.dated(json_command(request, &stored.scan, at));
    }
    let next = match stored.scan.state {
        ScanState::Complete => parts.next_command("certvigil inventory list --expires-within 30d"),
        ScanState::Running | ScanState::Incomplete => GO_ON.to_owned(),
    };
    let check = source.write(form, &next, out)?;
    Ok(Written { notes, check })
}

/// The scan with the id asked for, or the last one, by the time asked for.
fn wanted_scan(store: &Store, request: &ReportRequest) -> Result<StoredScan, AppError> {
    if let (Some(at), "latest") = (request.at, request.scan.as_str()) {
        let ended = |stored: &StoredScan| stored.scan.finished_at.is_some_and(|end| end <= at);
        return store.scans()?.into_iter().rfind(ended).ok_or_else(|| {
            AppError::Usage(format!(
                "no scan had ended by {at}; `certvigil inventory list --at` shows what was known"
            ))
        });
    }
    store.scan(&request.scan).map_err(|error| match error {
        StoreError::UnknownScan(id) if id == "latest" => AppError::EmptyRecord,
        other => other.into(),
    })
}

/// The command that makes the JSON report of the same scan, time, profile and trust stores.
fn json_command(request: &ReportRequest, scan: &Scan, at: UnixTime) -> String {
    let mut command = format!("certvigil report --scan {} --at {at} -f json", scan.id);
    if let Some(profile) = &request.profile {
        command.push_str(&format!(" --profile {}", shell_word(profile)));
    }
    for store in &request.trust {
        command.push_str(&format!(" --trust {}", shell_word(store)));
    }
    command
}

/// The profile that a scan ran with, as it is now: the one named, else the one of that name.
pub(super) fn profile_of(
    scan: &Scan,
    asked: Option<&str>,
) -> Result<(Option<Profile>, Option<String>), AppError> {
    let Some(name) = scan.profile.as_deref() else {
        return match asked {
            Some(_) => Err(AppError::Usage(format!("scan {} ran without a profile", scan.id))),
            None => Ok((None, None)),
        };
    };
    let shown = escape_for_terminal(name);
    let profile = match (
        asked,
        Profile::load(asked.or(scan.parameters.profile_source.as_deref()).unwrap_or(name)),
    ) {
        (_, Ok(profile)) => profile,
        (Some(_), Err(error)) => return Err(error.into()),
        (None, Err(error)) => {
            return Ok((
                None,
                Some(format!(
                    "the report is without owners, tags and severities of the scan's profile: {error}; name it with --profile FILE"
                )),
            ));
        }
    };
    if profile.name != name {
        return Err(AppError::Usage(format!(
            "scan {} ran with profile `{shown}`, not with that one",
            scan.id
        )));
    }
    let is_same = profile.sha256.map(|sha256| sha256.to_string()) == scan.parameters.profile_sha256;
    let note = format!(
        "profile `{shown}` is not as it was at the scan, or is another of that name; owners, tags and severities are those of now"
    );
    Ok((Some(profile), (!is_same).then_some(note)))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::scan;

    /// A profile in a file, and a scan that ran with it.
    fn ran(text: &str) -> (tempfile::TempDir, String, Scan) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("web-of-our-own.toml");
        std::fs::write(&path, text).unwrap();
        let path = path.to_str().unwrap().to_owned();
        let profile = Profile::load(&path).unwrap();
        let mut scan = scan(UnixTime(0));
        scan.profile = Some(profile.name);
        scan.parameters.profile_sha256 = profile.sha256.map(|sha256| sha256.to_string());
        (folder, path, scan)
    }

    #[test]
    fn a_profile_that_was_a_file_is_missed_and_may_be_named() {
        let (_folder, path, scan) = ran("fail_on = \"low\"");
        let (profile, note) = profile_of(&scan, None).unwrap();
        assert!(profile.is_none());
        assert!(note.unwrap().contains("name it with --profile FILE"));
        let (profile, note) = profile_of(&scan, Some(&path)).unwrap();
        assert!(profile.is_some());
        assert_eq!(note, None);
        let other = profile_of(&scan, Some("web")).unwrap_err().to_string();
        assert!(other.contains("ran with profile `web-of-our-own`"), "{other}");
    }

    #[test]
    fn a_profile_that_changed_is_used_and_told() {
        let (_folder, path, scan) = ran("fail_on = \"low\"");
        std::fs::write(&path, "fail_on = \"high\"").unwrap();
        let (profile, note) = profile_of(&scan, Some(&path)).unwrap();
        assert!(profile.is_some());
        assert!(note.unwrap().contains("is not as it was at the scan"));
    }

    #[test]
    fn a_scan_without_a_profile_has_none() {
        let scan = Scan { profile: None, ..scan(UnixTime(0)) };
        assert!(matches!(profile_of(&scan, None), Ok((None, None))));
        assert!(profile_of(&scan, Some("web")).unwrap_err().to_string().contains("without a profile"));
    }
}
