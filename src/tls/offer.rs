//! What a hello offers: versions, cipher suites, groups and signature schemes. Never decides which offer to send.

use super::registry::Authentication;
use super::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};

/// How the key shares of a hello are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum KeyShares {
    /// The groups' base points: no key exchange is computed. Anyone who reads the wire can read what the server
    /// sends, as they can in TLS 1.2; it is a fingerprint.
    #[default]
    BasePoint,
    /// Keys of the visit's own for X25519, P-256, P-384 and P-521, alone and inside the hybrids. X448, finite
    /// fields, brainpool curves and the ML-KEM part of a hybrid keep their base points.
    Fresh,
}

/// The offers there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OfferKind {
    /// TLS 1.0 to 1.3 with the suites and groups that reach most servers.
    Everything,
    /// RSA certificates only.
    Rsa,
    /// ECDSA certificates only.
    Ecdsa,
    /// Ed25519 and Ed448 certificates only, from TLS 1.2 on.
    Eddsa,
    /// ML-DSA certificates only, in TLS 1.3.
    MlDsa,
    /// TLS 1.3 with the groups that [`Self::Everything`] leaves out, post-quantum ones first, without a share:
    /// the server asks for the one it takes.
    FurtherGroups,
    /// Up to TLS 1.2, with the suites that [`Self::Everything`] leaves out.
    RareSuites,
    /// TLS 1.2 in at most 255 bytes, for middleboxes that choke on more (with names of up to 90 characters).
    Small,
    /// TLS 1.0, which SSL 3 servers answer too, without extensions but for the name.
    Legacy,
}

impl OfferKind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Everything,
        Self::Rsa,
        Self::Ecdsa,
        Self::Eddsa,
        Self::MlDsa,
        Self::FurtherGroups,
        Self::RareSuites,
        Self::Small,
        Self::Legacy,
    ];
}

/// Everything that a hello offers. Empty lists leave their extension out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The version in the hello's old field; servers without `supported_versions` go by it.
    pub legacy_version: ProtocolVersion,
    pub supported_versions: Vec<ProtocolVersion>,
    pub cipher_suites: Vec<CipherSuite>,
    pub groups: Vec<NamedGroup>,
    /// Groups to send a key share of; `None` leaves the extension out, an empty list makes the server ask.
    pub key_shares: Option<Vec<NamedGroup>>,
    pub signature_schemes: Vec<SignatureScheme>,
    /// Schemes for the signatures inside the chain, where they differ.
    pub certificate_signature_schemes: Vec<SignatureScheme>,
    /// Application protocols, as on the wire (1 to 255 bytes each).
    pub alpn: Vec<Vec<u8>>,
    /// Ask for a stapled OCSP response and for certificate timestamps.
    pub stapling: bool,
    /// Send a session id, extended master secret and the other extensions of a client of today.
    pub modern: bool,
    /// Compression methods before "none", as on the wire.
    pub compression: Vec<u8>,
    /// Further extensions with their content, after all others but padding.
    pub further_extensions: Vec<(u16, Vec<u8>)>,
}

