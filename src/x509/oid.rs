//! Object identifiers: dotted text, and the names that standards give to attributes, purposes, keys, curves and
//! signature algorithms.

use std::fmt::Write;

use super::certificate::SignatureHash;

/// Dotted text of an identifier's content octets (X.690 section 8.19). Octets that are no identifier are shown as
/// `invalid:` and hexadecimal.
pub(super) fn dotted(content: &[u8]) -> String {
    try_dotted(content).unwrap_or_else(|| format!("invalid:{}", hex(content)))
}

/// Lower-case hexadecimal.
pub(super) fn hex(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len().saturating_mul(2));
    for octet in octets {
        let _ = write!(text, "{octet:02x}");
    }
    text
}

/// Short name of an attribute type (RFC 4514 section 3, RFC 4519, RFC 2985, Baseline Requirements 7.1.4.2).
pub(super) fn attribute_name(oid: &str) -> Option<&'static str> {
    Some(match oid {
        "2.5.4.3" => "CN",
        "2.5.4.4" => "SN",
        "2.5.4.5" => "serialNumber",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "STREET",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "2.5.4.12" => "title",
        "2.5.4.13" => "description",
        "2.5.4.15" => "businessCategory",
        "2.5.4.16" => "postalAddress",
        "2.5.4.17" => "postalCode",
        "2.5.4.20" => "telephoneNumber",
        "2.5.4.41" => "name",
        "2.5.4.42" => "GN",
        "2.5.4.43" => "initials",
        "2.5.4.44" => "generationQualifier",
        "2.5.4.45" => "x500UniqueIdentifier",
        "2.5.4.46" => "dnQualifier",
        "2.5.4.65" => "pseudonym",
        "2.5.4.97" => "organizationIdentifier",
        "0.9.2342.19200300.100.1.1" => "UID",
        "0.9.2342.19200300.100.1.25" => "DC",
        "1.2.840.113549.1.9.1" => "emailAddress",
        "1.2.840.113549.1.9.2" => "unstructuredName",
        "1.3.6.1.4.1.311.60.2.1.1" => "jurisdictionL",
        "1.3.6.1.4.1.311.60.2.1.2" => "jurisdictionST",
        "1.3.6.1.4.1.311.60.2.1.3" => "jurisdictionC",
        _ => return None,
    })
}

/// Name of an extended key usage (RFC 5280 section 4.2.1.12).
pub(super) fn key_purpose(oid: &str) -> Option<&'static str> {
    Some(match oid {
        "2.5.29.37.0" => "anyExtendedKeyUsage",
        "1.3.6.1.5.5.7.3.1" => "serverAuth",
        "1.3.6.1.5.5.7.3.2" => "clientAuth",
        "1.3.6.1.5.5.7.3.3" => "codeSigning",
        "1.3.6.1.5.5.7.3.4" => "emailProtection",
        "1.3.6.1.5.5.7.3.8" => "timeStamping",
        "1.3.6.1.5.5.7.3.9" => "OCSPSigning",
        _ => return None,
    })
}

/// Name of a key algorithm that has one key size for each identifier, or none that could be read here.
pub(super) fn key_algorithm(oid: &str) -> Option<&'static str> {
    Some(match oid {
        "1.3.101.110" => "X25519",
        "1.3.101.111" => "X448",
        "1.3.101.112" => "Ed25519",
        "1.3.101.113" => "Ed448",
        "1.2.840.10046.2.1" | "1.2.840.113549.1.3.1" => "DH",
        "1.2.643.2.2.19" => "GOST R 34.10-2001",
        "1.2.643.7.1.1.1.1" => "GOST R 34.10-2012-256",
        "1.2.643.7.1.1.1.2" => "GOST R 34.10-2012-512",
        "2.16.840.1.101.3.4.4.1" => "ML-KEM-512",
        "2.16.840.1.101.3.4.4.2" => "ML-KEM-768",
        "2.16.840.1.101.3.4.4.3" => "ML-KEM-1024",
        "1.2.840.113549.1.9.16.3.17" => "HSS/LMS",
        "1.3.6.1.5.5.7.6.34" => "XMSS",
        "1.3.6.1.5.5.7.6.35" => "XMSSMT",
        _ => return post_quantum(oid),
    })
}

