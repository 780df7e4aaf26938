//! Certificates in a PKCS#7 file (RFC 2315, RFC 5652): SignedData without a signer. Signatures are not looked at.

use super::bundle::MAX_CERTIFICATES;
use super::der::{DerError, Reader, only, tag};
use super::read;

/// The certificates, in the order of their path: PKCS#7 holds a set, so that the order in the file says nothing.
pub(super) fn read_pkcs7(der: &[u8]) -> Result<Vec<Vec<u8>>, Pkcs7Error> {
    let mut content_info = only(der, tag::SEQUENCE)?.reader();
    if content_info.expect(tag::OID)?.content != SIGNED_DATA {
        return Err(Pkcs7Error::NotSignedData);
    }
    let mut signed_data =
        content_info.expect(tag::context_constructed(0))?.reader().expect(tag::SEQUENCE)?.reader();
    signed_data.expect(tag::INTEGER)?;
    signed_data.expect(tag::SET)?;
    signed_data.expect(tag::SEQUENCE)?;
    let Some(certificates) = signed_data.optional(tag::context_constructed(0))? else {
        return Ok(Vec::new());
    };
    let mut list: Reader<'_> = certificates.reader();
    let mut found = Vec::new();
    while !list.is_empty() && found.len() <= MAX_CERTIFICATES {
        let member = list.any()?;
        // Attribute certificates and the like have a context-specific tag.
        if member.tag == tag::SEQUENCE {
            found.push(member.whole.to_vec());
        }
    }
    Ok(in_path_order(found))
}

/// Why a PKCS#7 file could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Pkcs7Error {
    #[error(transparent)]
    Der(#[from] DerError),
    #[error("no signed data")]
    NotSignedData,
}

/// id-signedData, 1.2.840.113549.1.7.2
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];

/// Longest path that is followed by name.
const MAX_PATH: usize = 16;

/// End-entity first, each followed by its issuer as far as names tell; then the others as they stood.
fn in_path_order(ders: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    if ders.len() > MAX_ORDERED {
        return ders;
    }
    let read: Vec<_> = ders.iter().map(|der| read(der)).collect();
    let is_issuer = |subject: &[u8], but: usize| {
        read.iter().enumerate().any(|(at, other)| at != but && *other.issuer.der == *subject)
    };
    let Some(start) =
        (0..read.len()).find(|at| read.get(*at).is_some_and(|c| !is_issuer(&c.subject.der, *at)))
    else {
        return ders;
    };
    let path = path_from(start, &read);
    let mut rest: Vec<Option<Vec<u8>>> = ders.into_iter().map(Some).collect();
    let mut ordered: Vec<Vec<u8>> = path.iter().filter_map(|at| rest.get_mut(*at)?.take()).collect();
    ordered.extend(rest.into_iter().flatten());
    ordered
}

/// Sets above this size are no chain: left as they are.
const MAX_ORDERED: usize = 64;

/// Indices from `start` to the last issuer that is there.
pub(super) fn path_from(start: usize, certificates: &[super::Certificate]) -> Vec<usize> {
    let mut path = vec![start];
    while let Some(last) = path.last().and_then(|at| certificates.get(*at))
        && !last.is_self_issued()
        && path.len() < MAX_PATH
    {
        let issuer = certificates.iter().position(|other| other.subject.der == last.issuer.der);
        match issuer {
            Some(issuer) if !path.contains(&issuer) => path.push(issuer),
            _ => break,
        }
    }
    path
}
