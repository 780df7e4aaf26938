//! `x509.serial.too_long`: the serial number has more than 20 octets (RFC 5280 section 4.1.2.2), which no client has to
//! cope with; so it is below 2^159 (Baseline Requirements 7.1.2.7).

use super::{Applies, Breach, Case, Lint};
use crate::model::{Rule, Severity};

/// Octets of the number's shortest encoding.
const MOST_OCTETS: usize = 20;

pub(super) const LINT: Lint = Lint {
    rule: Rule::SerialTooLong,
    severity: Severity::Medium,
    title: "Serial number is too long",
    remedy: "Have the certificate issued anew with a serial number of at most 20 octets.",
    applies: Applies::Path,
    since: None,
    references: &[
        "RFC 5280 section 4.1.2.2",
        "CA/Browser Forum TLS Baseline Requirements section 7.1.2.7",
        "zlint e_serial_number_longer_than_20_octets",
    ],
    judge,
};

fn judge(case: &Case<'_>) -> Option<Breach> {
    let octets = shortest(&case.certificate.serial).len();
    if octets <= MOST_OCTETS {
        return None;
    }
    let breach =
        case.breach(format_args!("has a serial number of {octets} octets; {MOST_OCTETS} are the most"))?;
    Some(breach.fact("octets", i64::try_from(octets).unwrap_or(i64::MAX)))
}

/// Without octets that only repeat the sign of a positive number (X.690 section 8.3.2).
fn shortest(mut octets: &[u8]) -> &[u8] {
    while let [0, 0..=0x7f, ..] = octets {
        octets = octets.get(1..).unwrap_or_default();
    }
    octets
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
    fn twenty_octets_are_the_most() {
        assert_eq!(with(&[0x7f; 20]), []);
        assert_eq!(with(&[0x7f; 21]), [Rule::SerialTooLong]);
        // The first octet is there for the sign only, and yet it is one.
        assert_eq!(with(&[&[0][..], &[0xff; 20]].concat()), [Rule::SerialTooLong]);
    }

    #[test]
    fn zeros_in_front_do_not_count() {
        assert_eq!(with(&[&[0; 8][..], &[0x7f; 20]].concat()), []);
    }
}
