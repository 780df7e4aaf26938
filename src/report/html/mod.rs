//! HTML: one file that an auditor reads. Styles inside, charts as inline SVG, no script, no request to anywhere; the
//! content security policy admits the page's own style sheet by its hash and nothing else.
//!
//! Records are gathered into counts and the first so many of each kind; the page is written at the end.

mod chart;
mod element;
mod findings;
mod gather;
mod maintained;
mod register;
mod sections;
mod top;

use std::io::{self, Write};

use aws_lc_rs::digest::{Context, SHA256};

use element::{paragraph, text};
use gather::Gathered;
use sections::Page;

pub use maintained::write_maintained;
pub(super) use register::{RegisterPage, write_register};

use super::RecordWriter;
use super::json::JsonReport;
use super::json_text::JsonLayout;
use crate::time::UnixTime;
use crate::wire::v1::{CertificateView, EndpointView, ReportHead};

/// The page's style sheet.
const STYLE: &str = include_str!("page.css");

/// How a page is made.
#[derive(Debug, Clone, Default)]
pub struct HtmlOptions {
    /// Days are counted from here.
    pub now: UnixTime,
    /// The command that makes the JSON report with the very same content; its hash is then told in the page.
    pub json_command: Option<String>,
}

/// Writes a report as one page.
#[derive(Debug)]
pub struct HtmlReport<W> {
    out: W,
    options: HtmlOptions,
    gathered: Gathered,
    /// The JSON report of the same records, of which only the hash is kept.
    json: Option<JsonReport<HashSink>>,
}

impl<W: Write> HtmlReport<W> {
    /// A page without any record yet; the head's counts must be final.
    ///
    /// # Errors
    /// Whatever the writer says.
    pub fn begin(out: W, head: &ReportHead<'_>, options: HtmlOptions) -> io::Result<Self> {
        let json = match &options.json_command {
            Some(_) => Some(JsonReport::begin(HashSink::default(), head, JsonLayout::Pretty)?),
            None => None,
        };
        let gathered = Gathered::new(options.now);
        Ok(Self { out, options, gathered, json })
    }
}

impl<W: Write> RecordWriter for HtmlReport<W> {
    fn endpoint(&mut self, endpoint: &EndpointView<'_>) -> io::Result<()> {
        self.gathered.endpoint(endpoint);
        self.json.as_mut().map_or(Ok(()), |json| json.endpoint(endpoint))
    }

    fn certificate(&mut self, certificate: &CertificateView<'_>) -> io::Result<()> {
        self.gathered.certificate(certificate);
        self.json.as_mut().map_or(Ok(()), |json| json.certificate(certificate))
    }

    fn finish(&mut self, head: &ReportHead<'_>) -> io::Result<()> {
        let evidence = match (self.json.take(), &self.options.json_command) {
            (Some(mut json), Some(command)) => {
                json.finish(head)?;
                Some((json.into_writer().hexadecimal(), command.clone()))
            }
            _ => None,
        };
        let page = Page { head, gathered: &self.gathered, now: self.options.now, evidence };
        write_page(&mut self.out, &page.title(), |out| page.write(out))
    }
}

/// A page with this title around what `body` writes.
pub(super) fn write_page<W: Write>(
    out: &mut W,
    title: &str,
    body: impl FnOnce(&mut W) -> io::Result<()>,
) -> io::Result<()> {
    write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{}'; \
         base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n",
        base64_of_hash(STYLE),
        text(title),
    )?;
    body(out)?;
    out.write_all(b"</body>\n</html>\n")?;
    out.flush()
}

/// The opening of a page: what it is, of what, when.
pub(super) fn masthead(kicker: &str, title: &str, lead: &str) -> String {
    let mut out = paragraph("kicker", kicker);
    out.push_str(&format!("<h1>{}</h1>\n", text(title)));
    if !lead.is_empty() {
        out.push_str(&paragraph("lead", lead));
    }
    out
}

/// SHA-256 in base64 (RFC 4648), as a content security policy names a style sheet.
fn base64_of_hash(style: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digest = aws_lc_rs::digest::digest(&SHA256, style.as_bytes());
    let mut out = String::new();
    for chunk in digest.as_ref().chunks(3) {
        let bits =
            (0..3).fold(0_usize, |bits, at| bits << 8 | usize::from(chunk.get(at).copied().unwrap_or(0)));
        for at in 0..4 {
            let digit = DIGITS.get(bits >> (18 - 6 * at) & 63).copied().unwrap_or(b'A');
            out.push(if at <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

/// Takes bytes and keeps their hash.
struct HashSink(Context);

impl Default for HashSink {
    fn default() -> Self {
        Self(Context::new(&SHA256))
    }
}

impl std::fmt::Debug for HashSink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HashSink")
    }
}

impl HashSink {
    fn hexadecimal(self) -> String {
        self.0.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl Write for HashSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_the_styles_is_base64() {
        assert_eq!(base64_of_hash(""), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    }
}
