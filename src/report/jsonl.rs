//! JSON lines: the report's records, one a line, each written whole as it becomes known; the scan comes last.
//!
//! Each line is one call to the writer, so that over an unbuffered or line-buffered writer a killed run leaves
//! whole lines. A missing `scan` record means that the run was killed.

use std::io::{self, Write};

use serde::Serialize;

use super::RecordWriter;
use super::json_text::{JsonLayout, push_json};
use crate::wire::v1::{
    CertificateDocument, CertificateView, EndpointDocument, EndpointView, PolicyDocument, ReportHead,
    ScanDocument, Text, Timestamp, ToolDocument, TrustStoreDocument, certificate_document, endpoint_document,
};

/// Writes a report as JSON lines.
#[derive(Debug)]
pub struct JsonlReport<W> {
    out: W,
    /// The line being made; reused.
    line: Vec<u8>,
}

impl<W: Write> JsonlReport<W> {
    /// A report without any record yet.
    pub fn new(out: W) -> Self {
        Self { out, line: Vec::new() }
    }

    fn record(&mut self, record: &Record<'_>) -> io::Result<()> {
        self.line.clear();
        push_json(&mut self.line, record, JsonLayout::Compact, 0)?;
        self.line.push(b'\n');
        self.out.write_all(&self.line)
    }
}

impl<W: Write> RecordWriter for JsonlReport<W> {
    fn endpoint(&mut self, endpoint: &EndpointView<'_>) -> io::Result<()> {
        self.record(&Record::Endpoint(endpoint_document(endpoint)))
    }

    fn certificate(&mut self, certificate: &CertificateView<'_>) -> io::Result<()> {
        self.record(&Record::Certificate(certificate_document(certificate)))
    }

    /// Writes the closing `scan` record: the scan's keys, and the rest of the head beside them.
    fn finish(&mut self, head: &ReportHead<'_>) -> io::Result<()> {
        self.record(&Record::Scan(ScanRecord {
            schema: &head.schema,
            generated_at: head.generated_at,
            tool: &head.tool,
            policies: &head.policies,
            trust_stores: &head.trust_stores,
            scan: &head.scan,
        }))?;
        self.out.flush()
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Record<'a> {
    Endpoint(EndpointDocument<'a>),
    Certificate(CertificateDocument<'a>),
    Scan(ScanRecord<'a>),
}

#[derive(Serialize)]
struct ScanRecord<'a> {
    schema: &'a Text<'a>,
    generated_at: Timestamp,
    tool: &'a ToolDocument<'a>,
    policies: &'a [PolicyDocument<'a>],
    trust_stores: &'a [TrustStoreDocument<'a>],
    #[serde(flatten)]
    scan: &'a ScanDocument<'a>,
}
