//! `tls.vuln.shared_prime`: a Diffie-Hellman prime of 1024 bits that very many servers share (CVE-2015-4000): whoever works
//! once for one prime reads them all. Shorter primes are `tls.vuln.logjam`; from 2048 bits on sharing is no harm, and the
//! groups of RFC 3526 and RFC 7919 are the ones to use.

use super::Draft;
use crate::assess::view::EndpointView;
use crate::model::{DhParameters, Rule, Severity, Verdict};

/// A well-known prime within a state's reach, and not within everybody's.
pub(super) fn is_shared(dh: &DhParameters) -> bool {
    dh.known_prime.is_some() && dh.bits == 1_024 && !dh.export
}

pub(super) fn judge(view: &EndpointView<'_>) -> Option<Verdict> {
    let dh = view.inspection()?.dh_parameters.iter().find(|dh| is_shared(dh))?;
    let name = dh.known_prime?;
    Draft::new(
        Rule::SharedPrime,
        Severity::Medium,
        "Diffie-Hellman prime of 1024 bits that many servers share",
    )
    .detail(format!(
        "The server uses the prime of {name}, {} bits: the work of breaking it is shared by all who wish to.",
        dh.bits
    ))
    .group(format!("prime:{name}"))
    .fact("known_prime", name)
    .fact("bits", i64::from(dh.bits))
    .fact("prime_sha256", dh.prime_sha256.to_string())
    .remedy("Disable DHE suites in favour of ECDHE, or use a group of RFC 7919 (ffdhe2048 or larger).")
    .sources(&["CVE-2015-4000", "RFC 7919 section 1"])
    .on_endpoint(view)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::tests::inspected::{finding, is_silent, sound, with_prime};

    #[test]
    fn only_short_primes_are_worse_for_being_well_known() {
        let verdict = finding(&with_prime(1_024, Some("RFC 2409 group 2")), Rule::SharedPrime);
        assert_eq!(verdict.severity, Severity::Medium);
        assert!(is_silent(&with_prime(2_048, Some("RFC 7919 ffdhe2048")), Rule::SharedPrime));
        assert!(is_silent(&with_prime(1_024, None), Rule::SharedPrime));
        assert!(is_silent(&sound(), Rule::SharedPrime));
    }
}
