//! `trust.path.self_signed`: the end-entity certificate is signed by its own key and stands in no chosen store
//! (RFC 5280 section 3.2). By signature: a certificate with equal issuer and subject may have another signer.

use super::Draft;
use crate::assess::view::{ChainView, Standing};
use crate::assess::words;
use crate::model::{Rule, Severity, Verdict};

pub(super) fn judge(view: &ChainView<'_>) -> Option<Verdict> {
    if view.standing != Standing::SelfSigned {
        return None;
    }
    let certificate = view.end_entity()?;
    Draft::new(Rule::SelfSigned, Severity::Medium, "Certificate is self-signed")
        .detail(format!(
            "{} is signed by its own key and is not in {}: clients cannot tell it from an impostor's.",
            words::certificate(certificate),
            view.store_names()
        ))
        .about(certificate)
        .remedy("Have it issued by an authority that your clients trust. If it is meant to be, pass it with --trust FILE.")
        .sources(&["RFC 5280 section 3.2"])
        .on_chain(view)
}
