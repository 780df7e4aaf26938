//! Inspect: chains in files, judged exactly as served ones.

use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::AppError;
use super::judge::{Judge, Judged, PublicCertificates};
use super::parts::{host_name, trust_stores, user_name};
use super::report::Form;
use super::scan::scan_id;
use crate::assess::NoInventory;
use crate::clock::{Clock, SystemClock};
use crate::model::{
    Counts, Depth, Endpoint, Failure, Observation, Outcome, Reason, Scan, ScanParameters, ScanState,
    ServerName, Severity, Stage, Transport,
};
use crate::report::{
    CsvReport, JsonLayout, JsonReport, JsonlReport, RecordWriter, TableBuilder, TableOptions,
};
use crate::time::UnixTime;
use crate::wire::v1::{CertificateView, ReportView, ScanView, report_head};
use crate::x509::bundle::{self, parse_bundle};
use crate::x509::verify::SignatureCheck;
use crate::x509::{Certificate, Chain, read_chain};

/// Which files to judge, and how.
#[derive(Debug, Clone, Default)]
pub struct InspectRequest {
    pub files: Vec<PathBuf>,
    pub trust: Vec<String>,
    /// The name that the certificates must be valid for.
    pub name: Option<String>,
    /// Judge as at this time; `None` for now.
    pub at: Option<UnixTime>,
    /// File with the password of PKCS#12 files.
    pub password_file: Option<PathBuf>,
}

/// Judged files.
#[derive(Debug)]
pub struct Inspected {
    judged: Vec<Judged>,
    judge: Judge,
    scan: Scan,
    notes: Vec<String>,
    now: UnixTime,
}

/// Reads and judges the files. A file that cannot be read as certificates is a failure in the report.
///
/// # Errors
/// The name, a trust store, the password file or a file itself cannot be used.
pub fn inspect(request: &InspectRequest) -> Result<Inspected, AppError> {
    let (stores, notes) = trust_stores(&request.trust)?;
    let judge = Judge::new(stores, None);
    let name = request
        .name
        .as_deref()
        .map(|name| ServerName::parse(name).map_err(|why| AppError::bad_name(name, &why)));
    let name = name.transpose()?;
    let password = request.password_file.as_deref().map(read_password).transpose()?;
    let clock_now = SystemClock.now();
    let now = request.at.unwrap_or(clock_now);
    let mut judged = Vec::new();
    for file in &request.files {
        for outcome in read_file(file, password.as_deref())? {
            let path: Arc<str> = file.to_string_lossy().into();
            let endpoint = Endpoint {
                transport: Transport::File,
                address: None,
                port: None,
                server_name: name.clone(),
                starttls: None,
                path: Some(Arc::clone(&path)),
            };
            let observation = Observation { endpoint, target: path, observed_at: clock_now, outcome };
            judged.push(judge.judge(observation, &NoInventory, false, now));
        }
    }
    let scan = accounts(&judged, request, clock_now);
    Ok(Inspected { judged, judge, scan, notes, now })
}

fn read_file(path: &Path, password: Option<&str>) -> Result<Vec<Outcome>, AppError> {
    let bytes = read_capped(path, bundle::MAX_BYTES as u64)?;
    match parse_bundle(&bytes, password) {
        Ok(chains) => Ok(chains.iter().map(|chain| Outcome::Read(read_chain(chain))).collect()),
        Err(error) => {
            let failure = Failure::new(Stage::Decode, Reason::Unreadable, error.to_string());
            Ok(vec![Outcome::Failure(failure)])
        }
    }
}

fn read_password(path: &Path) -> Result<String, AppError> {
    let bytes = read_capped(path, 4_096)?;
    let text = String::from_utf8(bytes).map_err(|_| AppError::File {
        path: path.to_owned(),
        message: "the password is not UTF-8".to_owned(),
    })?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn read_capped(path: &Path, limit: u64) -> Result<Vec<u8>, AppError> {
    let failed = |message: String| AppError::File { path: path.to_owned(), message };
    let file = std::fs::File::open(path).map_err(|error| failed(format!("cannot be read: {error}")))?;
    let mut bytes = Vec::new();
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| failed(format!("cannot be read: {error}")))?;
    if bytes.len() as u64 > limit {
        return Err(failed(format!("is larger than {limit} bytes; that is no file of certificates")));
    }
    Ok(bytes)
}

