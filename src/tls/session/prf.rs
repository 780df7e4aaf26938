//! The pseudo-random function of TLS 1.0 to 1.2, and the handshake hash that goes with it.
//! RFC 2246 section 5, RFC 5246 section 5.

use ::hmac::{Hmac, KeyInit, Mac};
use aws_lc_rs::{digest, hmac};
use md5::{Digest, Md5};

use crate::tls::ProtocolVersion;

/// One of the three functions there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prf {
    /// MD5 and SHA-1 combined, up to TLS 1.1.
    Md5Sha1,
    Sha256,
    Sha384,
}

impl Prf {
    /// That of a version, and in TLS 1.2 of a suite.
    pub(super) fn of(version: ProtocolVersion, sha384: bool) -> Self {
        match version {
            ProtocolVersion::TLSv1_2 if sha384 => Self::Sha384,
            ProtocolVersion::TLSv1_2 => Self::Sha256,
            _ => Self::Md5Sha1,
        }
    }

    /// `length` bytes from a secret, a label and a seed.
    pub(super) fn derive(self, secret: &[u8], label: &[u8], seed: &[u8], length: usize) -> Vec<u8> {
        let seed = [label, seed].concat();
        match self {
            Self::Sha256 => expand(|data| sign(hmac::HMAC_SHA256, secret, data), &seed, length),
            Self::Sha384 => expand(|data| sign(hmac::HMAC_SHA384, secret, data), &seed, length),
            Self::Md5Sha1 => {
                // Two halves, which share the middle byte of an odd secret.
                let half = secret.len().div_ceil(2);
                let first = secret.get(..half).unwrap_or_default();
                let second = secret.get(secret.len() - half..).unwrap_or_default();
                let md5 = expand(|data| sign_md5(first, data), &seed, length);
                let sha1 =
                    expand(|data| sign(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, second, data), &seed, length);
                md5.iter().zip(sha1).map(|(a, b)| a ^ b).collect()
            }
        }
    }

    /// Hash over handshake messages, as Finished and the extended master secret use it.
    pub(super) fn hash(self, messages: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => digest::digest(&digest::SHA256, messages).as_ref().to_vec(),
            Self::Sha384 => digest::digest(&digest::SHA384, messages).as_ref().to_vec(),
            Self::Md5Sha1 => {
                let sha1 = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, messages);
                [Md5::digest(messages).as_slice(), sha1.as_ref()].concat()
            }
        }
    }
}

/// P_hash: HMAC over ever new labels.
fn expand(hmac: impl Fn(&[u8]) -> Vec<u8>, seed: &[u8], length: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(length + 48);
    let mut a = hmac(seed);
    while out.len() < length {
        out.extend(hmac(&[&a, seed].concat()));
        a = hmac(&a);
    }
    out.truncate(length);
    out
}

fn sign(algorithm: hmac::Algorithm, key: &[u8], data: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(algorithm, key), data).as_ref().to_vec()
}

fn sign_md5(key: &[u8], data: &[u8]) -> Vec<u8> {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Md5>::new_from_slice(key) else { return vec![0; 16] };
    mac.update(data);
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let pairs = (0..text.len()).step_by(2).map(|at| &text[at..at + 2]);
        pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
    }

    /// Of `openssl kdf -kdfopt digest:… TLS1-PRF`, with secrets of 16 and of 17 bytes.
    #[test]
    fn the_functions_are_those_of_openssl() {
        let secret = hex("9bbe436ba940f017b17652849a71db3577");
        let seed = hex("a0ba9f936cda311827a6f796ffd5198c");
        for (prf, even, odd) in [
            (
                Prf::Sha256,
                "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af",
                "5d920d7cdf893be56bec5a987467f6ee0efb48ff85833dd85b9f2b269fd47b9ff8e6aa5f80f6ba86613d7695b2180508",
            ),
            (
                Prf::Sha384,
                "dd88775cd827187b67a3f7652b5c13f715791cc46e0274a6d3fb16651103defc544cd8afb68369a219bb918b8b21ddb1",
                "f8f0a9b7bc9305e0ad000725b3140ad5305d40933efbbfa68ea4e11b5a8428b55bb6839ba3339d0a16ca5ea92cc2d6b9",
            ),
            (
                Prf::Md5Sha1,
                "661740e6f98bc901efd2738502a71c03f76dd2f86298549b1148eff06714cf0f6b7c532cd8c69f1530e0bb680eec34c4",
                "cb7f75c039ab638d4e7c416ef44e49c4008679a42f2918e36348c9b27d40e05659b67c4237121f3d1ea735ed6ee0fad0",
            ),
        ] {
            assert_eq!(prf.derive(&secret[..16], b"test label", &seed, 48), hex(even), "{prf:?}");
            assert_eq!(prf.derive(&secret, b"test label", &seed, 48), hex(odd), "{prf:?}");
            assert_eq!(prf.derive(&secret, b"test label", &seed, 7), hex(odd)[..7], "{prf:?}");
        }
    }

    #[test]
    fn the_handshake_hash_goes_with_the_function() {
        let of = |version, sha384| Prf::of(version, sha384).hash(b"abc").len();
        assert_eq!(of(ProtocolVersion::TLSv1_0, false), 16 + 20);
        assert_eq!(of(ProtocolVersion::TLSv1_2, false), 32);
        assert_eq!(of(ProtocolVersion::TLSv1_2, true), 48);
        assert_eq!(Prf::Md5Sha1.hash(b"abc")[..4], hex("90015098"));
        assert_eq!(Prf::Md5Sha1.hash(b"abc")[16..20], hex("a9993e36"));
    }
}
