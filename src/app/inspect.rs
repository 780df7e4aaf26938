//! Inspect: chains in files, judged exactly as served ones.

use std::collections::{HashMap, HashSet};
use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::AppError;
use super::begin::scan_id;
use super::blocklists::blocklists;
use super::form::{Setting, writer};
use super::judge::{Judge, Judged, Past, PublicCertificates};
use super::parts::{host_name, trust_stores, user_name};
use super::policy::load_policies;
use super::report::Form;
use crate::assess::NoInventory;
use crate::clock::{Clock, SystemClock};
use crate::model::{
    Counts, Depth, Endpoint, Failure, Observation, Outcome, Reason, Scan, ScanParameters, ScanState,
    ServerName, Severity, Stage, StartTlsChoice, Transport,
};
use crate::report::{CheckState, Origins, RecordWriter, Steward, TableBuilder, TableOptions};
use crate::time::UnixTime;
use crate::wire::v1::{CertificateView, ReportView, ScanView, report_head};
use crate::x509::bundle::{self, parse_bundle};
use crate::x509::verify::SignatureCheck;
use crate::x509::{Certificate, Fingerprint, read_chain};

/// Which files to judge, and how.
#[derive(Debug, Clone, Default)]
pub struct InspectRequest {
    pub files: Vec<PathBuf>,
    pub trust: Vec<String>,
    /// Policies to judge under, beside the built-in one.
    pub policies: Vec<String>,
    /// The name that the certificates must be valid for.
    pub name: Option<String>,
    /// Judge as at this time; `None` for now.
    pub at: Option<UnixTime>,
    /// File with the password of PKCS#12 files.
    pub password_file: Option<PathBuf>,
    /// Lists of compromised keys.
    pub blocklists: Vec<PathBuf>,
}

/// Judged files.
#[derive(Debug)]
pub struct Inspected {
    judged: Vec<Judged>,
    judge: Judge,
    scan: Scan,
    notes: Vec<String>,
    /// Judged as at this time.
    now: UnixTime,
}

