//! The greatest common divisor of two numbers of some thousand bits (D. H. Lehmer 1938; Knuth, TAOCP 2, algorithm 4.5.2 L):
//! the quotients of Euclid's algorithm are found from the leading 64 bits, and applied to the whole a few dozen at a time.

use super::natural::{compare, is_zero, significant, trimmed};
use super::word::{high, low, wide_product};

/// The greatest common divisor; of zero and `a`, `a`.
pub(super) fn gcd(a: &[u64], b: &[u64]) -> Vec<u64> {
    let (mut a, mut b) = (trimmed(a.to_vec()), trimmed(b.to_vec()));
    if compare(&a, &b).is_lt() {
        std::mem::swap(&mut a, &mut b);
    }
    while !is_zero(&b) {
        let steps = if b.len() > 1 { Steps::of(&a, &b) } else { Steps::NONE };
        if steps.b == 0 {
            let rest = remainder(&a, &b);
            a = std::mem::replace(&mut b, rest);
        } else {
            steps.apply(&mut a, &mut b);
            if compare(&a, &b).is_lt() {
                std::mem::swap(&mut a, &mut b);
            }
        }
    }
    a
}

/// `a` modulo `b`, which is not zero.
pub(super) fn remainder(a: &[u64], b: &[u64]) -> Vec<u64> {
    if let [divisor] = b {
        return trimmed(vec![remainder_by_word(a, *divisor)]);
    }
    let (a, b) = (big(a), big(b));
    (a % b).to_u64_digits()
}

/// `a` modulo a word, which is not zero.
pub(super) fn remainder_by_word(a: &[u64], divisor: u64) -> u64 {
    a.iter()
        .rev()
        .fold(0, |rest, limb| low(((u128::from(rest) << 64) | u128::from(*limb)) % u128::from(divisor)))
}

/// The same number for the library.
pub(super) fn big(number: &[u64]) -> num_bigint::BigUint {
    let halves = number.iter().flat_map(|limb| [low(u128::from(*limb)) & 0xffff_ffff, limb >> 32]);
    num_bigint::BigUint::new(halves.map(|half| u32::try_from(half).unwrap_or(0)).collect())
}

/// Several steps of Euclid's algorithm: a' = |a·x - b·y|, and so on; the signs alternate.
#[derive(Debug, Clone, Copy)]
struct Steps {
    a: u64,
    b: u64,
    c: u64,
    d: u64,
    /// After an even number of steps: a' = a·x - b·y, b' = d·y - c·x.
    is_even: bool,
}

impl Steps {
    const NONE: Self = Self { a: 1, b: 0, c: 0, d: 1, is_even: true };

    /// The steps whose quotients the leading bits settle (Collins's condition); `x` is not less than `y`.
    fn of(x: &[u64], y: &[u64]) -> Self {
        let Some(top) = x.last() else { return Self::NONE };
        let shift = top.leading_zeros();
        let (mut u, mut v) = (leading(x, x.len(), shift), leading(y, x.len(), shift));
        let mut steps = Self::NONE;
        while v != 0 {
            let quotient = u / v;
            let (Some(c), Some(d)) = (
                quotient.checked_mul(steps.c).and_then(|q| q.checked_add(steps.a)),
                quotient.checked_mul(steps.d).and_then(|q| q.checked_add(steps.b)),
            ) else {
                break;
            };
            let rest = u - quotient * v;
            // `d` is the largest of the cofactors.
            if d >> 31 != 0 || rest < d || v - rest < d + steps.d {
                break;
            }
            (steps.a, steps.b, steps.c, steps.d) = (steps.c, steps.d, c, d);
            (u, v) = (v, rest);
            steps.is_even = !steps.is_even;
        }
        steps
    }

    fn apply(self, x: &mut Vec<u64>, y: &mut Vec<u64>) {
        let length = x.len();
        y.resize(length, 0);
        let (mut first, mut second) = (Difference::default(), Difference::default());
        for (x, y) in x.iter_mut().zip(y.iter_mut()) {
            let (p, q) = (*x, *y);
            if self.is_even {
                *x = first.next(p, self.a, q, self.b);
                *y = second.next(q, self.d, p, self.c);
            } else {
                *x = first.next(q, self.b, p, self.a);
                *y = second.next(p, self.c, q, self.d);
            }
        }
        x.truncate(significant(x));
        y.truncate(significant(y));
    }
}

/// `x·a - y·b`, limb by limb.
#[derive(Debug, Default)]
struct Difference {
    plus: u64,
    minus: u64,
    borrow: bool,
}

impl Difference {
    fn next(&mut self, x: u64, a: u64, y: u64, b: u64) -> u64 {
        let plus = wide_product(x, a) + u128::from(self.plus);
        let minus = wide_product(y, b) + u128::from(self.minus);
        (self.plus, self.minus) = (high(plus), high(minus));
        let (limb, borrow) = super::word::sub_borrow(low(plus), low(minus), self.borrow);
        self.borrow = borrow;
        limb
    }
}

/// The 64 bits that lead a number of `length` limbs whose first limb has `shift` leading zeros.
fn leading(number: &[u64], length: usize, shift: u32) -> u64 {
    let limb = |back: usize| length.checked_sub(back).and_then(|at| number.get(at)).copied().unwrap_or(0);
    let below = if shift == 0 { 0 } else { limb(2) >> (64 - shift) };
    (limb(1) << shift) | below
}

#[cfg(test)]
mod tests {
    use super::super::natural::fitted;
    use super::*;
    use proptest::prelude::*;

    fn number() -> impl Strategy<Value = Vec<u64>> {
        proptest::collection::vec(any::<u64>(), 1..12)
    }

    proptest! {
        #[test]
        fn divisors_are_those_that_euclid_finds(a in number(), b in number(), common in number()) {
            let (a, b) = (big(&a) * big(&common), big(&b) * big(&common));
            let mut expected = (a.clone(), b.clone());
            while expected.1.bits() > 0 {
                let rest = &expected.0 % &expected.1;
                expected = (expected.1, rest);
            }
            let found = gcd(&fitted(a.to_u64_digits(), 24), &b.to_u64_digits());
            prop_assert_eq!(big(&found), expected.0);
        }
    }

    #[test]
    fn nothing_is_divided_by_everything() {
        assert_eq!(gcd(&[0, 0], &[6]), [6]);
        assert_eq!(gcd(&[6], &[0]), [6]);
        assert_eq!(gcd(&[u64::MAX, u64::MAX], &[u64::MAX, u64::MAX]), [u64::MAX, u64::MAX]);
    }
}
