//! What is known against one RSA modulus without any other.

use std::sync::OnceLock;

use num_bigint::BigUint;

use super::roca::{Resemblance, resemblance};
use super::small_factors::{SmallPrimes, power};
use super::{fermat, natural};

/// Longer moduli are not looked at: no certificate that works has one.
const MOST_OCTETS: usize = 2_048;
/// Shorter ones are factored by anybody, whatever their form.
const LEAST_OCTETS: usize = 32;

/// The faults of one modulus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ModulusFaults {
    pub roca: Option<Resemblance>,
    /// Fermat's method finds the factors in this round.
    pub fermat_round: Option<u64>,
    /// A prime factor under 2^16.
    pub small_factor: Option<u64>,
    /// It is a perfect power of this exponent.
    pub power: Option<u32>,
}

impl ModulusFaults {
    /// Of a big-endian modulus. One of a length that nobody uses has none.
    pub fn of(modulus: &[u8]) -> Self {
        if !(LEAST_OCTETS..=MOST_OCTETS).contains(&modulus.len()) {
            return Self::default();
        }
        let limbs = natural::from_octets(modulus);
        let small_factor = small_factor(&limbs);
        if small_factor.is_some() {
            return Self { small_factor, ..Self::default() };
        }
        let number = BigUint::from_bytes_be(modulus);
        Self {
            roca: resemblance(&limbs),
            fermat_round: fermat::round(&number),
            small_factor: None,
            power: power(&number),
        }
    }
}

/// A prime factor under 2^16.
pub(super) fn small_factor(number: &[u64]) -> Option<u64> {
    static PRIMES: OnceLock<SmallPrimes> = OnceLock::new();
    PRIMES.get_or_init(SmallPrimes::new).factor(number)
}

/// The number without its prime factors under 2^16.
pub(super) fn without_small_factors(number: &[u64]) -> Vec<u64> {
    let mut number = natural::trimmed(number.to_vec());
    while let Some(factor) = small_factor(&number).filter(|_| !natural::is_zero(&number)) {
        number = (super::gcd::big(&number) / factor).to_u64_digits();
    }
    number
}
