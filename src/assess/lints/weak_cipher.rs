//! `tls.cipher.weak`: a suite without encryption, without authentication, of export strength, or with RC2, RC4, DES,
//! 3DES or IDEA (RFC 9325 section 4.1, RFC 7465, RFC 8429, RFC 5469).
//!
//! Without deep inspection this is the one rule for the suite that was negotiated. With it, each accepted suite has one
//! rule, by the worst that there is about it: `tls.vuln.null_encryption`, `anonymous`, `freak` and `logjam` and `export`,
//! `rc4`, `sweet32`. What has no rule of its own stays here: keys of 56 bits or less (DES, RC2).

use super::Draft;
use crate::assess::view::EndpointView;
use crate::model::{Rule, Severity, Verdict};
use crate::tls::registry::SuiteWeakness;

pub(super) fn judge(view: &EndpointView<'_>) -> Option<Verdict> {
    match view.inspection() {
        Some(_) => accepted(view),
        None => negotiated(view),
    }
}

fn negotiated(view: &EndpointView<'_>) -> Option<Verdict> {
    let suite = view.tls()?.cipher_suite?;
    let weakness = suite.weakness()?.reason();
    draft("A weak cipher suite was negotiated")
        .detail(format!("The server chose {suite}: {weakness}."))
        .group(format!("suite:{suite}"))
        .fact("cipher_suite", suite.to_string())
        .on_endpoint(view)
}

fn accepted(view: &EndpointView<'_>) -> Option<Verdict> {
    let weak = view.suites(|_, suite| suite.weakness() == Some(SuiteWeakness::ShortKey));
    let worst = weak.iter().min_by_key(|suite| suite.key_bits())?;
    draft("Weak cipher suites are accepted")
        .detail(format!("The server accepts {}: {}.", weak.sentence(), SuiteWeakness::ShortKey.reason()))
        .group(format!("suite:{worst}"))
        .fact("cipher_suite", worst.to_string())
        .facts("cipher_suites", weak.facts())
        .on_endpoint(view)
}

fn draft(title: &'static str) -> Draft {
    Draft::new(Rule::WeakCipher, Severity::Medium, title)
        .remedy("Allow AEAD suites with ephemeral keys only (ECDHE with AES-GCM or ChaCha20-Poly1305).")
        .sources(&["RFC 9325 section 4.1"])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::tests::inspected::{accepting, finding, found, is_silent, sound};
    use crate::tls::{CipherSuite, ProtocolVersion};

    #[test]
    fn short_keys_are_judged_here_once_for_all_versions() {
        let suite = CipherSuite::TLS_RSA_WITH_DES_CBC_SHA;
        let mut inspection = accepting(ProtocolVersion::TLSv1_2, &[suite]);
        inspection.versions[3] = accepting(ProtocolVersion::TLSv1_1, &[suite]).versions.swap_remove(3);
        let verdict = finding(&inspection, Rule::WeakCipher);
        assert_eq!(verdict.severity, Severity::Medium);
        let facts = format!("{:?}", verdict.evidence);
        assert!(facts.contains("TLS_RSA_WITH_DES_CBC_SHA (TLSv1.2, TLSv1.1)"), "{facts}");
    }

    #[test]
    fn every_weak_suite_has_exactly_one_rule_of_medium_or_worse() {
        for suite in (0..=u16::MAX).map(CipherSuite).filter(|suite| suite.weakness().is_some()) {
            let found = found(&accepting(ProtocolVersion::TLSv1_2, &[suite]));
            let graver = found.iter().filter(|(_, severity)| *severity >= Severity::Medium).count();
            assert_eq!(graver, 1, "{suite}: {found:?}");
        }
        assert!(is_silent(&sound(), Rule::WeakCipher));
    }
}
