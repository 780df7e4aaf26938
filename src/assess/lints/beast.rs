//! `tls.vuln.beast`: CBC suites in TLS 1.0, whose initialisation vectors an attacker foresees (CVE-2011-3389). Info: every
//! client of the last decade splits its records so that nothing is left of it; it is said because auditors ask. SSL 3 has
//! worse about CBC (`tls.vuln.poodle`), and that TLS 1.0 is spoken at all is `tls.version.obsolete`.

use super::Draft;
use crate::assess::view::EndpointView;
use crate::model::{Rule, Severity, Verdict};
use crate::tls::ProtocolVersion;

pub(super) fn judge(view: &EndpointView<'_>) -> Option<Verdict> {
    view.inspection()?;
    let exposed = view.suites(|version, suite| version == ProtocolVersion::TLSv1_0 && suite.is_cbc());
    if exposed.is_empty() {
        return None;
    }
    Draft::new(Rule::Beast, Severity::Info, "CBC in TLS 1.0 (BEAST)")
        .detail(format!(
            "The server accepts {} in TLS 1.0; only clients that do not split their records are exposed.",
            exposed.sentence()
        ))
        .group("beast")
        .facts("cipher_suites", exposed.facts())
        .remedy("Disable TLS 1.0.")
        .sources(&["CVE-2011-3389", "RFC 4346 section 6.2.3.2"])
        .on_endpoint(view)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::tests::inspected::{accepting, finding, is_silent, sound, undetermined};
    use crate::tls::CipherSuite;

    #[test]
    fn it_takes_tls_1_0_and_a_cbc_suite_and_is_only_noted() {
        let cbc = CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA;
        let verdict = finding(&accepting(ProtocolVersion::TLSv1_0, &[cbc]), Rule::Beast);
        assert_eq!(verdict.severity, Severity::Info);
        assert!(is_silent(&accepting(ProtocolVersion::TLSv1_1, &[cbc]), Rule::Beast));
        assert!(is_silent(&sound(), Rule::Beast) && is_silent(&undetermined(), Rule::Beast));
    }
}
