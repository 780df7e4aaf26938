//! Certificates in a PKCS#12 file (RFC 7292). Bags with private keys are never decrypted, and the work that the
//! file may demand of key derivation is bounded.
//!
//! Reads what openssl, Java and Windows write: PBES2 with AES, and the old Triple DES and RC2 schemes. Not read:
//! indefinite lengths, RC4, scrypt, files sealed for a public key.

use thiserror::Error;

use super::der::{DerError, Element, Reader, only, tag};
use super::oid;
use super::pbe::{self, Budget, PbeError};
use super::pkcs7::path_from;
use super::read;

/// Why a PKCS#12 file could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Pkcs12Error {
    #[error("it needs a password; give the password")]
    PasswordNeeded,
    #[error("wrong password, or the file was changed; give the right password")]
    WrongPassword,
    #[error("{0} is not supported; export the file again with `openssl pkcs12`")]
    Unsupported(String),
    #[error("it demands over {} rounds of key derivation; export the file again", Budget::ROUNDS)]
    TooMuchWork,
    #[error("{0}; export the file again")]
    Malformed(String),
}

impl From<DerError> for Pkcs12Error {
    fn from(error: DerError) -> Self {
        Self::Malformed(error.to_string())
    }
}

impl From<PbeError> for Pkcs12Error {
    fn from(error: PbeError) -> Self {
        match error {
            PbeError::Unsupported(what) => Self::Unsupported(what),
            PbeError::TooMuchWork => Self::TooMuchWork,
            PbeError::Malformed => Self::Malformed("encryption parameters cannot be read".to_owned()),
            PbeError::NotDecrypted => Self::WrongPassword,
        }
    }
}

/// One chain for each key in the file: its certificate, then the issuers. With one key or none, all certificates
/// are in the one chain.
pub(super) fn read_pkcs12(der: &[u8], password: Option<&str>) -> Result<Vec<Vec<Vec<u8>>>, Pkcs12Error> {
    let bags = match password {
        Some(password) => open(der, password),
        None => open(der, "").map_err(|error| match error {
            Pkcs12Error::WrongPassword => Pkcs12Error::PasswordNeeded,
            error => error,
        }),
    }?;
    Ok(chains(bags))
}

/// A certificate bag.
struct Bag {
    der: Vec<u8>,
    /// It carries localKeyID: a key of the same file belongs to it.
    has_key: bool,
}

/// PFX ::= SEQUENCE { version, authSafe, macData OPTIONAL }.
fn open(der: &[u8], password: &str) -> Result<Vec<Bag>, Pkcs12Error> {
    let mut fields = only(der, tag::SEQUENCE)?.reader();
    fields.expect(tag::INTEGER)?;
    let content = match content_info(fields.expect(tag::SEQUENCE)?)? {
        (DATA, content) => content.reader().expect(tag::OCTET_STRING)?.content,
        _ => return Err(Pkcs12Error::Unsupported("sealing for a public key".to_owned())),
    };
    let mut budget = Budget::default();
    let mut encoding = pbe::PasswordEncoding::of(password);
    if let Some(mac) = fields.optional(tag::SEQUENCE)? {
        check_mac(mac, content, &mut encoding, &mut budget)?;
    }
    let mut bags = Vec::new();
    let mut safes = only(content, tag::SEQUENCE)?.reader();
    while !safes.is_empty() {
        match content_info(safes.expect(tag::SEQUENCE)?)? {
            (DATA, content) => read_safe(content.reader().expect(tag::OCTET_STRING)?.content, &mut bags)?,
            (ENCRYPTED_DATA, content) => {
                let plain = decrypt_safe(content.reader().expect(tag::SEQUENCE)?, &encoding, &mut budget)?;
                read_safe(&plain, &mut bags).map_err(|error| match error {
                    // Padding that fits by chance: what came out is no DER.
                    Pkcs12Error::Malformed(_) => Pkcs12Error::WrongPassword,
                    error => error,
                })?;
            }
            _ => return Err(Pkcs12Error::Unsupported("sealing for a public key".to_owned())),
        }
    }
    Ok(bags)
}

/// id-data, 1.2.840.113549.1.7.1
const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
/// id-encryptedData, 1.2.840.113549.1.7.6
const ENCRYPTED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 6];
/// certBag, 1.2.840.113549.1.12.10.1.3
const CERT_BAG: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 10, 1, 3];
/// x509Certificate, 1.2.840.113549.1.9.22.1
const X509_CERTIFICATE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 22, 1];
/// localKeyID, 1.2.840.113549.1.9.21
const LOCAL_KEY_ID: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 21];

