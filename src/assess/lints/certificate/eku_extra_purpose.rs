//! `x509.eku.extra_purpose`: a purpose beside serverAuth and clientAuth that the Baseline Requirements advise against
//! (section 7.1.2.7.10, NOT RECOMMENDED). The forbidden ones break `x509.eku.forbidden_purpose`.

use super::{Applies, Breach, Case, Lint, eku_forbidden_purpose};
use crate::assess::words;
use crate::model::finding::EvidenceValue;
use crate::model::{Rule, Severity};

pub(super) const LINT: Lint = Lint {
    rule: Rule::EkuExtra,
    severity: Severity::Low,
    title: "Certificate has a purpose that servers do not need",
    remedy: "Ask the issuer for serverAuth only when you renew it.",
    applies: Applies::PublicEndEntity,
    since: Some(super::PROFILES),
    references: &[
        "CA/Browser Forum TLS Baseline Requirements section 7.1.2.7.10",
        "zlint w_sub_cert_eku_extra_values",
    ],
    judge,
};

fn judge(case: &Case<'_>) -> Option<Breach> {
    let is_extra = |purpose: &&String| {
        !matches!(purpose.as_str(), "serverAuth" | "clientAuth")
            && !eku_forbidden_purpose::is_forbidden(purpose)
    };
    let extra: Vec<_> = case.purposes()?.iter().filter(is_extra).cloned().collect();
    if extra.is_empty() {
        return None;
    }
    let breach = case.breach(format_args!("is for {} too", words::listed(&extra)))?;
    Some(breach.fact("purposes", EvidenceValue::List(extra)))
}

#[cfg(test)]
mod tests {
    use crate::assess::tests::leaf::*;
    use crate::model::Rule;

    #[test]
    fn other_purposes_are_advised_against() {
        let leaf = Leaf::sound().with(EKU, false, purposes(&[SERVER_AUTH, &[0x2b, 6, 1, 5, 5, 7, 3, 17]]));
        assert_eq!(leaf.public(), [Rule::EkuExtra]);
        assert_eq!(leaf.private(), []);
    }
}
