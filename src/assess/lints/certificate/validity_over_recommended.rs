//! `x509.validity.longer_than_recommended`: the certificate lives for the last day that is allowed, which the Baseline
//! Requirements advise against (section 6.3.2: a leap second or a clock makes it one too many). One that lives longer
//! breaks `x509.validity.too_long`.

use super::{Applies, Breach, Case, Lint};
use crate::assess::lints::too_long::{days_rounded_up, limit_days};
use crate::model::{Rule, Severity};
use crate::time::UnixTime;

pub(super) const LINT: Lint = Lint {
    rule: Rule::ValidityOverRecommended,
    severity: Severity::Info,
    title: "Certificate lives to the last day allowed",
    remedy: "Nothing now; ask the issuer for one day less.",
    applies: Applies::PublicEndEntity,
    since: Some(UnixTime(1_598_918_400)), // 2020-09-01
    references: &[
        "CA/Browser Forum TLS Baseline Requirements section 6.3.2",
        "zlint w_server_cert_valid_time_longer_than_199_days",
        "zlint w_tls_server_cert_valid_time_longer_than_397_days",
    ],
    judge,
};

fn judge(case: &Case<'_>) -> Option<Breach> {
    let limit = limit_days(case.certificate.not_before?)?;
    let days = days_rounded_up(case.certificate.validity_seconds()?);
    if days != limit {
        return None;
    }
    let breach =
        case.breach(format_args!("is valid for {days} days; at most {} are recommended", limit - 1))?;
    Some(breach.fact("days", days))
}

#[cfg(test)]
mod tests {
    use crate::assess::tests::leaf::*;
    use crate::assess::tests::pki::NOW;
    use crate::model::Rule;

    #[test]
    fn the_last_day_is_advised_against_and_a_longer_life_is_another_rule() {
        assert_eq!(Leaf::sound().valid(NOW, 199).public(), []);
        assert_eq!(Leaf::sound().valid(NOW, 200).public(), [Rule::ValidityOverRecommended]);
        assert_eq!(Leaf::sound().valid(NOW, 201).public(), [Rule::TooLong]);
        assert_eq!(Leaf::sound().valid(NOW, 200).private(), []);
    }
}
