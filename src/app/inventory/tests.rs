//! Lists and differences over a store in a folder.

use std::sync::Arc;

use serde_json::Value;

use super::*;
use crate::app::parts::StoreChoice;
use crate::app::testing::scan;
use crate::clock::ManualClock;
use crate::config::Settings;
use crate::model::{
    Counts, Endpoint, Failure, Handshake, Outcome, Reason, ScanState, ServerName, Stage, TlsFacts,
};
use crate::store::{Batch, Options, UnitPosition};

const DAY: i64 = 86_400;

/// A store in a folder, filled by scans a day apart.
struct Record {
    _folder: tempfile::TempDir,
    parts: Parts,
    store: Store,
    day: i64,
}

impl Record {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.redb");
        let store = Store::open(&path, &Options::default()).unwrap();
        let mut parts = Parts::new(Settings::default(), StoreChoice::At(path)).unwrap();
        parts.clock = Arc::new(ManualClock::at(UnixTime(10 * DAY)));
        Self { _folder: folder, parts, store, day: 0 }
    }

    /// One scan: for each name the certificate it serves, or silence.
    fn scan(mut self, met: &[(&str, Option<&Arc<Certificate>>)]) -> Self {
        self.day += 1;
        let at = UnixTime(self.day * DAY);
        let observation = |name: &str, served: Option<&Arc<Certificate>>| Observation {
            endpoint: Endpoint::tcp("127.0.0.1:443".parse().unwrap(), ServerName::parse(name).ok()),
            target: name.into(),
            observed_at: at,
            outcome: match served {
                Some(certificate) => Outcome::Handshake(Box::new(Handshake {
                    tls: TlsFacts::default(),
                    presented: vec![certificate.sha256],
                    other_chains: Vec::new(),
                    inspection: None,
                    gathered: None,
                })),
                None => Outcome::Failure(Failure::new(Stage::Connect, Reason::Timeout, "")),
            },
        };
        let batch = Batch {
            observations: (0..)
                .zip(met)
                .map(|(index, (name, served))| {
                    (UnitPosition { block: 0, index }, 0, observation(name, *served))
                })
                .collect(),
            certificates: met.iter().filter_map(|(_, served)| served.cloned()).collect(),
            progress: None,
        };
        let counts = Counts { endpoints: met.len() as u64, ..Counts::default() };
        let mut writer = self.store.begin_scan(&scan(at), 1, Fingerprint::of(b"input")).unwrap();
        writer.commit(batch).unwrap();
        writer.finish(counts, ScanState::Complete, at).unwrap();
        self
    }

    /// Closes the store, so that commands can open it.
    fn closed(self) -> (tempfile::TempDir, Parts) {
        (self._folder, self.parts)
    }
}

/// A certificate with this common name that ends this many days after 1970.
fn certificate(name: &str, ends: u64) -> Arc<Certificate> {
    let mut params = rcgen::CertificateParams::new([name.to_owned()]).unwrap();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params.not_before = rcgen::date_time_ymd(1970, 1, 1);
    params.not_after = params.not_before + Duration::from_secs(ends * 86_400);
    let key = rcgen::KeyPair::generate().unwrap();
    Arc::new(x509::read(params.self_signed(&key).unwrap().der()))
}

