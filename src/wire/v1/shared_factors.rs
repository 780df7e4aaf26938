//! The answer of `inventory factor`: keys that have a prime in common. The primes are in no document.

use serde::{Deserialize, Serialize};

use super::{CertificateReference, Text, Timestamp};
use crate::time::UnixTime;

/// All RSA moduli of the inventory, compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedFactorsDocument<'a> {
    /// `certvigil.shared_factors/v1`
    pub schema: Text<'a>,
    pub generated_at: Timestamp,
    /// Different moduli that were compared.
    pub moduli: u64,
    pub groups: Vec<SharedFactorGroup<'a>>,
}

impl<'a> SharedFactorsDocument<'a> {
    /// What comparing `moduli` moduli brought.
    pub fn new(generated_at: UnixTime, moduli: u64, groups: Vec<SharedFactorGroup<'a>>) -> Self {
        let schema = "certvigil.shared_factors/v1".into();
        Self { schema, generated_at: Timestamp(generated_at), moduli, groups }
    }
}

/// Keys that hang together by common primes: whoever sees the certificates computes the private keys of all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedFactorGroup<'a> {
    /// Different keys.
    pub keys: u64,
    pub certificates: Vec<CertificateReference<'a>>,
}
