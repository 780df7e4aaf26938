//! Certificate revocation lists (RFC 5280 section 5), read as they arrive: a list of ten megabytes is never held.
//!
//! Kept are who issued it, what it covers, its times, the digest that is signed, and sixteen octets for each revoked
//! certificate. Whether it is fresh and covers a certificate is judged elsewhere.

use aws_lc_rs::digest::{Context, Digest};
use thiserror::Error;

use super::certificate::Certificate;
use super::der::{DerError, Element, Reader, only, tag};
use super::issuer::Issuer;
use super::ocsp::Revoked;
use super::read::time;
use super::verify::{Signed, digest_of};
use super::{Fingerprint, SignatureCheck};
use crate::text::Untrusted;
use crate::time::UnixTime;

/// Octets before the first entry: version, algorithm, name, two times.
const LONGEST_HEAD: usize = 64 * 1024;
/// Octets of one entry.
const LONGEST_ENTRY: usize = 16 * 1024;
/// Octets behind the last entry: extensions and signature.
const LONGEST_TAIL: usize = 256 * 1024;
/// Octets of a list that is signed as a whole and so has to be held: Ed25519, ML-DSA.
const LONGEST_HELD: usize = 4 << 20;
/// Entries kept of one list: 32 MiB.
const MOST_ENTRIES: usize = 2 << 20;
/// Names of an issuing distribution point that are kept.
const MOST_NAMES: usize = 16;

/// Why a list says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CrlFault {
    #[error("the list cannot be read")]
    Malformed,
    #[error("the list is in PEM, where RFC 5280 section 4.2.1.13 asks for DER")]
    Pem,
    #[error("the list is cut short")]
    CutShort,
    #[error("the list is longer than what is read of one")]
    TooLarge,
    #[error("the list has an extension that has to be understood and is not")]
    UnknownExtension,
    #[error("the list is indirect or a delta, which is not read here")]
    IndirectOrDelta,
}

impl From<DerError> for CrlFault {
    fn from(_: DerError) -> Self {
        Self::Malformed
    }
}

/// A list, read to its end; its signature is still to be checked.
#[derive(Debug)]
pub struct Crl {
    issuer: Box<[u8]>,
    pub this_update: UnixTime,
    pub next_update: Option<UnixTime>,
    /// What it is about; `None`: every certificate of its issuer.
    pub scope: Option<CrlScope>,
    /// Sorted by the hash of the serial number.
    entries: Box<[Entry]>,
    /// AlgorithmIdentifier, as encoded.
    algorithm: Box<[u8]>,
    signed: Held,
    signature: Box<[u8]>,
}

/// IssuingDistributionPoint (section 5.2.5).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CrlScope {
    /// URLs of the distribution point; empty where it is not named.
    pub urls: Vec<Untrusted>,
    /// The point is named in a form that is not compared here.
    pub is_named_otherwise: bool,
    pub only_user_certificates: bool,
    pub only_ca_certificates: bool,
    pub only_attribute_certificates: bool,
    /// Only for some reasons of revocation.
    pub only_some_reasons: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    /// Start of SHA-256 of the serial number.
    serial: u64,
    /// Seconds since 1970; `u32::MAX` where unreadable.
    at: u32,
    /// `u8::MAX`: none given.
    reason: u8,
}

#[derive(Debug)]
enum Held {
    Digest(Digest),
    Message(Vec<u8>),
}

enum Hashing {
    Digest(Context),
    Message(Vec<u8>),
}

impl Hashing {
    fn update(&mut self, bytes: &[u8]) -> Result<(), CrlFault> {
        match self {
            Self::Digest(context) => context.update(bytes),
            Self::Message(held) if held.len().saturating_add(bytes.len()) > LONGEST_HELD => {
                return Err(CrlFault::TooLarge);
            }
            Self::Message(held) => held.extend_from_slice(bytes),
        }
        Ok(())
    }
}

/// What comes next.
enum Stage {
    Head,
    /// Octets of `revokedCertificates` that are still to come.
    Entries(usize),
    Tail,
}

/// Reads a list piece by piece.
pub struct CrlReader {
    stage: Stage,
    /// What has come and was not taken yet.
    buffer: Vec<u8>,
    hashing: Hashing,
    /// Octets of TBSCertList that are still to come, those in `buffer` among them.
    tbs_left: usize,
    /// Octets behind it.
    behind_tbs: usize,
    algorithm: Box<[u8]>,
    issuer: Box<[u8]>,
    this_update: Option<UnixTime>,
    next_update: Option<UnixTime>,
    entries: Vec<Entry>,
}

