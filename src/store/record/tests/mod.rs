//! Every record reads back as written, and no bytes make a decoder panic or believe them.

mod alerts;
mod gathered;
mod inspections;

use std::sync::Arc;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::audit::{AuditEntry, AuditEvent};
use super::certificate::{CertificateRecord, CertificateState};
use super::codes::Code;
use super::observation::{self, Aside, Body, Decoded, Full, Kind, Target};
use super::progress::{self, Progress};
use super::scan::{self, StoredScan};
use super::state::{EndpointState, Span};
use super::*;
use crate::model::{
    Counts, EndedBy, Endpoint, EndpointId, Exclusion, Failure, Finding, FindingKey, Handshake, Observation,
    OtherChain, Outcome, Rule, Scan, ScanId, ScanParameters, ServerName, StartTlsChoice, Subject, TlsFacts,
};
use crate::text::Untrusted;
use crate::tls::{AlertDescription, CipherSuite, NamedGroup, ProtocolVersion};

fn texts() -> impl Strategy<Value = String> {
    "\\PC{0,12}"
}

fn untrusted() -> impl Strategy<Value = Untrusted> {
    any::<String>().prop_map(Untrusted::from)
}

fn times() -> impl Strategy<Value = UnixTime> {
    any::<i64>().prop_map(UnixTime)
}

fn variants<T: Code + std::fmt::Debug>() -> impl Strategy<Value = T> {
    any::<prop::sample::Index>().prop_map(|index| {
        let all: Vec<T> = (0..=u8::MAX).filter_map(T::from_code).collect();
        all[index.index(all.len())]
    })
}

fn fingerprints() -> impl Strategy<Value = Fingerprint> {
    any::<[u8; 32]>().prop_map(Fingerprint)
}

fn positions() -> impl Strategy<Value = Position> {
    (any::<u64>(), any::<u64>(), any::<u128>(), any::<u16>()).prop_map(|(scan, block, index, sub)| Position {
        scan,
        unit: UnitPosition { block, index },
        sub,
    })
}

fn ended_by() -> impl Strategy<Value = EndedBy> {
    prop_oneof![
        Just(EndedBy::OurChoice),
        Just(EndedBy::ClientAuth),
        any::<u8>().prop_map(|alert| EndedBy::Alert(AlertDescription(alert))),
        Just(EndedBy::Timeout),
        Just(EndedBy::Reset),
        Just(EndedBy::Closed),
        untrusted().prop_map(EndedBy::Misbehaved),
    ]
}

fn facts() -> impl Strategy<Value = TlsFacts> {
    let negotiated = (
        option::of(any::<u16>().prop_map(ProtocolVersion)),
        option::of(any::<u16>().prop_map(CipherSuite)),
        option::of(any::<u16>().prop_map(NamedGroup)),
        option::of(untrusted()),
    );
    let answers = (any::<Option<bool>>(), any::<Option<bool>>(), any::<Option<bool>>(), variants());
    let rest =
        (option::of(ended_by()), vec(untrusted(), 0..3), any::<Option<u32>>(), inspections::post_quantum());
    (negotiated, answers, rest).prop_map(|(negotiated, answers, rest)| TlsFacts {
        version: negotiated.0,
        cipher_suite: negotiated.1,
        group: negotiated.2,
        alpn: negotiated.3,
        completed: answers.0,
        possession_proved: answers.1,
        ocsp_stapled: answers.2,
        client_auth: answers.3,
        ended_by: rest.0,
        client_auth_ca_names: rest.1,
        sct_count: rest.2,
        post_quantum: rest.3,
    })
}

fn outcomes() -> impl Strategy<Value = Outcome<Vec<u64>>> {
    let chain = || vec(any::<u64>(), 0..5);
    let other =
        (variants(), chain()).prop_map(|(offered_for, presented)| OtherChain { offered_for, presented });
    prop_oneof![
        (facts(), chain(), vec(other, 0..3), option::of(inspections::inspections().prop_map(Box::new)))
            .prop_map(|(tls, presented, other_chains, inspection)| {
                Outcome::Handshake(Box::new(Handshake {
                    tls,
                    presented,
                    other_chains,
                    inspection,
                    gathered: None,
                }))
            }),
        (variants(), variants(), untrusted(), option::of(inspections::inspections().prop_map(Box::new)))
            .prop_map(|(stage, reason, detail, inspection)| {
                Outcome::Failure(Failure { inspection, ..Failure::new(stage, reason, detail) })
            }),
        chain().prop_map(Outcome::Read),
    ]
}

