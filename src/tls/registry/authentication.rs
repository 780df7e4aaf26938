//! What a cipher suite asks of the server's certificate, read from its name. A fact, never a verdict.

use super::CipherSuite;

/// How a cipher suite authenticates the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Authentication {
    /// TLS 1.3: the signature scheme decides.
    Negotiated,
    Rsa,
    /// An elliptic curve key: ECDSA, EdDSA (RFC 8422) or static ECDH.
    Ecdsa,
    Dss,
    /// A static Diffie-Hellman key.
    Dh,
    Gost,
    /// No certificate: nobody is authenticated.
    Anonymous,
    /// No certificate: a secret, password or ticket both sides know.
    SharedSecret,
}

impl CipherSuite {
    /// How this suite authenticates the server; `None` for unknown numbers and signalling values.
    pub fn authentication(self) -> Option<Authentication> {
        if matches!(self.0, 0x1301..=0x1307 | 0x00c6 | 0x00c7 | 0xc0b4 | 0xc0b5 | 0xc103..=0xc106) {
            return Some(Authentication::Negotiated);
        }
        let name = self.known_name()?;
        let name = name.strip_prefix("OLD_").unwrap_or(name);
        let (exchange, _) = name.split_once('_')?.1.split_once("_WITH_")?;
        let parts = || exchange.split('_');
        let has = |part: &str| parts().any(|p| p == part);
        Some(if has("anon") {
            Authentication::Anonymous
        } else if exchange.starts_with("GOST") {
            Authentication::Gost
        } else if has("ECDSA") || has("ECDH") {
            Authentication::Ecdsa
        } else if has("DH") {
            Authentication::Dh
        } else if has("RSA") {
            Authentication::Rsa
        } else if has("DSS") {
            Authentication::Dss
        } else {
            Authentication::SharedSecret
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_suite_says_what_certificate_it_needs() {
        for (suite, authentication) in [
            (CipherSuite::TLS_AES_128_GCM_SHA256, Authentication::Negotiated),
            (CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA, Authentication::Rsa),
            (CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, Authentication::Rsa),
            (CipherSuite::OLD_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, Authentication::Rsa),
            (CipherSuite::SSL_RSA_FIPS_WITH_DES_CBC_SHA, Authentication::Rsa),
            (CipherSuite::TLS_RSA_PSK_WITH_NULL_SHA, Authentication::Rsa),
            (CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8, Authentication::Ecdsa),
            (CipherSuite::TLS_ECDH_RSA_WITH_AES_128_CBC_SHA, Authentication::Ecdsa),
            (CipherSuite::TLS_DHE_DSS_WITH_AES_128_CBC_SHA, Authentication::Dss),
            (CipherSuite::TLS_DH_DSS_WITH_AES_128_CBC_SHA, Authentication::Dh),
            (CipherSuite::TLS_GOSTR341001_WITH_28147_CNT_IMIT, Authentication::Gost),
            (CipherSuite::TLS_DH_anon_WITH_RC4_128_MD5, Authentication::Anonymous),
            (CipherSuite::TLS_ECDH_anon_WITH_NULL_SHA, Authentication::Anonymous),
            (CipherSuite::TLS_DHE_PSK_WITH_NULL_SHA, Authentication::SharedSecret),
            (CipherSuite::TLS_KRB5_WITH_DES_CBC_SHA, Authentication::SharedSecret),
            (CipherSuite::TLS_ECCPWD_WITH_AES_128_GCM_SHA256, Authentication::SharedSecret),
        ] {
            assert_eq!(suite.authentication(), Some(authentication), "{suite}");
        }
        assert_eq!(CipherSuite(0x0a0a).authentication(), None);
        assert_eq!(CipherSuite::TLS_FALLBACK_SCSV.authentication(), None);
    }
}