impl std::fmt::Debug for CrlReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CrlReader").field("entries", &self.entries.len()).finish_non_exhaustive()
    }
}

impl Default for CrlReader {
    fn default() -> Self {
        Self {
            stage: Stage::Head,
            buffer: Vec::new(),
            hashing: Hashing::Message(Vec::new()),
            tbs_left: 0,
            behind_tbs: 0,
            algorithm: Box::default(),
            issuer: Box::default(),
            this_update: None,
            next_update: None,
            entries: Vec::new(),
        }
    }
}

impl CrlReader {
    /// Takes the next piece.
    ///
    /// # Errors
    /// It is no list, or one that is not read here; nothing more need be given.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), CrlFault> {
        self.buffer.extend_from_slice(bytes);
        loop {
            match self.stage {
                Stage::Head => {
                    if !self.read_head()? {
                        return Ok(());
                    }
                }
                Stage::Entries(0) => self.stage = Stage::Tail,
                Stage::Entries(left) => return self.read_entries(left),
                Stage::Tail if self.buffer.len() > LONGEST_TAIL => return Err(CrlFault::TooLarge),
                Stage::Tail => return Ok(()),
            }
        }
    }

    /// Ends the list.
    ///
    /// # Errors
    /// As [`Self::push`], or the end is missing.
    pub fn finish(mut self) -> Result<Crl, CrlFault> {
        // What could not be told apart before, such as a list without entries.
        self.push(&[])?;
        match self.stage {
            Stage::Tail => {}
            Stage::Head | Stage::Entries(_) => return Err(CrlFault::CutShort),
        }
        let (rest_of_tbs, behind) = self.buffer.split_at_checked(self.tbs_left).ok_or(CrlFault::CutShort)?;
        let mut tail = Reader::new(rest_of_tbs);
        let scope = match tail.optional(tag::context_constructed(0))? {
            Some(extensions) => read_extensions(extensions)?,
            None => None,
        };
        tail.end()?;
        self.hashing.update(rest_of_tbs)?;
        if behind.len() != self.behind_tbs {
            return Err(CrlFault::CutShort);
        }
        let mut behind = Reader::new(behind);
        let algorithm = behind.expect(tag::SEQUENCE)?;
        if *algorithm.whole != *self.algorithm {
            return Err(CrlFault::Malformed);
        }
        let signature = behind.expect(tag::BIT_STRING)?.octets_of_bit_string()?.into();
        behind.end()?;
        self.entries.sort_unstable();
        Ok(Crl {
            issuer: self.issuer,
            this_update: self.this_update.ok_or(CrlFault::Malformed)?,
            next_update: self.next_update,
            scope,
            entries: self.entries.into(),
            algorithm: self.algorithm,
            signed: match self.hashing {
                Hashing::Digest(context) => Held::Digest(context.finish()),
                Hashing::Message(message) => Held::Message(message),
            },
            signature,
        })
    }

    /// All in front of the first entry; `false` if not all of it has come yet.
    fn read_head(&mut self) -> Result<bool, CrlFault> {
        if self.buffer.starts_with(b"-----BEGIN") {
            return Err(CrlFault::Pem);
        }
        let Some(head) = Head::read(&self.buffer)? else {
            return if self.buffer.len() > LONGEST_HEAD { Err(CrlFault::TooLarge) } else { Ok(false) };
        };
        let taken = head.taken.len();
        self.hashing = match digest_of(head.algorithm) {
            Some(algorithm) => Hashing::Digest(Context::new(algorithm)),
            None => Hashing::Message(Vec::new()),
        };
        self.hashing.update(head.taken)?;
        self.tbs_left = head.tbs_length.checked_sub(taken).ok_or(CrlFault::Malformed)?;
        self.behind_tbs = head.behind_tbs;
        if head.entries > self.tbs_left {
            return Err(CrlFault::Malformed);
        }
        (self.algorithm, self.issuer) = (head.algorithm.whole.into(), head.issuer.into());
        (self.this_update, self.next_update) = (Some(head.this_update), head.next_update);
        self.stage = Stage::Entries(head.entries);
        let behind = head.before_tbs.saturating_add(taken);
        self.buffer.drain(..behind);
        Ok(true)
    }

    fn read_entries(&mut self, mut left: usize) -> Result<(), CrlFault> {
        let mut taken = 0;
        while left > 0 {
            let rest = self.buffer.get(taken..).unwrap_or_default();
            let mut reader = Reader::new(rest);
            let entry = match reader.expect(tag::SEQUENCE) {
                Ok(entry) => entry,
                Err(DerError::CutShort { needed, .. }) if needed > LONGEST_ENTRY => {
                    return Err(CrlFault::TooLarge);
                }
                Err(DerError::CutShort { .. } | DerError::Missing) => break,
                Err(_) => return Err(CrlFault::Malformed),
            };
            left = left.checked_sub(entry.whole.len()).ok_or(CrlFault::Malformed)?;
            if self.entries.len() == MOST_ENTRIES {
                return Err(CrlFault::TooLarge);
            }
            self.entries.push(read_entry(entry)?);
            taken += entry.whole.len();
        }
        self.hashing.update(self.buffer.get(..taken).unwrap_or_default())?;
        self.tbs_left -= taken;
        self.buffer.drain(..taken);
        self.stage = if left == 0 { Stage::Tail } else { Stage::Entries(left) };
        Ok(())
    }
}

