//! Key shares and the secrets they lead to. Never used for application data.
//!
//! A client whose private key is 1 sends the group's base point; what both sides then agree on is the server's
//! own share, which is on the wire. That holds for X25519 and X448 too: the server multiplies our u = 9 (or 5)
//! by its own scalar and so arrives at its own public key; the client's clamped scalar never enters the
//! calculation. An ML-KEM encapsulation key of zero coefficients makes the message readable off the second
//! part of the ciphertext (FIPS 203 algorithm 14, with t = 0). Nothing agreed on this way is secret.

use std::borrow::Cow;

use aws_lc_rs::{agreement, digest, hmac};

use super::NamedGroup;

/// How the key shares of one hello were made.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Keys {
    BasePoint,
    /// Private keys derived from these random bytes, where aws-lc-rs has the group; base points elsewhere.
    Fresh([u8; 32]),
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::BasePoint => "BasePoint",
            Self::Fresh(_) => "Fresh(..)",
        })
    }
}

/// The client's key share for `group`; `None` for groups that cannot be answered.
pub(super) fn key_share(group: NamedGroup, keys: &Keys) -> Option<Vec<u8>> {
    if let Some(hybrid) = Hybrid::of(group) {
        return hybrid.key_share(keys);
    }
    if let Keys::Fresh(seed) = keys
        && let Some(private) = fresh_key(group, seed)
    {
        return Some(private.compute_public_key().ok()?.as_ref().to_vec());
    }
    if let Some(length) = ffdhe_length(group) {
        let mut share = vec![0; length];
        *share.last_mut()? = 2;
        return Some(share);
    }
    base_point(group).map(<[u8]>::to_vec)
}

/// What the key exchange yields for the server's share `peer`; `None` if that share cannot be right.
pub(super) fn shared_secret<'a>(group: NamedGroup, keys: &Keys, peer: &'a [u8]) -> Option<Cow<'a, [u8]>> {
    if let Some(hybrid) = Hybrid::of(group) {
        return hybrid.shared_secret(keys, peer).map(Cow::Owned);
    }
    if let Keys::Fresh(seed) = keys
        && let Some(private) = fresh_key(group, seed)
    {
        let peer = agreement::UnparsedPublicKey::new(private.algorithm(), peer);
        return agreement::agree(&private, peer, (), |secret| Ok(Cow::Owned(secret.to_vec()))).ok();
    }
    if ffdhe_length(group).is_some_and(|length| length == peer.len()) {
        return Some(Cow::Borrowed(peer));
    }
    let base = base_point(group)?;
    if peer.len() != base.len() {
        return None;
    }
    match group {
        NamedGroup::x25519 | NamedGroup::x448 => Some(Cow::Borrowed(peer)),
        // The x-coordinate of an uncompressed point (RFC 8446 section 7.4.2).
        _ => match peer.split_first()? {
            (4, point) => Some(Cow::Borrowed(point.split_at_checked(point.len() / 2)?.0)),
            _ => None,
        },
    }
}

/// A private key for `group` derived from `seed`. The scalars of the prime curves lose their top bit, so that
/// each is below the group's order.
fn fresh_key(group: NamedGroup, seed: &[u8; 32]) -> Option<agreement::PrivateKey> {
    let (algorithm, length) = match group {
        NamedGroup::x25519 => (&agreement::X25519, 32),
        NamedGroup::secp256r1 => (&agreement::ECDH_P256, 32),
        NamedGroup::secp384r1 => (&agreement::ECDH_P384, 48),
        NamedGroup::secp521r1 => (&agreement::ECDH_P521, 66),
        _ => return None,
    };
    let material = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA512, seed), &group.0.to_be_bytes());
    let mut scalar = [0_u8; 66];
    let scalar = scalar.get_mut(..length)?;
    for (byte, random) in scalar.iter_mut().rev().zip(material.as_ref()) {
        *byte = *random;
    }
    *scalar.first_mut()? &= 0x7f;
    agreement::PrivateKey::from_private_key(algorithm, scalar).ok()
}

/// A group with an ML-KEM part, alone or beside an elliptic curve (draft-ietf-tls-ecdhe-mlkem).
struct Hybrid {
    curve: Option<NamedGroup>,
    /// The server's and client's ML-KEM parts come before the curve's.
    kem_first: bool,
    kem: MlKem,
}

