//! A private authority that mints fresh certificates around a given time: sound ones and faulty ones.
//! Invariant: never writes a key to disk; validity is relative to the `now` it was given, never to a clock.
//! Certificates follow RFC 5280 except where the caller asks for the fault.

use aws_lc_rs::signature::Ed25519KeyPair;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, SanType, SignatureAlgorithm,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::EstateError;
use super::legacy;
use crate::time::{DAY_SECONDS, UnixTime};
use crate::x509::pem;

/// Netscape comment: an extension that everybody ignores, used as padding.
const COMMENT_EXTENSION: [u64; 7] = [2, 16, 840, 1, 113_730, 1, 13];

/// A certificate above 65,535 bytes is refused by some verifiers, so padding stays below.
const MAX_PADDING_BYTES: usize = 60_000;

/// The key of a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeafKey {
    EcdsaP256,
    EcdsaP384,
    Ed25519,
    /// Takes about 0.1 s to generate.
    Rsa2048,
    /// A modulus without a known private key: for scripted flights only, [`Identity::private_key`] is `None`.
    Rsa1024,
}

/// How the authority signs a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeafSignature {
    /// ECDSA with SHA-256.
    Sound,
    /// ECDSA with SHA-1; the signature is right.
    Sha1,
    /// Says MD5 with RSA; the signature is 256 bytes of nothing, for no key here could make it.
    Md5,
}

/// What a leaf says. Times are seconds from the authority's `now`, negative in the past.
#[derive(Debug, Clone)]
pub struct Leaf {
    /// DNS names, or addresses where the text is one. The first is the common name too.
    pub names: Vec<String>,
    pub not_before: i64,
    pub not_after: i64,
    pub key: LeafKey,
    pub signature: LeafSignature,
    /// Organisation in the subject, taken as it is.
    pub organisation: Option<String>,
    /// The common name, where it is not the first name.
    pub common_name: Option<String>,
    /// Names in URIs, taken as they are.
    pub uris: Vec<String>,
    /// Bytes of a comment extension, at most 60,000.
    pub padding_bytes: usize,
}

impl Leaf {
    /// A sound 90-day ECDSA P-256 leaf, 30 days old.
    pub fn new(name: &str) -> Self {
        Self {
            names: vec![name.to_owned()],
            not_before: -30 * DAY_SECONDS,
            not_after: 60 * DAY_SECONDS,
            key: LeafKey::EcdsaP256,
            signature: LeafSignature::Sound,
            organisation: None,
            common_name: None,
            uris: Vec::new(),
            padding_bytes: 0,
        }
    }

    /// The same leaf with another validity, in seconds from `now`.
    pub fn valid(self, not_before: i64, not_after: i64) -> Self {
        Self { not_before, not_after, ..self }
    }

    /// The same leaf with another key.
    pub fn key(self, key: LeafKey) -> Self {
        Self { key, ..self }
    }

    /// The same leaf with another signature.
    pub fn signature(self, signature: LeafSignature) -> Self {
        Self { signature, ..self }
    }

    /// A leaf whose texts try a terminal, a spreadsheet, a browser and a log: escape sequence, line break,
    /// bidirectional override, formula, markup.
    pub fn hostile(name: &str) -> Self {
        Self {
            names: vec![name.to_owned(), "\u{1b}[2Jx.test".to_owned(), "=cmd|' /C calc'!A0".to_owned()],
            organisation: Some("=HYPERLINK(\"http://x.test\")\r\nOK: all certificates are fine".to_owned()),
            common_name: Some("\u{1b}[31m\u{202e}<script>alert(1)</script>\u{0}".to_owned()),
            uris: vec!["javascript:alert(1)\r\nSet-Cookie: a=b".to_owned()],
            ..Self::new(name)
        }
    }
}

/// A chain in the order served, and the key of its first certificate.
#[derive(Clone)]
pub struct Identity {
    /// DER, end-entity first; without the root unless a fault put it there.
    pub chain: Vec<Vec<u8>>,
    private_key: Option<Vec<u8>>,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let lengths: Vec<usize> = self.chain.iter().map(Vec::len).collect();
        f.debug_struct("Identity").field("certificate_bytes", &lengths).finish_non_exhaustive()
    }
}

