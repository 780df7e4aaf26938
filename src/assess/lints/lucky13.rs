//! `tls.vuln.lucky13`: CBC suites whose MAC is inside the encryption (CVE-2013-0169; RFC 7366 turns it round). Info:
//! whether a server takes the same time for every padding cannot be told from afar, and current libraries do.

use super::Draft;
use crate::assess::view::EndpointView;
use crate::model::{Rule, Severity, Verdict};
use crate::tls::ProtocolVersion;

pub(super) fn judge(view: &EndpointView<'_>) -> Option<Verdict> {
    (view.inspection()?.features.encrypt_then_mac == Some(false)).then_some(())?;
    let exposed = view.suites(|version, suite| version > ProtocolVersion::SSLv3 && suite.is_cbc());
    if exposed.is_empty() {
        return None;
    }
    Draft::new(Rule::Lucky13, Severity::Info, "CBC without encrypt-then-MAC (Lucky 13)")
        .detail(format!(
            "The server accepts {} and does not know encrypt-then-MAC: it depends on its library whether timing tells.",
            exposed.sentence()
        ))
        .group("lucky13")
        .facts("cipher_suites", exposed.facts())
        .remedy("Prefer AEAD suites (AES-GCM, ChaCha20-Poly1305), and disable CBC where clients allow it.")
        .sources(&["CVE-2013-0169", "RFC 7366"])
        .on_endpoint(view)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::tests::inspected::{accepting, finding, is_silent, sound};
    use crate::tls::CipherSuite;

    #[test]
    fn only_a_server_known_to_lack_encrypt_then_mac_is_noted() {
        let mut inspection =
            accepting(ProtocolVersion::TLSv1_2, &[CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA]);
        inspection.features.encrypt_then_mac = Some(false);
        assert_eq!(finding(&inspection, Rule::Lucky13).severity, Severity::Info);
        inspection.features.encrypt_then_mac = None;
        assert!(is_silent(&inspection, Rule::Lucky13));
        let mut without_cbc = sound();
        without_cbc.features.encrypt_then_mac = Some(false);
        assert!(is_silent(&without_cbc, Rule::Lucky13));
    }
}
