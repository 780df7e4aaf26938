//! `x509.san.internal_name`: a name that no registry can have given to anybody: a single label, or one under a top-level
//! domain that does not exist (Baseline Requirements 4.2.2). Two networks may use it, each for a host of its own.
//!
//! A certificate that is younger than our list of top-level domains is judged only by those that never will exist.

use super::{Applies, Breach, Case, Lint, names, suffixes};
use crate::model::{Rule, Severity};

pub(super) const LINT: Lint = Lint {
    rule: Rule::InternalName,
    severity: Severity::Medium,
    title: "A public certificate names an internal host",
    remedy: "Have internal names issued by a private authority, or give the host a name under a domain that is yours.",
    applies: Applies::PublicEndEntity,
    since: Some(super::BASELINE),
    references: &[
        "CA/Browser Forum TLS Baseline Requirements section 4.2.2",
        "zlint e_dnsname_not_valid_tld",
        "pkilint cabf.internal_domain_name",
    ],
    judge,
};

fn judge(case: &Case<'_>) -> Option<Breach> {
    let is_in_list_time = !case.is_issued_since(suffixes::LISTED_AT);
    case.bad_names("which nobody can own", |name| {
        let base = names::base(name);
        let top = names::top(base);
        // What is no name at all has a rule of its own.
        let is_name = !top.is_empty() && !top.contains('*');
        let is_single = is_name && !name.contains('.');
        is_single || is_name && (suffixes::never_exists(top) || is_in_list_time && !suffixes::exists(top))
    })
}

#[cfg(test)]
mod tests {
    use crate::assess::tests::leaf::*;
    use crate::model::Rule;

    #[test]
    fn names_of_nobody_are_found() {
        for name in ["mail", "printer.local", "*.corp", "db.internal", "a.TEST"] {
            assert_eq!(Leaf::sound().dns(&[name]).public(), [Rule::InternalName], "{name}");
            assert_eq!(Leaf::sound().dns(&[name]).private(), [], "{name}");
        }
    }

    #[test]
    fn a_new_top_level_domain_may_be_younger_than_our_list() {
        let leaf = Leaf::sound().dns(&["www.brandnewtld"]);
        assert_eq!(leaf.public(), []);
        assert_eq!(leaf.issued("2025-10-01").public(), [Rule::InternalName]);
        let known = Leaf::sound().dns(&["a.museum", "a.xn--p1ai", "A.DE", "abc.onion"]);
        assert_eq!(known.issued("2025-10-01").public(), []);
    }
}
