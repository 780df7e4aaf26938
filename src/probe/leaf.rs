//! What a visit must know of the end-entity certificate while it lasts: whose key it is. Never judges it; the
//! inventory reads certificates in `x509/`.

use x509_parser::prelude::{FromDer, X509Certificate};

use crate::model::OfferedFor;

/// The subject's key in a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Leaf<'a> {
    /// SubjectPublicKeyInfo, DER.
    pub(crate) spki: &'a [u8],
    /// Key material: the content of `subjectPublicKey`.
    pub(crate) key: &'a [u8],
    /// The offer that brings out certificates of this kind; `None` for kinds that no offer asks for.
    pub(crate) kind: Option<OfferedFor>,
    /// Bits of an RSA modulus.
    pub(crate) rsa_bits: Option<usize>,
}

/// Reads the key; `None` where the certificate cannot be read that far.
pub(crate) fn read(der: &[u8]) -> Option<Leaf<'_>> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let spki = certificate.tbs_certificate.subject_pki;
    let kind = match spki.algorithm.algorithm.to_id_string().as_str() {
        "1.2.840.113549.1.1.1" | "1.2.840.113549.1.1.10" => Some(OfferedFor::Rsa),
        "1.2.840.10045.2.1" => Some(OfferedFor::Ecdsa),
        "1.3.101.112" | "1.3.101.113" => Some(OfferedFor::Eddsa),
        "2.16.840.1.101.3.4.3.17" | "2.16.840.1.101.3.4.3.18" | "2.16.840.1.101.3.4.3.19" => {
            Some(OfferedFor::MlDsa)
        }
        _ => None,
    };
    let key = match &spki.subject_public_key.data {
        std::borrow::Cow::Borrowed(key) => *key,
        std::borrow::Cow::Owned(_) => return None,
    };
    Some(Leaf { spki: spki.raw, key, kind, rsa_bits: rsa_bits(kind, key) })
}

/// Bits of the modulus in an RSAPublicKey (RFC 8017 appendix A.1.1).
pub(crate) fn rsa_bits(kind: Option<OfferedFor>, key: &[u8]) -> Option<usize> {
    use x509_parser::asn1_rs::{Integer, Sequence};
    if kind != Some(OfferedFor::Rsa) {
        return None;
    }
    let (_, sequence) = Sequence::from_der(key).ok()?;
    let (_, modulus) = Integer::from_der(&sequence.content).ok()?;
    let magnitude = modulus.as_ref();
    let zeros = magnitude.iter().take_while(|byte| **byte == 0).count();
    let first = magnitude.get(zeros)?;
    Some((magnitude.len() - zeros) * 8 - first.leading_zeros() as usize)
}