fn json(write: impl FnOnce(&mut dyn Write) -> Result<(), AppError>) -> Value {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

fn names(list: &Value) -> Vec<String> {
    let rows = list["certificates"].as_array().unwrap();
    rows.iter().map(|row| row["subject"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_soonest_to_expire_come_first_and_the_total_counts_all_that_match() {
    let (a, b, c) = (certificate("a.test", 300), certificate("b.test", 20), certificate("c.test", 5));
    let record = Record::new().scan(&[("a.test", Some(&a)), ("b.test", Some(&b)), ("c.test", Some(&c))]);
    let (_folder, parts) = record.closed();
    let listed = |query: ListQuery| json(|out| list(&parts, &query, ListForm::Json, out));
    let two = listed(ListQuery { limit: 2, ..ListQuery::default() });
    assert_eq!(
        (names(&two), &two["total"]),
        (vec!["CN=c.test".to_owned(), "CN=b.test".to_owned()], &3.into())
    );
    let soon = ListQuery { expires_within: Some(Duration::from_secs(15 * 86_400)), limit: 1, ..everything() };
    let soon = listed(soon);
    assert_eq!((names(&soon), &soon["total"]), (vec!["CN=c.test".to_owned()], &2.into()));
    let by_issuer = listed(ListQuery { issuer: Some("A.TEST".to_owned()), ..everything() });
    assert_eq!((names(&by_issuer), &by_issuer["total"]), (vec!["CN=a.test".to_owned()], &1.into()));
}

fn everything() -> ListQuery {
    ListQuery { limit: 100, ..ListQuery::default() }
}

#[test]
fn a_certificate_is_found_by_the_first_digits_of_its_hash() {
    let a = certificate("a.test", 300);
    let (_folder, parts) = Record::new().scan(&[("a.test", Some(&a))]).closed();
    let whole = a.sha256.to_string();
    let shown = |id: &str| json(|out| show(&parts, id, ListForm::Json, out));
    for id in [&whole[..8], &whole[..9].to_uppercase(), &whole] {
        let document = shown(id);
        assert_eq!(document["certificates"][0]["sha256"], whole, "{id}");
        assert_eq!(document["endpoints"].as_array().unwrap().len(), 1);
    }
    assert_eq!(shown("a.test:443")["endpoints"][0]["server_name"], "a.test");
    for unknown in ["b.test:443", "00000000", "\u{1b}[2J", &whole[..7]] {
        let error = show(&parts, unknown, ListForm::Json, &mut Vec::new()).unwrap_err().to_string();
        assert!(error.contains("nothing in the record is called"), "{error}");
        assert!(!error.contains('\u{1b}'));
    }
}

#[test]
fn a_difference_tells_new_replaced_and_silent_apart() {
    let (old, new, same) = (certificate("a.test", 9), certificate("a.test", 99), certificate("b.test", 99));
    let record = Record::new()
        .scan(&[("a.test", Some(&old)), ("b.test", Some(&same)), ("c.test", Some(&same)), ("d.test", None)])
        .scan(&[("a.test", Some(&new)), ("b.test", Some(&same)), ("c.test", None), ("d.test", Some(&same))]);
    let (_folder, parts) = record.closed();
    let document = json(|out| diff(&parts, None, "latest", ListForm::Json, out));
    let label = |kind: &str| document[kind][0]["endpoint"]["server_name"].clone();
    assert_eq!(
        (label("replaced"), label("new"), label("unreachable")),
        ("a.test".into(), "d.test".into(), "c.test".into())
    );
    assert_eq!(document["gone"].as_array().unwrap().len(), 0);
    assert_eq!(document["unchanged"], 1);
    let alone = diff(&parts, None, "scan-1", ListForm::Json, &mut Vec::new()).unwrap_err().to_string();
    assert!(alone.contains("no earlier scan"), "{alone}");
}

#[test]
fn history_is_the_latest_first_and_asks_for_an_id_where_names_are_not_enough() {
    let (old, new) = (certificate("a.test", 9), certificate("a.test", 99));
    let record = Record::new().scan(&[("a.test", Some(&old))]).scan(&[("a.test", Some(&new))]);
    let (_folder, parts) = record.closed();
    let document = json(|out| history(&parts, "a.test:443", ListForm::Json, out));
    assert_eq!(document["total"], 2);
    assert!(
        document.to_string().find(&new.sha256.to_string())
            < document.to_string().find(&old.sha256.to_string())
    );
    let unknown = history(&parts, "b.test:443", ListForm::Json, &mut Vec::new()).unwrap_err().to_string();
    assert!(unknown.contains("no endpoint in the record is called `b.test:443`"), "{unknown}");
}

#[test]
fn the_past_is_as_it_was_seen_by_then() {
    let (old, new) = (certificate("a.test", 9), certificate("a.test", 99));
    let record = Record::new().scan(&[("a.test", Some(&old))]).scan(&[("a.test", Some(&new))]);
    let (_folder, parts) = record.closed();
    let at = |day: i64| json(|out| list_at(&parts, UnixTime(day * DAY), 10, ListForm::Json, out));
    assert_eq!(at(1)["endpoints"][0]["presented"][0], old.sha256.to_string());
    assert_eq!(at(2)["endpoints"][0]["presented"][0], new.sha256.to_string());
    assert_eq!(at(0)["endpoints"].as_array().unwrap().len(), 0);
}

#[test]
fn readiness_counts_what_is_served_now_and_binds_private_certificates_by_nothing() {
    let (old, new) = (certificate("a.test", 9), certificate("a.test", 999));
    let record = Record::new().scan(&[("a.test", Some(&old))]).scan(&[("a.test", Some(&new))]);
    let (_folder, parts) = record.closed();
    let query = ReadinessQuery { profile: None, trust: vec!["mozilla".to_owned()] };
    let document = json(|out| readiness(&parts, &query, ListForm::Json, out).map(drop));
    assert_eq!((&document["certificates"], &document["public_certificates"]), (&1.into(), &0.into()));
    assert_eq!(document["key_exchange"]["unknown"], 1);
    assert_eq!(document["lifetimes"]["limits"][2]["days"], 47);
    let mut table = Vec::new();
    readiness(&parts, &query, ListForm::Table { width: 120, colour: false }, &mut table).unwrap();
    let table = String::from_utf8(table).unwrap();
    assert!(table.contains("1 certificate in use, of which 0 are publicly trusted"), "{table}");
}
