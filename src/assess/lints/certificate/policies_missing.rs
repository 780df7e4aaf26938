//! `x509.policies.missing`: a certificate of a public authority without certificatePolicies (Baseline Requirements
//! 7.1.2.7.9): it does not say how its subject was validated.

use super::{Applies, Breach, Case, Lint};
use crate::model::{Rule, Severity};
use crate::x509::ExtensionKind;

pub(super) const LINT: Lint = Lint {
    rule: Rule::PoliciesMissing,
    severity: Severity::Low,
    title: "Certificate names no policy",
    remedy: "Have the certificate issued anew: its issuer has to revoke this one.",
    applies: Applies::PublicEndEntity,
    since: Some(super::BASELINE),
    references: &[
        "CA/Browser Forum TLS Baseline Requirements section 7.1.2.7.9",
        "zlint e_sub_cert_certificate_policies_missing",
    ],
    judge,
};

fn judge(case: &Case<'_>) -> Option<Breach> {
    if !case.encoding.extensions.lacks(ExtensionKind::CertificatePolicies) {
        return None;
    }
    case.breach("has no certificatePolicies")
}

#[cfg(test)]
mod tests {
    use crate::assess::tests::leaf::*;
    use crate::model::Rule;

    #[test]
    fn public_authorities_name_their_policy() {
        assert_eq!(Leaf::sound().without(POLICIES).public(), [Rule::PoliciesMissing]);
        assert_eq!(Leaf::sound().without(POLICIES).private(), []);
    }
}
