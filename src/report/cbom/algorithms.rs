//! Algorithms as CycloneDX describes them: what they do, how strong they are against classical and quantum attack.
//!
//! Classical strength: NIST SP 800-57 part 1 revision 5, table 2. Quantum levels: the categories of NIST's post-quantum
//! standards (FIPS 203 to 205), 1, 3 and 5 for AES-128, 192 and 256; 0 for what Shor's algorithm breaks.

use serde_json::{Map, Value, json};

/// An algorithm to describe once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Algorithm {
    pub(super) name: String,
    primitive: &'static str,
    functions: &'static [&'static str],
    oid: Option<String>,
    parameters: Option<String>,
    curve: Option<String>,
    classical_bits: Option<u32>,
    quantum_level: Option<u8>,
}

impl Algorithm {
    fn new(name: &str, primitive: &'static str, functions: &'static [&'static str]) -> Self {
        Self {
            name: name.to_owned(),
            primitive,
            functions,
            oid: None,
            parameters: None,
            curve: None,
            classical_bits: None,
            quantum_level: None,
        }
    }

    /// What signed a certificate.
    pub(super) fn signature(name: &str, oid: &str) -> Self {
        Self {
            oid: is_oid(oid).then(|| oid.to_owned()),
            quantum_level: signature_level(name),
            ..Self::new(name, "signature", &["sign", "verify"])
        }
    }

    /// What a public key is for.
    pub(super) fn key(name: &str, bits: Option<u32>, curve: Option<&str>) -> Self {
        let classical_bits = match name {
            "RSA" | "DSA" => bits.and_then(factoring_strength),
            "EC" => bits.and_then(curve_strength),
            "Ed25519" => Some(128),
            "Ed448" => Some(224),
            _ => None,
        };
        let shown = match (curve, bits) {
            (Some(curve), _) => format!("{name} {curve}"),
            (None, Some(bits)) if matches!(name, "RSA" | "DSA" | "EC") => format!("{name} {bits}"),
            _ => name.to_owned(),
        };
        Self {
            parameters: bits.filter(|_| curve.is_none()).map(|bits| bits.to_string()),
            curve: curve.map(str::to_owned),
            classical_bits,
            quantum_level: signature_level(name),
            ..Self::new(&shown, "signature", &["sign", "verify"])
        }
    }

    /// A group of the key exchange, by its registered name.
    pub(super) fn group(name: &str) -> Self {
        let hybrid = [("MLKEM512", 1), ("MLKEM768", 3), ("MLKEM1024", 5)];
        let level = hybrid.into_iter().find(|(kem, _)| name.ends_with(kem)).map(|(_, level)| level);
        let primitive = match level {
            Some(_) if name.starts_with("MLKEM") => "kem",
            Some(_) => "combiner",
            None => "key-agree",
        };
        Self { quantum_level: level.or(Some(0)), ..Self::new(name, primitive, &["keyderive"]) }
    }

    /// The cipher of a suite's registered name: what follows `_WITH_`, or `TLS_` in TLS 1.3.
    pub(super) fn cipher(suite: &str) -> Option<Self> {
        let rest =
            suite.split_once("_WITH_").map(|(_, cipher)| cipher).or_else(|| suite.strip_prefix("TLS_"))?;
        let name = ["_SHA256", "_SHA384", "_SHA", "_MD5", "_SM3"]
            .into_iter()
            .find_map(|hash| rest.strip_suffix(hash))
            .unwrap_or(rest);
        let primitive = match name {
            _ if ["GCM", "CCM", "CCM_8", "POLY1305"].iter().any(|mode| name.ends_with(mode)) => "ae",
            _ if name.contains("CBC") => "block-cipher",
            _ if name.starts_with("RC4") => "stream-cipher",
            _ => "other",
        };
        let (classical_bits, quantum_level) = match name {
            _ if name.contains("256") || name.starts_with("CHACHA20") => (Some(256), Some(5)),
            _ if name.contains("128") && !name.starts_with("RC4") => (Some(128), Some(1)),
            _ => (None, None),
        };
        let functions = &["encrypt", "decrypt"];
        Some(Self {
            classical_bits,
            quantum_level,
            ..Self::new(&name.replace('_', "-"), primitive, functions)
        })
    }

    /// The reference that components use.
    pub(super) fn reference(&self) -> String {
        format!("algorithm:{}", self.name)
    }

    /// The component.
    pub(super) fn component(&self) -> Value {
        let mut properties = Map::new();
        properties.insert("primitive".to_owned(), json!(self.primitive));
        properties.insert("cryptoFunctions".to_owned(), json!(self.functions));
        let mut optional = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                properties.insert(key.to_owned(), value);
            }
        };
        optional("parameterSetIdentifier", self.parameters.as_ref().map(|text| json!(text)));
        optional("curve", self.curve.as_ref().map(|text| json!(text)));
        optional("classicalSecurityLevel", self.classical_bits.map(|bits| json!(bits)));
        optional("nistQuantumSecurityLevel", self.quantum_level.map(|level| json!(level)));
        let mut crypto = json!({"assetType": "algorithm", "algorithmProperties": properties});
        if let (Some(oid), Some(object)) = (&self.oid, crypto.as_object_mut()) {
            object.insert("oid".to_owned(), json!(oid));
        }
        json!({
            "type": "cryptographic-asset",
            "bom-ref": self.reference(),
            "name": self.name,
            "cryptoProperties": crypto,
        })
    }
}

