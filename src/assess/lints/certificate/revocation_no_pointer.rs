//! `x509.revocation.no_pointer`: neither a revocation list nor an OCSP responder is named, and the certificate is not
//! short-lived (Baseline Requirements 7.1.2.11.2, ballot SC-063): nobody can learn that it is revoked.

use super::{Applies, Breach, Case, Lint};
use crate::model::{Rule, Severity};
use crate::time::{DAY_SECONDS, UnixTime};
use crate::x509::ExtensionKind;

/// Short-lived certificates: at most so many days, by the day of issue (Baseline Requirements 1.6.1).
const SHORT_LIVED_DAYS: i64 = 10;
const SHORTER_LIVED_DAYS: i64 = 7;
const SHORTER_SINCE: UnixTime = UnixTime(1_773_532_800); // 2026-03-15

pub(super) const LINT: Lint = Lint {
    rule: Rule::NoRevocation,
    severity: Severity::Medium,
    title: "Certificate does not say where its revocation is told",
    remedy: "Have the certificate issued anew with the URL of a revocation list or an OCSP responder.",
    applies: Applies::PublicEndEntity,
    since: Some(super::OPTIONAL_OCSP),
    references: &[
        "CA/Browser Forum TLS Baseline Requirements section 7.1.2.11.2",
        "zlint e_missing_crl_distrib_point",
        "pkilint cabf.serverauth.subscriber.revocation_information_absent",
    ],
    judge,
};

fn judge(case: &Case<'_>) -> Option<Breach> {
    let certificate = case.certificate;
    let extensions = &case.encoding.extensions;
    let names_none = |kind, field, urls: &[_]| {
        urls.is_empty() && (extensions.lacks(kind) || extensions.has(kind) && certificate.is_read(field))
    };
    let is_short_lived = {
        let days = if case.is_issued_since(SHORTER_SINCE) { SHORTER_LIVED_DAYS } else { SHORT_LIVED_DAYS };
        certificate.validity_seconds()? <= days * DAY_SECONDS
    };
    if is_short_lived
        || !names_none(ExtensionKind::AuthorityInfoAccess, "authorityInfoAccess", &certificate.ocsp_urls)
        || !names_none(ExtensionKind::CrlDistributionPoints, "cRLDistributionPoints", &certificate.crl_urls)
    {
        return None;
    }
    case.breach("names neither a revocation list nor an OCSP responder")
}

#[cfg(test)]
mod tests {
    use crate::assess::tests::leaf::*;
    use crate::assess::tests::pki::NOW;
    use crate::model::Rule;
    use crate::time::UnixTime;

    fn silent() -> Leaf {
        Leaf::sound().without(CRL).with(AIA, false, access(&["http://ca.example.com/ca.cer"], &[]))
    }

    #[test]
    fn one_place_is_enough_and_none_is_too_few() {
        assert_eq!(Leaf::sound().without(CRL).public(), []);
        assert_eq!(silent().public(), [Rule::NoRevocation]);
        assert_eq!(silent().private(), []);
        assert_eq!(silent().with(CRL, false, crl_points(&["http://a.example.com/"])).public(), []);
        assert_eq!(silent().issued("2024-03-14").public(), []);
    }

    #[test]
    fn the_short_lived_need_none() {
        let before = UnixTime::parse("2026-03-14").unwrap();
        assert_eq!(silent().valid(before, 10).public(), []);
        assert_eq!(silent().valid(before, 11).public(), [Rule::NoRevocation]);
        assert!(!silent().valid(NOW, 7).public().contains(&Rule::NoRevocation));
        assert!(silent().valid(NOW, 8).public().contains(&Rule::NoRevocation));
    }

    #[test]
    fn a_place_that_cannot_be_read_is_not_none() {
        let broken = silent().with(CRL, false, crl_points(&["http://a.example.com/"])[..20].to_vec());
        assert!(!broken.public().contains(&Rule::NoRevocation));
    }
}
