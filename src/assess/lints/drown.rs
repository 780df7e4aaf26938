//! `tls.vuln.drown`: SSL 2 is spoken (CVE-2016-0800; RFC 6176 prohibits it). Whoever can talk SSL 2 to any server with an
//! RSA key decrypts recorded sessions of every server with the same key, mail servers and web servers alike.

use super::Draft;
use crate::assess::view::EndpointView;
use crate::model::{Rule, Severity, Verdict};
use crate::tls::ProtocolVersion;

pub(super) fn judge(view: &EndpointView<'_>) -> Option<Verdict> {
    view.inspection()?;
    if !view.versions().contains(&ProtocolVersion::SSLv2) {
        return None;
    }
    let ciphers = view.version(ProtocolVersion::SSLv2).map(|facts| facts.ssl2_ciphers.as_slice());
    let ciphers = ciphers.unwrap_or_default().iter().map(|cipher| cipher.to_string()).collect();
    Draft::new(Rule::Drown, Severity::High, "Server speaks SSL 2 (DROWN)")
        .detail(
            "With SSL 2 an attacker decrypts recorded sessions with RSA key exchange, of this server and of every other \
             one with the same key.",
        )
        .group("drown")
        .facts("ssl2_ciphers", ciphers)
        .remedy("Disable SSL 2. Then replace the key where other servers have it, too.")
        .sources(&["CVE-2016-0800", "RFC 6176"])
        .on_endpoint(view)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::tests::inspected::{finding, is_silent, of, sound, undetermined};
    use crate::tls::Ssl2Cipher;

    #[test]
    fn ssl_2_is_high_and_its_ciphers_are_evidence() {
        let mut inspection = sound();
        let facts = of(&mut inspection, ProtocolVersion::SSLv2);
        facts.offered = Some(true);
        facts.ssl2_ciphers = vec![Ssl2Cipher::SSL2_RC4_128_EXPORT40_WITH_MD5];
        let verdict = finding(&inspection, Rule::Drown);
        assert_eq!(verdict.severity, Severity::High);
        assert!(format!("{:?}", verdict.evidence).contains("SSL_CK_RC4_128_EXPORT40_WITH_MD5"));
        assert!(is_silent(&sound(), Rule::Drown) && is_silent(&undetermined(), Rule::Drown));
    }
}
