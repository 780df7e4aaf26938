//! What deep inspection found, as a report tells it. What was not determined is `null`; lists that were not brought to
//! an end say so beside them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::finding::evidence_document;
use super::scalar::registered;
use super::{EvidenceDocument, Sha256, Text};
use crate::model::{
    DhParameters, Features, Fingerprints, Hsts, Inspection, Intolerance, PostQuantum, Probe, Reaction,
    VersionFacts,
};
use crate::tls::{CipherSuite, Ssl2Cipher};

/// What a server offers in one protocol version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionDocument<'a> {
    pub offered: Option<bool>,
    /// In the server's order where it has one, else strongest first; of SSL 2 its cipher kinds.
    pub cipher_suites: Vec<Text<'a>>,
    /// What was asked for and is not listed is refused. Scope `everything` asks for every suite; scope `forbidden` in
    /// an allowed version only for those that the policy forbids: there may be others.
    pub suites_complete: bool,
    pub server_order: Option<bool>,
    pub chacha_prioritised: Option<bool>,
    pub groups: Vec<Text<'a>>,
    /// The same of groups.
    pub groups_complete: bool,
    pub group_order: Option<bool>,
    pub signature_algorithms: Vec<Text<'a>>,
    pub signature_algorithms_complete: bool,
    pub compression: Option<bool>,
}

/// The answer to a hello that lists post-quantum groups only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostQuantumDocument<'a> {
    /// `null`: none is taken.
    pub group: Option<Text<'a>>,
}

/// What was found beside the versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InspectionDocument<'a> {
    /// `everything` or `forbidden`.
    pub scope: Text<'a>,
    pub features: FeaturesDocument<'a>,
    pub dh_parameters: Vec<DhParametersDocument<'a>>,
    pub intolerances: Option<Vec<Text<'a>>>,
    /// By name; those that were not probed are missing.
    pub weaknesses: BTreeMap<Text<'a>, WeaknessDocument<'a>>,
    pub fingerprints: FingerprintsDocument<'a>,
    /// `null`: not asked, or no HTTP answered.
    pub hsts: Option<HstsDocument<'a>>,
    /// Connections made, by purpose, and `total`.
    pub connections: BTreeMap<Text<'a>, u64>,
}

/// Properties of the server beyond versions and suites.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeaturesDocument<'a> {
    pub alpn: Option<Vec<Text<'a>>>,
    pub session_tickets: Option<bool>,
    pub ticket_lifetime_seconds: Option<u32>,
    pub resumption_by_id: Option<bool>,
    pub resumption_by_ticket: Option<bool>,
    pub resumption_tls13: Option<bool>,
    pub early_data_bytes: Option<u32>,
    pub secure_renegotiation: Option<bool>,
    pub client_renegotiation: Option<bool>,
    pub extended_master_secret: Option<bool>,
    pub encrypt_then_mac: Option<bool>,
    pub fallback_scsv: Option<bool>,
    pub heartbeat: Option<bool>,
    pub ocsp_stapling: Option<bool>,
}

/// Finite-field Diffie-Hellman parameters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DhParametersDocument<'a> {
    pub bits: u32,
    pub prime_sha256: Sha256,
    pub known_prime: Option<Text<'a>>,
    pub export: bool,
    pub key_reused: Option<bool>,
}

/// How the server reacted to a probe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeaknessDocument<'a> {
    /// `weak`, `sound`, `not_applicable` or `not_determined`.
    pub reaction: Text<'a>,
    /// Why it was not determined.
    pub why: Option<Text<'a>>,
    pub evidence: EvidenceDocument<'a>,
}

/// Strict transport security, as one request by HTTP showed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HstsDocument<'a> {
    /// `absent`, `invalid` or `policy`.
    pub status: Text<'a>,
    pub max_age_seconds: Option<u64>,
    pub include_subdomains: Option<bool>,
    pub preload: Option<bool>,
}

/// Marks by which like servers are known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FingerprintsDocument<'a> {
    pub jarm: Option<Text<'a>>,
    pub ja3s: Option<Text<'a>>,
}