impl Identity {
    /// PKCS #8 DER; `None` where only the public half exists.
    pub fn private_key(&self) -> Option<&[u8]> {
        self.private_key.as_deref()
    }

    /// The key in rustls's type.
    pub fn private_key_der(&self) -> Option<PrivateKeyDer<'static>> {
        self.private_key.clone().map(|der| PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(der)))
    }

    /// The chain in rustls's type.
    pub fn chain_der(&self) -> Vec<CertificateDer<'static>> {
        self.chain.iter().cloned().map(CertificateDer::from).collect()
    }

    /// The chain as PEM, in the order served.
    pub fn chain_pem(&self) -> String {
        self.chain.iter().map(|der| pem::encode(pem::CERTIFICATE, der)).collect()
    }

    /// The key as PEM (`PRIVATE KEY`).
    pub fn private_key_pem(&self) -> Option<String> {
        self.private_key.as_deref().map(|der| pem::encode("PRIVATE KEY", der))
    }

    /// The same identity with the chain changed: cut, turned round, doubled.
    pub fn with_chain(&self, change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Self {
        let mut changed = self.clone();
        change(&mut changed.chain);
        changed
    }

    /// Only the end-entity certificate: the intermediate is missing.
    pub fn without_intermediates(&self) -> Self {
        self.with_chain(|chain| chain.truncate(1))
    }
}

/// A root and an intermediate under it, all keys ECDSA P-256.
#[derive(Debug)]
pub struct Authority {
    now: UnixTime,
    name: String,
    root: CertifiedIssuer<'static, KeyPair>,
    intermediate: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    /// Makes a root (ten years, two old) and an intermediate (five years, one old).
    ///
    /// # Errors
    /// [`EstateError::Mint`] if a key or a certificate cannot be made.
    pub fn new(now: UnixTime, name: &str) -> Result<Self, EstateError> {
        let year = 365 * DAY_SECONDS;
        let root_params = ca_params(now, &format!("{name} Root"), -2 * year, 8 * year)?;
        let root = CertifiedIssuer::self_signed(root_params, KeyPair::generate().map_err(mint(name))?)
            .map_err(mint(name))?;
        let params = ca_params(now, &format!("{name} Issuing"), -year, 4 * year)?;
        let intermediate =
            CertifiedIssuer::signed_by(params, KeyPair::generate().map_err(mint(name))?, &root)
                .map_err(mint(name))?;
        Ok(Self { now, name: name.to_owned(), root, intermediate })
    }

    /// The root as PEM, to be trusted.
    pub fn root_pem(&self) -> String {
        pem::encode(pem::CERTIFICATE, self.root.der())
    }

    /// The root's DER.
    pub fn root_der(&self) -> Vec<u8> {
        self.root.der().to_vec()
    }

    /// The intermediate's DER.
    pub fn intermediate_der(&self) -> Vec<u8> {
        self.intermediate.der().to_vec()
    }

    /// Mints a leaf under the intermediate; the chain is leaf, intermediate.
    ///
    /// # Errors
    /// [`EstateError::Mint`] if a name cannot be encoded or a key cannot be made.
    pub fn issue(&self, leaf: &Leaf) -> Result<Identity, EstateError> {
        self.issue_under(leaf, &self.intermediate, vec![self.intermediate_der()])
    }

    /// Mints a leaf that is its own issuer; the chain is the leaf alone. Not for [`LeafKey::Rsa1024`].
    ///
    /// # Errors
    /// As [`Authority::issue`].
    pub fn self_signed(&self, leaf: &Leaf) -> Result<Identity, EstateError> {
        let what = || leaf.names.join(" ");
        let key = generate(leaf.key)
            .map_err(mint(&what()))?
            .ok_or_else(|| EstateError::NoPrivateKey { what: what() })?;
        let certificate = leaf_params(self.now, leaf)?.self_signed(&key).map_err(mint(&what()))?;
        Ok(Identity { chain: vec![certificate.der().to_vec()], private_key: Some(key.serialize_der()) })
    }

