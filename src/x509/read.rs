//! Reads a certificate (RFC 5280 section 4.1), field by field. Never fails: what cannot be read is listed beside
//! the rest, because a certificate that breaks a reader is one that an inventory must show.

use std::fmt;

use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;

use super::certificate::{Certificate, Unreadable};
use super::der::{DerError, Element, Reader, tag};
use super::extensions::read_extensions;
use super::key::{read_key, split_key};
use super::names::read_name;
use super::signature::read_signature_algorithm;
use super::{DistinguishedName, Fingerprint};
use crate::time::UnixTime;

/// Reads `der`. A certificate that is broken as a whole has its DER, its hash and one unreadable field,
/// `certificate`.
pub fn read(der: &[u8]) -> Certificate {
    let mut certificate = blank(der);
    let mut notes = Notes::default();
    if let Err(error) = read_outer(der, &mut certificate, &mut notes) {
        notes.add("certificate", error);
    }
    certificate.unreadable = notes.0;
    certificate
}

/// What could not be read so far, at most [`Notes::MAX`] entries.
#[derive(Debug, Default)]
pub(super) struct Notes(Vec<Unreadable>);

impl Notes {
    const MAX: usize = 64;

    pub(super) fn add(&mut self, field: &str, error: impl fmt::Display) {
        if self.0.len() < Self::MAX {
            self.0.push(Unreadable { field: field.to_owned(), error: error.to_string() });
        }
    }

    /// Notes a failure and goes on without the value.
    fn keep<T, E: fmt::Display>(&mut self, field: &str, read: Result<T, E>) -> Option<T> {
        read.map_err(|error| self.add(field, error)).ok()
    }
}

fn blank(der: &[u8]) -> Certificate {
    Certificate {
        sha256: Fingerprint::of(der),
        der: der.into(),
        spki_sha256: None,
        version: 0,
        subject: DistinguishedName::default(),
        issuer: DistinguishedName::default(),
        serial: Box::default(),
        not_before: None,
        not_after: None,
        san: None,
        key: None,
        signature: None,
        basic_constraints: None,
        key_usage: None,
        extended_key_usage: None,
        aki: None,
        ski: None,
        policies: Vec::new(),
        validation_level: None,
        ocsp_urls: Vec::new(),
        ca_issuers_urls: Vec::new(),
        crl_urls: Vec::new(),
        scts: Vec::new(),
        must_staple: false,
        unreadable: Vec::new(),
    }
}

/// Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue }. An error means that not even
/// the fields could be told apart.
fn read_outer(der: &[u8], certificate: &mut Certificate, notes: &mut Notes) -> Result<(), DerError> {
    let mut input = Reader::new(der);
    let outer = sequence(&mut input, "certificate", notes)?;
    let mut fields = outer.reader();
    let tbs = sequence(&mut fields, "tbsCertificate", notes)?;
    let inner = read_tbs(tbs.reader(), certificate, notes);
    let algorithm = notes.keep("signatureAlgorithm", fields.expect(tag::SEQUENCE));
    if let (Some(inner), Some(outer)) = (inner, algorithm)
        && inner.whole != outer.whole
    {
        notes.add("signatureAlgorithm", Unreadable::ALGORITHMS_DIFFER);
    }
    if let Some(algorithm) = algorithm.or(inner) {
        certificate.signature = notes.keep("signatureAlgorithm", read_signature_algorithm(algorithm));
    }
    notes.keep("signatureValue", fields.expect(tag::BIT_STRING));
    notes.keep("certificate", fields.end());
    notes.keep("certificate", input.end());
    Ok(())
}

/// Takes a SEQUENCE, even one that is cut short: what is there may still be read.
fn sequence<'a>(reader: &mut Reader<'a>, field: &str, notes: &mut Notes) -> Result<Element<'a>, DerError> {
    let (element, cut) = reader.any_cut_short()?;
    if element.tag != tag::SEQUENCE {
        return Err(DerError::Unexpected { expected: tag::SEQUENCE, found: element.tag });
    }
    if let Some(cut) = cut {
        notes.add(field, cut);
    }
    Ok(element)
}

