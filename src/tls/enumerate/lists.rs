//! What enumerations offer, and in which order. The order is constant, so that the answers show the server's; it is not
//! the order of any server, so that they show whether it has one. Never decides which list to send.

use std::cmp::Reverse;
use std::sync::LazyLock;

use crate::tls::registry::{Authentication, SuiteWeakness};
use crate::tls::{CipherSuite, NamedGroup, SignatureScheme};

/// Suites up to TLS 1.2, first to last as they are offered: AES-GCM in front, as clients of today have it (some servers
/// turn to ChaCha20 for clients that do not), the others weakest first, ChaCha20 at the end.
pub(super) static OLD_SUITES: LazyLock<Vec<CipherSuite>> = LazyLock::new(|| {
    let mut suites: Vec<_> = known().filter(|suite| is_old(*suite)).collect();
    suites.sort_by_key(|suite| {
        let name = suite.known_name().unwrap_or_default();
        let place = match name {
            _ if suite.weakness().is_some() => 1,
            _ if name.contains("_AES_") && name.contains("_GCM_") => 0,
            _ if is_chacha(*suite) => 2,
            _ => 1,
        };
        (place, Reverse(strength(*suite)))
    });
    suites
});

/// Suites of TLS 1.3, as they are offered: the odd ones last, and the common ones not in the order of a server.
pub(super) const TLS13_SUITES: &[CipherSuite] = &[
    CipherSuite::TLS_AES_128_GCM_SHA256,
    CipherSuite::TLS_AES_128_CCM_SHA256,
    CipherSuite::TLS_AES_256_GCM_SHA384,
    CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_AES_128_CCM_8_SHA256,
    CipherSuite::TLS_AEGIS_256_SHA512,
    CipherSuite::TLS_AEGIS_128L_SHA256,
    CipherSuite::TLS_SM4_GCM_SM3,
    CipherSuite::TLS_SM4_CCM_SM3,
    CipherSuite::TLS_GOSTR341112_256_WITH_KUZNYECHIK_MGM_L,
    CipherSuite::TLS_GOSTR341112_256_WITH_MAGMA_MGM_L,
    CipherSuite::TLS_GOSTR341112_256_WITH_KUZNYECHIK_MGM_S,
    CipherSuite::TLS_GOSTR341112_256_WITH_MAGMA_MGM_S,
    CipherSuite::TLS_SHA256_SHA256,
    CipherSuite::TLS_SHA384_SHA384,
];

/// What servers have that have little: the first of the hellos of at most 255 bytes. A server without any of these is
/// rare enough.
pub(super) const COMMON_SUITES: &[CipherSuite] = &[
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
    CipherSuite::TLS_DHE_RSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_DHE_RSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_DHE_RSA_WITH_AES_128_CBC_SHA,
    CipherSuite::TLS_DHE_RSA_WITH_AES_256_CBC_SHA,
    CipherSuite::TLS_DHE_DSS_WITH_AES_128_CBC_SHA,
    CipherSuite::TLS_RSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_RSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA,
    CipherSuite::TLS_RSA_WITH_AES_256_CBC_SHA,
    CipherSuite::TLS_RSA_WITH_3DES_EDE_CBC_SHA,
    CipherSuite::TLS_RSA_WITH_RC4_128_SHA,
    CipherSuite::TLS_RSA_WITH_RC4_128_MD5,
    CipherSuite::TLS_RSA_WITH_DES_CBC_SHA,
    CipherSuite::TLS_RSA_EXPORT_WITH_RC4_40_MD5,
    CipherSuite::TLS_DH_anon_WITH_AES_128_CBC_SHA,
];

