//! `tls.vuln.poodle`: SSL 3 with a CBC suite (CVE-2014-3566; RFC 7568 prohibits SSL 3). Medium: it takes a client that
//! still falls back to SSL 3, and a place in the middle.

use super::Draft;
use crate::assess::view::EndpointView;
use crate::model::{Rule, Severity, Verdict};
use crate::tls::ProtocolVersion;

pub(super) fn judge(view: &EndpointView<'_>) -> Option<Verdict> {
    view.inspection()?;
    let exposed = view.suites(|version, suite| version == ProtocolVersion::SSLv3 && suite.is_cbc());
    if exposed.is_empty() {
        return None;
    }
    Draft::new(Rule::Poodle, Severity::Medium, "SSL 3 with CBC can be decrypted (POODLE)")
        .detail(format!(
            "The server accepts {} in SSL 3, whose padding nobody can check: somebody in the middle who makes a client \
             fall back and repeat a request reads it byte by byte.",
            exposed.sentence()
        ))
        .group("poodle")
        .facts("cipher_suites", exposed.facts())
        .remedy("Disable SSL 3.")
        .sources(&["CVE-2014-3566", "RFC 7568"])
        .on_endpoint(view)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::tests::inspected::{accepting, finding, is_silent, sound};
    use crate::tls::CipherSuite;

    #[test]
    fn it_takes_ssl_3_and_a_cbc_suite() {
        let cbc = CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA;
        let verdict = finding(&accepting(ProtocolVersion::SSLv3, &[cbc]), Rule::Poodle);
        assert_eq!(verdict.severity, Severity::Medium);
        let rc4 = CipherSuite::TLS_RSA_WITH_RC4_128_SHA;
        assert!(is_silent(&accepting(ProtocolVersion::SSLv3, &[rc4]), Rule::Poodle));
        assert!(is_silent(&accepting(ProtocolVersion::TLSv1_0, &[cbc]), Rule::Poodle));
        assert!(is_silent(&sound(), Rule::Poodle));
    }
}
