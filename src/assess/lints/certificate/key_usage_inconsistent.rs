//! `x509.key_usage.inconsistent`: the certificate is for servers, and its keyUsage allows nothing that a server does with
//! its key in TLS (RFC 5280 section 4.2.1.12: a purpose has to agree with both extensions). What a CA's key may do is
//! another matter, even where it is served.

use super::{Applies, Breach, Case, Lint};
use crate::assess::words;
use crate::model::finding::EvidenceValue;
use crate::model::{Rule, Severity};

pub(super) const LINT: Lint = Lint {
    rule: Rule::KeyUsageInconsistent,
    severity: Severity::Medium,
    title: "keyUsage forbids what the certificate is for",
    remedy: "Have the certificate issued anew with digitalSignature in its keyUsage.",
    applies: Applies::EndEntity,
    since: None,
    references: &["RFC 5280 section 4.2.1.12", "zlint e_key_usage_and_extended_key_usage_inconsistent"],
    judge,
};

fn judge(case: &Case<'_>) -> Option<Breach> {
    let (usage, purposes) = (case.key_usage()?, case.purposes()?);
    if usage.serves_tls()
        || case.certificate.is_ca()
        || !purposes.iter().any(|purpose| purpose == "serverAuth")
    {
        return None;
    }
    let names: Vec<_> = usage.names().map(str::to_owned).collect();
    let allowed = if names.is_empty() { "nothing".to_owned() } else { words::listed(&names) };
    let breach =
        case.breach(format_args!("is for servers (serverAuth), and its keyUsage allows {allowed} only"))?;
    Some(breach.fact("key_usage", EvidenceValue::List(names)))
}

#[cfg(test)]
mod tests {
    use crate::assess::tests::leaf::*;
    use crate::model::Rule;
    use crate::x509::testing::element;

    fn with(bits: &[u8]) -> Leaf {
        Leaf::sound().with(KEY_USAGE, true, element(BITS, bits))
    }

    #[test]
    fn a_server_signs_decrypts_or_agrees() {
        assert_eq!(with(&[6, 0x40]).private(), [Rule::KeyUsageInconsistent]);
        assert_eq!(with(&[6, 0x40]).public(), [Rule::KeyUsageInconsistent]);
        assert_eq!(with(&[5, 0x20]).private(), []);
        assert_eq!(with(&[7, 0x80]).private(), []);
    }

    #[test]
    fn without_a_purpose_nothing_is_inconsistent() {
        assert_eq!(with(&[6, 0x40]).without(EKU).private(), []);
    }
}
