//! `x509.name.cn_not_in_san`: the common name is none of the subject alternative names (Baseline Requirements 7.1.4.3; a
//! copy to the letter since version 1.8.0). Clients ignore it, people and old software do not. Without any subject
//! alternative name that is the finding.

use super::{Applies, Breach, Case, Lint};
use crate::assess::words;
use crate::model::{Rule, Severity};
use crate::time::UnixTime;

/// Version 1.8.0 of the Baseline Requirements.
const TO_THE_LETTER: UnixTime = UnixTime(1_629_849_600); // 2021-08-25

pub(super) const LINT: Lint = Lint {
    rule: Rule::CommonNameNotInSan,
    severity: Severity::Medium,
    title: "Common name is not among the certificate's names",
    remedy: "Have the certificate issued without a common name, or with one that is in its subjectAltName too.",
    applies: Applies::PublicEndEntity,
    since: Some(super::BASELINE),
    references: &[
        "CA/Browser Forum TLS Baseline Requirements section 7.1.4.3",
        "zlint e_subject_common_name_not_from_san",
        "zlint e_subject_common_name_not_exactly_from_san",
    ],
    judge,
};

fn judge(case: &Case<'_>) -> Option<Breach> {
    let certificate = case.certificate;
    let san = certificate.san.as_ref().filter(|san| !san.truncated)?;
    if !certificate.is_read("subjectAltName") || !certificate.is_read("subject") {
        return None;
    }
    let to_the_letter = case.is_issued_since(TO_THE_LETTER);
    let is_in_san = |name: &str| {
        let dns = |known: &str| {
            if to_the_letter { known == name } else { known.eq_ignore_ascii_case(name) }
        };
        san.dns.iter().any(|known| dns(known.raw())) || name.parse().is_ok_and(|ip| san.ip.contains(&ip))
    };
    let mut names = certificate.subject.attributes.iter().filter(|attribute| attribute.name == "CN");
    let name = words::quoted(&names.find(|name| !is_in_san(name.value.raw()))?.value);
    let breach =
        case.breach(format_args!("has the common name {name}, which is not in its subjectAltName"))?;
    Some(breach.fact("common_name", name))
}

#[cfg(test)]
mod tests {
    use crate::assess::tests::leaf::*;
    use crate::model::Rule;

    fn with(name: &str) -> Leaf {
        Leaf::sound().subject(&[(COMMON_NAME, name)])
    }

    #[test]
    fn a_common_name_is_a_copy_of_a_subject_alternative_name() {
        assert_eq!(with("www.example.com").public(), [Rule::CommonNamePresent]);
        assert_eq!(with("www.example.org").public(), [Rule::CommonNameNotInSan]);
        assert_eq!(with("").public(), [Rule::CommonNameNotInSan]);
        assert_eq!(with("www.example.org").private(), []);
        let two = Leaf::sound().subject(&[(COMMON_NAME, "www.example.com"), (COMMON_NAME, "x")]);
        assert_eq!(two.public(), [Rule::CommonNameNotInSan]);
    }

    #[test]
    fn case_counts_since_version_1_8() {
        let leaf = with("WWW.example.com");
        assert_eq!(leaf.public(), [Rule::CommonNameNotInSan]);
        assert_eq!(leaf.issued("2021-08-24").public(), []);
    }

    #[test]
    fn an_address_may_be_the_common_name() {
        let leaf = with("192.88.98.1").with(SAN, true, general_names(&[(IP, &[192, 88, 98, 1])]));
        assert_eq!(leaf.public(), [Rule::CommonNamePresent]);
    }
}
