//! A keyed permutation of the numbers below any size, computed index by index: the order of a sweep.
//!
//! A Feistel network over the smallest even split of the domain's bits, with cycle-walking down to the exact
//! size (Black and Rogaway, "Ciphers with Arbitrary Finite Domains", CT-RSA 2002). It spreads probes over
//! networks; it is no encryption and keeps nothing secret. No state, no list: resume and sharding are arithmetic.

use crate::x509::Fingerprint;

/// Half-rounds of the network: each changes one half by the other.
const ROUNDS: usize = 8;

/// A bijection of `0..size` onto itself.
#[derive(Debug, Clone)]
pub struct Permutation {
    size: u128,
    low_bits: u32,
    low_mask: u64,
    high_mask: u64,
    keys: [u64; ROUNDS],
}

impl Permutation {
    /// The permutation of `0..size` that `seed` and `label` choose. Different labels are independent.
    pub fn new(size: u128, seed: u64, label: &str) -> Self {
        let bits = (128 - size.saturating_sub(1).leading_zeros()).max(2);
        let low_bits = bits / 2;
        Self {
            size,
            low_bits,
            low_mask: mask(low_bits),
            high_mask: mask(bits - low_bits),
            keys: keys(seed, label),
        }
    }

    /// Where `index` goes; `index` itself where it is not below the size. Fewer than two network passes on
    /// average, as the network's domain is less than twice the size.
    pub fn apply(&self, index: u128) -> u128 {
        if index >= self.size {
            return index;
        }
        let mut value = self.pass(index);
        while value >= self.size {
            value = self.pass(value);
        }
        value
    }

    fn pass(&self, value: u128) -> u128 {
        let mut low = low_half(value) & self.low_mask;
        let mut high = low_half(value >> self.low_bits) & self.high_mask;
        for (round, key) in self.keys.iter().enumerate() {
            if round % 2 == 0 {
                low ^= mix(high, *key) & self.low_mask;
            } else {
                high ^= mix(low, *key) & self.high_mask;
            }
        }
        (u128::from(high) << self.low_bits) | u128::from(low)
    }
}

/// Folds the 128-bit product: every bit of the result hangs on every bit of the input.
fn mix(value: u64, key: u64) -> u64 {
    let product = u128::from(value ^ key) * 0x9e37_79b9_7f4a_7c15_u128;
    let folded = low_half(product) ^ low_half(product >> 64) ^ key;
    let product = u128::from(folded) * 0xd6e8_feb8_6659_fd93_u128;
    low_half(product) ^ low_half(product >> 64)
}

fn keys(seed: u64, label: &str) -> [u64; ROUNDS] {
    let mut out = [0; ROUNDS];
    let digests = [0_u8, 1].map(|half| {
        let mut input = seed.to_be_bytes().to_vec();
        input.push(half);
        input.extend_from_slice(label.as_bytes());
        Fingerprint::of(&input).0
    });
    for (key, bytes) in out.iter_mut().zip(digests.as_flattened().chunks_exact(8)) {
        *key = bytes.iter().fold(0, |key, byte| (key << 8) | u64::from(*byte));
    }
    out
}

fn mask(bits: u32) -> u64 {
    u64::MAX.checked_shr(64 - bits.min(64)).unwrap_or(0)
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is what is asked for")]
fn low_half(value: u128) -> u64 {
    value as u64
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    fn assert_bijection(size: u32, seed: u64) {
        let permutation = Permutation::new(u128::from(size), seed, "test");
        let mut seen = vec![false; size as usize];
        for index in 0..size {
            let value = usize::try_from(permutation.apply(u128::from(index))).unwrap();
            assert!(!seen[value], "{value} twice in {size}");
            seen[value] = true;
        }
    }

    #[test]
    fn every_size_is_permuted_without_loss() {
        for size in
            (1..200).chain([255, 256, 257, 511, 512, 513, 4_095, 4_096, 4_097, 65_535, 65_536, 65_537])
        {
            for seed in [0, 1, u64::MAX] {
                assert_bijection(size, seed);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn any_size_and_seed_is_a_bijection(size in 1_u32..20_000, seed: u64) {
            assert_bijection(size, seed);
        }

        #[test]
        fn huge_domains_stay_inside_and_apart(size in (1_u128 << 64)..u128::MAX, seed: u64, at: u128) {
            let permutation = Permutation::new(size, seed, "test");
            let (a, b) = (at % size, at.wrapping_add(1) % size);
            prop_assert!(permutation.apply(a) < size);
            prop_assert!(a == b || permutation.apply(a) != permutation.apply(b));
        }
    }

    #[test]
    fn an_index_outside_stays_where_it_is() {
        assert_eq!(Permutation::new(10, 7, "test").apply(10), 10);
        assert_eq!(Permutation::new(0, 7, "test").apply(3), 3);
        assert!(Permutation::new(u128::MAX, 7, "test").apply(u128::MAX - 1) < u128::MAX);
    }

    #[test]
    fn seed_and_label_choose_the_order() {
        let order = |seed, label| {
            let permutation = Permutation::new(1_000, seed, label);
            (0..1_000).map(|i| permutation.apply(i)).collect::<Vec<_>>()
        };
        assert_eq!(order(1, "a"), order(1, "a"));
        assert_ne!(order(1, "a"), order(2, "a"));
        assert_ne!(order(1, "a"), order(1, "b"));
    }

    /// The busiest /24 within any window of 256 probes of a /16: on average one, by chance seldom above eight.
    fn busiest(subnet: impl Fn(u128) -> u128, size: u128, window: usize, probes: u128, seed: u64) -> u32 {
        let permutation = Permutation::new(size, seed, "ranges");
        let order: Vec<u128> = (0..probes).map(|i| subnet(permutation.apply(i))).collect();
        let mut counts = HashMap::new();
        let mut worst = 0;
        for (at, network) in order.iter().enumerate() {
            let count = counts.entry(*network).or_insert(0_u32);
            *count += 1;
            worst = worst.max(*count);
            if at + 1 >= window {
                *counts.get_mut(&order[at + 1 - window]).unwrap() -= 1;
            }
        }
        worst
    }

    #[test]
    fn no_subnet_is_hit_in_a_burst() {
        for seed in 0..16 {
            // 65,536 windows over 256 networks: a truly random order reaches 8 to 10, more than 12 in one of 10,000.
            let v4 = busiest(|address| address >> 8, 1 << 16, 256, 1 << 16, seed);
            assert!((2..=12).contains(&v4), "seed {seed}: {v4}");
            // The same with three ports an address.
            let ports = busiest(|index| (index / 3) >> 8, 3 << 16, 256, 3 << 16, seed);
            assert!((2..=12).contains(&ports), "seed {seed}: {ports}");
            // An IPv6 /48: its /56 networks, first 65,536 probes.
            let v6 = busiest(|address| address >> 72, 1 << 80, 256, 1 << 16, seed);
            assert!((2..=12).contains(&v6), "seed {seed}: {v6}");
        }
    }
}
