//! `x509.ca.served`: the end-entity certificate is a CA certificate of another authority (Baseline Requirements
//! 7.1.2.7.8): whoever gets at the server's key can issue for everybody who trusts that authority.
//!
//! One in a file is where it belongs. A self-signed one is trusted by those only who were told to; `openssl req -x509` makes it so by default.

use super::{Applies, Breach, Case, Lint};
use crate::model::{Rule, Severity};

pub(super) const LINT: Lint = Lint {
    rule: Rule::CaServed,
    severity: Severity::Critical,
    title: "A server holds the key of an authority",
    remedy: "Have an end-entity certificate (CA:FALSE) issued for a new key, and revoke this one.",
    applies: Applies::EndEntity,
    since: None,
    references: &[
        "CA/Browser Forum TLS Baseline Requirements section 7.1.2.7.8",
        "RFC 5280 section 4.2.1.9",
        "zlint e_sub_cert_not_is_ca",
    ],
    judge,
};

fn judge(case: &Case<'_>) -> Option<Breach> {
    if !case.certificate.is_ca() || case.is_self_signed {
        return None;
    }
    case.breach("is the certificate of an authority (CA:TRUE), and was issued by another")
}

#[cfg(test)]
mod tests {
    use crate::assess::tests::leaf::*;
    use crate::assess::tests::pki::{Judge, Recipe, rules, verdict};
    use crate::model::{Rule, Severity};
    use crate::x509::testing::element;

    #[test]
    fn a_ca_certificate_at_a_server_is_critical() {
        let leaf = Leaf::sound().with(CONSTRAINTS, true, element(SEQUENCE, [1, 1, 0xff]));
        let served = Judge::with(Vec::new()).judge(&[&leaf.der(), leaf.root_der()]);
        assert_eq!(verdict(&served, Rule::CaServed).severity, Severity::Critical);
    }

    #[test]
    fn in_a_file_it_is_where_it_belongs() {
        let authority = Leaf::sound().with(CONSTRAINTS, true, element(SEQUENCE, [1, 1, 0xff])).without(SAN);
        assert_eq!(authority.private(), [Rule::InvalidPath]);
    }

    #[test]
    fn a_self_signed_one_is_self_signed_and_no_more() {
        let own = Recipe { names: vec!["a.example".to_owned()], ..Recipe::ca("a.example") }.self_signed();
        let found = rules(&Judge::with(Vec::new()).judge(&[&own.der]));
        assert!(!found.contains(&Rule::CaServed), "{found:?}");
    }
}