impl Hybrid {
    fn of(group: NamedGroup) -> Option<Self> {
        let (curve, kem_first, kem) = match group {
            NamedGroup::X25519MLKEM768 => (Some(NamedGroup::x25519), true, ML_KEM_768),
            NamedGroup::SecP256r1MLKEM768 => (Some(NamedGroup::secp256r1), false, ML_KEM_768),
            NamedGroup::SecP384r1MLKEM1024 => (Some(NamedGroup::secp384r1), false, ML_KEM_1024),
            NamedGroup::MLKEM512 => (None, true, ML_KEM_512),
            NamedGroup::MLKEM768 => (None, true, ML_KEM_768),
            NamedGroup::MLKEM1024 => (None, true, ML_KEM_1024),
            _ => return None,
        };
        Some(Self { curve, kem_first, kem })
    }

    fn key_share(&self, keys: &Keys) -> Option<Vec<u8>> {
        let kem = vec![0; self.kem.encapsulation_key];
        let Some(curve) = self.curve else { return Some(kem) };
        let curve = key_share(curve, keys)?;
        Some(if self.kem_first { [kem, curve].concat() } else { [curve, kem].concat() })
    }

    fn shared_secret(&self, keys: &Keys, peer: &[u8]) -> Option<Vec<u8>> {
        let ciphertext = self.kem.ciphertext();
        let Some(curve) = self.curve else { return self.kem.shared_secret(peer) };
        let curve_part = peer.len().checked_sub(ciphertext)?;
        let (kem, point) = if self.kem_first {
            peer.split_at_checked(ciphertext)?
        } else {
            let (point, kem) = peer.split_at_checked(curve_part)?;
            (kem, point)
        };
        let kem = self.kem.shared_secret(kem)?;
        let curve = shared_secret(curve, keys, point)?;
        Some(if self.kem_first { [&*kem, &*curve].concat() } else { [&*curve, &*kem].concat() })
    }
}

/// Sizes of one ML-KEM parameter set, in bytes (FIPS 203 section 8).
struct MlKem {
    encapsulation_key: usize,
    /// First part of the ciphertext.
    u: usize,
    /// Bits of a compressed coefficient in the second part; its part has 32 bytes per bit.
    v_bits: usize,
}

const ML_KEM_512: MlKem = MlKem { encapsulation_key: 800, u: 640, v_bits: 4 };
const ML_KEM_768: MlKem = MlKem { encapsulation_key: 1184, u: 960, v_bits: 4 };
const ML_KEM_1024: MlKem = MlKem { encapsulation_key: 1568, u: 1408, v_bits: 5 };

impl MlKem {
    fn ciphertext(&self) -> usize {
        self.u + 32 * self.v_bits
    }

    /// With t = 0 the second part of the ciphertext is the message under a noise of at most 3 in 3,329: each
    /// coefficient is near zero for a 0 and near half for a 1. The secret follows from the message and the hash
    /// of the encapsulation key (FIPS 203 algorithm 17).
    fn shared_secret(&self, ciphertext: &[u8]) -> Option<Vec<u8>> {
        let (_, v) = ciphertext.split_at_checked(self.u)?;
        if v.len() != 32 * self.v_bits {
            return None;
        }
        let mut seed = [0_u8; 64];
        let (message, key_hash) = seed.split_at_mut(32);
        let quarter = 1_u64 << (self.v_bits - 2);
        // Eight coefficients fill `v_bits` bytes, lowest bits first: one byte of the message.
        for (byte, packed) in message.iter_mut().zip(v.chunks_exact(self.v_bits)) {
            let packed = packed.iter().rev().fold(0_u64, |sum, b| sum << 8 | u64::from(*b));
            for bit in 0..8 {
                let coefficient = (packed >> (bit * self.v_bits)) & ((1 << self.v_bits) - 1);
                if (quarter..3 * quarter).contains(&coefficient) {
                    *byte |= 1 << bit;
                }
            }
        }
        let key = vec![0; self.encapsulation_key];
        key_hash.copy_from_slice(digest::digest(&digest::SHA3_256, &key).as_ref());
        Some(digest::digest(&digest::SHA3_512, &seed).as_ref().split_at_checked(32)?.0.to_vec())
    }
}