/// Groups up to TLS 1.2. Without finite fields: a server that sees one may not use its own parameters any more
/// (RFC 7919 section 4). Those of certificates are in it: ECDSA needs them here.
pub(super) const OLD_GROUPS: &[NamedGroup] = &[
    NamedGroup::secp384r1,
    NamedGroup::x25519,
    NamedGroup::secp521r1,
    NamedGroup::secp256r1,
    NamedGroup::x448,
    NamedGroup::brainpoolP256r1,
    NamedGroup::brainpoolP384r1,
    NamedGroup::brainpoolP512r1,
    NamedGroup::secp256k1,
    NamedGroup::secp224r1,
    NamedGroup::secp224k1,
    NamedGroup::secp192r1,
    NamedGroup::secp192k1,
    NamedGroup::secp160r1,
    NamedGroup::secp160r2,
    NamedGroup::secp160k1,
    NamedGroup::sect571r1,
    NamedGroup::sect571k1,
    NamedGroup::sect409r1,
    NamedGroup::sect409k1,
    NamedGroup::sect283r1,
    NamedGroup::sect283k1,
    NamedGroup::sect239k1,
    NamedGroup::sect233r1,
    NamedGroup::sect233k1,
    NamedGroup::sect193r1,
    NamedGroup::sect193r2,
    NamedGroup::sect163r1,
    NamedGroup::sect163r2,
    NamedGroup::sect163k1,
    NamedGroup::GC256A,
    NamedGroup::GC256B,
    NamedGroup::GC256C,
    NamedGroup::GC256D,
    NamedGroup::GC512A,
    NamedGroup::GC512B,
    NamedGroup::GC512C,
    NamedGroup::curveSM2,
];

/// Groups of TLS 1.3, with drafts that were deployed.
pub(super) const TLS13_GROUPS: &[NamedGroup] = &[
    NamedGroup::SecP256r1MLKEM768,
    NamedGroup::X25519MLKEM768,
    NamedGroup::SecP384r1MLKEM1024,
    NamedGroup::secp384r1,
    NamedGroup::x25519,
    NamedGroup::secp521r1,
    NamedGroup::secp256r1,
    NamedGroup::x448,
    NamedGroup::MLKEM1024,
    NamedGroup::MLKEM768,
    NamedGroup::MLKEM512,
    NamedGroup::curveSM2MLKEM768,
    NamedGroup::X25519Kyber768Draft00,
    NamedGroup::SecP256r1Kyber768Draft00,
    NamedGroup::X25519Kyber512Draft00,
    NamedGroup::X25519Kyber768Draft00Old,
    NamedGroup::ffdhe3072,
    NamedGroup::ffdhe2048,
    NamedGroup::ffdhe4096,
    NamedGroup::ffdhe6144,
    NamedGroup::ffdhe8192,
    NamedGroup::brainpoolP256r1tls13,
    NamedGroup::brainpoolP384r1tls13,
    NamedGroup::brainpoolP512r1tls13,
    NamedGroup::brainpoolP256r1,
    NamedGroup::brainpoolP384r1,
    NamedGroup::brainpoolP512r1,
    NamedGroup::secp256k1,
    NamedGroup::curveSM2,
    NamedGroup::GC256A,
    NamedGroup::GC256B,
    NamedGroup::GC256C,
    NamedGroup::GC256D,
    NamedGroup::GC512A,
    NamedGroup::GC512B,
    NamedGroup::GC512C,
];

/// Every signature scheme that servers sign with; with SHA-384, without which some of TLS 1.3 do not answer.
pub(super) const SCHEMES: &[SignatureScheme] = &[
    SignatureScheme::ecdsa_secp384r1_sha384,
    SignatureScheme::ecdsa_secp256r1_sha256,
    SignatureScheme::ecdsa_secp521r1_sha512,
    SignatureScheme::ed25519,
    SignatureScheme::ed448,
    SignatureScheme::rsa_pss_rsae_sha384,
    SignatureScheme::rsa_pss_rsae_sha256,
    SignatureScheme::rsa_pss_rsae_sha512,
    SignatureScheme::rsa_pss_pss_sha384,
    SignatureScheme::rsa_pss_pss_sha256,
    SignatureScheme::rsa_pss_pss_sha512,
    SignatureScheme::rsa_pkcs1_sha384,
    SignatureScheme::rsa_pkcs1_sha256,
    SignatureScheme::rsa_pkcs1_sha512,
    SignatureScheme::mldsa65,
    SignatureScheme::mldsa44,
    SignatureScheme::mldsa87,
    SignatureScheme::ecdsa_brainpoolP256r1tls13_sha256,
    SignatureScheme::ecdsa_brainpoolP384r1tls13_sha384,
    SignatureScheme::ecdsa_brainpoolP512r1tls13_sha512,
    SignatureScheme::dsa_sha256,
    SignatureScheme::dsa_sha384,
    SignatureScheme::dsa_sha512,
    SignatureScheme::ecdsa_sha224,
    SignatureScheme::rsa_pkcs1_sha224,
    SignatureScheme::dsa_sha224,
    SignatureScheme::ecdsa_sha1,
    SignatureScheme::rsa_pkcs1_sha1,
    SignatureScheme::dsa_sha1,
    SignatureScheme::rsa_pkcs1_md5,
    SignatureScheme::sm2sig_sm3,
    SignatureScheme::gostr34102012_256a,
    SignatureScheme::gostr34102012_256b,
    SignatureScheme::gostr34102012_256c,
    SignatureScheme::gostr34102012_256d,
    SignatureScheme::gostr34102012_512a,
    SignatureScheme::gostr34102012_512b,
    SignatureScheme::gostr34102012_512c,
];

