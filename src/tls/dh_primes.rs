//! Primes of finite-field Diffie-Hellman that many servers share, known by their hash: who breaks one breaks all of them
//! (Adrian et al., "Imperfect Forward Secrecy", 2015). Never judges a prime, never tests one.
//! RFC 2409 section 6, RFC 3526, RFC 5114 section 2, RFC 7919 appendix A, and what servers have built in.

use crate::x509::Fingerprint;

/// SHA-256 of the prime (big-endian, without leading zeros), and its name.
const KNOWN: &[(&str, &str)] = &[
    ("b52ba6a3026520a6c49d37e4587601801bee500123b3259b6bf03e7cecc3e63d", "RFC 2409 group 1"),
    ("3f35a3f5f6c4376a744acad409bb22f8d897f949d2311d885adaa890981b67a0", "RFC 2409 group 2"),
    ("64fcc83ec403930bf18393dbc883ccaa1fbb08ac876f77f7aa99748ca945019b", "RFC 3526 group 5"),
    ("d66436f79bbd6b2e38c0ffbd079be904d2641415e2e67140e09448be9a60890e", "RFC 3526 group 14"),
    ("48cf8b092fbce4359d9871abf74f98e25b6163379eaa15cd9087e800c6d1c55c", "RFC 3526 group 15"),
    ("4ee95187682bcb230ad26a95205f6920e84708f6251b3894329b09ec23919e33", "RFC 3526 group 16"),
    ("d1bfe6d0925ce7e4da262b62861514a7755e35831e429f343e7b864848657efd", "RFC 3526 group 17"),
    ("39ab4feab950a3128fb71accb9fc3965d857012e081998a85996e3ea8b3c3bcf", "RFC 3526 group 18"),
    ("9cd3b7f336872f46c09428d1bbc19877a4d440512cda8d1c1cf0cd6e33698966", "RFC 7919 ffdhe2048"),
    ("0eaf67db3a839156d5013494a5318a772b5697d270d721f37f092efc69ea5a17", "RFC 7919 ffdhe3072"),
    ("4648414224ac881b3d0dc59b466f96d06a558278776807797ecf1f66ff397b3e", "RFC 7919 ffdhe4096"),
    ("227ac9066b3ddd9e193670cda2388fa884f65ba0cf98b742d1fe77a6687c79c7", "RFC 7919 ffdhe6144"),
    ("770b14efaf6f049929c523113b3fa99a8d11dab1b18af3609590122075d19833", "RFC 7919 ffdhe8192"),
    ("44c55cfee5c075927cf682da5b681bdecbd5c3eb0784c14f5dce7610f0ef133d", "RFC 5114 group 22"),
    ("bfe545862ca102ad1eeddb5fbfa5bf855ac4995c56a8b408ce3fe099dce93a9d", "RFC 5114 group 23"),
    ("0b7835722cb619827610c2549fdda5587421686c4409a13865e76225522ddcc9", "RFC 5114 group 24"),
    ("3cdb020b9ef298b2f3f6cf5a872af527337bf7b9f654b2e70c49da16a4d24137", "Apache mod_ssl 512"),
    ("f79d1db3c955a28fdeca462670a0712efee4b588c7858e4943883f903bd1354b", "Apache mod_ssl 1024"),
    ("8ae47dca3d24e9b64640062686da234dcabada26b0da6f090c5449c1338d9a11", "nginx 1024"),
    ("6c863838510bab3e2093066fc14976f0265b0da72c465eb306018587b5df6b6a", "Postfix 512"),
    ("ef627d8cc44144f36a075d8dd8511bbd278cb5cf438f1052bdbdabe715232c1e", "Postfix 1024"),
    ("450349830c07b0225c8fd0b123ca8febdf0c28fde698258de7cab092b9045a94", "Postfix 2048"),
    ("f26e2403f3f07946654404909f0ff81d9354de17250411b4c04b89af73178425", "OpenSSL 512"),
    ("6215d41bb617b390082b066d6856f8b361d6c77f316a84301f7c9717a8681485", "SKIP 1024"),
    ("725541d91fe79bcf52e6d96581d83ab8eb68a6c2460d933f68792a369b003b1c", "SKIP 2048"),
    ("709c244f2a55a2e8b12c7d66a18e9248c0f009ffb7fa49a32d2175e284d7210a", "Java DH 512"),
    ("73b391ec8da33ee197aed17d7cfce1321b94e04c5b55b3c02c1c7198eb88715b", "Java DSA 512"),
    ("ee5483fe4b96caa10cb5b863ec409aab2762e6bf43af4a8a0a42817fef4dd7f3", "Java DSA 768"),
    ("cc21a33dd1a3edf40bf636b5496e4aede198a437a8548e0cc1a621424e42419b", "Java DSA 1024"),
    ("323697523a11f95706e9010b4a90e0d2c2047eea320e6bee0281713ebbb6f717", "Java DSA 2048"),
];

