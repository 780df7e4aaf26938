//! SARIF 2.1.0 (OASIS): each finding a result that points at the line that named the target, the endpoint as its logical
//! location, the finding's key as its fingerprint: a renewal opens no new alert.
//!
//! Results are written as they come; the rules they name follow them.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::RecordWriter;
use super::json_text::{JsonLayout, push_json};
use super::origins::{Origins, uri_of};
use crate::model::{FindingState, Severity, Transport};
use crate::wire::v1::{CertificateView, EndpointView, FindingView, ReportHead};

/// The schema of the version written.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// Name of the fingerprint and its version.
const FINGERPRINT: &str = "certvigilFindingKey/v1";

/// Writes a report as SARIF.
#[derive(Debug)]
pub struct SarifReport<'o, W> {
    out: W,
    origins: &'o Origins,
    /// The rules that results name, by id, as SARIF describes them.
    rules: BTreeMap<&'static str, Value>,
    buffer: Vec<u8>,
    has_result: bool,
}

impl<'o, W: Write> SarifReport<'o, W> {
    /// Writes the opening.
    ///
    /// # Errors
    /// Whatever the writer says.
    pub fn begin(mut out: W, origins: &'o Origins) -> io::Result<Self> {
        write!(out, "{{\"$schema\":\"{SCHEMA}\",\"version\":\"2.1.0\",\"runs\":[{{\"results\":[")?;
        Ok(Self { out, origins, rules: BTreeMap::new(), buffer: Vec::new(), has_result: false })
    }

    fn result(&mut self, endpoint: &EndpointView<'_>, finding: &FindingView<'_>) -> io::Result<()> {
        let verdict = finding.verdict;
        self.rules.entry(verdict.rule.id()).or_insert_with(|| rule(finding));
        self.buffer.clear();
        self.buffer.extend_from_slice(if self.has_result { b",\n" } else { b"\n" });
        self.has_result = true;
        push_json(&mut self.buffer, &result(endpoint, finding, self.origins), JsonLayout::Compact, 0)?;
        self.out.write_all(&self.buffer)
    }
}

impl<W: Write> RecordWriter for SarifReport<'_, W> {
    fn endpoint(&mut self, endpoint: &EndpointView<'_>) -> io::Result<()> {
        let shown = endpoint.findings.iter().filter(|finding| finding.state != FindingState::Resolved);
        for finding in shown {
            self.result(endpoint, finding)?;
        }
        Ok(())
    }

    /// Nothing: results are about findings.
    fn certificate(&mut self, _certificate: &CertificateView<'_>) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, head: &ReportHead<'_>) -> io::Result<()> {
        let scan = &head.scan;
        let name = scan.profile.as_deref().unwrap_or("no-profile");
        let mut invocation = json!({
            "executionSuccessful": scan.state == "complete",
            "startTimeUtc": scan.started_at,
            "machine": scan.vantage,
        });
        if let (Some(end), Some(object)) = (scan.finished_at, invocation.as_object_mut()) {
            object.insert("endTimeUtc".to_owned(), json!(end));
        }
        let rest = json!({
            "columnKind": "utf16CodeUnits",
            "automationDetails": {"id": format!("certvigil/{name}/{}", scan.id)},
            "invocations": [invocation],
            "properties": {
                "counts": scan.counts,
                "exclusions": scan.exclusions,
                "generatedAt": head.generated_at,
                "policies": head.policies,
                "trustStores": head.trust_stores,
            },
            "tool": {"driver": {
                "name": head.tool.name,
                "version": head.tool.version,
                "rules": self.rules.values().collect::<Vec<_>>(),
            }},
        });
        self.buffer.clear();
        push_json(&mut self.buffer, &rest, JsonLayout::Compact, 0)?;
        // The object's members follow the results in the same run.
        let members = self.buffer.get(1..).unwrap_or_default();
        self.out.write_all(b"\n],")?;
        self.out.write_all(members)?;
        self.out.write_all(b"]}\n")?;
        self.out.flush()
    }
}

fn rule(finding: &FindingView<'_>) -> Value {
    let verdict = finding.verdict;
    let mut help = verdict.remediation.clone();
    if !verdict.references.is_empty() {
        help.push_str(&format!(" See {}.", verdict.references.join("; ")));
    }
    json!({
        "id": verdict.rule.id(),
        "shortDescription": {"text": or_id(&verdict.title, verdict.rule.id())},
        "help": {"text": or_id(&help, verdict.rule.id())},
    })
}

/// SARIF has no empty messages.
fn or_id<'t>(text: &'t str, id: &'t str) -> &'t str {
    if text.trim().is_empty() { id } else { text }
}

fn result(endpoint: &EndpointView<'_>, finding: &FindingView<'_>, origins: &Origins) -> Value {
    let verdict = finding.verdict;
    let place = &endpoint.observation.endpoint;
    let (uri, line) = match &place.path {
        Some(path) => (uri_of(path), 1),
        None => {
            let origin = origins.of(&endpoint.observation.target);
            (origin.uri, origin.line)
        }
    };
    let (level, kind) = match verdict.severity {
        Severity::Critical | Severity::High => ("error", "fail"),
        Severity::Medium => ("warning", "fail"),
        Severity::Low => ("note", "fail"),
        // A result that is no failure has the level `none` (section 3.27.9).
        Severity::Info => ("none", "informational"),
    };
    let text = format!("{}: {}. {} {}", place.label(), verdict.title, verdict.detail, verdict.remediation);
    let mut result = json!({
        "ruleId": verdict.rule.id(),
        "level": level,
        "kind": kind,
        "message": {"text": text.trim_end()},
        "locations": [{
            "physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": line.max(1)}},
            "logicalLocations": [{"fullyQualifiedName": logical(endpoint), "kind": "resource"}],
        }],
        "partialFingerprints": {FINGERPRINT: finding.key.0},
        "properties": {
            "severity": verdict.severity.name(),
            "subject": verdict.subject.to_string(),
            "address": place.address,
            "owner": endpoint.owner,
            "tags": endpoint.tags,
            "firstSeen": finding.first_seen.to_string(),
        },
    });
    if let (Some(suppression), Some(object)) = (suppression(finding), result.as_object_mut()) {
        object.insert("suppressions".to_owned(), json!([suppression]));
    }
    result
}

fn logical(endpoint: &EndpointView<'_>) -> String {
    let place = &endpoint.observation.endpoint;
    match place.transport {
        Transport::File => place.label(),
        Transport::Tcp | Transport::Quic | Transport::Dtls => format!("tls://{}", place.label()),
    }
}

/// Why a finding is set aside; an acknowledged one is still under review.
fn suppression(finding: &FindingView<'_>) -> Option<Value> {
    let status = match finding.state {
        FindingState::Open | FindingState::Resolved => return None,
        FindingState::Acknowledged => "underReview",
        FindingState::Silenced => "accepted",
    };
    let reason = finding.exception.map(|exception| format!("{} ({})", exception.reason, exception.by));
    Some(json!({"kind": "external", "status": status, "justification": reason.unwrap_or_default()}))
}
