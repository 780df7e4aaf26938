//! `tls.vuln.null_encryption`: a suite that encrypts nothing is accepted (RFC 9325 section 4.1: must not be negotiated).

use super::Draft;
use crate::assess::view::EndpointView;
use crate::model::{Rule, Severity, Verdict};
use crate::tls::registry::SuiteWeakness;

pub(super) fn judge(view: &EndpointView<'_>) -> Option<Verdict> {
    view.inspection()?;
    let weak = view.suites(|_, suite| suite.weakness() == Some(SuiteWeakness::Null));
    if weak.is_empty() {
        return None;
    }
    Draft::new(Rule::NullEncryption, Severity::High, "Suites without encryption are accepted")
        .detail(format!(
            "The server accepts {}: what such a client sends can be read on the way.",
            weak.sentence()
        ))
        .group("null_encryption")
        .facts("cipher_suites", weak.facts())
        .remedy("Disable the suites with NULL in their name (openssl: !eNULL).")
        .sources(&["RFC 9325 section 4.1"])
        .on_endpoint(view)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::tests::inspected::{accepting, finding, is_silent, sound, undetermined};
    use crate::tls::{CipherSuite, ProtocolVersion};

    #[test]
    fn one_accepted_suite_is_enough() {
        let suite = CipherSuite::TLS_RSA_WITH_NULL_SHA256;
        let verdict = finding(&accepting(ProtocolVersion::TLSv1_2, &[suite]), Rule::NullEncryption);
        assert_eq!(verdict.severity, Severity::High);
        assert!(format!("{:?}", verdict.evidence).contains("TLS_RSA_WITH_NULL_SHA256 (TLSv1.2)"));
        let other = CipherSuite::TLS_RSA_WITH_RC4_128_SHA;
        assert!(is_silent(&accepting(ProtocolVersion::TLSv1_2, &[other]), Rule::NullEncryption));
        assert!(
            is_silent(&sound(), Rule::NullEncryption) && is_silent(&undetermined(), Rule::NullEncryption)
        );
    }
}
