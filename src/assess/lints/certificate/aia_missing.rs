//! `x509.aia.missing`: a certificate of a public authority without authorityInfoAccess (Baseline Requirements 7.1.2.7.7):
//! clients find neither its issuer's certificate nor its status.

use super::{Applies, Breach, Case, Lint};
use crate::model::{Rule, Severity};
use crate::x509::ExtensionKind;

pub(super) const LINT: Lint = Lint {
    rule: Rule::AiaMissing,
    severity: Severity::Medium,
    title: "Certificate has no authorityInfoAccess",
    remedy: "Have the certificate issued anew: its issuer has to revoke this one.",
    applies: Applies::PublicEndEntity,
    since: Some(super::BASELINE),
    references: &[
        "CA/Browser Forum TLS Baseline Requirements section 7.1.2.7.7",
        "zlint e_sub_cert_aia_missing",
    ],
    judge,
};

fn judge(case: &Case<'_>) -> Option<Breach> {
    if !case.encoding.extensions.lacks(ExtensionKind::AuthorityInfoAccess) {
        return None;
    }
    case.breach("has no authorityInfoAccess")
}

#[cfg(test)]
mod tests {
    use crate::assess::tests::leaf::*;
    use crate::model::Rule;

    #[test]
    fn public_authorities_say_where_they_are() {
        assert_eq!(Leaf::sound().without(AIA).public(), [Rule::AiaMissing]);
        assert_eq!(Leaf::sound().without(AIA).private(), []);
    }
}
