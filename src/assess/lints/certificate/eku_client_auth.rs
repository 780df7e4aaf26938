//! `x509.eku.client_auth`: a server's certificate that is for clients too, issued on 2027-03-15 or later (Chrome Root
//! Program Policy 1.8, section 1.3.2: serverAuth only).

use super::{Applies, Breach, Case, Lint};
use crate::model::{Rule, Severity};
use crate::time::UnixTime;

/// From here on.
pub(super) const SERVERS_ONLY: UnixTime = UnixTime(1_805_068_800); // 2027-03-15

pub(super) const LINT: Lint = Lint {
    rule: Rule::ClientAuth,
    severity: Severity::Medium,
    title: "Public certificate is for clients too",
    remedy: "Have the certificate issued anew for servers only; give clients certificates of a private authority.",
    applies: Applies::PublicEndEntity,
    since: Some(SERVERS_ONLY),
    references: &["Chrome Root Program Policy 1.8 section 1.3.2", "zlint e_client_auth_not_allowed"],
    judge,
};

fn judge(case: &Case<'_>) -> Option<Breach> {
    if !is_for_clients(case) {
        return None;
    }
    case.breach("is for clients (clientAuth) too, which browsers' authorities do not issue since 2027-03-15")
}

pub(super) fn is_for_clients(case: &Case<'_>) -> bool {
    case.purposes().is_some_and(|purposes| purposes.iter().any(|purpose| purpose == "clientAuth"))
}

#[cfg(test)]
mod tests {
    use crate::assess::tests::leaf::*;
    use crate::model::Rule;

    #[test]
    fn certificates_of_public_authorities_are_for_servers_only_from_march_2027_on() {
        let leaf = || Leaf::sound().with(EKU, false, purposes(&[SERVER_AUTH, CLIENT_AUTH]));
        assert_eq!(leaf().issued("2027-03-15").public(), [Rule::ClientAuth]);
        assert_eq!(leaf().issued("2027-03-14").public(), [Rule::ClientAuthEnding]);
        assert_eq!(leaf().issued("2027-03-15").private(), []);
        assert_eq!(Leaf::sound().issued("2027-03-15").public(), []);
    }
}