/// The part of a list in front of its first entry.
struct Head<'a> {
    /// Octets in front of TBSCertList.
    before_tbs: usize,
    /// Octets of TBSCertList, header included.
    tbs_length: usize,
    /// Octets behind TBSCertList: algorithm and signature.
    behind_tbs: usize,
    /// TBSCertList as far as read here, the header of `revokedCertificates` included.
    taken: &'a [u8],
    algorithm: Element<'a>,
    issuer: &'a [u8],
    this_update: UnixTime,
    next_update: Option<UnixTime>,
    /// Octets of the entries.
    entries: usize,
}

impl<'a> Head<'a> {
    /// `None` if not all of it is there.
    fn read(bytes: &'a [u8]) -> Result<Option<Self>, CrlFault> {
        match Self::try_read(bytes) {
            Ok(head) => Ok(Some(head)),
            Err(DerError::CutShort { .. } | DerError::Missing) => Ok(None),
            Err(_) => Err(CrlFault::Malformed),
        }
    }

    fn try_read(bytes: &'a [u8]) -> Result<Self, DerError> {
        let outer = open(bytes)?;
        let tbs = open(outer.inside)?;
        let tbs_length = tbs.header.saturating_add(tbs.length);
        let mut fields = Reader::new(tbs.inside);
        fields.optional(tag::INTEGER)?;
        let algorithm = fields.expect(tag::SEQUENCE)?;
        let issuer = fields.expect(tag::SEQUENCE)?.whole;
        let this_update = time(fields.any()?).ok_or(DerError::Tag)?;
        let mut next_update = None;
        let mut rest = fields.rest();
        // What follows may be a time, the entries, the extensions, or nothing at all.
        let consumed = |rest: &[u8]| tbs.header + (tbs.inside.len() - rest.len());
        let is_over = |rest: &[u8]| consumed(rest) >= tbs.header + tbs.length;
        if let Some(UTC_TIME | GENERALIZED_TIME) = next_tag(rest, is_over(rest))? {
            next_update = Some(time(fields.any()?).ok_or(DerError::Tag)?);
            rest = fields.rest();
        }
        let mut entries = 0;
        if next_tag(rest, is_over(rest))? == Some(tag::SEQUENCE) {
            let list = open(rest)?;
            entries = list.length;
            rest = list.inside;
        }
        Ok(Self {
            before_tbs: outer.header,
            tbs_length,
            behind_tbs: outer.length.checked_sub(tbs_length).ok_or(DerError::Tag)?,
            taken: outer.inside.get(..consumed(rest)).ok_or(DerError::Missing)?,
            algorithm,
            issuer,
            this_update,
            next_update,
            entries,
        })
    }
}

const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

fn next_tag(rest: &[u8], is_over: bool) -> Result<Option<u8>, DerError> {
    if is_over { Ok(None) } else { rest.first().copied().map(Some).ok_or(DerError::Missing) }
}

/// A SEQUENCE of which only the front need be there.
struct Opened<'a> {
    header: usize,
    length: usize,
    inside: &'a [u8],
}

fn open(bytes: &[u8]) -> Result<Opened<'_>, DerError> {
    let (found, header, length) = super::der::header(bytes)?;
    if found != tag::SEQUENCE {
        return Err(DerError::Unexpected { expected: tag::SEQUENCE, found });
    }
    Ok(Opened { header, length, inside: bytes.get(header..).ok_or(DerError::Missing)? })
}