/// TBSCertificate; returns its `signature` field.
fn read_tbs<'a>(
    mut fields: Reader<'a>,
    certificate: &mut Certificate,
    notes: &mut Notes,
) -> Option<Element<'a>> {
    certificate.version = notes.keep("version", read_version(&mut fields)).unwrap_or(0);
    if let Some(serial) = notes.keep("serialNumber", fields.expect(tag::INTEGER)) {
        certificate.serial = serial.content.into();
        if serial.content.is_empty() {
            notes.add("serialNumber", "empty");
        }
    }
    let signature = notes.keep("signature", fields.expect(tag::SEQUENCE));
    certificate.issuer = read_name_field(&mut fields, "issuer", notes);
    if let Some(validity) = notes.keep("validity", fields.expect(tag::SEQUENCE)) {
        let mut times = validity.reader();
        certificate.not_before = read_time(&mut times, "validity.notBefore", notes);
        certificate.not_after = read_time(&mut times, "validity.notAfter", notes);
        notes.keep("validity", times.end());
    }
    certificate.subject = read_name_field(&mut fields, "subject", notes);
    if let Some(info) = notes.keep("subjectPublicKeyInfo", fields.expect(tag::SEQUENCE)) {
        read_key_field(info, certificate, notes);
    }
    read_optional_fields(fields, certificate, notes);
    signature
}

/// `[0]` INTEGER, version 1 where absent.
fn read_version(fields: &mut Reader<'_>) -> Result<u8, String> {
    let field = fields.optional(tag::context_constructed(0)).map_err(|error| error.to_string())?;
    let Some(field) = field else { return Ok(1) };
    let number = field.reader().expect(tag::INTEGER).map_err(|error| error.to_string())?;
    match number.content {
        [number @ 0..=2] => Ok(number + 1),
        _ => Err("unknown version".to_owned()),
    }
}

fn read_name_field(fields: &mut Reader<'_>, field: &str, notes: &mut Notes) -> DistinguishedName {
    let Some(element) = notes.keep(field, fields.any()) else { return DistinguishedName::default() };
    let read = read_name(element);
    if let Some(error) = read.error {
        notes.add(field, error);
    }
    read.name
}

/// UTCTime or GeneralizedTime (section 4.1.2.5).
fn read_time(times: &mut Reader<'_>, field: &str, notes: &mut Notes) -> Option<UnixTime> {
    let element = notes.keep(field, times.any())?;
    let read = time(element);
    if read.is_none() {
        notes.add(field, "neither UTCTime nor GeneralizedTime of RFC 5280 section 4.1.2.5");
    }
    read
}

/// UTCTime or GeneralizedTime.
pub(super) fn time(element: Element<'_>) -> Option<UnixTime> {
    match ASN1Time::from_der(element.whole) {
        Ok(([], time)) => Some(UnixTime(time.timestamp())),
        _ => None,
    }
}

fn read_key_field(info: Element<'_>, certificate: &mut Certificate, notes: &mut Notes) {
    certificate.spki_sha256 = Some(Fingerprint::of(info.whole));
    if let Some(parts) = notes.keep("subjectPublicKeyInfo", split_key(info)) {
        let (key, error) = read_key(parts);
        certificate.key = Some(key);
        if let Some(error) = error {
            notes.add("subjectPublicKeyInfo", error);
        }
    }
}

/// Unique identifiers, which nobody uses, and extensions.
fn read_optional_fields(mut fields: Reader<'_>, certificate: &mut Certificate, notes: &mut Notes) {
    const ISSUER_UNIQUE_ID: u8 = tag::context(1);
    const SUBJECT_UNIQUE_ID: u8 = tag::context(2);
    const EXTENSIONS: u8 = tag::context_constructed(3);
    while !fields.is_empty() {
        match fields.any_cut_short() {
            Ok((Element { tag: ISSUER_UNIQUE_ID | SUBJECT_UNIQUE_ID, .. }, None)) => {}
            Ok((field @ Element { tag: EXTENSIONS, .. }, cut)) => {
                if let Some(cut) = cut {
                    notes.add("extensions", cut);
                }
                read_extensions(field, certificate, notes);
            }
            Ok((field, _)) => {
                notes.add("tbsCertificate", format_args!("unknown field with tag 0x{:02x}", field.tag));
            }
            Err(error) => return notes.add("tbsCertificate", error),
        }
    }
}
