//! `key.rsa.shared_factor`: the RSA modulus has a prime in common with another one that was seen here (N. Heninger and
//! others, "Mining your Ps and Qs", 2012): devices that made their keys before they had randomness.
//!
//! The inventory was asked once for all keys; this is what it answered. The primes are never shown.

use super::Draft;
use crate::assess::view::ChainView;
use crate::assess::words;
use crate::model::{Rule, Severity, Verdict};

/// Other certificates that are named.
const LISTED: usize = 10;

pub(super) fn judge(view: &ChainView<'_>) -> Option<Verdict> {
    let (others, certificate) = view.path().find_map(|(_, certificate)| {
        certificate.key.as_ref()?.rsa_modulus.as_ref()?;
        let mut others = view.context.inventory.sharing_a_factor(&certificate.spki_sha256?);
        others.retain(|other| *other != certificate.sha256);
        others.sort_unstable();
        others.dedup();
        (!others.is_empty()).then_some((others, certificate))
    })?;
    let names: Vec<String> = others.iter().map(|other| other.short()).collect();
    Draft::new(Rule::RsaSharedFactor, Severity::Critical, "RSA key shares a prime with another one")
        .detail(format!(
            "The modulus of {} has a prime in common with that of {}: anybody who sees both can compute the private keys \
             of all of them.",
            words::certificate(certificate),
            words::listed(&names)
        ))
        .about(certificate)
        .fact("certificates", i64::try_from(others.len() + 1).unwrap_or(i64::MAX))
        .facts("others", others.iter().take(LISTED).map(|other| other.to_string()).collect())
        .remedy(
            "Update the device's software, let it gather randomness, and make a new key on each of these machines; revoke \
             all these certificates. Other keys of the same devices are in doubt.",
        )
        .sources(&["Heninger et al., Mining your Ps and Qs, USENIX Security 2012"])
        .on_chain(view)
}
