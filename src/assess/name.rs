//! Whether a certificate is for the name asked for (RFC 9525).
//!
//! Only subjectAltName counts; the common name never does. A wildcard is the whole left-most label, stands for
//! exactly one label, and needs two labels behind it (`*.com` matches nothing, as in the browsers). Names compare
//! as A-labels without regard to ASCII case; a presented name with a trailing dot, with other characters or with
//! empty labels matches nothing. An IP address matches iPAddress entries only, by value.

use std::net::IpAddr;

use rustls_pki_types::{CertificateDer, ServerName as WebPkiName};

use crate::model::ServerName;
use crate::x509::Certificate;

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameMatch {
    /// No name was asked for, or the certificate does not let itself be read that far.
    NotJudged,
    Matches,
    Mismatch(Mismatch),
}

/// Why a certificate is not for a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mismatch {
    /// The certificate has other names.
    OtherNames,
    /// There is no subjectAltName; the common name is the name asked for, and does not count.
    CommonNameOnly,
    /// There is no subjectAltName, and the common name is another one.
    NoNames,
}

impl NameMatch {
    /// The report's value: `None` where nothing was judged.
    pub fn as_bool(self) -> Option<bool> {
        match self {
            Self::NotJudged => None,
            Self::Matches => Some(true),
            Self::Mismatch(_) => Some(false),
        }
    }
}

/// Matches `certificate` against the reference identifier `name`; `None` asks for nothing.
pub fn match_name(name: Option<&ServerName>, certificate: &Certificate) -> NameMatch {
    let Some(name) = name else { return NameMatch::NotJudged };
    let name = name.as_str();
    let Some(san) = &certificate.san else {
        return match in_the_bytes(name, certificate) {
            // A name that is there although it could not be read counts; a broken certificate proves nothing.
            Some(true) => NameMatch::Matches,
            _ if could_not_be_read(certificate) => NameMatch::NotJudged,
            _ => NameMatch::Mismatch(common_name_only(name, certificate)),
        };
    };
    let found = match name.parse::<IpAddr>() {
        Ok(address) => san.ip.contains(&address),
        Err(_) => san.dns.iter().any(|presented| dns_name_matches(presented.raw(), name)),
    };
    if found || (san.truncated && in_the_bytes(name, certificate) == Some(true)) {
        NameMatch::Matches
    } else if san.dns.is_empty() && san.ip.is_empty() {
        NameMatch::Mismatch(common_name_only(name, certificate))
    } else {
        NameMatch::Mismatch(Mismatch::OtherNames)
    }
}

/// RFC 9525 section 6.3: whether the presented dNSName `presented` is for the reference identifier `reference`
/// (lower case, A-labels, no trailing dot).
pub fn dns_name_matches(presented: &str, reference: &str) -> bool {
    if !is_presented_name(presented) {
        return false;
    }
    match presented.strip_prefix("*.") {
        None => presented.eq_ignore_ascii_case(reference),
        Some(suffix) => {
            suffix.contains('.')
                && reference
                    .split_once('.')
                    .is_some_and(|(label, rest)| !label.is_empty() && rest.eq_ignore_ascii_case(suffix))
        }
    }
}

/// Preferred name syntax (RFC 1034 section 3.5) with underscores, and `*` as the whole first label only.
fn is_presented_name(presented: &str) -> bool {
    let name = presented.strip_prefix("*.").unwrap_or(presented);
    !name.is_empty()
        && presented.len() <= 253
        && name.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        })
}

fn common_name_only(name: &str, certificate: &Certificate) -> Mismatch {
    match certificate.subject.attribute("CN") {
        Some(common_name) if dns_name_matches(common_name.raw(), name) || common_name.raw() == name => {
            Mismatch::CommonNameOnly
        }
        _ => Mismatch::NoNames,
    }
}

fn could_not_be_read(certificate: &Certificate) -> bool {
    certificate
        .unreadable
        .iter()
        .any(|u| ["certificate", "extensions", "subjectAltName"].contains(&u.field.as_str()))
}

/// The same question put to webpki, which walks the DER: for lists longer than is kept, and extensions that this
/// program could not read.
fn in_the_bytes(name: &str, certificate: &Certificate) -> Option<bool> {
    if certificate.unreadable.is_empty() && !certificate.san.as_ref().is_some_and(|san| san.truncated) {
        return None;
    }
    let der = CertificateDer::from(&*certificate.der);
    let certificate = webpki::EndEntityCert::try_from(&der).ok()?;
    let name = WebPkiName::try_from(name).ok()?;
    Some(certificate.verify_is_valid_for_subject_name(&name).is_ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn wildcards_stand_for_one_whole_label() {
        assert!(dns_name_matches("*.example.com", "www.example.com"));
        assert!(dns_name_matches("*.EXAMPLE.com", "www.example.com"));
        assert!(dns_name_matches("*.example.com", "xn--bcher-kva.example.com"));
        for (presented, reference) in [
            ("*.example.com", "example.com"),
            ("*.example.com", "a.b.example.com"),
            ("w*.example.com", "www.example.com"),
            ("*w.example.com", "www.example.com"),
            ("www.*.com", "www.example.com"),
            ("*.*.com", "www.example.com"),
            ("*.com", "example.com"),
            ("*", "example"),
            ("*.", "example"),
            ("**.example.com", "www.example.com"),
        ] {
            assert!(!dns_name_matches(presented, reference), "{presented} {reference}");
        }
    }

    #[test]
    fn odd_presented_names_match_nothing() {
        for presented in
            ["", ".", "example.com.", ".example.com", "exa mple.com", "example\0.com", "bücher.example"]
        {
            assert!(!dns_name_matches(presented, "example.com"), "{presented:?}");
            assert!(!dns_name_matches(presented, "xn--bcher-kva.example"), "{presented:?}");
        }
        assert!(dns_name_matches("_dmarc.example.com", "_dmarc.example.com"));
    }

    fn label() -> impl Strategy<Value = String> {
        "[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?"
    }

    proptest! {
        #[test]
        fn a_name_matches_itself_in_any_case(labels in proptest::collection::vec(label(), 1..5)) {
            let name = labels.join(".");
            prop_assert!(dns_name_matches(&name, &name));
            prop_assert!(dns_name_matches(&name.to_ascii_uppercase(), &name));
        }

        #[test]
        fn a_wildcard_matches_one_label_only(first in label(), extra in label(), rest in proptest::collection::vec(label(), 2..4)) {
            let suffix = rest.join(".");
            let wildcard = format!("*.{suffix}");
            let (one, two) = (format!("{first}.{suffix}"), format!("{extra}.{first}.{suffix}"));
            prop_assert!(dns_name_matches(&wildcard, &one));
            prop_assert!(!dns_name_matches(&wildcard, &suffix));
            prop_assert!(!dns_name_matches(&wildcard, &two));
        }

        #[test]
        fn different_names_do_not_match(a in label(), b in label()) {
            prop_assume!(a != b);
            let (a, b) = (format!("{a}.example.com"), format!("{b}.example.com"));
            prop_assert!(!dns_name_matches(&a, &b));
        }

        #[test]
        fn hostile_names_never_panic(presented in ".{0,300}") {
            let _ = dns_name_matches(&presented, "www.example.com");
        }
    }
}
