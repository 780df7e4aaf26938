//! Did this key sign that certificate? One signature, nothing more: no dates, names or constraints, which are
//! `assess/`'s work.

use aws_lc_rs::digest::{self, Algorithm as DigestAlgorithm, Digest};
use aws_lc_rs::signature::{self as algorithms, RsaParameters, RsaPssSaltLength, VerificationAlgorithm};

use super::certificate::{Certificate, SignatureHash};
use super::der::{DerError, Element, Reader, tag};
use super::key::{KeyInfo, read_key, split_algorithm, split_key};
use super::oid;
use super::signature::{RSASSA_PSS, pss_parameters};

/// Outcome of checking one signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignatureCheck {
    /// The issuer's key made this signature.
    Verified,
    /// It did not, or certificate or key is malformed.
    Failed,
    /// Scheme, curve or key size is one that is not checked here (MD5, DSA, RSA over 8,192 bits, …).
    Unsupported,
}

/// Checks the signature on `child` with the key of `issuer`; give the same certificate twice to tell a self-signed
/// one. RSA of 1,024 to 8,192 bits (below 2,048 without SHA-384 and PSS), ECDSA on P-256, P-384, P-521 and
/// secp256k1, Ed25519, ML-DSA.
pub fn signed_by(child: &Certificate, issuer: &Certificate) -> SignatureCheck {
    match key_info(&issuer.der) {
        Ok(key) => signed_with(child, key),
        Err(_) => SignatureCheck::Failed,
    }
}

/// As [`signed_by`], with a key that may come from elsewhere.
pub(super) fn signed_with(child: &Certificate, key: KeyInfo<'_>) -> SignatureCheck {
    let Ok(signed) = split_signed(&child.der) else { return SignatureCheck::Failed };
    if signed.inner_algorithm != signed.algorithm.whole {
        return SignatureCheck::Failed;
    }
    check_signature(key, signed.algorithm, Signed::Message(signed.tbs), signed.signature)
}

/// What a signature is over.
#[derive(Clone, Copy)]
pub(super) enum Signed<'a> {
    Message(&'a [u8]),
    /// Of the message, by the algorithm that [`digest_of`] names.
    Digest(&'a Digest),
}

/// Checks one signature that `algorithm`, an AlgorithmIdentifier, describes.
pub(super) fn check_signature(
    key: KeyInfo<'_>,
    algorithm: Element<'_>,
    signed: Signed<'_>,
    signature: &[u8],
) -> SignatureCheck {
    let Ok((oid, parameters)) = split_algorithm(algorithm) else { return SignatureCheck::Failed };
    let oid = oid::dotted(oid);
    if !fits(&oid, key) {
        return SignatureCheck::Failed;
    }
    let Some(scheme) = scheme(&oid, parameters, key) else { return SignatureCheck::Unsupported };
    let algorithm: &dyn VerificationAlgorithm = match &scheme {
        Scheme::Static(algorithm) => *algorithm,
        Scheme::Pss(algorithm) => algorithm,
    };
    let verified = match signed {
        Signed::Message(message) => algorithm.verify_sig(key.key, message, signature),
        Signed::Digest(digest) => algorithm.verify_digest_sig(key.key, digest, signature),
    };
    if verified.is_ok() { SignatureCheck::Verified } else { SignatureCheck::Failed }
}

/// The hash that a signature of this AlgorithmIdentifier is over; `None` where the whole message is signed, or where
/// the scheme is not one that is checked here.
pub(super) fn digest_of(algorithm: Element<'_>) -> Option<&'static DigestAlgorithm> {
    let (oid, parameters) = split_algorithm(algorithm).ok()?;
    let oid = oid::dotted(oid);
    let (_, mut hash) = oid::signature_algorithm(&oid)?;
    if oid == RSASSA_PSS {
        hash = pss_parameters(parameters)?.hash;
    }
    Some(match hash? {
        SignatureHash::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        SignatureHash::Sha224 => &digest::SHA224,
        SignatureHash::Sha256 => &digest::SHA256,
        SignatureHash::Sha384 => &digest::SHA384,
        SignatureHash::Sha512 => &digest::SHA512,
        SignatureHash::Md2 | SignatureHash::Md5 => return None,
    })
}

impl Certificate {
    /// Its own key signed it. `Unsupported` says that this could not be told.
    pub fn is_self_signed(&self) -> SignatureCheck {
        if self.is_self_issued() { signed_by(self, self) } else { SignatureCheck::Failed }
    }
}

/// The parts of a signed certificate.
struct Parts<'a> {
    tbs: &'a [u8],
    /// The whole `signature` field inside the TBSCertificate.
    inner_algorithm: &'a [u8],
    algorithm: Element<'a>,
    signature: &'a [u8],
}

fn split_signed(der: &[u8]) -> Result<Parts<'_>, DerError> {
    let mut fields = Reader::new(der).expect(tag::SEQUENCE)?.reader();
    let tbs = fields.expect(tag::SEQUENCE)?;
    let algorithm = fields.expect(tag::SEQUENCE)?;
    let signature = fields.expect(tag::BIT_STRING)?.octets_of_bit_string()?;
    let mut inside = tbs.reader();
    inside.optional(tag::context_constructed(0))?;
    inside.expect(tag::INTEGER)?;
    let inner_algorithm = inside.expect(tag::SEQUENCE)?.whole;
    Ok(Parts { tbs: tbs.whole, inner_algorithm, algorithm, signature })
}

