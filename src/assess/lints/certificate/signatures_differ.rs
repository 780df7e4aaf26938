//! `sig.algorithm_mismatch`: the signature algorithm inside the signed part is not the one outside (RFC 5280 section
//! 4.1.1.2): whoever reads the one and verifies by the other can be misled.

use super::{Applies, Breach, Case, Lint};
use crate::model::{Rule, Severity};

pub(super) const LINT: Lint = Lint {
    rule: Rule::AlgorithmMismatch,
    severity: Severity::High,
    title: "Certificate names two signature algorithms",
    remedy: "Have the certificate issued anew by current software: clients refuse it.",
    applies: Applies::Path,
    since: None,
    references: &["RFC 5280 section 4.1.1.2", "zlint e_cert_sig_alg_not_match_tbs_sig_alg"],
    judge,
};

fn judge(case: &Case<'_>) -> Option<Breach> {
    if case.encoding.algorithms_differ != Some(true) {
        return None;
    }
    let outer = case.certificate.signature.as_ref().map_or("an unreadable one", |signature| &signature.name);
    let breach =
        case.breach(format_args!("is signed with {outer}, and says inside that it is with another"))?;
    Some(breach.fact("signature_algorithm", outer))
}

#[cfg(test)]
mod tests {
    use crate::assess::tests::leaf::*;
    use crate::model::Rule;
    use crate::x509::testing::{element, sequence};

    #[test]
    fn two_algorithms_are_one_finding() {
        let mut leaf = Leaf::sound();
        leaf.outer_algorithm = Some(sequence([element(OID, [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3])]));
        assert_eq!(leaf.private(), [Rule::InvalidPath, Rule::AlgorithmMismatch]);
    }

    #[test]
    fn other_parameters_are_another_algorithm() {
        let mut leaf = Leaf::sound();
        leaf.outer_algorithm = Some(sequence([element(OID, ECDSA_WITH_SHA256), vec![5, 0]]));
        assert!(leaf.private().contains(&Rule::AlgorithmMismatch));
    }
}
