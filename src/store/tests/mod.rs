//! The store as its users see it. Each file holds one subject; this one the people and things they share.

mod alert_faults;
mod clock;
mod faults;
mod ingest;
mod opening;
mod outbox;
mod reading;

use std::net::Ipv4Addr;
use std::sync::Arc;

use super::Position;
use super::*;
use crate::model::*;
use crate::tls::{CipherSuite, ProtocolVersion};
use crate::x509::{Certificate, DistinguishedName};

/// A certificate that differs from those of other numbers in everything the store looks at.
fn certificate(number: u32) -> Arc<Certificate> {
    let der: Box<[u8]> = [b"certificate ".as_slice(), &number.to_be_bytes()].concat().into();
    // No certificate at all: what the store looks at is set below.
    let nothing = crate::x509::read(&der);
    Arc::new(Certificate {
        sha256: Fingerprint::of(&der),
        der,
        spki_sha256: Some(Fingerprint::of(&number.to_be_bytes())),
        subject: DistinguishedName { der: [1, number.to_be_bytes()[3]].into(), ..Default::default() },
        not_before: Some(UnixTime(0)),
        not_after: Some(UnixTime(i64::from(number) * 1_000)),
        ..nothing
    })
}

fn endpoint(number: u32) -> Endpoint {
    Endpoint::tcp((Ipv4Addr::from(0x7f00_0000 + number), 443).into(), None)
}

fn served(host: u32, at: i64, chain: &[u32]) -> StoredObservation {
    let presented = chain.iter().map(|&number| certificate(number).sha256).collect();
    let tls = TlsFacts { version: Some(ProtocolVersion::TLSv1_3), ..Default::default() };
    Observation {
        endpoint: endpoint(host),
        target: Arc::from("127.0.0.0/8"),
        observed_at: UnixTime(at),
        outcome: Outcome::Handshake(Box::new(Handshake {
            tls,
            presented,
            other_chains: Vec::new(),
            inspection: None,
            gathered: None,
        })),
    }
}

/// As [`served`], inspected in depth with so many connections for the suites.
fn inspected(host: u32, at: i64, chain: &[u32], connections: u32) -> StoredObservation {
    let mut observation = served(host, at, chain);
    let Outcome::Handshake(handshake) = &mut observation.outcome else { unreachable!() };
    let mut facts = VersionFacts::new(ProtocolVersion::TLSv1_2);
    facts.offered = Some(true);
    facts.cipher_suites = vec![CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA; 3];
    let probe = Probe {
        name: ProbeName::Robot,
        reaction: Reaction::not_determined("answers differ from time to time"),
        evidence: Evidence::from([("answers", 3.into())]),
    };
    handshake.tls.post_quantum = Some(PostQuantum::Refused);
    handshake.inspection = Some(Box::new(Inspection {
        versions: vec![facts],
        probes: vec![probe],
        connections: vec![(Purpose::Capture, 1), (Purpose::Suites, connections)],
        ..Inspection::default()
    }));
    observation
}

fn failed(host: u32, at: i64, reason: Reason) -> StoredObservation {
    Observation {
        outcome: Outcome::Failure(Failure::new(Stage::Connect, reason, "nobody there")),
        ..served(host, at, &[])
    }
}

fn scan_named(id: &str, at: i64) -> Scan {
    Scan {
        id: ScanId(id.to_owned()),
        profile: Some("web".to_owned()),
        started_at: UnixTime(at),
        finished_at: None,
        state: ScanState::Running,
        vantage: "here".to_owned(),
        actor: "tester".to_owned(),
        parameters: ScanParameters {
            targets: vec!["127.0.0.0/8".to_owned(), "a.example".to_owned()],
            ports: "443".to_owned(),
            depth: Depth::Sweep,
            starttls: StartTlsChoice::Auto,
            transports: vec![Transport::Tcp],
            rate: None,
            resolver: None,
            profile_sha256: None,
            profile_source: None,
            trust: Vec::new(),
        },
        exclusions: Vec::new(),
        counts: Counts::default(),
    }
}

fn input() -> Fingerprint {
    Fingerprint::of(b"input")
}

fn unit(index: u128) -> UnitPosition {
    UnitPosition { block: 0, index }
}

fn temporary() -> Store {
    Store::temporary(None, &Options::default()).unwrap()
}

/// A batch that hands over every certificate its observations name; the unit of each is its place.
fn batch(first_unit: u128, observations: Vec<StoredObservation>) -> Batch {
    let units = (first_unit..).map(unit);
    let done = first_unit + observations.len() as u128;
    Batch {
        certificates: (0..400).map(certificate).collect(),
        observations: units.zip(observations).map(|(unit, observation)| (unit, 0, observation)).collect(),
        progress: Some(Progress { next: unit(done), ..Progress::default() }),
    }
}

/// A whole scan in one batch.
fn scan(store: &Store, id: &str, at: i64, observations: Vec<StoredObservation>) -> StoredScan {
    let mut writer = store.begin_scan(&scan_named(id, at), 1, input()).unwrap();
    writer.commit(batch(0, observations)).unwrap();
    writer.finish(Counts::default(), ScanState::Complete, UnixTime(at + 50)).unwrap()
}

fn observations(store: &Store, sequence: u64) -> Vec<StoredObservation> {
    let mut all = Vec::new();
    store
        .observations_of(sequence, |observation| {
            all.push(observation);
            Flow::Continue(())
        })
        .unwrap();
    all
}

fn changes(store: &Store, earlier: &str, later: &str) -> Vec<(EndpointId, ChangeKind)> {
    let mut all = Vec::new();
    store
        .diff(earlier, later, |change| {
            all.push((change.id, change.kind));
            Flow::Continue(())
        })
        .unwrap();
    all
}

fn actions(store: &Store) -> Vec<String> {
    let mut all = Vec::new();
    store
        .audit(0, |entry| {
            assert_eq!(entry.sequence, all.len() as u64 + 1);
            all.push(entry.event.action);
            Flow::Continue(())
        })
        .unwrap();
    all
}

#[track_caller]
fn assert_sound(store: &mut Store) {
    let report = store.check().unwrap();
    assert!(report.is_clean(), "{report:?}");
}
