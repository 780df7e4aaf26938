//! `trust.revocation.not_determined`: somebody was to be asked whether a certificate is revoked, and gave no answer that
//! counts. Unknown is not good (RFC 6960 section 2.2).

use super::Draft;
use crate::assess::view::EndpointView;
use crate::model::{DoubtKind, Outcome, RevocationStatus, Rule, Severity, Verdict};

pub(super) fn judge(view: &EndpointView<'_>) -> Option<Verdict> {
    let Outcome::Handshake(handshake) = &view.observation.outcome else { return None };
    let checks = &handshake.gathered.as_ref()?.revocation;
    let mut doubts = checks.iter().filter_map(|check| match &check.status {
        // Where nobody can be asked, nobody failed to answer.
        RevocationStatus::NotDetermined(doubt) if doubt.kind != DoubtKind::NoSource => Some((check, doubt)),
        _ => None,
    });
    let (check, doubt) = doubts.next()?;
    let chains =
        std::iter::once(&handshake.presented).chain(handshake.other_chains.iter().map(|o| &o.presented));
    let mut certificates = chains.flat_map(|chain| chain.certificates.iter());
    let draft = Draft::new(
        Rule::RevocationNotDetermined,
        Severity::Low,
        "Whether the certificate is revoked could not be learned",
    )
    .detail(format!("{}.", doubt.detail.terminal()))
    .fact("checked_at", check.checked_at.to_string())
    .facts("further", doubts.map(|(_, doubt)| doubt.detail.terminal()).collect())
    .remedy(
        "If the responder or the list is inside your network, name the network in `fetch.allow` of the profile; \
         else ask the issuer why it does not answer.",
    )
    .sources(&["RFC 6960 section 2.2", "RFC 5280 section 6.3"]);
    match certificates.find(|certificate| certificate.sha256 == check.certificate) {
        Some(certificate) => draft.about(certificate).on_endpoint(view),
        None => draft.on_endpoint(view),
    }
}
