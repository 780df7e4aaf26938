//! Certification paths (RFC 5280 section 6) to the anchors of one trust store, by rustls-webpki.
//!
//! webpki answers yes or no at one time; a person needs to know which certificate, which rule, and what to do. So a
//! refusal is looked into: the same chain is tried at times within its validity, for any usage and with SHA-1, to
//! tell "expired" from "unknown issuer". Every verdict carries the time window in which it holds.
//!
//! Known limits, said in the fault where they bite: directoryName and URI name constraints are not evaluated
//! (a certificate under them is refused); certificate policies are not processed; revocation is not asked here.

mod algorithms;
mod cache;
mod explain;
mod fault;
mod sentence;
mod walk;

use std::time::Duration;

use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, TrustAnchor};
use webpki::{EndEntityCert, ExtendedKeyUsageValidator, KeyUsage};

pub use cache::PathCache;
pub(crate) use cache::{PathKey, Window};
pub(crate) use explain::{explain, would_hold};
pub(crate) use fault::Fault;
pub(crate) use sentence::sentence;

use super::structure::MAX_CERTIFICATES;
use crate::model::TrustStore;
use crate::time::UnixTime;
use crate::x509::{Certificate, Chain};

/// What one store says about one chain, as long as `window` lasts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StorePath {
    /// `None`: trusted.
    pub(crate) fault: Option<Fault>,
    /// The path, as positions in the served list, end-entity first. After a fault: the path that would hold without
    /// it (empty if there is none). Positions past the served list are certificates known from elsewhere.
    pub(crate) indices: Box<[usize]>,
    pub(crate) window: Window,
}

/// A path that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) indices: Box<[usize]>,
    /// Position of the anchor in the store.
    pub(crate) anchor: usize,
}

/// A chain as the path builder takes it: the served certificates, capped, then those known from elsewhere.
pub(crate) struct Candidates<'a> {
    certificates: Vec<&'a Certificate>,
}

impl<'a> Candidates<'a> {
    pub(crate) fn new(chain: &'a Chain, known: impl IntoIterator<Item = &'a Certificate>) -> Self {
        let served = chain.certificates.iter().map(|c| &**c).take(MAX_CERTIFICATES);
        Self { certificates: served.chain(known).collect() }
    }

    pub(crate) fn get(&self, index: usize) -> Option<&'a Certificate> {
        self.certificates.get(index).copied()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &'a Certificate> + '_ {
        self.certificates.iter().copied()
    }

    fn index_of(&self, der: &[u8]) -> Option<usize> {
        self.certificates.iter().position(|c| *c.der == *der)
    }
}

/// Looks for a path for server authentication at `now`, as a client would.
///
/// # Errors
/// webpki's reason, to be handed to [`explain()`].
pub(crate) fn find(
    candidates: &Candidates<'_>,
    store: &TrustStore,
    now: UnixTime,
) -> Result<Found, webpki::Error> {
    search(candidates, &store.anchors, &algorithms::ACCEPTED, KeyUsage::server_auth(), now)
}

/// A path found for one store holds for another that has the same anchor.
pub(crate) fn share(found: &Found, from: &TrustStore, to: &TrustStore) -> Option<Found> {
    let anchor = from.anchors.get(found.anchor)?;
    let position = to.anchors.iter().position(|other| other == anchor)?;
    Some(Found { indices: found.indices.clone(), anchor: position })
}

fn search(
    candidates: &Candidates<'_>,
    anchors: &[TrustAnchor<'_>],
    algorithms: &[&dyn SignatureVerificationAlgorithm],
    usage: impl ExtendedKeyUsageValidator,
    time: UnixTime,
) -> Result<Found, webpki::Error> {
    let end_entity = candidates.get(0).map(|c| CertificateDer::from(&*c.der)).ok_or(webpki::Error::BadDer)?;
    let end_entity = EndEntityCert::try_from(&end_entity)?;
    // A stranger that does not parse must not hide the reason why the rest fails.
    let intermediates: Vec<_> = candidates
        .iter()
        .skip(1)
        .map(|c| CertificateDer::from(&*c.der))
        .filter(|der| EndEntityCert::try_from(der).is_ok())
        .collect();
    let seconds = u64::try_from(time.0).unwrap_or(0);
    let time = rustls_pki_types::UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    let path = end_entity.verify_for_usage(algorithms, anchors, &intermediates, time, usage, None, None)?;
    let indices = std::iter::once(Some(0))
        .chain(path.intermediate_certificates().map(|c| candidates.index_of(&c.der())))
        .flatten()
        .collect();
    let anchor = anchors.iter().position(|a| std::ptr::eq(a, path.anchor())).unwrap_or_default();
    Ok(Found { indices, anchor })
}

/// Whether the certificate is the anchor itself: same subject, same key.
pub(crate) fn is_anchor(certificate: &Certificate, anchors: &[TrustAnchor<'_>]) -> bool {
    let der = CertificateDer::from(&*certificate.der);
    webpki::anchor_from_trusted_cert(&der).is_ok_and(|own| {
        anchors.iter().any(|anchor| {
            anchor.subject == own.subject && anchor.subject_public_key_info == own.subject_public_key_info
        })
    })
}
