//! PEM (RFC 7468): certificates in and out. Text around the blocks is allowed; private keys are stepped over, their
//! octets never kept.

use super::bundle::BundleError;
use super::der::{Reader, tag};
use crate::text::escape_for_terminal;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Bytes behind one line of 64 characters.
const LINE_BYTES: usize = 48;

/// A block of PEM that holds certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Counted from 1 over all blocks of the file, those stepped over included.
    pub number: usize,
    /// Line of its BEGIN, counted from 1.
    pub line: usize,
    pub content: BlockContent,
}

/// What is inside a [`Block`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlockContent {
    /// DER of one certificate.
    Certificate(Vec<u8>),
    /// DER of a PKCS#7 structure.
    Pkcs7(Vec<u8>),
}

/// Label of a certificate's block (RFC 7468 section 5).
pub const CERTIFICATE: &str = "CERTIFICATE";

/// Writes DER as a PEM block: strict base64 in lines of 64 characters (RFC 7468 section 3), a newline at the end.
pub fn encode(label: &str, der: &[u8]) -> String {
    let mut text = String::with_capacity(der.len() / 3 * 4 + der.len() / LINE_BYTES + 2 * label.len() + 40);
    text.extend(["-----BEGIN ", label, "-----\n"]);
    for line in der.chunks(LINE_BYTES) {
        for group in line.chunks(3) {
            encode_group(group, &mut text);
        }
        text.push('\n');
    }
    text.extend(["-----END ", label, "-----\n"]);
    text
}

/// The blocks that hold certificates, in file order, and the labels of those stepped over. Fails at the first
/// malformed block, with its number and line.
pub fn blocks(bytes: &[u8]) -> Result<(Vec<Block>, Vec<String>), BundleError> {
    let mut found = Vec::new();
    let mut skipped = Vec::new();
    let mut lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).zip(1..);
    let mut number = 0;
    while let Some((text, line)) = lines.next() {
        let Some(label) = begin_label(text) else { continue };
        number += 1;
        let kind = Kind::of(label);
        let label = shown(label);
        let fail =
            |problem: String| BundleError::PemBlock { block: number, line, label: label.clone(), problem };
        let der = read_block(&mut lines, text, kind != Kind::Other).map_err(fail)?;
        let content = match kind {
            Kind::Certificate => BlockContent::Certificate(der),
            Kind::Trusted => BlockContent::Certificate(first_element(der).map_err(fail)?),
            Kind::Pkcs7 => BlockContent::Pkcs7(der),
            Kind::Other => {
                skipped.push(label);
                continue;
            }
        };
        found.push(Block { number, line, content });
    }
    Ok((found, skipped))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Certificate,
    /// OpenSSL's form, with trust settings behind the certificate.
    Trusted,
    Pkcs7,
    Other,
}

impl Kind {
    fn of(label: &[u8]) -> Self {
        match label {
            b"CERTIFICATE" | b"X509 CERTIFICATE" | b"X.509 CERTIFICATE" => Self::Certificate,
            b"TRUSTED CERTIFICATE" => Self::Trusted,
            b"PKCS7" | b"PKCS #7 SIGNED DATA" | b"CMS" => Self::Pkcs7,
            _ => Self::Other,
        }
    }
}

fn begin_label(line: &[u8]) -> Option<&[u8]> {
    line.strip_prefix(b"-----BEGIN ")?.strip_suffix(b"-----")
}

/// Reads up to the END line. Octets are decoded only if wanted.
fn read_block<'a>(
    lines: &mut impl Iterator<Item = (&'a [u8], usize)>,
    begin: &[u8],
    wanted: bool,
) -> Result<Vec<u8>, String> {
    let label = begin_label(begin).unwrap_or_default();
    let mut decoder = Decoder::default();
    for (text, line) in lines {
        if let Some(end) = text.strip_prefix(b"-----END ") {
            return match end.strip_suffix(b"-----") {
                Some(end) if end == label && wanted => decoder.finish(),
                Some(end) if end == label => Ok(Vec::new()),
                _ => Err(format!("line {line} ends another block")),
            };
        }
        if text.starts_with(b"-----BEGIN ") {
            return Err(format!("no END line before line {line}"));
        }
        // RFC 1421 headers have a colon, which base64 has not.
        if wanted && !text.contains(&b':') {
            decoder.push(text).map_err(|problem| format!("line {line}: {problem}"))?;
        }
    }
    Err("no END line".to_owned())
}

/// The certificate in front of OpenSSL's trust settings.
fn first_element(der: Vec<u8>) -> Result<Vec<u8>, String> {
    let element = Reader::new(&der).expect(tag::SEQUENCE).map_err(|error| error.to_string())?;
    Ok(element.whole.to_vec())
}

/// A label as part of a message: no longer than honest ones.
fn shown(label: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(label).chars().take(40).collect();
    escape_for_terminal(&text)
}

/// Base64 (RFC 4648 section 4), a line at a time.
#[derive(Debug, Default)]
struct Decoder {
    octets: Vec<u8>,
    bits: u32,
    /// Digits since the last whole group of four.
    pending: u8,
    padding: u8,
}