fn endpoints() -> impl Strategy<Value = Endpoint> {
    (
        variants(),
        option::of(any::<std::net::IpAddr>()),
        any::<Option<u16>>(),
        option::of("[a-z]{1,9}(\\.[a-z]{1,9}){0,2}"),
        option::of(variants()),
        option::of(texts()),
    )
        .prop_map(|(transport, address, port, name, starttls, path)| Endpoint {
            transport,
            address,
            port,
            server_name: name.map(|name| ServerName::parse(&name).unwrap()),
            starttls,
            path: path.map(Arc::from),
        })
}

fn spans() -> impl Strategy<Value = Span> {
    let kind = prop_oneof![Just(Kind::Handshake), Just(Kind::Failure), Just(Kind::Read)];
    // Times whose difference fits: any scan's do.
    let time = || (-1_i64 << 61..1 << 61).prop_map(UnixTime);
    (kind, time(), time(), any::<u64>(), positions(), option::of(positions()), any::<[u8; 16]>()).prop_map(
        |(kind, since, last, last_scan, outcome, first, digest)| Span {
            kind,
            since,
            last,
            last_scan,
            first: first.unwrap_or(outcome),
            outcome,
            digest,
        },
    )
}

fn counts() -> impl Strategy<Value = Counts> {
    (any::<[u64; 9]>(), prop::collection::btree_map(texts(), any::<u64>(), 0..4)).prop_map(
        |(
            [targets, endpoints, handshake, failure, read, unlisted, excluded, known, certificates],
            failures,
        )| {
            Counts {
                targets,
                endpoints,
                handshake,
                failure,
                read,
                unlisted,
                excluded,
                known_not_reached: known,
                certificates,
                failures,
            }
        },
    )
}

fn choices() -> impl Strategy<Value = StartTlsChoice> {
    prop_oneof![
        Just(StartTlsChoice::Auto),
        Just(StartTlsChoice::Never),
        variants().prop_map(StartTlsChoice::Always),
    ]
}

fn scans() -> impl Strategy<Value = StoredScan> {
    let who = (texts(), option::of(texts()), texts(), texts());
    let when = (times(), option::of(times()), variants());
    let exclusion = (texts(), option::of(texts())).prop_map(|(what, reason)| Exclusion { what, reason });
    let parameters = (
        vec(texts(), 0..3),
        texts(),
        variants(),
        any::<Option<u32>>(),
        option::of(texts()),
        (option::of(texts()), option::of(texts()), vec(texts(), 0..3)),
        (choices(), vec(variants(), 1..4)),
    )
        .prop_map(|(targets, ports, depth, rate, resolver, judged_by, reached)| ScanParameters {
            targets,
            ports,
            depth,
            starttls: reached.0,
            transports: reached.1,
            rate,
            resolver,
            profile_sha256: judged_by.0,
            profile_source: judged_by.1,
            trust: judged_by.2,
        });
    (any::<[u64; 2]>(), fingerprints(), who, when, parameters, vec(exclusion, 0..3), counts()).prop_map(
        |([sequence, seed], input_digest, who, when, parameters, exclusions, counts)| StoredScan {
            sequence,
            seed,
            input_digest,
            scan: Scan {
                id: ScanId(who.0),
                profile: who.1,
                vantage: who.2,
                actor: who.3,
                started_at: when.0,
                finished_at: when.1,
                state: when.2,
                parameters,
                exclusions,
                counts,
            },
        },
    )
}

fn findings() -> impl Strategy<Value = Finding> {
    let subject = prop_oneof![
        fingerprints().prop_map(Subject::Certificate),
        any::<[u8; 16]>().prop_map(|id| Subject::Endpoint(EndpointId(id))),
    ];
    let rule = prop::sample::select(Rule::ALL);
    let told = option::of((times(), variants()));
    let life = (times(), times(), option::of(times()), told, any::<u32>());
    let people = (option::of(texts()), vec(texts(), 0..3), option::of(alerts::decisions()));
    (vec(texts(), 5), rule, variants(), variants(), subject, life, people).prop_map(
        |(texts, rule, severity, state, subject, life, (owner, tags, decision))| {
            let [profile, key, title, detail, remediation] = texts.try_into().unwrap();
            let (first_seen, last_seen, resolved_at, told, returns) = life;
            Finding {
                profile,
                key: FindingKey(key),
                rule,
                severity,
                state,
                title,
                detail,
                remediation,
                subject,
                first_seen,
                last_seen,
                resolved_at,
                owner,
                tags,
                decision,
                told_at: told.map(|(at, _)| at),
                told_severity: told.map(|(_, severity)| severity),
                returns,
            }
        },
    )
}

