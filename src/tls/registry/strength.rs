//! How strong a cipher suite is, read from its name: what is broken about it, the length of its key, whether the key
//! exchange is ephemeral. One place for the words that reports and lints share. Facts, never a severity.

use super::{Authentication, CipherSuite, Ssl2Cipher};

/// What is broken about a cipher suite; the worst first, one for each suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SuiteWeakness {
    /// Nothing is encrypted.
    Null,
    /// Nobody is authenticated.
    Anonymous,
    /// Weakened for the export rules of the 1990s.
    Export,
    /// DES and RC2: keys of 56 bits or less.
    ShortKey,
    /// Prohibited by RFC 7465.
    Rc4,
    /// 3DES and IDEA (RFC 5469): 64-bit blocks, which repeat within an hour of traffic (Sweet32, CVE-2016-2183).
    SmallBlocks,
}

impl SuiteWeakness {
    /// Every weakness, the worst first.
    pub const ALL: [Self; 6] =
        [Self::Null, Self::Anonymous, Self::Export, Self::ShortKey, Self::Rc4, Self::SmallBlocks];

    /// A word or two for a list.
    pub fn name(self) -> &'static str {
        match self {
            Self::Null => "no encryption",
            Self::Anonymous => "anonymous",
            Self::Export => "export",
            Self::ShortKey => "short key",
            Self::Rc4 => "RC4",
            Self::SmallBlocks => "64-bit blocks",
        }
    }

    /// The reason as part of a sentence.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Null => "nothing is encrypted",
            Self::Anonymous => "the server is not authenticated",
            Self::Export => "export strength, broken in minutes",
            Self::ShortKey => "keys of 56 bits or less",
            Self::Rc4 => "RC4 is broken (RFC 7465)",
            Self::SmallBlocks => "64-bit blocks (Sweet32)",
        }
    }
}

impl CipherSuite {
    /// What is broken about the suite; `None` too for suites without a name here.
    pub fn weakness(self) -> Option<SuiteWeakness> {
        let name = self.known_name()?;
        let has = |part: &str| name.split('_').any(|word| word == part);
        if has("NULL") || name.starts_with("TLS_SHA") {
            Some(SuiteWeakness::Null)
        } else if has("anon") {
            Some(SuiteWeakness::Anonymous)
        } else {
            cipher_weakness(name)
        }
    }

    /// Length of the bulk cipher's key in bits as an attacker meets it (3DES: 112); 0 where nothing is encrypted,
    /// `None` where the name does not tell.
    pub fn key_bits(self) -> Option<u16> {
        let name = self.known_name()?;
        let cipher = name.split_once("_WITH_").map_or(name, |(_, cipher)| cipher);
        let has = |part: &str| cipher.split('_').any(|word| word == part);
        Some(match self.weakness() {
            Some(SuiteWeakness::Null) => 0,
            _ if has("3DES") => 112,
            _ if has("40") || has("DES40") => 40,
            _ if has("56") || has("DES") => 56,
            _ if has("FORTEZZA") => 80,
            _ if ["CHACHA20", "28147", "KUZNYECHIK", "MAGMA", "256"].into_iter().any(has) => 256,
            _ if ["SEED", "IDEA", "SM4", "128", "128L"].into_iter().any(has) => 128,
            _ => return None,
        })
    }

    /// Encrypts in CBC mode, with the MAC first unless both sides agree otherwise (RFC 7366).
    pub fn is_cbc(self) -> bool {
        self.known_name().is_some_and(|name| name.split('_').any(|word| word == "CBC"))
    }

    /// The secret of a session is gone with it: ephemeral (EC)DH, and all of TLS 1.3 with a certificate.
    /// `None` where the name does not tell.
    pub fn forward_secrecy(self) -> Option<bool> {
        if self.authentication()? == Authentication::Negotiated {
            return Some(true);
        }
        let exchange = self.known_name()?.split_once("_WITH_")?.0;
        let has = |part: &str| exchange.split('_').any(|word| word == part);
        Some(has("DHE") || has("ECDHE") || has("anon") || has("ECCPWD"))
    }
}

impl Ssl2Cipher {
    /// What is broken about the cipher kind itself, the protocol aside.
    pub fn weakness(self) -> Option<SuiteWeakness> {
        let name = self.known_name()?;
        if name.contains("EXPORT40") {
            return Some(SuiteWeakness::Export);
        }
        match self {
            Self::SSL2_RC2_128_CBC_WITH_MD5 | Self::SSL2_DES_192_EDE3_CBC_WITH_MD5 => {
                Some(SuiteWeakness::SmallBlocks)
            }
            Self::SSL2_DES_64_CBC_WITH_MD5 => Some(SuiteWeakness::ShortKey),
            _ => cipher_weakness(name),
        }
    }
}

