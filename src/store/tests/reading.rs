//! Reading the record: certificates, history, differences, findings, the log.

use super::*;
use crate::x509::certificate::BasicConstraints;

#[test]
fn certificates_are_found_by_hash_expiry_key_and_subject() {
    let store = temporary();
    let ca = Certificate {
        basic_constraints: Some(BasicConstraints { ca: true, path_len: None }),
        subject: DistinguishedName { der: b"CN=CA".as_slice().into(), ..Default::default() },
        ..(*certificate(9)).clone()
    };
    let same_key = Certificate { spki_sha256: certificate(1).spki_sha256, ..(*certificate(5)).clone() };
    let mut writer = store.begin_scan(&scan_named("one", 100), 1, input()).unwrap();
    let mut first = batch(0, vec![served(1, 100, &[1, 9]), served(2, 100, &[5, 9])]);
    first.certificates = vec![certificate(1), Arc::new(same_key), Arc::new(ca)];
    writer.commit(first).unwrap();
    // A running scan teaches issuers at once.
    assert_eq!(store.issuers(b"CN=CA").unwrap().len(), 1);
    assert_eq!(store.issuers(&certificate(1).subject.der).unwrap(), []);
    writer.finish(Counts::default(), ScanState::Complete, UnixTime(150)).unwrap();

    let soonest = store.certificates_by_expiry(UnixTime(1_001), 2).unwrap();
    assert_eq!(
        soonest.iter().map(|c| c.not_after).collect::<Vec<_>>(),
        [5_000, 9_000].map(|t| Some(UnixTime(t)))
    );
    let mut same = store.certificates_with_key(&certificate(1).spki_sha256.unwrap()).unwrap();
    same.sort();
    let mut expected = [certificate(1).sha256, certificate(5).sha256];
    expected.sort();
    assert_eq!(same, expected);
    let ca = store.certificate(&certificate(9).sha256).unwrap().unwrap();
    assert_eq!((ca.endpoints, ca.first_seen, ca.last_seen), (2, UnixTime(100), UnixTime(100)));
    assert_eq!(store.certificate(&Fingerprint::of(b"none")).unwrap(), None);
    let digits = certificate(1).sha256.to_string();
    for start in [&digits[..8], &digits[..9].to_uppercase(), &digits] {
        assert_eq!(store.fingerprints_starting_with(start, 2).unwrap(), [certificate(1).sha256], "{start}");
    }
    assert_eq!(store.fingerprints_starting_with("", 2).unwrap().len(), 2);
    for start in ["not digits", "é", &format!("{digits}0")] {
        assert_eq!(store.fingerprints_starting_with(start, 2).unwrap(), [], "{start}");
    }
}

#[test]
fn expiry_sorts_years_before_1970_and_after_9999() {
    let store = temporary();
    let times = [i64::MIN, -5, 0, 7, i64::MAX];
    let certificates: Vec<_> = (1..)
        .zip(times)
        .map(|(number, time)| {
            Arc::new(Certificate { not_after: Some(UnixTime(time)), ..(*certificate(number)).clone() })
        })
        .collect();
    let mut writer = store.begin_scan(&scan_named("one", 100), 1, input()).unwrap();
    writer.commit(Batch { certificates, ..Batch::default() }).unwrap();
    writer.finish(Counts::default(), ScanState::Complete, UnixTime(150)).unwrap();
    let all = store.certificates_by_expiry(UnixTime(i64::MIN), 9).unwrap();
    assert_eq!(all.iter().filter_map(|c| c.not_after).map(|t| t.0).collect::<Vec<_>>(), times);
    for (until, expected) in
        [(None, 5), (Some(i64::MIN), 1), (Some(-6), 1), (Some(0), 3), (Some(i64::MAX), 5)]
    {
        let until = until.map(UnixTime);
        let mut walked = Vec::new();
        store
            .each_by_expiry(until, |one| {
                walked.push(one.sha256);
                Flow::Continue(())
            })
            .unwrap();
        assert_eq!(walked, all[..expected].iter().map(|one| one.sha256).collect::<Vec<_>>(), "{until:?}");
        assert_eq!(store.count_by_expiry(until).unwrap(), expected as u64, "{until:?}");
    }
}

