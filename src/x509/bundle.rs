//! Files with certificates: PEM, DER, PKCS#7 and PKCS#12, told apart by their content.

use thiserror::Error;

use super::RawChain;
use super::der::{DerError, Reader, tag};
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
    #[error("neither PEM, DER, PKCS#7 nor PKCS#12; convert it to PEM with openssl")]
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
    #[error("PKCS#12: {0}")]
    Pkcs12(#[from] Pkcs12Error),
}

/// Reads the chains of a file, in file order. PEM, DER and PKCS#7 give one chain; PKCS#12 one for each key that it
/// holds, the key's certificate first. `password` is for PKCS#12 alone; without one the empty password is tried.
pub fn parse_bundle(bytes: &[u8], password: Option<&str>) -> Result<Vec<RawChain>, BundleError> {
    if bytes.len() > MAX_BYTES {
        return Err(BundleError::TooLarge);
    }
    let chains = match kind(bytes) {
        Some(Kind::Pem) => vec![parse_pem(bytes)?],
        Some(Kind::Certificates) => vec![parse_der(bytes)?],
        Some(Kind::Pkcs7) => vec![read_pkcs7(bytes).map_err(|error| BundleError::Pkcs7(error.to_string()))?],
        Some(Kind::Pkcs12) => read_pkcs12(bytes, password)?,
        None => return Err(BundleError::NotRecognised),
    };
    if chains.iter().all(|chain: &Vec<Vec<u8>>| chain.is_empty()) {
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
}

/// Tells by the first element of the outer SEQUENCE: a TBSCertificate, a content type, or PFX version 3.
fn kind(bytes: &[u8]) -> Option<Kind> {
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
