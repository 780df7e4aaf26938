//! `x509.validity.wrong_time_type`: a time before 2050 is written as GeneralizedTime (RFC 5280 section 4.1.2.5: UTCTime
//! through 2049). The other way about cannot be written: two digits of a year end in 2049.

use super::{Applies, Breach, Case, Lint};
use crate::model::{Rule, Severity};
use crate::time::UnixTime;
use crate::x509::TimeForm;

const YEAR_2050: UnixTime = UnixTime(2_524_608_000);

pub(super) const LINT: Lint = Lint {
    rule: Rule::WrongTimeForm,
    severity: Severity::Medium,
    title: "A time is written in the wrong form",
    remedy: "Have the certificate issued anew by current software: strict clients refuse it.",
    applies: Applies::Path,
    since: None,
    references: &[
        "RFC 5280 section 4.1.2.5",
        "zlint e_wrong_time_format_pre2050",
        "pkilint pkix.wrong_time_useful_type",
    ],
    judge,
};

fn judge(case: &Case<'_>) -> Option<Breach> {
    let (certificate, encoding) = (case.certificate, &case.encoding);
    let times = [
        ("notBefore", certificate.not_before, encoding.not_before),
        ("notAfter", certificate.not_after, encoding.not_after),
    ];
    let (field, time) = times.into_iter().find_map(|(field, time, form)| {
        let time = time.filter(|time| *time < YEAR_2050)?;
        (form == Some(TimeForm::Generalized)).then_some((field, time))
    })?;
    let breach = case.breach(format_args!("writes {field}, {time}, as GeneralizedTime"))?;
    Some(breach.fact("field", field))
}

#[cfg(test)]
mod tests {
    use crate::assess::tests::leaf::*;
    use crate::assess::tests::pki::NOW;
    use crate::model::Rule;
    use crate::x509::testing::{GENERALIZED_TIME, element};

    #[test]
    fn generalized_time_is_for_2050_and_later() {
        let mut leaf = Leaf::sound();
        leaf.draft.not_before = element(GENERALIZED_TIME, "20261114000000Z");
        assert_eq!(leaf.private(), [Rule::WrongTimeForm]);
        assert_eq!(Leaf::sound().valid(NOW, 10_000).private(), []);
    }
}
