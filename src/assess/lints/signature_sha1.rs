//! `sig.sha1`: a certificate of the path is signed with SHA-1. Collisions are practical, browsers refuse it since
//! 2017, and the last use by public authorities ends on 2026-09-15 (Baseline Requirements 7.1.3.2, ballot SC-097).
//! The signature of a self-signed certificate protects nothing and is not judged.

use super::Draft;
use crate::assess::view::ChainView;
use crate::assess::words;
use crate::model::{Rule, Severity, Verdict};
use crate::x509::certificate::SignatureHash;

pub(super) const REFERENCES: &[&str] = &[
    "CA/Browser Forum TLS Baseline Requirements section 7.1.3.2",
    "RFC 9155 section 2",
    "zlint e_sub_cert_or_sub_ca_using_sha1",
];

pub(super) fn judge(view: &ChainView<'_>) -> Option<Verdict> {
    let (_, certificate) = view
        .signed_path()
        .find(|(_, c)| c.signature.as_ref().and_then(|s| s.hash) == Some(SignatureHash::Sha1))?;
    let name = certificate.signature.as_ref().map(|s| s.name.clone()).unwrap_or_default();
    Draft::new(Rule::SignatureSha1, Severity::Medium, "Certificate is signed with SHA-1")
        .detail(format!(
            "{} is signed with {name}, which current clients refuse.",
            words::certificate(certificate)
        ))
        .about(certificate)
        .fact("signature_algorithm", name)
        .remedy("Have the certificate issued anew with SHA-256 or better.")
        .sources(REFERENCES)
        .on_chain(view)
}
