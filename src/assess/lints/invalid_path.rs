//! `trust.path.invalid`: the path is refused for a rule of its own (RFC 5280 section 6.1): a bad signature, a CA
//! that is none, names outside of constraints, a usage that is not allowed, an algorithm no client accepts.
//!
//! Time, unknown issuers, incomplete chains and self-signed certificates have rules of their own.

use super::Draft;
use crate::assess::view::{ChainView, Standing};
use crate::model::{PathReason, Rule, Severity, Verdict};

pub(super) fn judge(view: &ChainView<'_>) -> Option<Verdict> {
    let Standing::Faulty(store) = view.standing else { return None };
    let fault = view.fault(store)?;
    let (title, remedy) = words_for(fault.reason)?;
    let store = &view.context.stores.get(store)?.info.name;
    let guilty = fault.certificate.and_then(|index| view.certificate(index)).or(view.end_entity())?;
    Draft::new(Rule::InvalidPath, Severity::High, title)
        .detail(format!("Against {store}: {}.", fault.why))
        .about(guilty)
        .fact("reason", fault.reason.name())
        .fact("store", store.to_string())
        .remedy(remedy)
        .sources(&["RFC 5280 section 6.1"])
        .on_chain(view)
}

/// Title and remedy; `None` for reasons that other rules speak of.
fn words_for(reason: PathReason) -> Option<(&'static str, &'static str)> {
    Some(match reason {
        PathReason::Expired
        | PathReason::NotYetValid
        | PathReason::UnknownIssuer
        | PathReason::IncompleteChain
        | PathReason::SelfSigned => return None,
        PathReason::Revoked => {
            ("A certificate of the chain is revoked", "Replace the certificate and its key.")
        }
        PathReason::BadSignature => (
            "A signature in the chain does not verify",
            "Compare the served files with what the issuer sent; a wrong intermediate of the same name is the usual cause.",
        ),
        PathReason::NotACa => (
            "The chain breaks the rules for CA certificates",
            "Have the certificate issued by an authority whose CA certificate allows it, and serve an end-entity \
             certificate first.",
        ),
        PathReason::NameConstraints => (
            "The chain breaks the name constraints of its authority",
            "Have the certificate issued by an authority that may issue for this name.",
        ),
        PathReason::ExtendedKeyUsage => {
            ("The certificate is not for servers", "Issue it with serverAuth in its extendedKeyUsage.")
        }
        PathReason::UnsupportedAlgorithm => (
            "The chain uses an algorithm or extension that clients refuse",
            "Have the certificate issued anew with SHA-256 or better and a key type that clients know.",
        ),
        PathReason::Malformed => (
            "The chain is malformed, and clients refuse it",
            "Have the certificate issued anew by current software.",
        ),
    })
}
