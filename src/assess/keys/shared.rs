//! Shared factors: which of many moduli have a prime in common with another one. Whoever sees two such moduli computes both
//! private keys in microseconds.

use super::division::Divisor;
use super::natural::{self, is_one};
use super::rsa::without_small_factors;
use super::transform::Multiplier;
use super::tree::Tree;

/// Moduli that are examined together: against each other, and against the products of others.
///
/// Memory: some 25 times the moduli.
#[derive(Debug)]
pub struct Part {
    tree: Tree,
    divisor: Divisor,
    /// `P/n` for each modulus `n` at once, and times the products met so far, modulo the product of all.
    rest: Vec<u64>,
}

/// A modulus with a factor that another one has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedFactor {
    /// Its place in the part.
    pub index: usize,
    /// What it has in common with the others, big-endian: a prime, or the whole modulus. Never shown: it is the private key.
    pub divisor: Vec<u8>,
}

/// Octets of moduli in one part, at most: transforms hold no more, and memory stays under 1 GiB.
pub const MOST_OCTETS: usize = 8 << 20;

impl Part {
    /// Of different big-endian moduli; `None` for nothing at all, or a zero.
    pub fn new<'m>(multiplier: &mut Multiplier, moduli: impl Iterator<Item = &'m [u8]>) -> Option<Self> {
        let moduli: Vec<Vec<u64>> = moduli.map(natural::from_octets).collect();
        if moduli.is_empty() || moduli.iter().any(Vec::is_empty) {
            return None;
        }
        let tree = Tree::new(multiplier, moduli);
        let divisor = tree.divisor(multiplier);
        let rest = divisor.remainder(multiplier, tree.derivative());
        Some(Self { tree, divisor, rest })
    }

    /// Takes the product of other moduli into account.
    pub fn meet(&mut self, multiplier: &mut Multiplier, others: &ModuliProduct) {
        let others = self.divisor.remainder(multiplier, &others.0);
        let product = natural::product(multiplier, &self.rest, &others);
        self.rest = self.divisor.remainder(multiplier, &product);
    }

    /// The moduli that share a factor of more than 16 bits with one of this part, or of those met.
    pub fn shared(self, multiplier: &mut Multiplier) -> Vec<SharedFactor> {
        let divisors = self.tree.divisors(multiplier, &self.divisor, &self.rest);
        let real = |(index, divisor): (usize, Vec<u64>)| {
            if is_one(&divisor) {
                return None;
            }
            let divisor = without_small_factors(&divisor);
            (!is_one(&divisor)).then(|| SharedFactor { index, divisor: natural::to_octets(&divisor) })
        };
        divisors.into_iter().enumerate().filter_map(real).collect()
    }
}

/// The product of several moduli.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuliProduct(Vec<u64>);

impl ModuliProduct {
    /// Of big-endian moduli, none zero.
    pub fn of<'m>(multiplier: &mut Multiplier, moduli: impl Iterator<Item = &'m [u8]>) -> Self {
        let mut level: Vec<Vec<u64>> = moduli.map(natural::from_octets).collect();
        while level.len() > 1 {
            let pair = |pair: &[Vec<u64>]| match pair {
                [a, b] => natural::product(multiplier, a, b),
                _ => pair.first().cloned().unwrap_or_default(),
            };
            level = level.chunks(2).map(pair).collect();
        }
        Self(level.pop().unwrap_or_else(|| vec![1]))
    }

    /// To little-endian octets.
    pub fn to_octets(&self) -> Vec<u8> {
        self.0.iter().flat_map(|limb| limb.to_le_bytes()).collect()
    }

    /// From [`ModuliProduct::to_octets`].
    pub fn from_octets(octets: &[u8]) -> Self {
        let limb = |chunk: &[u8]| chunk.iter().rev().fold(0, |limb, octet| (limb << 8) | u64::from(*octet));
        Self(octets.chunks(8).map(limb).collect())
    }
}

/// Divisors that moduli were found to share, to look for in others.
#[derive(Debug)]
pub struct Suspects(Vec<u64>);

impl Suspects {
    /// The divisors of what was found; `None` if nothing was.
    pub fn of(multiplier: &mut Multiplier, found: &[SharedFactor]) -> Option<Self> {
        if found.is_empty() {
            return None;
        }
        Some(Self(ModuliProduct::of(multiplier, found.iter().map(|shared| shared.divisor.as_slice())).0))
    }

    /// Whether this big-endian modulus has a factor of more than 16 bits in common with one of the divisors.
    pub fn touch(&self, modulus: &[u8]) -> bool {
        let modulus = natural::from_octets(modulus);
        if modulus.is_empty() {
            return false;
        }
        let divisor = super::gcd::gcd(&modulus, &super::gcd::remainder(&self.0, &modulus));
        !is_one(&divisor) && !is_one(&without_small_factors(&divisor))
    }
}

