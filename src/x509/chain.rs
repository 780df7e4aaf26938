//! Certificates in the order served: as bytes straight off the wire, and as read certificates.

use std::sync::Arc;

use super::{Certificate, Fingerprint};

/// A served chain as captured: each certificate's DER behind its three-byte length, as in TLS 1.2's
/// `certificate_list` (RFC 5246 section 7.4.2). One allocation, one hash.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct RawChain(Box<[u8]>);

impl RawChain {
    /// Builds a chain from certificates in the order served. A certificate over 16 MiB is left out: no
    /// protocol can carry one.
    pub fn from_ders<'a>(ders: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut bytes = Vec::new();
        for der in ders {
            if let Ok(length) = u32::try_from(der.len())
                && let [0, length @ ..] = length.to_be_bytes()
            {
                bytes.extend_from_slice(&length);
                bytes.extend_from_slice(der);
            }
        }
        Self(bytes.into())
    }

    /// Takes a `certificate_list` body; `None` if a length does not fit or a certificate is empty.
    pub fn from_certificate_list(bytes: &[u8]) -> Option<Self> {
        is_certificate_list(bytes).then(|| Self(bytes.into()))
    }

    /// [`Self::from_certificate_list`] without a copy.
    pub fn from_owned_certificate_list(bytes: Vec<u8>) -> Option<Self> {
        is_certificate_list(&bytes).then(|| Self(bytes.into()))
    }

    /// Each certificate's DER, in the order served.
    pub fn ders(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = &*self.0;
        std::iter::from_fn(move || {
            let (der, after) = split_certificate(rest)?;
            rest = after;
            Some(der)
        })
    }

    /// SHA-256 over the lengths and certificates: equal for equal chains.
    pub fn digest(&self) -> Fingerprint {
        Fingerprint::of(&self.0)
    }

    /// Bytes held, lengths included.
    pub fn byte_len(&self) -> usize {
        self.0.len()
    }

    /// No certificate at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn is_certificate_list(mut bytes: &[u8]) -> bool {
    while let Some((_, rest)) = split_certificate(bytes) {
        bytes = rest;
    }
    bytes.is_empty()
}

fn split_certificate(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let [a, b, c, rest @ ..] = bytes else { return None };
    let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
    if length == 0 {
        return None;
    }
    rest.split_at_checked(length)
}

/// A served chain of read certificates; cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// [`RawChain::digest`] of the same certificates.
    pub digest: Fingerprint,
    pub certificates: Arc<[Arc<Certificate>]>,
}

impl Chain {
    /// The end-entity certificate: the first one served.
    pub fn end_entity(&self) -> Option<&Arc<Certificate>> {
        self.certificates.first()
    }

    /// Fingerprints in the order served.
    pub fn fingerprints(&self) -> impl Iterator<Item = Fingerprint> {
        self.certificates.iter().map(|certificate| certificate.sha256)
    }
}

/// Reads every certificate of a chain, in the order served. Never fails, as [`super::read()`].
pub fn read_chain(raw: &RawChain) -> Chain {
    Chain { digest: raw.digest(), certificates: raw.ders().map(|der| Arc::new(super::read(der))).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_gives_back_its_certificates() {
        let chain = RawChain::from_ders([b"one".as_slice(), b"three".as_slice()]);
        assert_eq!(chain.ders().collect::<Vec<_>>(), [b"one".as_slice(), b"three".as_slice()]);
        assert_eq!(
            RawChain::from_certificate_list(&[
                0, 0, 3, b'o', b'n', b'e', 0, 0, 5, b't', b'h', b'r', b'e', b'e'
            ]),
            Some(chain.clone())
        );
        let owned = vec![0, 0, 3, b'o', b'n', b'e', 0, 0, 5, b't', b'h', b'r', b'e', b'e'];
        assert_eq!(RawChain::from_owned_certificate_list(owned), Some(chain));
    }

    #[test]
    fn a_broken_length_is_refused() {
        assert_eq!(RawChain::from_certificate_list(&[0, 0, 9, 1]), None);
        assert_eq!(RawChain::from_certificate_list(&[0, 0]), None);
        assert_eq!(RawChain::from_certificate_list(&[0, 0, 0]), None);
    }
}
