//! `tls.group.no_post_quantum`: a TLS 1.3 server chose a classical group although a hybrid one with ML-KEM was
//! offered (draft-ietf-tls-ecdhe-mlkem; NIST IR 8547): traffic recorded today may be read later.
//!
//! Judged only where the handshake went on to prove possession of the key: those hellos offer the hybrid group, the
//! cheap ones of a sweep do not.

use super::Draft;
use crate::assess::view::EndpointView;
use crate::model::{Rule, Severity, Verdict};
use crate::tls::{NamedGroup, ProtocolVersion};

pub(super) fn judge(view: &EndpointView<'_>) -> Option<Verdict> {
    let tls = view.tls()?;
    let was_offered = tls.completed == Some(true) || tls.possession_proved == Some(true);
    let group = tls.group?;
    if !was_offered || tls.version != Some(ProtocolVersion::TLSv1_3) || is_hybrid(group) {
        return None;
    }
    Draft::new(Rule::NoPostQuantum, Severity::Info, "Key exchange is not post-quantum")
        .detail(format!("The server chose {group} although X25519MLKEM768 was offered."))
        .group(format!("group:{group}"))
        .fact("group", group.to_string())
        .remedy("Enable X25519MLKEM768 on the server (OpenSSL 3.5, Go 1.24 and later have it).")
        .sources(&["draft-ietf-tls-ecdhe-mlkem", "NIST IR 8547 (draft)"])
        .on_endpoint(view)
}

/// Hybrid or pure ML-KEM groups, by their numbers in the registry.
fn is_hybrid(group: NamedGroup) -> bool {
    matches!(group.0, 0x0200..=0x0202 | 0x11eb..=0x11ee | 0x6399 | 0x639a)
}
