//! One JSON document, `certvigil.report/v1`, written while it grows: the head, the endpoints, the certificates.
//!
//! Holds one record at a time. A report that was not finished is not JSON, so that half a report is never taken
//! for a whole one.

use std::io::{self, Write};

use serde::Serialize;

use super::RecordWriter;
use super::json_text::{JsonLayout, push_json, push_line_start};
use crate::wire::v1::{CertificateView, EndpointView, ReportHead, certificate_document, endpoint_document};

/// Writes a report as one JSON document.
#[derive(Debug)]
pub struct JsonReport<W> {
    out: W,
    layout: JsonLayout,
    /// What is written next; reused for each record.
    buffer: Vec<u8>,
    section: Section,
    /// The open section has a record.
    has_record: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    Endpoints,
    Certificates,
    Finished,
}

impl<W: Write> JsonReport<W> {
    /// Writes the head; its counts must be final.
    ///
    /// # Errors
    /// Whatever the writer says.
    pub fn begin(out: W, head: &ReportHead<'_>, layout: JsonLayout) -> io::Result<Self> {
        let mut report =
            Self { out, layout, buffer: Vec::new(), section: Section::Endpoints, has_record: false };
        push_json(&mut report.buffer, head, layout, 0)?;
        let closing = if layout == JsonLayout::Pretty { "\n}".len() } else { "}".len() };
        report.buffer.truncate(report.buffer.len().saturating_sub(closing));
        report.open("endpoints");
        report.write()?;
        Ok(report)
    }

    /// The writer, after [`RecordWriter::finish`].
    pub(super) fn into_writer(self) -> W {
        self.out
    }

    fn record(&mut self, section: Section, document: &impl Serialize) -> io::Result<()> {
        self.enter(section)?;
        if self.has_record {
            self.buffer.push(b',');
        }
        push_line_start(&mut self.buffer, self.layout, 2);
        push_json(&mut self.buffer, document, self.layout, 2)?;
        self.has_record = true;
        self.write()
    }

    /// Moves on to `section`, closing what is open.
    fn enter(&mut self, section: Section) -> io::Result<()> {
        match (self.section, section) {
            (now, then) if now == then => {}
            (Section::Endpoints, Section::Certificates) => {
                self.close();
                self.open("certificates");
            }
            (Section::Endpoints, Section::Finished) => {
                self.enter(Section::Certificates)?;
                return self.enter(Section::Finished);
            }
            (Section::Certificates, Section::Finished) => self.close(),
            _ => {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "a JSON report takes its endpoints first, then its certificates",
                ));
            }
        }
        self.section = section;
        Ok(())
    }

    fn open(&mut self, key: &str) {
        self.buffer.push(b',');
        push_line_start(&mut self.buffer, self.layout, 1);
        let colon = if self.layout == JsonLayout::Pretty { "\": [" } else { "\":[" };
        self.buffer.push(b'"');
        self.buffer.extend_from_slice(key.as_bytes());
        self.buffer.extend_from_slice(colon.as_bytes());
        self.has_record = false;
    }

    fn close(&mut self) {
        if self.has_record {
            push_line_start(&mut self.buffer, self.layout, 1);
        }
        self.buffer.push(b']');
    }

    fn write(&mut self) -> io::Result<()> {
        let result = self.out.write_all(&self.buffer);
        self.buffer.clear();
        result
    }
}

impl<W: Write> RecordWriter for JsonReport<W> {
    fn endpoint(&mut self, endpoint: &EndpointView<'_>) -> io::Result<()> {
        self.record(Section::Endpoints, &endpoint_document(endpoint))
    }

    fn certificate(&mut self, certificate: &CertificateView<'_>) -> io::Result<()> {
        self.record(Section::Certificates, &certificate_document(certificate))
    }

    /// Closes the document. The head was written first; the one given here is not written again.
    fn finish(&mut self, _head: &ReportHead<'_>) -> io::Result<()> {
        if self.section != Section::Finished {
            self.enter(Section::Finished)?;
            push_line_start(&mut self.buffer, self.layout, 0);
            self.buffer.extend_from_slice(b"}\n");
            self.write()?;
        }
        self.out.flush()
    }
}

/// Writes any other document (a list, a history, a difference) whole, with a newline at the end.
///
/// # Errors
/// Whatever the writer says.
pub fn write_document(out: &mut dyn Write, document: &impl Serialize, layout: JsonLayout) -> io::Result<()> {
    let mut buffer = Vec::new();
    push_json(&mut buffer, document, layout, 0)?;
    buffer.push(b'\n');
    out.write_all(&buffer)?;
    out.flush()
}
