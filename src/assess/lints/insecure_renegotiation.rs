//! `tls.vuln.insecure_renegotiation`: up to TLS 1.2 the server does not know RFC 5746, so that somebody in the middle can
//! put a request of their own in front of a client's (CVE-2009-3555). High where it lets clients renegotiate, low where it
//! is known not to, medium where that could not be told.

use super::Draft;
use crate::assess::view::EndpointView;
use crate::model::{Rule, Severity, Verdict};
use crate::tls::ProtocolVersion;

pub(super) fn judge(view: &EndpointView<'_>) -> Option<Verdict> {
    let features = &view.inspection()?.features;
    let is_old =
        |version: &ProtocolVersion| (ProtocolVersion::SSLv3..=ProtocolVersion::TLSv1_2).contains(version);
    if features.secure_renegotiation != Some(false) || !view.versions().iter().any(is_old) {
        return None;
    }
    let (severity, then) = match features.client_renegotiation {
        Some(true) => (Severity::High, "and lets clients renegotiate"),
        Some(false) => (Severity::Low, "but does not let clients renegotiate"),
        None => (Severity::Medium, "and it could not be told whether it lets clients renegotiate"),
    };
    Draft::new(Rule::InsecureRenegotiation, severity, "Server does not know secure renegotiation")
        .detail(format!("The server does not answer the extension of RFC 5746 {then}."))
        .group("insecure_renegotiation")
        .remedy("Update the TLS library, or disable renegotiation. TLS 1.3 has none.")
        .sources(&["CVE-2009-3555", "RFC 5746"])
        .on_endpoint(view)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::tests::inspected::{finding, is_silent, of, sound, undetermined};

    #[test]
    fn it_is_as_bad_as_what_clients_may_do() {
        let mut inspection = sound();
        inspection.features.secure_renegotiation = Some(false);
        for (client, severity) in
            [(Some(true), Severity::High), (Some(false), Severity::Low), (None, Severity::Medium)]
        {
            inspection.features.client_renegotiation = client;
            assert_eq!(finding(&inspection, Rule::InsecureRenegotiation).severity, severity);
            assert!(is_silent(&inspection, Rule::ClientRenegotiation));
        }
    }

    #[test]
    fn there_is_none_in_tls_1_3() {
        let mut inspection = sound();
        inspection.features.secure_renegotiation = Some(false);
        of(&mut inspection, ProtocolVersion::TLSv1_2).offered = Some(false);
        assert!(is_silent(&inspection, Rule::InsecureRenegotiation));
        assert!(is_silent(&undetermined(), Rule::InsecureRenegotiation));
        assert!(is_silent(&sound(), Rule::InsecureRenegotiation));
    }
}