fn cipher_weakness(name: &str) -> Option<SuiteWeakness> {
    let has = |part: &str| name.split('_').any(|word| word == part);
    if has("EXPORT") || has("EXPORT1024") {
        Some(SuiteWeakness::Export)
    } else if has("RC2") || has("DES") || has("DES40") {
        Some(SuiteWeakness::ShortKey)
    } else if has("RC4") {
        Some(SuiteWeakness::Rc4)
    } else if has("3DES") || has("IDEA") {
        Some(SuiteWeakness::SmallBlocks)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_broken_about_a_suite_is_told_by_its_name() {
        for (suite, weakness) in [
            (CipherSuite::TLS_NULL_WITH_NULL_NULL, SuiteWeakness::Null),
            (CipherSuite::TLS_RSA_WITH_NULL_SHA256, SuiteWeakness::Null),
            (CipherSuite::TLS_SHA256_SHA256, SuiteWeakness::Null),
            (CipherSuite::TLS_ECDH_anon_WITH_NULL_SHA, SuiteWeakness::Null),
            (CipherSuite::TLS_DH_anon_WITH_AES_128_CBC_SHA, SuiteWeakness::Anonymous),
            (CipherSuite::TLS_DH_anon_EXPORT_WITH_RC4_40_MD5, SuiteWeakness::Anonymous),
            (CipherSuite::TLS_RSA_EXPORT_WITH_RC4_40_MD5, SuiteWeakness::Export),
            (CipherSuite::TLS_RSA_EXPORT1024_WITH_DES_CBC_SHA, SuiteWeakness::Export),
            (CipherSuite::TLS_RSA_WITH_DES_CBC_SHA, SuiteWeakness::ShortKey),
            (CipherSuite::TLS_RSA_WITH_RC4_128_SHA, SuiteWeakness::Rc4),
            (CipherSuite::TLS_RSA_WITH_3DES_EDE_CBC_SHA, SuiteWeakness::SmallBlocks),
            (CipherSuite::TLS_RSA_WITH_IDEA_CBC_SHA, SuiteWeakness::SmallBlocks),
        ] {
            assert_eq!(suite.weakness(), Some(weakness), "{suite}");
        }
        for suite in [
            CipherSuite::TLS_AES_128_GCM_SHA256,
            CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
            CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA,
            CipherSuite::TLS_RSA_WITH_SEED_CBC_SHA,
            CipherSuite(0x0a0a),
        ] {
            assert_eq!(suite.weakness(), None, "{suite}");
        }
    }

    #[test]
    fn the_key_is_as_long_as_an_attacker_meets_it() {
        for (suite, bits) in [
            (CipherSuite::TLS_RSA_WITH_NULL_MD5, 0),
            (CipherSuite::TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5, 40),
            (CipherSuite::TLS_KRB5_EXPORT_WITH_DES_CBC_40_SHA, 40),
            (CipherSuite::TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA, 40),
            (CipherSuite::TLS_RSA_EXPORT1024_WITH_RC4_56_SHA, 56),
            (CipherSuite::SSL_RSA_FIPS_WITH_DES_CBC_SHA, 56),
            (CipherSuite::TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA, 112),
            (CipherSuite::TLS_RSA_WITH_RC4_128_SHA, 128),
            (CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA256, 128),
            (CipherSuite::TLS_AES_128_CCM_8_SHA256, 128),
            (CipherSuite::TLS_SM4_GCM_SM3, 128),
            (CipherSuite::TLS_AEGIS_128L_SHA256, 128),
            (CipherSuite::TLS_AES_256_GCM_SHA384, 256),
            (CipherSuite::TLS_RSA_WITH_CAMELLIA_256_CBC_SHA, 256),
            (CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, 256),
            (CipherSuite::TLS_GOSTR341001_WITH_28147_CNT_IMIT, 256),
        ] {
            assert_eq!(suite.key_bits(), Some(bits), "{suite}");
        }
        assert_eq!(CipherSuite::TLS_FALLBACK_SCSV.key_bits(), None);
    }

    #[test]
    fn cbc_is_in_the_name() {
        assert!(CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA.is_cbc());
        assert!(CipherSuite::TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5.is_cbc());
        assert!(!CipherSuite::TLS_RSA_WITH_AES_128_GCM_SHA256.is_cbc());
        assert!(!CipherSuite::TLS_RSA_WITH_RC4_128_SHA.is_cbc());
        assert!(!CipherSuite(0x0a0a).is_cbc());
    }

    #[test]
    fn only_an_ephemeral_exchange_is_forward_secret() {
        for (suite, secret) in [
            (CipherSuite::TLS_AES_128_GCM_SHA256, Some(true)),
            (CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_CCM, Some(true)),
            (CipherSuite::TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA, Some(true)),
            (CipherSuite::TLS_RSA_WITH_AES_256_GCM_SHA384, Some(false)),
            (CipherSuite::TLS_ECDH_RSA_WITH_AES_128_CBC_SHA, Some(false)),
            (CipherSuite::TLS_DH_DSS_WITH_AES_128_CBC_SHA, Some(false)),
            (CipherSuite::TLS_FALLBACK_SCSV, None),
            (CipherSuite(0x0a0a), None),
        ] {
            assert_eq!(suite.forward_secrecy(), secret, "{suite}");
        }
    }

    #[test]
    fn every_suite_that_encrypts_has_a_length_of_key() {
        let unknown: Vec<CipherSuite> = (0..=u16::MAX)
            .map(CipherSuite)
            .filter(|suite| suite.known_name().is_some() && suite.key_bits().is_none())
            .collect();
        assert_eq!(unknown, [CipherSuite::TLS_EMPTY_RENEGOTIATION_INFO_SCSV, CipherSuite::TLS_FALLBACK_SCSV]);
    }

    #[test]
    fn the_cipher_kinds_of_ssl_2_have_their_weaknesses() {
        assert_eq!(Ssl2Cipher::SSL2_RC4_128_WITH_MD5.weakness(), Some(SuiteWeakness::Rc4));
        assert_eq!(Ssl2Cipher::SSL2_RC4_128_EXPORT40_WITH_MD5.weakness(), Some(SuiteWeakness::Export));
        assert_eq!(Ssl2Cipher::SSL2_DES_192_EDE3_CBC_WITH_MD5.weakness(), Some(SuiteWeakness::SmallBlocks));
        assert_eq!(Ssl2Cipher::SSL2_DES_64_CBC_WITH_MD5.weakness(), Some(SuiteWeakness::ShortKey));
        assert_eq!(Ssl2Cipher::SSL2_IDEA_128_CBC_WITH_MD5.weakness(), Some(SuiteWeakness::SmallBlocks));
        assert_eq!(Ssl2Cipher(0).weakness(), None);
    }
}
