//! `key.ec.curve_not_allowed`: a certificate of a public chain has an EC key of 256 bits or more that is on none of P-256,
//! P-384 and P-521 (Baseline Requirements 6.1.5). Shorter ones break `key.ec.too_short`.

use super::{Applies, Breach, Case, Lint};
use crate::model::{Rule, Severity};

const ALLOWED: [&str; 3] = ["P-256", "P-384", "P-521"];
/// Under this `key.ec.too_short` speaks.
const LEAST_BITS: u32 = 256;

pub(super) const LINT: Lint = Lint {
    rule: Rule::CurveNotAllowed,
    severity: Severity::High,
    title: "Curve is not for public authorities",
    remedy: "Make a new key on P-256 or P-384 and have the certificate issued for it.",
    applies: Applies::PublicPath,
    since: Some(super::BASELINE),
    references: &["CA/Browser Forum TLS Baseline Requirements section 6.1.5", "zlint e_ec_improper_curves"],
    judge,
};

fn judge(case: &Case<'_>) -> Option<Breach> {
    let key = case.key("EC")?;
    let curve = key.curve.as_deref()?;
    if ALLOWED.contains(&curve) || key.bits.is_some_and(|bits| bits < LEAST_BITS) {
        return None;
    }
    let what = if curve == "explicit" {
        "a curve of its own making".to_owned()
    } else {
        format!("the curve {curve}")
    };
    let breach = case.breach(format_args!("has a key on {what}; P-256, P-384 and P-521 are allowed"))?;
    Some(breach.fact("curve", curve))
}

#[cfg(test)]
mod tests {
    use crate::assess::tests::leaf::*;
    use crate::model::Rule;

    #[test]
    fn other_curves_are_not_for_public_authorities() {
        let leaf = Leaf::sound().key(ec_key(SECP256K1, &bytes(SECP256K1_POINT)));
        assert_eq!(leaf.public(), [Rule::CurveNotAllowed]);
        assert_eq!(leaf.private(), []);
    }

    #[test]
    fn a_short_curve_is_said_to_be_short() {
        let leaf = Leaf::sound().key(ec_key(&[0x2b, 0x81, 4, 0, 33], &[4; 57]));
        assert!(!leaf.public().contains(&Rule::CurveNotAllowed));
        assert!(leaf.public().contains(&Rule::EcTooShort));
    }
}
