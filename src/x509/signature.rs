//! Signature algorithms (RFC 5280 section 4.1.1.2), named by the RFC that registers them.

use x509_parser::asn1_rs::Any;
use x509_parser::prelude::FromDer;
use x509_parser::signature_algorithm::RsaSsaPssParams;

use super::certificate::{SignatureAlgorithm, SignatureHash};
use super::der::{DerError, Element};
use super::key::split_algorithm;
use super::oid;

/// Identifier of RSASSA-PSS, which names its hash in parameters (RFC 4055 section 3.1).
pub(super) const RSASSA_PSS: &str = "1.2.840.113549.1.1.10";

/// Reads an AlgorithmIdentifier.
pub(super) fn read_signature_algorithm(element: Element<'_>) -> Result<SignatureAlgorithm, DerError> {
    let (oid, parameters) = split_algorithm(element)?;
    let oid = oid::dotted(oid);
    let (name, hash) = match oid::signature_algorithm(&oid) {
        Some((name, _)) if oid == RSASSA_PSS => {
            (name.to_owned(), pss_parameters(parameters).and_then(|pss| pss.hash))
        }
        Some((name, hash)) => (name.to_owned(), hash),
        None => (oid.clone(), None),
    };
    Ok(SignatureAlgorithm { oid, name, hash })
}

/// RSASSA-PSS-params, with the defaults filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PssParameters {
    pub(super) hash: Option<SignatureHash>,
    /// Hash of the mask generation function 1.
    pub(super) mask_hash: Option<SignatureHash>,
    /// Octets of salt.
    pub(super) salt_length: u32,
}

/// `None` where the parameters cannot be read.
pub(super) fn pss_parameters(parameters: Option<Element<'_>>) -> Option<PssParameters> {
    const EMPTY_SEQUENCE: &[u8] = &[0x30, 0];
    let encoded = parameters.map_or(EMPTY_SEQUENCE, |parameters| parameters.whole);
    let (_, any) = Any::from_der(encoded).ok()?;
    let read = RsaSsaPssParams::try_from(&any).ok()?;
    let hash = oid::hash(&read.hash_algorithm_oid().to_id_string());
    let mask_hash = read.mask_gen_algorithm().ok().and_then(|mask| oid::hash(&mask.hash.to_id_string()));
    Some(PssParameters { hash, mask_hash, salt_length: read.salt_length() })
}
