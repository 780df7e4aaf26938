//! OCSP (RFC 6960): the question about one certificate, and what a response says about it.
//!
//! A response counts only if the issuer signed it, or somebody the issuer gave a certificate for that purpose
//! (section 4.2.2.2). Whether it is still fresh is judged elsewhere.

use aws_lc_rs::digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use thiserror::Error;

use super::SignatureCheck;
use super::certificate::{Certificate, Sct};
use super::der::{DerError, Element, Reader, only, tag};
use super::issuer::{Issuer, element, sequence};
use super::key::split_algorithm;
use super::read::{read, time};
use super::sct::read_scts;
use super::verify::Signed;
use crate::time::UnixTime;

/// Answers looked at in one response; a responder may answer what it was not asked.
const MOST_ANSWERS: usize = 64;
/// Certificates looked at in one response.
const MOST_CERTIFICATES: usize = 8;
/// Longest certificate of a responder.
const LONGEST_CERTIFICATE: usize = 64 * 1024;

/// 1.3.14.3.2.26
const SHA1_OID: &[u8] = &[0x2b, 0x0e, 3, 2, 0x1a];
/// 2.16.840.1.101.3.4.2.1
const SHA256_OID: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
/// id-pkix-ocsp-basic, 1.3.6.1.5.5.7.48.1.1
const BASIC: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 0x30, 1, 1];
/// 1.3.6.1.4.1.11129.2.4.5 (RFC 6962 section 3.3)
const SCTS: &[u8] = &[0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 5];

const ENUMERATED: u8 = 0x0a;

/// What a response says about one certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OcspAnswer {
    pub status: CertStatus,
    pub this_update: UnixTime,
    /// `None`: newer information is there all the time (section 4.2.2.1).
    pub next_update: Option<UnixTime>,
    /// Who signed it for the issuer; `None` if the issuer did so itself.
    pub delegate: Option<Box<Certificate>>,
    /// Timestamps of the certificate (RFC 6962 section 3.3).
    pub scts: Vec<Sct>,
}

/// A certificate's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CertStatus {
    Good,
    Revoked(Revoked),
    /// The responder does not know the certificate: that is not good.
    Unknown,
}

/// When and why a certificate was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Revoked {
    pub at: Option<UnixTime>,
    /// CRLReason (RFC 5280 section 5.3.1).
    pub reason: Option<u8>,
}

/// CRLReason in words (RFC 5280 section 5.3.1).
pub fn reason_name(reason: u8) -> &'static str {
    match reason {
        0 => "unspecified",
        1 => "keyCompromise",
        2 => "cACompromise",
        3 => "affiliationChanged",
        4 => "superseded",
        5 => "cessationOfOperation",
        6 => "certificateHold",
        8 => "removeFromCRL",
        9 => "privilegeWithdrawn",
        10 => "aACompromise",
        _ => "unknown reason",
    }
}

/// Why a response says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum OcspFault {
    #[error("the response cannot be read")]
    Malformed,
    #[error("the responder answers {0}")]
    Refused(&'static str),
    #[error("the response is about another certificate")]
    OtherCertificate,
    #[error("the response is signed by nobody whom the issuer has named")]
    WrongSigner,
    #[error("the response's signature does not verify")]
    BadSignature,
    #[error("the response's signature is of a kind that is not checked here")]
    UnsupportedSignature,
}

impl From<DerError> for OcspFault {
    fn from(_: DerError) -> Self {
        Self::Malformed
    }
}

/// An OCSPRequest about `certificate`, with SHA-1 in its CertID, which every responder knows (RFC 5019 section 2.1.1),
/// and no nonce. `None` if the certificate has no serial number or the issuer no readable key.
pub fn ocsp_request(certificate: &Certificate, issuer: &Issuer) -> Option<Vec<u8>> {
    if certificate.serial.is_empty() {
        return None;
    }
    let name = digest::digest(&SHA1_FOR_LEGACY_USE_ONLY, issuer.name());
    let key = issuer.key_hash(&SHA1_FOR_LEGACY_USE_ONLY)?;
    let algorithm = sequence(&[element(tag::OID, SHA1_OID), element(0x05, &[])].concat());
    let parts = [
        algorithm.into_vec(),
        element(tag::OCTET_STRING, name.as_ref()),
        element(tag::OCTET_STRING, key.as_ref()),
        element(tag::INTEGER, &certificate.serial),
    ];
    // CertID in Request in requestList in TBSRequest in OCSPRequest.
    let wrap = |content: Vec<u8>| sequence(&content).into_vec();
    Some(wrap(wrap(wrap(wrap(wrap(parts.concat()))))))
}

