//! `x509.san.bad_dns_name`: a DNS name that no host can have: characters other than letters, digits and hyphens, an empty
//! label, a hyphen at an edge, a label over 63 or a name over 253 characters (RFC 5280 section 4.2.1.6: the preferred
//! name syntax of RFC 1034, and A-labels for other scripts). Wildcards and underscores have rules of their own.

use super::{Applies, Breach, Case, Lint, names};
use crate::model::{Rule, Severity};

const LONGEST_NAME: usize = 253;
const LONGEST_LABEL: usize = 63;

pub(super) const LINT: Lint = Lint {
    rule: Rule::BadDnsName,
    severity: Severity::Medium,
    title: "A name in the certificate is no host name",
    remedy: "Have the certificate issued anew with host names as DNS knows them (other scripts as xn-- labels).",
    applies: Applies::EndEntity,
    since: None,
    references: &[
        "RFC 5280 section 4.2.1.6",
        "RFC 1034 section 3.5",
        "zlint e_dnsname_bad_character_in_label",
        "zlint e_dnsname_empty_label",
        "zlint e_dnsname_label_too_long",
        "zlint e_dnsname_hyphen_in_sld",
    ],
    judge,
};

fn judge(case: &Case<'_>) -> Option<Breach> {
    case.bad_names("which no host can have", |name| !is_host_name(names::base(name)))
}

fn is_host_name(name: &str) -> bool {
    name.len() <= LONGEST_NAME && name.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    let is_allowed = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'*');
    !label.is_empty()
        && label.len() <= LONGEST_LABEL
        && label.bytes().all(is_allowed)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use crate::assess::tests::leaf::*;
    use crate::model::Rule;

    #[test]
    fn names_that_no_host_has_are_found() {
        let long = "x".repeat(64) + ".com";
        for name in [
            "a b.com",
            "a..com",
            "www.example.com.",
            "bücher.com",
            "-a.com",
            "a-.com",
            "*.",
            "a/b.com",
            &long,
        ] {
            assert_eq!(Leaf::sound().dns(&[name]).private(), [Rule::BadDnsName], "{name}");
        }
    }

    #[test]
    fn host_names_wildcards_and_underscores_are_none_of_it() {
        let long = "x".repeat(63) + ".com";
        let leaf = Leaf::sound().dns(&[
            "xn--bcher-kva.com",
            "*.example.com",
            "_x.example.com",
            "HOST",
            "1.2.com",
            &long,
        ]);
        assert_eq!(leaf.private(), []);
    }
}