    /// Mints a sound path of `certificates` certificates (the leaf included, the root not), padded so that the
    /// chain has `bytes` bytes and a few hundred more; 0 for no padding.
    ///
    /// # Errors
    /// As [`Authority::issue`].
    pub fn deep_chain(
        &self,
        leaf: &Leaf,
        certificates: usize,
        bytes: usize,
    ) -> Result<Identity, EstateError> {
        // Without padding an ECDSA certificate here has at least 400 bytes.
        let padding = (bytes / certificates.max(1)).saturating_sub(400).min(MAX_PADDING_BYTES);
        let mut chain = Vec::new();
        let mut above: Option<CertifiedIssuer<'static, KeyPair>> = None;
        let year = 365 * DAY_SECONDS;
        for depth in 1..certificates.max(2) {
            let name = format!("{} Level {depth}", self.name);
            let mut params = ca_params(self.now, &name, -year, 4 * year)?;
            add_padding(&mut params, padding);
            let key = KeyPair::generate().map_err(mint(&name))?;
            let issuer = above.as_ref().unwrap_or(&self.root);
            let made = CertifiedIssuer::signed_by(params, key, issuer).map_err(mint(&name))?;
            chain.insert(0, made.der().to_vec());
            above = Some(made);
        }
        let padded = Leaf { padding_bytes: padding, ..leaf.clone() };
        self.issue_under(&padded, above.as_ref().unwrap_or(&self.root), chain)
    }

    fn issue_under(
        &self,
        leaf: &Leaf,
        issuer: &CertifiedIssuer<'static, KeyPair>,
        mut above: Vec<Vec<u8>>,
    ) -> Result<Identity, EstateError> {
        let what = leaf.names.join(" ");
        let params = leaf_params(self.now, leaf)?;
        let (certificate, private_key) = match generate(leaf.key).map_err(mint(&what))? {
            Some(key) => (params.signed_by(&key, issuer), Some(key.serialize_der())),
            None => (params.signed_by(&legacy::ShortRsaKey::random()?, issuer), None),
        };
        let certificate = certificate.map_err(mint(&what))?;
        let der = match leaf.signature {
            LeafSignature::Sound => certificate.der().to_vec(),
            LeafSignature::Sha1 => legacy::sign_again_with_sha1(certificate.der(), issuer.key())?,
            LeafSignature::Md5 => legacy::claim_md5(certificate.der())?,
        };
        above.insert(0, der);
        Ok(Identity { chain: above, private_key })
    }
}

/// `None`: the key exists as a public key only.
fn generate(key: LeafKey) -> Result<Option<KeyPair>, rcgen::Error> {
    let algorithm: &'static SignatureAlgorithm = match key {
        LeafKey::EcdsaP256 => &rcgen::PKCS_ECDSA_P256_SHA256,
        LeafKey::EcdsaP384 => &rcgen::PKCS_ECDSA_P384_SHA384,
        LeafKey::Ed25519 => return generate_ed25519().map(Some),
        LeafKey::Rsa2048 => &rcgen::PKCS_RSA_SHA256,
        LeafKey::Rsa1024 => return Ok(None),
    };
    KeyPair::generate_for(algorithm).map(Some)
}

/// In PKCS #8 version 1: OpenSSL 3.0 does not read version 2, which rcgen would make.
fn generate_ed25519() -> Result<KeyPair, rcgen::Error> {
    let unavailable = |_| rcgen::Error::KeyGenerationUnavailable;
    let key = Ed25519KeyPair::generate().map_err(unavailable)?;
    let der = PrivatePkcs8KeyDer::from(key.to_pkcs8v1().map_err(unavailable)?.as_ref().to_vec());
    KeyPair::from_pkcs8_der_and_sign_algo(&der, &rcgen::PKCS_ED25519)
}

fn leaf_params(now: UnixTime, leaf: &Leaf) -> Result<CertificateParams, EstateError> {
    let what = leaf.names.join(" ");
    // Taken as DNS names unless they are addresses, however odd they are.
    let mut params = CertificateParams::new(leaf.names.clone()).map_err(mint(&what))?;
    for uri in &leaf.uris {
        params.subject_alt_names.push(SanType::URI(uri.as_str().try_into().map_err(mint(&what))?));
    }
    let mut subject = DistinguishedName::new();
    if let Some(organisation) = &leaf.organisation {
        subject.push(DnType::OrganizationName, organisation.as_str());
    }
    if let Some(common_name) = leaf.common_name.as_ref().or(leaf.names.first()) {
        subject.push(DnType::CommonName, common_name.as_str());
    }
    params.distinguished_name = subject;
    set_validity(&mut params, now, leaf.not_before, leaf.not_after);
    params.serial_number = Some(serial_number()?);
    params.is_ca = IsCa::ExplicitNoCa;
    params.use_authority_key_identifier_extension = true;
    params.key_usages = match leaf.key {
        LeafKey::Rsa2048 | LeafKey::Rsa1024 => {
            vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment]
        }
        LeafKey::EcdsaP256 | LeafKey::EcdsaP384 | LeafKey::Ed25519 => {
            vec![KeyUsagePurpose::DigitalSignature]
        }
    };
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    add_padding(&mut params, leaf.padding_bytes);
    Ok(params)
}