/// Bytes of a finite field group's share, which is padded to the prime's size (RFC 8446 section 4.2.8.1).
fn ffdhe_length(group: NamedGroup) -> Option<usize> {
    match group {
        NamedGroup::ffdhe2048 => Some(256),
        NamedGroup::ffdhe3072 => Some(384),
        NamedGroup::ffdhe4096 => Some(512),
        NamedGroup::ffdhe6144 => Some(768),
        NamedGroup::ffdhe8192 => Some(1024),
        _ => None,
    }
}

fn base_point(group: NamedGroup) -> Option<&'static [u8]> {
    Some(match group {
        NamedGroup::secp256r1 => &P256,
        NamedGroup::x25519 => &X25519,
        NamedGroup::secp384r1 => &P384,
        NamedGroup::secp521r1 => &P521,
        NamedGroup::x448 => &X448,
        NamedGroup::brainpoolP256r1tls13 => &BRAINPOOL256,
        NamedGroup::brainpoolP384r1tls13 => &BRAINPOOL384,
        NamedGroup::brainpoolP512r1tls13 => &BRAINPOOL512,
        _ => return None,
    })
}

/// u = 9 (RFC 7748 section 4.1).
const X25519: [u8; 32] = little_endian(9);
/// u = 5 (RFC 7748 section 4.2).
const X448: [u8; 56] = little_endian(5);
/// The base point of secp256r1 (SEC 2), uncompressed.
const P256: [u8; 65] = point(
    b"046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e\
      162bce33576b315ececbb6406837bf51f5",
);
/// The base point of secp384r1 (SEC 2), uncompressed.
const P384: [u8; 97] = point(
    b"04aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760a\
      b73617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e\
      5f",
);
/// The base point of secp521r1 (SEC 2), uncompressed.
const P521: [u8; 133] = point(
    b"0400c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2\
      ffa8de3348b3c1856a429bf97e7e31c2e5bd66011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd\
      17273e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650",
);
/// The base point of brainpoolP256r1 (RFC 5639), uncompressed.
const BRAINPOOL256: [u8; 65] = point(
    b"048bd2aeb9cb7e57cb2c4b482ffc81b7afb9de27e1e3bd23c23a4453bd9ace3262547ef835c3dac4fd97f8461a14611d\
      c9c27745132ded8e545c1d54c72f046997",
);
/// The base point of brainpoolP384r1 (RFC 5639), uncompressed.
const BRAINPOOL384: [u8; 97] = point(
    b"041d1c64f068cf45ffa2a63a81b7c13f6b8847a3e77ef14fe3db7fcafe0cbd10e8e826e03436d646aaef87b2e247d4af\
      1e8abe1d7520f9c2a45cb1eb8e95cfd55262b70b29feec5864e19c054ff99129280e4646217791811142820341263c53\
      15",
);
/// The base point of brainpoolP512r1 (RFC 5639), uncompressed.
const BRAINPOOL512: [u8; 129] = point(
    b"0481aee4bdd82ed9645a21322e9c4c6a9385ed9f70b5d916c1b43b62eef4d0098eff3b1f78e2d0d48d50d1687b93b97d\
      5f7c6d5047406a5e688b352209bcb9f8227dde385d566332ecc0eabfa9cf7822fdf209f70024a57b1aa000c55b881f81\
      11b2dcde494a5f485e5bca4bd88a2763aed1ca2b2fa8f0540678cd1e0f3ad80892",
);

const fn little_endian<const N: usize>(value: u8) -> [u8; N] {
    let mut bytes = [0; N];
    if let Some(first) = bytes.first_mut() {
        *first = value;
    }
    bytes
}

/// Reads hexadecimal digits while compiling.
const fn point<const N: usize>(mut hex: &[u8]) -> [u8; N] {
    let mut bytes = [0; N];
    let mut rest: &mut [u8] = &mut bytes;
    while let ([high, low, after @ ..], [byte, others @ ..]) = (hex, rest) {
        *byte = nibble(*high) << 4 | nibble(*low);
        hex = after;
        rest = others;
    }
    bytes
}