#[test]
fn certificates_of_a_scan_count_its_endpoints() {
    let store = temporary();
    scan(&store, "one", 100, vec![served(1, 100, &[1, 9]), served(2, 100, &[2, 9])]);
    let second = scan(&store, "two", 200, vec![served(1, 200, &[1, 9]), served(3, 200, &[3])]);
    let mut seen = Vec::new();
    store
        .certificates_of(second.sequence, |certificate| {
            seen.push((certificate.sha256, certificate.endpoints, certificate.first_seen.0));
            Flow::Continue(())
        })
        .unwrap();
    seen.sort();
    let mut expected = vec![
        (certificate(1).sha256, 1, 100),
        (certificate(9).sha256, 1, 100),
        (certificate(3).sha256, 1, 200),
    ];
    expected.sort();
    assert_eq!(seen, expected);
    assert_eq!(store.certificate(&certificate(9).sha256).unwrap().unwrap().endpoints, 2);
}

#[test]
fn an_endpoint_has_a_history_and_a_past() {
    let mut store = temporary();
    scan(&store, "one", 100, vec![served(1, 100, &[1])]);
    scan(&store, "two", 200, vec![served(1, 200, &[1])]);
    scan(&store, "three", 300, vec![failed(1, 300, Reason::Timeout)]);
    scan(&store, "four", 400, vec![served(1, 400, &[2])]);
    let id = endpoint(1).id();
    let spans: Vec<_> = store.history(&id).unwrap().iter().map(|s| (s.since.0, s.until.0)).collect();
    assert_eq!(spans, [(100, 200), (300, 300), (400, 400)]);
    let at = |time: i64| {
        let mut found = None;
        store
            .inventory_at(UnixTime(time), |_, span| {
                found = Some((span.until.0, Kind::of(&span.observation)));
                Flow::Continue(())
            })
            .unwrap();
        found
    };
    assert_eq!(at(99), None);
    assert_eq!(at(100), Some((100, Kind::Chain(1))));
    assert_eq!(at(150), Some((150, Kind::Chain(1))));
    assert_eq!(at(250), Some((200, Kind::Chain(1))));
    assert_eq!(at(350), Some((300, Kind::Failure)));
    assert_eq!(at(9_999), Some((400, Kind::Chain(2))));
    assert_sound(&mut store);
}

#[test]
fn an_unreachable_endpoint_keeps_the_chain_it_last_showed() {
    let mut store = temporary();
    scan(&store, "one", 100, vec![served(1, 100, &[1])]);
    scan(&store, "two", 200, vec![failed(1, 200, Reason::Timeout)]);
    scan(&store, "three", 300, vec![failed(1, 300, Reason::Refused)]);
    let known = store.endpoint(&endpoint(1).id()).unwrap().unwrap();
    assert_eq!(known.last_chain.unwrap().until, UnixTime(100));
    assert_eq!(store.certificate(&certificate(1).sha256).unwrap().unwrap().endpoints, 1);
    assert_sound(&mut store);
}

#[test]
fn a_filter_knows_who_has_shown_a_chain() {
    let store = temporary();
    scan(&store, "one", 100, (1..300).map(|host| served(host, 100, &[host])).collect());
    scan(&store, "two", 200, vec![failed(1, 200, Reason::Timeout), failed(500, 200, Reason::Refused)]);
    let known = store.known_endpoints().unwrap();
    assert!((1..300).all(|host| known.contains(&endpoint(host).id()).unwrap()));
    assert!((300..2_000).all(|host| !known.contains(&endpoint(host).id()).unwrap()));
}