/// The versions by name.
pub(super) fn version_documents(inspection: &Inspection) -> BTreeMap<Text<'_>, VersionDocument<'_>> {
    let versions = inspection.versions.iter();
    versions
        .map(|facts| (registered(facts.version.known_name(), facts.version), version_document(facts)))
        .collect()
}

pub(super) fn post_quantum_document(answer: PostQuantum) -> PostQuantumDocument<'static> {
    PostQuantumDocument {
        group: match answer {
            PostQuantum::Group(group) => Some(registered(group.known_name(), group)),
            PostQuantum::Refused => None,
        },
    }
}

pub(super) fn inspection_document(inspection: &Inspection) -> InspectionDocument<'_> {
    let Fingerprints { jarm, ja3s } = &inspection.fingerprints;
    InspectionDocument {
        scope: inspection.scope.name().into(),
        features: features_document(&inspection.features),
        dh_parameters: inspection.dh_parameters.iter().map(parameters_document).collect(),
        intolerances: inspection.intolerances.as_deref().map(intolerance_names),
        weaknesses: inspection.probes.iter().map(weakness_document).collect(),
        fingerprints: FingerprintsDocument {
            jarm: jarm.as_deref().map(Text::from),
            ja3s: ja3s.as_deref().map(Text::from),
        },
        hsts: inspection.hsts.map(hsts_document),
        connections: connections_document(inspection),
    }
}

fn version_document(facts: &VersionFacts) -> VersionDocument<'static> {
    let suite = |suite: &CipherSuite| registered(suite.known_name(), suite);
    let kind = |kind: &Ssl2Cipher| registered(kind.known_name(), kind);
    let kinds = facts.ssl2_ciphers.iter().map(kind);
    VersionDocument {
        offered: facts.offered,
        cipher_suites: facts.cipher_suites.iter().map(suite).chain(kinds).collect(),
        suites_complete: facts.suites_complete,
        server_order: facts.server_order,
        chacha_prioritised: facts.chacha_prioritised,
        groups: facts.groups.iter().map(|group| registered(group.known_name(), group)).collect(),
        groups_complete: facts.groups_complete,
        group_order: facts.group_order,
        signature_algorithms: facts
            .signature_schemes
            .iter()
            .map(|scheme| registered(scheme.known_name(), scheme))
            .collect(),
        signature_algorithms_complete: facts.schemes_complete,
        compression: facts.compression,
    }
}

fn features_document(features: &Features) -> FeaturesDocument<'_> {
    let alpn = features.alpn.as_deref();
    FeaturesDocument {
        alpn: alpn.map(|names| names.iter().map(|name| name.raw().into()).collect()),
        session_tickets: features.session_tickets,
        ticket_lifetime_seconds: features.ticket_lifetime_seconds,
        resumption_by_id: features.resumption_by_id,
        resumption_by_ticket: features.resumption_by_ticket,
        resumption_tls13: features.resumption_tls13,
        early_data_bytes: features.early_data_bytes,
        secure_renegotiation: features.secure_renegotiation,
        client_renegotiation: features.client_renegotiation,
        extended_master_secret: features.extended_master_secret,
        encrypt_then_mac: features.encrypt_then_mac,
        fallback_scsv: features.fallback_scsv,
        heartbeat: features.heartbeat,
        ocsp_stapling: features.ocsp_stapling,
    }
}

fn parameters_document(parameters: &DhParameters) -> DhParametersDocument<'static> {
    DhParametersDocument {
        bits: parameters.bits,
        prime_sha256: Sha256(parameters.prime_sha256),
        known_prime: parameters.known_prime.map(Text::Borrowed),
        export: parameters.export,
        key_reused: parameters.key_reused,
    }
}

fn intolerance_names(intolerances: &[Intolerance]) -> Vec<Text<'static>> {
    intolerances.iter().map(|intolerance| intolerance.name().into()).collect()
}

fn weakness_document(probe: &Probe) -> (Text<'static>, WeaknessDocument<'_>) {
    let document = WeaknessDocument {
        reaction: probe.reaction.name().into(),
        why: match &probe.reaction {
            Reaction::NotDetermined(why) => Some((&**why).into()),
            Reaction::Weak | Reaction::Sound | Reaction::NotApplicable => None,
        },
        evidence: evidence_document(&probe.evidence),
    };
    (probe.name.name().into(), document)
}

