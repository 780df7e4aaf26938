//! `x509.san.arpa`: a name of the reverse tree, which public authorities may not certify since 2026-03-15 (Baseline
//! Requirements 4.2.2, ballot SC-086).

use super::{Applies, Breach, Case, Lint, names};
use crate::model::{Rule, Severity};
use crate::time::UnixTime;

pub(super) const LINT: Lint = Lint {
    rule: Rule::Arpa,
    severity: Severity::Low,
    title: "A public certificate names the reverse tree",
    remedy: "Have the certificate issued for the host's name or its address.",
    applies: Applies::PublicEndEntity,
    since: Some(UnixTime(1_773_532_800)), // 2026-03-15
    references: &[
        "CA/Browser Forum TLS Baseline Requirements section 4.2.2",
        "zlint e_arpa_domain_not_allowed",
    ],
    judge,
};

fn judge(case: &Case<'_>) -> Option<Breach> {
    case.bad_names("a name of the reverse tree", |name| {
        names::is_under(name, "in-addr.arpa") || names::is_under(name, "ip6.arpa")
    })
}

#[cfg(test)]
mod tests {
    use crate::assess::tests::leaf::*;
    use crate::model::Rule;

    #[test]
    fn no_reverse_names_since_march_2026() {
        let leaf = Leaf::sound().dns(&["4.3.2.1.IN-ADDR.arpa"]);
        assert_eq!(leaf.public(), [Rule::Arpa]);
        assert_eq!(leaf.private(), []);
        assert_eq!(leaf.issued("2026-03-14").public(), []);
        assert_eq!(Leaf::sound().dns(&["home.arpa.example.com", "e164.arpa"]).public(), []);
    }
}