impl Offer {
    /// The offer of this kind, without application protocols and stapling.
    pub fn new(kind: OfferKind) -> Self {
        match kind {
            OfferKind::Everything => Self::everything(),
            OfferKind::Rsa => Self::only(Authentication::Rsa, RSA_SCHEMES),
            OfferKind::Ecdsa => Self::only(Authentication::Ecdsa, ECDSA_SCHEMES),
            OfferKind::Eddsa => Self {
                supported_versions: vec![ProtocolVersion::TLSv1_3, ProtocolVersion::TLSv1_2],
                ..Self::only(Authentication::Ecdsa, EDDSA_SCHEMES)
            },
            OfferKind::MlDsa => Self {
                supported_versions: vec![ProtocolVersion::TLSv1_3],
                ..Self::only(Authentication::Negotiated, ML_DSA_SCHEMES)
            },
            OfferKind::FurtherGroups => Self {
                supported_versions: vec![ProtocolVersion::TLSv1_3],
                cipher_suites: TLS13_SUITES.to_vec(),
                groups: FURTHER_GROUPS.to_vec(),
                key_shares: Some(Vec::new()),
                ..Self::everything()
            },
            OfferKind::RareSuites => Self {
                supported_versions: Vec::new(),
                cipher_suites: RARE_SUITES.to_vec(),
                key_shares: None,
                signature_schemes: [ECDSA_SCHEMES, RSA_SCHEMES, DSA_SCHEMES, GOST_SCHEMES].concat(),
                ..Self::everything()
            },
            OfferKind::Small => Self {
                supported_versions: Vec::new(),
                cipher_suites: SMALL_SUITES.to_vec(),
                groups: SMALL_GROUPS.to_vec(),
                key_shares: None,
                signature_schemes: SMALL_SCHEMES.to_vec(),
                modern: false,
                ..Self::everything()
            },
            OfferKind::Legacy => Self {
                legacy_version: ProtocolVersion::TLSv1_0,
                supported_versions: Vec::new(),
                cipher_suites: LEGACY_SUITES.to_vec(),
                groups: Vec::new(),
                key_shares: None,
                signature_schemes: Vec::new(),
                modern: false,
                ..Self::everything()
            },
        }
    }

    fn everything() -> Self {
        Self {
            legacy_version: ProtocolVersion::TLSv1_2,
            supported_versions: vec![
                ProtocolVersion::TLSv1_3,
                ProtocolVersion::TLSv1_2,
                ProtocolVersion::TLSv1_1,
                ProtocolVersion::TLSv1_0,
            ],
            cipher_suites: [TLS13_SUITES, COMMON_SUITES].concat(),
            groups: GROUPS.to_vec(),
            key_shares: Some(vec![NamedGroup::secp256r1, NamedGroup::x25519]),
            signature_schemes: [ECDSA_SCHEMES, EDDSA_SCHEMES, RSA_SCHEMES, ML_DSA_SCHEMES, DSA_SCHEMES]
                .concat(),
            certificate_signature_schemes: Vec::new(),
            alpn: Vec::new(),
            stapling: false,
            modern: true,
            compression: Vec::new(),
            further_extensions: Vec::new(),
        }
    }

    /// One kind of key only. The schemes inside the chain stay free: Java applies the first list to them too
    /// unless it gets one of its own.
    fn only(authentication: Authentication, schemes: &[SignatureScheme]) -> Self {
        let mut offer = Self::everything();
        offer.cipher_suites.retain(|suite| {
            let needs = suite.authentication();
            needs == Some(Authentication::Negotiated) || needs == Some(authentication)
        });
        offer.certificate_signature_schemes =
            std::mem::replace(&mut offer.signature_schemes, schemes.to_vec());
        offer
    }
}

/// AES-128 first: the cheapest to open, and one hash for most of a scan.
const TLS13_SUITES: &[CipherSuite] = &[
    CipherSuite::TLS_AES_128_GCM_SHA256,
    CipherSuite::TLS_AES_256_GCM_SHA384,
    CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
];

/// Strong first, so that a server that follows us shows what it does best.
const COMMON_SUITES: &[CipherSuite] = &[
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_CCM,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8,
    CipherSuite::TLS_DHE_RSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_DHE_RSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_DHE_DSS_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_DHE_DSS_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
    CipherSuite::TLS_DHE_RSA_WITH_AES_128_CBC_SHA256,
    CipherSuite::TLS_DHE_RSA_WITH_AES_256_CBC_SHA256,
    CipherSuite::TLS_DHE_RSA_WITH_AES_128_CBC_SHA,
    CipherSuite::TLS_DHE_RSA_WITH_AES_256_CBC_SHA,
    CipherSuite::TLS_DHE_DSS_WITH_AES_128_CBC_SHA,
    CipherSuite::TLS_DHE_DSS_WITH_AES_256_CBC_SHA,
    CipherSuite::TLS_RSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_RSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA256,
    CipherSuite::TLS_RSA_WITH_AES_256_CBC_SHA256,
    CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA,
    CipherSuite::TLS_RSA_WITH_AES_256_CBC_SHA,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA,
    CipherSuite::TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA,
    CipherSuite::TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA,
    CipherSuite::TLS_RSA_WITH_3DES_EDE_CBC_SHA,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_RC4_128_SHA,
    CipherSuite::TLS_ECDHE_RSA_WITH_RC4_128_SHA,
    CipherSuite::TLS_RSA_WITH_RC4_128_SHA,
    CipherSuite::TLS_RSA_WITH_RC4_128_MD5,
];

