//! `key.type_not_allowed`: a certificate of a public chain has a key that is neither RSA nor EC (Baseline Requirements
//! 6.1.5): DSA, EdDSA, ML-DSA.

use super::{Applies, Breach, Case, Lint};
use crate::model::{Rule, Severity};

pub(super) const LINT: Lint = Lint {
    rule: Rule::KeyTypeNotAllowed,
    severity: Severity::High,
    title: "Key type is not for public authorities",
    remedy: "Make a new key (EC P-256, or RSA of 2048 bits or more) and have the certificate issued for it.",
    applies: Applies::PublicPath,
    since: Some(super::BASELINE),
    references: &[
        "CA/Browser Forum TLS Baseline Requirements section 6.1.5",
        "zlint e_public_key_type_not_allowed",
        "zlint e_br_prohibit_dsa_usage",
    ],
    judge,
};

fn judge(case: &Case<'_>) -> Option<Breach> {
    let key = case.certificate.key.as_ref()?;
    if matches!(key.algorithm.as_str(), "RSA" | "EC") {
        return None;
    }
    let breach = case.breach(format_args!("has a key of type {}; RSA and EC are allowed", key.algorithm))?;
    Some(breach.fact("algorithm", key.algorithm.as_str()))
}

#[cfg(test)]
mod tests {
    use crate::assess::tests::leaf::*;
    use crate::model::Rule;
    use crate::x509::testing::{ED25519, key_info};

    #[test]
    fn an_ed25519_key_is_not_for_public_authorities() {
        let leaf = Leaf::sound().key(key_info(ED25519, &[7; 32]));
        assert_eq!(leaf.public(), [Rule::KeyTypeNotAllowed]);
        assert_eq!(leaf.private(), []);
    }
}
