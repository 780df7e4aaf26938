//! JSON lines in the shape of tlsx, for pipelines that read it: one object for each endpoint, the end-entity certificate's
//! fields inside it. As there, what does not hold or was not looked at is left out.

use std::io::{self, Write};

use md5::{Digest as _, Md5};
use serde_json::{Map, Value, json};

use super::RecordWriter;
use super::json_text::{JsonLayout, push_json};
use crate::model::{ClientAuth, EndedBy, Handshake, Outcome};
use crate::time::UnixTime;
use crate::tls::{CipherSuite, ProtocolVersion};
use crate::wire::v1::{CertificateView, EndpointView, ReportHead, endpoint_document};
use crate::x509::certificate::SubjectAltName;
use crate::x509::name::DistinguishedName;
use crate::x509::{Certificate, Chain};

/// Writes a report as tlsx does.
#[derive(Debug)]
pub struct TlsxReport<W> {
    out: W,
    line: Vec<u8>,
    now: UnixTime,
}

impl<W: Write> TlsxReport<W> {
    /// A report without any line yet; certificates that ended before `now` are expired.
    pub fn new(out: W, now: UnixTime) -> Self {
        Self { out, line: Vec::new(), now }
    }
}

impl<W: Write> RecordWriter for TlsxReport<W> {
    fn endpoint(&mut self, endpoint: &EndpointView<'_>) -> io::Result<()> {
        self.line.clear();
        push_json(&mut self.line, &Value::Object(line(endpoint, self.now)), JsonLayout::Compact, 0)?;
        self.line.push(b'\n');
        self.out.write_all(&self.line)
    }

    /// Nothing: the chain stands in each line.
    fn certificate(&mut self, _certificate: &CertificateView<'_>) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, _head: &ReportHead<'_>) -> io::Result<()> {
        self.out.flush()
    }
}

fn line(view: &EndpointView<'_>, now: UnixTime) -> Map<String, Value> {
    let place = &view.observation.endpoint;
    let mut line = Map::new();
    let mut put = |name: &str, value: Value| {
        line.insert(name.to_owned(), value);
    };
    put("timestamp", json!(view.observation.observed_at.to_string()));
    let name = place.server_name.as_ref().map(ToString::to_string);
    let address = place.address.map(|address| address.to_string());
    let path = place.path.as_deref().map(str::to_owned);
    put("host", json!(name.clone().or_else(|| address.clone()).or(path).unwrap_or_default()));
    if let Some(address) = &address {
        put("ip", json!(address));
    }
    put("port", json!(place.port.map(|port| port.to_string()).unwrap_or_default()));
    if let Some(name) = &name {
        put("sni", json!(name));
    }
    let is_read = !matches!(view.observation.outcome, Outcome::Failure(_));
    put("probe_status", json!(is_read));
    if let Outcome::Failure(failure) = &view.observation.outcome {
        put("error", json!(format!("{}: {}", failure.code(), failure.detail.raw())));
    }
    if let Some(chain) = view.observation.outcome.presented() {
        add_chain(&mut line, view, chain, now);
    }
    if let Outcome::Handshake(handshake) = &view.observation.outcome {
        add_handshake(&mut line, handshake);
    }
    line
}

fn add_chain(line: &mut Map<String, Value>, view: &EndpointView<'_>, chain: &Chain, now: UnixTime) {
    let verdict = view.assessment.chains.first().filter(|chain| chain.offered_for.is_none());
    let mut flag = |name: &str, holds: bool| {
        if holds {
            line.insert(name.to_owned(), json!(true));
        }
    };
    flag("mismatched", verdict.and_then(|verdict| verdict.name_match) == Some(false));
    flag("untrusted", verdict.and_then(|verdict| verdict.trust.is_trusted()) == Some(false));
    flag("revoked", endpoint_document(view).revocation.status == "revoked");
    if let Some(leaf) = chain.end_entity() {
        line.extend(certificate(leaf, now));
    }
    let above: Vec<Value> =
        chain.certificates.iter().skip(1).map(|one| Value::Object(certificate(one, now))).collect();
    if !above.is_empty() {
        line.insert("chain".to_owned(), json!(above));
    }
}

