//! `trust.revoked`: the issuer took back a certificate of the chain (RFC 5280 section 3.3, RFC 6960).

use super::Draft;
use crate::assess::view::ChainView;
use crate::assess::words;
use crate::model::{Rule, Severity, Verdict};
use crate::x509::ocsp::reason_name;

pub(super) fn judge(view: &ChainView<'_>) -> Option<Verdict> {
    let (certificate, check, revoked) = view.revoked()?;
    let is_end_entity = view.end_entity().is_some_and(|first| first.sha256 == certificate.sha256);
    let title =
        if is_end_entity { "Certificate is revoked" } else { "A CA certificate of the chain is revoked" };
    let since = revoked.at.map_or(String::new(), |at| format!(" at {at}"));
    let reason = revoked.reason.map(reason_name);
    let why = reason.map_or(String::new(), |reason| format!(" ({reason})"));
    let method = check.method.map_or("", |method| method.name());
    let mut draft = Draft::new(Rule::Revoked, Severity::Critical, title)
        .detail(format!(
            "{} was revoked by its issuer{since}{why}; learned by {method} at {}.",
            words::certificate(certificate),
            check.checked_at
        ))
        .about(certificate)
        .fact("method", method)
        .fact("checked_at", check.checked_at.to_string());
    if let Some(at) = revoked.at {
        draft = draft.fact("revoked_at", at.to_string());
    }
    if let Some(reason) = reason {
        draft = draft.fact("reason", reason);
    }
    draft
        .remedy(if is_end_entity {
            "Make a new key, have a new certificate issued, install both, and reload the server."
        } else {
            "Have the certificate issued anew by an authority that is not revoked, and serve its chain."
        })
        .sources(&["RFC 5280 section 5", "RFC 6960"])
        .on_chain(view)
}
