//! Files with certificates: PEM, DER, PKCS#7, PKCS#12 and Java key stores, told apart by their content.

use thiserror::Error;

use super::RawChain;
use super::der::{DerError, Reader, tag};
use super::jks::{KeyStore, is_jks, read_jks};
use super::pem::{self, BlockContent};
use super::pkcs7::read_pkcs7;
use super::pkcs12::{Pkcs12Error, read_pkcs12};

/// Largest file that is read, in bytes.
pub const MAX_BYTES: usize = 16 << 20;

/// Most certificates that are taken from one file.
pub const MAX_CERTIFICATES: usize = 10_000;

/// Why a file gave no chain.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BundleError {
    #[error("over {} MiB: not a file of certificates; give the certificates alone", MAX_BYTES >> 20)]
    TooLarge,
    #[error("over {MAX_CERTIFICATES} certificates; split the file")]
    TooMany,
    #[error("neither PEM, DER, PKCS#7, PKCS#12 nor a Java key store; convert it to PEM with openssl")]
    NotRecognised,
    #[error("no certificate in it{}; give the file that has the certificate", .skipped.iter().map(|label| format!(", only {label}")).next().unwrap_or_default())]
    NoCertificate {
        /// Labels of PEM blocks that hold something else.
        skipped: Vec<String>,
    },
    #[error("block {block} at line {line} ({label}): {problem}; export the certificate again")]
    PemBlock { block: usize, line: usize, label: String, problem: String },
    #[error("certificate {number} at byte {offset}: {problem}; export the certificate again")]
    Der { number: usize, offset: usize, problem: String },
    #[error("PKCS#7: {0}; export the certificates as PEM with `openssl pkcs7 -print_certs`")]
    Pkcs7(String),
    #[error("Java key store: {0}; export the certificates as PEM with `keytool -list -rfc`")]
    Jks(String),
    #[error("PKCS#12: {0}")]
    Pkcs12(#[from] Pkcs12Error),
}

/// Reads the chains of a file, in file order. PEM, DER and PKCS#7 give one chain; PKCS#12 and Java's key stores one
/// for each key that they hold, the key's certificate first. `password` is for PKCS#12 alone; without one the empty password is tried.
pub fn parse_bundle(bytes: &[u8], password: Option<&str>) -> Result<Vec<RawChain>, BundleError> {
    if bytes.len() > MAX_BYTES {
        return Err(BundleError::TooLarge);
    }
    bounded(match kind(bytes) {
        Some(Kind::Jks) => {
            let store = read_store(bytes)?;
            if store.chains.is_empty() { vec![store.trusted] } else { store.chains }
        }
        Some(Kind::Pem) => vec![parse_pem(bytes)?],
        Some(Kind::Certificates) => vec![parse_der(bytes)?],
        Some(Kind::Pkcs7) => vec![read_pkcs7(bytes).map_err(|error| BundleError::Pkcs7(error.to_string()))?],
        Some(Kind::Pkcs12) => read_pkcs12(bytes, password)?,
        None => return Err(BundleError::NotRecognised),
    })
}

/// Java's own password for stores of trusted certificates, which is no secret.
const JAVA_PASSWORD: &str = "changeit";

/// Reads the certificates of a file of trust anchors, in file order. Of a Java key store those that it trusts, not those
/// that it has keys for; PKCS#12 is tried with Java's own password, too.
pub fn parse_anchors(bytes: &[u8]) -> Result<Vec<RawChain>, BundleError> {
    if bytes.len() <= MAX_BYTES && is_jks(bytes) {
        return bounded(vec![read_store(bytes)?.trusted]);
    }
    match parse_bundle(bytes, None) {
        Err(BundleError::Pkcs12(Pkcs12Error::PasswordNeeded)) => parse_bundle(bytes, Some(JAVA_PASSWORD))
            .map_err(|error| match error {
                BundleError::Pkcs12(Pkcs12Error::WrongPassword) => Pkcs12Error::PasswordNeeded.into(),
                error => error,
            }),
        read => read,
    }
}

fn read_store(bytes: &[u8]) -> Result<KeyStore, BundleError> {
    read_jks(bytes).map_err(BundleError::Jks)
}

/// Neither nothing nor too much.
fn bounded(chains: Vec<Vec<Vec<u8>>>) -> Result<Vec<RawChain>, BundleError> {
    if chains.iter().all(Vec::is_empty) {
        return Err(BundleError::NoCertificate { skipped: Vec::new() });
    }
    if chains.iter().map(Vec::len).sum::<usize>() > MAX_CERTIFICATES {
        return Err(BundleError::TooMany);
    }
    Ok(chains.iter().map(|chain| RawChain::from_ders(chain.iter().map(Vec::as_slice))).collect())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Pem,
    Certificates,
    Pkcs7,
    Pkcs12,
    Jks,
}

