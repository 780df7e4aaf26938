//! `tls.vuln.freak`: export suites with RSA are accepted (CVE-2015-0204): their temporary keys of 512 bits are factored in
//! hours, and many servers keep one for days.

use super::Draft;
use super::export::ExportExchange;
use crate::assess::view::EndpointView;
use crate::model::{Rule, Severity, Verdict};

pub(super) fn judge(view: &EndpointView<'_>) -> Option<Verdict> {
    view.inspection()?;
    let export = view.suites(|_, suite| ExportExchange::of(suite) == Some(ExportExchange::Rsa));
    if export.is_empty() {
        return None;
    }
    Draft::new(Rule::Freak, Severity::High, "Export suites with RSA are accepted (FREAK)")
        .detail(format!(
            "The server accepts {}: its temporary key has 512 bits, and whoever factors it can be the server to clients \
             that let themselves be led there.",
            export.sentence()
        ))
        .group("freak")
        .facts("cipher_suites", export.facts())
        .remedy("Disable the suites with EXPORT in their name (openssl: !EXPORT).")
        .sources(&["CVE-2015-0204", "RFC 9325 section 4.1"])
        .on_endpoint(view)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::tests::inspected::{accepting, finding, is_silent, sound, undetermined};
    use crate::tls::{CipherSuite, ProtocolVersion};

    #[test]
    fn export_rsa_is_high() {
        let suite = CipherSuite::TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5;
        let verdict = finding(&accepting(ProtocolVersion::TLSv1_0, &[suite]), Rule::Freak);
        assert_eq!(verdict.severity, Severity::High);
        let other = CipherSuite::TLS_RSA_WITH_RC4_128_MD5;
        assert!(is_silent(&accepting(ProtocolVersion::TLSv1_0, &[other]), Rule::Freak));
        assert!(is_silent(&sound(), Rule::Freak) && is_silent(&undetermined(), Rule::Freak));
    }
}
