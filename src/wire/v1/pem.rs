//! Certificates as text (RFC 7468 section 5): strict base64 in lines of 64 characters.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Bytes behind one line of 64 characters.
const LINE_BYTES: usize = 48;

/// A certificate's DER as PEM, with a newline at the end.
pub(super) fn certificate(der: &[u8]) -> String {
    let mut text = String::with_capacity(der.len() / 3 * 4 + der.len() / LINE_BYTES + 64);
    text.push_str("-----BEGIN CERTIFICATE-----\n");
    for line in der.chunks(LINE_BYTES) {
        line.chunks(3).for_each(|group| push_group(&mut text, group));
        text.push('\n');
    }
    text.push_str("-----END CERTIFICATE-----\n");
    text
}

/// One to three bytes as four characters (RFC 4648 section 4).
fn push_group(text: &mut String, group: &[u8]) {
    let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
    let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
    for place in 0..4 {
        let digit = ALPHABET.get((bits >> (18 - 6 * place) & 0x3f) as usize);
        text.push(match digit {
            Some(digit) if place <= group.len() => char::from(*digit),
            _ => '=',
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_standard() {
        // RFC 4648 section 10.
        for (bytes, expected) in [
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            let text = certificate(bytes.as_bytes());
            assert_eq!(text, format!("-----BEGIN CERTIFICATE-----\n{expected}\n-----END CERTIFICATE-----\n"));
        }
    }

    #[test]
    fn lines_have_64_characters_and_other_readers_read_them() {
        use rustls_pki_types::{CertificateDer, pem::PemObject};
        let der: Vec<u8> = (0..=255).cycle().take(1_000).collect();
        let text = certificate(&der);
        assert!(text.lines().all(|line| line.len() <= 64));
        assert_eq!(CertificateDer::from_pem_slice(text.as_bytes()).unwrap().as_ref(), der);
    }
}
