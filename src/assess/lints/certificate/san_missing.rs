//! `x509.san.missing`: no subject alternative name extension (Baseline Requirements 7.1.2.7.12). No current client accepts
//! it for any name (RFC 9525 section 6.3 ignores the common name); so it is said of private authorities too, whose
//! devices are reached by clients of their own.

use super::{Applies, Breach, Case, Lint};
use crate::model::{Rule, Severity};
use crate::x509::ExtensionKind;

pub(super) const LINT: Lint = Lint {
    rule: Rule::SanMissing,
    severity: Severity::Critical,
    title: "Certificate has no subjectAltName",
    remedy: "Have the certificate issued anew with every name and address it is reached by in its subjectAltName.",
    applies: Applies::EndEntity,
    since: Some(super::BASELINE),
    references: &[
        "CA/Browser Forum TLS Baseline Requirements section 7.1.2.7.12",
        "RFC 9525 section 6.3",
        "zlint e_ext_san_missing",
    ],
    judge,
};

fn judge(case: &Case<'_>) -> Option<Breach> {
    if !case.encoding.extensions.lacks(ExtensionKind::SubjectAltName) {
        return None;
    }
    let breach = case.breach("has no subjectAltName, and so is for no name that a client could ask for")?;
    Some(if case.is_public { breach } else { breach.severity(Severity::Medium) })
}

#[cfg(test)]
mod tests {
    use crate::assess::tests::leaf::*;
    use crate::model::{Rule, Severity};

    #[test]
    fn a_certificate_for_no_name_is_critical_from_a_public_authority() {
        let leaf = Leaf::sound().without(SAN);
        assert_eq!(leaf.public(), [Rule::SanMissing]);
        assert_eq!(leaf.verdict(Rule::SanMissing).severity, Severity::Critical);
        let private = leaf.judged(false);
        assert_eq!((private.verdicts.len(), private.verdicts[0].severity), (1, Severity::Medium));
    }

    #[test]
    fn one_that_cannot_be_read_is_not_missing() {
        let leaf = Leaf::sound().with(SAN, true, vec![4, 1, 7]);
        assert!(!leaf.private().contains(&Rule::SanMissing));
    }
}
