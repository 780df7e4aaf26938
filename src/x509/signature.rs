//! Signature algorithms (RFC 5280 section 4.1.1.2), named by the RFC that registers them.

use x509_parser::asn1_rs::Any;
use x509_parser::prelude::FromDer;
use x509_parser::signature_algorithm::RsaSsaPssParams;

use super::certificate::{SignatureAlgorithm, SignatureHash};
use super::der::{DerError, Element};
use super::key::split_algorithm;
use super::oid;

/// Reads an AlgorithmIdentifier.
pub(super) fn read_signature_algorithm(element: Element<'_>) -> Result<SignatureAlgorithm, DerError> {
    let (oid, parameters) = split_algorithm(element)?;
    let oid = oid::dotted(oid);
    let (name, hash) = match oid::signature_algorithm(&oid) {
        Some((name, _)) if oid == RSASSA_PSS => (name.to_owned(), pss_hash(parameters)),
        Some((name, hash)) => (name.to_owned(), hash),
        None => (oid.clone(), None),
    };
    Ok(SignatureAlgorithm { oid, name, hash })
}

pub(super) const RSASSA_PSS: &str = "1.2.840.113549.1.1.10";

/// SHA-1 where the parameters name none (RFC 4055 section 3.1).
pub(super) fn pss_hash(parameters: Option<Element<'_>>) -> Option<SignatureHash> {
    let Some(parameters) = parameters else { return Some(SignatureHash::Sha1) };
    let (_, any) = Any::from_der(parameters.whole).ok()?;
    let parameters = RsaSsaPssParams::try_from(&any).ok()?;
    oid::hash(&parameters.hash_algorithm_oid().to_id_string())
}