/// Schemes of which a server of TLS 1.3 has one, for a short hello.
pub(super) const COMMON_SCHEMES: &[SignatureScheme] = &[
    SignatureScheme::ecdsa_secp256r1_sha256,
    SignatureScheme::ecdsa_secp384r1_sha384,
    SignatureScheme::ecdsa_secp521r1_sha512,
    SignatureScheme::ed25519,
    SignatureScheme::rsa_pss_rsae_sha256,
    SignatureScheme::rsa_pss_rsae_sha384,
    SignatureScheme::rsa_pss_rsae_sha512,
];

/// Application protocols that servers of one port or another speak.
pub(super) const PROTOCOLS: &[&[u8]] = &[
    b"http/1.1",
    b"h2",
    b"http/1.0",
    b"spdy/3.1",
    b"spdy/3",
    b"imap",
    b"pop3",
    b"managesieve",
    b"ftp",
    b"xmpp-client",
    b"xmpp-server",
    b"ntske/1",
    b"sunrpc",
    b"irc",
    b"nntp",
    b"smb",
    b"mqtt",
    b"postgresql",
    b"tds/8.0",
    b"dot",
    b"webrtc",
];

pub(super) fn is_chacha(suite: CipherSuite) -> bool {
    suite.known_name().is_some_and(|name| name.contains("CHACHA20"))
}

/// Sorts suites strongest first; what strength does not tell apart, by number.
pub(super) fn sort_strongest_first(suites: &mut [CipherSuite]) {
    suites.sort_by_key(|suite| strength(*suite));
}

/// The less, the stronger: what is broken, forward secrecy, authenticated encryption, length of the key, ECDSA.
fn strength(suite: CipherSuite) -> impl Ord {
    let name = suite.known_name().unwrap_or_default();
    let broken = suite.weakness().map(|weakness| {
        let worst_first = SuiteWeakness::ALL.iter().position(|other| *other == weakness);
        Reverse(worst_first)
    });
    let cipher = match name {
        _ if is_chacha(suite) => 1,
        _ if name.contains("_GCM") || name.contains("AEGIS") => 0,
        _ if name.contains("CCM_8") => 3,
        _ if name.contains("_CCM") || name.contains("_MGM") => 2,
        _ if name.ends_with("_SHA256") || name.ends_with("_SHA384") => 4,
        _ => 5,
    };
    let exchange = match name {
        _ if suite.forward_secrecy() != Some(true) => 2,
        _ if name.contains("_DHE_") || name.contains("_DH_") => 1,
        _ => 0,
    };
    let is_common_cipher = name.contains("_AES_") || name.contains("CHACHA20");
    (
        broken.is_some(),
        broken,
        exchange,
        cipher,
        !is_common_cipher,
        Reverse(suite.key_bits()),
        suite.authentication().map(kind),
        suite,
    )
}

fn kind(authentication: Authentication) -> u8 {
    match authentication {
        Authentication::Negotiated | Authentication::Ecdsa => 0,
        Authentication::Rsa => 1,
        Authentication::Dss | Authentication::Dh | Authentication::Gost => 2,
        Authentication::Anonymous | Authentication::SharedSecret => 3,
    }
}