/// What needs a certificate and is not among the common suites; export and null last.
const RARE_SUITES: &[CipherSuite] = &[
    CipherSuite::TLS_ECDH_ECDSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDH_ECDSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDH_RSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA256,
    CipherSuite::TLS_ECDH_ECDSA_WITH_AES_256_CBC_SHA384,
    CipherSuite::TLS_ECDH_RSA_WITH_AES_128_CBC_SHA256,
    CipherSuite::TLS_ECDH_RSA_WITH_AES_256_CBC_SHA384,
    CipherSuite::TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA,
    CipherSuite::TLS_ECDH_ECDSA_WITH_AES_256_CBC_SHA,
    CipherSuite::TLS_ECDH_RSA_WITH_AES_128_CBC_SHA,
    CipherSuite::TLS_ECDH_RSA_WITH_AES_256_CBC_SHA,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_CCM,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8,
    CipherSuite::TLS_DHE_RSA_WITH_AES_128_CCM,
    CipherSuite::TLS_DHE_RSA_WITH_AES_256_CCM,
    CipherSuite::TLS_DHE_RSA_WITH_AES_128_CCM_8,
    CipherSuite::TLS_DHE_RSA_WITH_AES_256_CCM_8,
    CipherSuite::TLS_RSA_WITH_AES_128_CCM,
    CipherSuite::TLS_RSA_WITH_AES_256_CCM,
    CipherSuite::TLS_RSA_WITH_AES_128_CCM_8,
    CipherSuite::TLS_RSA_WITH_AES_256_CCM_8,
    CipherSuite::OLD_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    CipherSuite::OLD_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    CipherSuite::OLD_TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_CAMELLIA_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_CAMELLIA_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_RSA_WITH_CAMELLIA_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_CAMELLIA_256_GCM_SHA384,
    CipherSuite::TLS_DHE_RSA_WITH_CAMELLIA_128_GCM_SHA256,
    CipherSuite::TLS_DHE_RSA_WITH_CAMELLIA_256_GCM_SHA384,
    CipherSuite::TLS_RSA_WITH_CAMELLIA_128_GCM_SHA256,
    CipherSuite::TLS_RSA_WITH_CAMELLIA_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_CAMELLIA_128_CBC_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_CAMELLIA_256_CBC_SHA384,
    CipherSuite::TLS_ECDHE_RSA_WITH_CAMELLIA_128_CBC_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_CAMELLIA_256_CBC_SHA384,
    CipherSuite::TLS_DHE_RSA_WITH_CAMELLIA_128_CBC_SHA256,
    CipherSuite::TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA256,
    CipherSuite::TLS_RSA_WITH_CAMELLIA_128_CBC_SHA256,
    CipherSuite::TLS_RSA_WITH_CAMELLIA_256_CBC_SHA256,
    CipherSuite::TLS_DHE_RSA_WITH_CAMELLIA_128_CBC_SHA,
    CipherSuite::TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA,
    CipherSuite::TLS_RSA_WITH_CAMELLIA_128_CBC_SHA,
    CipherSuite::TLS_RSA_WITH_CAMELLIA_256_CBC_SHA,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_ARIA_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_ARIA_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_RSA_WITH_ARIA_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_ARIA_256_GCM_SHA384,
    CipherSuite::TLS_DHE_RSA_WITH_ARIA_128_GCM_SHA256,
    CipherSuite::TLS_DHE_RSA_WITH_ARIA_256_GCM_SHA384,
    CipherSuite::TLS_RSA_WITH_ARIA_128_GCM_SHA256,
    CipherSuite::TLS_RSA_WITH_ARIA_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_ARIA_128_CBC_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_ARIA_128_CBC_SHA256,
    CipherSuite::TLS_DHE_RSA_WITH_ARIA_128_CBC_SHA256,
    CipherSuite::TLS_RSA_WITH_ARIA_128_CBC_SHA256,
    CipherSuite::TLS_DHE_DSS_WITH_AES_128_CBC_SHA256,
    CipherSuite::TLS_DHE_DSS_WITH_AES_256_CBC_SHA256,
    CipherSuite::TLS_DHE_DSS_WITH_CAMELLIA_128_CBC_SHA,
    CipherSuite::TLS_GOSTR341112_256_WITH_KUZNYECHIK_CTR_OMAC,
    CipherSuite::TLS_GOSTR341112_256_WITH_MAGMA_CTR_OMAC,
    CipherSuite::TLS_GOSTR341112_256_WITH_28147_CNT_IMIT,
    CipherSuite::TLS_GOSTR341001_WITH_28147_CNT_IMIT,
    CipherSuite::TLS_DHE_RSA_WITH_SEED_CBC_SHA,
    CipherSuite::TLS_RSA_WITH_SEED_CBC_SHA,
    CipherSuite::TLS_RSA_WITH_IDEA_CBC_SHA,
    CipherSuite::TLS_DH_RSA_WITH_AES_128_CBC_SHA,
    CipherSuite::TLS_DH_DSS_WITH_AES_128_CBC_SHA,
    CipherSuite::TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA,
    CipherSuite::TLS_ECDH_ECDSA_WITH_3DES_EDE_CBC_SHA,
    CipherSuite::TLS_ECDH_RSA_WITH_3DES_EDE_CBC_SHA,
    CipherSuite::SSL_RSA_FIPS_WITH_3DES_EDE_CBC_SHA,
    CipherSuite::TLS_DHE_DSS_WITH_RC4_128_SHA,
    CipherSuite::TLS_ECDH_ECDSA_WITH_RC4_128_SHA,
    CipherSuite::TLS_ECDH_RSA_WITH_RC4_128_SHA,
    CipherSuite::TLS_DHE_RSA_WITH_DES_CBC_SHA,
    CipherSuite::TLS_RSA_WITH_DES_CBC_SHA,
    CipherSuite::TLS_DHE_DSS_WITH_DES_CBC_SHA,
    CipherSuite::SSL_RSA_FIPS_WITH_DES_CBC_SHA,
    CipherSuite::TLS_RSA_EXPORT1024_WITH_DES_CBC_SHA,
    CipherSuite::TLS_RSA_EXPORT1024_WITH_RC4_56_SHA,
    CipherSuite::TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA,
    CipherSuite::TLS_RSA_EXPORT_WITH_DES40_CBC_SHA,
    CipherSuite::TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5,
    CipherSuite::TLS_RSA_EXPORT_WITH_RC4_40_MD5,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_NULL_SHA,
    CipherSuite::TLS_ECDHE_RSA_WITH_NULL_SHA,
    CipherSuite::TLS_RSA_WITH_NULL_SHA256,
    CipherSuite::TLS_RSA_WITH_NULL_SHA,
    CipherSuite::TLS_RSA_WITH_NULL_MD5,
];

