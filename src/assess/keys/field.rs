//! A prime field of 62 bits with the transform that makes multiplication of very long numbers cheap (a number-theoretic
//! transform, J. M. Pollard 1971; butterflies without full reduction after D. Harvey 2014, doi 10.1016/j.jsc.2013.09.002).
//!
//! A polynomial modulo `x^(m·2^k) - 1` is split into 2^k polynomials modulo `x^m - r`, and put together again. The order is
//! depth first, so that what is worked on stays in the processor's caches whatever the length.

use super::word::{high, high_product, low, wide_product};

/// A factor that is used often, with its quotient by the prime (V. Shoup's method).
#[derive(Debug, Clone, Copy)]
pub(super) struct Factor {
    value: u64,
    quotient: u64,
}

/// One prime field and the roots of unity worked out so far.
#[derive(Debug)]
pub(super) struct Field {
    prime: u64,
    /// `-1 / prime` modulo 2^64.
    negative_inverse: u64,
    /// Of order 2^36.
    root: u64,
    /// Square roots of the residues `r` of the blocks, in the order of the blocks; the same for every length.
    roots: Vec<Factor>,
    inverse_roots: Vec<Factor>,
}

/// The order of [`Field::root`] is two to this.
const ROOT_ORDER: u32 = 36;
/// Elements that fit the processor's first cache together with their roots.
const CACHED: usize = 4_096;

impl Field {
    /// `prime` is less than 2^62, and `root` has the order 2^36 in its field.
    pub(super) fn new(prime: u64, root: u64) -> Self {
        // Newton's iteration: each step doubles the bits that are right.
        let inverse = (0..6)
            .fold(1_u64, |inverse, _| inverse.wrapping_mul(2_u64.wrapping_sub(prime.wrapping_mul(inverse))));
        Self {
            prime,
            negative_inverse: inverse.wrapping_neg(),
            root,
            roots: Vec::new(),
            inverse_roots: Vec::new(),
        }
    }

    pub(super) fn prime(&self) -> u64 {
        self.prime
    }

    pub(super) fn factor(&self, value: u64) -> Factor {
        Factor { value, quotient: low((u128::from(value) << 64) / u128::from(self.prime)) }
    }

    /// `x · factor`, less than twice the prime; `x` may be any word.
    pub(super) fn scale_lazily(&self, x: u64, factor: Factor) -> u64 {
        let quotient = high_product(x, factor.quotient);
        x.wrapping_mul(factor.value).wrapping_sub(quotient.wrapping_mul(self.prime))
    }

    /// `x · factor`, reduced.
    pub(super) fn scale(&self, x: u64, factor: Factor) -> u64 {
        reduce_once(self.scale_lazily(x, factor), self.prime)
    }

    pub(super) fn power(&self, base: u64, mut exponent: u64) -> u64 {
        let (mut result, mut square) = (1, base);
        while exponent > 0 {
            if exponent & 1 == 1 {
                result = self.scale(result, self.factor(square));
            }
            square = self.scale(square, self.factor(square));
            exponent >>= 1;
        }
        result
    }

    pub(super) fn inverse(&self, value: u64) -> u64 {
        self.power(value, self.prime - 2)
    }

    /// Works out the roots for transforms into 2^`depth` blocks.
    pub(super) fn prepare(&mut self, depth: u32) {
        let wanted = 1_usize << depth.saturating_sub(1);
        if self.roots.is_empty() {
            self.roots.push(self.factor(1));
            self.inverse_roots.push(self.factor(1));
        }
        while self.roots.len() < wanted {
            // The block after a power of two: its root has the order 2^(j+2).
            let order = self.roots.len().trailing_zeros() + 2;
            let step = self.power(self.root, 1 << (ROOT_ORDER - order));
            let inverse_step = self.factor(self.inverse(step));
            let step = self.factor(step);
            self.roots = self.doubled(&self.roots, step);
            self.inverse_roots = self.doubled(&self.inverse_roots, inverse_step);
        }
    }

    fn doubled(&self, roots: &[Factor], step: Factor) -> Vec<Factor> {
        let next = roots.iter().map(|root| self.factor(self.scale(root.value, step)));
        roots.iter().copied().chain(next).collect()
    }

    /// Splits into 2^`depth` blocks. Takes and gives words less than four times the prime.
    pub(super) fn forward(&self, data: &mut [u64], depth: u32) {
        self.forward_block(data, 0, depth);
    }

    fn forward_block(&self, data: &mut [u64], block: usize, depth: u32) {
        if depth == 0 {
            return;
        }
        if data.len() > CACHED {
            let (left, right) = self.split_block(data, block);
            self.forward_block(left, 2 * block, depth - 1);
            self.forward_block(right, 2 * block + 1, depth - 1);
            return;
        }
        for level in 0..depth {
            let length = data.len() >> level;
            let roots = self.roots.get(block << level..).unwrap_or_default();
            for (chunk, root) in data.chunks_exact_mut(length).zip(roots) {
                self.split(chunk, *root);
            }
        }
    }