/// SubjectPublicKeyInfo: the fifth field behind the optional version and the serial number.
fn key_info(der: &[u8]) -> Result<KeyInfo<'_>, DerError> {
    split_key(key_element(der)?)
}

/// The whole SubjectPublicKeyInfo of a certificate.
pub(super) fn key_element(der: &[u8]) -> Result<Element<'_>, DerError> {
    let mut fields = Reader::new(der).expect(tag::SEQUENCE)?.reader().expect(tag::SEQUENCE)?.reader();
    fields.optional(tag::context_constructed(0))?;
    fields.expect(tag::INTEGER)?;
    for _ in ["signature", "issuer", "validity", "subject"] {
        fields.expect(tag::SEQUENCE)?;
    }
    fields.expect(tag::SEQUENCE)
}

enum Scheme {
    Static(&'static dyn VerificationAlgorithm),
    /// Salt length is part of the parameters.
    Pss(RsaParameters),
}

/// A key of one family cannot have made another family's signature.
fn fits(signature_oid: &str, key: KeyInfo<'_>) -> bool {
    let family = match oid::dotted(key.algorithm).as_str() {
        "1.2.840.113549.1.1.1" => "RSA",
        RSASSA_PSS => "PSS",
        "1.2.840.10045.2.1" => "EC",
        same if same == signature_oid => return true,
        _ => "other",
    };
    let name = oid::signature_algorithm(signature_oid).map_or("", |(name, _)| name);
    match family {
        "RSA" => !is_ecdsa(name) && !is_single_key(name),
        "PSS" => signature_oid == RSASSA_PSS,
        "EC" => !is_rsa(name) && !is_single_key(name),
        _ => !is_rsa(name) && !is_ecdsa(name) && !is_single_key(name),
    }
}

fn is_rsa(name: &str) -> bool {
    name.contains("RSA") || name.contains("rsassa")
}

fn is_ecdsa(name: &str) -> bool {
    name.contains("ecdsa")
}

fn is_single_key(name: &str) -> bool {
    name.starts_with("Ed") || name.contains("ML-DSA") || name.contains("SLH-DSA")
}

/// The way to check this signature; `None` if there is none.
fn scheme(signature_oid: &str, parameters: Option<Element<'_>>, key: KeyInfo<'_>) -> Option<Scheme> {
    let (name, hash) = oid::signature_algorithm(signature_oid)?;
    if signature_oid == RSASSA_PSS {
        let pss = pss_parameters(parameters).filter(|pss| pss.mask_hash == pss.hash)?;
        return rsa_pss(pss.hash?, u16::try_from(pss.salt_length).ok()?, rsa_bits(key)?).map(Scheme::Pss);
    }
    let algorithm = match name {
        "Ed25519" => &algorithms::ED25519 as &'static dyn VerificationAlgorithm,
        "ML-DSA-44" => &algorithms::ML_DSA_44,
        "ML-DSA-65" => &algorithms::ML_DSA_65,
        "ML-DSA-87" => &algorithms::ML_DSA_87,
        name if is_ecdsa(name) => ecdsa(key, hash?)?,
        name if is_rsa(name) => rsa_pkcs1(hash?, rsa_bits(key)?)?,
        _ => return None,
    };
    Some(Scheme::Static(algorithm))
}

fn rsa_bits(key: KeyInfo<'_>) -> Option<u32> {
    read_key(key).0.bits
}

fn rsa_pkcs1(hash: SignatureHash, bits: u32) -> Option<&'static dyn VerificationAlgorithm> {
    let algorithm: &'static RsaParameters = match hash {
        SignatureHash::Sha1 => &algorithms::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
        SignatureHash::Sha256 => &algorithms::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
        SignatureHash::Sha384 => &algorithms::RSA_PKCS1_2048_8192_SHA384,
        SignatureHash::Sha512 => &algorithms::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
        SignatureHash::Md2 | SignatureHash::Md5 | SignatureHash::Sha224 => return None,
    };
    supports(algorithm, bits).then_some(algorithm)
}