/// The name of a prime by the SHA-256 of its big-endian bytes without leading zeros.
pub fn known_prime(sha256: &Fingerprint) -> Option<&'static str> {
    let digits = sha256.to_string();
    KNOWN.iter().find(|(known, _)| *known == digits).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use num_bigint::BigUint;

    use super::*;

    fn name(prime: &BigUint) -> Option<&'static str> {
        known_prime(&Fingerprint::of(&prime.to_bytes_be()))
    }

    fn power(bits: u64) -> BigUint {
        BigUint::from(1_u8) << bits
    }

    /// floor(2^bits * pi), by Machin's formula, with 64 bits to spare.
    fn pi(bits: u64) -> BigUint {
        let inverse_tangent = |x: u32| {
            let mut term = power(bits + 64) / x;
            let (mut plus, mut minus) = (term.clone(), BigUint::ZERO);
            for n in 1_u32.. {
                term /= x * x;
                if term == BigUint::ZERO {
                    break;
                }
                let sum = if n % 2 == 0 { &mut plus } else { &mut minus };
                *sum += &term / (2 * n + 1);
            }
            plus - minus
        };
        ((inverse_tangent(5) * 4_u8 - inverse_tangent(239)) * 4_u8) >> 64
    }

    /// floor(2^bits * e), with 64 bits to spare.
    fn e(bits: u64) -> BigUint {
        let mut term = power(bits + 64);
        let mut sum = BigUint::ZERO;
        for n in 1_u32.. {
            if term == BigUint::ZERO {
                break;
            }
            sum += &term;
            term /= n;
        }
        sum >> 64
    }

    /// 2^n - 2^(n-64) - 1 + 2^64 * (floor(2^(n-130) * constant) + addend), the form of RFC 2409, 3526 and 7919.
    fn prime(bits: u64, constant: &BigUint, addend: u32) -> BigUint {
        power(bits) - power(bits - 64) - 1_u8 + ((constant + addend) << 64)
    }

    #[test]
    fn the_primes_of_the_standards_follow_from_their_formulas() {
        for (bits, addend, expected) in [
            (768, 149_686, "RFC 2409 group 1"),
            (1_024, 129_093, "RFC 2409 group 2"),
            (1_536, 741_804, "RFC 3526 group 5"),
            (2_048, 124_476, "RFC 3526 group 14"),
            (3_072, 1_690_314, "RFC 3526 group 15"),
            (4_096, 240_904, "RFC 3526 group 16"),
            (6_144, 929_484, "RFC 3526 group 17"),
            (8_192, 4_743_158, "RFC 3526 group 18"),
        ] {
            assert_eq!(name(&prime(bits, &pi(bits - 130), addend)), Some(expected));
        }
        for (bits, addend, expected) in [
            (2_048, 560_316, "RFC 7919 ffdhe2048"),
            (3_072, 2_625_351, "RFC 7919 ffdhe3072"),
            (4_096, 5_736_041, "RFC 7919 ffdhe4096"),
            (6_144, 15_705_020, "RFC 7919 ffdhe6144"),
            (8_192, 10_965_728, "RFC 7919 ffdhe8192"),
        ] {
            assert_eq!(name(&prime(bits, &e(bits - 130), addend)), Some(expected));
        }
    }

    #[test]
    fn the_other_primes_are_primes_and_have_their_names() {
        let fixture = include_str!("../../fixtures/dh-primes.txt");
        let mut count = 0;
        for line in fixture.lines() {
            let (expected, digits) = line.split_once(": ").unwrap();
            let prime = BigUint::parse_bytes(digits.as_bytes(), 16).unwrap();
            assert_eq!(name(&prime), Some(expected));
            // Fermat's test: enough for a number that nobody made to pass it.
            let base = BigUint::from(3_u8);
            assert_eq!(base.modpow(&(&prime - 1_u8), &prime), BigUint::from(1_u8), "{expected}");
            count += 1;
        }
        assert_eq!(count + 13, KNOWN.len());
    }

    #[test]
    fn an_unknown_prime_has_no_name() {
        assert_eq!(name(&BigUint::from(23_u8)), None);
    }
}