fn ca_params(
    now: UnixTime,
    common_name: &str,
    not_before: i64,
    not_after: i64,
) -> Result<CertificateParams, EstateError> {
    let mut params = CertificateParams::default();
    let mut subject = DistinguishedName::new();
    subject.push(DnType::OrganizationName, "Certvigil demonstration");
    subject.push(DnType::CommonName, common_name);
    params.distinguished_name = subject;
    set_validity(&mut params, now, not_before, not_after);
    params.serial_number = Some(serial_number()?);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

fn add_padding(params: &mut CertificateParams, bytes: usize) {
    if bytes > 0 {
        let text = "padding ".repeat(bytes.min(MAX_PADDING_BYTES) / 8 + 1);
        let content = legacy::der(0x16, text.as_bytes());
        params.custom_extensions.push(CustomExtension::from_oid_content(&COMMENT_EXTENSION, content));
    }
}

/// 127 random bits (RFC 5280 section 4.1.2.2 wants a positive number of at most 20 octets).
fn serial_number() -> Result<rcgen::SerialNumber, EstateError> {
    let mut bytes = [0; 16];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| EstateError::Random)?;
    let [first, ..] = &mut bytes;
    *first = *first & 0x3f | 0x40;
    Ok(rcgen::SerialNumber::from_slice(&bytes))
}

/// Times are seconds from `now`; what lies outside the years 1 to 9999 is clamped.
fn set_validity(params: &mut CertificateParams, now: UnixTime, not_before: i64, not_after: i64) {
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let calendar = |seconds: i64| {
        let time = now.plus_seconds(seconds).0.clamp(-62_135_596_800, 253_402_300_799);
        let distance = std::time::Duration::from_secs(time.unsigned_abs());
        if time < 0 { epoch - distance } else { epoch + distance }
    };
    params.not_before = calendar(not_before);
    params.not_after = calendar(not_after);
}

