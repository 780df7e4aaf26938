//! Products of long numbers by transforms over two prime fields and the Chinese remainder theorem.
//!
//! Numbers are cut into pieces of 50 bits, the coefficients of a polynomial. Its cyclic product is that of the numbers modulo
//! `2^(50·n) - 1`: the product itself if it is shorter, else its upper part added to the lower one, which division and
//! remainder trees make use of.

use super::field::{Factor, Field};
use super::word::{high, low, wide_product};

/// Bits in a piece. With 2^23 pieces in the shorter number, coefficients stay under 2^123 and the primes' product of 2^124.
const PIECE_BITS: u32 = 50;
const PIECE_MASK: u64 = (1 << PIECE_BITS) - 1;
/// The least length that is cut into blocks.
const LEAST_PIECES: usize = 16;

/// Primes under 2^62 with roots of unity of order 2^36: `k · 2^36 + 1`.
const PRIMES: [(u64, u64); 2] =
    [(0x3fff_ffa0_0000_0001, 0x3d12_9672_7647_b2b5), (0x3fff_ff30_0000_0001, 0x37e8_5023_a194_26b7)];

/// Both fields with their roots, which grow with the longest product so far.
#[derive(Debug)]
pub struct Multiplier {
    fields: [Field; 2],
    /// The first prime's inverse in the second field.
    inverse: Factor,
}

/// How long a transform is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Length {
    pieces: usize,
    depth: u32,
}

/// A number, evaluated.
#[derive(Debug, Clone)]
pub(super) struct Transformed {
    length: Length,
    residues: [Vec<u64>; 2],
}

impl Length {
    /// The least length whose cyclic product does not touch itself in `limbs` limbs.
    pub(super) fn of(limbs: usize) -> Self {
        let bits = limbs.saturating_mul(64);
        let pieces = bits.div_ceil(50).saturating_add(1).max(LEAST_PIECES);
        // Four to seven times a power of two.
        let mut depth = 0;
        while (pieces - 1) >> depth >= super::field::LONGEST_BLOCK {
            depth += 1;
        }
        let block = ((pieces - 1) >> depth) + 1;
        Self { pieces: block << depth, depth }
    }

    /// Limbs that hold any cyclic product.
    fn limbs(self) -> usize {
        self.pieces.saturating_mul(50).div_ceil(64).saturating_add(1)
    }
}

impl Default for Multiplier {
    fn default() -> Self {
        let [first, second] = PRIMES.map(|(prime, root)| Field::new(prime, root));
        let inverse = second.factor(second.inverse(first.prime() % second.prime()));
        Self { fields: [first, second], inverse }
    }
}

impl Multiplier {
    /// Evaluates a number that has at most as many pieces as `length`; more are wrapped around.
    pub(super) fn transform(&mut self, number: &[u64], length: Length) -> Transformed {
        self.fields.iter_mut().for_each(|field| field.prepare(length.depth));
        let mut pieces = pieces_of(number, length.pieces);
        let mut second = pieces.clone();
        let [a, b] = &self.fields;
        a.forward(&mut pieces, length.depth);
        b.forward(&mut second, length.depth);
        Transformed { length, residues: [pieces, second] }
    }

    /// The product of two transforms.
    pub(super) fn multiply(&self, a: &Transformed, b: &Transformed) -> Product {
        let [first, second] = &self.fields;
        let ([a1, a2], [b1, b2]) = (&a.residues, &b.residues);
        let depth = a.length.depth;
        let residues = [first.multiply(a1, b1, depth), second.multiply(a2, b2, depth)];
        Product { length: a.length, residues }
    }

    /// The number that a product stands for, modulo `2^(50·n) - 1` and perhaps one such modulus too large.
    pub(super) fn finish(&self, product: Product) -> Vec<u64> {
        let Product { length, residues: [mut first, mut second] } = product;
        let [a, b] = &self.fields;
        a.backward(&mut first, length.depth);
        b.backward(&mut second, length.depth);
        let (last_a, last_b) = (a.last_factor(length.depth), b.last_factor(length.depth));
        let coefficients = first.iter().zip(&second).map(|(x, y)| {
            let (x, y) = (a.scale(*x, last_a), b.scale(*y, last_b));
            // Garner: x + p·((y - x) / p mod q). `x` is less than twice `q`, the primes being close.
            let difference = y + (2 * b.prime() - x);
            let digit = b.scale(difference, self.inverse);
            u128::from(x) + wide_product(a.prime(), digit)
        });
        number_of(coefficients, length)
    }
}

/// A product of transforms, not yet a number.
#[derive(Debug)]
pub(super) struct Product {
    length: Length,
    residues: [Vec<u64>; 2],
}

impl Product {
    /// The sum of two products of one length.
    pub(super) fn plus(mut self, other: &Self, multiplier: &Multiplier) -> Self {
        let fields = multiplier.fields.iter();
        for ((mine, theirs), field) in self.residues.iter_mut().zip(&other.residues).zip(fields) {
            for (x, y) in mine.iter_mut().zip(theirs) {
                *x = field.reduce(*x + *y);
            }
        }
        self
    }
}

/// Cuts a number into pieces; those beyond `count` are added to the first ones.
fn pieces_of(number: &[u64], count: usize) -> Vec<u64> {
    let mut pieces = Vec::with_capacity(count);
    let (mut buffer, mut filled) = (0_u128, 0_u32);
    for limb in number {
        buffer |= u128::from(*limb) << filled;
        filled += 64;
        while filled >= PIECE_BITS {
            pieces.push(low(buffer) & PIECE_MASK);
            buffer >>= PIECE_BITS;
            filled -= PIECE_BITS;
        }
    }
    pieces.push(low(buffer));
    if pieces.len() > count {
        let beyond = pieces.split_off(count);
        // Sums of a few pieces are as good as pieces: they are far below the primes, and the tree wraps once.
        pieces.iter_mut().zip(&beyond).for_each(|(piece, more)| *piece += more);
    }
    pieces.resize(count, 0);
    pieces
}

/// Adds the coefficients up, each 50 bits above the one before.
fn number_of(coefficients: impl Iterator<Item = u128>, length: Length) -> Vec<u64> {
    let mut number = Vec::with_capacity(length.limbs());
    let (mut carry, mut buffer, mut filled) = (0_u128, 0_u128, 0_u32);
    for coefficient in coefficients {
        carry += coefficient;
        buffer |= u128::from(low(carry) & PIECE_MASK) << filled;
        carry >>= PIECE_BITS;
        filled += PIECE_BITS;
        if filled >= 64 {
            number.push(low(buffer));
            buffer >>= 64;
            filled -= 64;
        }
    }
    number.push(low(buffer));
    // What is left beyond the last piece belongs to the first.
    let mut rest = carry;
    for limb in &mut number {
        if rest == 0 {
            break;
        }
        let sum = u128::from(*limb) + u128::from(low(rest));
        *limb = low(sum);
        rest = u128::from(high(rest)) + u128::from(high(sum));
    }
    number
}