fn hsts_document(hsts: Hsts) -> HstsDocument<'static> {
    let (status, policy) = match hsts {
        Hsts::Absent => ("absent", None),
        Hsts::Invalid => ("invalid", None),
        Hsts::Policy { max_age_seconds, include_subdomains, preload } => {
            ("policy", Some((max_age_seconds, include_subdomains, preload)))
        }
    };
    HstsDocument {
        status: status.into(),
        max_age_seconds: policy.map(|(max_age_seconds, ..)| max_age_seconds),
        include_subdomains: policy.map(|(_, include_subdomains, _)| include_subdomains),
        preload: policy.map(|(.., preload)| preload),
    }
}

fn connections_document(inspection: &Inspection) -> BTreeMap<Text<'static>, u64> {
    let mut counts = BTreeMap::new();
    for (purpose, count) in &inspection.connections {
        *counts.entry(purpose.name().into()).or_default() += u64::from(*count);
    }
    counts.insert("total".into(), inspection.connection_count());
    counts
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::model::{Evidence, ProbeName, Purpose};
    use crate::tls::{NamedGroup, ProtocolVersion};

    #[test]
    fn what_was_not_determined_is_null_and_never_false() {
        let inspection = Inspection {
            versions: vec![VersionFacts::new(ProtocolVersion::TLSv1_2)],
            ..Inspection::default()
        };
        let versions = serde_json::to_value(version_documents(&inspection)).unwrap();
        let facts = versions["TLSv1.2"].as_object().unwrap();
        for key in ["offered", "server_order", "chacha_prioritised", "group_order", "compression"] {
            assert_eq!(facts[key], Value::Null, "{key}");
        }
        let document = serde_json::to_value(inspection_document(&inspection)).unwrap();
        for (key, value) in document["features"].as_object().unwrap() {
            assert_eq!(*value, Value::Null, "{key}");
        }
        assert_eq!(document["intolerances"], Value::Null);
        assert_eq!(document["hsts"], Value::Null);
        assert_eq!(document["fingerprints"], json!({"jarm": null, "ja3s": null}));
        assert_eq!(document["connections"], json!({"total": 0}));
        assert_eq!(document["weaknesses"], json!({}));
    }

    #[test]
    fn the_cipher_kinds_of_ssl_2_stand_among_the_suites() {
        let mut facts = VersionFacts::new(ProtocolVersion::SSLv2);
        facts.ssl2_ciphers = vec![Ssl2Cipher::SSL2_DES_192_EDE3_CBC_WITH_MD5, Ssl2Cipher(0x0b_0000)];
        let document = version_document(&facts);
        assert_eq!(document.cipher_suites, ["SSL_CK_DES_192_EDE3_CBC_WITH_MD5", "0x0b0000"]);
    }

    #[test]
    fn a_doubt_says_why_and_connections_have_a_total() {
        let probe = |name, reaction| Probe { name, reaction, evidence: Evidence::default() };
        let inspection = Inspection {
            probes: vec![
                probe(ProbeName::Heartbleed, Reaction::Sound),
                probe(ProbeName::Robot, Reaction::not_determined("answers differ")),
            ],
            connections: vec![(Purpose::Capture, 1), (Purpose::Suites, 11)],
            ..Inspection::default()
        };
        let document = serde_json::to_value(inspection_document(&inspection)).unwrap();
        assert_eq!(
            document["weaknesses"],
            json!({
                "heartbleed": {"reaction": "sound", "why": null, "evidence": {}},
                "robot": {"reaction": "not_determined", "why": "answers differ", "evidence": {}},
            })
        );
        assert_eq!(document["connections"], json!({"capture": 1, "suites": 11, "total": 12}));
    }

    #[test]
    fn a_refusal_of_post_quantum_groups_is_not_silence() {
        let group = PostQuantum::Group(NamedGroup::X25519MLKEM768);
        assert_eq!(post_quantum_document(group).group.as_deref(), Some("X25519MLKEM768"));
        assert_eq!(
            serde_json::to_value(post_quantum_document(PostQuantum::Refused)).unwrap(),
            json!({"group": null})
        );
    }
}
