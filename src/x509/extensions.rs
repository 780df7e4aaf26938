//! Extensions (RFC 5280 section 4.2), one by one, so that a broken one costs only itself.

use x509_parser::error::X509Error;
use x509_parser::extensions::{AuthorityKeyIdentifier, BasicConstraints, KeyUsage};
use x509_parser::prelude::FromDer;

use super::certificate::{self, Certificate, Unreadable, ValidationLevel};
use super::der::{DerError, Element, Reader, only, tag};
use super::encoding::Extensions;
use super::oid;
use super::read::Notes;
use super::san::{URI, read_san};
use super::sct::read_scts;
use crate::text::Untrusted;

/// More extensions than any honest certificate has; the DER keeps them all.
const MAX_EXTENSIONS: usize = Extensions::MAX_READ;

/// Members kept of one extension's list (purposes, policies, URLs).
const MAX_MEMBERS: usize = 256;

/// Reads the extensions inside `[3]` into `certificate`.
pub(super) fn read_extensions(field: Element<'_>, certificate: &mut Certificate, notes: &mut Notes) {
    let mut list = match only(field.content, tag::SEQUENCE) {
        Ok(list) => list.reader(),
        Err(error) => return notes.add("extensions", error),
    };
    let mut seen: Vec<&[u8]> = Vec::new();
    while !list.is_empty() {
        if seen.len() == MAX_EXTENSIONS {
            return notes.add("extensions", Unreadable::TOO_MANY);
        }
        let extension = match list.any() {
            Ok(extension) => extension,
            Err(error) => return notes.add("extensions", error),
        };
        match split_extension(extension) {
            Ok((oid, _)) if seen.contains(&oid) => {
                notes.add(
                    field_name(oid).unwrap_or("extensions"),
                    format_args!("{} {}", oid::dotted(oid), Unreadable::TWICE),
                );
            }
            Ok((oid, value)) => {
                seen.push(oid);
                read_extension(oid, value, certificate, notes);
            }
            Err(error) => notes.add("extensions", error),
        }
    }
}

/// The identifier's content octets, and the value. Criticality is nothing an inventory asks for.
fn split_extension(extension: Element<'_>) -> Result<(&[u8], &[u8]), DerError> {
    let mut fields = extension.reader();
    let oid = fields.expect(tag::OID)?.content;
    fields.optional(tag::BOOLEAN)?;
    let value = fields.expect(tag::OCTET_STRING)?.content;
    fields.end()?;
    Ok((oid, value))
}

/// Name of a known extension by its identifier's content octets.
fn field_name(oid: &[u8]) -> Option<&'static str> {
    Some(match oid {
        [0x55, 0x1d, 14] => "subjectKeyIdentifier",
        [0x55, 0x1d, 15] => "keyUsage",
        [0x55, 0x1d, 17] => "subjectAltName",
        [0x55, 0x1d, 19] => "basicConstraints",
        [0x55, 0x1d, 31] => "cRLDistributionPoints",
        [0x55, 0x1d, 32] => "certificatePolicies",
        [0x55, 0x1d, 35] => "authorityKeyIdentifier",
        [0x55, 0x1d, 37] => "extKeyUsage",
        // id-pe, 1.3.6.1.5.5.7.1
        [0x2b, 6, 1, 5, 5, 7, 1, 1] => "authorityInfoAccess",
        [0x2b, 6, 1, 5, 5, 7, 1, 24] => "tlsfeature",
        // 1.3.6.1.4.1.11129.2.4.2
        [0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 2] => "signedCertificateTimestampList",
        _ => return None,
    })
}

fn read_extension(oid: &[u8], value: &[u8], certificate: &mut Certificate, notes: &mut Notes) {
    let Some(name) = field_name(oid) else { return };
    let read = match name {
        "subjectKeyIdentifier" => only(value, tag::OCTET_STRING)
            .map(|element| certificate.ski = Some(element.content.into()))
            .map_err(|error| error.to_string()),
        "keyUsage" => typed::<KeyUsage>(value).map(|usage| {
            certificate.key_usage = Some(certificate::KeyUsage(usage.flags & 0x1ff));
        }),
        "subjectAltName" => {
            let (san, error) = read_san(value);
            certificate.san = Some(san);
            error.map_or(Ok(()), Err)
        }
        "basicConstraints" => typed::<BasicConstraints>(value).map(|constraints| {
            certificate.basic_constraints = Some(certificate::BasicConstraints {
                ca: constraints.ca,
                path_len: constraints.path_len_constraint,
            });
        }),
        "cRLDistributionPoints" => {
            read_crl_points(value, &mut certificate.crl_urls).map_err(|error| error.to_string())
        }
        "certificatePolicies" => read_policies(value, certificate),
        "authorityKeyIdentifier" => typed::<AuthorityKeyIdentifier<'_>>(value).map(|aki| {
            certificate.aki = aki.key_identifier.map(|key| key.0.into());
        }),
        "extKeyUsage" => read_purposes(value).map(|purposes| certificate.extended_key_usage = Some(purposes)),
        "authorityInfoAccess" => read_access(value, certificate),
        "tlsfeature" => read_features(value)
            .map(|must_staple| certificate.must_staple = must_staple)
            .map_err(|error| error.to_string()),
        _ => {
            let (scts, error) = read_scts(value);
            certificate.scts = scts;
            error.map_or(Ok(()), Err)
        }
    };
    if let Err(error) = read {
        notes.add(name, error);
    }
}

