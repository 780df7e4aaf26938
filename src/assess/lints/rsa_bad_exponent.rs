//! `key.rsa.bad_exponent`: an RSA public exponent of 1 or an even one: no RSA at all, anyone can forge
//! (RFC 8017 section 3.1; Baseline Requirements 6.1.6: odd, at least 3).

use super::Draft;
use crate::assess::view::ChainView;
use crate::assess::words;
use crate::model::{Rule, Severity, Verdict};

pub(super) fn judge(view: &ChainView<'_>) -> Option<Verdict> {
    let (exponent, certificate) = view.path().find_map(|(_, c)| {
        let exponent = c.key.as_ref()?.rsa_exponent.as_deref()?;
        is_bad(exponent).then_some((exponent, c))
    })?;
    // A hostile exponent may be as long as the message.
    let shown = words::hex(exponent.get(..8).unwrap_or(exponent));
    Draft::new(Rule::RsaBadExponent, Severity::Critical, "RSA key has an impossible exponent")
        .detail(format!(
            "{} has the public exponent 0x{shown}{}; an exponent is odd and at least 3.",
            words::certificate(certificate),
            if exponent.len() > 8 { "…" } else { "" }
        ))
        .about(certificate)
        .fact("exponent", format!("0x{shown}"))
        .remedy(
            "Make a new key with sound software, have the certificate issued for it, and revoke this one.",
        )
        .sources(&["RFC 8017 section 3.1", "CA/Browser Forum TLS Baseline Requirements section 6.1.6"])
        .on_chain(view)
}

/// Big-endian without leading zeros; empty is zero.
fn is_bad(exponent: &[u8]) -> bool {
    match exponent {
        [] | [0..=2] => true,
        [.., last] => last % 2 == 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
