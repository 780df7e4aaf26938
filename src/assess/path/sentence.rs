//! Why a store does not trust a chain, in one sentence for each reason: which certificate, which rule, what to do.

use crate::model::PathReason;

/// `why` names the certificate and what is wrong with it.
pub(crate) fn sentence(reason: PathReason, why: &str) -> String {
    let (rule, remedy) = rule_and_remedy(reason);
    format!("{why} ({rule}): {remedy}.")
}

fn rule_and_remedy(reason: PathReason) -> (&'static str, &'static str) {
    match reason {
        PathReason::UnknownIssuer => (
            "RFC 5280 section 6.1",
            "if the authority is yours, pass its root with --trust FILE; if not, replace the certificate",
        ),
        PathReason::SelfSigned => (
            "RFC 5280 section 6.1",
            "if it is meant to be, pass this very certificate with --trust FILE; if not, replace it",
        ),
        PathReason::IncompleteChain => {
            ("RFC 8446 section 4.4.2", "append the missing certificate to the server's certificate file")
        }
        PathReason::Expired => ("RFC 5280 section 4.1.2.5", "renew it, and serve the new one"),
        PathReason::NotYetValid => {
            ("RFC 5280 section 4.1.2.5", "check the clocks here and at the issuer, or wait")
        }
        PathReason::Revoked => ("RFC 5280 section 6.3", "replace the certificate and its key"),
        PathReason::BadSignature => {
            ("RFC 5280 section 6.1.3", "compare the served files with what the issuer sent")
        }
        PathReason::NotACa => (
            "RFC 5280 section 4.2.1.9",
            "have the certificate issued by an authority that may, and serve an end-entity certificate first",
        ),
        PathReason::NameConstraints => (
            "RFC 5280 section 4.2.1.10",
            "have the certificate issued by an authority that may issue for this name",
        ),
        PathReason::ExtendedKeyUsage => {
            ("RFC 5280 section 4.2.1.12", "have it issued anew with serverAuth in its extendedKeyUsage")
        }
        PathReason::UnsupportedAlgorithm => (
            "RFC 5280 section 6.1",
            "have it issued anew with SHA-256 or better, and with keys and extensions that clients know",
        ),
        PathReason::Malformed => ("RFC 5280 section 4.1", "have it issued anew by current software"),
    }
}
