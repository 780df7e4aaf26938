//! What is known against one key by itself, and the hash by which lists of compromised keys know it.

use super::curve::{PointFault, point_fault};
use super::rsa::ModulusFaults;
use crate::x509::Fingerprint;
use crate::x509::certificate::PublicKey;

/// The faults of one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeyFaults {
    pub modulus: ModulusFaults,
    pub point: Option<PointFault>,
}

impl KeyFaults {
    /// Of a public key; one that could not be read has none.
    pub fn of(key: &PublicKey) -> Self {
        let modulus = key.rsa_modulus.as_deref().map(ModulusFaults::of).unwrap_or_default();
        let curve = key.curve.as_deref().filter(|_| key.algorithm == "EC");
        Self { modulus, point: curve.and_then(|curve| point_fault(curve, &key.encoded)) }
    }
}

/// The first 120 bits of SHA-256 of what lists in badkeys' format know a key by (docs/BLOCKLISTFORMAT.md of badkeys): the
/// modulus of an RSA key, `x` of an EC key, the key itself of others. Big-endian without leading zeros, but for
/// post-quantum keys, which are taken as they are. `None` for a key that could not be read, and for DSA.
pub fn blocklist_hash(key: &PublicKey) -> Option<[u8; 15]> {
    let known_by = match key.algorithm.as_str() {
        "RSA" => key.rsa_modulus.as_deref()?,
        "EC" => {
            let (form, coordinates) = key.encoded.split_first()?;
            let half = coordinates.len() / 2;
            without_zeros(match form {
                4 => coordinates.get(..half)?,
                2 | 3 => coordinates,
                _ => return None,
            })
        }
        "Ed25519" | "Ed448" => without_zeros(&key.encoded),
        name if name.starts_with("ML-DSA") => &key.encoded,
        _ => return None,
    };
    Fingerprint::of(known_by).0.first_chunk().copied()
}

fn without_zeros(octets: &[u8]) -> &[u8] {
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    octets.get(zeros..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(algorithm: &str, encoded: &[u8]) -> PublicKey {
        PublicKey {
            algorithm: algorithm.to_owned(),
            bits: None,
            curve: None,
            rsa_exponent: None,
            rsa_modulus: None,
            encoded: encoded.into(),
        }
    }

    #[test]
    fn keys_are_known_by_what_the_lists_know_them_by() {
        let hash = |octets: &[u8]| Fingerprint::of(octets).0.first_chunk().copied();
        assert_eq!(blocklist_hash(&key("EC", &[4, 0, 1, 2, 3])), hash(&[1]));
        assert_eq!(blocklist_hash(&key("EC", &[2, 0, 1])), hash(&[1]));
        assert_eq!(blocklist_hash(&key("EC", &[0])), None);
        assert_eq!(blocklist_hash(&key("Ed25519", &[0, 9, 0])), hash(&[9, 0]));
        assert_eq!(blocklist_hash(&key("ML-DSA-44", &[0, 9, 0])), hash(&[0, 9, 0]));
        let rsa = PublicKey { rsa_modulus: Some([7, 7].into()), ..key("RSA", &[]) };
        assert_eq!(blocklist_hash(&rsa), hash(&[7, 7]));
    }
}
