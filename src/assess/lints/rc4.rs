//! `tls.vuln.rc4`: RC4 is accepted, which RFC 7465 prohibits (CVE-2013-2566, CVE-2015-2808). Export suites with RC4 have
//! their own rule.

use super::Draft;
use crate::assess::view::EndpointView;
use crate::model::{Rule, Severity, Verdict};
use crate::tls::registry::SuiteWeakness;

pub(super) fn judge(view: &EndpointView<'_>) -> Option<Verdict> {
    view.inspection()?;
    let weak = view.suites(|_, suite| suite.weakness() == Some(SuiteWeakness::Rc4));
    if weak.is_empty() {
        return None;
    }
    Draft::new(Rule::Rc4, Severity::Medium, "RC4 is accepted")
        .detail(format!("The server accepts {}: what is sent again and again, such as a cookie, can be read from many sessions.", weak.sentence()))
        .group("rc4")
        .facts("cipher_suites", weak.facts())
        .remedy("Disable RC4 (openssl: !RC4).")
        .sources(&["RFC 7465", "CVE-2013-2566, CVE-2015-2808"])
        .on_endpoint(view)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::tests::inspected::{accepting, finding, is_silent, sound, undetermined};
    use crate::tls::{CipherSuite, ProtocolVersion};

    #[test]
    fn one_accepted_suite_is_enough() {
        let suite = CipherSuite::TLS_RSA_WITH_RC4_128_SHA;
        let verdict = finding(&accepting(ProtocolVersion::TLSv1_2, &[suite]), Rule::Rc4);
        assert_eq!(verdict.severity, Severity::Medium);
        assert!(format!("{:?}", verdict.evidence).contains("TLS_RSA_WITH_RC4_128_SHA (TLSv1.2)"));
        let other = CipherSuite::TLS_RSA_EXPORT_WITH_RC4_40_MD5;
        assert!(is_silent(&accepting(ProtocolVersion::TLSv1_2, &[other]), Rule::Rc4));
        assert!(is_silent(&sound(), Rule::Rc4) && is_silent(&undetermined(), Rule::Rc4));
    }
}
