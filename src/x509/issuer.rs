//! Whoever signed a certificate, as far as its revocation is concerned: a name and a key, of a certificate or of a
//! trust anchor.

use aws_lc_rs::digest::{self, SHA1_FOR_LEGACY_USE_ONLY};

use super::certificate::Certificate;
use super::der::{Element, only, tag};
use super::key::{KeyInfo, split_key};
use super::verify::{Signed, check_signature, key_element, signed_with};
use super::{Fingerprint, SignatureCheck};

/// An issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    /// The Name, as encoded.
    name: Box<[u8]>,
    /// The SubjectPublicKeyInfo, as encoded.
    key: Box<[u8]>,
    /// `false` where keyUsage forbids it to sign CRLs (RFC 5280 section 4.2.1.3).
    signs_crls: bool,
}

impl Issuer {
    /// The issuer that `certificate` speaks of; `None` if it has no key that can be read.
    pub fn of(certificate: &Certificate) -> Option<Self> {
        const CRL_SIGN: u16 = 1 << 6;
        let key = key_element(&certificate.der).ok()?;
        split_key(key).ok()?;
        Some(Self {
            name: certificate.subject.der.clone(),
            key: key.whole.into(),
            signs_crls: certificate.key_usage.is_none_or(|usage| usage.0 & CRL_SIGN != 0),
        })
    }

    /// The issuer that a trust anchor speaks of: `subject` and `key` are the contents of their SEQUENCEs.
    pub fn of_anchor(subject: &[u8], key: &[u8]) -> Option<Self> {
        let issuer = Self { name: sequence(subject), key: sequence(key), signs_crls: true };
        issuer.key_info()?;
        Some(issuer)
    }

    /// Name and signature of `certificate` are this issuer's.
    pub fn has_issued(&self, certificate: &Certificate) -> bool {
        let key = self.key_info();
        certificate.issuer.der == self.name
            && key.is_some_and(|key| signed_with(certificate, key) == SignatureCheck::Verified)
    }

    /// SHA-256 of the SubjectPublicKeyInfo.
    pub fn spki_sha256(&self) -> Fingerprint {
        Fingerprint::of(&self.key)
    }

    /// The Name, as encoded.
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    pub(super) fn may_sign_crls(&self) -> bool {
        self.signs_crls
    }

    /// Hash of the key alone, without its algorithm (RFC 6960 section 4.1.1).
    pub(super) fn key_hash(&self, algorithm: &'static digest::Algorithm) -> Option<digest::Digest> {
        Some(digest::digest(algorithm, self.key_info()?.key))
    }

    pub(super) fn has_key_hash(&self, sha1: &[u8]) -> bool {
        self.key_hash(&SHA1_FOR_LEGACY_USE_ONLY).is_some_and(|hash| hash.as_ref() == sha1)
    }

    pub(super) fn has_signed(
        &self,
        algorithm: Element<'_>,
        signed: Signed<'_>,
        signature: &[u8],
    ) -> SignatureCheck {
        match self.key_info() {
            Some(key) => check_signature(key, algorithm, signed, signature),
            None => SignatureCheck::Failed,
        }
    }

    fn key_info(&self) -> Option<KeyInfo<'_>> {
        split_key(only(&self.key, tag::SEQUENCE).ok()?).ok()
    }
}

/// A SEQUENCE with this content.
pub(super) fn sequence(content: &[u8]) -> Box<[u8]> {
    element(tag::SEQUENCE, content).into()
}

/// An element with its length in the shortest form.
pub(super) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    let length = content.len().to_be_bytes();
    match u8::try_from(content.len()) {
        Ok(length @ 0..0x80) => bytes.push(length),
        _ => {
            let length = super::der::without_leading_zeros(&length);
            bytes.push(0x80 | u8::try_from(length.len()).unwrap_or(8));
            bytes.extend_from_slice(length);
        }
    }
    bytes.extend_from_slice(content);
    bytes
}
