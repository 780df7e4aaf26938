//! `x509.eku.client_auth_ending`: a public certificate that is for clients too, issued while that is allowed: its successors
//! from 2027-03-15 on will not be (Chrome Root Program Policy 1.8, section 1.3.2). Whoever shows it as a client needs
//! another by then.

use super::eku_client_auth::{SERVERS_ONLY, is_for_clients};
use super::{Applies, Breach, Case, Lint};
use crate::model::{Rule, Severity};

pub(super) const LINT: Lint = Lint {
    rule: Rule::ClientAuthEnding,
    severity: Severity::Info,
    title: "Public certificate is for clients too, and its successor will not be",
    remedy: "Find out whether anything shows it as a client; give that a certificate of a private authority.",
    applies: Applies::PublicEndEntity,
    since: Some(super::BASELINE),
    references: &["Chrome Root Program Policy 1.8 section 1.3.2", "zlint e_client_auth_not_allowed"],
    judge,
};

fn judge(case: &Case<'_>) -> Option<Breach> {
    if case.is_issued_since(SERVERS_ONLY) || !is_for_clients(case) {
        return None;
    }
    case.breach("is for clients (clientAuth) too; public authorities end that by 2027-03-15")
}

#[cfg(test)]
mod tests {
    use crate::assess::tests::leaf::*;
    use crate::model::Rule;

    #[test]
    fn the_end_of_client_certificates_is_announced() {
        let leaf = Leaf::sound().with(EKU, false, purposes(&[SERVER_AUTH, CLIENT_AUTH]));
        assert_eq!(leaf.public(), [Rule::ClientAuthEnding]);
        assert_eq!(leaf.private(), []);
    }
}
