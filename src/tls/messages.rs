//! Handshake messages of a server, read from their bodies. Never keeps state, never judges.

use super::codec::{Reader, extension};
use super::{CipherSuite, NamedGroup, ProtocolVersion};
use crate::text::Untrusted;
use crate::x509::RawChain;

/// Authorities kept of those a server lists.
const MAX_CA_NAMES: usize = 64;
/// Certificates a message may hold; the longest honest chains have about ten.
pub(super) const MAX_CERTIFICATES: usize = 256;

/// ServerHello or HelloRetryRequest (RFC 8446 section 4.1.3; RFC 5246 section 7.4.1.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ServerHello<'a> {
    pub(super) is_retry_request: bool,
    /// From `supported_versions` if there, else the old field.
    pub(super) version: ProtocolVersion,
    pub(super) cipher_suite: CipherSuite,
    pub(super) group: Option<NamedGroup>,
    pub(super) key_share: &'a [u8],
    pub(super) cookie: Option<&'a [u8]>,
    pub(super) alpn: Option<Untrusted>,
    /// TLS 1.2: a CertificateStatus may follow.
    pub(super) status_request: bool,
    /// TLS 1.2: certificate timestamps.
    pub(super) sct_count: Option<u32>,
}

impl<'a> ServerHello<'a> {
    pub(super) fn read(body: &'a [u8]) -> Option<Self> {
        /// The random of a HelloRetryRequest: SHA-256 of that name.
        const RETRY: [u8; 32] = [
            0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
            0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
        ];
        let mut reader = Reader::new(body);
        let version = ProtocolVersion(reader.u16()?);
        let random = reader.take(32)?;
        reader.vector8()?;
        let cipher_suite = CipherSuite(reader.u16()?);
        reader.u8()?;
        let mut hello = Self {
            is_retry_request: random == RETRY,
            version,
            cipher_suite,
            group: None,
            key_share: &[],
            cookie: None,
            alpn: None,
            status_request: false,
            sct_count: None,
        };
        // SSL 3 and many TLS 1.0 servers send none.
        if !reader.is_empty() {
            let mut extensions = Reader::new(reader.vector16()?);
            while !extensions.is_empty() {
                let (number, content) = extensions.extension()?;
                hello.read_extension(number, content)?;
            }
        }
        Some(hello)
    }

    fn read_extension(&mut self, number: u16, content: &'a [u8]) -> Option<()> {
        let mut reader = Reader::new(content);
        match number {
            extension::SUPPORTED_VERSIONS => self.version = ProtocolVersion(reader.u16()?),
            extension::KEY_SHARE => {
                self.group = Some(NamedGroup(reader.u16()?));
                if !self.is_retry_request {
                    self.key_share = reader.vector16()?;
                }
            }
            extension::COOKIE => self.cookie = Some(reader.vector16()?),
            extension::ALPN => self.alpn = Some(alpn(content)?),
            extension::STATUS_REQUEST => self.status_request = true,
            extension::SIGNED_CERTIFICATE_TIMESTAMP => self.sct_count = sct_count(content),
            _ => {}
        }
        Some(())
    }
}

/// The protocol in EncryptedExtensions, if there is one (RFC 8446 section 4.3.1). `None` if it does not decode.
pub(super) fn encrypted_extensions(body: &[u8]) -> Option<Option<Untrusted>> {
    let mut extensions = Reader::new(Reader::new(body).vector16()?);
    let mut protocol = None;
    while !extensions.is_empty() {
        if let (extension::ALPN, content) = extensions.extension()? {
            protocol = Some(alpn(content)?);
        }
    }
    Some(protocol)
}

/// The authorities in a CertificateRequest of TLS 1.3 (RFC 8446 section 4.3.2).
pub(super) fn certificate_request_13(body: &[u8]) -> Option<Vec<Box<[u8]>>> {
    let mut reader = Reader::new(body);
    reader.vector8()?;
    let mut extensions = Reader::new(reader.vector16()?);
    let mut names = Vec::new();
    while !extensions.is_empty() {
        if let (extension::CERTIFICATE_AUTHORITIES, content) = extensions.extension()? {
            names = ca_names(Reader::new(content).vector16()?)?;
        }
    }
    Some(names)
}

