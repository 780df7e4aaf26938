//! What the cipher suites of TLS 1.0 to 1.2 are made of, read from their names. Never says which to offer.

use aws_lc_rs::{aead, hmac};

use crate::tls::{CipherSuite, ProtocolVersion};

/// The parts of one cipher suite that is spoken here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) exchange: Exchange,
    pub(super) cipher: Cipher,
    /// The PRF of TLS 1.2 hashes with SHA-384 instead of SHA-256.
    pub(super) sha384: bool,
}

/// How the premaster secret is agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exchange {
    Rsa,
    Dhe,
    Ecdhe,
}

/// How records are protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cipher {
    Cbc(Block, Mac),
    Aes128Gcm,
    Aes256Gcm,
}

/// Block ciphers in CBC mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Block {
    Aes128,
    Aes256,
    TripleDes,
}

/// MACs of CBC suites.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mac {
    Sha1,
    Sha256,
    Sha384,
}

impl Parts {
    /// `None` for suites that are not spoken here.
    pub(super) fn of(suite: CipherSuite) -> Option<Self> {
        let (exchange, protection) = suite.known_name()?.strip_prefix("TLS_")?.split_once("_WITH_")?;
        let exchange = match exchange {
            "RSA" => Exchange::Rsa,
            "DHE_RSA" | "DHE_DSS" => Exchange::Dhe,
            "ECDHE_RSA" | "ECDHE_ECDSA" => Exchange::Ecdhe,
            _ => return None,
        };
        let cipher = match protection {
            "AES_128_GCM_SHA256" => Cipher::Aes128Gcm,
            "AES_256_GCM_SHA384" => Cipher::Aes256Gcm,
            "AES_128_CBC_SHA" => Cipher::Cbc(Block::Aes128, Mac::Sha1),
            "AES_256_CBC_SHA" => Cipher::Cbc(Block::Aes256, Mac::Sha1),
            "AES_128_CBC_SHA256" => Cipher::Cbc(Block::Aes128, Mac::Sha256),
            "AES_256_CBC_SHA256" => Cipher::Cbc(Block::Aes256, Mac::Sha256),
            "AES_256_CBC_SHA384" => Cipher::Cbc(Block::Aes256, Mac::Sha384),
            "3DES_EDE_CBC_SHA" => Cipher::Cbc(Block::TripleDes, Mac::Sha1),
            _ => return None,
        };
        Some(Self { exchange, cipher, sha384: protection.ends_with("_SHA384") })
    }

    /// The oldest version that has this suite (RFC 5246 section 1.2, RFC 5288, RFC 5289).
    pub(super) fn since(self) -> ProtocolVersion {
        match self.cipher {
            Cipher::Cbc(_, Mac::Sha1) => ProtocolVersion::TLSv1_0,
            _ => ProtocolVersion::TLSv1_2,
        }
    }
}

impl Cipher {
    /// Bytes of one direction's MAC key, key and IV in the key block of `version` (RFC 5246 section 6.3).
    pub(super) fn lengths(self, version: ProtocolVersion) -> (usize, usize, usize) {
        match self {
            Self::Cbc(block, mac) => {
                // From TLS 1.1 on each record brings its IV along.
                let iv = if version == ProtocolVersion::TLSv1_0 { block.size() } else { 0 };
                (mac.length(), block.key_length(), iv)
            }
            Self::Aes128Gcm => (0, 16, 4),
            Self::Aes256Gcm => (0, 32, 4),
        }
    }

    /// The AEAD; `None` for CBC.
    pub(super) fn aead(self) -> Option<&'static aead::Algorithm> {
        match self {
            Self::Cbc(..) => None,
            Self::Aes128Gcm => Some(&aead::AES_128_GCM),
            Self::Aes256Gcm => Some(&aead::AES_256_GCM),
        }
    }
}

impl Block {
    /// Bytes of a block, and of an IV.
    pub(super) fn size(self) -> usize {
        match self {
            Self::Aes128 | Self::Aes256 => 16,
            Self::TripleDes => 8,
        }
    }

    fn key_length(self) -> usize {
        match self {
            Self::Aes128 => 16,
            Self::Aes256 => 32,
            Self::TripleDes => 24,
        }
    }
}

impl Mac {
    pub(super) fn algorithm(self) -> hmac::Algorithm {
        match self {
            Self::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha384 => hmac::HMAC_SHA384,
        }
    }

    pub(super) fn length(self) -> usize {
        self.algorithm().tag_len()
    }
}

/// Suites that a [`Client`](super::Client) can speak in this version.
pub fn speaks(suite: CipherSuite, version: ProtocolVersion) -> bool {
    let spoken = ProtocolVersion::TLSv1_0..=ProtocolVersion::TLSv1_2;
    spoken.contains(&version) && Parts::of(suite).is_some_and(|parts| parts.since() <= version)
}

/// A suite in CBC mode that a [`Client`](super::Client) can speak.
pub fn is_cbc(suite: CipherSuite) -> bool {
    Parts::of(suite).is_some_and(|parts| matches!(parts.cipher, Cipher::Cbc(..)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_what_a_suite_is_made_of() {
        let parts = Parts::of(CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384).unwrap();
        assert_eq!(parts.exchange, Exchange::Ecdhe);
        assert_eq!(parts.cipher, Cipher::Cbc(Block::Aes256, Mac::Sha384));
        assert!(parts.sha384);
        let parts = Parts::of(CipherSuite::TLS_DHE_DSS_WITH_AES_128_GCM_SHA256).unwrap();
        assert_eq!((parts.exchange, parts.cipher, parts.sha384), (Exchange::Dhe, Cipher::Aes128Gcm, false));
        let parts = Parts::of(CipherSuite::TLS_RSA_WITH_3DES_EDE_CBC_SHA).unwrap();
        assert_eq!(parts.cipher.lengths(ProtocolVersion::TLSv1_0), (20, 24, 8));
        for suite in [
            CipherSuite::TLS_AES_128_GCM_SHA256,
            CipherSuite::TLS_RSA_PSK_WITH_AES_128_CBC_SHA,
            CipherSuite::TLS_DH_anon_WITH_AES_128_CBC_SHA,
            CipherSuite::TLS_RSA_WITH_RC4_128_SHA,
            CipherSuite::TLS_RSA_WITH_AES_128_CCM_8,
            CipherSuite(0x0a0a),
        ] {
            assert_eq!(Parts::of(suite), None, "{suite}");
        }
    }

    #[test]
    fn suites_of_tls_1_2_are_not_spoken_before_it() {
        let (cbc, gcm) =
            (CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA, CipherSuite::TLS_RSA_WITH_AES_128_GCM_SHA256);
        assert!(speaks(cbc, ProtocolVersion::TLSv1_0) && is_cbc(cbc));
        assert!(speaks(gcm, ProtocolVersion::TLSv1_2) && !is_cbc(gcm));
        assert!(!speaks(gcm, ProtocolVersion::TLSv1_1));
        assert!(!speaks(cbc, ProtocolVersion::SSLv3) && !speaks(cbc, ProtocolVersion::TLSv1_3));
    }
}
