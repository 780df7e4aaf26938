//! JSON in the flat shape of testssl.sh, for importers that read it: an array of findings with that program's ids.
//!
//! Only what was determined is told. Versions, suites and weaknesses stand there after deep inspection.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::RecordWriter;
use super::json_text::{JsonLayout, push_json};
use crate::model::{Handshake, Inspection, Outcome, ProbeName, Reaction, Severity};
use crate::time::{DAY_SECONDS, UnixTime};
use crate::tls::ProtocolVersion;
use crate::wire::v1::{CertificateView, EndpointView, ReportHead, endpoint_document};
use crate::x509::Certificate;

/// Writes a report as testssl.sh does with `--jsonfile`.
#[derive(Debug)]
pub struct TestsslReport<W> {
    out: W,
    buffer: Vec<u8>,
    has_finding: bool,
    now: UnixTime,
}

/// One endpoint's findings.
struct Findings {
    ip: String,
    port: String,
    all: Vec<Value>,
}

impl<W: Write> TestsslReport<W> {
    /// Writes the opening; days are counted from `now`.
    ///
    /// # Errors
    /// Whatever the writer says.
    pub fn begin(mut out: W, now: UnixTime) -> io::Result<Self> {
        out.write_all(b"[")?;
        Ok(Self { out, buffer: Vec::new(), has_finding: false, now })
    }
}

impl<W: Write> RecordWriter for TestsslReport<W> {
    fn endpoint(&mut self, endpoint: &EndpointView<'_>) -> io::Result<()> {
        for finding in findings(endpoint, self.now) {
            self.buffer.clear();
            self.buffer.extend_from_slice(if self.has_finding { b",\n" } else { b"\n" });
            self.has_finding = true;
            push_json(&mut self.buffer, &finding, JsonLayout::Compact, 0)?;
            self.out.write_all(&self.buffer)?;
        }
        Ok(())
    }

    /// Nothing: the end-entity certificate's findings stand with its endpoint.
    fn certificate(&mut self, _certificate: &CertificateView<'_>) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, _head: &ReportHead<'_>) -> io::Result<()> {
        self.out.write_all(b"\n]\n")?;
        self.out.flush()
    }
}

impl Findings {
    fn add(&mut self, id: &str, severity: &str, finding: &str) {
        self.all.push(json!({
            "id": id,
            "ip": self.ip,
            "port": self.port,
            "severity": severity,
            "finding": finding,
        }));
    }
}

fn findings(view: &EndpointView<'_>, now: UnixTime) -> Vec<Value> {
    let place = &view.observation.endpoint;
    let address = place.address.map(|address| address.to_string()).unwrap_or_default();
    let name = place.server_name.as_ref().map(ToString::to_string).unwrap_or_else(|| address.clone());
    let mut found = Findings {
        ip: place.path.as_deref().map_or_else(|| format!("{name}/{address}"), |path| format!("{path}/")),
        port: place.port.map(|port| port.to_string()).unwrap_or_default(),
        all: Vec::new(),
    };
    match &view.observation.outcome {
        Outcome::Failure(failure) => {
            found.add("scanProblem", "FATAL", &format!("{}: {}", failure.code(), failure.detail.raw()));
        }
        Outcome::Handshake(handshake) => add_handshake(&mut found, handshake),
        Outcome::Read(_) => {}
    }
    let leaf = view.observation.outcome.presented().and_then(|chain| chain.end_entity());
    if let Some(leaf) = leaf {
        add_certificate(&mut found, leaf, now);
        add_trust(&mut found, view);
    }
    let document = endpoint_document(view);
    if let (Some(grade), Some(score)) = (&document.grade, &document.score) {
        found.add("final_score", "INFO", &score.total.to_string());
        found.add("overall_grade", grade_severity(grade), grade);
    }
    for finding in view.findings.iter().filter(|finding| finding.state == crate::model::FindingState::Open) {
        let verdict = finding.verdict;
        let id = format!("certvigil_{}", verdict.rule.id());
        let words = format!("{}. {}", verdict.title, verdict.detail);
        found.add(&id, severity(verdict.severity), words.trim_end());
    }
    found.all
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "CRITICAL",
        Severity::High => "HIGH",
        Severity::Medium => "MEDIUM",
        Severity::Low => "LOW",
        Severity::Info => "INFO",
    }
}

fn grade_severity(grade: &str) -> &'static str {
    match grade.chars().next() {
        Some('A') => "OK",
        Some('B') => "MEDIUM",
        Some('C') => "HIGH",
        _ => "CRITICAL",
    }
}

fn add_handshake(found: &mut Findings, handshake: &Handshake) {
    if let Some(inspection) = &handshake.inspection {
        add_inspection(found, inspection);
    }
    let tls = &handshake.tls;
    if let Some(alpn) = &tls.alpn {
        found.add("ALPN", "OK", alpn.raw());
    }
    if let Some(stapled) = tls.ocsp_stapled {
        found.add(
            "OCSP_stapling",
            if stapled { "OK" } else { "LOW" },
            if stapled { "offered" } else { "not offered" },
        );
    }
}

