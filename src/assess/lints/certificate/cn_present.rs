//! `x509.name.cn_present`: a common name, which the Baseline Requirements advise against (section 7.1.4.3): clients look
//! at the subject alternative names only. One that is not among them breaks `x509.name.cn_not_in_san`.

use super::{Applies, Breach, Case, Lint, cn_not_in_san};
use crate::model::{Rule, Severity};

pub(super) const LINT: Lint = Lint {
    rule: Rule::CommonNamePresent,
    severity: Severity::Info,
    title: "Certificate has a common name",
    remedy: "Nothing now; ask the issuer for a certificate without one when nothing reads it any more.",
    applies: Applies::PublicEndEntity,
    since: Some(super::PROFILES),
    references: &[
        "CA/Browser Forum TLS Baseline Requirements section 7.1.4.3",
        "zlint n_subject_common_name_included",
    ],
    judge,
};

fn judge(case: &Case<'_>) -> Option<Breach> {
    case.certificate.subject.attribute("CN")?;
    if (cn_not_in_san::LINT.judge)(case).is_some() {
        return None;
    }
    case.breach("has a common name, which no current client reads")
}

#[cfg(test)]
mod tests {
    use crate::assess::tests::leaf::*;
    use crate::model::Rule;

    #[test]
    fn certificates_of_one_issuer_are_one_line() {
        let verdict =
            Leaf::sound().subject(&[(COMMON_NAME, "www.example.com")]).verdict(Rule::CommonNamePresent);
        assert!(verdict.group.starts_with("issuer:"), "{}", verdict.group);
    }

    #[test]
    fn a_common_name_is_advised_against_since_the_profiles() {
        let leaf = Leaf::sound().subject(&[(COMMON_NAME, "www.example.com")]);
        assert_eq!(leaf.public(), [Rule::CommonNamePresent]);
        assert_eq!(leaf.private(), []);
        assert_eq!(leaf.issued("2023-09-14").public(), []);
    }
}
