//! `tls.cipher.weak`: a suite without encryption, without authentication, of export strength, or with RC2, RC4, DES
//! or 3DES was negotiated (RFC 9325 section 4.1, RFC 7465, RFC 8429). Only what was seen: the others that a server
//! accepts are for deep inspection to list.

use super::Draft;
use crate::assess::view::EndpointView;
use crate::model::{Rule, Severity, Verdict};

pub(super) fn judge(view: &EndpointView<'_>) -> Option<Verdict> {
    let suite = view.tls()?.cipher_suite?;
    let weakness = weakness(suite.known_name()?)?;
    Draft::new(Rule::WeakCipher, Severity::Medium, "A weak cipher suite was negotiated")
        .detail(format!("The server chose {suite}: {weakness}."))
        .group(format!("suite:{suite}"))
        .fact("cipher_suite", suite.to_string())
        .remedy("Allow AEAD suites with ephemeral keys only (ECDHE with AES-GCM or ChaCha20-Poly1305).")
        .sources(&["RFC 9325 section 4.1"])
        .on_endpoint(view)
}

/// What is weak about the suite with the registry's name `name`.
fn weakness(name: &str) -> Option<&'static str> {
    let has = |part: &str| name.split('_').any(|word| word == part);
    if has("anon") || name.starts_with("TLS_NULL_WITH") {
        Some("the server is not authenticated")
    } else if has("NULL") || name.starts_with("TLS_SHA") {
        Some("nothing is encrypted")
    } else if has("EXPORT") || has("EXPORT1024") {
        Some("export strength, broken in minutes")
    } else if has("RC4") {
        Some("RC4 is broken (RFC 7465)")
    } else if has("RC2") || has("DES") || has("DES40") {
        Some("keys of 56 bits or less")
    } else if has("3DES") {
        Some("3DES has 64-bit blocks (Sweet32)")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_suites_are_told_by_their_name() {
        for name in [
            "TLS_NULL_WITH_NULL_NULL",
            "TLS_RSA_WITH_NULL_SHA256",
            "TLS_SHA256_SHA256",
            "TLS_RSA_EXPORT_WITH_RC4_40_MD5",
            "TLS_RSA_WITH_RC4_128_SHA",
            "TLS_RSA_WITH_DES_CBC_SHA",
            "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
            "TLS_DH_anon_WITH_AES_128_CBC_SHA",
            "TLS_KRB5_EXPORT_WITH_DES_CBC_40_SHA",
        ] {
            assert!(weakness(name).is_some(), "{name}");
        }
        for name in [
            "TLS_AES_128_GCM_SHA256",
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            "TLS_RSA_WITH_AES_128_CBC_SHA",
            "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
            "TLS_RSA_WITH_IDEA_CBC_SHA",
        ] {
            assert!(weakness(name).is_none(), "{name}");
        }
    }
}
