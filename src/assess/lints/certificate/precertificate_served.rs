//! `x509.precertificate.served`: the certificate has the mark of a precertificate (RFC 6962 section 3.1), which goes to the
//! logs and to nobody else: every client refuses it for a critical extension it does not know.

use super::{Applies, Breach, Case, Lint};
use crate::model::{Rule, Severity};
use crate::x509::ExtensionKind;

pub(super) const LINT: Lint = Lint {
    rule: Rule::PrecertificateServed,
    severity: Severity::Medium,
    title: "A precertificate is served",
    remedy: "Serve the final certificate that the issuer sent with it, or have one issued.",
    applies: Applies::EndEntity,
    since: None,
    references: &["RFC 6962 section 3.1", "RFC 6962 section 3.3", "zlint e_precert_with_sct_list"],
    judge,
};

fn judge(case: &Case<'_>) -> Option<Breach> {
    let extensions = &case.encoding.extensions;
    if !extensions.has(ExtensionKind::Poison) {
        return None;
    }
    let and_timestamps = if extensions.has(ExtensionKind::SctList) {
        ", and timestamps, which only the final one has"
    } else {
        ""
    };
    case.breach(format_args!("has the mark of a precertificate{and_timestamps}"))
}

#[cfg(test)]
mod tests {
    use crate::assess::tests::leaf::*;
    use crate::model::Rule;

    #[test]
    fn a_precertificate_is_not_to_be_served() {
        let leaf = Leaf::sound().with(POISON, true, vec![5, 0]);
        assert_eq!(leaf.private(), [Rule::InvalidPath, Rule::PrecertificateServed]);
        assert!(leaf.verdict(Rule::PrecertificateServed).detail.contains("timestamps"));
        let plain = Leaf::sound().with(POISON, true, vec![5, 0]).without(SCTS);
        assert!(!plain.verdict(Rule::PrecertificateServed).detail.contains("timestamps"));
    }
}