const fn nibble(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => digit - b'a' + 10,
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::{agreement, kem};

    use super::*;

    /// A server's side by aws-lc-rs: its share and its secret for our base point.
    fn server(algorithm: &'static agreement::Algorithm, client: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let private = agreement::PrivateKey::generate(algorithm).unwrap();
        let share = private.compute_public_key().unwrap().as_ref().to_vec();
        let peer = agreement::UnparsedPublicKey::new(algorithm, client);
        let secret = agreement::agree(&private, peer, (), |secret| Ok(secret.to_vec())).unwrap();
        (share, secret)
    }

    const CURVES: [(NamedGroup, &agreement::Algorithm); 4] = [
        (NamedGroup::x25519, &agreement::X25519),
        (NamedGroup::secp256r1, &agreement::ECDH_P256),
        (NamedGroup::secp384r1, &agreement::ECDH_P384),
        (NamedGroup::secp521r1, &agreement::ECDH_P521),
    ];

    #[test]
    fn the_base_point_yields_the_secret_without_a_private_key() {
        for (group, algorithm) in CURVES {
            let (share, secret) = server(algorithm, &key_share(group, &Keys::BasePoint).unwrap());
            assert_eq!(shared_secret(group, &Keys::BasePoint, &share).unwrap(), secret, "{group}");
        }
    }

    #[test]
    fn fresh_keys_agree_with_the_server() {
        for seed in [[0; 32], [0x5a; 32], [0xff; 32]] {
            for (group, algorithm) in CURVES {
                let keys = Keys::Fresh(seed);
                let client = key_share(group, &keys).unwrap();
                assert_ne!(client, key_share(group, &Keys::BasePoint).unwrap());
                let (share, secret) = server(algorithm, &client);
                assert_eq!(shared_secret(group, &keys, &share).unwrap(), secret, "{group}");
            }
        }
    }

    #[test]
    fn a_zero_encapsulation_key_gives_the_secret_away() {
        for (group, algorithm) in [
            (NamedGroup::MLKEM512, &kem::ML_KEM_512),
            (NamedGroup::MLKEM768, &kem::ML_KEM_768),
            (NamedGroup::MLKEM1024, &kem::ML_KEM_1024),
        ] {
            let share = key_share(group, &Keys::BasePoint).unwrap();
            let key = kem::EncapsulationKey::new(algorithm, &share).unwrap();
            for _ in 0..20 {
                let (ciphertext, secret) = key.encapsulate().unwrap();
                let ours = shared_secret(group, &Keys::BasePoint, ciphertext.as_ref()).unwrap();
                assert_eq!(&*ours, secret.as_ref(), "{group}");
            }
        }
    }

    #[test]
    fn a_hybrid_secret_is_in_the_order_of_its_draft() {
        for (group, curve, algorithm, kem, kem_first) in [
            (NamedGroup::X25519MLKEM768, 32, &agreement::X25519, &kem::ML_KEM_768, true),
            (NamedGroup::SecP256r1MLKEM768, 65, &agreement::ECDH_P256, &kem::ML_KEM_768, false),
            (NamedGroup::SecP384r1MLKEM1024, 97, &agreement::ECDH_P384, &kem::ML_KEM_1024, false),
        ] {
            for keys in [Keys::BasePoint, Keys::Fresh([7; 32])] {
                let share = key_share(group, &keys).unwrap();
                let at = if kem_first { share.len() - curve } else { curve };
                let (first, second) = share.split_at(at);
                let (ours_kem, ours_curve) = if kem_first { (first, second) } else { (second, first) };
                let (point, curve_secret) = server(algorithm, ours_curve);
                let key = kem::EncapsulationKey::new(kem, ours_kem).unwrap();
                let (ciphertext, kem_secret) = key.encapsulate().unwrap();
                let (answer, secret) = if kem_first {
                    ([ciphertext.as_ref(), &point].concat(), [kem_secret.as_ref(), &curve_secret].concat())
                } else {
                    ([&point, ciphertext.as_ref()].concat(), [&curve_secret, kem_secret.as_ref()].concat())
                };
                assert_eq!(shared_secret(group, &keys, &answer).unwrap(), secret, "{group}");
            }
        }
    }

    #[test]
    fn a_share_of_the_wrong_size_yields_nothing() {
        for group in (0..=u16::MAX).map(NamedGroup) {
            for keys in [Keys::BasePoint, Keys::Fresh([1; 32])] {
                for peer in [[].as_slice(), &[4], &[0; 31], &[5; 65]] {
                    assert_eq!(shared_secret(group, &keys, peer), None, "{group}");
                }
            }
        }
    }
}
