//! Export suites of the 1990s. Which attack they are open to depends on the key exchange, and so does the rule: RSA keys of
//! 512 bits `tls.vuln.freak`, ephemeral Diffie-Hellman `tls.vuln.logjam`, and all the others `tls.vuln.export` (RFC 9325
//! section 4.1). Anonymous ones are `tls.vuln.anonymous`.

use super::Draft;
use crate::assess::view::EndpointView;
use crate::model::{Rule, Severity, Verdict};
use crate::tls::CipherSuite;
use crate::tls::registry::SuiteWeakness;

/// The key exchange of an export suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExportExchange {
    /// Temporary RSA keys of 512 bits.
    Rsa,
    Dhe,
    /// RSA of 1024 bits, static Diffie-Hellman, Kerberos.
    Other,
}

impl ExportExchange {
    /// `None` for suites that are not of export strength, or anonymous.
    pub(super) fn of(suite: CipherSuite) -> Option<Self> {
        (suite.weakness()? == SuiteWeakness::Export).then_some(())?;
        let name = suite.known_name()?;
        Some(if name.starts_with("TLS_RSA_EXPORT_") {
            Self::Rsa
        } else if name.starts_with("TLS_DHE_") {
            Self::Dhe
        } else {
            Self::Other
        })
    }
}

pub(super) fn judge(view: &EndpointView<'_>) -> Option<Verdict> {
    view.inspection()?;
    let export = view.suites(|_, suite| ExportExchange::of(suite) == Some(ExportExchange::Other));
    if export.is_empty() {
        return None;
    }
    Draft::new(Rule::Export, Severity::High, "Export suites are accepted")
        .detail(format!("The server accepts {}: {}.", export.sentence(), SuiteWeakness::Export.reason()))
        .group("export")
        .facts("cipher_suites", export.facts())
        .remedy("Disable the suites with EXPORT in their name (openssl: !EXPORT).")
        .sources(&["RFC 9325 section 4.1"])
        .on_endpoint(view)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::tests::inspected::{accepting, found, sound};
    use crate::tls::ProtocolVersion;

    #[test]
    fn each_export_suite_has_the_rule_of_its_attack() {
        for (suite, rule) in [
            (CipherSuite::TLS_RSA_EXPORT_WITH_RC4_40_MD5, Rule::Freak),
            (CipherSuite::TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA, Rule::Logjam),
            (CipherSuite::TLS_RSA_EXPORT1024_WITH_RC4_56_SHA, Rule::Export),
            (CipherSuite::TLS_KRB5_EXPORT_WITH_RC4_40_SHA, Rule::Export),
            (CipherSuite::TLS_DH_anon_EXPORT_WITH_RC4_40_MD5, Rule::Anonymous),
        ] {
            let found = found(&accepting(ProtocolVersion::TLSv1_2, &[suite]));
            assert_eq!(found, [(rule, Severity::High)], "{suite}");
        }
        assert_eq!(found(&sound()), []);
    }
}