/// Reads what `response` says about `certificate`, which `issuer` issued, and checks who signed it.
///
/// # Errors
/// The response says nothing that counts: see [`OcspFault`].
pub fn read_ocsp(
    response: &[u8],
    certificate: &Certificate,
    issuer: &Issuer,
) -> Result<OcspAnswer, OcspFault> {
    let mut fields = only(response, tag::SEQUENCE)?.reader();
    let status = fields.expect(ENUMERATED)?;
    refused(status.content)?;
    let bytes = fields.expect(tag::context_constructed(0))?.reader().expect(tag::SEQUENCE)?;
    let mut bytes = bytes.reader();
    if bytes.expect(tag::OID)?.content != BASIC {
        return Err(OcspFault::Malformed);
    }
    let basic = Basic::split(bytes.expect(tag::OCTET_STRING)?.content)?;
    let mut answer = basic.answer(certificate, issuer)?;
    answer.delegate = basic.check_signer(issuer)?;
    Ok(answer)
}

/// OCSPResponseStatus (section 4.2.1).
fn refused(status: &[u8]) -> Result<(), OcspFault> {
    Err(OcspFault::Refused(match status {
        [0] => return Ok(()),
        [1] => "malformedRequest",
        [2] => "internalError",
        [3] => "tryLater",
        [5] => "sigRequired",
        [6] => "unauthorized",
        _ => return Err(OcspFault::Malformed),
    }))
}

/// BasicOCSPResponse, split.
struct Basic<'a> {
    data: Element<'a>,
    responder: Element<'a>,
    answers: Reader<'a>,
    algorithm: Element<'a>,
    signature: &'a [u8],
    certificates: Option<Reader<'a>>,
}

impl<'a> Basic<'a> {
    fn split(der: &'a [u8]) -> Result<Self, OcspFault> {
        let mut fields = only(der, tag::SEQUENCE)?.reader();
        let data = fields.expect(tag::SEQUENCE)?;
        let algorithm = fields.expect(tag::SEQUENCE)?;
        let signature = fields.expect(tag::BIT_STRING)?.octets_of_bit_string()?;
        let certificates = match fields.optional(tag::context_constructed(0))? {
            Some(list) => Some(only(list.content, tag::SEQUENCE)?.reader()),
            None => None,
        };
        fields.end()?;
        let mut inside = data.reader();
        inside.optional(tag::context_constructed(0))?;
        let responder = inside.any()?;
        inside.any()?; // producedAt
        let answers = inside.expect(tag::SEQUENCE)?.reader();
        Ok(Self { data, responder, answers, algorithm, signature, certificates })
    }

    /// What is said of the certificate: the worst, if more than once.
    fn answer(&self, certificate: &Certificate, issuer: &Issuer) -> Result<OcspAnswer, OcspFault> {
        let mut answers = self.answers;
        let mut found: Option<OcspAnswer> = None;
        for _ in 0..MOST_ANSWERS {
            if answers.is_empty() {
                break;
            }
            let Some(answer) = read_answer(answers.expect(tag::SEQUENCE)?, certificate, issuer)? else {
                continue;
            };
            let is_worse = |found: &OcspAnswer| rank(answer.status) > rank(found.status);
            if found.as_ref().is_none_or(is_worse) {
                found = Some(answer);
            }
        }
        found.ok_or(OcspFault::OtherCertificate)
    }

    /// Who signed for the issuer; `None` if it did so itself.
    fn check_signer(&self, issuer: &Issuer) -> Result<Option<Box<Certificate>>, OcspFault> {
        if self.is_responder(issuer)? {
            return self.check_signature(issuer).map(|()| None);
        }
        let mut certificates = self.certificates.ok_or(OcspFault::WrongSigner)?;
        for _ in 0..MOST_CERTIFICATES {
            if certificates.is_empty() {
                break;
            }
            let element = certificates.expect(tag::SEQUENCE)?;
            if element.whole.len() > LONGEST_CERTIFICATE {
                continue;
            }
            let delegate = read(element.whole);
            let Some(signer) = Issuer::of(&delegate) else { continue };
            if !self.is_responder(&signer)? {
                continue;
            }
            let purposes = delegate.extended_key_usage.as_deref().unwrap_or_default();
            if !purposes.iter().any(|purpose| purpose == "OCSPSigning") || !issuer.has_issued(&delegate) {
                return Err(OcspFault::WrongSigner);
            }
            return self.check_signature(&signer).map(|()| Some(Box::new(delegate)));
        }
        Err(OcspFault::WrongSigner)
    }

