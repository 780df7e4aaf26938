//! How strong keys and groups are, as the length of an RSA key or a Diffie-Hellman prime of like strength (NIST SP 800-57
//! part 1 table 2): the guide's table counts in those.

use crate::tls::NamedGroup;
use crate::x509::certificate::PublicKey;

/// What is like AES-128, -192 and -256, which the categories 1, 3 and 5 of FIPS 203 and 204 are measured by.
const CATEGORY_1: u32 = 3_072;
const CATEGORY_3: u32 = 7_680;
const CATEGORY_5: u32 = 15_360;

/// The key's; `None` where its size or kind is not known.
pub(super) fn of_key(key: &PublicKey) -> Option<u32> {
    match key.algorithm.as_str() {
        "RSA" | "DSA" | "DH" => key.bits,
        "EC" => key.bits.map(of_curve),
        "Ed25519" | "X25519" => Some(CATEGORY_1),
        "Ed448" | "X448" => Some(CATEGORY_3),
        // Category 2.
        "ML-DSA-44" => Some(CATEGORY_1),
        "ML-DSA-65" => Some(CATEGORY_3),
        "ML-DSA-87" => Some(CATEGORY_5),
        _ => None,
    }
}

/// An elliptic curve's, by the length of its field in bits.
fn of_curve(bits: u32) -> u32 {
    match bits {
        ..112 => 511,
        112..160 => 1_023,
        160..224 => 1_024,
        224..256 => 2_048,
        256..384 => CATEGORY_1,
        384..512 => CATEGORY_3,
        512.. => CATEGORY_5,
    }
}

/// The group's; a hybrid is as strong as its stronger half. `None` where it is not known.
pub(super) fn of_group(group: NamedGroup) -> Option<u32> {
    let name = group.known_name()?;
    if let Some(bits) = name.strip_prefix("ffdhe") {
        return bits.parse().ok();
    }
    for (part, strength) in [
        ("MLKEM1024", CATEGORY_5),
        ("MLKEM768", CATEGORY_3),
        ("Kyber768", CATEGORY_3),
        ("MLKEM512", CATEGORY_1),
        ("Kyber512", CATEGORY_1),
    ] {
        if name.contains(part) {
            return Some(strength);
        }
    }
    match name {
        "x25519" | "curveSM2" => Some(CATEGORY_1),
        "x448" => Some(CATEGORY_3),
        _ => {
            let digits = name.trim_start_matches(|c: char| !c.is_ascii_digit());
            let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
            digits.get(..end)?.parse().ok().filter(|bits| *bits > 2).map(of_curve)
        }
    }
}

/// Points for a length, as the guide has them.
pub(super) fn points(bits: u32) -> u32 {
    match bits {
        ..512 => 20,
        512..1_024 => 40,
        1_024..2_048 => 80,
        2_048..4_096 => 90,
        4_096.. => 100,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_group_but_explicit_curves_has_a_strength() {
        let unknown: Vec<NamedGroup> = (0..=u16::MAX)
            .map(NamedGroup)
            .filter(|group| group.known_name().is_some() && of_group(*group).is_none())
            .collect();
        assert_eq!(
            unknown,
            [NamedGroup::arbitrary_explicit_prime_curves, NamedGroup::arbitrary_explicit_char2_curves]
        );
    }

    #[test]
    fn groups_have_the_points_of_rsa_of_like_strength() {
        for (group, expected) in [
            (NamedGroup::secp160r1, 80),
            (NamedGroup::sect163k1, 80),
            (NamedGroup::secp192r1, 80),
            (NamedGroup::secp224r1, 90),
            (NamedGroup::sect239k1, 90),
            (NamedGroup::secp256r1, 90),
            (NamedGroup::x25519, 90),
            (NamedGroup::sect283k1, 90),
            (NamedGroup::brainpoolP384r1tls13, 100),
            (NamedGroup::secp521r1, 100),
            (NamedGroup::x448, 100),
            (NamedGroup::ffdhe2048, 90),
            (NamedGroup::ffdhe4096, 100),
            (NamedGroup::MLKEM512, 90),
            (NamedGroup::X25519MLKEM768, 100),
            (NamedGroup::SecP384r1MLKEM1024, 100),
            (NamedGroup::GC256A, 90),
        ] {
            assert_eq!(of_group(group).map(points), Some(expected), "{group}");
        }
    }

    #[test]
    fn keys_have_the_points_of_the_guides_table() {
        let key = |algorithm: &str, bits| PublicKey {
            algorithm: algorithm.to_owned(),
            bits,
            curve: None,
            rsa_exponent: None,
            rsa_modulus: None,
            encoded: Box::default(),
        };
        for (algorithm, bits, expected) in [
            ("RSA", Some(511), Some(20)),
            ("RSA", Some(512), Some(40)),
            ("RSA", Some(1_023), Some(40)),
            ("RSA", Some(1_024), Some(80)),
            ("RSA", Some(2_048), Some(90)),
            ("RSA", Some(3_072), Some(90)),
            ("RSA", Some(4_096), Some(100)),
            ("DSA", Some(1_024), Some(80)),
            ("EC", Some(256), Some(90)),
            ("EC", Some(384), Some(100)),
            ("Ed25519", Some(256), Some(90)),
            ("ML-DSA-44", None, Some(90)),
            ("ML-DSA-65", None, Some(100)),
            ("RSA", None, None),
            ("GOST R 34.10-2001", Some(512), None),
        ] {
            assert_eq!(of_key(&key(algorithm, bits)).map(points), expected, "{algorithm} {bits:?}");
        }
    }
}
