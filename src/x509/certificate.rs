//! A certificate as an inventory needs it: the DER, and the views read from it.
//!
//! Facts only: whether it is expired, trusted or strong is judged in `assess/`. A field that cannot be read is
//! listed in [`Certificate::unreadable`] beside the rest, so that a broken certificate is still in the inventory.

use std::net::IpAddr;

use super::{DistinguishedName, Fingerprint};
use crate::text::Untrusted;
use crate::time::UnixTime;

/// A certificate and what could be read from it. `None` means "not in the certificate" unless
/// [`Certificate::unreadable`] names the field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// SHA-256 of the DER: the identity.
    pub sha256: Fingerprint,
    pub der: Box<[u8]>,
    /// SHA-256 of the SubjectPublicKeyInfo (RFC 7469 section 2.4).
    pub spki_sha256: Option<Fingerprint>,
    /// 1, 2 or 3; 0 where unreadable.
    pub version: u8,
    pub subject: DistinguishedName,
    pub issuer: DistinguishedName,
    /// Content octets of the serial number, as encoded.
    pub serial: Box<[u8]>,
    pub not_before: Option<UnixTime>,
    pub not_after: Option<UnixTime>,
    /// `None` where there is no subjectAltName extension.
    pub san: Option<SubjectAltName>,
    pub key: Option<PublicKey>,
    pub signature: Option<SignatureAlgorithm>,
    pub basic_constraints: Option<BasicConstraints>,
    pub key_usage: Option<KeyUsage>,
    /// Names of RFC 5280 section 4.2.1.12 (`serverAuth`), else dotted identifiers. `None`: no extension.
    pub extended_key_usage: Option<Vec<String>>,
    pub aki: Option<Box<[u8]>>,
    pub ski: Option<Box<[u8]>>,
    /// Dotted identifiers of certificatePolicies.
    pub policies: Vec<String>,
    pub validation_level: Option<ValidationLevel>,
    pub ocsp_urls: Vec<Untrusted>,
    pub ca_issuers_urls: Vec<Untrusted>,
    pub crl_urls: Vec<Untrusted>,
    /// Embedded signed certificate timestamps (RFC 6962 section 3.3).
    pub scts: Vec<Sct>,
    /// TLS feature extension asks for a stapled status (RFC 7633).
    pub must_staple: bool,
    pub unreadable: Vec<Unreadable>,
}

impl Certificate {
    /// Issuer and subject are the same name. Says nothing about who signed.
    pub fn is_self_issued(&self) -> bool {
        !self.subject.der.is_empty() && self.subject.der == self.issuer.der
    }

    /// basicConstraints says it is a CA.
    pub fn is_ca(&self) -> bool {
        self.basic_constraints.is_some_and(|b| b.ca)
    }

    /// Seconds from notBefore to notAfter, both included (Baseline Requirements section 6.3.2).
    pub fn validity_seconds(&self) -> Option<i64> {
        Some(self.not_after?.seconds_since(self.not_before?).saturating_add(1))
    }

    /// All of the field could be read; `field` in the words of [`Unreadable::field`].
    pub fn is_read(&self, field: &str) -> bool {
        !self
            .unreadable
            .iter()
            .any(|unreadable| unreadable.field == field && !unreadable.has_rule_of_its_own())
    }

    /// Serial number in lower-case hexadecimal, as encoded.
    pub fn serial_hex(&self) -> String {
        self.serial.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// What a person calls it: the first DNS name, else address, else the subject's label.
    pub fn label(&self) -> Untrusted {
        let san = self.san.as_ref();
        if let Some(name) = san.and_then(|san| san.dns.first()) {
            return name.clone();
        }
        match san.and_then(|san| san.ip.first()) {
            Some(ip) => Untrusted::new(ip.to_string()),
            None => self.subject.label().clone(),
        }
    }
}

/// A field that could not be read, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Field in RFC 5280 words, e.g. `subjectAltName`, `validity.notAfter`, `certificate`.
    pub field: String,
    pub error: String,
}

impl Unreadable {
    pub(super) const ALGORITHMS_DIFFER: &str =
        "differs from the signature field inside (RFC 5280 section 4.1.1.2)";
    pub(super) const TWICE: &str = "appears twice";
    pub(super) const TOO_MANY: &str = "more than 128";

    /// The field was read; what is wrong with it breaks a rule that is judged by itself.
    pub fn has_rule_of_its_own(&self) -> bool {
        self.error == Self::ALGORITHMS_DIFFER
            || self.error.ends_with(Self::TWICE)
            || self.error == Self::TOO_MANY
    }
}

