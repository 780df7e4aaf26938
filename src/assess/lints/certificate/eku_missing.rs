//! `x509.eku.missing`: a certificate of a public authority without extKeyUsage (Baseline Requirements 7.1.2.7.10): it is
//! for every purpose, and some clients refuse it.

use super::{Applies, Breach, Case, Lint};
use crate::model::{Rule, Severity};
use crate::x509::ExtensionKind;

pub(super) const LINT: Lint = Lint {
    rule: Rule::EkuMissing,
    severity: Severity::High,
    title: "Certificate does not say what it is for",
    remedy: "Have the certificate issued anew with serverAuth in its extKeyUsage.",
    applies: Applies::PublicEndEntity,
    since: Some(super::BASELINE),
    references: &[
        "CA/Browser Forum TLS Baseline Requirements section 7.1.2.7.10",
        "zlint e_sub_cert_eku_missing",
    ],
    judge,
};

fn judge(case: &Case<'_>) -> Option<Breach> {
    if !case.encoding.extensions.lacks(ExtensionKind::ExtendedKeyUsage) {
        return None;
    }
    case.breach("has no extKeyUsage")
}

#[cfg(test)]
mod tests {
    use crate::assess::tests::leaf::*;
    use crate::model::Rule;

    #[test]
    fn public_authorities_name_the_purpose() {
        assert_eq!(Leaf::sound().without(EKU).public(), [Rule::EkuMissing]);
        assert_eq!(Leaf::sound().without(EKU).private(), []);
    }
}
