//! `x509.key_usage.cert_sign`: an end-entity certificate whose key may sign certificates, while it is no CA (RFC 5280
//! section 4.2.1.9: keyCertSign only with cA). A client that looks at one of the two only takes it for an authority.

use super::{Applies, Breach, Case, Lint};
use crate::model::{Rule, Severity};
use crate::x509::certificate::KeyUsage;

pub(super) const LINT: Lint = Lint {
    rule: Rule::CertSign,
    severity: Severity::Critical,
    title: "A server's key may sign certificates",
    remedy: "Have the certificate issued anew without keyCertSign, and revoke this one.",
    applies: Applies::EndEntity,
    since: None,
    references: &[
        "RFC 5280 section 4.2.1.9",
        "CA/Browser Forum TLS Baseline Requirements section 7.1.2.7.11",
        "zlint e_sub_cert_key_usage_cert_sign_bit_set",
    ],
    judge,
};

fn judge(case: &Case<'_>) -> Option<Breach> {
    let certificate = case.certificate;
    if certificate.is_ca()
        || !certificate.is_read("basicConstraints")
        || !case.key_usage()?.has_any(KeyUsage::KEY_CERT_SIGN)
    {
        return None;
    }
    let breach = case.breach("has keyCertSign in its keyUsage, and is no CA")?;
    Some(if case.is_public { breach } else { breach.severity(Severity::Medium) })
}

#[cfg(test)]
mod tests {
    use crate::assess::tests::leaf::*;
    use crate::model::{Rule, Severity};
    use crate::x509::testing::element;

    #[test]
    fn a_server_signs_no_certificates() {
        let leaf = Leaf::sound().with(KEY_USAGE, true, element(BITS, [2, 0x84]));
        assert!(leaf.public().contains(&Rule::CertSign));
        assert_eq!(leaf.verdict(Rule::CertSign).severity, Severity::Critical);
        assert_eq!(leaf.private(), [Rule::CertSign]);
        assert_eq!(leaf.judged(false).verdicts[0].severity, Severity::Medium);
    }

    #[test]
    fn a_ca_may() {
        let ca = element(SEQUENCE, [1, 1, 0xff]);
        let leaf = Leaf::sound().with(KEY_USAGE, true, element(BITS, [2, 0x84])).with(CONSTRAINTS, true, ca);
        assert!(!leaf.private().contains(&Rule::CertSign));
    }
}