/// Subject alternative names of all kinds (RFC 5280 section 4.2.1.6), as written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SubjectAltName {
    pub dns: Vec<Untrusted>,
    pub ip: Vec<IpAddr>,
    pub email: Vec<Untrusted>,
    pub uri: Vec<Untrusted>,
    /// directoryName, registeredID, otherName and x400Address, in a readable form.
    pub other: Vec<Untrusted>,
    /// More names than [`SubjectAltName::MAX_NAMES`] were there; the DER keeps them all.
    pub truncated: bool,
}

impl SubjectAltName {
    /// Names kept for each certificate.
    pub const MAX_NAMES: usize = 5_000;
}

/// A subject's public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// `RSA`, `EC`, `DSA`, `Ed25519`, `Ed448`, `ML-DSA-65`, `SLH-DSA-SHA2-128s`, …; else the dotted identifier.
    pub algorithm: String,
    /// Modulus or field size; for schemes with one size, the public key's length in bits. `None` if unknown.
    pub bits: Option<u32>,
    /// Named curve of an EC key (`P-256`); dotted identifier if not known by name; `explicit` for parameters.
    pub curve: Option<String>,
    /// RSA public exponent, big-endian without leading zeros.
    pub rsa_exponent: Option<Box<[u8]>>,
    /// RSA modulus, big-endian without leading zeros.
    pub rsa_modulus: Option<Box<[u8]>>,
    /// The key as its algorithm encodes it: the content of the BIT STRING. Of an EC key, its point (SEC 1 section 2.3.3).
    pub encoded: Box<[u8]>,
}

/// The signature algorithm of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureAlgorithm {
    /// Dotted identifier.
    pub oid: String,
    /// Name of the registering RFC (`sha256WithRSAEncryption`, `ecdsa-with-SHA384`, `Ed25519`, `ML-DSA-65`), else
    /// the dotted identifier.
    pub name: String,
    /// Hash where the scheme names one.
    pub hash: Option<SignatureHash>,
}

/// Hash inside a signature algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureHash {
    Md2,
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

/// RFC 5280 section 4.2.1.9.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BasicConstraints {
    pub ca: bool,
    pub path_len: Option<u32>,
}

/// Bits of keyUsage (RFC 5280 section 4.2.1.3): bit 0 is digitalSignature, bit 8 decipherOnly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyUsage(pub u16);

impl KeyUsage {
    pub const DIGITAL_SIGNATURE: u16 = 1;
    pub const KEY_ENCIPHERMENT: u16 = 1 << 2;
    pub const DATA_ENCIPHERMENT: u16 = 1 << 3;
    pub const KEY_AGREEMENT: u16 = 1 << 4;
    pub const KEY_CERT_SIGN: u16 = 1 << 5;

    /// Whether any of `bits` is set.
    pub fn has_any(self, bits: u16) -> bool {
        self.0 & bits != 0
    }

    /// Allows what TLS does with a server's key: sign, decrypt or agree (RFC 5280 section 4.2.1.12).
    pub fn serves_tls(self) -> bool {
        self.has_any(Self::DIGITAL_SIGNATURE | Self::KEY_ENCIPHERMENT | Self::KEY_AGREEMENT)
    }

    /// RFC 5280's names of bits 0 to 8.
    pub const NAMES: [&'static str; 9] = [
        "digitalSignature",
        "nonRepudiation",
        "keyEncipherment",
        "dataEncipherment",
        "keyAgreement",
        "keyCertSign",
        "cRLSign",
        "encipherOnly",
        "decipherOnly",
    ];

    /// Names of the bits that are set, in the order of the standard.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES
            .into_iter()
            .enumerate()
            .filter(move |(bit, _)| self.0 & (1 << bit) != 0)
            .map(|(_, name)| name)
    }
}

/// How the subject was validated, by the CA/Browser Forum's policy identifiers (Baseline Requirements 7.1.6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValidationLevel {
    Domain,
    Organization,
    Individual,
    Extended,
}

impl ValidationLevel {
    /// `DV`, `OV`, `IV` or `EV`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Domain => "DV",
            Self::Organization => "OV",
            Self::Individual => "IV",
            Self::Extended => "EV",
        }
    }
}

/// A signed certificate timestamp, unverified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sct {
    pub log_id: [u8; 32],
    pub timestamp_millis: u64,
}