fn encoded_observation(
    position: &Position,
    observation: &Observation<Vec<u64>>,
    target: Target<'_>,
) -> Vec<u8> {
    let kind = Kind::of(&observation.outcome);
    let mut outcome = Vec::new();
    observation::put_outcome(&mut outcome, &observation.outcome);
    let full = Full {
        id: observation.endpoint.id(),
        kind,
        seen_at: observation.observed_at,
        digest: observation::digest(kind, &outcome, &observation.target, None),
        outcome: &outcome,
        endpoint: &observation.endpoint,
        target,
        aside: Aside::of(&observation.outcome),
        gathered: observation::gathered(&observation.outcome),
    };
    full.encode(&mut Encoder::default(), position.key().as_slice()).to_vec()
}

proptest! {
    #[test]
    fn observations_read_back(
        endpoint in endpoints(),
        outcome in outcomes(),
        observed_at in times(),
        position in positions(),
        listed in any::<Option<u32>>(),
        text in texts(),
    ) {
        let observation = Observation { endpoint, target: Arc::from(""), observed_at, outcome };
        let target = match listed {
            Some(index) => Target::Listed(index.into()),
            None => Target::Written(&text),
        };
        let key = position.key();
        let record = encoded_observation(&position, &observation, target.clone());
        let Decoded::Full { observation: read, target: read_target, digest } =
            observation::decode(key.as_slice(), &record).unwrap() else { panic!("not in full") };
        prop_assert_eq!(&*read, &observation);
        prop_assert_eq!(read_target, target);

        let mut numbers = Vec::new();
        let head = observation::decode_head(key.as_slice(), &record, &mut numbers).unwrap();
        prop_assert_eq!(head.endpoint, observation.endpoint.id());
        prop_assert_eq!(head.body, Body::Full(digest));
        prop_assert!(numbers.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn repeats_read_back(
        position in positions(),
        outcome in positions(),
        id in any::<[u8; 16]>(),
        at in times(),
        certificates in prop::collection::btree_set(any::<u64>(), 0..5),
        connections in option::of(vec((variants(), any::<u32>()), 0..5)),
    ) {
        let certificates: Vec<u64> = certificates.into_iter().collect();
        let key = position.key();
        let start = (Kind::Handshake, EndpointId(id), at);
        let mut encoder = Encoder::default();
        let connections = connections.as_deref();
        let record =
            observation::encode_same(&mut encoder, key.as_slice(), start, &certificates, &outcome, None, connections);
        let mut numbers = Vec::new();
        let head = observation::decode_head(key.as_slice(), record, &mut numbers).unwrap();
        prop_assert_eq!(numbers, certificates);
        prop_assert_eq!((head.kind, head.endpoint, head.seen_at), start);
        prop_assert_eq!(head.body, Body::Same(outcome));
        let same = match observation::decode(key.as_slice(), record).unwrap() {
            Decoded::Same { endpoint, seen_at, outcome, gathered: _, connections } => {
                Some((endpoint, seen_at, outcome, connections))
            }
            Decoded::Full { .. } => None,
        };
        prop_assert_eq!(same, Some((EndpointId(id), at, outcome, connections.map(<[_]>::to_vec))));
    }

    #[test]
    fn scans_read_back(stored in scans()) {
        let mut encoder = Encoder::default();
        let record = scan::encode(&mut encoder, &stored);
        prop_assert_eq!(scan::decode(&scan::key(stored.sequence), record).unwrap(), stored);
    }

    #[test]
    fn progress_reads_back(
        scan in any::<u64>(),
        next in positions(),
        done in prop::collection::btree_set((any::<u64>(), any::<u128>()), 0..20),
        counts in counts(),
    ) {
        let done = done.into_iter().map(|(block, index)| UnitPosition { block, index }).collect();
        let progress = Progress { next: next.unit, done, counts };
        let mut encoder = Encoder::default();
        let record = progress::encode(&mut encoder, scan, &progress);
        prop_assert_eq!(progress::decode(&scan::key(scan), record).unwrap(), progress);
    }

    #[test]
    fn certificates_read_back(
        number in any::<u64>(),
        hashes in (fingerprints(), option::of(fingerprints()), option::of(fingerprints())),
        stored_at in times(),
        not_after in option::of(times()),
        der in vec(any::<u8>(), 0..80),
        endpoints in any::<u64>(),
    ) {
        let mut encoder = Encoder::default();
        let key = number.to_be_bytes();
        let (sha256, spki_sha256, ca_subject) = hashes;
        let record = CertificateRecord { sha256, stored_at, not_after, spki_sha256, ca_subject, der: &der };
        let bytes = record.encode(&mut encoder, number).to_vec();
        prop_assert_eq!(CertificateRecord::decode(&key, &bytes).unwrap(), record);
        let state = CertificateState { first_seen: stored_at, last_seen: stored_at, endpoints };
        let bytes = state.encode(&mut encoder, number).to_vec();
        prop_assert_eq!(CertificateState::decode(&key, &bytes).unwrap(), state);
        let bytes = certificate::encode_number(&mut encoder, &sha256, number).to_vec();
        prop_assert_eq!(certificate::decode_number(&sha256.0, &bytes).unwrap(), number);
        let bytes = certificate::encode_fingerprint(&mut encoder, number, &sha256).to_vec();
        prop_assert_eq!(certificate::decode_fingerprint(&key, &bytes).unwrap(), sha256);
    }

    #[test]
    fn endpoint_states_read_back(
        id in any::<[u8; 16]>(),
        first_seen in times(),
        current in spans(),
        last_chain in option::of(spans()),
        serving in prop::collection::btree_set(any::<u64>(), 0..5),
    ) {
        let id = EndpointId(id);
        let state = EndpointState { first_seen, current, last_chain, serving: serving.into_iter().collect() };
        let mut encoder = Encoder::default();
        prop_assert_eq!(EndpointState::decode(&id.0, state.encode(&mut encoder, &id)).unwrap(), state);
        let key = Span::history_key(&id, &current.first);
        prop_assert_eq!(Span::decode_history(&key, current.encode_history(&mut encoder, &key)).unwrap(), current);
    }

    #[test]
    fn findings_and_members_read_back(finding in findings(), scan in any::<u64>(), id in any::<[u8; 16]>()) {
        let mut encoder = Encoder::default();
        let key = finding::key(&finding.profile, &finding.key);
        let record = finding::encode(&mut encoder, &key, &finding, scan).to_vec();
        let read = finding::decode(&key, &record).unwrap();
        prop_assert_eq!((&read.finding, read.scan), (&finding, scan));
        let key = [finding::member_prefix(&finding.profile, &finding.key).as_slice(), &id].concat();
        let record = finding::encode_member(&mut encoder, &key, scan).to_vec();
        prop_assert_eq!(finding::decode_member(&key, &record).unwrap(), (EndpointId(id), scan));
        let parts = (finding.profile.as_str(), finding.key.0.as_str());
        prop_assert_eq!(finding::finding_of_member(&key), Some(parts));
    }

    #[test]
    fn audit_entries_read_back(sequence in any::<u64>(), at in times(), texts in vec(any::<String>(), 4)) {
        let [actor, action, object, detail] = texts.try_into().unwrap();
        let entry = AuditEntry { sequence, event: AuditEvent { at, actor, action, object, detail } };
        let mut encoder = Encoder::default();
        let record = entry.encode(&mut encoder);
        prop_assert_eq!(AuditEntry::decode(&sequence.to_be_bytes(), record).unwrap(), entry);
    }

    #[test]
    fn a_flipped_bit_is_never_a_value(
        endpoint in endpoints(),
        outcome in outcomes(),
        position in positions(),
        bit in any::<prop::sample::Index>(),
    ) {
        let observation = Observation { endpoint, target: Arc::from(""), observed_at: UnixTime(1), outcome };
        let key = position.key();
        let mut record = encoded_observation(&position, &observation, Target::Listed(0));
        let bit = bit.index(record.len() * 8);
        record[bit / 8] ^= 1 << (bit % 8);
        let refused = observation::decode(key.as_slice(), &record).err();
        let is_corrupt = matches!(refused, Some(StoreError::Corrupt { table: "observations", .. }));
        prop_assert!(is_corrupt);
    }

    /// The checksum is right, the payload is anything: nothing panics, nothing allocates by a claimed length.
    #[test]
    fn sealed_nonsense_never_panics(
        payload in vec(any::<u8>(), 0..200),
        table in 1..15u8,
        version in 1..3u8,
    ) {
        let key = [7; 8];
        let seal = |table: Table, key: &[u8]| {
            let mut encoder = Encoder::default();
            encoder.begin(table, key, version).extend_from_slice(&payload);
            encoder.finish().to_vec()
        };
        let position = Position { scan: 1, unit: UnitPosition::default(), sub: 0 }.key();
        let position = position.as_slice();
        match table {
            2 => drop(scan::decode(&key, &seal(Table::Scan, &key))),
            4 => {
                let record = seal(Table::Observation, position);
                drop(observation::decode(position, &record));
                drop(observation::decode_head(position, &record, &mut Vec::new()));
            }
            5 => drop(CertificateRecord::decode(&key, &seal(Table::Certificate, &key))),
            6 => drop(certificate::decode_number(&key, &seal(Table::Fingerprint, &key))),
            7 => drop(certificate::decode_fingerprint(&key, &seal(Table::CertificateNumber, &key))),
            8 => drop(CertificateState::decode(&key, &seal(Table::CertificateState, &key))),
            9 => drop(EndpointState::decode(&key, &seal(Table::Endpoint, &key))),
            10 => drop(Span::decode_history(&key, &seal(Table::History, &key))),
            11 => drop(progress::decode(&key, &seal(Table::Progress, &key))),
            12 => drop(finding::decode(&key, &seal(Table::Finding, &key))),
            13 => drop(finding::decode_member(&key, &seal(Table::Member, &key))),
            _ => drop(AuditEntry::decode(&key, &seal(Table::Audit, &key))),
        }
    }

    #[test]
    fn raw_nonsense_is_corrupt(bytes in vec(any::<u8>(), 0..100), key in vec(any::<u8>(), 0..40)) {
        prop_assert!(open(Table::Meta, &key, &bytes).is_err());
        prop_assert!(observation::decode(&key, &bytes).is_err());
        finding::finding_of_member(&key);
    }

    #[test]
    fn numbers_read_back(number in any::<u64>(), wide in any::<u128>(), signed in any::<i64>()) {
        let mut bytes = Vec::new();
        put_varint(&mut bytes, number);
        put_wide(&mut bytes, wide);
        put_signed(&mut bytes, signed);
        let mut decoder = Decoder { rest: &bytes, table: Table::Meta, key: b"" };
        prop_assert_eq!(decoder.varint().unwrap(), number);
        prop_assert_eq!(decoder.wide().unwrap(), wide);
        prop_assert_eq!(decoder.signed().unwrap(), signed);
        decoder.end().unwrap();
    }
}

#[test]
fn a_record_under_another_key_or_table_is_corrupt() {
    let mut encoder = Encoder::default();
    put_varint(encoder.begin(Table::Meta, b"one", 1), 7);
    let record = encoder.finish().to_vec();
    assert!(open(Table::Meta, b"one", &record).is_ok());
    assert!(open(Table::Meta, b"two", &record).is_err());
    assert!(open(Table::ScanId, b"one", &record).is_err());
}

#[test]
fn overlong_numbers_are_corrupt() {
    for bytes in [[0xff; 10].as_slice(), &[0xff; 20], &[0x80], &[]] {
        let decoder = Decoder { rest: bytes, table: Table::Meta, key: b"" };
        assert!(decoder.clone().varint().is_err(), "{bytes:?}");
        assert!(decoder.clone().wide().is_err(), "{bytes:?}");
    }
}

#[test]
fn the_canonical_bytes_of_an_audit_entry_are_fixed() {
    let event = AuditEvent {
        at: UnixTime(1),
        actor: "a".into(),
        action: "b".into(),
        object: String::new(),
        detail: "é".into(),
    };
    let bytes = AuditEntry { sequence: 2, event }.canonical();
    let expected =
        b"\x01\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0\x01\0\0\0\x01a\0\0\0\x01b\0\0\0\0\0\0\0\x02\xc3\xa9";
    assert_eq!(bytes, expected);
}

#[test]
fn a_failure_without_an_inspection_is_written_as_it_was_before_there_were_any() {
    use crate::model::{Reason, Stage};
    let mut bytes = Vec::new();
    let failure = Failure::new(Stage::Handshake, Reason::Alert, "an alert");
    observation::put_outcome(&mut bytes, &Outcome::Failure(failure));
    let (stage, reason) = (codes::Code::code(Stage::Handshake), codes::Code::code(Reason::Alert));
    assert_eq!(bytes, [0, stage, reason]);
    assert!(stage < 0x80);
}
