//! Signature algorithms that a certification path may use here.
//!
//! Trust and strength are separate verdicts: a path that a 1024-bit RSA key signed still leads to its anchor, and
//! `key.rsa.too_short` says what is wrong with it. SHA-1 does not: no current client accepts it, so it only serves
//! to explain a refusal. MD5 and RSA keys above 8,192 bits are never verified.

use std::sync::LazyLock;

use aws_lc_rs::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};

type Algorithms = Vec<&'static dyn SignatureVerificationAlgorithm>;

/// What counts for trust.
pub(super) static ACCEPTED: LazyLock<Algorithms> = LazyLock::new(|| {
    let short_rsa: [&'static dyn SignatureVerificationAlgorithm; 2] = [&RSA_1024_SHA256, &RSA_1024_SHA512];
    short_rsa.into_iter().chain(webpki::ALL_VERIFICATION_ALGS.iter().copied()).collect()
});

/// [`ACCEPTED`] and SHA-1: to tell a refused algorithm from an unknown issuer.
pub(super) static EXPLAINING: LazyLock<Algorithms> = LazyLock::new(|| {
    let sha1: [&'static dyn SignatureVerificationAlgorithm; 2] = [&RSA_SHA1, &P256_SHA1];
    ACCEPTED.iter().copied().chain(sha1).collect()
});

/// sha1WithRSAEncryption with NULL parameters (RFC 3279 section 2.2.1), without the outer SEQUENCE.
const SHA1_WITH_RSA: AlgorithmIdentifier = AlgorithmIdentifier::from_slice(&[
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05, 0x05, 0x00,
]);
/// ecdsa-with-SHA1 (RFC 3279 section 2.2.3).
const ECDSA_WITH_SHA1: AlgorithmIdentifier =
    AlgorithmIdentifier::from_slice(&[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01]);

static RSA_1024_SHA256: Legacy = Legacy {
    key: alg_id::RSA_ENCRYPTION,
    signature: alg_id::RSA_PKCS1_SHA256,
    algorithm: &signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
};
static RSA_1024_SHA512: Legacy = Legacy {
    key: alg_id::RSA_ENCRYPTION,
    signature: alg_id::RSA_PKCS1_SHA512,
    algorithm: &signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
};
static RSA_SHA1: Legacy = Legacy {
    key: alg_id::RSA_ENCRYPTION,
    signature: SHA1_WITH_RSA,
    algorithm: &signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
};
static P256_SHA1: Legacy = Legacy {
    key: alg_id::ECDSA_P256,
    signature: ECDSA_WITH_SHA1,
    algorithm: &signature::ECDSA_P256_SHA1_ASN1,
};

#[derive(Debug)]
struct Legacy {
    key: AlgorithmIdentifier,
    signature: AlgorithmIdentifier,
    algorithm: &'static dyn VerificationAlgorithm,
}

impl SignatureVerificationAlgorithm for Legacy {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        UnparsedPublicKey::new(self.algorithm, public_key)
            .verify(message, signature)
            .map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.key
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }
}
