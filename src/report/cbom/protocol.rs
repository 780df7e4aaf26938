//! The protocol of one endpoint: one component for each version that it speaks, with its suites and its groups.

use serde_json::{Map, Value, json};

use super::algorithms::Algorithm;
use super::property;
use crate::model::{Handshake, Transport, VersionFacts};
use crate::tls::{CipherSuite, ProtocolVersion};
use crate::wire::v1::EndpointView;

/// A version that an endpoint speaks.
pub(super) struct Protocol {
    reference: String,
    name: String,
    kind: &'static str,
    version: Option<String>,
    suites: Vec<(String, Option<u16>)>,
    /// Ciphers and groups.
    pub(super) algorithms: Vec<Algorithm>,
    certificates: Vec<String>,
    properties: Vec<Value>,
}

/// What deep inspection enumerated, else what was negotiated.
pub(super) fn of(view: &EndpointView<'_>, handshake: &Handshake) -> Vec<Protocol> {
    let offered: Vec<&VersionFacts> = handshake
        .inspection
        .iter()
        .flat_map(|inspection| &inspection.versions)
        .filter(|facts| facts.offered == Some(true))
        .collect();
    if offered.is_empty() {
        let tls = &handshake.tls;
        let suites = tls.cipher_suite.iter().map(suite).collect();
        let groups: Vec<String> = tls.group.iter().map(ToString::to_string).collect();
        return vec![protocol(view, handshake, tls.version, suites, &groups)];
    }
    let enumerated = offered.into_iter().map(|facts| {
        let kinds = facts.ssl2_ciphers.iter().map(|kind| (kind.to_string(), None));
        let suites = facts.cipher_suites.iter().map(suite).chain(kinds).collect();
        let groups: Vec<String> = facts.groups.iter().map(ToString::to_string).collect();
        protocol(view, handshake, Some(facts.version), suites, &groups)
    });
    enumerated.collect()
}

fn suite(suite: &CipherSuite) -> (String, Option<u16>) {
    (suite.to_string(), Some(suite.0))
}

fn protocol(
    view: &EndpointView<'_>,
    handshake: &Handshake,
    version: Option<ProtocolVersion>,
    suites: Vec<(String, Option<u16>)>,
    groups: &[String],
) -> Protocol {
    let place = &view.observation.endpoint;
    let mut algorithms: Vec<Algorithm> = groups.iter().map(|group| Algorithm::group(group)).collect();
    for cipher in suites.iter().filter_map(|(name, _)| Algorithm::cipher(name)) {
        if !algorithms.contains(&cipher) {
            algorithms.push(cipher);
        }
    }
    let mut properties = Vec::new();
    let mut tell = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            properties.push(property(name, value));
        }
    };
    tell("certvigil:endpoint", Some(&place.id().to_string()));
    tell("certvigil:owner", view.owner);
    tell("certvigil:groups", (!groups.is_empty()).then(|| groups.join(" ")).as_deref());
    for tag in view.tags {
        tell("certvigil:tag", Some(tag));
    }
    let word = version.map(|version| version.to_string());
    let suffix = word.as_deref().map(|word| format!("/{word}")).unwrap_or_default();
    Protocol {
        reference: format!("endpoint:{}{suffix}", place.id()),
        name: format!("{} at {}", word.as_deref().unwrap_or("TLS"), place.label()),
        kind: if place.transport == Transport::Dtls { "other" } else { "tls" },
        version: word.map(|word| word.trim_start_matches("TLSv").to_owned()),
        suites,
        algorithms,
        certificates: handshake
            .presented
            .fingerprints()
            .map(|sha256| format!("certificate:{sha256}"))
            .collect(),
        properties,
    }
}

impl Protocol {
    /// The component; `references` are those of its algorithms.
    pub(super) fn component(&self, references: Vec<String>, place: &str) -> Value {
        let mut fields = Map::new();
        fields.insert("type".to_owned(), json!(self.kind));
        if let Some(version) = &self.version {
            fields.insert("version".to_owned(), json!(version));
        }
        let suites: Vec<Value> = self.suites.iter().map(suite_document).collect();
        fields.insert("cipherSuites".to_owned(), json!(suites));
        let mut used = self.certificates.clone();
        used.dedup();
        used.extend(references);
        fields.insert("cryptoRefArray".to_owned(), json!(used));
        json!({
            "type": "cryptographic-asset",
            "bom-ref": self.reference,
            "name": self.name,
            "cryptoProperties": {"assetType": "protocol", "protocolProperties": fields},
            "evidence": {"occurrences": [{"location": place}]},
            "properties": self.properties,
        })
    }
}

fn suite_document((name, number): &(String, Option<u16>)) -> Value {
    let mut document = Map::new();
    document.insert("name".to_owned(), json!(name));
    if let Some(number) = number {
        let [high, low] = number.to_be_bytes();
        document.insert("identifiers".to_owned(), json!([format!("0x{high:02X}"), format!("0x{low:02X}")]));
    }
    if let Some(cipher) = Algorithm::cipher(name) {
        document.insert("algorithms".to_owned(), json!([cipher.reference()]));
    }
    Value::Object(document)
}
