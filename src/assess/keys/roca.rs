//! ROCA (CVE-2017-15361; M. Nemec and others, ACM CCS 2017): a library of smart cards and TPMs made primes of the form
//! `k·M + (65537^a mod M)`, `M` being the product of the first primes. A modulus of two such primes is a power of 65537
//! modulo each of them, and the exponents agree: chance does that once in 2^154.

use super::gcd::remainder_by_word;

/// The odd primes to 167: factors of `M` for keys of any length.
const PRIMES: [u64; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103,
    107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];
const GENERATOR: u64 = 65_537;

/// How much a modulus looks like one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resemblance {
    /// A power of the generator modulo each prime, with exponents that contradict each other: 1 in 240 million by chance.
    Fingerprint,
    /// There is one exponent for all primes.
    Certain,
}

/// Looks at a modulus, least limb first.
pub(super) fn resemblance(modulus: &[u64]) -> Option<Resemblance> {
    // The exponent so far, and modulo what.
    let mut exponent = Some((0_u128, 1_u128));
    for prime in PRIMES {
        let (logarithm, order) = logarithm(remainder_by_word(modulus, prime), prime)?;
        exponent = exponent.and_then(|known| both(known, (logarithm.into(), order.into())));
    }
    Some(if exponent.is_some() { Resemblance::Certain } else { Resemblance::Fingerprint })
}

/// The least exponent that makes `value` of the generator, and the generator's order.
fn logarithm(value: u64, prime: u64) -> Option<(u64, u64)> {
    let (mut power, mut order, mut found) = (1, 0, None);
    loop {
        if power == value {
            found = Some(order);
        }
        power = power * (GENERATOR % prime) % prime;
        order += 1;
        if power == 1 {
            return Some((found?, order));
        }
    }
}

/// Residue and modulus of what has both residues (Chinese remainder theorem), if anything has.
fn both(known: (u128, u128), other: (u128, u128)) -> Option<(u128, u128)> {
    let ((mut value, modulus), (residue, order)) = (known, other);
    // The order is less than 167: trying is simple, and quick enough.
    for _ in 0..order {
        if value % order == residue {
            let (mut a, mut b) = (modulus, order);
            while b != 0 {
                (a, b) = (b, a % b);
            }
            return Some((value, modulus / a * order));
        }
        value += modulus;
    }
    None
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use num_bigint::BigUint;

    /// `k·M + (65537^a mod M)`, whether prime or not: the test does not ask.
    pub(in crate::assess) fn weak(k: u64, a: u64) -> BigUint {
        let primorial = PRIMES.iter().fold(BigUint::from(2_u8), |product, prime| product * *prime);
        (BigUint::from(k) << 700) * &primorial
            + BigUint::from(GENERATOR).modpow(&BigUint::from(a), &primorial)
    }

    fn judge(modulus: &BigUint) -> Option<Resemblance> {
        resemblance(&modulus.to_u64_digits())
    }

    #[test]
    fn a_modulus_of_such_primes_is_certain() {
        assert_eq!(
            judge(&(weak(123_456_789, 987_654) * weak(987_654_321, 123_456))),
            Some(Resemblance::Certain)
        );
    }

    #[test]
    fn exponents_that_contradict_each_other_are_a_fingerprint_only() {
        // 1 modulo every prime, but the generator itself modulo 11, where its order is 2: odd here, even at 13.
        let primorial = PRIMES.iter().fold(BigUint::from(2_u8), |product, prime| product * *prime);
        let rest = &primorial / 11_u8;
        let step = (1..11_u8).find(|t| (&rest * *t + 1_u8) % 11_u8 == BigUint::from(GENERATOR % 11)).unwrap();
        assert_eq!(judge(&(&rest * step + 1_u8)), Some(Resemblance::Fingerprint));
    }

    #[test]
    fn other_moduli_are_none() {
        let mut modulus = BigUint::from(3_u8).pow(1_290);
        for _ in 0..1_000 {
            modulus += 2_u8;
            assert_eq!(judge(&modulus), None);
        }
    }
}