#[test]
fn differences_tell_gone_from_unreachable() {
    let store = temporary();
    let before = (1..=6).map(|host| served(host, 100, &[host])).collect();
    scan(&store, "one", 100, before);
    let mut changed = served(5, 200, &[5]);
    if let Outcome::Handshake(handshake) = &mut changed.outcome {
        handshake.tls.version = Some(ProtocolVersion::TLSv1_2);
    }
    let after = vec![
        served(1, 200, &[1]),
        served(2, 200, &[20]),
        failed(3, 200, Reason::Timeout),
        changed,
        served(7, 200, &[7]),
        failed(8, 200, Reason::Refused),
        served(6, 200, &[6]),
    ];
    scan(&store, "two", 200, after);
    let mut expected = vec![
        (endpoint(2).id(), ChangeKind::Replaced { same_key: false }),
        (endpoint(3).id(), ChangeKind::Unreachable),
        (endpoint(4).id(), ChangeKind::Gone),
        (endpoint(5).id(), ChangeKind::Changed),
        (endpoint(7).id(), ChangeKind::New),
    ];
    expected.sort_by_key(|(id, _)| *id);
    assert_eq!(changes(&store, "one", "two"), expected);
    assert_eq!(changes(&store, "one", "one"), []);

    scan(&store, "three", 300, vec![served(3, 300, &[3]), served(2, 300, &[20])]);
    let back = changes(&store, "two", "latest");
    assert!(back.contains(&(endpoint(3).id(), ChangeKind::Recovered)), "{back:?}");
    assert!(matches!(store.diff("one", "none", |_| Flow::Continue(())), Err(StoreError::UnknownScan(_))));
}

#[test]
fn what_an_interrupted_scan_did_not_reach_is_not_gone() {
    let store = temporary();
    scan(&store, "one", 100, vec![served(1, 100, &[1]), served(2, 100, &[2])]);
    let mut writer = store.begin_scan(&scan_named("two", 200), 1, input()).unwrap();
    writer.commit(batch(0, vec![served(1, 200, &[1])])).unwrap();
    writer.finish(Counts::default(), ScanState::Incomplete, UnixTime(250)).unwrap();
    assert_eq!(changes(&store, "one", "two"), [(endpoint(2).id(), ChangeKind::NotAttempted)]);
}

#[test]
fn an_endpoint_whose_name_did_not_resolve_is_unreachable_unless_the_name_is_gone() {
    let named = |host: u32, at: i64, name: &str| {
        let mut observation = served(host, at, &[host]);
        observation.endpoint.server_name = ServerName::parse(name).ok();
        observation
    };
    let unresolved = |host: u32, at: i64, name: &str, reason: Reason| {
        let mut observation = named(host, at, name);
        observation.endpoint.address = None;
        observation.outcome = Outcome::Failure(Failure::new(Stage::Resolve, reason, "no"));
        observation
    };
    let store = temporary();
    scan(&store, "one", 100, vec![named(1, 100, "a.example"), named(2, 100, "b.example")]);
    let after = vec![
        unresolved(1, 200, "a.example", Reason::DnsFailure),
        unresolved(2, 200, "b.example", Reason::NoSuchName),
    ];
    scan(&store, "two", 200, after);
    let mut kinds: Vec<_> = changes(&store, "one", "two").into_iter().map(|(_, kind)| kind.name()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["gone", "unreachable"]);
}

#[test]
fn a_renewal_with_the_same_key_is_told() {
    let store = temporary();
    let renewed = Certificate { spki_sha256: certificate(1).spki_sha256, ..(*certificate(2)).clone() };
    scan(&store, "one", 100, vec![served(1, 100, &[1])]);
    let store_two = temporary();
    let mut writer = store_two.begin_scan(&scan_named("one", 100), 1, input()).unwrap();
    let mut first = batch(0, vec![served(1, 100, &[1])]);
    first.certificates = vec![certificate(1), Arc::new(renewed)];
    writer.commit(first).unwrap();
    writer.finish(Counts::default(), ScanState::Complete, UnixTime(110)).unwrap();
    scan(&store_two, "two", 200, vec![served(1, 200, &[2])]);
    assert_eq!(
        changes(&store_two, "one", "two"),
        [(endpoint(1).id(), ChangeKind::Replaced { same_key: true })]
    );
}

