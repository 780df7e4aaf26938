//! Weak cryptography that the libraries rightly refuse to make: a 1024-bit RSA key, SHA-1 and MD5 signatures.
//! Invariant: for hosts with a known fault only; nothing here protects anything.

use aws_lc_rs::digest::{self, Digest};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use rcgen::{PublicKeyData, SignatureAlgorithm};

use super::EstateError;

/// `AlgorithmIdentifier` of ecdsa-with-SHA1 (RFC 3279 section 2.2.3).
const ECDSA_WITH_SHA1: &[u8] = &[0x30, 0x09, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01];

/// `AlgorithmIdentifier` of md5WithRSAEncryption (RFC 3279 section 2.2.1).
const MD5_WITH_RSA: &[u8] =
    &[0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x04, 0x05, 0x00];

/// No modulus here is divisible by a prime below this: a shared small factor would be another fault.
const SMALL_PRIMES_BELOW: u32 = 2_000;

/// An RSA public key of 1024 bits, exponent 65537, whose private key nobody knows.
#[derive(Debug)]
pub(super) struct ShortRsaKey {
    /// `RSAPublicKey` (RFC 8017 appendix A.1.1).
    der: Vec<u8>,
}

impl ShortRsaKey {
    /// Draws an odd 1024-bit modulus without small factors.
    pub(super) fn random() -> Result<Self, EstateError> {
        let primes = small_primes();
        loop {
            let mut modulus = [0; 128];
            fill(&mut modulus)?;
            let [first, .., last] = &mut modulus;
            *first |= 0xc0;
            *last |= 1;
            if primes.iter().all(|prime| remainder(&modulus, *prime) != 0) {
                let mut positive = vec![0];
                positive.extend_from_slice(&modulus);
                let numbers = [der(0x02, &positive), der(0x02, &[1, 0, 1])].concat();
                return Ok(Self { der: der(0x30, &numbers) });
            }
        }
    }
}

impl PublicKeyData for ShortRsaKey {
    fn der_bytes(&self) -> &[u8] {
        &self.der
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        // Only names rsaEncryption in the SubjectPublicKeyInfo.
        &rcgen::PKCS_RSA_SHA256
    }
}

/// The same certificate, signed by `issuer` (ECDSA P-256) with SHA-1.
pub(super) fn sign_again_with_sha1(
    certificate: &[u8],
    issuer: &rcgen::KeyPair,
) -> Result<Vec<u8>, EstateError> {
    sign_again(certificate, ECDSA_WITH_SHA1, |tbs| ecdsa_sha1(issuer.serialized_der(), tbs))
}

/// The same certificate with a signature that says MD5 with RSA and holds for nothing.
pub(super) fn claim_md5(certificate: &[u8]) -> Result<Vec<u8>, EstateError> {
    sign_again(certificate, MD5_WITH_RSA, |_| {
        let mut signature = vec![0; 256];
        fill(&mut signature)?;
        Ok(signature)
    })
}

/// ECDSA over P-256 with SHA-1, as ASN.1. `key` is PKCS #8.
pub(super) fn ecdsa_sha1(key: &[u8], message: &[u8]) -> Result<Vec<u8>, EstateError> {
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, key)
        .map_err(|_| EstateError::Legacy { what: "a P-256 key is needed" })?;
    let sha1 = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, message);
    // ECDSA reads the hash as a number, so leading zeros make a SHA-1 hash pass as one of 256 bits.
    let padded = [&[0; 12], sha1.as_ref()].concat();
    let refused = |_| EstateError::Legacy { what: "SHA-1 cannot be signed" };
    let digest = Digest::import_less_safe(&padded, &digest::SHA256).map_err(refused)?;
    Ok(key.sign_digest(&digest).map_err(refused)?.as_ref().to_vec())
}

/// Writes one DER element; lengths up to 4 GiB.
pub(super) fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let length = content.len().to_be_bytes();
            let significant: Vec<u8> = length.iter().copied().skip_while(|byte| *byte == 0).collect();
            out.push(0x80 | u8::try_from(significant.len()).unwrap_or(0));
            out.extend_from_slice(&significant);
        }
    }
    out.extend_from_slice(content);
    out
}

/// Replaces both signature algorithms and the signature (RFC 5280 section 4.1).
fn sign_again(
    certificate: &[u8],
    algorithm: &[u8],
    sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, EstateError>,
) -> Result<Vec<u8>, EstateError> {
    let broken = EstateError::Legacy { what: "the certificate cannot be taken apart" };
    let Some(fields) = first_element(certificate)
        .and_then(|whole| first_element(whole.content))
        .and_then(|tbs| elements(tbs.content))
    else {
        return Err(broken);
    };
    let [version, serial, _algorithm, rest @ ..] = fields.as_slice() else { return Err(broken) };
    let mut content = [*version, *serial, algorithm].concat();
    rest.iter().for_each(|field| content.extend_from_slice(field));
    let tbs = der(0x30, &content);
    let mut bits = vec![0];
    bits.extend_from_slice(&sign(&tbs)?);
    Ok(der(0x30, &[&tbs, algorithm, &der(0x03, &bits)].concat()))
}

struct Element<'a> {
    whole: &'a [u8],
    content: &'a [u8],
    rest: &'a [u8],
}

fn first_element(bytes: &[u8]) -> Option<Element<'_>> {
    let (_tag, after) = bytes.split_first()?;
    let (length, after) = after.split_first()?;
    let (length, after) = if *length < 0x80 {
        (usize::from(*length), after)
    } else {
        let (digits, after) = after.split_at_checked(usize::from(length & 0x7f))?;
        (digits.iter().fold(0, |n: usize, byte| n << 8 | usize::from(*byte)), after)
    };
    let (content, rest) = after.split_at_checked(length)?;
    let (whole, _) = bytes.split_at_checked(bytes.len() - rest.len())?;
    Some(Element { whole, content, rest })
}

fn elements(mut bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let element = first_element(bytes)?;
        found.push(element.whole);
        bytes = element.rest;
    }
    Some(found)
}

fn fill(bytes: &mut [u8]) -> Result<(), EstateError> {
    aws_lc_rs::rand::fill(bytes).map_err(|_| EstateError::Random)
}

fn small_primes() -> Vec<u32> {
    (3..SMALL_PRIMES_BELOW).filter(|n| (2..*n).take_while(|d| d * d <= *n).all(|d| n % d != 0)).collect()
}

fn remainder(number: &[u8], divisor: u32) -> u32 {
    number.iter().fold(0, |rest, byte| (rest << 8 | u32::from(*byte)) % divisor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_der() {
        assert_eq!(der(4, &[7; 3]), [4, 3, 7, 7, 7]);
        assert_eq!(der(4, &[0; 128])[..3], [4, 0x81, 128]);
        assert_eq!(der(4, &[0; 300])[..4], [4, 0x82, 1, 44]);
    }

    #[test]
    fn a_broken_certificate_is_an_error() {
        for bytes in [&[][..], &[0x30], &[0x30, 0x82, 1], &[0x30, 0x02, 0x30, 0x00], &[0x30, 0xff, 0xff]] {
            assert!(claim_md5(bytes).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn a_short_key_has_no_small_factor() {
        let key = ShortRsaKey::random().unwrap();
        assert!(small_primes().starts_with(&[3, 5, 7, 11]));
        assert_eq!(remainder(&[1, 0], 7), 4);
        assert!(key.der.len() > 128);
    }
}