/// Reads a whole value as `T`.
fn typed<'a, T: FromDer<'a, X509Error>>(value: &'a [u8]) -> Result<T, String> {
    match T::from_der(value) {
        Ok(([], read)) => Ok(read),
        Ok((rest, _)) => Err(DerError::Trailing(rest.len()).to_string()),
        Err(_) => Err("not encoded as RFC 5280 section 4.2.1 defines it".to_owned()),
    }
}

/// Policies (section 4.2.1.4) and what the CA/Browser Forum's identifiers say (Baseline Requirements 7.1.6.1,
/// EV Guidelines 9.3).
fn read_policies(value: &[u8], certificate: &mut Certificate) -> Result<(), String> {
    let mut policies = only(value, tag::SEQUENCE).map_err(|error| error.to_string())?.reader();
    while !policies.is_empty() {
        if certificate.policies.len() == MAX_MEMBERS {
            return Err(format!("more than {MAX_MEMBERS}"));
        }
        let policy = policies
            .expect(tag::SEQUENCE)
            .and_then(|policy| policy.reader().expect(tag::OID))
            .map_err(|error| error.to_string())?;
        let oid = oid::dotted(policy.content);
        let level = match oid.as_str() {
            "2.23.140.1.1" => Some(ValidationLevel::Extended),
            "2.23.140.1.2.1" => Some(ValidationLevel::Domain),
            "2.23.140.1.2.2" => Some(ValidationLevel::Organization),
            "2.23.140.1.2.3" => Some(ValidationLevel::Individual),
            _ => None,
        };
        // EV certificates may carry the organisation's identifier too.
        if level == Some(ValidationLevel::Extended) || certificate.validation_level.is_none() {
            certificate.validation_level = level;
        }
        certificate.policies.push(oid);
    }
    Ok(())
}

fn read_purposes(value: &[u8]) -> Result<Vec<String>, String> {
    let mut list = only(value, tag::SEQUENCE).map_err(|error| error.to_string())?.reader();
    let mut purposes = Vec::new();
    while !list.is_empty() {
        if purposes.len() == MAX_MEMBERS {
            return Err(format!("more than {MAX_MEMBERS}"));
        }
        let oid = oid::dotted(list.expect(tag::OID).map_err(|error| error.to_string())?.content);
        purposes.push(oid::key_purpose(&oid).map_or(oid, str::to_owned));
    }
    Ok(purposes)
}

/// AuthorityInfoAccessSyntax (section 4.2.2.1): a sequence of method and location.
fn read_access(value: &[u8], certificate: &mut Certificate) -> Result<(), String> {
    let mut descriptions = only(value, tag::SEQUENCE).map_err(|error| error.to_string())?.reader();
    while !descriptions.is_empty() {
        if certificate.ocsp_urls.len() + certificate.ca_issuers_urls.len() == MAX_MEMBERS {
            return Err(format!("more than {MAX_MEMBERS}"));
        }
        let (method, location) =
            descriptions.expect(tag::SEQUENCE).and_then(split_access).map_err(|error| error.to_string())?;
        match (method, uri(location)) {
            (OCSP, Some(url)) => certificate.ocsp_urls.push(url),
            (CA_ISSUERS, Some(url)) => certificate.ca_issuers_urls.push(url),
            _ => {}
        }
    }
    Ok(())
}

fn split_access(description: Element<'_>) -> Result<(&[u8], Element<'_>), DerError> {
    let mut fields = description.reader();
    Ok((fields.expect(tag::OID)?.content, fields.any()?))
}

/// id-ad-ocsp, 1.3.6.1.5.5.7.48.1
const OCSP: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 48, 1];
/// id-ad-caIssuers, 1.3.6.1.5.5.7.48.2
const CA_ISSUERS: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 48, 2];

/// CRLDistributionPoints (section 4.2.1.13): the URLs of full names.
fn read_crl_points(value: &[u8], urls: &mut Vec<Untrusted>) -> Result<(), DerError> {
    const NAME: u8 = tag::context_constructed(0);
    let mut points = only(value, tag::SEQUENCE)?.reader();
    while !points.is_empty() {
        let Some(name) = points.expect(tag::SEQUENCE)?.reader().optional(NAME)? else { continue };
        let Some(full_name) = name.reader().optional(NAME)? else { continue };
        let mut names = full_name.reader();
        while !names.is_empty() && urls.len() < MAX_MEMBERS {
            urls.extend(uri(names.any()?));
        }
    }
    Ok(())
}

/// The text of a GeneralName that is a URI.
fn uri(name: Element<'_>) -> Option<Untrusted> {
    (name.tag == URI).then(|| Untrusted::from_bytes(name.content))
}

/// RFC 7633 section 4: a list of TLS extension numbers; 5 is status_request.
fn read_features(value: &[u8]) -> Result<bool, DerError> {
    let mut features: Reader<'_> = only(value, tag::SEQUENCE)?.reader();
    let mut must_staple = false;
    while !features.is_empty() {
        must_staple |= features.expect(tag::INTEGER)?.content == [5];
    }
    Ok(must_staple)
}
