//! The answer of `inventory history`: how one endpoint changed.

use serde::{Deserialize, Serialize};

use super::endpoint::{fingerprints, outcome_document};
use super::scalar::registered;
use super::{CertificateReference, EndpointReference, OutcomeDocument, Sha256, Text, Timestamp};
use crate::model::{Observation, Outcome};
use crate::time::UnixTime;
use crate::x509::Chain;

/// States of one endpoint, in the order asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryDocument<'a> {
    /// `certvigil.history/v1`
    pub schema: Text<'a>,
    pub generated_at: Timestamp,
    pub endpoint: EndpointReference<'a>,
    /// How many states there are, listed or not.
    pub total: u64,
    pub entries: Vec<HistoryEntry<'a>>,
}

impl<'a> HistoryDocument<'a> {
    /// The history of `endpoint`: `entries` out of `total`.
    pub fn new(
        generated_at: UnixTime,
        endpoint: EndpointReference<'a>,
        total: u64,
        entries: Vec<HistoryEntry<'a>>,
    ) -> Self {
        Self {
            schema: "certvigil.history/v1".into(),
            generated_at: Timestamp(generated_at),
            endpoint,
            total,
            entries,
        }
    }
}

/// A state that lasted from its first to its last sighting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry<'a> {
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
    pub outcome: OutcomeDocument<'a>,
    /// The presented end-entity certificate.
    pub certificate: Option<CertificateReference<'a>>,
    pub presented: Vec<Sha256>,
    pub version: Option<Text<'a>>,
    pub cipher_suite: Option<Text<'a>>,
}

impl<'a> HistoryEntry<'a> {
    /// The state that `observation` showed, seen alike until `last_seen`.
    pub fn of(observation: &'a Observation<Chain>, last_seen: UnixTime) -> Self {
        let chain = observation.outcome.presented();
        let tls = match &observation.outcome {
            Outcome::Handshake(handshake) => Some(&handshake.tls),
            Outcome::Failure(_) | Outcome::Read(_) => None,
        };
        Self {
            first_seen: Timestamp(observation.observed_at),
            last_seen: Timestamp(last_seen),
            outcome: outcome_document(&observation.outcome),
            certificate: chain.and_then(Chain::end_entity).map(|c| CertificateReference::of(c)),
            presented: chain.map(fingerprints).unwrap_or_default(),
            version: tls.and_then(|tls| tls.version).map(|v| registered(v.known_name(), v)),
            cipher_suite: tls.and_then(|tls| tls.cipher_suite).map(|s| registered(s.known_name(), s)),
        }
    }
}
