//! `key.rsa.small_factor`: an RSA modulus that is even, has a prime factor under 65,536, or is a perfect power (Baseline
//! Requirements 6.1.6: odd, no power of a prime, no factor smaller than 752).

use super::Draft;
use crate::assess::keys::SMALL_FACTOR_LIMIT;
use crate::assess::view::ChainView;
use crate::assess::words;
use crate::model::{Rule, Severity, Verdict};

/// What kind of number the modulus is.
enum Fault {
    Factor(u64),
    Power(u32),
}

pub(super) fn judge(view: &ChainView<'_>) -> Option<Verdict> {
    let (fault, certificate) = view.faulty_key(|faults| {
        let factor = faults.modulus.small_factor.map(Fault::Factor);
        factor.or_else(|| faults.modulus.power.map(Fault::Power))
    })?;
    let (what, name, number) = match fault {
        Fault::Factor(2) => ("is even".to_owned(), "factor", 2),
        Fault::Factor(factor) => (
            format!("can be divided by {factor}; factors start far above {SMALL_FACTOR_LIMIT}"),
            "factor",
            factor,
        ),
        Fault::Power(exponent) => {
            (format!("is a perfect power, of exponent {exponent}"), "exponent", u64::from(exponent))
        }
    };
    Draft::new(Rule::RsaSmallFactor, Severity::Critical, "RSA modulus is no product of two large primes")
        .detail(format!("The modulus of {} {what}.", words::certificate(certificate)))
        .about(certificate)
        .fact(name, i64::try_from(number).unwrap_or(i64::MAX))
        .remedy(
            "Make a new key with sound software (a damaged file can look like this, too), have the certificate issued \
             for it, and revoke this one.",
        )
        .sources(&["CA/Browser Forum TLS Baseline Requirements section 6.1.6", "NIST SP 800-89 section 5.3.3"])
        .on_chain(view)
}
