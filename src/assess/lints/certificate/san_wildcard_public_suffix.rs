//! `x509.san.wildcard_public_suffix`: a wildcard for everything under a suffix at which a registry sells names, like
//! `*.co.uk` (Baseline Requirements 3.2.2.6): one holder would speak for all.

use super::{Applies, Breach, Case, Lint, suffixes};
use crate::model::{Rule, Severity};

pub(super) const LINT: Lint = Lint {
    rule: Rule::WildcardPublicSuffix,
    severity: Severity::Medium,
    title: "A wildcard covers a whole registry",
    remedy: "Have the certificate issued anew for the names that are yours.",
    applies: Applies::PublicEndEntity,
    since: Some(super::BASELINE),
    references: &[
        "CA/Browser Forum TLS Baseline Requirements section 3.2.2.6",
        "zlint n_dnsname_wildcard_left_of_public_suffix",
    ],
    judge,
};

fn judge(case: &Case<'_>) -> Option<Breach> {
    case.bad_names("a wildcard for everything that a registry sells", |name| {
        name.strip_prefix("*.").is_some_and(suffixes::is_registry)
    })
}

#[cfg(test)]
mod tests {
    use crate::assess::tests::leaf::*;
    use crate::model::Rule;

    #[test]
    fn a_wildcard_right_under_a_registry_is_found() {
        for name in ["*.com", "*.co.uk", "*.COM.AU"] {
            assert_eq!(Leaf::sound().dns(&[name]).public(), [Rule::WildcardPublicSuffix], "{name}");
            assert_eq!(Leaf::sound().dns(&[name]).private(), [], "{name}");
        }
        assert_eq!(Leaf::sound().dns(&["*.example.com", "*.example.co.uk", "*.github.io"]).public(), []);
    }
}