const SMALL_SUITES: &[CipherSuite] = &[
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
    CipherSuite::TLS_DHE_RSA_WITH_AES_128_CBC_SHA,
    CipherSuite::TLS_DHE_RSA_WITH_AES_256_CBC_SHA,
    CipherSuite::TLS_RSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA256,
    CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA,
    CipherSuite::TLS_RSA_WITH_AES_256_CBC_SHA,
    CipherSuite::TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA,
    CipherSuite::TLS_RSA_WITH_3DES_EDE_CBC_SHA,
    CipherSuite::TLS_RSA_WITH_RC4_128_SHA,
    CipherSuite::TLS_EMPTY_RENEGOTIATION_INFO_SCSV,
];

const LEGACY_SUITES: &[CipherSuite] = &[
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
    CipherSuite::TLS_DHE_RSA_WITH_AES_128_CBC_SHA,
    CipherSuite::TLS_DHE_RSA_WITH_AES_256_CBC_SHA,
    CipherSuite::TLS_DHE_DSS_WITH_AES_128_CBC_SHA,
    CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA,
    CipherSuite::TLS_RSA_WITH_AES_256_CBC_SHA,
    CipherSuite::TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA,
    CipherSuite::TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA,
    CipherSuite::TLS_RSA_WITH_3DES_EDE_CBC_SHA,
    CipherSuite::TLS_RSA_WITH_RC4_128_SHA,
    CipherSuite::TLS_RSA_WITH_RC4_128_MD5,
    CipherSuite::TLS_DHE_RSA_WITH_DES_CBC_SHA,
    CipherSuite::TLS_RSA_WITH_DES_CBC_SHA,
    CipherSuite::TLS_RSA_EXPORT_WITH_DES40_CBC_SHA,
    CipherSuite::TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5,
    CipherSuite::TLS_RSA_EXPORT_WITH_RC4_40_MD5,
    CipherSuite::TLS_EMPTY_RENEGOTIATION_INFO_SCSV,
];

