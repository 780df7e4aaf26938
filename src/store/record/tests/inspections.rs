//! Inspections inside observations: read back whole, the same bytes whatever the connections were.

use proptest::array::{uniform4, uniform11};

use super::super::inspection::{decode_inspection, put_inspection};
use super::*;
use crate::model::finding::EvidenceValue;
use crate::model::{
    DhParameters, Evidence, Features, Fingerprints, Hsts, Inspection, PostQuantum, Probe, Purpose, Reaction,
    VersionFacts,
};
use crate::tls::{SignatureScheme, Ssl2Cipher};

type Tri = Option<bool>;

pub(super) fn post_quantum() -> impl Strategy<Value = Option<PostQuantum>> {
    option::of(prop_oneof![
        Just(PostQuantum::Refused),
        any::<u16>().prop_map(|group| PostQuantum::Group(NamedGroup(group))),
    ])
}

fn numbers<T: std::fmt::Debug>(wrap: fn(u16) -> T) -> impl Strategy<Value = Vec<T>> {
    vec(any::<u16>().prop_map(wrap), 0..5)
}

fn versions() -> impl Strategy<Value = VersionFacts> {
    let lists = (
        numbers(CipherSuite),
        vec(any::<u32>().prop_map(Ssl2Cipher), 0..3),
        numbers(NamedGroup),
        numbers(SignatureScheme),
    );
    let answers = (uniform4(any::<Tri>()), any::<Tri>(), any::<[bool; 3]>());
    (any::<u16>(), lists, answers).prop_map(|(version, lists, (orders, compression, complete))| {
        let [offered, server_order, chacha_prioritised, group_order] = orders;
        let [suites_complete, groups_complete, schemes_complete] = complete;
        VersionFacts {
            version: ProtocolVersion(version),
            offered,
            cipher_suites: lists.0,
            ssl2_ciphers: lists.1,
            suites_complete,
            server_order,
            chacha_prioritised,
            groups: lists.2,
            groups_complete,
            group_order,
            signature_schemes: lists.3,
            schemes_complete,
            compression,
        }
    })
}

fn parameters() -> impl Strategy<Value = DhParameters> {
    (any::<u32>(), fingerprints(), any::<bool>(), any::<Tri>()).prop_map(
        |(bits, prime_sha256, export, key_reused)| DhParameters {
            bits,
            prime_sha256,
            known_prime: None,
            export,
            key_reused,
        },
    )
}

fn features() -> impl Strategy<Value = Features> {
    let lists = (option::of(vec(untrusted(), 0..3)), any::<Option<u32>>(), any::<Option<u32>>());
    (lists, uniform11(any::<Tri>())).prop_map(|((alpn, lifetime, early), answers)| {
        let [tickets, by_id, by_ticket, tls13, secure, client, ems, etm, scsv, heartbeat, ocsp] = answers;
        Features {
            alpn,
            session_tickets: tickets,
            ticket_lifetime_seconds: lifetime,
            resumption_by_id: by_id,
            resumption_by_ticket: by_ticket,
            resumption_tls13: tls13,
            early_data_bytes: early,
            secure_renegotiation: secure,
            client_renegotiation: client,
            extended_master_secret: ems,
            encrypt_then_mac: etm,
            fallback_scsv: scsv,
            heartbeat,
            ocsp_stapling: ocsp,
        }
    })
}

fn probes() -> impl Strategy<Value = Probe> {
    let value = prop_oneof![
        any::<String>().prop_map(EvidenceValue::Text),
        any::<i64>().prop_map(EvidenceValue::Number),
        vec(any::<String>(), 0..3).prop_map(EvidenceValue::List),
    ];
    let reaction = prop_oneof![
        Just(Reaction::Weak),
        Just(Reaction::Sound),
        Just(Reaction::NotApplicable),
        any::<String>().prop_map(Reaction::not_determined),
    ];
    let facts = vec((any::<String>().prop_map(Into::into), value), 0..3);
    (variants(), reaction, facts).prop_map(|(name, reaction, facts)| Probe {
        name,
        reaction,
        evidence: Evidence(facts),
    })
}