/// The authorities in a CertificateRequest up to TLS 1.2 (RFC 5246 section 7.4.4).
pub(super) fn certificate_request_12(body: &[u8], version: ProtocolVersion) -> Option<Vec<Box<[u8]>>> {
    let mut reader = Reader::new(body);
    reader.vector8()?;
    if version == ProtocolVersion::TLSv1_2 {
        reader.vector16()?;
    }
    ca_names(reader.vector16()?)
}

fn ca_names(list: &[u8]) -> Option<Vec<Box<[u8]>>> {
    let mut reader = Reader::new(list);
    let mut names = Vec::new();
    while !reader.is_empty() && names.len() < MAX_CA_NAMES {
        names.push(reader.vector16()?.into());
    }
    Some(names)
}

/// The certificates of a TLS 1.3 Certificate message, with what stands beside the first one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Certificates {
    pub(super) chain: RawChain,
    pub(super) ocsp_stapled: bool,
    pub(super) sct_count: Option<u32>,
}

/// Reads a Certificate message of TLS 1.3 (RFC 8446 section 4.4.2).
pub(super) fn certificate_13(body: &[u8]) -> Option<Certificates> {
    let mut reader = Reader::new(body);
    reader.vector8()?;
    let entries = reader.vector24()?;
    let mut reader = Reader::new(entries);
    let mut list = Vec::with_capacity(entries.len());
    let mut count = 0;
    let mut ocsp_stapled = false;
    let mut sct = None;
    while !reader.is_empty() {
        list.extend_from_slice(reader.prefixed_vector24()?);
        let mut extensions = Reader::new(reader.vector16()?);
        if count == 0 {
            while !extensions.is_empty() {
                match extensions.extension()? {
                    (extension::STATUS_REQUEST, _) => ocsp_stapled = true,
                    (extension::SIGNED_CERTIFICATE_TIMESTAMP, content) => sct = sct_count(content),
                    _ => {}
                }
            }
        }
        count += 1;
        if count > MAX_CERTIFICATES {
            return None;
        }
    }
    Some(Certificates { chain: RawChain::from_owned_certificate_list(list)?, ocsp_stapled, sct_count: sct })
}

/// Reads a Certificate message up to TLS 1.2 (RFC 5246 section 7.4.2).
pub(super) fn certificate_12(body: &[u8]) -> Option<RawChain> {
    let chain = RawChain::from_certificate_list(Reader::new(body).vector24()?)?;
    (chain.ders().count() <= MAX_CERTIFICATES).then_some(chain)
}

/// The named curve of a ServerKeyExchange (RFC 8422 section 5.4), for suites whose name says ECDHE.
pub(super) fn server_key_exchange_group(body: &[u8], suite: CipherSuite) -> Option<NamedGroup> {
    const NAMED_CURVE: u8 = 3;
    if !suite.known_name().is_some_and(|name| name.contains("_ECDHE_")) {
        return None;
    }
    let mut reader = Reader::new(body);
    (reader.u8()? == NAMED_CURVE).then_some(())?;
    reader.u16().map(NamedGroup)
}

fn alpn(content: &[u8]) -> Option<Untrusted> {
    let protocol = Reader::new(Reader::new(content).vector16()?).vector8()?;
    Some(Untrusted::from_bytes(protocol))
}

/// Timestamps in a list of them (RFC 6962 section 3.3); `None` if it does not decode.
fn sct_count(content: &[u8]) -> Option<u32> {
    let mut list = Reader::new(Reader::new(content).vector16()?);
    let mut count = 0;
    while !list.is_empty() {
        list.vector16()?;
        count += 1;
    }
    Some(count)
}
