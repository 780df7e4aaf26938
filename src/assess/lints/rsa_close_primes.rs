//! `key.rsa.close_primes`: the two primes of an RSA key are so close that Fermat's method finds them (CVE-2022-26320;
//! Baseline Requirements 6.1.1.3 item 5.3: 100 rounds).

use super::Draft;
use crate::assess::keys::FERMAT_ROUNDS;
use crate::assess::view::ChainView;
use crate::assess::words;
use crate::model::{Rule, Severity, Verdict};

pub(super) fn judge(view: &ChainView<'_>) -> Option<Verdict> {
    let (round, certificate) = view.faulty_key(|faults| faults.modulus.fermat_round)?;
    Draft::new(Rule::RsaClosePrimes, Severity::Critical, "RSA key can be factored: its primes are close")
        .detail(format!(
            "The two primes of the key of {} are so close that Fermat's method finds them in round {round} of \
             {FERMAT_ROUNDS}: anybody can compute the private key.",
            words::certificate(certificate)
        ))
        .about(certificate)
        .fact("round", i64::try_from(round).unwrap_or(i64::MAX))
        .remedy("Make a new key with sound software, have the certificate issued for it, and revoke this one.")
        .sources(&["CVE-2022-26320", "CA/Browser Forum TLS Baseline Requirements section 6.1.1.3"])
        .on_chain(view)
}
