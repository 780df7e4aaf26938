//! `x509.san.underscore`: an underscore in a DNS name, which public authorities may not certify since 2019-04-01 (Baseline
//! Requirements 7.1.2.7.12, ballot SC-012). Private networks have such hosts, and clients accept them.

use super::{Applies, Breach, Case, Lint};
use crate::model::{Rule, Severity};
use crate::time::UnixTime;

pub(super) const LINT: Lint = Lint {
    rule: Rule::Underscore,
    severity: Severity::Low,
    title: "A public certificate names a host with an underscore",
    remedy: "Give the host a name without underscore and have the certificate issued for it.",
    applies: Applies::PublicEndEntity,
    since: Some(UnixTime(1_554_076_800)), // 2019-04-01
    references: &[
        "CA/Browser Forum TLS Baseline Requirements section 7.1.2.7.12",
        "zlint e_underscore_not_permissible_in_dnsname",
    ],
    judge,
};

fn judge(case: &Case<'_>) -> Option<Breach> {
    case.bad_names("with an underscore", |name| name.contains('_'))
}

#[cfg(test)]
mod tests {
    use crate::assess::tests::leaf::*;
    use crate::model::Rule;

    #[test]
    fn no_underscore_since_april_2019() {
        let leaf = Leaf::sound().dns(&["a_b.example.com", "www.example.com"]);
        assert_eq!(leaf.public(), [Rule::Underscore]);
        assert_eq!(leaf.private(), []);
        assert_eq!(leaf.issued("2019-03-31").public(), []);
    }
}
