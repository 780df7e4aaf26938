//! `key.rsa.odd_length`: the RSA modulus of a public authority's certificate has a number of bits that 8 does not divide
//! (Baseline Requirements 6.1.5, Mozilla Root Store Policy 5.1). Keys that are too short have their own rule.

use super::{Applies, Breach, Case, Lint};
use crate::model::{Rule, Severity};
use crate::time::UnixTime;

pub(super) const LINT: Lint = Lint {
    rule: Rule::RsaOddLength,
    severity: Severity::Medium,
    title: "RSA modulus has an odd length",
    remedy: "Make a new key (EC P-256, or RSA of 2048, 3072 or 4096 bits) and have the certificate issued for it.",
    applies: Applies::PublicEndEntity,
    since: Some(UnixTime(1_488_240_000)), // 2017-02-28
    references: &[
        "CA/Browser Forum TLS Baseline Requirements section 6.1.5",
        "Mozilla Root Store Policy section 5.1",
        "zlint e_mp_modulus_must_be_divisible_by_8",
    ],
    judge,
};

fn judge(case: &Case<'_>) -> Option<Breach> {
    let bits = case.key("RSA")?.bits?;
    if bits % 8 == 0 || bits < 2_048 {
        return None;
    }
    let breach = case.breach(format_args!("has an RSA modulus of {bits} bits, which 8 does not divide"))?;
    Some(breach.fact("bits", i64::from(bits)))
}

#[cfg(test)]
mod tests {
    use crate::assess::tests::leaf::*;
    use crate::model::Rule;

    #[test]
    fn a_length_that_8_does_not_divide_is_found() {
        let leaf = |bits| Leaf::sound().key(rsa_key(&modulus(bits), &[1, 0, 1]));
        assert_eq!(leaf(2_048).public(), []);
        assert_eq!(leaf(2_052).public(), [Rule::RsaOddLength]);
        assert_eq!(leaf(2_052).private(), []);
        assert_eq!(leaf(2_047).public(), [Rule::RsaTooShort]);
    }
}