/// A list without a server's group gets an alert, not a retry, so all of the common ones are listed. Finite
/// fields are not: a TLS 1.2 server that sees one may not use its own parameters any more (RFC 7919 section 4).
/// Nor are the hybrids: naming one without a share makes servers that have it ask for it.
const GROUPS: &[NamedGroup] = &[
    NamedGroup::secp256r1,
    NamedGroup::x25519,
    NamedGroup::secp384r1,
    NamedGroup::secp521r1,
    NamedGroup::x448,
    NamedGroup::brainpoolP256r1,
    NamedGroup::brainpoolP384r1,
    NamedGroup::brainpoolP512r1,
    NamedGroup::secp256k1,
];

const FURTHER_GROUPS: &[NamedGroup] = &[
    NamedGroup::X25519MLKEM768,
    NamedGroup::SecP256r1MLKEM768,
    NamedGroup::SecP384r1MLKEM1024,
    NamedGroup::MLKEM768,
    NamedGroup::MLKEM1024,
    NamedGroup::MLKEM512,
    NamedGroup::brainpoolP256r1tls13,
    NamedGroup::brainpoolP384r1tls13,
    NamedGroup::brainpoolP512r1tls13,
    NamedGroup::ffdhe2048,
    NamedGroup::ffdhe3072,
    NamedGroup::ffdhe4096,
    NamedGroup::ffdhe6144,
    NamedGroup::ffdhe8192,
];

const SMALL_GROUPS: &[NamedGroup] =
    &[NamedGroup::secp256r1, NamedGroup::x25519, NamedGroup::secp384r1, NamedGroup::secp521r1];

const ECDSA_SCHEMES: &[SignatureScheme] = &[
    SignatureScheme::ecdsa_secp256r1_sha256,
    SignatureScheme::ecdsa_secp384r1_sha384,
    SignatureScheme::ecdsa_secp521r1_sha512,
    SignatureScheme::ecdsa_brainpoolP256r1tls13_sha256,
    SignatureScheme::ecdsa_brainpoolP384r1tls13_sha384,
    SignatureScheme::ecdsa_brainpoolP512r1tls13_sha512,
    SignatureScheme::ecdsa_sha224,
    SignatureScheme::ecdsa_sha1,
];