impl Decoder {
    fn push(&mut self, line: &[u8]) -> Result<(), &'static str> {
        for byte in line {
            match byte {
                b'=' => self.padding += 1,
                b' ' | b'\t' => {}
                _ if self.padding > 0 => return Err("base64 goes on behind its padding"),
                _ => self.digit(*byte)?,
            }
            if self.padding > 2 {
                return Err("too much padding");
            }
        }
        Ok(())
    }

    fn digit(&mut self, byte: u8) -> Result<(), &'static str> {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return Err("not base64"),
        };
        self.bits = self.bits << 6 | u32::from(value);
        self.pending += 1;
        if self.pending == 4 {
            let [_, octets @ ..] = self.bits.to_be_bytes();
            self.octets.extend(octets);
            (self.bits, self.pending) = (0, 0);
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<u8>, String> {
        let [_, first, second, _] = (self.bits << (6 * (4 - u32::from(self.pending)))).to_be_bytes();
        match (self.pending, self.padding) {
            (0, 0) => {}
            (2, 2) => self.octets.push(first),
            (3, 1) => self.octets.extend([first, second]),
            _ => return Err("base64 is cut short".to_owned()),
        }
        if self.octets.is_empty() { Err("empty".to_owned()) } else { Ok(self.octets) }
    }
}

/// One to three bytes as four characters (RFC 4648 section 4).
fn encode_group(group: &[u8], text: &mut String) {
    let octet = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
    let bits = octet(0) << 16 | octet(1) << 8 | octet(2);
    for (at, shift) in [18, 12, 6, 0].into_iter().enumerate() {
        let digit = ALPHABET.get((bits >> shift & 63) as usize);
        text.push(digit.filter(|_| at <= group.len()).map_or('=', |digit| char::from(*digit)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificates(text: &str) -> Result<Vec<Vec<u8>>, BundleError> {
        let blocks = blocks(text.as_bytes())?.0;
        Ok(blocks
            .into_iter()
            .map(|block| match block.content {
                BlockContent::Certificate(der) | BlockContent::Pkcs7(der) => der,
            })
            .collect())
    }

    #[test]
    fn what_is_written_is_read() {
        for length in 1..200_u8 {
            let der: Vec<u8> = (0..length).collect();
            assert_eq!(certificates(&encode(CERTIFICATE, &der)).unwrap(), [der]);
        }
        // RFC 4648 section 10.
        for (bytes, expected) in [
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            let block = encode("PRIVATE KEY", bytes.as_bytes());
            assert_eq!(
                block,
                format!("-----BEGIN PRIVATE KEY-----\n{expected}\n-----END PRIVATE KEY-----\n")
            );
        }
        assert!(encode(CERTIFICATE, &[0xff, 0xef, 0xbe]).contains("\n/+++\n"));
    }

    #[test]
    fn lines_have_64_characters_and_other_readers_read_them() {
        use rustls_pki_types::{CertificateDer, pem::PemObject};
        let der: Vec<u8> = (0..=255).cycle().take(1_000).collect();
        let text = encode(CERTIFICATE, &der);
        assert!(text.lines().all(|line| line.len() <= 64));
        assert_eq!(CertificateDer::from_pem_slice(text.as_bytes()).unwrap().as_ref(), der);
    }

    #[test]
    fn text_and_headers_and_other_line_ends_are_allowed() {
        let text = "\u{feff}subject=x\r\n  -----BEGIN X509 CERTIFICATE-----\r\nHeader: y\r\n\r\n  AQID\r\n  BA==\r\n-----END X509 CERTIFICATE-----\r\nrest";
        assert_eq!(certificates(text).unwrap(), [[1, 2, 3, 4]]);
    }

    #[test]
    fn private_keys_are_stepped_over() {
        let text = "-----BEGIN PRIVATE KEY-----\n!not even base64!\n-----END PRIVATE KEY-----\n-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n";
        let (found, skipped) = blocks(text.as_bytes()).unwrap();
        assert_eq!((found[0].number, found[0].line, skipped), (2, 4, vec!["PRIVATE KEY".to_owned()]));
    }

    #[test]
    fn trust_settings_of_openssl_are_left_out() {
        let der = [0x30, 1, 7, 0x30, 0];
        let text = encode(CERTIFICATE, &der).replace("CERTIFICATE", "TRUSTED CERTIFICATE");
        assert_eq!(certificates(&text).unwrap(), [[0x30, 1, 7]]);
    }

    #[test]
    fn a_malformed_block_names_its_number_and_line() {
        let good = "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n";
        for (bad, problem) in [
            ("-----BEGIN CERTIFICATE-----\nAQ*D\n-----END CERTIFICATE-----", "line 5: not base64"),
            ("-----BEGIN CERTIFICATE-----\nAQI\n-----END CERTIFICATE-----", "base64 is cut short"),
            (
                "-----BEGIN CERTIFICATE-----\nAQ==ID\n-----END CERTIFICATE-----",
                "line 5: base64 goes on behind its padding",
            ),
            ("-----BEGIN CERTIFICATE-----\nA===\n-----END CERTIFICATE-----", "line 5: too much padding"),
            ("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----", "empty"),
            ("-----BEGIN CERTIFICATE-----\nAQID\n", "no END line"),
            ("-----BEGIN CERTIFICATE-----\nAQID\n-----BEGIN CERTIFICATE-----", "no END line before line 6"),
            ("-----BEGIN CERTIFICATE-----\nAQID\n-----END CRL-----", "line 6 ends another block"),
        ] {
            let error = certificates(&format!("{good}{bad}")).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("block 2 at line 4 (CERTIFICATE): {problem}; export the certificate again"),
            );
        }
    }

    #[test]
    fn a_hostile_label_cannot_forge_a_message() {
        let text = format!("-----BEGIN \u{1b}[2J{}-----\n", "x".repeat(1_000));
        let error = certificates(&text).unwrap_err().to_string();
        assert!(error.len() < 150 && !error.contains('\u{1b}'));
    }
}
