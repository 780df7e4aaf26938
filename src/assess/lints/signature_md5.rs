//! `sig.md5`: a certificate of the path is signed with MD5 or MD2. Forged for real since 2008 (RFC 6151 section 2).
//! The signature of a self-signed certificate protects nothing and is not judged.

use super::Draft;
use crate::assess::view::ChainView;
use crate::assess::words;
use crate::model::{Rule, Severity, Verdict};
use crate::x509::certificate::SignatureHash;

pub(super) fn judge(view: &ChainView<'_>) -> Option<Verdict> {
    let (_, certificate) = view.signed_path().find(|(_, c)| {
        let hash = c.signature.as_ref().and_then(|s| s.hash);
        matches!(hash, Some(SignatureHash::Md2 | SignatureHash::Md5))
    })?;
    let name = certificate.signature.as_ref().map(|s| s.name.clone()).unwrap_or_default();
    Draft::new(Rule::SignatureMd5, Severity::High, "Certificate is signed with MD5")
        .detail(format!(
            "{} is signed with {name}: such certificates can be forged.",
            words::certificate(certificate)
        ))
        .about(certificate)
        .fact("signature_algorithm", name)
        .remedy("Have the certificate issued anew with SHA-256 or better.")
        .sources(&["RFC 6151 section 2", "RFC 9155 section 2"])
        .on_chain(view)
}
