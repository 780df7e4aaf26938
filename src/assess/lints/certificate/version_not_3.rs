//! `x509.version.not_3`: a certificate with extensions says that it is older than X.509 version 3, which brought them
//! (RFC 5280 section 4.1.2.1). From a public authority every certificate is version 3 (Baseline Requirements 7.1.1).

use super::{Applies, Breach, Case, Lint};
use crate::model::{Rule, Severity};

pub(super) const LINT: Lint = Lint {
    rule: Rule::VersionNot3,
    severity: Severity::High,
    title: "Certificate is not of X.509 version 3",
    remedy: "Have the certificate issued anew by current software: clients refuse it.",
    applies: Applies::Path,
    since: None,
    references: &[
        "RFC 5280 section 4.1.2.1",
        "CA/Browser Forum TLS Baseline Requirements section 7.1.1",
        "zlint e_invalid_certificate_version",
    ],
    judge,
};

fn judge(case: &Case<'_>) -> Option<Breach> {
    let version = case.certificate.version;
    let extensions = case.encoding.extensions.count;
    if !(1..3).contains(&version) || (extensions == 0 && !case.is_public) {
        return None;
    }
    let breach = case.breach(format_args!("is of version {version} and has {extensions} extensions"))?;
    Some(breach.fact("version", i64::from(version)))
}

#[cfg(test)]
mod tests {
    use crate::assess::tests::leaf::*;
    use crate::model::Rule;

    #[test]
    fn extensions_need_version_3() {
        let mut leaf = Leaf::sound();
        leaf.draft.version = [0xa0, 3, 2, 1, 1].to_vec();
        assert_eq!(leaf.private(), [Rule::InvalidPath, Rule::VersionNot3]);
        leaf.draft.version = Vec::new();
        assert!(leaf.private().contains(&Rule::VersionNot3));
    }

    #[test]
    fn a_version_that_cannot_be_read_is_another_rule() {
        let mut leaf = Leaf::sound();
        leaf.draft.version = [0xa0, 3, 2, 1, 9].to_vec();
        assert!(!leaf.private().contains(&Rule::VersionNot3));
    }
}
