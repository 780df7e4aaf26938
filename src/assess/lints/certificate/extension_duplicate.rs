//! `x509.extension.duplicate`: an extension stands in the certificate twice (RFC 5280 section 4.2). Readers disagree about
//! which of the two counts.

use super::{Applies, Breach, Case, Lint};
use crate::model::{Rule, Severity};

pub(super) const LINT: Lint = Lint {
    rule: Rule::ExtensionDuplicate,
    severity: Severity::High,
    title: "An extension stands in the certificate twice",
    remedy: "Have the certificate issued anew by current software: clients refuse it.",
    applies: Applies::Path,
    since: None,
    references: &["RFC 5280 section 4.2", "zlint e_ext_duplicate_extension"],
    judge,
};

fn judge(case: &Case<'_>) -> Option<Breach> {
    let oid = case.encoding.extensions.duplicate.as_deref()?;
    Some(case.breach(format_args!("has the extension {oid} twice"))?.fact("extension", oid))
}

#[cfg(test)]
mod tests {
    use crate::assess::tests::leaf::*;
    use crate::model::Rule;

    #[test]
    fn a_repeated_extension_is_one_finding() {
        assert_eq!(Leaf::sound().twice(EKU).private(), [Rule::InvalidPath, Rule::ExtensionDuplicate]);
        assert_eq!(Leaf::sound().twice(POLICIES).private().last(), Some(&Rule::ExtensionDuplicate));
    }
}
