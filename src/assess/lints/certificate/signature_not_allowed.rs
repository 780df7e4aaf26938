//! `sig.algorithm_not_allowed`: a certificate of a public chain is signed with something else than RSA (PKCS #1 v1.5 or
//! PSS) or ECDSA over SHA-256, SHA-384 or SHA-512 (Baseline Requirements 7.1.3.2). MD5 and SHA-1 have rules of their own.

use super::{Applies, Breach, Case, Lint};
use crate::model::{Rule, Severity};
use crate::x509::certificate::SignatureHash;

pub(super) const LINT: Lint = Lint {
    rule: Rule::SignatureNotAllowed,
    severity: Severity::High,
    title: "Signature algorithm is not for public authorities",
    remedy: "Have the certificate issued anew with RSA or ECDSA over SHA-256, SHA-384 or SHA-512.",
    applies: Applies::PublicPath,
    since: Some(super::BASELINE),
    references: &[
        "CA/Browser Forum TLS Baseline Requirements section 7.1.3.2",
        "zlint e_signature_algorithm_not_supported",
    ],
    judge,
};

fn judge(case: &Case<'_>) -> Option<Breach> {
    let signature = case.certificate.signature.as_ref().filter(|_| !case.is_self_signed)?;
    let is_allowed = match signature.name.as_str() {
        // Without a hash that could be read, it is not known which.
        "RSASSA-PSS" => !matches!(signature.hash, Some(SignatureHash::Sha224)),
        name => {
            (name.starts_with("ecdsa-with-") || name.ends_with("WithRSAEncryption"))
                && matches!(
                    signature.hash,
                    Some(SignatureHash::Sha256 | SignatureHash::Sha384 | SignatureHash::Sha512)
                )
        }
    };
    let has_rule_of_its_own =
        matches!(signature.hash, Some(SignatureHash::Md2 | SignatureHash::Md5 | SignatureHash::Sha1));
    if is_allowed || has_rule_of_its_own {
        return None;
    }
    let breach = case.breach(format_args!(
        "is signed with {}; public authorities sign with RSA or ECDSA over SHA-256, SHA-384 or SHA-512",
        signature.name
    ))?;
    Some(breach.fact("signature_algorithm", signature.name.as_str()))
}

#[cfg(test)]
mod tests {
    use crate::assess::tests::pki::{Judge, Recipe, rules, store};
    use crate::model::Rule;

    fn signed_with(algorithm: &'static rcgen::SignatureAlgorithm, is_public: bool) -> Vec<Rule> {
        let root = Recipe { algorithm, ..Recipe::ca("Root") }.self_signed();
        let leaf = Recipe::end_entity("a.example").signed_by(&root);
        rules(&Judge::with(vec![store("test", &[&root], is_public)]).judge(&[&leaf.der]))
    }

    #[test]
    fn public_authorities_do_not_sign_with_ed25519() {
        assert!(signed_with(&rcgen::PKCS_ED25519, true).contains(&Rule::SignatureNotAllowed));
        assert!(!signed_with(&rcgen::PKCS_ECDSA_P384_SHA384, true).contains(&Rule::SignatureNotAllowed));
        assert!(!signed_with(&rcgen::PKCS_ED25519, false).contains(&Rule::SignatureNotAllowed));
    }
}
