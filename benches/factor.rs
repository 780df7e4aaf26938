//! What it costs to find the RSA moduli that share a prime among many, two pairs being planted.
//!
//! `cargo bench --bench factor -- [moduli]`, by default 4,096 of 2,048 bits; in parts of 25,000, as `certvigil inventory
//! factor` does it. Beside it, in the same run, the same tree with the multiplication and division of num-bigint, of which
//! up to 4,096 moduli are given. Figures are CPU seconds (user + system) of this process and its peak memory.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench prints figures")]

use certvigil::assess::keys::{ModuliProduct, ModulusFaults, Multiplier, Part};
use nix::sys::resource::{UsageWho, getrusage};
use num_bigint::BigUint;

const PART: usize = 25_000;
const PEER_AT_MOST: usize = 4_096;
const LIMBS: usize = 64;

fn main() {
    let count = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(4_096_usize);
    let count = count.max(8);
    let moduli = moduli(count);
    println!("{count} moduli of 2048 bits, two pairs of them with a common prime\n");
    let start = cpu_seconds();
    let found = ours(&moduli);
    let cost = cpu_seconds() - start;
    println!("in parts of {PART}      {cost:8.2} CPU s, peak memory {:.0} MiB", peak_memory_mib());
    assert_eq!(found, [1, 2, count - 3, count - 2], "the planted pairs");
    println!("found {found:?}: the planted pairs, and no other of more than 512 bits");
    let start = cpu_seconds();
    let looked_at =
        moduli.iter().take(1_000).filter(|modulus| ModulusFaults::of(modulus) == ModulusFaults::default());
    let sound = looked_at.count();
    println!(
        "\none modulus by itself {:8.1} us ({sound} of 1000 without a small factor)",
        (cpu_seconds() - start) * 1e3
    );
    let fewer = moduli.get(..count.min(PEER_AT_MOST)).unwrap();
    let start = cpu_seconds();
    let expected = peer(fewer);
    let peer_cost = cpu_seconds() - start;
    let start = cpu_seconds();
    assert_eq!(ours(fewer), expected);
    let our_cost = cpu_seconds() - start;
    println!(
        "\n{} moduli: {our_cost:.2} CPU s; a tree over num-bigint {peer_cost:.2} CPU s, {:.1} times that",
        fewer.len(),
        peer_cost / our_cost
    );
}

fn ours(moduli: &[Vec<u8>]) -> Vec<usize> {
    let mut multiplier = Multiplier::default();
    let parts: Vec<&[Vec<u8>]> = moduli.chunks(PART).collect();
    let products: Vec<ModuliProduct> = match parts.len() {
        1 => Vec::new(),
        _ => parts
            .iter()
            .map(|part| ModuliProduct::of(&mut multiplier, part.iter().map(Vec::as_slice)))
            .collect(),
    };
    let mut found = Vec::new();
    for (number, moduli) in parts.iter().enumerate() {
        let mut part = Part::new(&mut multiplier, moduli.iter().map(Vec::as_slice)).unwrap();
        for (_, product) in products.iter().enumerate().filter(|(other, _)| *other != number) {
            part.meet(&mut multiplier, product);
        }
        // The halves of the moduli are no primes, and may have shorter factors in common.
        let shared = part.shared(&mut multiplier).into_iter().filter(|shared| shared.divisor.len() > 64);
        found.extend(shared.map(|shared| number * PART + shared.index));
    }
    found
}

/// The textbook's way: a product tree, remainders modulo the squares, a divisor each.
fn peer(moduli: &[Vec<u8>]) -> Vec<usize> {
    let leaves: Vec<BigUint> = moduli.iter().map(|modulus| BigUint::from_bytes_be(modulus)).collect();
    let mut levels = vec![leaves];
    while levels.last().unwrap().len() > 1 {
        let next = levels.last().unwrap().chunks(2).map(|pair| pair.iter().product()).collect();
        levels.push(next);
    }
    let mut rest = levels.pop().unwrap();
    for level in levels.iter().rev() {
        rest = level.iter().enumerate().map(|(at, node)| rest.get(at / 2).unwrap() % (node * node)).collect();
    }
    let leaves = levels.first().unwrap();
    let shares = |(index, (modulus, rest)): (usize, (&BigUint, &BigUint))| {
        let common = divisor(modulus.clone(), rest / modulus);
        (common > BigUint::from(1_u8) << 512_u32).then_some(index)
    };
    leaves.iter().zip(&rest).enumerate().filter_map(shares).collect()
}

fn divisor(mut a: BigUint, mut b: BigUint) -> BigUint {
    while b.bits() > 0 {
        (a, b) = (b.clone(), a % b);
    }
    a
}

/// Odd numbers that look random and are the same each time, each the product of two of 1,024 bits.
fn moduli(count: usize) -> Vec<Vec<u8>> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut half = || {
        let mut digits: Vec<u32> = Vec::with_capacity(LIMBS / 2);
        for _ in 0..LIMBS / 2 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            digits.push(u32::try_from(state >> 32).unwrap());
        }
        *digits.first_mut().unwrap() |= 1;
        *digits.last_mut().unwrap() |= 1 << 31;
        BigUint::new(digits)
    };
    let mut moduli: Vec<BigUint> = (0..count).map(|_| half() * half()).collect();
    for (one, other) in [(1, 2), (count - 3, count - 2)] {
        let common = half();
        *moduli.get_mut(one).unwrap() = &common * half();
        *moduli.get_mut(other).unwrap() = &common * half();
    }
    moduli.iter().map(BigUint::to_bytes_be).collect()
}

fn cpu_seconds() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_SELF).unwrap();
    let seconds = |time: nix::sys::time::TimeVal| {
        #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
        let fraction = time.tv_usec() as f64 / 1e6;
        #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
        let whole = time.tv_sec() as f64;
        whole + fraction
    };
    seconds(usage.user_time()) + seconds(usage.system_time())
}

fn peak_memory_mib() -> f64 {
    let kib = getrusage(UsageWho::RUSAGE_SELF).unwrap().max_rss();
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let kib = kib as f64;
    kib / 1_024.0
}
