//! `key.rsa.unusual_exponent`: the RSA public exponent is sound, and yet outside of 2^16+1 to 2^256−1, where the Baseline
//! Requirements want it (section 6.1.6, SHOULD). Impossible ones break `key.rsa.bad_exponent`.

use super::{Applies, Breach, Case, Lint};
use crate::assess::lints::rsa_bad_exponent;
use crate::assess::words;
use crate::model::{Rule, Severity};
use crate::time::UnixTime;

/// Octets of 2^256−1.
const MOST_OCTETS: usize = 32;

pub(super) const LINT: Lint = Lint {
    rule: Rule::RsaUnusualExponent,
    severity: Severity::Low,
    title: "RSA exponent is unusual",
    remedy: "Make the next key with the exponent 65537.",
    applies: Applies::PublicEndEntity,
    since: Some(UnixTime(1_361_404_800)), // 2013-02-21
    references: &[
        "CA/Browser Forum TLS Baseline Requirements section 6.1.6",
        "zlint w_rsa_public_exponent_not_in_range",
    ],
    judge,
};

fn judge(case: &Case<'_>) -> Option<Breach> {
    let exponent = case.key("RSA")?.rsa_exponent.as_deref()?;
    if rsa_bad_exponent::is_bad(exponent) || is_usual(exponent) {
        return None;
    }
    let start = words::hex(exponent.get(..8).unwrap_or(exponent));
    let shown = if exponent.len() > 8 { format!("0x{start}…") } else { format!("0x{start}") };
    let breach =
        case.breach(format_args!("has the public exponent {shown}; 2^16+1 to 2^256−1 is recommended"))?;
    Some(breach.fact("exponent", shown))
}

/// Big-endian without leading zeros.
fn is_usual(exponent: &[u8]) -> bool {
    exponent.len() <= MOST_OCTETS
        && (exponent.len() > 3 || exponent >= [1, 0, 1].as_slice() && exponent.len() == 3)
}

#[cfg(test)]
mod tests {
    use crate::assess::tests::leaf::*;
    use crate::model::Rule;

    fn with(exponent: &[u8]) -> Leaf {
        Leaf::sound().key(rsa_key(&modulus(2_048), exponent))
    }

    #[test]
    fn small_and_huge_exponents_are_unusual() {
        assert_eq!(with(&[3]).public(), [Rule::RsaUnusualExponent]);
        assert_eq!(with(&[0xff, 0xff]).public(), [Rule::RsaUnusualExponent]);
        assert_eq!(with(&[1; 33]).public(), [Rule::RsaUnusualExponent]);
        assert_eq!(with(&[3]).private(), []);
    }

    #[test]
    fn usual_and_impossible_ones_are_not_unusual() {
        assert_eq!(with(&[1, 0, 1]).public(), []);
        assert_eq!(with(&[1; 32]).public(), []);
        assert_eq!(with(&[1]).public(), [Rule::RsaBadExponent]);
    }
}
