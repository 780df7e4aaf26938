//! One certificate of a report: what was read from it, where it was seen, and its PEM.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::scalar::hexadecimal;
use super::{CertificateView, Sha256, Text, Timestamp};
use crate::text::Untrusted;
use crate::x509::certificate::{KeyUsage, PublicKey, SubjectAltName, ValidationLevel};
use crate::x509::{Certificate, DistinguishedName, pem};

/// A certificate. Where a value is `null` although every certificate has one, `unreadable` says why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateDocument<'a> {
    pub sha256: Sha256,
    pub spki_sha256: Option<Sha256>,
    /// RFC 4514.
    pub subject: Text<'a>,
    pub subject_attributes: Vec<AttributeDocument<'a>>,
    /// RFC 4514.
    pub issuer: Text<'a>,
    /// Hexadecimal.
    pub serial: Text<'a>,
    pub not_before: Option<Timestamp>,
    pub not_after: Option<Timestamp>,
    pub san: SanDocument<'a>,
    pub key: KeyDocument<'a>,
    pub signature_algorithm: Option<Text<'a>>,
    pub key_usage: Vec<Text<'a>>,
    pub extended_key_usage: Vec<Text<'a>>,
    /// Hexadecimal.
    pub aki: Option<Text<'a>>,
    /// Hexadecimal.
    pub ski: Option<Text<'a>>,
    pub validation_level: Option<Text<'a>>,
    /// Dotted identifiers of certificatePolicies.
    pub policy_oids: Vec<Text<'a>>,
    pub ocsp_urls: Vec<Text<'a>>,
    pub ca_issuers_urls: Vec<Text<'a>>,
    pub crl_urls: Vec<Text<'a>>,
    /// Embedded signed certificate timestamps, unverified.
    pub embedded_sct_count: u64,
    pub must_staple: bool,
    pub public_trust: Option<bool>,
    pub is_ca: bool,
    pub self_signed: bool,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
    pub endpoints: u64,
    pub pem: Text<'a>,
    pub unreadable: Vec<UnreadableDocument<'a>>,
}

/// One attribute of a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributeDocument<'a> {
    pub oid: Text<'a>,
    pub name: Text<'a>,
    pub value: Text<'a>,
}

/// Subject alternative names by kind.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SanDocument<'a> {
    pub dns: Vec<Text<'a>>,
    pub ip: Vec<IpAddr>,
    pub email: Vec<Text<'a>>,
    pub uri: Vec<Text<'a>>,
    /// directoryName, registeredID, otherName and x400Address, in a readable form.
    pub other: Vec<Text<'a>>,
    /// The certificate has more names than are listed; `pem` has them all.
    pub truncated: bool,
}

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct KeyDocument<'a> {
    pub algorithm: Option<Text<'a>>,
    pub bits: Option<u32>,
    pub curve: Option<Text<'a>>,
}

/// A field that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreadableDocument<'a> {
    pub field: Text<'a>,
    pub error: Text<'a>,
}

/// A certificate of a report.
pub fn certificate_document<'a>(view: &CertificateView<'a>) -> CertificateDocument<'a> {
    let certificate = view.certificate;
    CertificateDocument {
        sha256: Sha256(certificate.sha256),
        spki_sha256: certificate.spki_sha256.map(Sha256),
        subject: certificate.subject.text.raw().into(),
        subject_attributes: attribute_documents(&certificate.subject),
        issuer: certificate.issuer.text.raw().into(),
        serial: certificate.serial_hex().into(),
        not_before: certificate.not_before.map(Timestamp),
        not_after: certificate.not_after.map(Timestamp),
        san: certificate.san.as_ref().map(san_document).unwrap_or_default(),
        key: certificate.key.as_ref().map(key_document).unwrap_or_default(),
        signature_algorithm: certificate.signature.as_ref().map(|signature| signature.name.as_str().into()),
        key_usage: certificate.key_usage.into_iter().flat_map(KeyUsage::names).map(Text::from).collect(),
        extended_key_usage: strings(certificate.extended_key_usage.as_deref().unwrap_or_default()),
        aki: certificate.aki.as_deref().map(hexadecimal).map(Text::from),
        ski: certificate.ski.as_deref().map(hexadecimal).map(Text::from),
        validation_level: certificate.validation_level.map(ValidationLevel::name).map(Text::from),
        policy_oids: strings(&certificate.policies),
        ocsp_urls: untrusted(&certificate.ocsp_urls),
        ca_issuers_urls: untrusted(&certificate.ca_issuers_urls),
        crl_urls: untrusted(&certificate.crl_urls),
        embedded_sct_count: u64::try_from(certificate.scts.len()).unwrap_or(u64::MAX),
        must_staple: certificate.must_staple,
        public_trust: view.public_trust,
        is_ca: certificate.is_ca(),
        self_signed: view.self_signed,
        first_seen: Timestamp(view.first_seen),
        last_seen: Timestamp(view.last_seen),
        endpoints: view.endpoints,
        pem: pem::encode(pem::CERTIFICATE, &certificate.der).into(),
        unreadable: unreadable_documents(certificate),
    }
}

/// A public key, in lists too.
pub(super) fn key_document(key: &PublicKey) -> KeyDocument<'_> {
    KeyDocument {
        algorithm: Some(key.algorithm.as_str().into()),
        bits: key.bits,
        curve: key.curve.as_deref().map(Text::from),
    }
}

fn attribute_documents(name: &DistinguishedName) -> Vec<AttributeDocument<'_>> {
    name.attributes
        .iter()
        .map(|attribute| AttributeDocument {
            oid: attribute.oid.as_str().into(),
            name: attribute.name.as_str().into(),
            value: attribute.value.raw().into(),
        })
        .collect()
}

fn san_document(san: &SubjectAltName) -> SanDocument<'_> {
    SanDocument {
        dns: untrusted(&san.dns),
        ip: san.ip.clone(),
        email: untrusted(&san.email),
        uri: untrusted(&san.uri),
        other: untrusted(&san.other),
        truncated: san.truncated,
    }
}

fn unreadable_documents(certificate: &Certificate) -> Vec<UnreadableDocument<'_>> {
    certificate
        .unreadable
        .iter()
        .map(|unreadable| UnreadableDocument {
            field: unreadable.field.as_str().into(),
            error: unreadable.error.as_str().into(),
        })
        .collect()
}

fn untrusted(list: &[Untrusted]) -> Vec<Text<'_>> {
    list.iter().map(|text| text.raw().into()).collect()
}

fn strings(list: &[String]) -> Vec<Text<'_>> {
    list.iter().map(|text| text.as_str().into()).collect()
}