/// Whether two big-endian moduli have a factor of more than 16 bits in common that splits both. A modulus that is a
/// multiple of another splits nothing of that one: anybody can make one.
pub fn have_common_factor(a: &[u8], b: &[u8]) -> bool {
    let (a, b) = (natural::from_octets(a), natural::from_octets(b));
    let divisor = super::gcd::gcd(&a, &b);
    if is_one(&divisor) {
        return false;
    }
    let divisor = without_small_factors(&divisor);
    !is_one(&divisor) && divisor != without_small_factors(&a) && divisor != without_small_factors(&b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint::BigUint;

    /// Odd numbers of 1,024 bits that look random, and are the same each time.
    fn numbers(count: usize) -> Vec<BigUint> {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            u32::try_from(state >> 32).unwrap()
        };
        let mut number = || {
            let mut digits: Vec<u32> = (0..32).map(|_| next()).collect();
            digits[0] |= 1;
            digits[31] |= 1 << 31;
            BigUint::new(digits)
        };
        (0..count).map(|_| number()).collect()
    }

    #[test]
    fn a_multiple_of_a_modulus_splits_nothing() {
        let [p, q, r]: [BigUint; 3] = numbers(3).try_into().unwrap();
        let octets = |number: &BigUint| number.to_bytes_be();
        let victim = octets(&(&p * &q));
        assert!(!have_common_factor(&victim, &octets(&(&p * &q * &r))), "anybody can make one");
        assert!(!have_common_factor(&victim, &octets(&(&p * &q * 3_u32))));
        assert!(!have_common_factor(&victim, &victim));
        assert!(have_common_factor(&victim, &octets(&(&p * &r))));
    }

    fn moduli(count: usize) -> (Vec<Vec<u8>>, BigUint) {
        let mut numbers = numbers(2 * count + 1);
        let prime = numbers.pop().unwrap();
        let mut moduli: Vec<BigUint> = numbers.chunks(2).map(|pair| &pair[0] * &pair[1]).collect();
        moduli[3] = &prime * &numbers[0];
        moduli[count - 2] = &prime * &numbers[1];
        // A common factor of 3 is another fault.
        moduli[4] = &numbers[2] * 3_u8;
        moduli[5] = &numbers[3] * 3_u8;
        (moduli.iter().map(BigUint::to_bytes_be).collect(), prime)
    }

    fn slices(moduli: &[Vec<u8>]) -> impl Iterator<Item = &[u8]> {
        moduli.iter().map(Vec::as_slice)
    }

    /// Against trying each pair: whatever two have in common, be it a whole modulus.
    fn by_pairs(moduli: &[Vec<u8>]) -> Vec<usize> {
        let common = |a: usize, b: usize| {
            let number = |index: usize| natural::from_octets(&moduli[index]);
            !is_one(&without_small_factors(&crate::assess::keys::gcd::gcd(&number(a), &number(b))))
        };
        let shares = |a: usize| (0..moduli.len()).any(|b| a != b && common(a, b));
        (0..moduli.len()).filter(|a| shares(*a)).collect()
    }

    #[test]
    fn a_shared_prime_is_found_on_both_moduli() {
        let (moduli, prime) = moduli(61);
        let mut multiplier = Multiplier::default();
        let found = Part::new(&mut multiplier, slices(&moduli)).unwrap().shared(&mut multiplier);
        assert_eq!(found.iter().map(|shared| shared.index).collect::<Vec<_>>(), by_pairs(&moduli));
        assert!([3, 59].iter().all(|index| found.iter().any(|shared| shared.index == *index)));
        let prime = natural::from_octets(&prime.to_bytes_be());
        let has_it = |shared: &SharedFactor| {
            let divisor = natural::from_octets(&shared.divisor);
            !is_one(&without_small_factors(&crate::assess::keys::gcd::gcd(&divisor, &prime)))
        };
        assert!(found.iter().any(has_it));
    }

    #[test]
    fn a_shared_prime_is_found_between_parts() {
        let (moduli, _) = moduli(61);
        let mut multiplier = Multiplier::default();
        let mut found = Vec::new();
        for (from, to) in [(0, 20), (20, 45), (45, 61)] {
            let mut part = Part::new(&mut multiplier, slices(&moduli[from..to])).unwrap();
            for (other_from, other_to) in [(0, 20), (20, 45), (45, 61)] {
                if from != other_from {
                    let others = ModuliProduct::of(&mut multiplier, slices(&moduli[other_from..other_to]));
                    let others = ModuliProduct::from_octets(&others.to_octets());
                    part.meet(&mut multiplier, &others);
                }
            }
            found.extend(part.shared(&mut multiplier).into_iter().map(|shared| from + shared.index));
        }
        assert_eq!(found, by_pairs(&moduli));
    }

    #[test]
    fn one_modulus_meets_all_others() {
        let (moduli, _) = moduli(40);
        let mut multiplier = Multiplier::default();
        for (index, is_weak) in [(3, true), (38, true), (7, false)] {
            let mut part = Part::new(&mut multiplier, slices(&moduli[index..=index])).unwrap();
            let others =
                slices(&moduli).enumerate().filter(|(other, _)| *other != index).map(|(_, other)| other);
            let others = ModuliProduct::of(&mut multiplier, others);
            part.meet(&mut multiplier, &others);
            assert_eq!(!part.shared(&mut multiplier).is_empty(), is_weak, "{index}");
        }
    }

    #[test]
    fn moduli_of_all_lengths_go_together_and_nothing_is_no_part() {
        let mut moduli = moduli(20).0;
        moduli.push(vec![5]);
        moduli.push(numbers(1)[0].pow(9).to_bytes_be());
        moduli.push(numbers(1)[0].to_bytes_be());
        let mut multiplier = Multiplier::default();
        let found = Part::new(&mut multiplier, slices(&moduli)).unwrap().shared(&mut multiplier);
        assert_eq!(found.iter().map(|shared| shared.index).collect::<Vec<_>>(), by_pairs(&moduli));
        assert!(Part::new(&mut multiplier, std::iter::empty()).is_none());
        assert!(Part::new(&mut multiplier, [&[0_u8][..]].into_iter()).is_none());
    }
}
