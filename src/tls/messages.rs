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

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(extensions: &[u8]) -> Vec<u8> {
        let mut body = vec![3, 3];
        body.extend_from_slice(&[7; 32]);
        body.extend_from_slice(&[0, 0xc0, 0x2f, 0]);
        body.extend_from_slice(extensions);
        body
    }

    #[test]
    fn a_server_hello_reads_with_and_without_extensions() {
        let body = hello(&[]);
        let read = ServerHello::read(&body).unwrap();
        assert_eq!(read.version, ProtocolVersion::TLSv1_2);
        assert_eq!(read.cipher_suite, CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256);
        let body = hello(&[0, 17, 0, 43, 0, 2, 3, 4, 0, 16, 0, 5, 0, 3, 2, b'h', b'2', 0xfa, 0xfa]);
        assert_eq!(ServerHello::read(&body), None, "the last extension is cut");
        let body = hello(&[0, 19, 0, 43, 0, 2, 3, 4, 0, 16, 0, 5, 0, 3, 2, b'h', b'2', 0xfa, 0xfa, 0, 0]);
        let read = ServerHello::read(&body).unwrap();
        assert_eq!(read.version, ProtocolVersion::TLSv1_3);
        assert_eq!(read.alpn, Some("h2".into()));
    }

    #[test]
    fn what_stands_beside_the_first_certificate_is_noted() {
        let body = [
            0, // context
            0, 0, 28, // length of the list
            0, 0, 1, b'a', 0, 16, 0, 5, 0, 1, 9, 0, 18, 0, 7, 0, 5, 0, 1, 1, 0, 0, // leaf
            0, 0, 1, b'b', 0, 0, // issuer
        ];
        let read = certificate_13(&body).unwrap();
        assert_eq!(read.chain.ders().collect::<Vec<_>>(), [b"a", b"b"]);
        assert!(read.ocsp_stapled);
        assert_eq!(read.sct_count, Some(2));
        assert_eq!(certificate_13(&body[..31]), None);
    }

    #[test]
    fn a_message_with_too_many_certificates_is_refused() {
        let list = [0, 0, 1, 7].repeat(MAX_CERTIFICATES + 1);
        let mut body = u32::try_from(list.len()).unwrap().to_be_bytes()[1..].to_vec();
        body.extend_from_slice(&list);
        assert_eq!(certificate_12(&body), None);
        let list = [0, 0, 1, 7, 0, 0].repeat(MAX_CERTIFICATES + 1);
        let mut body = vec![0];
        body.extend_from_slice(&u32::try_from(list.len()).unwrap().to_be_bytes()[1..]);
        body.extend_from_slice(&list);
        assert_eq!(certificate_13(&body), None);
    }

    #[test]
    fn authorities_are_capped() {
        let names = [0, 2, 0x30, 0].repeat(MAX_CA_NAMES + 9);
        let mut body = vec![1, 1, 0, 2, 4, 3];
        body.extend_from_slice(&u16::try_from(names.len()).unwrap().to_be_bytes());
        body.extend_from_slice(&names);
        assert_eq!(certificate_request_12(&body, ProtocolVersion::TLSv1_2).unwrap().len(), MAX_CA_NAMES);
        // Older versions have no signature algorithms: there they are taken for names, which do not fit.
        assert_eq!(certificate_request_12(&body, ProtocolVersion::TLSv1_1), None);
    }

    #[test]
    fn a_group_is_read_from_the_key_exchange_of_ecdhe_suites_only() {
        let body = [3, 0, 0x1d, 32];
        let ecdhe = CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256;
        assert_eq!(server_key_exchange_group(&body, ecdhe), Some(NamedGroup::x25519));
        let dhe = CipherSuite::TLS_DHE_RSA_WITH_AES_128_GCM_SHA256;
        assert_eq!(server_key_exchange_group(&body, dhe), None);
        assert_eq!(server_key_exchange_group(&[1, 0, 0x1d], ecdhe), None);
    }
}