fn add_handshake(line: &mut Map<String, Value>, handshake: &Handshake) {
    let tls = &handshake.tls;
    let mut put = |name: &str, value: Value| {
        line.insert(name.to_owned(), value);
    };
    put("tls_connection", json!("certvigil"));
    if let Some(version) = tls.version {
        put("tls_version", json!(version_name(version)));
    }
    if let Some(suite) = tls.cipher_suite {
        put("cipher", json!(suite.to_string()));
    }
    if tls.client_auth == ClientAuth::Required || tls.ended_by == Some(EndedBy::ClientAuth) {
        put("client_cert_required", json!(true));
    }
    let Some(inspection) = &handshake.inspection else { return };
    let offered: Vec<_> = inspection.versions.iter().filter(|facts| facts.offered == Some(true)).collect();
    put("version_enum", json!(offered.iter().map(|facts| version_name(facts.version)).collect::<Vec<_>>()));
    let ciphers = offered.iter().map(|facts| {
        let strength = |strong: bool| {
            let suites = facts.cipher_suites.iter().filter(|suite| is_strong(**suite) == strong);
            suites.map(ToString::to_string).collect::<Vec<_>>()
        };
        let groups = json!({"secure": strength(true), "weak": strength(false)});
        json!({"version": version_name(facts.version), "ciphers": groups})
    });
    put("cipher_enum", json!(ciphers.collect::<Vec<_>>()));
    if let Some(jarm) = &inspection.fingerprints.jarm {
        put("jarm_hash", json!(jarm));
    }
    if let Some(ja3s) = &inspection.fingerprints.ja3s {
        put("ja3s_hash", json!(ja3s));
    }
}

fn is_strong(suite: CipherSuite) -> bool {
    suite.weakness().is_none()
}

/// `tls13`, `ssl30`
fn version_name(version: ProtocolVersion) -> String {
    match version {
        ProtocolVersion::TLSv1_3 => "tls13".to_owned(),
        ProtocolVersion::TLSv1_2 => "tls12".to_owned(),
        ProtocolVersion::TLSv1_1 => "tls11".to_owned(),
        ProtocolVersion::TLSv1_0 => "tls10".to_owned(),
        ProtocolVersion::SSLv3 => "ssl30".to_owned(),
        ProtocolVersion::SSLv2 => "ssl20".to_owned(),
        other => other.to_string(),
    }
}

fn certificate(certificate: &Certificate, now: UnixTime) -> Map<String, Value> {
    let mut out = Map::new();
    let mut put = |name: &str, value: Value| {
        out.insert(name.to_owned(), value);
    };
    if certificate.not_after.is_some_and(|end| end < now) {
        put("expired", json!(true));
    }
    if certificate.subject.der == certificate.issuer.der && !certificate.subject.der.is_empty() {
        put("self_signed", json!(true));
    }
    if let (Some(start), Some(end)) = (certificate.not_before, certificate.not_after) {
        put("not_before", json!(start.to_string()));
        put("not_after", json!(end.to_string()));
    }
    for (prefix, name) in [("subject", &certificate.subject), ("issuer", &certificate.issuer)] {
        put(&format!("{prefix}_dn"), json!(name.text.raw()));
        if let Some(common) = name.attribute("CN") {
            put(&format!("{prefix}_cn"), json!(common.raw()));
        }
        let organisations = organisations(name);
        if !organisations.is_empty() {
            put(&format!("{prefix}_org"), json!(organisations));
        }
    }
    let names = certificate.san.as_ref().map(names).unwrap_or_default();
    if names.iter().any(|name| name.starts_with("*.")) {
        put("wildcard_certificate", json!(true));
    }
    if !names.is_empty() {
        put("subject_an", json!(names));
    }
    let emails = certificate.san.iter().flat_map(|san| &san.email).map(|email| email.raw());
    let emails: Vec<&str> = emails.collect();
    if !emails.is_empty() {
        put("emails", json!(emails));
    }
    put("serial", json!(pairs(&certificate.serial)));
    put("fingerprint_hash", fingerprints(certificate));
    out
}

fn organisations(name: &DistinguishedName) -> Vec<&str> {
    name.attributes.iter().filter(|one| one.name == "O").map(|one| one.value.raw()).collect()
}

fn names(san: &SubjectAltName) -> Vec<String> {
    let dns = san.dns.iter().map(|name| name.raw().to_owned());
    dns.chain(san.ip.iter().map(ToString::to_string)).collect()
}

fn fingerprints(certificate: &Certificate) -> Value {
    let sha1 = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, &certificate.der);
    json!({
        "md5": hexadecimal(&Md5::digest(&certificate.der)),
        "sha1": hexadecimal(sha1.as_ref()),
        "sha256": certificate.sha256.to_string(),
    })
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `AB:CD`
fn pairs(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}
