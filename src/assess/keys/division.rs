//! Division of very long numbers by one divisor, with its reciprocal by Newton's iteration (Brent and Zimmermann, Modern
//! Computer Arithmetic, sections 2.4 and 3.4).

use super::gcd::big;
use super::natural::{
    add_to, compare, fitted, middle, negate, product, shifted_left, significant, subtract_from,
};
use super::transform::Multiplier;

/// Up to so many limbs the library divides.
const DIRECTLY: usize = 48;

/// A divisor that is used often.
#[derive(Debug)]
pub(super) struct Divisor {
    number: Vec<u64>,
    /// Limbs of the shifted divisor, whose first bit is set: at least two more than of the number.
    limbs: usize,
    /// It was shifted by so many bits.
    shift: usize,
    /// `2^(128·limbs) / shifted`, a few units of the last place off.
    reciprocal: Vec<u64>,
}

impl Divisor {
    /// Of a number that is not zero, for fractions of `precision` limbs after the point, which is at least its length.
    pub(super) fn new(multiplier: &mut Multiplier, number: &[u64], precision: usize) -> Self {
        let number = middle(number, 0, significant(number));
        let limbs = precision.max(number.len() + 1) + 1;
        let zeros = number.last().map_or(0, |top| top.leading_zeros());
        let shift = 64 * (limbs - number.len()) + usize::try_from(zeros).unwrap_or(0);
        let reciprocal = reciprocal(multiplier, &fitted(shifted_left(&number, shift), limbs));
        Self { number, limbs, shift, reciprocal }
    }

    /// `number` modulo the divisor, of any length.
    pub(super) fn remainder(&self, multiplier: &mut Multiplier, number: &[u64]) -> Vec<u64> {
        let mut rest = Vec::new();
        for piece in number.chunks(self.limbs - 1).rev() {
            let mut next = piece.to_vec();
            next.extend_from_slice(&rest);
            rest = self.short_remainder(multiplier, next);
        }
        rest
    }

    /// As [`Divisor::remainder`], of a number less than the divisor times `2^(64·(limbs - 1))`.
    fn short_remainder(&self, multiplier: &mut Multiplier, mut number: Vec<u64>) -> Vec<u64> {
        let width = self.number.len() + 1;
        if number.len() >= self.number.len() {
            let quotient = self.quotient(multiplier, &number);
            let subtracted = product(multiplier, &quotient, &self.number);
            number.resize(width, 0);
            subtract_from(&mut number, &subtracted);
            // The quotient is a few units off, to either side.
            while number.last().is_some_and(|top| top >> 63 == 1) {
                add_to(&mut number, &self.number);
            }
            while compare(&number, &self.number).is_ge() {
                subtract_from(&mut number, &self.number);
            }
        }
        fitted(number, self.number.len())
    }

    fn quotient(&self, multiplier: &mut Multiplier, number: &[u64]) -> Vec<u64> {
        // The lower limbs change the quotient by less than one.
        let shifted = shifted_left(number, self.shift);
        let top = shifted.get(self.limbs - 1..).unwrap_or_default();
        let product = product(multiplier, top, &self.reciprocal);
        middle(&product, self.limbs + 1, product.len())
    }

    /// The fraction `number / divisor`, `limbs` limbs after the point; `number` is less than the divisor.
    pub(super) fn fraction(&self, multiplier: &mut Multiplier, number: &[u64], limbs: usize) -> Vec<u64> {
        let shifted = shifted_left(number, self.shift);
        let product = product(multiplier, &shifted, &self.reciprocal);
        fitted(middle(&product, 2 * self.limbs - limbs, limbs), limbs)
    }
}

/// `2^(128·n) / number` for a number of `n` limbs whose first bit is set, a few units of the last place off.
fn reciprocal(multiplier: &mut Multiplier, number: &[u64]) -> Vec<u64> {
    let limbs = number.len();
    if limbs <= DIRECTLY {
        let numerator = num_bigint::BigUint::from(1_u8) << (128 * limbs);
        return fitted((numerator / big(number)).to_u64_digits(), limbs + 1);
    }
    let half = limbs / 2 + 2;
    let less = limbs - half;
    let rough = reciprocal(multiplier, number.get(less..).unwrap_or(number));
    // One, less the rough reciprocal times the number: some units around limb `limbs + 1`.
    let mut error = fitted(product(multiplier, &rough, number), half + limbs);
    negate(&mut error);
    let is_negative = error.last().is_some_and(|top| top >> 63 == 1);
    if is_negative {
        negate(&mut error);
    }
    let correction = product(multiplier, &rough, &middle(&error, less, half + 2));
    let correction = middle(&correction, 3 * half - limbs, limbs + 1);
    let mut better = vec![0; less];
    better.extend_from_slice(&rough);
    better.resize(limbs + 1, 0);
    if is_negative {
        subtract_from(&mut better, &correction);
    } else {
        add_to(&mut better, &correction);
    }
    better
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number(most: usize) -> impl Strategy<Value = Vec<u64>> {
        proptest::collection::vec(prop_oneof![any::<u64>(), Just(0), Just(u64::MAX)], 1..most)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn remainders_are_the_librarys(a in number(700), b in number(250)) {
            prop_assume!(b.iter().any(|limb| *limb != 0));
            let mut multiplier = Multiplier::default();
            let divisor = Divisor::new(&mut multiplier, &b, b.len() + 1);
            let found = divisor.remainder(&mut multiplier, &a);
            prop_assert_eq!(big(&found), big(&a) % big(&b));
        }

        #[test]
        fn fractions_are_a_unit_or_two_off(a in number(200), b in number(250)) {
            prop_assume!(b.iter().any(|limb| *limb != 0));
            let mut multiplier = Multiplier::default();
            let places = b.len() + 1;
            let divisor = Divisor::new(&mut multiplier, &b, places);
            let rest = divisor.remainder(&mut multiplier, &a);
            let found = big(&divisor.fraction(&mut multiplier, &rest, places));
            let exact = (big(&rest) << (64 * places)) / big(&b);
            let off = if found > exact { found - exact } else { exact - found };
            prop_assert!(off <= 2_u8.into(), "{off}");
        }
    }
}