fn hsts() -> impl Strategy<Value = Hsts> {
    let policy = (any::<u64>(), any::<bool>(), any::<bool>());
    prop_oneof![
        Just(Hsts::Absent),
        Just(Hsts::Invalid),
        policy.prop_map(|(max_age_seconds, include_subdomains, preload)| Hsts::Policy {
            max_age_seconds,
            include_subdomains,
            preload,
        }),
    ]
}

pub(super) fn inspections() -> impl Strategy<Value = Inspection> {
    let seen = (vec(versions(), 0..4), vec(parameters(), 0..3), features(), vec(probes(), 0..4));
    let marks = (option::of(texts()), option::of(texts()), option::of(hsts()));
    let connections = vec((variants::<Purpose>(), any::<u32>()), 0..5);
    (variants(), seen, option::of(vec(variants(), 0..4)), marks, connections).prop_map(
        |(
            scope,
            (versions, dh_parameters, features, probes),
            intolerances,
            (jarm, ja3s, hsts),
            connections,
        )| {
            Inspection {
                scope,
                versions,
                dh_parameters,
                features,
                intolerances,
                probes,
                fingerprints: Fingerprints { jarm, ja3s },
                hsts,
                connections,
            }
        },
    )
}

fn inspected(inspection: Inspection) -> Outcome<Vec<u64>> {
    Outcome::Handshake(Box::new(Handshake {
        tls: TlsFacts::default(),
        presented: vec![1],
        other_chains: Vec::new(),
        inspection: Some(Box::new(inspection)),
        gathered: None,
    }))
}

fn outcome_bytes(inspection: &Inspection) -> Vec<u8> {
    let mut bytes = Vec::new();
    observation::put_outcome(&mut bytes, &inspected(inspection.clone()));
    bytes
}

proptest! {
    #[test]
    fn the_connections_do_not_count_for_sameness_and_all_else_does(
        inspection in inspections(),
        other in inspections(),
        connections in vec((variants::<Purpose>(), any::<u32>()), 0..5),
    ) {
        let bytes = outcome_bytes(&inspection);
        prop_assert_eq!(&bytes, &outcome_bytes(&Inspection { connections, ..inspection.clone() }));
        let other = Inspection { connections: inspection.connections.clone(), ..other };
        prop_assert_eq!(bytes == outcome_bytes(&other), inspection == other);
    }

    /// Sealed, so that no checksum stands before the decoder.
    #[test]
    fn a_damaged_inspection_never_panics(
        inspection in inspections(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = Vec::new();
        put_inspection(&mut bytes, &inspection);
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let mut decoder = Decoder { rest: &bytes, table: Table::Observation, key: b"" };
        if let Ok(read) = decode_inspection(&mut decoder) {
            let mut again = Vec::new();
            put_inspection(&mut again, &read);
            let used = bytes.len() - decoder.rest.len();
            prop_assert!(again.len() <= used);
        }
    }
}

#[test]
fn an_inspection_from_before_hsts_was_looked_at_reads_as_not_looked_at() {
    let mut old = Vec::new();
    put_inspection(&mut old, &Inspection::default());
    let mut new = Vec::new();
    put_inspection(&mut new, &Inspection { hsts: Some(Hsts::Absent), ..Inspection::default() });
    assert_eq!(new.split_last().map(|(_, rest)| rest), Some(&*old));
    let mut decoder = Decoder { rest: &old, table: Table::Observation, key: b"" };
    assert_eq!(decode_inspection(&mut decoder).unwrap(), Inspection::default());
}

#[test]
fn an_inspection_of_a_legacy_host_takes_a_few_hundred_bytes() {
    let version = |version| VersionFacts {
        offered: Some(true),
        cipher_suites: (0..29).map(CipherSuite).collect(),
        suites_complete: true,
        ..VersionFacts::new(version)
    };
    let versions = [ProtocolVersion::TLSv1_0, ProtocolVersion::TLSv1_1, ProtocolVersion::TLSv1_2];
    let inspection = Inspection { versions: versions.map(version).to_vec(), ..Inspection::default() };
    assert!(outcome_bytes(&inspection).len() < 240, "{}", outcome_bytes(&inspection).len());
}
