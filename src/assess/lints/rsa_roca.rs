//! `key.rsa.roca`: an RSA key made by a library whose primes can be guessed (CVE-2017-15361; Baseline Requirements
//! 6.1.1.3 item 5.2: the CA must refuse it).

use super::Draft;
use crate::assess::keys::Resemblance;
use crate::assess::view::ChainView;
use crate::assess::words;
use crate::model::{Rule, Severity, Verdict};

pub(super) fn judge(view: &ChainView<'_>) -> Option<Verdict> {
    let (resemblance, certificate) = view.faulty_key(|faults| faults.modulus.roca)?;
    let bits = certificate.key.as_ref().and_then(|key| key.bits).unwrap_or(0);
    let how_sure = match resemblance {
        Resemblance::Certain => "certain",
        Resemblance::Fingerprint => "fingerprint",
    };
    let chance = match resemblance {
        Resemblance::Certain => "there is a discrete logarithm for it, which chance gives once in 2^154",
        Resemblance::Fingerprint => "it has the fingerprint, which chance gives once in 240 million keys",
    };
    Draft::new(Rule::RsaRoca, Severity::Critical, "RSA key can be factored: ROCA")
        .detail(format!(
            "{} has an RSA key of {bits} bits from a library that makes guessable primes: {chance}.",
            words::certificate(certificate)
        ))
        .about(certificate)
        .fact("certainty", how_sure)
        .fact("bits", i64::from(bits))
        .remedy(
            "Make a new key outside of the card or TPM, or after an update of its firmware; have the certificate issued \
             for it, and revoke this one.",
        )
        .sources(&["CVE-2017-15361", "CA/Browser Forum TLS Baseline Requirements section 6.1.1.3"])
        .on_chain(view)
}
