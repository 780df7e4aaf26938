//! `tls.vuln.client_renegotiation`: the server lets clients renegotiate, which costs it more than them (CVE-2011-1473;
//! RFC 9325 section 3.5). Low: a denial of service, for which there are easier ways. Where it does so insecurely, that is
//! `tls.vuln.insecure_renegotiation`, and includes this.

use super::Draft;
use crate::assess::view::EndpointView;
use crate::model::{Rule, Severity, Verdict};

pub(super) fn judge(view: &EndpointView<'_>) -> Option<Verdict> {
    let features = &view.inspection()?.features;
    if features.client_renegotiation != Some(true) || features.secure_renegotiation == Some(false) {
        return None;
    }
    Draft::new(Rule::ClientRenegotiation, Severity::Low, "Clients may renegotiate")
        .detail("The server carried out a renegotiation that the client asked for: one connection can keep it at work.")
        .group("client_renegotiation")
        .remedy("Disable renegotiation by clients (openssl: SSL_OP_NO_RENEGOTIATION), or limit it.")
        .sources(&["CVE-2011-1473", "RFC 9325 section 3.5"])
        .on_endpoint(view)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::tests::inspected::{finding, is_silent, sound, undetermined};

    #[test]
    fn it_is_low_once_it_was_carried_out() {
        let mut inspection = sound();
        inspection.features.client_renegotiation = Some(true);
        assert_eq!(finding(&inspection, Rule::ClientRenegotiation).severity, Severity::Low);
        assert!(is_silent(&sound(), Rule::ClientRenegotiation));
        assert!(is_silent(&undetermined(), Rule::ClientRenegotiation));
    }
}
