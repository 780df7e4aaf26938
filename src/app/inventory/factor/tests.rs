//! All moduli of a store compared, whole and in parts, ended and gone on with.

use std::sync::Arc;

use super::*;
use crate::app::inventory::show;
use crate::app::moduli::{Bounds, compare_new_moduli};
use crate::app::parts::StoreChoice;
use crate::app::testing::scan;
use crate::assess::tests::pki::Authority;
use crate::assess::tests::weak::{FOURTH, NEAR, PRIME, RawKey, SECOND, THIRD, number};
use crate::config::Settings;
use crate::model::{Counts, Endpoint, Handshake, Observation, Outcome, ScanState, ServerName, TlsFacts};
use crate::store::{Batch, Options, UnitPosition};
use crate::time::UnixTime;
use crate::x509::{Fingerprint, read};

/// Two certificates that share a prime, two that share another one with a third, and one alone; an EC key among them.
fn certificates() -> Vec<Arc<Certificate>> {
    let corp = Authority::new("Corp");
    let certified = |p: &str, q: &str| {
        let key = RawKey::rsa(&(number(p) * number(q)), 65_537);
        Arc::new(read(&key.certified("a.example", &corp.intermediate)))
    };
    let tall = number(NEAR).pow(2) + 1_000_u32;
    let alone = RawKey::rsa(&tall, 65_537).certified("alone.example", &corp.intermediate);
    vec![
        certified(PRIME, SECOND),
        Arc::new(read(&alone)),
        certified(THIRD, FOURTH),
        Arc::new(corp.end_entity().certificate()),
        certified(PRIME, NEAR),
        certified(THIRD, NEAR),
    ]
}

/// One scan that meets these certificates.
fn met(store: &Store, day: i64, certificates: &[Arc<Certificate>]) {
    let at = UnixTime(day * 86_400);
    let observation = |index: usize, certificate: &Arc<Certificate>| Observation {
        endpoint: Endpoint::tcp(
            "127.0.0.1:443".parse().unwrap(),
            ServerName::parse(&format!("h{index}-{day}.example")).ok(),
        ),
        target: "a".into(),
        observed_at: at,
        outcome: Outcome::Handshake(Box::new(Handshake {
            tls: TlsFacts::default(),
            presented: vec![certificate.sha256],
            other_chains: Vec::new(),
            inspection: None,
            gathered: None,
        })),
    };
    let observations = certificates.iter().enumerate().map(|(index, certificate)| {
        let position = UnitPosition { block: 0, index: index as u128 };
        (position, 0, observation(index, certificate))
    });
    let batch =
        Batch { observations: observations.collect(), certificates: certificates.to_vec(), progress: None };
    let counts = Counts { endpoints: certificates.len() as u64, ..Counts::default() };
    let mut writer = store.begin_scan(&scan(at), 1, Fingerprint::of(b"input")).unwrap();
    writer.commit(batch).unwrap();
    writer.finish(counts, ScanState::Complete, at).unwrap();
}

fn store_with(certificates: &[Arc<Certificate>]) -> (tempfile::TempDir, Parts) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let store = Store::open(&path, &Options::default()).unwrap();
    met(&store, 1, certificates);
    drop(store);
    let parts = Parts::new(Settings::default(), StoreChoice::At(path)).unwrap();
    (folder, parts)
}

fn run(parts: &Parts, request: &FactorRequest) -> Result<(usize, serde_json::Value), AppError> {
    let mut out = Vec::new();
    let groups = factor(parts, request, ListForm::Json, &mut |_| (), &mut out)?;
    Ok((groups, serde_json::from_slice(&out).unwrap()))
}

fn shared(certificates: &[Arc<Certificate>]) -> Vec<String> {
    let mut sharing: Vec<String> = [0, 2, 4, 5].map(|index| certificates[index].sha256.to_string()).to_vec();
    sharing.sort();
    sharing
}

#[test]
fn whoever_shares_a_prime_is_shown_and_kept_and_the_work_is_removed() {
    let certificates = certificates();
    let (folder, parts) = store_with(&certificates);
    let (groups, document) = run(&parts, &FactorRequest::default()).unwrap();
    // All four hang together: PRIME, NEAR, THIRD.
    assert_eq!((groups, &document["moduli"], &document["groups"][0]["keys"]), (1, &5.into(), &4.into()));
    let listed = document["groups"][0]["certificates"].as_array().unwrap();
    let mut listed: Vec<_> = listed.iter().map(|one| one["sha256"].as_str().unwrap().to_owned()).collect();
    listed.sort();
    assert_eq!(listed, shared(&certificates));
    assert!(!document.to_string().contains(&PRIME[..16]), "the primes are the private keys");
    assert_eq!(
        std::fs::read_dir(folder.path())
            .unwrap()
            .filter(|entry| { entry.as_ref().unwrap().file_name().to_string_lossy().contains("factor") })
            .count(),
        0
    );
    let store = parts.read_store().unwrap();
    let others = store.certificates_sharing_a_factor(&certificates[0].spki_sha256.unwrap(), 10).unwrap();
    assert_eq!(others, [certificates[4].sha256]);
    assert_eq!(store.check_records().unwrap().faults, []);
    drop(store);
    let mut out = Vec::new();
    show(&parts, &certificates[0].sha256.to_string(), ListForm::Json, &mut out).unwrap();
}

