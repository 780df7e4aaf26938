//! `x509.unusual_size`: more names or extensions than are read here. What lies beyond the limits is kept, and judged by
//! nobody: a certificate of that size serves to burden its readers, or is a mistake.

use super::{Applies, Breach, Case, Lint};
use crate::model::{Rule, Severity};
use crate::x509::Extensions;
use crate::x509::certificate::SubjectAltName;

pub(super) const LINT: Lint = Lint {
    rule: Rule::UnusualSize,
    severity: Severity::Info,
    title: "Certificate is larger than any honest one",
    remedy: "Issue several certificates, each for the names of one service.",
    applies: Applies::Path,
    since: None,
    references: &["RFC 5280 section 4.2"],
    judge,
};

fn judge(case: &Case<'_>) -> Option<Breach> {
    let certificate = case.certificate;
    let extensions = case.encoding.extensions.count;
    let has_more_names = certificate.san.as_ref().is_some_and(|san| san.truncated);
    if !has_more_names && extensions <= Extensions::MAX_READ {
        return None;
    }
    let names = case.encoding.extensions.count_names();
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let breach = case.breach(format_args!(
        "has {names} names and {extensions} extensions in {} bytes; {} names and {} extensions are read",
        certificate.der.len(),
        SubjectAltName::MAX_NAMES,
        Extensions::MAX_READ
    ))?;
    Some(
        breach
            .fact("names", number(names))
            .fact("extensions", number(extensions))
            .fact("bytes", number(certificate.der.len())),
    )
}

#[cfg(test)]
mod tests {
    use crate::assess::tests::leaf::*;
    use crate::model::Rule;
    use crate::model::finding::EvidenceValue;

    #[test]
    fn a_hundred_thousand_names_are_counted_and_said() {
        let names: Vec<_> = (0..100_000).map(|n| format!("h{n}.example.com")).collect();
        let names: Vec<_> = names.iter().map(|name| (DNS, name.as_bytes())).collect();
        let leaf = Leaf::sound().with(SAN, true, general_names(&names));
        // webpki reads no certificate of more than 64 KiB.
        assert_eq!(leaf.private(), [Rule::InvalidPath, Rule::UnusualSize]);
        assert_eq!(leaf.verdict(Rule::UnusualSize).evidence.0[0].1, EvidenceValue::Number(100_000));
    }

    #[test]
    fn fifty_thousand_extensions_are_counted_and_said() {
        let mut leaf = Leaf::sound();
        for n in 0..50_000_u32 {
            let [_, a, b, c] = n.to_be_bytes();
            leaf = leaf.with_more(&[0x2a, a & 0x7f, b >> 1, b & 1, c >> 1, c & 1], Vec::new());
        }
        let verdict = leaf.verdict(Rule::UnusualSize);
        assert_eq!(verdict.evidence.0[1].1, EvidenceValue::Number(50_009));
    }

    #[test]
    fn five_thousand_names_are_read() {
        let names: Vec<_> = (0..5_000).map(|n| format!("h{n}.example.com")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        assert!(!Leaf::sound().dns(&names).private().contains(&Rule::UnusualSize));
        assert_eq!(Leaf::sound().dns(&names[..1_000]).public(), []);
    }
}