/// Of SSL 3 to TLS 1.2, and such that a ServerHello comes without more than a hello: not SRP and ECCPWD, which want
/// an extension with a user's name; nor the suite of no cryptography at all, which no hello may offer (RFC 5246
/// appendix A.5).
fn is_old(suite: CipherSuite) -> bool {
    let name = suite.known_name().unwrap_or_default();
    let wants_a_name = name.contains("_SRP_") || name.contains("_ECCPWD_");
    let is_of_tls13 = suite.authentication() == Some(Authentication::Negotiated);
    let is_nothing = suite == CipherSuite::TLS_NULL_WITH_NULL_NULL;
    suite.authentication().is_some() && !is_of_tls13 && !wants_a_name && !is_nothing
}

fn known() -> impl Iterator<Item = CipherSuite> {
    let blocks = [0x0000..=0x00ff, 0xc000..=0xc1ff, 0xcc00..=0xccff, 0xd000..=0xd0ff, 0xfe00..=0xfeff];
    blocks.into_iter().flatten().map(CipherSuite).filter(|suite| suite.known_name().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_suite_of_the_registry_is_offered_but_for_those_that_want_a_name() {
        let left_out: Vec<_> = (0..=u16::MAX)
            .map(CipherSuite)
            .filter(|suite| suite.known_name().is_some())
            .filter(|suite| !OLD_SUITES.contains(suite) && !TLS13_SUITES.contains(suite))
            .filter_map(CipherSuite::known_name)
            .filter(|name| !name.contains("_SRP_") && !name.contains("_ECCPWD_"))
            .collect();
        assert_eq!(
            left_out,
            ["TLS_NULL_WITH_NULL_NULL", "TLS_EMPTY_RENEGOTIATION_INFO_SCSV", "TLS_FALLBACK_SCSV"]
        );
    }

    #[test]
    fn nothing_is_offered_twice() {
        fn is_unique<T: Ord + Clone>(list: &[T]) -> bool {
            let mut sorted = list.to_vec();
            sorted.sort();
            sorted.dedup();
            sorted.len() == list.len()
        }
        assert!(is_unique(&OLD_SUITES));
        assert!(is_unique(TLS13_SUITES));
        assert!(is_unique(OLD_GROUPS));
        assert!(is_unique(TLS13_GROUPS));
        assert!(is_unique(SCHEMES));
        assert!(is_unique(PROTOCOLS));
    }

    #[test]
    fn aes_gcm_is_offered_first_and_chacha_last() {
        assert!(OLD_SUITES[0].known_name().unwrap().contains("AES_"));
        assert!(OLD_SUITES[0].known_name().unwrap().contains("GCM"));
        assert!(is_chacha(*OLD_SUITES.last().unwrap()));
        let first_weak = OLD_SUITES.iter().position(|suite| suite.weakness().is_some()).unwrap();
        let cbc = CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA;
        assert!(first_weak < OLD_SUITES.iter().position(|suite| *suite == cbc).unwrap());
    }

    #[test]
    fn strongest_first_is_what_a_person_would_say() {
        let sorted = [
            CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
            CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
            CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
            CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
            CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
            CipherSuite::TLS_DHE_RSA_WITH_AES_256_GCM_SHA384,
            CipherSuite::TLS_RSA_WITH_AES_128_GCM_SHA256,
            CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA,
            CipherSuite::TLS_RSA_WITH_3DES_EDE_CBC_SHA,
            CipherSuite::TLS_RSA_WITH_RC4_128_SHA,
            CipherSuite::TLS_RSA_WITH_DES_CBC_SHA,
            CipherSuite::TLS_RSA_EXPORT_WITH_RC4_40_MD5,
            CipherSuite::TLS_DH_anon_WITH_AES_128_CBC_SHA,
            CipherSuite::TLS_RSA_WITH_NULL_MD5,
        ];
        let mut suites = sorted;
        suites.reverse();
        sort_strongest_first(&mut suites);
        assert_eq!(suites, sorted);
    }
}
