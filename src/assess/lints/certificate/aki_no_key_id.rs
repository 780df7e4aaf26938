//! `x509.aki.no_key_id`: the certificate does not say by which key of its issuer it was signed (RFC 5280 section 4.2.1.1).
//! Where an authority has two keys of one name, clients must guess. Private authorities are judged where the extension
//! is there without the identifier.

use super::{Applies, Breach, Case, Lint};
use crate::model::{Rule, Severity};
use crate::x509::ExtensionKind;

pub(super) const LINT: Lint = Lint {
    rule: Rule::AkiNoKeyId,
    severity: Severity::Medium,
    title: "Certificate does not name its issuer's key",
    remedy: "Have the certificate issued anew with the issuer's key identifier in authorityKeyIdentifier.",
    applies: Applies::EndEntity,
    since: None,
    references: &[
        "RFC 5280 section 4.2.1.1",
        "CA/Browser Forum TLS Baseline Requirements section 7.1.2.11.1",
        "zlint e_ext_authority_key_identifier_no_key_identifier",
    ],
    judge,
};

fn judge(case: &Case<'_>) -> Option<Breach> {
    let certificate = case.certificate;
    if certificate.is_self_issued()
        || certificate.aki.is_some()
        || !certificate.is_read("authorityKeyIdentifier")
    {
        return None;
    }
    let extensions = &case.encoding.extensions;
    let is_there = extensions.has(ExtensionKind::AuthorityKeyIdentifier);
    let is_missing = case.is_public && extensions.lacks(ExtensionKind::AuthorityKeyIdentifier);
    let breach = match (is_there, is_missing) {
        (true, _) => case.breach("has an authorityKeyIdentifier without a key identifier"),
        (false, true) => case.breach("has no authorityKeyIdentifier"),
        (false, false) => None,
    }?;
    Some(if case.is_public { breach } else { breach.severity(Severity::Low) })
}

#[cfg(test)]
mod tests {
    use crate::assess::tests::leaf::*;
    use crate::model::{Rule, Severity};
    use crate::x509::testing::element;

    #[test]
    fn the_issuers_key_is_named() {
        let empty = Leaf::sound().with(AKI, false, element(SEQUENCE, []));
        assert_eq!(empty.public(), [Rule::AkiNoKeyId]);
        assert_eq!(empty.private(), [Rule::AkiNoKeyId]);
        assert_eq!(empty.judged(false).verdicts[0].severity, Severity::Low);
        assert_eq!(Leaf::sound().without(AKI).public(), [Rule::AkiNoKeyId]);
        assert_eq!(Leaf::sound().without(AKI).private(), []);
    }
}
