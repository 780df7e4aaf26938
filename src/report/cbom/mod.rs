//! CycloneDX 1.6 cryptography bill of materials: certificates, their keys and algorithms, and the protocol of each endpoint.
//!
//! Components are written as they come; an algorithm or a key before the first one that refers to it. Memory grows with the
//! different keys and, up to a limit, with the places where certificates are served.

mod algorithms;
mod protocol;

use std::collections::{HashMap, HashSet};
use std::io::{self, Write};

use serde_json::{Map, Value, json};

use algorithms::Algorithm;

use super::RecordWriter;
use super::json_text::{JsonLayout, push_json};
use crate::model::{Endpoint, Outcome, Transport};
use crate::wire::v1::{CertificateView, EndpointView, ReportHead};
use crate::x509::certificate::PublicKey;
use crate::x509::{Certificate, Chain, Fingerprint};

/// Places listed of one certificate.
const MOST_PLACES: usize = 50;
/// Places remembered in all: about 16 MiB.
const MOST_PLACES_IN_ALL: usize = 200_000;

/// Writes a report as CycloneDX.
#[derive(Debug)]
pub struct CbomReport<W> {
    out: W,
    buffer: Vec<u8>,
    has_component: bool,
    algorithms: HashSet<String>,
    keys: HashSet<Fingerprint>,
    /// Where each certificate is served.
    places: HashMap<Fingerprint, Vec<String>>,
    place_count: usize,
}

impl<W: Write> CbomReport<W> {
    /// Writes the head.
    ///
    /// # Errors
    /// Whatever the writer says.
    pub fn begin(out: W, head: &ReportHead<'_>) -> io::Result<Self> {
        let mut report = Self {
            out,
            buffer: Vec::new(),
            has_component: false,
            algorithms: HashSet::new(),
            keys: HashSet::new(),
            places: HashMap::new(),
            place_count: 0,
        };
        push_json(&mut report.buffer, &opening(head), JsonLayout::Compact, 0)?;
        // What follows is inside the same object.
        report.buffer.pop();
        report.buffer.extend_from_slice(b",\"components\":[");
        report.out.write_all(&report.buffer)?;
        Ok(report)
    }

    fn component(&mut self, component: &Value) -> io::Result<()> {
        self.buffer.clear();
        self.buffer.extend_from_slice(if self.has_component { b",\n" } else { b"\n" });
        self.has_component = true;
        push_json(&mut self.buffer, component, JsonLayout::Compact, 0)?;
        self.out.write_all(&self.buffer)
    }

    /// Describes the algorithm where it is new; its reference.
    fn algorithm(&mut self, algorithm: &Algorithm) -> io::Result<String> {
        if self.algorithms.insert(algorithm.name.clone()) {
            self.component(&algorithm.component())?;
        }
        Ok(algorithm.reference())
    }

    /// Describes the key where it is new; its reference.
    fn key(&mut self, certificate: &Certificate) -> io::Result<Option<String>> {
        let (Some(spki), Some(key)) = (certificate.spki_sha256, &certificate.key) else { return Ok(None) };
        let reference = format!("key:{spki}");
        if self.keys.insert(spki) {
            let algorithm = Algorithm::key(&key.algorithm, key.bits, key.curve.as_deref());
            let algorithm_reference = self.algorithm(&algorithm)?;
            self.component(&key_component(key, &spki, &reference, &algorithm, &algorithm_reference))?;
        }
        Ok(Some(reference))
    }

    /// Remembers where the certificates of `chain` are served.
    fn remember(&mut self, chain: &Chain, place: &str) {
        for sha256 in chain.fingerprints() {
            if self.place_count >= MOST_PLACES_IN_ALL {
                return;
            }
            let places = self.places.entry(sha256).or_default();
            if places.len() < MOST_PLACES && places.last().is_none_or(|last| last != place) {
                places.push(place.to_owned());
                self.place_count += 1;
            }
        }
    }
}

impl<W: Write> RecordWriter for CbomReport<W> {
    fn endpoint(&mut self, endpoint: &EndpointView<'_>) -> io::Result<()> {
        let place = location(&endpoint.observation.endpoint);
        match &endpoint.observation.outcome {
            Outcome::Failure(_) => {}
            Outcome::Read(chain) => self.remember(chain, &place),
            Outcome::Handshake(handshake) => {
                self.remember(&handshake.presented, &place);
                for other in &handshake.other_chains {
                    self.remember(&other.presented, &place);
                }
                for protocol in protocol::of(endpoint, handshake) {
                    let mut references = Vec::new();
                    for algorithm in &protocol.algorithms {
                        references.push(self.algorithm(algorithm)?);
                    }
                    self.component(&protocol.component(references, &place))?;
                }
            }
        }
        Ok(())
    }

    fn certificate(&mut self, view: &CertificateView<'_>) -> io::Result<()> {
        let certificate = view.certificate;
        let key = self.key(certificate)?;
        let signature = match &certificate.signature {
            Some(signature) => Some(self.algorithm(&Algorithm::signature(&signature.name, &signature.oid))?),
            None => None,
        };
        let places = self.places.remove(&certificate.sha256).unwrap_or_default();
        self.component(&certificate_component(view, key, signature, &places))
    }

    fn finish(&mut self, _head: &ReportHead<'_>) -> io::Result<()> {
        self.out.write_all(b"\n]}\n")?;
        self.out.flush()
    }
}