fn rsa_pss(hash: SignatureHash, salt_length: u16, bits: u32) -> Option<RsaParameters> {
    let algorithm = match hash {
        SignatureHash::Sha256 => algorithms::RSA_PSS_2048_8192_SHA256,
        SignatureHash::Sha384 => algorithms::RSA_PSS_2048_8192_SHA384,
        SignatureHash::Sha512 => algorithms::RSA_PSS_2048_8192_SHA512,
        SignatureHash::Md2 | SignatureHash::Md5 | SignatureHash::Sha1 | SignatureHash::Sha224 => return None,
    };
    supports(&algorithm, bits).then(|| algorithm.with_pss_salt_length(RsaPssSaltLength::Custom(salt_length)))
}

fn supports(algorithm: &RsaParameters, bits: u32) -> bool {
    (algorithm.min_modulus_len()..=algorithm.max_modulus_len()).contains(&bits)
}

fn ecdsa(key: KeyInfo<'_>, hash: SignatureHash) -> Option<&'static dyn VerificationAlgorithm> {
    let curve = key.parameters.filter(|parameters| parameters.tag == tag::OID)?;
    let (curve, _) = oid::curve(&oid::dotted(curve.content))?;
    Some(match (curve, hash) {
        ("P-256", SignatureHash::Sha1) => &algorithms::ECDSA_P256_SHA1_ASN1,
        ("P-256", SignatureHash::Sha256) => &algorithms::ECDSA_P256_SHA256_ASN1,
        ("P-256", SignatureHash::Sha384) => &algorithms::ECDSA_P256_SHA384_ASN1,
        ("P-256", SignatureHash::Sha512) => &algorithms::ECDSA_P256_SHA512_ASN1,
        ("P-384", SignatureHash::Sha256) => &algorithms::ECDSA_P384_SHA256_ASN1,
        ("P-384", SignatureHash::Sha384) => &algorithms::ECDSA_P384_SHA384_ASN1,
        ("P-384", SignatureHash::Sha512) => &algorithms::ECDSA_P384_SHA512_ASN1,
        ("P-521", SignatureHash::Sha1) => &algorithms::ECDSA_P521_SHA1_ASN1,
        ("P-521", SignatureHash::Sha224) => &algorithms::ECDSA_P521_SHA224_ASN1,
        ("P-521", SignatureHash::Sha256) => &algorithms::ECDSA_P521_SHA256_ASN1,
        ("P-521", SignatureHash::Sha384) => &algorithms::ECDSA_P521_SHA384_ASN1,
        ("P-521", SignatureHash::Sha512) => &algorithms::ECDSA_P521_SHA512_ASN1,
        ("secp256k1", SignatureHash::Sha256) => &algorithms::ECDSA_P256K1_SHA256_ASN1,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{KeyPair, ML_DSA_65_SIGNING, PqdsaKeyPair};

    use super::super::testing::{Draft, Numbers, algorithm, certificates, fixture, key_info};
    use super::*;
    use crate::x509::read;

    #[test]
    fn a_chain_verifies_link_by_link() {
        let chain = certificates(fixture!("full.pem"));
        let [leaf, intermediate, root] = chain.as_slice() else { panic!("three certificates") };
        assert_eq!(signed_by(leaf, intermediate), SignatureCheck::Verified);
        assert_eq!(signed_by(intermediate, root), SignatureCheck::Verified);
        assert_eq!(root.is_self_signed(), SignatureCheck::Verified);
        assert_eq!(leaf.is_self_signed(), SignatureCheck::Failed);
    }

    #[test]
    fn another_key_did_not_sign() {
        let chain = certificates(fixture!("full.pem"));
        let [leaf, intermediate, root] = chain.as_slice() else { panic!("three certificates") };
        assert_eq!(signed_by(leaf, root), SignatureCheck::Failed);
        assert_eq!(signed_by(intermediate, intermediate), SignatureCheck::Failed);
        for other in
            [fixture!("ed25519.pem"), fixture!("rsa1024.pem"), fixture!("ed448.pem"), fixture!("dsa.pem")]
        {
            assert_eq!(signed_by(leaf, &certificates(other)[0]), SignatureCheck::Failed);
        }
        let pss_only = &certificates(fixture!("pss-key.pem"))[0];
        assert_eq!(signed_by(&certificates(fixture!("sha1.pem"))[0], pss_only), SignatureCheck::Failed);
    }

    #[test]
    fn a_changed_certificate_does_not_verify() {
        let root = &certificates(fixture!("root.pem"))[0];
        let mut der = root.der.to_vec();
        let at = der.windows(12).position(|window| window == b"Fixture Root").unwrap();
        der[at] ^= 1;
        assert_eq!(signed_by(&read(&der), root), SignatureCheck::Failed);
        assert_eq!(signed_by(&read(b"?"), root), SignatureCheck::Failed);
        assert_eq!(signed_by(root, &read(b"?")), SignatureCheck::Failed);
    }

    #[test]
    fn ml_dsa_signatures_verify() {
        let keys = PqdsaKeyPair::generate(&ML_DSA_65_SIGNING).unwrap();
        let oid = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 18];
        let mut draft = Draft {
            algorithm: algorithm(&oid),
            key: key_info(&oid, keys.public_key().as_ref()),
            ..Draft::default()
        };
        draft.signature = vec![0; keys.algorithm().signature_len()];
        assert_eq!(draft.read().is_self_signed(), SignatureCheck::Failed);
        keys.sign(&draft.tbs(), &mut draft.signature).unwrap();
        assert_eq!(draft.read().is_self_signed(), SignatureCheck::Verified);
    }

    #[test]
    fn mutants_never_panic_and_never_verify() {
        let mut numbers = Numbers(0xbad);
        for pem in
            [fixture!("ed25519.pem"), fixture!("pss-salt20.pem"), fixture!("p521.pem"), fixture!("root.pem")]
        {
            let original = &certificates(pem)[0];
            for _ in 0..500 {
                let mutant = read(&numbers.mutant(&original.der));
                let check = signed_by(&mutant, original);
                assert!(check != SignatureCheck::Verified || mutant.der.starts_with(&original.der));
                signed_by(original, &mutant);
            }
        }
    }
}