/// Tells by the first element of the outer SEQUENCE: a TBSCertificate, a content type, or PFX version 3.
fn kind(bytes: &[u8]) -> Option<Kind> {
    if is_jks(bytes) {
        return Some(Kind::Jks);
    }
    let first = Reader::new(bytes)
        .any_cut_short()
        .ok()
        .filter(|(outer, _)| outer.tag == tag::SEQUENCE)
        .and_then(|(outer, _)| outer.reader().any_cut_short().ok());
    match first {
        Some((first, _)) if first.tag == tag::SEQUENCE => Some(Kind::Certificates),
        Some((first, _)) if first.tag == tag::OID => Some(Kind::Pkcs7),
        Some((first, _)) if first.tag == tag::INTEGER && first.content == [3] => Some(Kind::Pkcs12),
        _ => bytes.windows(11).any(|window| window == b"-----BEGIN ").then_some(Kind::Pem),
    }
}

fn parse_pem(bytes: &[u8]) -> Result<Vec<Vec<u8>>, BundleError> {
    let (blocks, skipped) = pem::blocks(bytes)?;
    let mut chain = Vec::new();
    for block in blocks {
        match block.content {
            BlockContent::Certificate(der) => chain.push(der),
            BlockContent::Pkcs7(der) => {
                chain.extend(read_pkcs7(&der).map_err(|error| BundleError::PemBlock {
                    block: block.number,
                    line: block.line,
                    label: "PKCS7".to_owned(),
                    problem: error.to_string(),
                })?)
            }
        }
    }
    if chain.is_empty() { Err(BundleError::NoCertificate { skipped }) } else { Ok(chain) }
}