const EDDSA_SCHEMES: &[SignatureScheme] = &[SignatureScheme::ed25519, SignatureScheme::ed448];

const RSA_SCHEMES: &[SignatureScheme] = &[
    SignatureScheme::rsa_pss_rsae_sha256,
    SignatureScheme::rsa_pss_rsae_sha384,
    SignatureScheme::rsa_pss_rsae_sha512,
    SignatureScheme::rsa_pss_pss_sha256,
    SignatureScheme::rsa_pss_pss_sha384,
    SignatureScheme::rsa_pss_pss_sha512,
    SignatureScheme::rsa_pkcs1_sha256,
    SignatureScheme::rsa_pkcs1_sha384,
    SignatureScheme::rsa_pkcs1_sha512,
    SignatureScheme::rsa_pkcs1_sha224,
    SignatureScheme::rsa_pkcs1_sha1,
];

const ML_DSA_SCHEMES: &[SignatureScheme] =
    &[SignatureScheme::mldsa44, SignatureScheme::mldsa65, SignatureScheme::mldsa87];

const DSA_SCHEMES: &[SignatureScheme] = &[SignatureScheme::dsa_sha256, SignatureScheme::dsa_sha1];

const GOST_SCHEMES: &[SignatureScheme] =
    &[SignatureScheme::gostr34102012_256a, SignatureScheme::gostr34102012_512a];

const SMALL_SCHEMES: &[SignatureScheme] = &[
    SignatureScheme::ecdsa_secp256r1_sha256,
    SignatureScheme::ecdsa_secp384r1_sha384,
    SignatureScheme::rsa_pss_rsae_sha256,
    SignatureScheme::rsa_pkcs1_sha256,
    SignatureScheme::rsa_pkcs1_sha384,
    SignatureScheme::rsa_pkcs1_sha512,
    SignatureScheme::ecdsa_sha1,
    SignatureScheme::rsa_pkcs1_sha1,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_offer_invites_an_answer_without_a_certificate() {
        for kind in OfferKind::ALL {
            for suite in Offer::new(kind).cipher_suites {
                let authentication = suite.authentication();
                assert!(
                    !matches!(authentication, Some(Authentication::Anonymous | Authentication::SharedSecret)),
                    "{kind:?} offers {suite}"
                );
                assert!(authentication.is_some() || suite == CipherSuite::TLS_EMPTY_RENEGOTIATION_INFO_SCSV);
            }
        }
    }

    #[test]
    fn no_offer_lists_anything_twice_or_128_suites() {
        for kind in OfferKind::ALL {
            let offer = Offer::new(kind);
            let mut suites = offer.cipher_suites.clone();
            suites.sort();
            suites.dedup();
            assert_eq!(suites.len(), offer.cipher_suites.len(), "{kind:?}");
            assert!(suites.len() < 128, "some servers refuse 128 suites and more");
        }
    }

    #[test]
    fn the_rare_suites_are_those_the_first_offer_lacks() {
        let first = Offer::new(OfferKind::Everything).cipher_suites;
        assert!(RARE_SUITES.iter().all(|suite| !first.contains(suite)));
        assert!(FURTHER_GROUPS.iter().all(|group| !GROUPS.contains(group)));
    }

    #[test]
    fn an_offer_for_one_kind_of_key_leaves_the_chain_free() {
        let offer = Offer::new(OfferKind::Rsa);
        assert!(offer.signature_schemes.contains(&SignatureScheme::rsa_pss_rsae_sha256));
        assert!(!offer.signature_schemes.contains(&SignatureScheme::ecdsa_secp256r1_sha256));
        assert!(!offer.cipher_suites.contains(&CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256));
        assert!(offer.certificate_signature_schemes.contains(&SignatureScheme::ecdsa_secp256r1_sha256));
        assert!(offer.certificate_signature_schemes.contains(&SignatureScheme::mldsa65));
    }
}
