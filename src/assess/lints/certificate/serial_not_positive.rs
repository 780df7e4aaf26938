//! `x509.serial.not_positive`: the serial number is zero or negative (RFC 5280 section 4.1.2.2). Revocation knows a
//! certificate by its serial number, and software disagrees about what such a number is.

use super::{Applies, Breach, Case, Lint};
use crate::model::{Rule, Severity};

pub(super) const LINT: Lint = Lint {
    rule: Rule::SerialNotPositive,
    severity: Severity::Medium,
    title: "Serial number is not positive",
    remedy: "Have the certificate issued anew with a random positive serial number.",
    applies: Applies::Path,
    since: None,
    references: &[
        "RFC 5280 section 4.1.2.2",
        "CA/Browser Forum TLS Baseline Requirements section 7.1.2.7",
        "zlint e_serial_number_not_positive",
    ],
    judge,
};

fn judge(case: &Case<'_>) -> Option<Breach> {
    let serial = &case.certificate.serial;
    let what = match serial.first()? {
        first if *first >= 0x80 => "negative",
        _ if serial.iter().all(|octet| *octet == 0) => "zero",
        _ => return None,
    };
    Some(case.breach(format_args!("has a serial number that is {what}"))?.fact("sign", what))
}

#[cfg(test)]
mod tests {
    use crate::assess::tests::leaf::*;
    use crate::model::Rule;

    fn with(serial: &[u8]) -> Vec<Rule> {
        let mut leaf = Leaf::sound();
        leaf.draft.serial = [&[2, u8::try_from(serial.len()).unwrap()], serial].concat();
        leaf.private()
    }

    #[test]
    fn zero_and_negative_numbers_are_found() {
        assert_eq!(with(&[0]), [Rule::SerialNotPositive]);
        assert_eq!(with(&[0x80]), [Rule::SerialNotPositive]);
        assert_eq!(with(&[0x9f, 1, 2, 3, 4, 5, 6, 7]), [Rule::SerialNotPositive]);
    }

    #[test]
    fn one_and_a_leading_zero_are_positive() {
        assert_eq!(with(&[1]), []);
        assert_eq!(with(&[0, 0x9f, 1, 2]), []);
    }
}
