//! `tls.possession.not_proved`: the server's signature over the handshake does not verify with the key of the
//! certificate it served (RFC 8446 section 4.4.3, RFC 5246 section 7.4.3): a copied certificate, a wrong key file, or
//! somebody in between.

use super::Draft;
use crate::assess::view::EndpointView;
use crate::model::{Outcome, Rule, Severity, Verdict};

pub(super) fn judge(view: &EndpointView<'_>) -> Option<Verdict> {
    if view.tls()?.possession_proved != Some(false) {
        return None;
    }
    let draft = Draft::new(
        Rule::PossessionNotProved,
        Severity::High,
        "Server does not hold the key of its certificate",
    )
    .detail("The signature over the handshake does not verify with the key in the served certificate.")
    .remedy("Check that the server's key file belongs to its certificate, and that no middlebox answers in its place.")
    .sources(&["RFC 8446 section 4.4.3", "RFC 5246 section 7.4.3"]);
    match &view.observation.outcome {
        Outcome::Handshake(handshake) => match handshake.presented.end_entity() {
            Some(certificate) => draft.about(certificate).on_endpoint(view),
            None => draft.on_endpoint(view),
        },
        _ => draft.on_endpoint(view),
    }
}