/// Name and field size in bits of a named curve (RFC 5480, SEC 2, RFC 5639).
pub(super) fn curve(oid: &str) -> Option<(&'static str, u32)> {
    Some(match oid {
        "1.2.840.10045.3.1.1" => ("P-192", 192),
        "1.3.132.0.33" => ("P-224", 224),
        "1.2.840.10045.3.1.7" => ("P-256", 256),
        "1.3.132.0.34" => ("P-384", 384),
        "1.3.132.0.35" => ("P-521", 521),
        "1.3.132.0.10" => ("secp256k1", 256),
        "1.3.132.0.8" => ("secp160r1", 160),
        "1.3.132.0.9" => ("secp160k1", 160),
        "1.3.132.0.30" => ("secp160r2", 160),
        "1.3.132.0.31" => ("secp192k1", 192),
        "1.3.132.0.32" => ("secp224k1", 224),
        "1.3.132.0.1" => ("sect163k1", 163),
        "1.3.132.0.15" => ("sect163r2", 163),
        "1.3.132.0.26" => ("sect233k1", 233),
        "1.3.132.0.27" => ("sect233r1", 233),
        "1.3.132.0.16" => ("sect283k1", 283),
        "1.3.132.0.17" => ("sect283r1", 283),
        "1.3.132.0.36" => ("sect409k1", 409),
        "1.3.132.0.37" => ("sect409r1", 409),
        "1.3.132.0.38" => ("sect571k1", 571),
        "1.3.132.0.39" => ("sect571r1", 571),
        "1.3.36.3.3.2.8.1.1.1" => ("brainpoolP160r1", 160),
        "1.3.36.3.3.2.8.1.1.2" => ("brainpoolP160t1", 160),
        "1.3.36.3.3.2.8.1.1.3" => ("brainpoolP192r1", 192),
        "1.3.36.3.3.2.8.1.1.4" => ("brainpoolP192t1", 192),
        "1.3.36.3.3.2.8.1.1.5" => ("brainpoolP224r1", 224),
        "1.3.36.3.3.2.8.1.1.6" => ("brainpoolP224t1", 224),
        "1.3.36.3.3.2.8.1.1.7" => ("brainpoolP256r1", 256),
        "1.3.36.3.3.2.8.1.1.8" => ("brainpoolP256t1", 256),
        "1.3.36.3.3.2.8.1.1.9" => ("brainpoolP320r1", 320),
        "1.3.36.3.3.2.8.1.1.10" => ("brainpoolP320t1", 320),
        "1.3.36.3.3.2.8.1.1.11" => ("brainpoolP384r1", 384),
        "1.3.36.3.3.2.8.1.1.12" => ("brainpoolP384t1", 384),
        "1.3.36.3.3.2.8.1.1.13" => ("brainpoolP512r1", 512),
        "1.3.36.3.3.2.8.1.1.14" => ("brainpoolP512t1", 512),
        "1.2.156.10197.1.301" => ("SM2", 256),
        _ => return None,
    })
}

