//! Natural numbers as slices of 64-bit limbs, the least first. Zeros at the end are allowed.

use std::cmp::Ordering;

use super::transform::{Length, Multiplier};
use super::word::{add_carry, high, low, sub_borrow, wide_product};

/// From so many limbs in the shorter factor on, transforms are faster than the schoolbook.
pub(super) const TRANSFORM_FROM: usize = 160;

/// From big-endian octets, without zeros at the end.
pub(super) fn from_octets(octets: &[u8]) -> Vec<u64> {
    let limb = |chunk: &[u8]| chunk.iter().fold(0, |limb, octet| (limb << 8) | u64::from(*octet));
    trimmed(octets.rchunks(8).map(limb).collect())
}

/// To big-endian octets without leading zeros.
pub(super) fn to_octets(number: &[u64]) -> Vec<u8> {
    let octets = number.iter().rev().flat_map(|limb| limb.to_be_bytes());
    octets.skip_while(|octet| *octet == 0).collect()
}

pub(super) fn trimmed(mut number: Vec<u64>) -> Vec<u64> {
    number.truncate(significant(&number));
    number
}

/// Limbs without zeros at the end.
pub(super) fn significant(number: &[u64]) -> usize {
    number.iter().rposition(|limb| *limb != 0).map_or(0, |last| last + 1)
}

pub(super) fn is_zero(number: &[u64]) -> bool {
    number.iter().all(|limb| *limb == 0)
}

pub(super) fn is_one(number: &[u64]) -> bool {
    number.split_first().is_some_and(|(first, rest)| *first == 1 && is_zero(rest))
}

pub(super) fn compare(a: &[u64], b: &[u64]) -> Ordering {
    let (a, b) = (a.get(..significant(a)).unwrap_or(a), b.get(..significant(b)).unwrap_or(b));
    a.len().cmp(&b.len()).then_with(|| a.iter().rev().cmp(b.iter().rev()))
}

/// `a += b`; gives the carry out. `b` is not longer.
pub(super) fn add_to(a: &mut [u64], b: &[u64]) -> bool {
    let mut carry = false;
    let mut b = b.iter();
    for limb in a {
        match b.next() {
            Some(other) => (*limb, carry) = add_carry(*limb, *other, carry),
            None if carry => (*limb, carry) = add_carry(*limb, 0, carry),
            None => return false,
        }
    }
    carry
}

/// `a -= b` modulo the width of `a`; whether it went below zero. Limbs of `b` beyond `a` are left out.
pub(super) fn subtract_from(a: &mut [u64], b: &[u64]) -> bool {
    let mut borrow = false;
    let mut b = b.iter();
    for limb in a {
        match b.next() {
            Some(other) => (*limb, borrow) = sub_borrow(*limb, *other, borrow),
            None if borrow => (*limb, borrow) = sub_borrow(*limb, 0, borrow),
            None => return false,
        }
    }
    borrow
}

/// `-a` modulo the width of `a`.
pub(super) fn negate(a: &mut [u64]) {
    let mut carry = true;
    for limb in a {
        (*limb, carry) = add_carry(!*limb, 0, carry);
    }
}

/// `number · 2^bits`; one limb longer for bits that are no multiple of 64.
pub(super) fn shifted_left(number: &[u64], bits: usize) -> Vec<u64> {
    let mut shifted = vec![0; bits / 64];
    let within = bits % 64;
    if within == 0 {
        shifted.extend_from_slice(number);
        return shifted;
    }
    let mut below = 0;
    for limb in number {
        shifted.push((limb << within) | below);
        below = limb >> (64 - within);
    }
    shifted.push(below);
    shifted
}

/// The limbs from `start` on, at most `count`.
pub(super) fn middle(number: &[u64], start: usize, count: usize) -> Vec<u64> {
    number.iter().skip(start).take(count).copied().collect()
}

