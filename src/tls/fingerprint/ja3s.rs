//! JA3S: a server's answer to a known hello as one number: MD5 of version, suite and extensions of its ServerHello, in
//! decimal. Means something only beside answers to the same hello. Source: salesforce/ja3, "JA3S".

use md5::{Digest, Md5};

use crate::tls::{ProtocolVersion, ServerAnswer};

/// 32 hexadecimal digits.
pub fn of(answer: &ServerAnswer) -> String {
    Md5::digest(text(answer)).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `771,4865,51-43`. The version is that of the old field, where TLS 1.3 says TLS 1.2 (RFC 8446 section 4.1.3).
fn text(answer: &ServerAnswer) -> String {
    let version = answer.version.min(ProtocolVersion::TLSv1_2).0;
    let extensions: Vec<_> = answer.extensions.iter().map(|(number, _)| number.to_string()).collect();
    format!("{version},{},{}", answer.cipher_suite.0, extensions.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::CipherSuite;

    fn answer(version: ProtocolVersion, cipher_suite: CipherSuite, extensions: &[u16]) -> ServerAnswer {
        ServerAnswer {
            is_retry_request: false,
            version,
            cipher_suite,
            group: None,
            session_id: Vec::new(),
            compression: 0,
            extensions: extensions.iter().map(|number| (*number, Vec::new())).collect(),
            certificates: None,
            key_exchange: None,
            client_auth: None,
        }
    }

    #[test]
    fn the_example_of_the_method_comes_out() {
        let published = answer(ProtocolVersion::TLSv1_0, CipherSuite(47), &[65281, 0, 11, 35, 5, 16]);
        assert_eq!(text(&published), "769,47,65281-0-11-35-5-16");
        assert_eq!(of(&published), "836ce314215654b5b1f85f97c73e506f");
    }

    #[test]
    fn tls_1_3_hides_behind_1_2_and_no_extensions_leave_nothing() {
        let modern = answer(ProtocolVersion::TLSv1_3, CipherSuite::TLS_AES_128_GCM_SHA256, &[43, 51]);
        assert_eq!(text(&modern), "771,4865,43-51");
        let bare = answer(ProtocolVersion::SSLv3, CipherSuite::TLS_RSA_WITH_RC4_128_SHA, &[]);
        assert_eq!(text(&bare), "768,5,");
    }
}
