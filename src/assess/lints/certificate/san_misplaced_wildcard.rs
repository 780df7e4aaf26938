//! `x509.san.misplaced_wildcard`: an asterisk elsewhere than as the whole first label. No client matches it with anything
//! (RFC 9525 section 6.3; Baseline Requirements 1.6.1, wildcard domain name).

use super::{Applies, Breach, Case, Lint};
use crate::model::{Rule, Severity};

pub(super) const LINT: Lint = Lint {
    rule: Rule::MisplacedWildcard,
    severity: Severity::High,
    title: "A wildcard stands where none may",
    remedy: "Have the certificate issued anew with the wildcard as the whole first label (*.example.com), or with the names themselves.",
    applies: Applies::EndEntity,
    since: None,
    references: &[
        "RFC 9525 section 6.3",
        "CA/Browser Forum TLS Baseline Requirements section 1.6.1",
        "zlint e_dnsname_wildcard_only_in_left_label",
        "zlint e_dnsname_left_label_wildcard_correct",
    ],
    judge,
};

fn judge(case: &Case<'_>) -> Option<Breach> {
    case.bad_names("a wildcard that matches nothing", |name| {
        name.strip_prefix("*.").unwrap_or(name).contains('*')
    })
}

#[cfg(test)]
mod tests {
    use crate::assess::tests::leaf::*;
    use crate::model::Rule;

    #[test]
    fn a_wildcard_is_the_whole_first_label_or_wrong() {
        for name in ["*", "w*.example.com", "www.*.com", "*.*.example.com", "*w.example.com"] {
            assert_eq!(
                Leaf::sound().dns(&["www.example.com", name]).private(),
                [Rule::MisplacedWildcard],
                "{name}"
            );
        }
        assert_eq!(Leaf::sound().dns(&["*.example.com"]).private(), []);
    }
}
