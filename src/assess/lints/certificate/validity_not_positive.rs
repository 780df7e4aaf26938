//! `x509.validity.not_positive`: notAfter stands before notBefore (RFC 5280 section 4.1.2.5): the certificate was never
//! valid and never will be.

use super::{Applies, Breach, Case, Lint};
use crate::model::{Rule, Severity};

pub(super) const LINT: Lint = Lint {
    rule: Rule::ValidityNotPositive,
    severity: Severity::Critical,
    title: "Certificate ends before it begins",
    remedy: "Replace the certificate: no client will ever accept it. Look at the clock of whatever issued it.",
    applies: Applies::Path,
    since: None,
    references: &["RFC 5280 section 4.1.2.5", "zlint e_validity_time_not_positive"],
    judge,
};

fn judge(case: &Case<'_>) -> Option<Breach> {
    let (start, end) = (case.certificate.not_before?, case.certificate.not_after?);
    if start <= end {
        return None;
    }
    let breach = case.breach(format_args!("ends at {end} and begins at {start}"))?;
    Some(breach.fact("not_before", start.to_string()).fact("not_after", end.to_string()))
}

#[cfg(test)]
mod tests {
    use crate::assess::tests::leaf::*;
    use crate::assess::tests::pki::NOW;
    use crate::model::Rule;

    #[test]
    fn an_end_before_the_beginning_is_found() {
        assert!(Leaf::sound().valid_seconds(NOW, 0).private().contains(&Rule::ValidityNotPositive));
    }

    #[test]
    fn one_second_is_a_life() {
        assert!(!Leaf::sound().valid_seconds(NOW, 1).private().contains(&Rule::ValidityNotPositive));
    }
}