/// One certificate behind the other.
fn parse_der(bytes: &[u8]) -> Result<Vec<Vec<u8>>, BundleError> {
    let mut input = Reader::new(bytes);
    let mut chain = Vec::new();
    let mut offset = 0;
    while !input.is_empty() {
        let certificate = input.expect(tag::SEQUENCE).map_err(|error: DerError| BundleError::Der {
            number: chain.len() + 1,
            offset,
            problem: error.to_string(),
        })?;
        offset += certificate.whole.len();
        chain.push(certificate.whole.to_vec());
    }
    Ok(chain)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Draft, Numbers, certificates, fixture, sequence};
    use super::*;
    use crate::x509::read;

    fn labels(bytes: &[u8], password: Option<&str>) -> Result<Vec<Vec<String>>, BundleError> {
        let chains = parse_bundle(bytes, password)?;
        let label = |der| read(der).label().raw().to_owned();
        Ok(chains.iter().map(|chain| chain.ders().map(label).collect()).collect())
    }

    const CHAIN: [&str; 3] = ["full.example", "Fixture Intermediate", "Fixture Root"];

    #[test]
    fn pem_der_and_pkcs7_give_one_chain() {
        let der = Draft::default().der();
        assert_eq!(labels(fixture!("full.pem"), None).unwrap(), [CHAIN]);
        assert_eq!(labels(fixture!("chain.p7b"), None).unwrap(), [CHAIN]);
        assert_eq!(labels(fixture!("chain-p7.pem"), None).unwrap(), [CHAIN]);
        assert_eq!(labels(fixture!("ed25519.der"), None).unwrap(), [["ed25519.example"]]);
        assert_eq!(labels(fixture!("trusted.pem"), None).unwrap(), [["ed25519.example"]]);
        assert_eq!(labels(&[der.clone(), der].concat(), None).unwrap(), [["draft.example", "draft.example"]]);
    }

    /// The same PKCS#12 file with its last field left out.
    fn without_mac(file: &[u8]) -> Vec<u8> {
        let mut fields = Reader::new(file).any().unwrap().reader();
        let [version, safe] = [(); 2].map(|()| fields.any().unwrap().whole.to_vec());
        sequence([version, safe])
    }

    #[test]
    fn pkcs12_of_every_kind_gives_its_chain() {
        for file in [
            fixture!("modern.p12"),
            fixture!("legacy.p12"),
            fixture!("windows.p12"),
            fixture!("rc2-128.p12"),
            fixture!("aes128.p12"),
            fixture!("aes192.p12"),
            fixture!("des3.p12"),
            &without_mac(fixture!("modern.p12")),
            &without_mac(fixture!("legacy.p12")),
        ] {
            assert_eq!(labels(file, Some("fixture")).unwrap(), [CHAIN]);
            let wrong = labels(file, Some("wrong")).unwrap_err();
            assert_eq!(wrong, BundleError::Pkcs12(Pkcs12Error::WrongPassword));
            let none = labels(file, None).unwrap_err();
            assert_eq!(none, BundleError::Pkcs12(Pkcs12Error::PasswordNeeded));
        }
        assert_eq!(labels(fixture!("issuers.p12"), Some("fixture")).unwrap(), [CHAIN[1..].to_vec()]);
        assert_eq!(labels(fixture!("plain.p12"), None).unwrap(), [CHAIN]);
        assert_eq!(labels(fixture!("empty-password.p12"), None).unwrap(), [CHAIN]);
        assert_eq!(labels(fixture!("empty-password.p12"), Some("")).unwrap(), [CHAIN]);
    }

    #[test]
    fn an_unsupported_pkcs12_says_what_it_is() {
        assert_eq!(
            labels(fixture!("rc4.p12"), Some("fixture")).unwrap_err().to_string(),
            "PKCS#12: RC4 is not supported; export the file again with `openssl pkcs12`"
        );
    }

    #[test]
    fn pkcs12_cannot_demand_endless_work() {
        // The MAC's 2,048 rounds become 8,388,607.
        let mut file = fixture!("modern.p12").to_vec();
        let at = file.windows(4).rposition(|window| window == [2, 2, 8, 0]).unwrap();
        file.splice(at..at + 4, [2, 3, 0x7f, 0xff, 0xff]);
        let grow = |file: &mut Vec<u8>, at: usize| file[at] += 1;
        grow(&mut file, 3);
        let mac = file.windows(2).rposition(|window| window == [0x30, 0x41]).unwrap();
        grow(&mut file, mac + 1);
        assert_eq!(
            labels(&file, Some("fixture")).unwrap_err(),
            BundleError::Pkcs12(Pkcs12Error::TooMuchWork)
        );
    }

    #[test]
    fn what_is_no_certificate_file_says_so() {
        let key = b"-----BEGIN PRIVATE KEY-----\nAQID\n-----END PRIVATE KEY-----\n";
        assert_eq!(
            labels(key, None).unwrap_err().to_string(),
            "no certificate in it, only PRIVATE KEY; give the file that has the certificate"
        );
        for bytes in [b"".as_slice(), b"hello", &[0x30, 0x80, 0, 0], &[0x30, 3, 2, 1, 0]] {
            assert_eq!(labels(bytes, None), Err(BundleError::NotRecognised));
        }
        assert_eq!(labels(&vec![b' '; MAX_BYTES + 1], None), Err(BundleError::TooLarge));
        assert!(matches!(labels(b"-----BEGIN CERTIFICATE-----", None), Err(BundleError::PemBlock { .. })));
    }

    #[test]
    fn octets_behind_der_are_named_by_their_place() {
        let mut der = Draft::default().der();
        let length = der.len();
        der.extend([2, 1, 1]);
        assert_eq!(
            labels(&der, None).unwrap_err().to_string(),
            format!(
                "certificate 2 at byte {length}: found tag 0x02 where 0x30 belongs; export the certificate again"
            )
        );
    }

    #[test]
    fn a_broken_certificate_in_a_good_block_is_kept() {
        let mut der = certificates(fixture!("ed25519.pem"))[0].der.to_vec();
        der[8] ^= 0xff;
        assert_eq!(
            parse_bundle(pem::encode(pem::CERTIFICATE, &der).as_bytes(), None).unwrap()[0].ders().count(),
            1
        );
    }

    #[test]
    fn too_many_certificates_are_refused() {
        let block = pem::encode(pem::CERTIFICATE, &[1]);
        assert_eq!(
            parse_bundle(block.repeat(MAX_CERTIFICATES + 1).as_bytes(), None),
            Err(BundleError::TooMany)
        );
    }

    #[test]
    fn mutants_of_files_never_panic() {
        let mut numbers = Numbers(0xf11e);
        for file in
            [fixture!("full.pem"), fixture!("chain.p7b"), fixture!("plain.p12"), fixture!("ed25519.der")]
        {
            for _ in 0..1_000 {
                let _ = parse_bundle(&numbers.mutant(file), None);
            }
        }
        for file in [fixture!("modern.p12"), fixture!("legacy.p12")] {
            for _ in 0..100 {
                let _ = parse_bundle(&numbers.mutant(file), Some("fixture"));
            }
        }
    }
}