/// Name and hash of a signature algorithm (RFC 3279, 4055, 5758, 8410, 8692, 9881, 9909). RSASSA-PSS names its
/// hash in its parameters.
pub(super) fn signature_algorithm(oid: &str) -> Option<(&'static str, Option<SignatureHash>)> {
    use SignatureHash::{Md2, Md5, Sha1, Sha224, Sha256, Sha384, Sha512};
    Some(match oid {
        "1.2.840.113549.1.1.2" => ("md2WithRSAEncryption", Some(Md2)),
        "1.2.840.113549.1.1.4" => ("md5WithRSAEncryption", Some(Md5)),
        "1.3.14.3.2.3" | "1.3.14.3.2.25" => ("md5WithRSA", Some(Md5)),
        "1.2.840.113549.1.1.5" => ("sha1WithRSAEncryption", Some(Sha1)),
        "1.3.14.3.2.29" => ("sha1WithRSA", Some(Sha1)),
        "1.2.840.113549.1.1.14" => ("sha224WithRSAEncryption", Some(Sha224)),
        "1.2.840.113549.1.1.11" => ("sha256WithRSAEncryption", Some(Sha256)),
        "1.2.840.113549.1.1.12" => ("sha384WithRSAEncryption", Some(Sha384)),
        "1.2.840.113549.1.1.13" => ("sha512WithRSAEncryption", Some(Sha512)),
        "1.2.840.113549.1.1.15" => ("sha512-224WithRSAEncryption", None),
        "1.2.840.113549.1.1.16" => ("sha512-256WithRSAEncryption", None),
        "2.16.840.1.101.3.4.3.13" => ("id-rsassa-pkcs1-v1_5-with-sha3-224", None),
        "2.16.840.1.101.3.4.3.14" => ("id-rsassa-pkcs1-v1_5-with-sha3-256", None),
        "2.16.840.1.101.3.4.3.15" => ("id-rsassa-pkcs1-v1_5-with-sha3-384", None),
        "2.16.840.1.101.3.4.3.16" => ("id-rsassa-pkcs1-v1_5-with-sha3-512", None),
        "1.2.840.113549.1.1.10" => ("RSASSA-PSS", None),
        "1.3.6.1.5.5.7.6.30" => ("RSASSA-PSS-SHAKE128", None),
        "1.3.6.1.5.5.7.6.31" => ("RSASSA-PSS-SHAKE256", None),
        "1.2.840.10045.4.1" => ("ecdsa-with-SHA1", Some(Sha1)),
        "1.2.840.10045.4.3.1" => ("ecdsa-with-SHA224", Some(Sha224)),
        "1.2.840.10045.4.3.2" => ("ecdsa-with-SHA256", Some(Sha256)),
        "1.2.840.10045.4.3.3" => ("ecdsa-with-SHA384", Some(Sha384)),
        "1.2.840.10045.4.3.4" => ("ecdsa-with-SHA512", Some(Sha512)),
        "2.16.840.1.101.3.4.3.9" => ("id-ecdsa-with-sha3-224", None),
        "2.16.840.1.101.3.4.3.10" => ("id-ecdsa-with-sha3-256", None),
        "2.16.840.1.101.3.4.3.11" => ("id-ecdsa-with-sha3-384", None),
        "2.16.840.1.101.3.4.3.12" => ("id-ecdsa-with-sha3-512", None),
        "1.3.6.1.5.5.7.6.32" => ("ecdsa-with-shake128", None),
        "1.3.6.1.5.5.7.6.33" => ("ecdsa-with-shake256", None),
        "1.2.840.10040.4.3" | "1.3.14.3.2.27" => ("dsa-with-sha1", Some(Sha1)),
        "2.16.840.1.101.3.4.3.1" => ("dsa-with-sha224", Some(Sha224)),
        "2.16.840.1.101.3.4.3.2" => ("dsa-with-sha256", Some(Sha256)),
        "2.16.840.1.101.3.4.3.3" => ("dsa-with-sha384", Some(Sha384)),
        "2.16.840.1.101.3.4.3.4" => ("dsa-with-sha512", Some(Sha512)),
        "1.2.156.10197.1.501" => ("SM2-with-SM3", None),
        "1.2.643.2.2.3" => ("GOST R 34.10-2001", None),
        "1.2.643.7.1.1.3.2" => ("GOST R 34.10-2012-256", None),
        "1.2.643.7.1.1.3.3" => ("GOST R 34.10-2012-512", None),
        "1.3.101.112" => ("Ed25519", None),
        "1.3.101.113" => ("Ed448", None),
        "1.2.840.113549.1.9.16.3.17" => ("HSS/LMS", None),
        "1.3.6.1.5.5.7.6.34" => ("XMSS", None),
        "1.3.6.1.5.5.7.6.35" => ("XMSSMT", None),
        _ => return post_quantum(oid).map(|name| (name, None)),
    })
}

/// Hash of an RSASSA-PSS parameter (RFC 4055 section 2.1).
pub(super) fn hash(oid: &str) -> Option<SignatureHash> {
    Some(match oid {
        "1.2.840.113549.2.2" => SignatureHash::Md2,
        "1.2.840.113549.2.5" => SignatureHash::Md5,
        "1.3.14.3.2.26" => SignatureHash::Sha1,
        "2.16.840.1.101.3.4.2.4" => SignatureHash::Sha224,
        "2.16.840.1.101.3.4.2.1" => SignatureHash::Sha256,
        "2.16.840.1.101.3.4.2.2" => SignatureHash::Sha384,
        "2.16.840.1.101.3.4.2.3" => SignatureHash::Sha512,
        _ => return None,
    })
}

/// FIPS 204 and FIPS 205, pure and pre-hashed (NIST's Computer Security Objects Register).
fn post_quantum(oid: &str) -> Option<&'static str> {
    const NAMES: [&str; 30] = [
        "ML-DSA-44",
        "ML-DSA-65",
        "ML-DSA-87",
        "SLH-DSA-SHA2-128s",
        "SLH-DSA-SHA2-128f",
        "SLH-DSA-SHA2-192s",
        "SLH-DSA-SHA2-192f",
        "SLH-DSA-SHA2-256s",
        "SLH-DSA-SHA2-256f",
        "SLH-DSA-SHAKE-128s",
        "SLH-DSA-SHAKE-128f",
        "SLH-DSA-SHAKE-192s",
        "SLH-DSA-SHAKE-192f",
        "SLH-DSA-SHAKE-256s",
        "SLH-DSA-SHAKE-256f",
        "HashML-DSA-44-with-SHA512",
        "HashML-DSA-65-with-SHA512",
        "HashML-DSA-87-with-SHA512",
        "HashSLH-DSA-SHA2-128s-with-SHA256",
        "HashSLH-DSA-SHA2-128f-with-SHA256",
        "HashSLH-DSA-SHA2-192s-with-SHA512",
        "HashSLH-DSA-SHA2-192f-with-SHA512",
        "HashSLH-DSA-SHA2-256s-with-SHA512",
        "HashSLH-DSA-SHA2-256f-with-SHA512",
        "HashSLH-DSA-SHAKE-128s-with-SHAKE128",
        "HashSLH-DSA-SHAKE-128f-with-SHAKE128",
        "HashSLH-DSA-SHAKE-192s-with-SHAKE256",
        "HashSLH-DSA-SHAKE-192f-with-SHAKE256",
        "HashSLH-DSA-SHAKE-256s-with-SHAKE256",
        "HashSLH-DSA-SHAKE-256f-with-SHAKE256",
    ];
    /// Arc of the first name; the register counts on from it without a gap.
    const FIRST: usize = 17;
    let arc: usize = oid.strip_prefix("2.16.840.1.101.3.4.3.")?.parse().ok()?;
    NAMES.get(arc.checked_sub(FIRST)?).copied()
}

