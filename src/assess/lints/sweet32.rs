//! `tls.vuln.sweet32`: 3DES or IDEA is accepted, whose blocks of 64 bits repeat within one long session (CVE-2016-2183).
//! Medium, as 3DES was before by `tls.cipher.weak`: DES, whose blocks are as short, stays there for its key.

use super::Draft;
use crate::assess::view::EndpointView;
use crate::model::{Rule, Severity, Verdict};
use crate::tls::registry::SuiteWeakness;

pub(super) fn judge(view: &EndpointView<'_>) -> Option<Verdict> {
    view.inspection()?;
    let weak = view.suites(|_, suite| suite.weakness() == Some(SuiteWeakness::SmallBlocks));
    if weak.is_empty() {
        return None;
    }
    Draft::new(Rule::Sweet32, Severity::Medium, "Suites with 64-bit blocks are accepted (Sweet32)")
        .detail(format!(
            "The server accepts {}: after some 30 GB under one key, blocks repeat and tell what they hide.",
            weak.sentence()
        ))
        .group("sweet32")
        .facts("cipher_suites", weak.facts())
        .remedy("Disable 3DES and IDEA (openssl: !3DES:!IDEA).")
        .sources(&["CVE-2016-2183", "RFC 8429 section 5"])
        .on_endpoint(view)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::tests::inspected::{accepting, finding, is_silent, sound, undetermined};
    use crate::tls::{CipherSuite, ProtocolVersion};

    #[test]
    fn one_accepted_suite_is_enough() {
        let suite = CipherSuite::TLS_RSA_WITH_3DES_EDE_CBC_SHA;
        let verdict = finding(&accepting(ProtocolVersion::TLSv1_2, &[suite]), Rule::Sweet32);
        assert_eq!(verdict.severity, Severity::Medium);
        assert!(format!("{:?}", verdict.evidence).contains("TLS_RSA_WITH_3DES_EDE_CBC_SHA (TLSv1.2)"));
        let other = CipherSuite::TLS_RSA_WITH_DES_CBC_SHA;
        assert!(is_silent(&accepting(ProtocolVersion::TLSv1_2, &[other]), Rule::Sweet32));
        assert!(is_silent(&sound(), Rule::Sweet32) && is_silent(&undetermined(), Rule::Sweet32));
    }
}