#[test]
fn findings_live_by_profile_and_remember_who_touched_them() {
    let mut store = temporary();
    let finding = |profile: &str, key: &str, state: FindingState| Finding {
        profile: profile.to_owned(),
        key: FindingKey(key.to_owned()),
        rule: Rule::Expired,
        severity: Severity::High,
        state,
        title: "Expired".to_owned(),
        detail: "Expired a day ago".to_owned(),
        remediation: String::new(),
        subject: Subject::Endpoint(endpoint(1).id()),
        first_seen: UnixTime(100),
        last_seen: UnixTime(100),
        resolved_at: None,
        owner: None,
        tags: Vec::new(),
        decision: None,
        told_at: None,
        told_severity: None,
        returns: 0,
    };
    let update = |finding: Finding| FindingUpdate { finding, members: vec![endpoint(1).id()] };
    let event = AuditEvent {
        at: UnixTime(100),
        actor: "tester".to_owned(),
        action: "findings.reconciled".to_owned(),
        object: "web".to_owned(),
        detail: "2 opened".to_owned(),
    };
    let first = [
        update(finding("web", "a:443/x", FindingState::Open)),
        update(finding("web", "b:443/x", FindingState::Resolved)),
        update(finding("webmail", "a:443/x", FindingState::Open)),
    ];
    let first = FindingsCommit { sequence: 1, updates: &first, event: Some(&event), ..Default::default() };
    store.put_findings(&first).unwrap();
    let second = [update(finding("web", "c:443/x", FindingState::Open))];
    store.put_findings(&FindingsCommit { sequence: 2, updates: &second, ..Default::default() }).unwrap();

    let mut keys = Vec::new();
    let collect = |stored: StoredFinding| {
        keys.push(stored.finding.key.0);
        Flow::Continue(())
    };
    store.findings("web", collect).unwrap();
    assert_eq!(keys, ["a:443/x", "b:443/x", "c:443/x"]);
    let key = FindingKey("a:443/x".to_owned());
    assert_eq!(store.finding("web", &key).unwrap().unwrap().scan, 1);
    assert_eq!(store.finding("mail", &key).unwrap(), None);
    assert_eq!(store.finding_members("web", &key).unwrap(), [(endpoint(1).id(), 1)]);
    assert_eq!(actions(&store), ["store.created", "findings.reconciled"]);
    assert_sound(&mut store);
}

#[test]
fn rebuilding_gives_what_was_there() {
    let mut store = temporary();
    scan(&store, "one", 100, (1..50).map(|host| served(host, 100, &[host, 300])).collect());
    scan(&store, "two", 200, (1..50).map(|host| served(host, 200, &[host + host % 2, 300])).collect());
    scan(&store, "three", 300, vec![failed(1, 300, Reason::Timeout)]);
    let everything = |store: &Store| {
        let mut all = Vec::new();
        store
            .inventory(|record| {
                all.push((store.history(&record.id).unwrap(), record));
                Flow::Continue(())
            })
            .unwrap();
        let certificates: Vec<_> =
            (0..301).map(|number| store.certificate(&certificate(number).sha256).unwrap()).collect();
        (all, certificates, store.certificates_by_expiry(UnixTime(0), 1_000).unwrap())
    };
    let before = everything(&store);
    store.rebuild_derived("tester", UnixTime(400)).unwrap();
    assert_eq!(everything(&store), before);
    assert_sound(&mut store);
}

#[derive(Debug, PartialEq)]
enum Kind {
    Chain(u32),
    Failure,
}

impl Kind {
    fn of(observation: &StoredObservation) -> Self {
        match observation.outcome.presented() {
            Some(chain) => {
                Self::Chain((0..400).find(|&number| certificate(number).sha256 == chain[0]).unwrap())
            }
            None => Self::Failure,
        }
    }
}