fn opening(head: &ReportHead<'_>) -> Value {
    let mut properties = vec![
        property("certvigil:scan", &head.scan.id),
        property("certvigil:scan:state", &head.scan.state),
        property("certvigil:scan:depth", &head.scan.parameters.depth),
    ];
    for store in &head.trust_stores {
        let date = store.date.as_deref().unwrap_or("undated");
        properties.push(property(
            "certvigil:trustStore",
            &format!("{} {} ({date}) sha256:{}", store.name, store.version, store.sha256.0),
        ));
    }
    for policy in &head.policies {
        properties.push(property("certvigil:policy", &format!("{} {}", policy.name, policy.version)));
    }
    json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": serial_number(head),
        "version": 1,
        "metadata": {
            "timestamp": head.generated_at,
            "tools": {"components": [
                {"type": "application", "name": head.tool.name, "version": head.tool.version}
            ]},
            "properties": properties,
        },
    })
}

/// A UUID of this scan's report at this time (RFC 9562 version 8), the same when it is made again.
fn serial_number(head: &ReportHead<'_>) -> String {
    let seed = format!("certvigil cbom\n{}\n{}", head.scan.id, head.generated_at.0);
    let hex: Vec<char> = Fingerprint::of(seed.as_bytes()).to_string().chars().collect();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().iter().collect::<String>();
    format!("urn:uuid:{}-{}-8{}-a{}-{}", part(0, 8), part(8, 12), part(12, 15), part(15, 18), part(18, 30))
}

fn property(name: &str, value: &str) -> Value {
    json!({"name": name, "value": value})
}

/// `tls://127.0.0.1:443#sni=www.example`; a file's path.
fn location(endpoint: &Endpoint) -> String {
    if let Some(path) = &endpoint.path {
        return path.to_string();
    }
    let scheme = match endpoint.transport {
        Transport::Tcp | Transport::File => "tls",
        Transport::Quic => "quic",
        Transport::Dtls => "dtls",
    };
    let port = endpoint.port.map(|port| format!(":{port}")).unwrap_or_default();
    match (endpoint.address, &endpoint.server_name) {
        (Some(address), name) => {
            let host = if address.is_ipv6() { format!("[{address}]") } else { address.to_string() };
            let sni = name.as_ref().map(|name| format!("#sni={name}")).unwrap_or_default();
            format!("{scheme}://{host}{port}{sni}")
        }
        (None, Some(name)) => format!("{scheme}://{name}{port}"),
        (None, None) => format!("{scheme}://?{port}"),
    }
}

fn key_component(
    key: &PublicKey,
    spki: &Fingerprint,
    reference: &str,
    algorithm: &Algorithm,
    algorithm_reference: &str,
) -> Value {
    let mut properties = json!({
        "type": "public-key",
        "id": format!("sha256:{spki}"),
        "algorithmRef": algorithm_reference,
        "format": "SubjectPublicKeyInfo",
    });
    if let (Some(bits), Some(object)) = (key.bits, properties.as_object_mut()) {
        object.insert("size".to_owned(), json!(bits));
    }
    json!({
        "type": "cryptographic-asset",
        "bom-ref": reference,
        "name": format!("{} key", algorithm.name),
        "cryptoProperties": {
            "assetType": "related-crypto-material",
            "relatedCryptoMaterialProperties": properties,
        },
    })
}

fn certificate_component(
    view: &CertificateView<'_>,
    key: Option<String>,
    signature: Option<String>,
    places: &[String],
) -> Value {
    let certificate = view.certificate;
    let mut fields = Map::new();
    fields.insert("subjectName".to_owned(), json!(certificate.subject.text.raw()));
    fields.insert("issuerName".to_owned(), json!(certificate.issuer.text.raw()));
    fields.insert("certificateFormat".to_owned(), json!("X.509"));
    let mut optional = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            fields.insert(name.to_owned(), json!(value));
        }
    };
    optional("notValidBefore", certificate.not_before.map(|time| time.to_string()));
    optional("notValidAfter", certificate.not_after.map(|time| time.to_string()));
    optional("signatureAlgorithmRef", signature);
    optional("subjectPublicKeyRef", key);
    let mut properties = vec![
        property("certvigil:sha256", &certificate.sha256.to_string()),
        property("certvigil:serial", &certificate.serial_hex()),
        property("certvigil:isCa", &certificate.is_ca().to_string()),
        property("certvigil:selfSigned", &view.self_signed.to_string()),
        property("certvigil:endpoints", &view.endpoints.to_string()),
    ];
    if let Some(public) = view.public_trust {
        properties.push(property("certvigil:publicTrust", &public.to_string()));
    }
    let label = certificate.label();
    let mut component = json!({
        "type": "cryptographic-asset",
        "bom-ref": format!("certificate:{}", certificate.sha256),
        "name": if label.raw().is_empty() { "(no name)" } else { label.raw() },
        "cryptoProperties": {"assetType": "certificate", "certificateProperties": fields},
        "properties": properties,
    });
    if !places.is_empty() {
        let occurrences: Vec<Value> = places.iter().map(|place| json!({"location": place})).collect();
        if let Some(object) = component.as_object_mut() {
            object.insert("evidence".to_owned(), json!({"occurrences": occurrences}));
        }
    }
    component
}