#[test]
fn parts_give_what_the_whole_gives_and_an_ended_run_is_gone_on_with() {
    let certificates = certificates();
    let (folder, parts) = store_with(&certificates);
    let store = parts.read_store().unwrap();
    let place = folder.path().join("work");
    let work = Work::open(place.clone(), false).unwrap();
    let plan = collect(&store, &work, 300, &mut |_| ()).unwrap();
    assert_eq!((plan.count, plan.parts), (5, 3));
    let pairs = compare(&work, plan, &mut |_| ()).unwrap();
    assert_eq!(pairs.len(), 3);
    // Without --resume, nobody's work is thrown away.
    let refused = Work::open(place.clone(), false).unwrap_err().to_string();
    assert!(refused.contains("--resume") && refused.contains("work"), "{refused}");
    for lost in ["product-1", "shared-0", "shared-2"] {
        std::fs::remove_file(place.join(lost)).unwrap();
        let work = Work::open(place.clone(), true).unwrap();
        assert_eq!(work.plan().unwrap(), Some(plan));
        assert_eq!(compare(&work, plan, &mut |_| ()).unwrap(), pairs, "{lost}");
    }
    let mut damaged = std::fs::read(place.join("product-1")).unwrap();
    damaged[3] ^= 1;
    std::fs::write(place.join("product-1"), damaged).unwrap();
    std::fs::remove_file(place.join("shared-0")).unwrap();
    let error = compare(&work, plan, &mut |_| ()).unwrap_err().to_string();
    assert!(error.contains("product-1") && error.contains("damaged"), "{error}");
}

#[test]
fn a_record_without_rsa_keys_has_nothing_to_share() {
    let corp = Authority::new("Corp");
    let (_folder, parts) = store_with(&[Arc::new(corp.end_entity().certificate())]);
    let (groups, document) = run(&parts, &FactorRequest::default()).unwrap();
    assert_eq!((groups, &document["moduli"]), (0, &0.into()));
}

#[test]
fn a_scan_compares_what_is_new_with_all_that_is_known() {
    let certificates = certificates();
    let store = Store::temporary(None, &Options::default()).unwrap();
    let sharing = |index: usize| {
        store.certificates_sharing_a_factor(&certificates[index].spki_sha256.unwrap(), 10).unwrap()
    };
    met(&store, 1, &certificates[..4]);
    assert_eq!(compare_new_moduli(&store, Bounds::default()).unwrap(), None);
    assert!((0..4).all(|index| sharing(index).is_empty()));
    // One more, which shares a prime with the first.
    met(&store, 2, &certificates[4..5]);
    assert_eq!(compare_new_moduli(&store, Bounds::default()).unwrap(), None);
    assert_eq!((sharing(0), sharing(4)), (vec![certificates[4].sha256], vec![certificates[0].sha256]));
    // And one that shares with two, seen again beside the others.
    met(&store, 3, &certificates);
    assert_eq!(compare_new_moduli(&store, Bounds::default()).unwrap(), None);
    assert_eq!(sharing(2), [certificates[5].sha256]);
    assert_eq!(sharing(5).len(), 2);
    assert!(sharing(1).is_empty());
}

#[test]
fn what_a_scan_leaves_undone_is_said_and_done_later() {
    let certificates = certificates();
    let store = Store::temporary(None, &Options::default()).unwrap();
    met(&store, 1, &certificates[..1]);
    compare_new_moduli(&store, Bounds::default()).unwrap();
    met(&store, 2, &certificates[4..5]);
    for bounds in
        [Bounds { new_octets: 1, ..Bounds::default() }, Bounds { time: Duration::ZERO, ..Bounds::default() }]
    {
        let note = compare_new_moduli(&store, bounds).unwrap().unwrap();
        assert!(note.contains("certvigil inventory factor"), "{note}");
        assert!(!store.has_shared_factors().unwrap());
    }
    assert_eq!(compare_new_moduli(&store, Bounds::default()).unwrap(), None);
    assert!(store.has_shared_factors().unwrap());
}
