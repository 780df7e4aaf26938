//! `key.rsa.bad_exponent`: an RSA public exponent of 1, an even one, or one not less than the modulus: no RSA at all
//! (RFC 8017 section 3.1; Baseline Requirements 6.1.6: odd, at least 3).

use super::Draft;
use crate::assess::view::ChainView;
use crate::assess::words;
use crate::model::{Rule, Severity, Verdict};

pub(super) const REFERENCES: &[&str] = &[
    "RFC 8017 section 3.1",
    "CA/Browser Forum TLS Baseline Requirements section 6.1.6",
    "zlint e_rsa_public_exponent_too_small",
    "zlint e_rsa_public_exponent_not_odd",
    "zlint e_mp_exponent_cannot_be_one",
];

pub(super) fn judge(view: &ChainView<'_>) -> Option<Verdict> {
    let (exponent, certificate) = view.path().find_map(|(_, c)| {
        let key = c.key.as_ref()?;
        let exponent = key.rsa_exponent.as_deref()?;
        (is_bad(exponent) || is_too_large(exponent, key.rsa_modulus.as_deref()?)).then_some((exponent, c))
    })?;
    // A hostile exponent may be as long as the message.
    let shown = words::hex(exponent.get(..8).unwrap_or(exponent));
    Draft::new(Rule::RsaBadExponent, Severity::Critical, "RSA key has an impossible exponent")
        .detail(format!(
            "{} has the public exponent 0x{shown}{}; an exponent is odd, at least 3, and less than the modulus.",
            words::certificate(certificate),
            if exponent.len() > 8 { "…" } else { "" }
        ))
        .about(certificate)
        .fact("exponent", format!("0x{shown}"))
        .remedy(
            "Make a new key with sound software, have the certificate issued for it, and revoke this one.",
        )
        .sources(REFERENCES)
        .on_chain(view)
}

/// Big-endian without leading zeros; empty is zero.
pub(super) fn is_bad(exponent: &[u8]) -> bool {
    match exponent {
        [] | [0..=2] => true,
        [.., last] => last % 2 == 0,
    }
}

/// Both big-endian without leading zeros.
fn is_too_large(exponent: &[u8], modulus: &[u8]) -> bool {
    exponent.len().cmp(&modulus.len()).then_with(|| exponent.cmp(modulus)).is_ge()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exponent_is_less_than_the_modulus() {
        assert!(is_too_large(&[2, 0], &[2, 0]) && is_too_large(&[1, 0, 1], &[9, 9]));
        assert!(!is_too_large(&[1, 0], &[2, 0]) && !is_too_large(&[255], &[1, 0]));
    }

    #[test]
    fn an_exponent_is_odd_and_at_least_three() {
        for bad in [&[][..], &[0], &[1], &[2], &[4], &[1, 0], &[1, 0, 2]] {
            assert!(is_bad(bad), "{bad:?}");
        }
        for good in [&[3][..], &[17], &[1, 0, 1], &[1, 0, 0, 1]] {
            assert!(!is_bad(good), "{good:?}");
        }
    }
}
