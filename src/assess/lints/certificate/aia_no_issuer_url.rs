//! `x509.aia.no_issuer_url`: authorityInfoAccess without the URL of the issuer's certificate, which the Baseline
//! Requirements want there (section 7.1.2.7.7, SHOULD): a client that misses the intermediate cannot fetch it.

use super::{Applies, Breach, Case, Lint};
use crate::model::{Rule, Severity};
use crate::x509::ExtensionKind;

pub(super) const LINT: Lint = Lint {
    rule: Rule::AiaNoIssuerUrl,
    severity: Severity::Low,
    title: "Certificate does not say where its issuer's certificate is",
    remedy: "Serve the intermediates with the certificate; ask the issuer for the URL when you renew it.",
    applies: Applies::PublicEndEntity,
    since: Some(super::BASELINE),
    references: &[
        "CA/Browser Forum TLS Baseline Requirements section 7.1.2.7.7",
        "zlint w_sub_cert_aia_does_not_contain_issuing_ca_url",
    ],
    judge,
};

fn judge(case: &Case<'_>) -> Option<Breach> {
    if !case.encoding.extensions.has(ExtensionKind::AuthorityInfoAccess)
        || !case.certificate.is_read("authorityInfoAccess")
        || !case.certificate.ca_issuers_urls.is_empty()
    {
        return None;
    }
    case.breach("has no URL of its issuer's certificate in authorityInfoAccess")
}

#[cfg(test)]
mod tests {
    use crate::assess::tests::leaf::*;
    use crate::model::Rule;

    #[test]
    fn the_issuers_certificate_is_to_be_found() {
        let leaf = Leaf::sound().with(AIA, false, access(&[], &["http://ocsp.example.com"]));
        assert_eq!(leaf.public(), [Rule::AiaNoIssuerUrl]);
        assert_eq!(leaf.private(), []);
    }
}