    /// ResponderID (section 4.2.1): `[1]` name, `[2]` SHA-1 of the key.
    fn is_responder(&self, signer: &Issuer) -> Result<bool, OcspFault> {
        const BY_NAME: u8 = tag::context_constructed(1);
        const BY_KEY: u8 = tag::context_constructed(2);
        match self.responder.tag {
            BY_NAME => Ok(self.responder.content == signer.name()),
            BY_KEY => Ok(signer.has_key_hash(only(self.responder.content, tag::OCTET_STRING)?.content)),
            _ => Err(OcspFault::Malformed),
        }
    }

    fn check_signature(&self, signer: &Issuer) -> Result<(), OcspFault> {
        match signer.has_signed(self.algorithm, Signed::Message(self.data.whole), self.signature) {
            SignatureCheck::Verified => Ok(()),
            SignatureCheck::Failed => Err(OcspFault::BadSignature),
            SignatureCheck::Unsupported => Err(OcspFault::UnsupportedSignature),
        }
    }
}

fn rank(status: CertStatus) -> u8 {
    match status {
        CertStatus::Good => 0,
        CertStatus::Unknown => 1,
        CertStatus::Revoked(_) => 2,
    }
}

/// SingleResponse; `None` if it is about another certificate.
fn read_answer(
    single: Element<'_>,
    certificate: &Certificate,
    issuer: &Issuer,
) -> Result<Option<OcspAnswer>, OcspFault> {
    const GOOD: u8 = tag::context(0);
    const REVOKED: u8 = tag::context_constructed(1);
    const UNKNOWN: u8 = tag::context(2);
    let mut fields = single.reader();
    if !is_about(fields.expect(tag::SEQUENCE)?, certificate, issuer)? {
        return Ok(None);
    }
    let status = fields.any()?;
    let status = match status.tag {
        GOOD => CertStatus::Good,
        UNKNOWN => CertStatus::Unknown,
        REVOKED => CertStatus::Revoked(read_revoked(status)?),
        _ => return Err(OcspFault::Malformed),
    };
    let this_update = time(fields.any()?).ok_or(OcspFault::Malformed)?;
    let next_update = match fields.optional(tag::context_constructed(0))? {
        Some(next) => Some(time(next.reader().any()?).ok_or(OcspFault::Malformed)?),
        None => None,
    };
    let scts = match fields.optional(tag::context_constructed(1))? {
        Some(extensions) => read_extensions(extensions)?,
        None => Vec::new(),
    };
    Ok(Some(OcspAnswer { status, this_update, next_update, delegate: None, scts }))
}

/// CertID: hash algorithm, hash of the issuer's name, hash of its key, serial number.
fn is_about(id: Element<'_>, certificate: &Certificate, issuer: &Issuer) -> Result<bool, OcspFault> {
    let mut fields = id.reader();
    let (algorithm, _) = split_algorithm(fields.expect(tag::SEQUENCE)?)?;
    let name = fields.expect(tag::OCTET_STRING)?.content;
    let key = fields.expect(tag::OCTET_STRING)?.content;
    let serial = fields.expect(tag::INTEGER)?.content;
    let algorithm = match algorithm {
        SHA1_OID => &SHA1_FOR_LEGACY_USE_ONLY,
        SHA256_OID => &SHA256,
        // A hash that nobody uses: this answer cannot be told to be ours.
        _ => return Ok(false),
    };
    Ok(serial == &*certificate.serial
        && digest::digest(algorithm, issuer.name()).as_ref() == name
        && issuer.key_hash(algorithm).is_some_and(|hash| hash.as_ref() == key))
}

/// RevokedInfo.
fn read_revoked(status: Element<'_>) -> Result<Revoked, OcspFault> {
    let mut fields = status.reader();
    let at = time(fields.any()?);
    let reason = match fields.optional(tag::context_constructed(0))? {
        Some(reason) => reason.reader().expect(ENUMERATED)?.content.first().copied(),
        None => None,
    };
    Ok(Revoked { at, reason })
}

/// Timestamps among the extensions of one answer. An extension that must be understood and is not makes it useless.
fn read_extensions(field: Element<'_>) -> Result<Vec<Sct>, OcspFault> {
    let mut list = only(field.content, tag::SEQUENCE)?.reader();
    let mut scts = Vec::new();
    while !list.is_empty() {
        let mut fields = list.expect(tag::SEQUENCE)?.reader();
        let oid = fields.expect(tag::OID)?.content;
        let is_critical = fields.optional(tag::BOOLEAN)?.is_some_and(|flag| flag.content != [0]);
        let value = fields.expect(tag::OCTET_STRING)?.content;
        if oid == SCTS {
            scts = read_scts(value).0;
        } else if is_critical {
            return Err(OcspFault::Malformed);
        }
    }
    Ok(scts)
}