fn add_inspection(found: &mut Findings, inspection: &Inspection) {
    for facts in &inspection.versions {
        let Some((id, offered, refused)) = version(facts.version) else { continue };
        match facts.offered {
            Some(true) => found.add(id, offered, "offered"),
            Some(false) => found.add(id, refused, "not offered"),
            None => continue,
        }
        let prefix = id.to_lowercase();
        for suite in &facts.cipher_suites {
            let level = if suite.weakness().is_some() { "LOW" } else { "OK" };
            found.add(&format!("cipher-{prefix}_x{:02x}", suite.0), level, &suite.to_string());
        }
    }
    for probe in &inspection.probes {
        let Some((id, level)) = weakness(probe.name) else { continue };
        match &probe.reaction {
            Reaction::Weak => found.add(id, level, "VULNERABLE"),
            Reaction::Sound => found.add(id, "OK", "not vulnerable"),
            Reaction::NotApplicable => found.add(id, "OK", "not vulnerable, not applicable"),
            Reaction::NotDetermined(why) => found.add(id, "WARN", &format!("not determined: {why}")),
        }
    }
    let features = &inspection.features;
    let flags = [
        ("secure_renego", features.secure_renegotiation, true, "CRITICAL"),
        ("secure_client_renego", features.client_renegotiation, false, "MEDIUM"),
        ("fallback_SCSV", features.fallback_scsv, true, "MEDIUM"),
    ];
    for (id, value, good, bad) in flags {
        if let Some(value) = value {
            found.add(
                id,
                if value == good { "OK" } else { bad },
                if value { "supported" } else { "not supported" },
            );
        }
    }
}

/// Id, severity when offered, severity when not.
fn version(version: ProtocolVersion) -> Option<(&'static str, &'static str, &'static str)> {
    Some(match version {
        ProtocolVersion::SSLv2 => ("SSLv2", "CRITICAL", "OK"),
        ProtocolVersion::SSLv3 => ("SSLv3", "HIGH", "OK"),
        ProtocolVersion::TLSv1_0 => ("TLS1", "LOW", "INFO"),
        ProtocolVersion::TLSv1_1 => ("TLS1_1", "LOW", "INFO"),
        ProtocolVersion::TLSv1_2 => ("TLS1_2", "OK", "MEDIUM"),
        ProtocolVersion::TLSv1_3 => ("TLS1_3", "OK", "INFO"),
        _ => return None,
    })
}

fn weakness(name: ProbeName) -> Option<(&'static str, &'static str)> {
    Some(match name {
        ProbeName::Heartbleed => ("heartbleed", "CRITICAL"),
        ProbeName::CcsInjection => ("CCS", "HIGH"),
        ProbeName::Ticketbleed => ("ticketbleed", "HIGH"),
        ProbeName::Robot => ("ROBOT", "HIGH"),
        ProbeName::StartTlsInjection => ("starttls_injection", "HIGH"),
        _ => return None,
    })
}

fn add_certificate(found: &mut Findings, leaf: &Certificate, now: UnixTime) {
    let common = leaf.subject.attribute("CN").map(|name| name.raw().to_owned()).unwrap_or_default();
    found.add("cert_commonName", "OK", &common);
    let names = leaf.san.as_ref().map(|san| {
        let dns = san.dns.iter().map(|name| name.raw().to_owned());
        dns.chain(san.ip.iter().map(ToString::to_string)).collect::<Vec<_>>().join(" ")
    });
    found.add("cert_subjectAltName", "INFO", &names.unwrap_or_default());
    found.add("cert_caIssuers", "INFO", leaf.issuer.text.raw());
    found.add("cert_serialNumber", "INFO", &leaf.serial_hex().to_uppercase());
    found.add("cert_fingerprintSHA256", "INFO", &leaf.sha256.to_string().to_uppercase());
    if let Some(signature) = &leaf.signature {
        found.add("cert_signatureAlgorithm", "INFO", &signature.name);
    }
    if let Some(key) = &leaf.key {
        found.add("cert_keySize", "INFO", &super::phrases::key_name(key));
    }
    if let Some(start) = leaf.not_before {
        found.add("cert_notBefore", "INFO", &start.to_string());
    }
    if let Some(end) = leaf.not_after {
        let days = end.seconds_since(now).div_euclid(DAY_SECONDS);
        let (level, words) = match days {
            ..0 => ("CRITICAL", "expired".to_owned()),
            0..30 => ("HIGH", format!("expires < 30 days ({days})")),
            30..60 => ("MEDIUM", format!("expires < 60 days ({days})")),
            _ => ("OK", format!("{days} >= 60 days")),
        };
        found.add("cert_expirationStatus", level, &words);
        found.add("cert_notAfter", level, &end.to_string());
    }
}

fn add_trust(found: &mut Findings, view: &EndpointView<'_>) {
    let Some(verdict) = view.assessment.chains.first().filter(|chain| chain.offered_for.is_none()) else {
        return;
    };
    if let Some(trusted) = verdict.trust.is_trusted() {
        let reason = verdict.trust.stores.iter().find_map(|store| store.reason).map(|reason| reason.name());
        let words = if trusted { "passed." } else { reason.unwrap_or("failed.") };
        found.add("cert_chain_of_trust", if trusted { "OK" } else { "CRITICAL" }, words);
    }
    if let Some(matches) = verdict.name_match {
        let words = if matches { "Ok via SAN" } else { "certificate does not match supplied URI" };
        found.add("cert_trust", if matches { "OK" } else { "HIGH" }, words);
    }
}
