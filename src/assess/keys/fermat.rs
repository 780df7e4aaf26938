//! Fermat's factorisation, 1643: `N = a² - b²` is found at once where the two primes are close together, as of printers and a
//! VPN gateway in 2022 (CVE-2022-26320). Baseline Requirements section 6.1.1.3 asks for 100 rounds.

use num_bigint::BigUint;

use super::word::low;

/// Values of `a` that are tried.
pub const ROUNDS: u64 = 100;

/// Moduli by which a square is told from most other numbers; pairwise coprime, at most 64, together under 2^62.
const SIEVE: [u64; 10] = [64, 63, 55, 61, 59, 53, 47, 43, 41, 37];
const SIEVE_PRODUCT: u64 = {
    let (mut product, mut index) = (1, 0);
    while index < SIEVE.len() {
        #[expect(clippy::indexing_slicing, reason = "a constant, worked out when compiled")]
        let modulus = SIEVE[index];
        product *= modulus;
        index += 1;
    }
    product
};

/// In which round `modulus` falls apart, from 1; `None` for one that does not, or is a square.
pub(super) fn round(modulus: &BigUint) -> Option<u64> {
    let mut a = modulus.sqrt();
    if &a * &a < *modulus {
        a += 1_u8;
    }
    let residue = |number: &BigUint| (number % SIEVE_PRODUCT).to_u64_digits().first().copied().unwrap_or(0);
    let (start, whole) = (residue(&a), residue(modulus));
    let squares = SIEVE.map(|modulus| (0..modulus).fold(0_u64, |set, x| set | 1 << (x * x % modulus)));
    let may_be_square = |number: u64| {
        SIEVE.iter().zip(squares).all(|(modulus, squares)| squares >> (number % modulus) & 1 == 1)
    };
    (0..ROUNDS).find_map(|step| {
        let a_here = u128::from(start) + u128::from(step);
        let difference = a_here * a_here + u128::from(SIEVE_PRODUCT - whole);
        if !may_be_square(low(difference % u128::from(SIEVE_PRODUCT))) {
            return None;
        }
        let here = &a + step;
        let square = &here * &here - modulus;
        let b = square.sqrt();
        // A square number has the factor twice; that is another fault.
        (&b * &b == square && b.bits() > 0).then_some(step + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// About 2^bits, odd.
    fn near(bits: u32, offset: u64) -> BigUint {
        (BigUint::from(1_u8) << bits) + offset
    }

    #[test]
    fn close_factors_are_found_in_the_round_that_their_distance_asks_for() {
        let p = near(1_024, 643);
        assert_eq!(round(&(&p * (&p + 2_u8))), Some(1));
        // (q - p)² / 8√N is the number of rounds.
        let distance = BigUint::from(1_u8) << 516_u32;
        let found = round(&(&p * (&p + &distance))).unwrap();
        assert!((32..=34).contains(&found), "{found}");
    }

    #[test]
    fn distant_factors_are_not_found_and_squares_are_another_fault() {
        let p = near(1_024, 643);
        assert_eq!(round(&(&p * (&p + (BigUint::from(1_u8) << 518_u32)))), None);
        assert_eq!(round(&(&p * &p)), None);
        assert_eq!(round(&(near(1_023, 1) * near(1_024, 643))), None);
    }
}