/// One revoked certificate (section 5.1.2.6).
fn read_entry(entry: Element<'_>) -> Result<Entry, CrlFault> {
    let mut fields = entry.reader();
    let serial = serial_hash(fields.expect(tag::INTEGER)?.content);
    let at = time(fields.any()?).and_then(|at| u32::try_from(at.0).ok()).unwrap_or(u32::MAX);
    let mut reason = u8::MAX;
    if let Some(extensions) = fields.optional(tag::SEQUENCE)? {
        let mut list = extensions.reader();
        while !list.is_empty() {
            let (oid, is_critical, value) = split_extension(list.expect(tag::SEQUENCE)?)?;
            match oid {
                // reasonCode
                [0x55, 0x1d, 21] => {
                    reason = only(value, 0x0a)?.content.first().copied().unwrap_or(u8::MAX);
                }
                // certificateIssuer: the list is about other issuers' certificates, too.
                [0x55, 0x1d, 29] => return Err(CrlFault::IndirectOrDelta),
                _ if is_critical => return Err(CrlFault::UnknownExtension),
                _ => {}
            }
        }
    }
    Ok(Entry { serial, at, reason })
}

fn serial_hash(serial: &[u8]) -> u64 {
    let serial = super::der::without_leading_zeros(serial);
    Fingerprint::of(serial).0.first_chunk().map_or(0, |start| u64::from_be_bytes(*start))
}

fn split_extension(extension: Element<'_>) -> Result<(&[u8], bool, &[u8]), DerError> {
    let mut fields = extension.reader();
    let oid = fields.expect(tag::OID)?.content;
    let is_critical = fields.optional(tag::BOOLEAN)?.is_some_and(|flag| flag.content != [0]);
    let value = fields.expect(tag::OCTET_STRING)?.content;
    fields.end()?;
    Ok((oid, is_critical, value))
}

/// crlExtensions (section 5.2).
fn read_extensions(field: Element<'_>) -> Result<Option<CrlScope>, CrlFault> {
    let mut list = only(field.content, tag::SEQUENCE)?.reader();
    let mut scope = None;
    while !list.is_empty() {
        let (oid, is_critical, value) = split_extension(list.expect(tag::SEQUENCE)?)?;
        match oid {
            // deltaCRLIndicator
            [0x55, 0x1d, 27] => return Err(CrlFault::IndirectOrDelta),
            // issuingDistributionPoint
            [0x55, 0x1d, 28] => scope = Some(read_scope(value)?),
            // authorityKeyIdentifier, cRLNumber, freshestCRL, authorityInfoAccess
            [0x55, 0x1d, 35 | 20 | 46] | [0x2b, 6, 1, 5, 5, 7, 1, 1] => {}
            _ if is_critical => return Err(CrlFault::UnknownExtension),
            _ => {}
        }
    }
    Ok(scope)
}

fn read_scope(value: &[u8]) -> Result<CrlScope, CrlFault> {
    const POINT: u8 = tag::context_constructed(0);
    const FULL_NAME: u8 = tag::context_constructed(0);
    const URI: u8 = tag::context(6);
    let mut scope = CrlScope::default();
    let mut fields = only(value, tag::SEQUENCE)?.reader();
    while !fields.is_empty() {
        let field = fields.any()?;
        let flag = field.content != [0];
        match field.tag {
            POINT => match field.reader().any()? {
                names @ Element { tag: FULL_NAME, .. } => {
                    let mut names = names.reader();
                    while !names.is_empty() && scope.urls.len() < MOST_NAMES {
                        let name = names.any()?;
                        if name.tag == URI {
                            scope.urls.push(Untrusted::from_bytes(name.content));
                        }
                    }
                    scope.is_named_otherwise = scope.urls.is_empty();
                }
                _ => scope.is_named_otherwise = true,
            },
            0x81 => scope.only_user_certificates = flag,
            0x82 => scope.only_ca_certificates = flag,
            0x83 => scope.only_some_reasons = true,
            0x84 if flag => return Err(CrlFault::IndirectOrDelta),
            0x84 => {}
            0x85 => scope.only_attribute_certificates = flag,
            _ => return Err(CrlFault::Malformed),
        }
    }
    Ok(scope)
}

impl Crl {
    /// Name and signature of the list are `issuer`'s, who may sign lists.
    pub fn is_signed_by(&self, issuer: &Issuer) -> SignatureCheck {
        if *self.issuer != *issuer.name() || !issuer.may_sign_crls() {
            return SignatureCheck::Failed;
        }
        let Ok(algorithm) = only(&self.algorithm, tag::SEQUENCE) else { return SignatureCheck::Failed };
        let signed = match &self.signed {
            Held::Digest(digest) => Signed::Digest(digest),
            Held::Message(message) => Signed::Message(message),
        };
        issuer.has_signed(algorithm, signed, &self.signature)
    }