/// Reads and judges the files. A file that cannot be read as certificates is a failure in the report.
///
/// # Errors
/// The name, a trust store, the password file or a file itself cannot be used.
pub fn inspect(request: &InspectRequest) -> Result<Inspected, AppError> {
    let (stores, notes) = trust_stores(&request.trust)?;
    let judge = Judge::new(stores, None)
        .under(load_policies(&request.policies)?)
        .with_blocklist(blocklists(&request.blocklists)?);
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
            judged.push(judge.judge(observation, &NoInventory, &Past::default(), now));
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
            starttls: StartTlsChoice::Never,
            transports: vec![Transport::File],
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

/// Each certificate once, in the order met, with how many chains have it.
fn certificates(judged: &[Judged]) -> Vec<(Arc<Certificate>, u64)> {
    let mut found: Vec<(Arc<Certificate>, u64)> = Vec::new();
    let mut places: HashMap<Fingerprint, usize> = HashMap::new();
    for chain in judged.iter().filter_map(|one| one.observation.outcome.presented()) {
        let mut met = HashSet::new();
        for certificate in chain.certificates.iter().filter(|one| met.insert(one.sha256)) {
            let place = *places.entry(certificate.sha256).or_insert(found.len());
            match found.get_mut(place) {
                Some((_, chains)) => *chains += 1,
                None => found.push((Arc::clone(certificate), 1)),
            }
        }
    }
    found
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
    pub fn write_report(
        &self,
        form: Form,
        out: &mut (dyn Write + Send),
    ) -> Result<Option<CheckState>, AppError> {
        let stores = self.judge.store_views();
        let scan = ScanView { scan: &self.scan };
        if let Form::Table { width, colour, .. } = form {
            let mut table = TableBuilder::new(TableBuilder::DEFAULT_LIMIT);
            for one in &self.judged {
                one.with_view(|_| None, |view| table.add(view));
            }
            let options = TableOptions { width, colour, now: self.now };
            let next = "certvigil inspect -f json FILE… gives everything";
            out.write_all(table.render(&options, &scan, &stores, next).as_bytes())?;
            return Ok(None);
        }
        let head = report_head(&ReportView {
            generated_at: self.scan.started_at,
            policies: self.judge.policies(),
            stores: &stores,
            scan,
        });
        let origins = Origins::default();
        let steward = |_: &Endpoint| Steward::default();
        let setting = Setting { now: self.now, origins: &origins, json_command: None, steward: &steward };
        let Some(mut writer) = writer(form, out, &head, &setting)? else { return Ok(None) };
        self.write_records(&mut *writer, &head)?;
        Ok(writer.check_state())
    }

    fn write_records(
        &self,
        writer: &mut dyn RecordWriter,
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes each file into a folder and inspects them.
    fn inspected(
        files: &[(&str, &[u8])],
        change: impl FnOnce(&mut InspectRequest),
    ) -> Result<Inspected, AppError> {
        let folder = tempfile::tempdir().unwrap();
        let mut request = InspectRequest::default();
        for (name, bytes) in files {
            std::fs::write(folder.path().join(name), bytes).unwrap();
            request.files.push(folder.path().join(name));
        }
        change(&mut request);
        inspect(&request)
    }

    fn certificate(name: &str) -> String {
        rcgen::generate_simple_self_signed([name.to_owned()]).unwrap().cert.pem()
    }

    fn report(inspected: &Inspected) -> serde_json::Value {
        let mut out = Vec::new();
        inspected.write_report(Form::Json, &mut out).unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn a_file_without_certificates_is_a_failure_that_counts() {
        let done = inspected(&[("not a certificate.txt", b"hello")], |_| {}).unwrap();
        assert_eq!(done.worst(), Some(Severity::High));
        let report = report(&done);
        assert_eq!(report["scan"]["counts"]["failures"]["decode.unreadable"], 1);
        assert_eq!(report["scan"]["counts"]["endpoints"], 1);
        assert_eq!(report["endpoints"][0]["outcome"]["stage"], "decode");
    }

    #[test]
    fn a_certificate_in_two_files_is_one_certificate_of_two_endpoints() {
        let pem = certificate("a.example");
        let twice = [pem.as_str(), pem.as_str()].concat();
        let report =
            report(&inspected(&[("a.pem", pem.as_bytes()), ("b.pem", twice.as_bytes())], |_| {}).unwrap());
        assert_eq!(report["scan"]["counts"]["read"], 2);
        assert_eq!(report["scan"]["counts"]["certificates"], 1);
        assert_eq!(report["certificates"].as_array().unwrap().len(), 1);
        assert_eq!(report["certificates"][0]["endpoints"], 2);
        assert_eq!(report["endpoints"][0]["transport"], "file");
        assert_eq!(report["endpoints"][0]["outcome"]["status"], "read");
    }

    #[test]
    fn the_name_and_the_time_are_those_asked_for() {
        let pem = certificate("a.example");
        let of = |name: &str, at: Option<i64>| {
            let done = inspected(&[("a.pem", pem.as_bytes())], |request| {
                request.name = Some(name.to_owned());
                request.at = at.map(UnixTime);
            });
            let report = report(&done.unwrap());
            let ids: Vec<String> = report["endpoints"][0]["findings"]
                .as_array()
                .unwrap()
                .iter()
                .map(|finding| finding["id"].as_str().unwrap().to_owned())
                .collect();
            (report["endpoints"][0]["name_match"].clone(), ids, report["generated_at"].clone())
        };
        let (name_match, _, generated_at) = of("a.example", None);
        assert_eq!(name_match, true);
        let (name_match, ids, _) = of("b.example", None);
        assert_eq!(name_match, false);
        assert!(ids.contains(&"trust.name.mismatch".to_owned()), "{ids:?}");
        // 1970: rcgen's certificates are valid from 1975 on. The report is made now all the same.
        let (_, ids, then) = of("a.example", Some(0));
        assert!(ids.contains(&"x509.validity.not_yet_valid".to_owned()), "{ids:?}");
        assert_eq!(then.as_str().unwrap()[..10], generated_at.as_str().unwrap()[..10]);
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let missing = inspect(&InspectRequest { files: vec!["/nowhere/a.pem".into()], ..Default::default() });
        assert!(missing.unwrap_err().to_string().starts_with("/nowhere/a.pem: cannot be read"));
        let named = inspected(&[], |request| request.name = Some("no name".to_owned()));
        assert!(named.unwrap_err().to_string().contains("`no name` is not a host name"));
        let secret = inspected(&[("secret", &[0xff])], |request| {
            request.password_file = request.files.pop();
        });
        assert!(secret.unwrap_err().to_string().contains("the password is not UTF-8"));
    }
}
