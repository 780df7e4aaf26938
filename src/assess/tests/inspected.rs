//! Inspections to judge: a server in order, one of which nothing could be told, and what differs from them.

use super::pki::{Judge, chain, rules, served, verdict};
use crate::model::{
    Assessment, DhParameters, Evidence, Features, Hsts, Inspection, Observation, Outcome, Probe, ProbeName,
    Reaction, Rule, Severity, TlsFacts, Verdict, VersionFacts,
};
use crate::tls::{CipherSuite, NamedGroup, ProtocolVersion};
use crate::x509::Fingerprint;

pub(crate) const VERSIONS: [ProtocolVersion; 6] = [
    ProtocolVersion::SSLv2,
    ProtocolVersion::SSLv3,
    ProtocolVersion::TLSv1_0,
    ProtocolVersion::TLSv1_1,
    ProtocolVersion::TLSv1_2,
    ProtocolVersion::TLSv1_3,
];

/// A server in order, everything about it determined.
pub(crate) fn sound() -> Inspection {
    let facts = |version: ProtocolVersion| {
        let (suites, groups) = match version {
            ProtocolVersion::TLSv1_2 => (
                vec![CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256],
                vec![NamedGroup::x25519, NamedGroup::secp256r1],
            ),
            ProtocolVersion::TLSv1_3 => (
                vec![CipherSuite::TLS_AES_128_GCM_SHA256, CipherSuite::TLS_CHACHA20_POLY1305_SHA256],
                vec![NamedGroup::X25519MLKEM768, NamedGroup::x25519],
            ),
            _ => (Vec::new(), Vec::new()),
        };
        VersionFacts {
            offered: Some(!suites.is_empty()),
            cipher_suites: suites,
            groups,
            suites_complete: true,
            groups_complete: true,
            schemes_complete: true,
            compression: (version <= ProtocolVersion::TLSv1_2).then_some(false),
            ..VersionFacts::new(version)
        }
    };
    let probe = |name| Probe { name, reaction: Reaction::Sound, evidence: Evidence::default() };
    Inspection {
        versions: VERSIONS.map(facts).to_vec(),
        features: Features {
            secure_renegotiation: Some(true),
            client_renegotiation: Some(false),
            extended_master_secret: Some(true),
            encrypt_then_mac: Some(true),
            fallback_scsv: Some(true),
            heartbeat: Some(false),
            ..Features::default()
        },
        intolerances: Some(Vec::new()),
        probes: ProbeName::ALL.map(probe).to_vec(),
        hsts: Some(Hsts::Policy { max_age_seconds: 31_536_000, include_subdomains: false, preload: false }),
        ..Inspection::default()
    }
}

/// Nothing could be told.
pub(crate) fn undetermined() -> Inspection {
    let probe = |name| Probe {
        name,
        reaction: Reaction::not_determined("no answer in time"),
        evidence: Evidence::default(),
    };
    Inspection {
        versions: VERSIONS.map(VersionFacts::new).to_vec(),
        probes: ProbeName::ALL.map(probe).to_vec(),
        ..Inspection::default()
    }
}

/// The facts of one version.
pub(crate) fn of(inspection: &mut Inspection, version: ProtocolVersion) -> &mut VersionFacts {
    inspection.versions.iter_mut().find(|facts| facts.version == version).unwrap()
}

/// A server in order, but that it accepts these suites in `version`, and no others there.
pub(crate) fn accepting(version: ProtocolVersion, suites: &[CipherSuite]) -> Inspection {
    let mut inspection = sound();
    let facts = of(&mut inspection, version);
    facts.offered = Some(true);
    facts.cipher_suites = suites.to_vec();
    inspection
}

/// A server in order, but that one probe shows a weakness.
pub(crate) fn weak(name: ProbeName) -> Inspection {
    let mut inspection = sound();
    for probe in inspection.probes.iter_mut().filter(|probe| probe.name == name) {
        probe.reaction = Reaction::Weak;
        probe.evidence = Evidence::from([("leaked_bytes", 31_i64.into())]);
    }
    inspection
}

/// A server in order, but for its Diffie-Hellman prime.
pub(crate) fn with_prime(bits: u32, known_prime: Option<&'static str>) -> Inspection {
    let prime_sha256 = Fingerprint::of(&bits.to_be_bytes());
    let parameters = DhParameters { bits, prime_sha256, known_prime, export: false, key_reused: Some(false) };
    Inspection { dh_parameters: vec![parameters], ..sound() }
}

pub(crate) fn observed(inspection: &Inspection, tls: TlsFacts) -> Observation {
    let mut observation = served(chain(&[]), tls);
    if let Outcome::Handshake(handshake) = &mut observation.outcome {
        handshake.inspection = Some(Box::new(inspection.clone()));
    }
    observation
}

pub(crate) fn judged(inspection: &Inspection) -> Assessment {
    Judge::with(Vec::new()).assess(&observed(inspection, TlsFacts::default()))
}

/// Rules broken and their severities, worst first.
pub(crate) fn found(inspection: &Inspection) -> Vec<(Rule, Severity)> {
    judged(inspection).verdicts.iter().map(|verdict| (verdict.rule, verdict.severity)).collect()
}

/// The verdict under `rule`, which has a source, a remedy and a sentence.
pub(crate) fn finding(inspection: &Inspection, rule: Rule) -> Verdict {
    let assessment = judged(inspection);
    let verdict = verdict(&assessment, rule).clone();
    assert!(!verdict.references.is_empty(), "{rule:?} has no source");
    assert!(!verdict.remediation.is_empty() && verdict.detail.ends_with('.'), "{rule:?}");
    verdict
}

/// No verdict under `rule`.
pub(crate) fn is_silent(inspection: &Inspection, rule: Rule) -> bool {
    !rules(&judged(inspection)).contains(&rule)
}

#[test]
fn a_server_in_order_has_no_findings() {
    assert_eq!(found(&sound()), []);
}

#[test]
fn what_could_not_be_told_is_never_a_finding() {
    assert_eq!(found(&undetermined()), []);
    assert_eq!(found(&Inspection::default()), []);
}
