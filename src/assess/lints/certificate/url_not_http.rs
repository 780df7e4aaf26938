//! `x509.url.not_http`: the issuer's certificate, its OCSP responder or its revocation list is to be fetched otherwise than
//! by plain HTTP (Baseline Requirements 7.1.2.7.7, 7.1.2.11.2). LDAP is out of reach for clients; HTTPS would need the
//! very check that it serves.

use super::{Applies, Breach, Case, Lint};
use crate::assess::words;
use crate::model::{Rule, Severity};
use crate::text::Untrusted;

pub(super) const LINT: Lint = Lint {
    rule: Rule::UrlNotHttp,
    severity: Severity::Low,
    title: "A URL in the certificate is not HTTP",
    remedy: "Have the certificate issued anew with http:// URLs; nothing else is followed.",
    applies: Applies::PublicEndEntity,
    since: Some(super::PROFILES),
    references: &[
        "CA/Browser Forum TLS Baseline Requirements section 7.1.2.7.7",
        "CA/Browser Forum TLS Baseline Requirements section 7.1.2.11.2",
        "zlint e_aia_ca_issuers_must_have_http_only",
        "zlint e_aia_ocsp_must_have_http_only",
        "zlint e_crl_distrib_points_not_http",
    ],
    judge,
};

fn judge(case: &Case<'_>) -> Option<Breach> {
    let certificate = case.certificate;
    let urls = [&certificate.ca_issuers_urls, &certificate.ocsp_urls, &certificate.crl_urls];
    let others = urls.into_iter().flatten().filter(|url| !is_http(url));
    case.listed(others.map(words::quoted), "which is not an http:// URL")
}

fn is_http(url: &Untrusted) -> bool {
    url.raw().get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://"))
}

#[cfg(test)]
mod tests {
    use crate::assess::tests::leaf::*;
    use crate::model::Rule;

    #[test]
    fn only_plain_http_is_followed() {
        let crl = |url| Leaf::sound().with(CRL, false, crl_points(&["http://a.example.com/", url]));
        assert_eq!(crl("ldap://a.example.com/cn=x").public(), [Rule::UrlNotHttp]);
        assert_eq!(crl("https://a.example.com/").public(), [Rule::UrlNotHttp]);
        assert_eq!(crl("HTTP://a.example.com/").public(), []);
        assert_eq!(crl("ldap://a.example.com/cn=x").private(), []);
        let ocsp = access(&["http://ca.example.com/"], &["https://ocsp.example.com"]);
        assert_eq!(Leaf::sound().with(AIA, false, ocsp).public(), [Rule::UrlNotHttp]);
    }
}
