//! `x509.eku.forbidden_purpose`: a purpose that a server's certificate of a public authority may not have: any, code
//! signing, mail, time stamping, OCSP, precertificates (Baseline Requirements 7.1.2.7.10).

use super::{Applies, Breach, Case, Lint};
use crate::assess::words;
use crate::model::finding::EvidenceValue;
use crate::model::{Rule, Severity};

const FORBIDDEN: [&str; 6] = [
    "anyExtendedKeyUsage",
    "codeSigning",
    "emailProtection",
    "timeStamping",
    "OCSPSigning",
    // Precertificate signing (RFC 6962 section 3.1).
    "1.3.6.1.4.1.11129.2.4.4",
];

pub(super) const LINT: Lint = Lint {
    rule: Rule::EkuForbidden,
    severity: Severity::Medium,
    title: "Certificate is for more than servers",
    remedy: "Have the certificate issued anew with serverAuth only; use another one for the other purpose.",
    applies: Applies::PublicEndEntity,
    since: Some(super::PROFILES),
    references: &[
        "CA/Browser Forum TLS Baseline Requirements section 7.1.2.7.10",
        "zlint e_sub_cert_eku_check",
        "pkilint cabf.serverauth.subscriber.anyeku_eku_present",
    ],
    judge,
};

fn judge(case: &Case<'_>) -> Option<Breach> {
    let purposes: Vec<_> = case.purposes()?.iter().filter(|purpose| is_forbidden(purpose)).cloned().collect();
    if purposes.is_empty() {
        return None;
    }
    let breach = case.breach(format_args!("is for {} too", words::listed(&purposes)))?;
    Some(breach.fact("purposes", EvidenceValue::List(purposes)))
}

pub(super) fn is_forbidden(purpose: &str) -> bool {
    FORBIDDEN.contains(&purpose)
}

#[cfg(test)]
mod tests {
    use crate::assess::tests::leaf::*;
    use crate::model::Rule;

    #[test]
    fn servers_sign_no_code() {
        let leaf = Leaf::sound().with(EKU, false, purposes(&[SERVER_AUTH, &[0x2b, 6, 1, 5, 5, 7, 3, 3]]));
        assert_eq!(leaf.public(), [Rule::EkuForbidden]);
        assert_eq!(leaf.private(), []);
        assert_eq!(leaf.issued("2023-09-14").public(), []);
        let any = Leaf::sound().with(EKU, false, purposes(&[SERVER_AUTH, &[0x55, 0x1d, 37, 0]]));
        assert_eq!(any.public(), [Rule::EkuForbidden]);
    }
}
