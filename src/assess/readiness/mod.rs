//! Readiness of a fleet for what is dated: shorter lifetimes, post-quantum key exchange and keys, the end of client
//! authentication under public authorities, the end of OCSP. Pure: observations go in one by one, counts come out.
//!
//! Memory: up to three fingerprints for each certificate in use, and the counts. What was not looked at is counted as unknown.

mod key_exchange;
mod keys;
mod lifetimes;
mod purposes;
#[cfg(test)]
mod tests;

pub(super) use key_exchange::Standing;

use std::collections::HashSet;

use super::Context;
use super::view::EndpointView;
use crate::model::readiness::Readiness;
use crate::model::{Assessment, Observation};
use crate::x509::{Certificate, Fingerprint};
use lifetimes::LifetimeCollector;

/// Collects what a fleet shows.
#[derive(Debug)]
pub struct ReadinessCollector {
    counts: Readiness,
    lifetimes: LifetimeCollector,
    keys_of: HashSet<Fingerprint>,
    counted: HashSet<Fingerprint>,
    public: HashSet<Fingerprint>,
}

impl Default for ReadinessCollector {
    fn default() -> Self {
        let counts = Readiness { key_exchange: key_exchange::begin(), ..Readiness::default() };
        Self {
            counts,
            lifetimes: LifetimeCollector::default(),
            keys_of: HashSet::new(),
            counted: HashSet::new(),
            public: HashSet::new(),
        }
    }
}

impl ReadinessCollector {
    /// Takes note of one endpoint as it is now. Without a chain there is nothing to note.
    pub fn observe(
        &mut self,
        observation: &Observation,
        assessment: &Assessment,
        owner: Option<&str>,
        context: &Context<'_>,
    ) {
        let Some(chain) = observation.outcome.presented() else { return };
        key_exchange::observe(&mut self.counts.key_exchange, &EndpointView { observation, context });
        for certificate in chain.certificates.iter() {
            if self.keys_of.insert(certificate.sha256) {
                keys::observe(&mut self.counts.keys, certificate);
            }
        }
        let Some(certificate) = chain.end_entity() else { return };
        self.counts.certificates += u64::from(self.counted.insert(certificate.sha256));
        // Nobody renews what has ended. Where one endpoint lacks the intermediate, another may show whose it is.
        let has_ended = certificate.not_after.is_some_and(|end| end < context.now);
        if !has_ended && is_public(assessment, context) && self.public.insert(certificate.sha256) {
            self.count_public(certificate, &observation.endpoint.label(), owner);
        }
    }

    fn count_public(&mut self, certificate: &Certificate, endpoint: &str, owner: Option<&str>) {
        let counts = &mut self.counts;
        counts.public_certificates += 1;
        purposes::observe_purposes(&mut counts.purposes, certificate);
        purposes::observe_status(&mut counts.status, certificate);
        self.lifetimes.observe(certificate, endpoint, owner);
    }

    /// The counts.
    pub fn finish(self) -> Readiness {
        Readiness { lifetimes: self.lifetimes.finish(), ..self.counts }
    }
}

/// The presented chain leads to an anchor of a public store.
fn is_public(assessment: &Assessment, context: &Context<'_>) -> bool {
    let Some(chain) = assessment.chains.first().filter(|chain| chain.offered_for.is_none()) else {
        return false;
    };
    let public = |name: &str| context.stores.iter().any(|s| s.info.is_public && *s.info.name == *name);
    chain.trust.stores.iter().any(|verdict| verdict.reason.is_none() && public(&verdict.store))
}
