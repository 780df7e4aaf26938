//! Public keys (RFC 5280 section 4.1.2.7): algorithm, size and curve.
//!
//! A key restricted to RSASSA-PSS (RFC 4055) is an `RSA` key here: its strength is judged the same.

use x509_parser::prelude::FromDer;
use x509_parser::public_key::RSAPublicKey;

use super::certificate::PublicKey;
use super::der::{DerError, Element, Reader, bit_length, tag, without_leading_zeros};
use super::oid;

/// The parts of a SubjectPublicKeyInfo.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeyInfo<'a> {
    /// Content octets of the algorithm's identifier.
    pub(super) algorithm: &'a [u8],
    pub(super) parameters: Option<Element<'a>>,
    /// The key itself, as the algorithm encodes it.
    pub(super) key: &'a [u8],
}

/// Splits a SubjectPublicKeyInfo element.
pub(super) fn split_key(element: Element<'_>) -> Result<KeyInfo<'_>, DerError> {
    let mut fields = element.reader();
    let (algorithm, parameters) = split_algorithm(fields.expect(tag::SEQUENCE)?)?;
    let key = fields.expect(tag::BIT_STRING)?.octets_of_bit_string()?;
    fields.end()?;
    Ok(KeyInfo { algorithm, parameters, key })
}

/// Splits an AlgorithmIdentifier into the identifier's content octets and the parameters.
pub(super) fn split_algorithm(element: Element<'_>) -> Result<(&[u8], Option<Element<'_>>), DerError> {
    let mut fields = element.reader();
    let oid = fields.expect(tag::OID)?.content;
    let parameters = if fields.is_empty() { None } else { Some(fields.any()?) };
    Ok((oid, parameters))
}

/// Reads the key. Even one that cannot be read keeps its algorithm's name; the error says why.
pub(super) fn read_key(info: KeyInfo<'_>) -> (PublicKey, Option<String>) {
    let oid = oid::dotted(info.algorithm);
    let mut key = PublicKey {
        algorithm: String::new(),
        bits: None,
        curve: None,
        rsa_exponent: None,
        rsa_modulus: None,
        encoded: info.key.into(),
    };
    let read = match oid.as_str() {
        RSA | RSA_PSS => {
            key.algorithm = "RSA".to_owned();
            read_rsa(info.key, &mut key)
        }
        EC => {
            key.algorithm = "EC".to_owned();
            read_ec(info.parameters, &mut key)
        }
        DSA | DSA_OIW => {
            key.algorithm = "DSA".to_owned();
            read_dsa(info.parameters, &mut key)
        }
        _ => {
            let name = oid::key_algorithm(&oid);
            key.bits = name.and_then(|_| u32::try_from(info.key.len()).ok()?.checked_mul(8));
            key.algorithm = name.map_or(oid, str::to_owned);
            Ok(())
        }
    };
    (key, read.err())
}

/// The RSA modulus in a certificate, big-endian without leading zeros, without reading the rest; `None` for another key,
/// or where there is no way to it.
pub fn rsa_modulus_of(certificate: &[u8]) -> Option<Box<[u8]>> {
    let mut outer = Reader::new(certificate).expect(tag::SEQUENCE).ok()?.reader();
    let mut fields = outer.expect(tag::SEQUENCE).ok()?.reader();
    fields.optional(tag::context_constructed(0)).ok()?;
    fields.expect(tag::INTEGER).ok()?;
    // signature, issuer, validity, subject
    for _ in 0..4 {
        fields.expect(tag::SEQUENCE).ok()?;
    }
    let info = split_key(fields.expect(tag::SEQUENCE).ok()?).ok()?;
    matches!(oid::dotted(info.algorithm).as_str(), RSA | RSA_PSS).then_some(())?;
    read_key(info).0.rsa_modulus
}

const RSA: &str = "1.2.840.113549.1.1.1";
const RSA_PSS: &str = "1.2.840.113549.1.1.10";
const EC: &str = "1.2.840.10045.2.1";
const DSA: &str = "1.2.840.10040.4.1";
const DSA_OIW: &str = "1.3.14.3.2.12";

fn read_rsa(encoded: &[u8], key: &mut PublicKey) -> Result<(), String> {
    let (rest, rsa) = RSAPublicKey::from_der(encoded).map_err(|_| "no RSAPublicKey".to_owned())?;
    if rsa.modulus.first().is_some_and(|first| first & 0x80 != 0) {
        return Err("negative RSA modulus".to_owned());
    }
    key.bits = bit_length(rsa.modulus);
    key.rsa_modulus = Some(without_leading_zeros(rsa.modulus).into());
    key.rsa_exponent = Some(without_leading_zeros(rsa.exponent).into());
    match rest.len() {
        0 => Ok(()),
        count => Err(DerError::Trailing(count).to_string()),
    }
}

/// ECParameters (RFC 5480 section 2.1.1, X9.62).
fn read_ec(parameters: Option<Element<'_>>, key: &mut PublicKey) -> Result<(), String> {
    let parameters = parameters.ok_or_else(|| "no curve".to_owned())?;
    match parameters.tag {
        tag::OID => {
            let oid = oid::dotted(parameters.content);
            let known = oid::curve(&oid);
            key.bits = known.map(|(_, bits)| bits);
            key.curve = Some(known.map_or(oid, |(name, _)| name.to_owned()));
            Ok(())
        }
        tag::SEQUENCE => {
            key.curve = Some("explicit".to_owned());
            key.bits = explicit_field_bits(parameters).map_err(|error| format!("explicit curve: {error}"))?;
            Ok(())
        }
        found => Err(format!("no curve: {}", DerError::Unexpected { expected: tag::OID, found })),
    }
}

/// Size of the field of explicit parameters: `{ version, { fieldType, p or { m, … } }, … }`.
fn explicit_field_bits(parameters: Element<'_>) -> Result<Option<u32>, DerError> {
    let mut fields = parameters.reader();
    fields.expect(tag::INTEGER)?;
    let mut field = fields.expect(tag::SEQUENCE)?.reader();
    field.expect(tag::OID)?;
    let size = field.any()?;
    if size.tag == tag::INTEGER {
        return Ok(bit_length(size.content));
    }
    let m = size.reader().expect(tag::INTEGER)?;
    Ok(m.content.iter().try_fold(0_u32, |m, octet| m.checked_mul(256)?.checked_add(u32::from(*octet))))
}

/// Dss-Parms (RFC 3279 section 2.3.2); a key may inherit them from its issuer.
fn read_dsa(parameters: Option<Element<'_>>, key: &mut PublicKey) -> Result<(), String> {
    if let Some(parameters) = parameters.filter(|parameters| parameters.tag == tag::SEQUENCE) {
        let p =
            parameters.reader().expect(tag::INTEGER).map_err(|error| format!("DSA parameters: {error}"))?;
        key.bits = bit_length(p.content);
    }
    Ok(())
}
