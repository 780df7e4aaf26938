//! `x509.sct.empty_list`: a list of certificate timestamps without any (RFC 6962 section 3.3). What looks logged is not;
//! browsers refuse it from public authorities.

use super::{Applies, Breach, Case, Lint};
use crate::model::{Rule, Severity};
use crate::x509::ExtensionKind;

pub(super) const LINT: Lint = Lint {
    rule: Rule::SctListEmpty,
    severity: Severity::Medium,
    title: "List of certificate timestamps is empty",
    remedy: "Have the certificate issued anew by an authority that logs it.",
    applies: Applies::EndEntity,
    since: None,
    references: &["RFC 6962 section 3.3", "zlint e_empty_sct_list", "pkilint pkix.sct_list_empty"],
    judge,
};

fn judge(case: &Case<'_>) -> Option<Breach> {
    if !case.encoding.extensions.has(ExtensionKind::SctList)
        || !case.certificate.scts.is_empty()
        || !case.certificate.is_read("signedCertificateTimestampList")
    {
        return None;
    }
    case.breach("has a list of certificate timestamps with none in it")
}

#[cfg(test)]
mod tests {
    use crate::assess::tests::leaf::*;
    use crate::model::Rule;

    #[test]
    fn a_list_has_members() {
        assert_eq!(Leaf::sound().with(SCTS, false, sct_list(0)).private(), [Rule::SctListEmpty]);
        assert_eq!(Leaf::sound().with(SCTS, false, sct_list(1)).private(), []);
        assert_eq!(Leaf::sound().without(SCTS).private(), []);
        assert_eq!(Leaf::sound().with(SCTS, false, vec![4, 1, 0]).private(), [Rule::Unreadable]);
    }
}