    fn split_block<'d>(&self, data: &'d mut [u64], block: usize) -> (&'d mut [u64], &'d mut [u64]) {
        if let Some(root) = self.roots.get(block) {
            self.split(data, *root);
        }
        data.split_at_mut(data.len() / 2)
    }

    /// From modulo `x^2m - s²` to modulo `x^m - s` and `x^m + s`.
    #[inline(always)]
    fn split(&self, data: &mut [u64], root: Factor) {
        let twice = 2 * self.prime;
        let (left, right) = data.split_at_mut(data.len() / 2);
        for (x, y) in left.iter_mut().zip(right) {
            let kept = reduce_once(*x, twice);
            let turned = self.scale_lazily(*y, root);
            *x = kept + turned;
            *y = kept + (twice - turned);
        }
    }

    /// Undoes [`Field::forward`], but for a factor of 2^`depth`. Takes and gives words less than twice the prime.
    pub(super) fn backward(&self, data: &mut [u64], depth: u32) {
        self.backward_block(data, 0, depth);
    }

    fn backward_block(&self, data: &mut [u64], block: usize, depth: u32) {
        if depth == 0 {
            return;
        }
        if data.len() > CACHED {
            let (left, right) = data.split_at_mut(data.len() / 2);
            self.backward_block(left, 2 * block, depth - 1);
            self.backward_block(right, 2 * block + 1, depth - 1);
            if let Some(root) = self.inverse_roots.get(block) {
                self.join(data, *root);
            }
            return;
        }
        for level in (0..depth).rev() {
            let length = data.len() >> level;
            let roots = self.inverse_roots.get(block << level..).unwrap_or_default();
            for (chunk, root) in data.chunks_exact_mut(length).zip(roots) {
                self.join(chunk, *root);
            }
        }
    }

    #[inline(always)]
    fn join(&self, data: &mut [u64], inverse_root: Factor) {
        let twice = 2 * self.prime;
        let (left, right) = data.split_at_mut(data.len() / 2);
        for (x, y) in left.iter_mut().zip(right) {
            let (a, b) = (*x, *y);
            *x = reduce_once(a + b, twice);
            *y = self.scale_lazily(a + (twice - b), inverse_root);
        }
    }

    /// Multiplies two transforms block by block, in Montgomery's form: the result lacks a factor of 2^64. Takes words
    /// less than four times the prime, gives reduced ones.
    pub(super) fn multiply(&self, a: &[u64], b: &[u64], depth: u32) -> Vec<u64> {
        let length = a.len() >> depth;
        let mut product = Vec::with_capacity(a.len());
        let mut left = [0_u64; LONGEST_BLOCK];
        // The second factor, last first.
        let mut right = [0_u64; LONGEST_BLOCK];
        for (block, (a, b)) in a.chunks_exact(length).zip(b.chunks_exact(length)).enumerate() {
            left.iter_mut().zip(a).for_each(|(to, from)| *to = self.reduce(*from));
            right.iter_mut().zip(b.iter().rev()).for_each(|(to, from)| *to = self.reduce(*from));
            let (left, right) = (left.get(..length), right.get(..length));
            if let (Some(left), Some(right)) = (left, right) {
                self.multiply_block(left, right, block, &mut product);
            }
        }
        product
    }

    /// Modulo `x^m - r`. `right` is reversed. The sums of up to seven products of 124 bits fit 128.
    #[inline(always)]
    fn multiply_block(&self, left: &[u64], right: &[u64], block: usize, product: &mut Vec<u64>) {
        let root = self.roots.get(block / 2).copied().unwrap_or(Factor { value: 1, quotient: 0 });
        let length = left.len();
        let sum = |a: &[u64], b: &[u64]| a.iter().zip(b).map(|(a, b)| wide_product(*a, *b)).sum::<u128>();
        for degree in 0..length {
            // left[0..=degree] meets right[degree..=0], the rest wraps around.
            let (head, tail) = left.split_at(degree + 1);
            let (wrapping, meeting) = right.split_at(length - 1 - degree);
            let wrapped = self.scale(self.montgomery(sum(tail, wrapping)), root);
            let wrapped = if block % 2 == 1 { self.prime - wrapped } else { wrapped };
            product.push(self.reduce(self.montgomery(sum(head, meeting)) + wrapped));
        }
    }

    /// `value / 2^64`, less than the prime; `value` is less than 2^127.
    fn montgomery(&self, value: u128) -> u64 {
        let multiple = low(value).wrapping_mul(self.negative_inverse);
        // The lower halves cancel out, with a carry unless both are zero.
        let carry = u64::from(low(value) != 0);
        let sum = high(value) + high_product(multiple, self.prime) + carry;
        self.reduce(sum)
    }

    /// Fully reduces a word less than four times the prime.
    pub(super) fn reduce(&self, word: u64) -> u64 {
        reduce_once(reduce_once(word, 2 * self.prime), self.prime)
    }

    /// The factor that [`Field::multiply`] and [`Field::backward`] leave to be applied.
    pub(super) fn last_factor(&self, depth: u32) -> Factor {
        let two_to_64 = low((1_u128 << 64) % u128::from(self.prime));
        let inverse = self.inverse(1 << depth);
        self.factor(self.scale(two_to_64, self.factor(inverse)))
    }
}

/// The longest block that is multiplied directly.
pub(super) const LONGEST_BLOCK: usize = 7;

#[inline(always)]
fn reduce_once(word: u64, modulus: u64) -> u64 {
    // Without a branch: what is smaller turns into something larger.
    word.min(word.wrapping_sub(modulus))
}