fn accounts(judged: &[Judged], request: &InspectRequest, now: UnixTime) -> Scan {
    let mut counts = Counts { targets: request.files.len() as u64, ..Counts::default() };
    for one in judged {
        match &one.observation.outcome {
            Outcome::Read(_) => counts.read += 1,
            Outcome::Failure(failure) => {
                counts.endpoints += 1;
                counts.failure += 1;
                *counts.failures.entry(failure.code()).or_default() += 1;
            }
            Outcome::Handshake(_) => counts.handshake += 1,
        }
    }
    counts.certificates = certificates(judged).len() as u64;
    Scan {
        id: scan_id(now, [0; 4]),
        profile: None,
        started_at: now,
        finished_at: Some(now),
        state: ScanState::Complete,
        vantage: host_name(),
        actor: user_name(),
        parameters: ScanParameters {
            targets: request.files.iter().map(|file| file.to_string_lossy().into_owned()).collect(),
            ports: String::new(),
            depth: Depth::Standard,
            rate: None,
            resolver: None,
            profile_sha256: None,
            profile_source: None,
            trust: Vec::new(),
        },
        exclusions: Vec::new(),
        counts,
    }
}

/// Each certificate once, with how many files have it.
fn certificates(judged: &[Judged]) -> Vec<(Arc<Certificate>, u64)> {
    let mut found: Vec<(Arc<Certificate>, u64)> = Vec::new();
    for chain in judged.iter().filter_map(|one| one.observation.outcome.presented()) {
        for certificate in unique(chain) {
            match found.iter_mut().find(|(known, _)| known.sha256 == certificate.sha256) {
                Some((_, files)) => *files += 1,
                None => found.push((Arc::clone(certificate), 1)),
            }
        }
    }
    found
}

fn unique(chain: &Chain) -> impl Iterator<Item = &Arc<Certificate>> {
    let all = &chain.certificates;
    all.iter()
        .enumerate()
        .filter(|(place, one)| !all.iter().take(*place).any(|other| other.sha256 == one.sha256))
        .map(|(_, one)| one)
}

impl Inspected {
    /// What a person should know about the trust stores.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The worst severity found. A file without certificates counts as high: it is not "fine".
    pub fn worst(&self) -> Option<Severity> {
        self.judged.iter().filter_map(|one| one.assessment.worst()).max()
    }

    /// Writes the report.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write_report(&self, form: Form, out: &mut (dyn Write + Send)) -> Result<(), AppError> {
        let stores = self.judge.store_views();
        let scan = ScanView { scan: &self.scan };
        let head = report_head(&ReportView { generated_at: self.now, stores: &stores, scan });
        match form {
            Form::Json => self.write_records(JsonReport::begin(out, &head, JsonLayout::Pretty)?, &head),
            Form::Jsonl => self.write_records(JsonlReport::new(out), &head),
            Form::Csv => self.write_records(CsvReport::begin(out, self.now)?, &head),
            Form::Table { width, colour } => {
                let mut table = TableBuilder::new(TableBuilder::DEFAULT_LIMIT);
                for one in &self.judged {
                    one.with_view(|_| None, |view| table.add(view));
                }
                let options = TableOptions { width, colour, now: self.now };
                let next = "certvigil inspect -f json FILE… gives everything";
                Ok(out.write_all(table.render(&options, &scan, &stores, next).as_bytes())?)
            }
        }
    }

    fn write_records(
        &self,
        mut writer: impl RecordWriter,
        head: &crate::wire::v1::ReportHead<'_>,
    ) -> Result<(), AppError> {
        for one in &self.judged {
            one.with_view(|_| None, |view| writer.endpoint(view))?;
        }
        let seen = self.scan.started_at;
        let mut public = PublicCertificates::default();
        self.judged.iter().for_each(|one| public.learn(&self.judge, one));
        for (certificate, files) in certificates(&self.judged) {
            writer.certificate(&CertificateView {
                certificate: &certificate,
                first_seen: seen,
                last_seen: seen,
                endpoints: files,
                public_trust: public.contains(&self.judge, &certificate.sha256),
                self_signed: certificate.is_self_signed() == SignatureCheck::Verified,
            })?;
        }
        Ok(writer.finish(head)?)
    }
}
