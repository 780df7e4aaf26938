//! Whether the point of an EC public key is one of its curve (SEC 1 section 3.2.2.1; FIPS 186-5 section 6.2.1). The curves
//! have the cofactor 1: a point that satisfies the equation has the right order.

use num_bigint::BigUint;

/// What is wrong with a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PointFault {
    /// The point at infinity: the shared secret is known to everybody.
    Infinity,
    /// Longer or shorter than the curve's points, or of no known form.
    Encoding,
    /// A coordinate is not less than the field's prime.
    Range,
    /// It does not satisfy the curve's equation.
    NotOnCurve,
}

/// A curve `y² = x³ - 3x + b` (FIPS 186-4 D.1.2) or `y² = x³ + b` (SEC 2).
struct Curve {
    octets: usize,
    prime: &'static str,
    minus_three: bool,
    b: &'static str,
}

fn curve(name: &str) -> Option<Curve> {
    let (octets, prime, minus_three, b) = match name {
        "P-224" => (
            28,
            "ffffffffffffffffffffffffffffffff000000000000000000000001",
            true,
            "b4050a850c04b3abf54132565044b0b7d7bfd8ba270b39432355ffb4",
        ),
        "P-256" => (
            32,
            "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
            true,
            "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
        ),
        "P-384" => (
            48,
            "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
            true,
            "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef",
        ),
        "P-521" => (
            66,
            "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\
             ffffffffffffffffffffffffffffffffff",
            true,
            "0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf\
             073573df883d2c34f1ef451fd46b503f00",
        ),
        "secp256k1" => (32, "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f", false, "07"),
        _ => return None,
    };
    Some(Curve { octets, prime, minus_three, b })
}

/// The fault of a point of the named curve, as encoded; `None` also where the curve is not known.
pub fn point_fault(name: &str, point: &[u8]) -> Option<PointFault> {
    let Curve { octets, prime, minus_three, b } = curve(name)?;
    let prime = BigUint::parse_bytes(prime.as_bytes(), 16)?;
    let b = BigUint::parse_bytes(b.as_bytes(), 16)?;
    let (form, coordinates) = point.split_first()?;
    let (x, y) = match (form, coordinates.len()) {
        (0, 0) => return Some(PointFault::Infinity),
        (4, length) if length == 2 * octets => {
            let (x, y) = coordinates.split_at(octets);
            (BigUint::from_bytes_be(x), Some(BigUint::from_bytes_be(y)))
        }
        (2 | 3, length) if length == octets => (BigUint::from_bytes_be(coordinates), None),
        _ => return Some(PointFault::Encoding),
    };
    if x >= prime || y.as_ref().is_some_and(|y| *y >= prime) {
        return Some(PointFault::Range);
    }
    let cube = &x * &x * &x + b;
    // Three times the prime keeps the difference above zero.
    let right = if minus_three { cube + &prime * 3_u8 - x * 3_u8 } else { cube } % &prime;
    let is_on_curve = match y {
        Some(y) => &y * &y % &prime == right,
        // Euler's criterion: there is a `y` to this `x`.
        None => {
            let residue = right.modpow(&((&prime - 1_u8) >> 1_u32), &prime);
            residue.bits() <= 1
        }
    };
    (!is_on_curve).then_some(PointFault::NotOnCurve)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The base point of P-256 (FIPS 186-4 D.1.2.3).
    const P256: &str = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296\
                        4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
    const SECP256K1: &str = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798\
                             483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8";

    fn point(form: u8, hex: &str) -> Vec<u8> {
        let octets = (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap());
        std::iter::once(form).chain(octets).collect()
    }

    #[test]
    fn base_points_are_on_their_curves() {
        assert_eq!(point_fault("P-256", &point(4, P256)), None);
        assert_eq!(point_fault("P-256", &point(2, &P256[..64])), None);
        assert_eq!(point_fault("secp256k1", &point(4, SECP256K1)), None);
        assert_eq!(point_fault("brainpoolP256r1", &point(4, P256)), None);
    }

    #[test]
    fn each_fault_is_named() {
        let mut off = point(4, P256);
        *off.last_mut().unwrap() ^= 1;
        assert_eq!(point_fault("P-256", &off), Some(PointFault::NotOnCurve));
        assert_eq!(point_fault("secp256k1", &point(4, P256)), Some(PointFault::NotOnCurve));
        assert_eq!(point_fault("P-256", &[0]), Some(PointFault::Infinity));
        assert_eq!(point_fault("P-256", &off[..64]), Some(PointFault::Encoding));
        assert_eq!(point_fault("P-256", &[&[4][..], &[0xff; 64]].concat()), Some(PointFault::Range));
    }

    #[test]
    fn fresh_keys_of_the_library_are_on_their_curves() {
        use aws_lc_rs::signature::{
            ECDSA_P256_SHA256_ASN1_SIGNING as P256, ECDSA_P384_SHA384_ASN1_SIGNING as P384,
            ECDSA_P521_SHA512_ASN1_SIGNING as P521,
        };
        use aws_lc_rs::signature::{EcdsaKeyPair, KeyPair as _};
        for (name, algorithm) in [("P-256", &P256), ("P-384", &P384), ("P-521", &P521)] {
            let key = EcdsaKeyPair::generate(algorithm).unwrap();
            assert_eq!(point_fault(name, key.public_key().as_ref()), None, "{name}");
        }
    }
}