/// Content type and `[0]` content.
fn content_info(element: Element<'_>) -> Result<(&[u8], Element<'_>), DerError> {
    let mut fields = element.reader();
    Ok((fields.expect(tag::OID)?.content, fields.expect(tag::context_constructed(0))?))
}

/// MacData ::= SEQUENCE { DigestInfo, macSalt, iterations DEFAULT 1 }. A kind of MAC that is not known is not
/// checked: a wrong password then shows when decrypting.
fn check_mac(
    mac: Element<'_>,
    content: &[u8],
    encoding: &mut pbe::PasswordEncoding,
    budget: &mut Budget,
) -> Result<(), Pkcs12Error> {
    let mut fields = mac.reader();
    let mut digest_info = fields.expect(tag::SEQUENCE)?.reader();
    let algorithm = oid::dotted(digest_info.expect(tag::SEQUENCE)?.reader().expect(tag::OID)?.content);
    let expected = digest_info.expect(tag::OCTET_STRING)?.content;
    let salt = fields.expect(tag::OCTET_STRING)?.content;
    let rounds = match fields.optional(tag::INTEGER)? {
        Some(rounds) => pbe::rounds(rounds)?,
        None => 1,
    };
    if encoding.mac_fits(&algorithm, salt, rounds, content, expected, budget)? {
        Ok(())
    } else {
        Err(Pkcs12Error::WrongPassword)
    }
}

/// `EncryptedData ::= SEQUENCE { version, { contentType, algorithm, [0] encrypted OPTIONAL } }`.
fn decrypt_safe(
    data: Element<'_>,
    encoding: &pbe::PasswordEncoding,
    budget: &mut Budget,
) -> Result<Vec<u8>, Pkcs12Error> {
    let mut fields = data.reader();
    fields.expect(tag::INTEGER)?;
    let mut info = fields.expect(tag::SEQUENCE)?.reader();
    info.expect(tag::OID)?;
    let algorithm = info.expect(tag::SEQUENCE)?;
    let encrypted = info.expect(tag::context(0))?.content;
    Ok(pbe::decrypt(algorithm, encrypted, encoding, budget)?)
}

/// SafeContents ::= SEQUENCE OF SafeBag; every bag but certificates is stepped over.
fn read_safe(safe: &[u8], bags: &mut Vec<Bag>) -> Result<(), Pkcs12Error> {
    let mut list: Reader<'_> = only(safe, tag::SEQUENCE)?.reader();
    while !list.is_empty() {
        let mut bag = list.expect(tag::SEQUENCE)?.reader();
        let kind = bag.expect(tag::OID)?.content;
        let value = bag.expect(tag::context_constructed(0))?;
        if kind != CERT_BAG {
            continue;
        }
        let (certificate_kind, certificate) = content_info(value.reader().expect(tag::SEQUENCE)?)?;
        if certificate_kind == X509_CERTIFICATE {
            let der = certificate.reader().expect(tag::OCTET_STRING)?.content.to_vec();
            let has_key = match bag.optional(tag::SET)? {
                Some(attributes) => has_local_key_id(attributes)?,
                None => false,
            };
            bags.push(Bag { der, has_key });
        }
    }
    Ok(())
}

fn has_local_key_id(attributes: Element<'_>) -> Result<bool, DerError> {
    let mut list = attributes.reader();
    while !list.is_empty() {
        if list.expect(tag::SEQUENCE)?.reader().expect(tag::OID)?.content == LOCAL_KEY_ID {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Identities above this number are not told apart.
const MAX_IDENTITIES: usize = 256;

fn chains(mut bags: Vec<Bag>) -> Vec<Vec<Vec<u8>>> {
    let identities = bags.iter().filter(|bag| bag.has_key).count();
    if !(2..=MAX_IDENTITIES).contains(&identities) {
        bags.sort_by_key(|bag| !bag.has_key);
        return vec![bags.into_iter().map(|bag| bag.der).collect()];
    }
    let read: Vec<_> = bags.iter().map(|bag| read(&bag.der)).collect();
    let starts = bags.iter().enumerate().filter(|(_, bag)| bag.has_key);
    starts
        .map(|(start, _)| {
            path_from(start, &read).into_iter().filter_map(|at| Some(bags.get(at)?.der.clone())).collect()
        })
        .collect()
}