fn factoring_strength(bits: u32) -> Option<u32> {
    let table = [(15_360, 256), (7_680, 192), (3_072, 128), (2_048, 112), (1_024, 80)];
    table.into_iter().find(|(least, _)| bits >= *least).map(|(_, strength)| strength)
}

fn curve_strength(bits: u32) -> Option<u32> {
    let table = [(512, 256), (384, 192), (256, 128), (224, 112), (160, 80)];
    table.into_iter().find(|(least, _)| bits >= *least).map(|(_, strength)| strength)
}

/// `None` for algorithms that nobody here knows.
fn signature_level(name: &str) -> Option<u8> {
    let post_quantum =
        [("ML-DSA-44", 2), ("ML-DSA-65", 3), ("ML-DSA-87", 5), ("-128", 1), ("-192", 3), ("-256", 5)];
    if name.contains("ML-DSA") || name.starts_with("SLH-DSA") {
        return post_quantum.into_iter().find(|(part, _)| name.contains(part)).map(|(_, level)| level);
    }
    let classical = ["RSA", "ecdsa", "EC", "DSA", "dsa", "Ed25519", "Ed448"];
    classical.into_iter().any(|part| name.contains(part)).then_some(0)
}

/// Two numbers at least, without leading zeros: what the schema takes.
fn is_oid(text: &str) -> bool {
    let mut arcs = text.split('.');
    let first = matches!(arcs.next(), Some("0" | "1" | "2"));
    let is_number = |arc: &str| {
        !arc.is_empty() && arc.bytes().all(|b| b.is_ascii_digit()) && (arc == "0" || !arc.starts_with('0'))
    };
    first && text.contains('.') && arcs.all(is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strengths_are_those_of_the_tables() {
        let bits = |name, bits, curve| Algorithm::key(name, Some(bits), curve).classical_bits;
        assert_eq!(bits("RSA", 2_048, None), Some(112));
        assert_eq!(bits("RSA", 4_096, None), Some(128));
        assert_eq!(bits("EC", 384, Some("P-384")), Some(192));
        assert_eq!(Algorithm::key("RSA", Some(2_048), None).name, "RSA 2048");
        let level = |algorithm: Algorithm| algorithm.quantum_level;
        assert_eq!(level(Algorithm::signature("ML-DSA-65", "2.16.840.1.101.3.4.3.18")), Some(3));
        assert_eq!(level(Algorithm::signature("SLH-DSA-SHA2-192f", "")), Some(3));
        assert_eq!(level(Algorithm::signature("sha256WithRSAEncryption", "")), Some(0));
        assert_eq!(level(Algorithm::signature("1.2.3", "1.2.3")), None);
        assert_eq!(level(Algorithm::group("X25519MLKEM768")), Some(3));
        assert_eq!(level(Algorithm::group("x25519")), Some(0));
    }

    #[test]
    fn a_cipher_is_read_from_its_suite() {
        let cipher = |suite| Algorithm::cipher(suite).map(|one| (one.name, one.primitive));
        let is = |name: &str, primitive| Some((name.to_owned(), primitive));
        assert_eq!(cipher("TLS_AES_128_GCM_SHA256"), is("AES-128-GCM", "ae"));
        assert_eq!(cipher("TLS_RSA_WITH_3DES_EDE_CBC_SHA"), is("3DES-EDE-CBC", "block-cipher"));
        assert_eq!(cipher("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"), is("CHACHA20-POLY1305", "ae"));
        assert_eq!(cipher("TLS_RSA_WITH_RC4_128_MD5"), is("RC4-128", "stream-cipher"));
        assert_eq!(cipher("0xfafa"), None);
    }

    #[test]
    fn only_dotted_numbers_are_identifiers() {
        for (text, expected) in [
            ("1.2.840", true),
            ("1", false),
            ("3.1", false),
            ("1.02", false),
            ("1..2", false),
            ("1.a", false),
        ] {
            assert_eq!(is_oid(text), expected, "{text}");
        }
    }
}
