//! Shared factors among many moduli in quasi-linear time (D. J. Bernstein, "How to find smooth parts of integers", 2004;
//! N. Heninger and others, "Mining your Ps and Qs", USENIX Security 2012): a modulus `n` shares a factor with one of the
//! others if and only if `gcd(n, P/n mod n)` is more than one, `P` being the product of all.
//!
//! `P/n` modulo `n` is that of `P'`, the sum of all `P/n`, which a tree of products yields beside `P`. It goes down the tree
//! as the fraction `P'/P` (D. J. Bernstein, "Scaled remainder trees", 2004): no division below the root.

use super::division::Divisor;
use super::gcd::gcd;
use super::natural::{self, TRANSFORM_FROM, fitted, middle, product, schoolbook};
use super::transform::{Length, Multiplier};

/// Limbs of a fraction beyond those of its node: room for an error of one or two units a level.
const GUARD: usize = 1;

/// Moduli with the tree of their products.
#[derive(Debug)]
pub(super) struct Tree {
    /// The moduli first, the product of all last.
    levels: Vec<Vec<Vec<u64>>>,
    /// The sum of all products that lack one modulus.
    derivative: Vec<u64>,
}

impl Tree {
    /// Of at least one modulus, none zero.
    pub(super) fn new(multiplier: &mut Multiplier, moduli: Vec<Vec<u64>>) -> Self {
        let mut derivatives: Vec<Vec<u64>> = moduli.iter().map(|_| vec![1]).collect();
        let mut levels = vec![moduli];
        while let Some(level) = levels.last().filter(|level| level.len() > 1) {
            let pairs = level.chunks(2).zip(derivatives.chunks(2));
            let nodes: Vec<_> = pairs.map(|(p, d)| parent(multiplier, p, d)).collect();
            let (products, next) = nodes.into_iter().unzip();
            derivatives = next;
            levels.push(products);
        }
        let derivative = derivatives.pop().unwrap_or_default();
        Self { levels, derivative }
    }

    /// The product of all.
    pub(super) fn product(&self) -> &[u64] {
        self.levels.last().and_then(|top| top.first()).map_or(&[], Vec::as_slice)
    }

    /// The sum of all products that lack one modulus, modulo the product of all.
    pub(super) fn derivative(&self) -> &[u64] {
        &self.derivative
    }

    /// A divisor for this product, precise enough for [`Tree::divisors`].
    pub(super) fn divisor(&self, multiplier: &mut Multiplier) -> Divisor {
        Divisor::new(multiplier, self.product(), self.product().len() + GUARD)
    }

    /// Of each modulus, its greatest common divisor with `rest`, which is less than the product of all.
    pub(super) fn divisors(
        &self,
        multiplier: &mut Multiplier,
        divisor: &Divisor,
        rest: &[u64],
    ) -> Vec<Vec<u64>> {
        let mut fractions = vec![divisor.fraction(multiplier, rest, self.product().len() + GUARD)];
        for level in self.levels.iter().rev().skip(1) {
            fractions = level
                .chunks(2)
                .zip(fractions)
                .flat_map(|(children, fraction)| lower(multiplier, children, fraction))
                .collect();
        }
        let moduli = self.levels.first().into_iter().flatten();
        moduli
            .zip(&fractions)
            .map(|(modulus, fraction)| gcd(modulus, &numerator(modulus, fraction)))
            .collect()
    }
}

/// The product of one or two nodes, and the derivative of it.
fn parent(multiplier: &mut Multiplier, nodes: &[Vec<u64>], derivatives: &[Vec<u64>]) -> (Vec<u64>, Vec<u64>) {
    let ([p, q], [dp, dq]) = (nodes, derivatives) else {
        let first = |all: &[Vec<u64>]| all.first().cloned().unwrap_or_default();
        return (first(nodes), first(derivatives));
    };
    let limbs = p.len() + q.len();
    if p.len().min(q.len()) < TRANSFORM_FROM {
        let mut derivative = fitted(schoolbook(dp, q), limbs);
        natural::add_to(&mut derivative, &schoolbook(p, dq));
        return (schoolbook(p, q), derivative);
    }
    let length = Length::of(limbs);
    let (tp, tq) = (multiplier.transform(p, length), multiplier.transform(q, length));
    let product = multiplier.multiply(&tp, &tq);
    let (tdp, tdq) = (multiplier.transform(dp, length), multiplier.transform(dq, length));
    let derivative = multiplier.multiply(&tdp, &tq).plus(&multiplier.multiply(&tp, &tdq), multiplier);
    drop((tp, tq, tdp, tdq));
    (fitted(multiplier.finish(product), limbs), fitted(multiplier.finish(derivative), limbs))
}

/// From a fraction over the product of `children` to one over each child: times the other, without the integer part.
fn lower(multiplier: &mut Multiplier, children: &[Vec<u64>], fraction: Vec<u64>) -> Vec<Vec<u64>> {
    let [p, q] = children else { return vec![fraction] };
    let upper = |whole: &[u64], child: &[u64], other: &[u64]| middle(whole, other.len(), child.len() + GUARD);
    if p.len().min(q.len()) < TRANSFORM_FROM {
        let (by_q, by_p) = (product(multiplier, &fraction, q), product(multiplier, &fraction, p));
        return vec![upper(&by_q, p, q), upper(&by_p, q, p)];
    }
    // The integer part wraps around into limbs that are dropped.
    let length = Length::of(fraction.len());
    let transformed = multiplier.transform(&fraction, length);
    let mut side = |child: &[u64], other: &[u64]| {
        let other_transformed = multiplier.transform(other, length);
        let product = multiplier.multiply(&transformed, &other_transformed);
        drop(other_transformed);
        fitted(upper(&multiplier.finish(product), child, other), child.len() + GUARD)
    };
    vec![side(p, q), side(q, p)]
}

/// What the fraction over `modulus` has above the line: the nearest integer to their product.
fn numerator(modulus: &[u64], fraction: &[u64]) -> Vec<u64> {
    let whole = schoolbook(modulus, fraction);
    let (below, above) = whole.split_at(fraction.len().min(whole.len()));
    let mut above = above.to_vec();
    if below.last().is_some_and(|top| top >> 63 == 1) {
        natural::add_to(&mut above, &[1]);
    }
    above
}