fn try_dotted(content: &[u8]) -> Option<String> {
    let mut arcs = Arcs(content);
    let first = arcs.next()??;
    let mut text = String::with_capacity(content.len().saturating_mul(3));
    // The first two arcs share one number (X.690 section 8.19.4).
    let root = (first / 40).min(2);
    push_number(root, &mut text);
    text.push('.');
    push_number(first - root * 40, &mut text);
    for arc in arcs {
        text.push('.');
        push_number(arc?, &mut text);
    }
    Some(text)
}

/// Decimal digits; without the formatting machinery, because each certificate has dozens of such numbers.
fn push_number(number: u128, text: &mut String) {
    let Ok(mut rest) = u32::try_from(number) else {
        let _ = write!(text, "{number}");
        return;
    };
    let mut digits = ['0'; 10];
    let mut count = 0;
    for digit in digits.iter_mut().rev() {
        *digit = char::from_digit(rest % 10, 10).unwrap_or('0');
        rest /= 10;
        count += 1;
        if rest == 0 {
            break;
        }
    }
    text.extend(digits.iter().skip(10 - count));
}

/// Numbers in base 128, most significant first; `None` inside for one that does not fit or is cut short.
struct Arcs<'a>(&'a [u8]);

impl Iterator for Arcs<'_> {
    type Item = Option<u128>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let mut number = 0_u128;
        while let [octet, rest @ ..] = self.0 {
            self.0 = rest;
            if number >> 121 != 0 {
                return Some(None);
            }
            number = number << 7 | u128::from(octet & 0x7f);
            if octet & 0x80 == 0 {
                return Some(Some(number));
            }
        }
        Some(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_shown_dotted() {
        assert_eq!(dotted(&[0x55, 0x04, 0x03]), "2.5.4.3");
        assert_eq!(dotted(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11]), "1.2.840.113549.1.1.11");
        assert_eq!(dotted(&[0x88, 0x37, 0x03]), "2.999.3");
        assert_eq!(dotted(&[9, 0x92, 0x26]), "0.9.2342");
        assert_eq!(dotted(&[0x2a, 0, 10, 0x8f, 0xff, 0xff, 0xff, 0x7f]), "1.2.0.10.4294967295");
        assert_eq!(dotted(&[0x2a, 0x90, 0x80, 0x80, 0x80, 0]), "1.2.4294967296");
    }

    #[test]
    fn what_is_no_identifier_is_shown_in_hexadecimal() {
        assert_eq!(dotted(&[]), "invalid:");
        assert_eq!(dotted(&[0x55, 0x84]), "invalid:5584");
        assert_eq!(dotted(&[0xff; 30]), format!("invalid:{}", "ff".repeat(30)));
    }

    #[test]
    fn post_quantum_names_follow_the_register() {
        assert_eq!(key_algorithm("2.16.840.1.101.3.4.3.17"), Some("ML-DSA-44"));
        assert_eq!(key_algorithm("2.16.840.1.101.3.4.3.19"), Some("ML-DSA-87"));
        assert_eq!(key_algorithm("2.16.840.1.101.3.4.3.20"), Some("SLH-DSA-SHA2-128s"));
        assert_eq!(key_algorithm("2.16.840.1.101.3.4.3.31"), Some("SLH-DSA-SHAKE-256f"));
        assert_eq!(key_algorithm("2.16.840.1.101.3.4.3.32"), Some("HashML-DSA-44-with-SHA512"));
        assert_eq!(
            signature_algorithm("2.16.840.1.101.3.4.3.35"),
            Some(("HashSLH-DSA-SHA2-128s-with-SHA256", None))
        );
        assert_eq!(
            signature_algorithm("2.16.840.1.101.3.4.3.46"),
            Some(("HashSLH-DSA-SHAKE-256f-with-SHAKE256", None))
        );
        assert_eq!(key_algorithm("2.16.840.1.101.3.4.3.47"), None);
    }
}