/// `sum += a · factor`, carried on as far as `sum` reaches.
pub(super) fn add_multiple(sum: &mut [u64], a: &[u64], factor: u64) {
    let mut carry = 0_u64;
    let mut a = a.iter();
    for limb in sum {
        match a.next() {
            Some(other) => {
                let wide = wide_product(*other, factor) + u128::from(*limb) + u128::from(carry);
                (*limb, carry) = (low(wide), high(wide));
            }
            None if carry > 0 => {
                let (total, over) = limb.overflowing_add(carry);
                (*limb, carry) = (total, u64::from(over));
            }
            None => return,
        }
    }
}

/// The product, as long as both together.
pub(super) fn product(multiplier: &mut Multiplier, a: &[u64], b: &[u64]) -> Vec<u64> {
    if a.len().min(b.len()) < TRANSFORM_FROM {
        return schoolbook(a, b);
    }
    cyclic_product(multiplier, a, b, a.len() + b.len())
}

/// The product modulo a number of at least `64 · limbs` bits that is one less than a power of two; `limbs` limbs of it.
pub(super) fn cyclic_product(multiplier: &mut Multiplier, a: &[u64], b: &[u64], limbs: usize) -> Vec<u64> {
    let length = Length::of(limbs);
    let (a, b) = (multiplier.transform(a, length), multiplier.transform(b, length));
    let product = multiplier.multiply(&a, &b);
    fitted(multiplier.finish(product), limbs)
}

/// Cut or filled with zeros to this length.
pub(super) fn fitted(mut number: Vec<u64>, limbs: usize) -> Vec<u64> {
    number.resize(limbs, 0);
    number
}

pub(super) fn schoolbook(a: &[u64], b: &[u64]) -> Vec<u64> {
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    let mut product = vec![0; a.len() + b.len()];
    for (position, factor) in short.iter().enumerate() {
        add_multiple(product.get_mut(position..).unwrap_or_default(), long, *factor);
    }
    product
}

#[cfg(test)]
mod tests {
    use super::super::gcd::big;
    use super::*;
    use proptest::prelude::*;

    fn number() -> impl Strategy<Value = Vec<u64>> {
        proptest::collection::vec(prop_oneof![any::<u64>(), Just(0), Just(u64::MAX)], 1..900)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn products_are_the_librarys(a in number(), b in number()) {
            let mut multiplier = Multiplier::default();
            let expected = big(&a) * big(&b);
            prop_assert_eq!(big(&schoolbook(&a, &b)), expected.clone());
            prop_assert_eq!(big(&cyclic_product(&mut multiplier, &a, &b, a.len() + b.len())), expected);
        }

        #[test]
        fn what_is_added_can_be_taken_away(a in number(), b in number(), bits in 0_usize..200) {
            let width = a.len().max(b.len()) + 1;
            let mut sum = fitted(a.clone(), width);
            prop_assert!(!add_to(&mut sum, &b));
            prop_assert_eq!(big(&sum), big(&a) + big(&b));
            prop_assert!(!subtract_from(&mut sum, &b));
            prop_assert_eq!(compare(&sum, &a), Ordering::Equal);
            prop_assert_eq!(big(&shifted_left(&a, bits)), big(&a) << bits);
        }
    }

    #[test]
    fn the_longest_runs_of_ones_do_not_overflow_a_coefficient() {
        let mut multiplier = Multiplier::default();
        let ones = vec![u64::MAX; 5_000];
        let product = product(&mut multiplier, &ones, &ones);
        assert_eq!(big(&product), big(&ones) * big(&ones));
    }

    #[test]
    fn octets_come_back() {
        let octets = [1, 2, 3, 4, 5, 6, 7, 8, 9];
        assert_eq!(from_octets(&octets), [0x0203_0405_0607_0809, 1]);
        assert_eq!(to_octets(&from_octets(&octets)), octets);
        assert!(to_octets(&from_octets(&[0, 0])).is_empty());
    }
}