fn mint(what: &str) -> impl FnOnce(rcgen::Error) -> EstateError {
    let what = what.to_owned();
    move |source| EstateError::Mint { what, source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use x509_parser::prelude::*;

    const NOW: UnixTime = UnixTime(1_795_510_800);

    fn authority() -> Authority {
        Authority::new(NOW, "Test").unwrap()
    }

    fn read(der: &[u8]) -> X509Certificate<'_> {
        let (rest, certificate) = X509Certificate::from_der(der).unwrap();
        assert!(rest.is_empty());
        certificate
    }

    fn verifies(chain: &[Vec<u8>], root: &[u8]) {
        let mut issuer = root.to_vec();
        for der in chain.iter().rev() {
            let above = read(&issuer);
            assert_eq!(read(der).issuer(), above.subject());
            read(der).verify_signature(Some(above.public_key())).unwrap();
            issuer = der.clone();
        }
    }

    #[test]
    fn a_leaf_has_the_times_and_names_asked_for() {
        let leaf = Leaf::new("a.test").valid(-90 * DAY_SECONDS, -DAY_SECONDS);
        let authority = authority();
        let identity = authority.issue(&leaf).unwrap();
        let certificate = read(&identity.chain[0]);
        assert_eq!(certificate.validity().not_after.timestamp(), NOW.0 - DAY_SECONDS);
        assert_eq!(certificate.validity().not_before.timestamp(), NOW.0 - 90 * DAY_SECONDS);
        assert_eq!(certificate.subject().to_string(), "CN=a.test");
        verifies(&identity.chain, &authority.root_der());
    }

    #[test]
    fn every_kind_of_key_makes_a_leaf() {
        for key in [LeafKey::EcdsaP256, LeafKey::EcdsaP384, LeafKey::Ed25519, LeafKey::Rsa2048] {
            let identity = authority().issue(&Leaf::new("a.test").key(key)).unwrap();
            let key = identity.private_key_der().unwrap();
            assert!(rustls::crypto::aws_lc_rs::sign::any_supported_type(&key).is_ok());
        }
    }

    #[test]
    fn a_short_rsa_leaf_has_1024_bits_and_no_key() {
        let identity = authority().issue(&Leaf::new("a.test").key(LeafKey::Rsa1024)).unwrap();
        assert!(identity.private_key().is_none());
        let certificate = read(&identity.chain[0]);
        assert_eq!(certificate.public_key().parsed().unwrap().key_size(), 1024);
    }

    #[test]
    fn a_sha1_leaf_is_signed_rightly() {
        let leaf = Leaf::new("a.test").signature(LeafSignature::Sha1);
        let authority = authority();
        let identity = authority.issue(&leaf).unwrap();
        let certificate = read(&identity.chain[0]);
        assert_eq!(certificate.signature_algorithm.algorithm.to_id_string(), "1.2.840.10045.4.1");
        assert_eq!(certificate.tbs_certificate.signature.algorithm.to_id_string(), "1.2.840.10045.4.1");
        let intermediate = authority.intermediate_der();
        let point = read(&intermediate).public_key().subject_public_key.data.to_vec();
        let key =
            aws_lc_rs::signature::UnparsedPublicKey::new(&aws_lc_rs::signature::ECDSA_P256_SHA1_ASN1, point);
        key.verify(certificate.tbs_certificate.as_ref(), &certificate.signature_value.data).unwrap();
    }

    #[test]
    fn an_md5_leaf_says_so() {
        let leaf = Leaf::new("a.test").signature(LeafSignature::Md5);
        let identity = authority().issue(&leaf).unwrap();
        let certificate = read(&identity.chain[0]);
        assert_eq!(certificate.signature_algorithm.algorithm.to_id_string(), "1.2.840.113549.1.1.4");
    }

    #[test]
    fn long_and_large_chains_are_sound_paths() {
        let authority = authority();
        for (certificates, bytes) in [(10, 0), (2, 98_000), (4, 160_000)] {
            let identity = authority.deep_chain(&Leaf::new("a.test"), certificates, bytes).unwrap();
            assert_eq!(identity.chain.len(), certificates);
            verifies(&identity.chain, &authority.root_der());
            let total: usize = identity.chain.iter().map(Vec::len).sum();
            assert!(total >= bytes && (bytes == 0 || total < bytes + 2_000), "{total} bytes");
            assert!(identity.chain.iter().all(|der| der.len() < 65_536));
        }
    }

    #[test]
    fn hostile_text_arrives_unchanged() {
        let identity = authority().issue(&Leaf::hostile("a.test")).unwrap();
        let der = &identity.chain[0];
        for text in ["\u{1b}[31m\u{202e}<script>", "=HYPERLINK(", "\r\nSet-Cookie"] {
            assert!(der.windows(text.len()).any(|window| window == text.as_bytes()), "{text:?}");
        }
    }

    #[test]
    fn a_self_signed_leaf_is_its_own_issuer() {
        let identity = authority().self_signed(&Leaf::new("a.test")).unwrap();
        let certificate = read(&identity.chain[0]);
        assert_eq!(certificate.issuer(), certificate.subject());
        certificate.verify_signature(None).unwrap();
        assert!(matches!(
            authority().self_signed(&Leaf::new("a.test").key(LeafKey::Rsa1024)),
            Err(EstateError::NoPrivateKey { .. })
        ));
    }

    #[test]
    fn pem_gives_back_the_der() {
        use rustls_pki_types::pem::PemObject;
        let identity = authority().issue(&Leaf::new("a.test")).unwrap();
        let read: Vec<_> = CertificateDer::pem_slice_iter(identity.chain_pem().as_bytes())
            .map(|der| der.unwrap().to_vec())
            .collect();
        assert_eq!(read, identity.chain);
        let key = PrivateKeyDer::from_pem_slice(identity.private_key_pem().unwrap().as_bytes()).unwrap();
        assert_eq!(Some(key.secret_der()), identity.private_key());
    }
}
