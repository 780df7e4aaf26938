//! Moduli that fall apart at a glance: an even one, one with a prime factor under 2^16, a perfect power. Baseline Requirements
//! section 6.1.6 asks for no factor under 752.

use num_bigint::BigUint;

use super::gcd::{big, gcd, remainder_by_word};
use super::natural::is_one;
use super::word::low;

/// Factors under this are found.
pub const LIMIT: u64 = 65_536;

/// Odd primes under [`LIMIT`].
#[derive(Debug)]
pub(super) struct SmallPrimes {
    /// Grouped so that each group's product fits a word.
    groups: Vec<(u64, Vec<u64>)>,
    /// Their product, of some 94,000 bits.
    product: BigUint,
}

impl SmallPrimes {
    pub(super) fn new() -> Self {
        let mut is_prime = vec![true; usize::try_from(LIMIT).unwrap_or(0)];
        let mut groups: Vec<(u64, Vec<u64>)> = Vec::new();
        for number in (3..LIMIT).step_by(2) {
            let index = usize::try_from(number).unwrap_or(0);
            if !is_prime.get(index).copied().unwrap_or(false) {
                continue;
            }
            is_prime.iter_mut().skip(index * index).step_by(index).for_each(|is| *is = false);
            match groups.last_mut().and_then(|group| Some((group.0.checked_mul(number)?, group))) {
                Some((product, group)) => {
                    group.0 = product;
                    group.1.push(number);
                }
                None => groups.push((number, vec![number])),
            }
        }
        let product = groups.iter().map(|(product, _)| BigUint::from(*product)).product();
        Self { groups, product }
    }

    /// The least prime factor under [`LIMIT`] that the number has; least limb first.
    pub(super) fn factor(&self, number: &[u64]) -> Option<u64> {
        if number.first().is_none_or(|limb| limb % 2 == 0) {
            return Some(2);
        }
        // One division tells nearly all moduli from those that have such a factor.
        if is_one(&gcd(number, &(&self.product % big(number)).to_u64_digits())) {
            return None;
        }
        self.groups.iter().find_map(|(product, primes)| {
            let rest = remainder_by_word(number, *product);
            primes.iter().copied().find(|prime| rest.is_multiple_of(*prime))
        })
    }
}

/// The exponent, if the modulus is a perfect power. Roots whose square is more than 2^16 only: others have small factors.
pub(super) fn power(modulus: &BigUint) -> Option<u32> {
    let bits = u32::try_from(modulus.bits()).unwrap_or(u32::MAX);
    // Roots of at least 16 bits; of an exponent that is no prime, one of its prime factors is found first.
    (2..=bits / 16).filter(|exponent| is_prime(*exponent)).find(|exponent| {
        !is_surely_no_power(modulus, *exponent) && modulus.nth_root(*exponent).pow(*exponent) == *modulus
    })
}

fn is_prime(number: u32) -> bool {
    (2..number)
        .take_while(|divisor| divisor * divisor <= number)
        .all(|divisor| !number.is_multiple_of(divisor))
}

/// Powers of exponent `e` are few modulo a prime `q = k·e + 1`: those whose `k`th power is 1.
fn is_surely_no_power(modulus: &BigUint, exponent: u32) -> bool {
    let primes = (1..400_u32).map(|k| (k, k * exponent + 1)).filter(|(_, q)| is_prime(*q));
    primes.take(6).any(|(k, q)| {
        let rest = (modulus % q).to_u64_digits().first().copied().unwrap_or(0);
        rest != 0 && power_modulo(rest, k, q.into()) != 1
    })
}

fn power_modulo(base: u64, exponent: u32, modulus: u64) -> u64 {
    (0..exponent).fold(1, |power, _| low(u128::from(power) * u128::from(base) % u128::from(modulus)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factor(number: &BigUint) -> Option<u64> {
        SmallPrimes::new().factor(&number.to_u64_digits())
    }

    #[test]
    fn the_least_factor_under_the_limit_is_found() {
        let mersenne = (BigUint::from(1_u8) << 2_203_u32) - 1_u8;
        assert_eq!(factor(&mersenne), None);
        for prime in [2_u64, 3, 751, 65_521] {
            assert_eq!(factor(&(&mersenne * prime)), Some(prime));
        }
        assert_eq!(factor(&(&mersenne * 65_537_u32)), None);
    }

    #[test]
    fn powers_are_told_with_their_exponent() {
        let mersenne = (BigUint::from(1_u8) << 607_u32) - 1_u8;
        assert_eq!(power(&mersenne.pow(2)), Some(2));
        assert_eq!(power(&mersenne.pow(3)), Some(3));
        assert_eq!(power(&BigUint::from(65_537_u32).pow(121)), Some(11));
        assert_eq!(power(&(mersenne.pow(2) + 2_u8)), None);
    }
}
