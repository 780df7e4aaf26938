//! Whether the server holds the key of the certificate it served: its signature in the handshake (RFC 8446
//! section 4.4.3, RFC 5246 section 7.4.3). Never looks at trust or names.

use aws_lc_rs::signature::{
    RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
    RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY, RsaParameters, UnparsedPublicKey,
};
use rustls::crypto::{
    WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
    verify_tls13_signature_with_raw_key,
};
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, SubjectPublicKeyInfoDer};

use super::leaf::{self, Leaf};

/// How a handshake is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signed {
    Tls12,
    Tls13,
}

/// Checks the signature. `Some(false)` only for a signature that is wrong for a key we can use; `None` where the
/// key or the scheme is beyond our means.
pub(crate) fn is_proved(
    signed: Signed,
    message: &[u8],
    certificate: &CertificateDer<'_>,
    signature: &DigitallySignedStruct,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Option<bool> {
    let verified = match signed {
        Signed::Tls12 => verify_tls12_signature(message, certificate, signature, algorithms),
        Signed::Tls13 => verify_tls13_signature(message, certificate, signature, algorithms),
    };
    match verified {
        Ok(_) => Some(true),
        Err(error) => after_error(&error, signed, message, certificate, signature, algorithms),
    }
}

fn after_error(
    error: &Error,
    signed: Signed,
    message: &[u8],
    certificate: &CertificateDer<'_>,
    signature: &DigitallySignedStruct,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Option<bool> {
    let leaf = leaf::read(certificate)?;
    if let Some(bits) = leaf.rsa_bits
        && !(2_048..=8_192).contains(&bits)
    {
        return with_short_rsa_key(&leaf, message, signature.scheme, signature.signature());
    }
    match error {
        Error::InvalidCertificate(CertificateError::BadSignature) => Some(false),
        // The certificate is not to the library's taste (version 1, odd extensions); its key may be.
        Error::InvalidCertificate(
            CertificateError::BadEncoding
            | CertificateError::UnhandledCriticalExtension
            | CertificateError::Other(_),
        ) if signed == Signed::Tls13 => {
            let spki = SubjectPublicKeyInfoDer::from(leaf.spki);
            match verify_tls13_signature_with_raw_key(message, &spki, signature, algorithms) {
                Ok(_) => Some(true),
                Err(Error::InvalidCertificate(CertificateError::BadSignature)) => Some(false),
                Err(_) => None,
            }
        }
        _ => None,
    }
}

/// RSA keys of 1,024 to 2,047 bits, for which the library has only the schemes of TLS 1.2 left.
fn with_short_rsa_key(
    leaf: &Leaf<'_>,
    message: &[u8],
    scheme: SignatureScheme,
    signature: &[u8],
) -> Option<bool> {
    let algorithm: &'static RsaParameters = match scheme {
        SignatureScheme::RSA_PKCS1_SHA1 => &RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
        SignatureScheme::RSA_PKCS1_SHA256 => &RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
        SignatureScheme::RSA_PKCS1_SHA512 => &RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
        _ => return None,
    };
    if leaf.rsa_bits? < 1_024 {
        return None;
    }
    Some(UnparsedPublicKey::new(algorithm, leaf.key).verify(message, signature).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::OfferedFor;

    /// An RSAPublicKey of 1,024 bits: `openssl rsa -RSAPublicKey_out -outform der`.
    const SHORT_KEY: &str = "30818902818100f2077ca0f5c8f85d324bf62efbc15a75a3678d39e7671ea9af25e99a8519b2e50e481ef9ba0ebe \
        fa685c591f6b1050d25f6516db4377fbf96b4134d75454eac9ec1ff559584fb02c729e12e9788c28c9d65e0875b2 \
        c9ce2ae13f1bca5465267e776d1279f985686df45d4628ed190bc1ffd6934e67649ed1010c8486b1277d69020301 \
        0001";
    /// Its signature over `handshake`: `openssl dgst -sha256 -sign`.
    const SIGNATURE: &str = "ce2c886fc5349e86b57ed4add9dd9069ec44714ec669647d01f16d7c8e41c861119648f424101d66606f955fcde4 \
        78a016bb5367af5feac15bbe8769ffb90e7c5ae9dab2e01de8a155a966d6d90ab3efc1e7ab954c0b626a566423ff \
        bdd65e4ba34c8ba0967f555786a59e0662dde171129dbff193f4799287c7fa53565cb26c";

    fn bytes(hexadecimal: &str) -> Vec<u8> {
        let digits: Vec<u8> = hexadecimal.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
        digits
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }

    #[test]
    fn a_short_rsa_key_proves_itself_where_the_library_still_can() {
        let (key, signature) = (bytes(SHORT_KEY), bytes(SIGNATURE));
        let bits = leaf::rsa_bits(Some(OfferedFor::Rsa), &key);
        assert_eq!(bits, Some(1_024));
        let leaf = Leaf { spki: &[], key: &key, kind: Some(OfferedFor::Rsa), rsa_bits: bits };
        let check = |message: &[u8], scheme| with_short_rsa_key(&leaf, message, scheme, &signature);
        assert_eq!(check(b"handshake", SignatureScheme::RSA_PKCS1_SHA256), Some(true));
        assert_eq!(check(b"another", SignatureScheme::RSA_PKCS1_SHA256), Some(false));
        assert_eq!(check(b"handshake", SignatureScheme::RSA_PSS_SHA256), None);
        let tiny = Leaf { rsa_bits: Some(512), ..leaf };
        assert_eq!(with_short_rsa_key(&tiny, b"", SignatureScheme::RSA_PKCS1_SHA256, &signature), None);
    }
}