    /// The same without what is held to check a signature over the whole list.
    #[must_use]
    pub fn without_message(mut self) -> Self {
        if let Held::Message(message) = &mut self.signed {
            *message = Vec::new();
        }
        self
    }

    /// Whether, when and why `certificate` is in the list.
    pub fn find(&self, certificate: &Certificate) -> Option<Revoked> {
        let serial = serial_hash(&certificate.serial);
        let first = self.entries.partition_point(|entry| entry.serial < serial);
        let entry = self.entries.get(first).filter(|entry| entry.serial == serial)?;
        Some(Revoked {
            at: (entry.at != u32::MAX).then_some(UnixTime(entry.at.into())),
            reason: (entry.reason != u8::MAX).then_some(entry.reason),
        })
    }

    /// Revoked certificates in the list.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Nothing is revoked.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Octets held.
    pub fn weight(&self) -> usize {
        self.entries.len().saturating_mul(size_of::<Entry>()).saturating_add(4_096)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{GENERALIZED_TIME, UTC_TIME, algorithm, common_name, element, sequence};
    use super::*;

    /// A list with so many entries, signed by nobody.
    fn list(entries: u32, signature: &[u8]) -> Vec<u8> {
        let entry = |serial: u32| {
            let reason =
                sequence([element(tag::OID, [0x55, 0x1d, 21]), element(tag::OCTET_STRING, [0x0a, 1, 4])]);
            sequence([
                element(tag::INTEGER, [&[0x10; 12][..], &serial.to_be_bytes()].concat()),
                element(UTC_TIME, b"260301000000Z"),
                element(tag::SEQUENCE, reason),
            ])
        };
        let tbs = sequence([
            element(tag::INTEGER, [1]),
            algorithm(signature),
            common_name(tag::UTF8_STRING, b"Large CA"),
            element(UTC_TIME, b"260901000000Z"),
            element(GENERALIZED_TIME, b"20260908000000Z"),
            element(tag::SEQUENCE, (0..entries).flat_map(entry).collect::<Vec<u8>>()),
        ]);
        sequence([tbs, algorithm(signature), element(tag::BIT_STRING, [0; 71])])
    }

    /// ecdsa-with-SHA256, 1.2.840.10045.4.3.2
    const ECDSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];

    #[test]
    fn a_list_of_ten_megabytes_is_never_held() {
        const PIECE: usize = 16 * 1024;
        let bytes = list(230_000, ECDSA);
        assert!(bytes.len() > 10_000_000);
        let mut reader = CrlReader::default();
        for piece in bytes.chunks(PIECE) {
            reader.push(piece).unwrap();
            assert!(reader.buffer.capacity() <= 4 * PIECE, "{}", reader.buffer.capacity());
            assert!(matches!(reader.hashing, Hashing::Digest(_)));
        }
        let list = reader.finish().unwrap();
        assert_eq!((list.len(), size_of::<Entry>()), (230_000, 16));
        let mut certificate = super::super::read(b"");
        certificate.serial = [&[0x10; 12][..], &[0, 3, 0x82, 0x6f]].concat().into();
        let found = list.find(&certificate).unwrap();
        assert_eq!(
            (found.at.map(|at| at.to_string()).as_deref(), found.reason),
            (Some("2026-03-01T00:00:00Z"), Some(4))
        );
        certificate.serial = Box::from([0x10; 16]);
        assert_eq!(list.find(&certificate), None);
    }

    #[test]
    fn a_list_that_has_to_be_held_for_its_signature_is_capped() {
        let ed25519 = super::super::testing::ED25519;
        let read = |bytes: &[u8]| {
            let mut reader = CrlReader::default();
            bytes.chunks(10_000).try_for_each(|piece| reader.push(piece))?;
            reader.finish()
        };
        assert!(read(&list(1_000, ed25519)).is_ok());
        assert_eq!(read(&list(100_000, ed25519)).unwrap_err(), CrlFault::TooLarge);
    }

    #[test]
    fn lengths_that_promise_more_than_comes_cost_nothing() {
        let mut reader = CrlReader::default();
        reader.push(&[0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 0x30, 0x84, 0x7f, 0xff, 0xff, 0x00]).unwrap();
        assert!(reader.buffer.capacity() < 100);
        assert_eq!(reader.finish().unwrap_err(), CrlFault::CutShort);
        let mut reader = CrlReader::default();
        let endless = (0..100).try_for_each(|_| reader.push(&[0x30; 10_000]));
        assert!(endless.is_err());
    }
}
