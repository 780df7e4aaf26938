//! Writing scans: batches, repeats, resuming, finishing.

use super::*;

#[test]
fn a_scan_reads_back_as_written() {
    let mut store = temporary();
    let written = vec![served(1, 100, &[1, 10]), failed(2, 101, Reason::Refused), served(3, 102, &[3, 10])];
    let stored = scan(&store, "one", 100, written.clone());
    assert_eq!(observations(&store, stored.sequence), written);
    assert_eq!(store.scan("latest").unwrap(), stored);
    assert_eq!(store.scan("one").unwrap().scan.state, ScanState::Complete);
    assert_eq!(stored.scan.counts.certificates, 3);
    assert_eq!(actions(&store), ["store.created", "scan.started", "scan.finished"]);
    assert_sound(&mut store);
}

#[test]
fn targets_that_no_parameter_names_are_kept_as_written() {
    let store = temporary();
    let mut observation = served(1, 100, &[1]);
    observation.target = Arc::from("from-a-file.example");
    let stored = scan(&store, "one", 100, vec![observation.clone()]);
    assert_eq!(observations(&store, stored.sequence), [observation]);
}

#[test]
fn an_unchanged_outcome_is_a_repeat_and_reads_the_same() {
    let mut store = temporary();
    scan(&store, "one", 100, vec![served(1, 100, &[1, 10]), failed(2, 100, Reason::Timeout)]);
    let again = vec![served(1, 200, &[1, 10]), failed(2, 200, Reason::Timeout)];
    let second = scan(&store, "two", 200, again.clone());
    assert_eq!(observations(&store, second.sequence), again);
    assert_eq!(second.scan.counts.certificates, 2);

    let transaction = store.read().unwrap();
    let table = transaction.open_table(schema::OBSERVATIONS).unwrap();
    let sizes: Vec<usize> =
        redb::ReadableTable::iter(&table).unwrap().map(|row| row.unwrap().1.value().len()).collect();
    assert!(sizes[2] < sizes[0], "{sizes:?}");
    drop((table, transaction));

    let known = store.endpoint(&endpoint(1).id()).unwrap().unwrap();
    assert_eq!((known.first_seen, known.current.since, known.current.until), at([100, 100, 200]));
    assert_sound(&mut store);
}

#[test]
fn an_inspection_that_found_the_same_is_a_repeat_with_connections_of_its_own() {
    let mut store = temporary();
    scan(&store, "one", 100, vec![inspected(1, 100, &[1], 9)]);
    let second = scan(&store, "two", 200, vec![inspected(1, 200, &[1], 11)]);
    assert_eq!(observations(&store, second.sequence), [inspected(1, 200, &[1], 11)]);
    assert_eq!(store.history(&endpoint(1).id()).unwrap().len(), 1);

    let mut other = inspected(1, 300, &[1], 9);
    let Outcome::Handshake(handshake) = &mut other.outcome else { unreachable!() };
    handshake.inspection.as_mut().unwrap().features.heartbeat = Some(true);
    let third = scan(&store, "three", 300, vec![other.clone()]);
    assert_eq!(observations(&store, third.sequence), [other]);
    assert_eq!(store.history(&endpoint(1).id()).unwrap().len(), 2);
    assert_sound(&mut store);
    store.rebuild_derived("tester", UnixTime(400)).unwrap();
    assert_eq!(store.history(&endpoint(1).id()).unwrap().len(), 2);
    assert_sound(&mut store);
}

#[test]
fn a_changed_target_or_version_is_no_repeat() {
    let store = temporary();
    scan(&store, "one", 100, vec![served(1, 100, &[1])]);
    let mut other = served(1, 200, &[1]);
    other.target = Arc::from("a.example");
    let second = scan(&store, "two", 200, vec![other.clone()]);
    assert_eq!(observations(&store, second.sequence), [other]);
    assert_eq!(store.history(&endpoint(1).id()).unwrap().len(), 2);
}

#[test]
fn of_two_observations_at_one_place_the_later_counts() {
    let store = temporary();
    let mut writer = store.begin_scan(&scan_named("one", 100), 1, input()).unwrap();
    let mut twice = batch(0, vec![served(1, 100, &[1])]);
    twice.observations.push((unit(0), 0, served(1, 101, &[2])));
    writer.commit(twice).unwrap();
    writer.commit(batch(0, vec![served(1, 102, &[3])])).unwrap();
    let sequence = writer.scan().sequence;
    drop(writer);
    assert_eq!(observations(&store, sequence), [served(1, 102, &[3])]);
}

#[test]
fn stragglers_of_earlier_batches_find_their_place() {
    let mut store = temporary();
    let mut writer = store.begin_scan(&scan_named("one", 100), 1, input()).unwrap();
    let at = |index: u128| (unit(index), 0, served(u32::try_from(index).unwrap(), 100, &[1]));
    for indexes in [vec![5, 3], vec![9, 1, 4, 7], vec![0, 2, 8, 6]] {
        let observations = indexes.into_iter().map(at).collect();
        writer.commit(Batch { observations, certificates: vec![certificate(1)], progress: None }).unwrap();
    }
    let sequence = writer.finish(Counts::default(), ScanState::Complete, UnixTime(150)).unwrap().sequence;
    assert_eq!(observations_hosts(&store, sequence), (0..10).collect::<Vec<u32>>());
    assert_sound(&mut store);
}

#[test]
fn an_observation_of_an_unknown_certificate_is_refused_and_nothing_is_kept() {
    let store = temporary();
    let mut writer = store.begin_scan(&scan_named("one", 100), 1, input()).unwrap();
    let observations = vec![(unit(0), 0, served(1, 100, &[1])), (unit(1), 0, served(2, 100, &[2]))];
    let refused = writer.commit(Batch { observations, certificates: vec![certificate(1)], progress: None });
    assert!(
        matches!(refused, Err(StoreError::UnknownCertificate(sha256)) if sha256 == certificate(2).sha256)
    );
    assert_eq!(store.certificate(&certificate(1).sha256).unwrap(), None);
    // The writer goes on, and gives the number out again.
    writer.commit(batch(0, vec![served(1, 100, &[1])])).unwrap();
    assert!(store.certificate(&certificate(1).sha256).unwrap().is_some());
}

#[test]
fn a_broken_certificate_is_stored_all_the_same() {
    let mut store = temporary();
    let broken = Certificate { not_after: None, spki_sha256: None, ..(*certificate(1)).clone() };
    let mut writer = store.begin_scan(&scan_named("one", 100), 1, input()).unwrap();
    let observations = vec![(unit(0), 0, served(1, 100, &[1]))];
    writer.commit(Batch { observations, certificates: vec![Arc::new(broken)], progress: None }).unwrap();
    writer.finish(Counts::default(), ScanState::Complete, UnixTime(150)).unwrap();
    let stored = store.certificate(&certificate(1).sha256).unwrap().unwrap();
    assert_eq!((stored.not_after, &stored.der), (None, &certificate(1).der));
    assert_sound(&mut store);
}

#[test]
fn only_one_scan_is_written_at_a_time() {
    let store = temporary();
    let writer = store.begin_scan(&scan_named("one", 100), 1, input()).unwrap();
    let second = store.begin_scan(&scan_named("two", 100), 1, input());
    assert!(matches!(second, Err(StoreError::ScanInProgress(_))));
    drop(writer);
    store.begin_scan(&scan_named("two", 100), 1, input()).unwrap();
    let taken = store.begin_scan(&scan_named("two", 100), 1, Fingerprint::of(b"other"));
    assert!(matches!(taken, Err(StoreError::DuplicateScan(_))), "{taken:?}");
}

#[test]
fn a_killed_scan_resumes_where_it_was_and_drops_half_done_units() {
    let mut store = temporary();
    let mut writer = store.begin_scan(&scan_named("one", 100), 77, input()).unwrap();
    let counts = Counts { endpoints: 40, unlisted: 38, ..Counts::default() };
    let observations =
        [0, 1, 3, 5].map(|index| (unit(index.into()), 0, served(index, 100, &[index]))).to_vec();
    // Units 0, 1 and 5 are done; 3 has shown one of its endpoints and was cut off.
    let progress = Progress { next: unit(2), done: vec![unit(5)], counts: counts.clone() };
    writer
        .commit(Batch {
            observations,
            certificates: (0..9).map(certificate).collect(),
            progress: Some(progress.clone()),
        })
        .unwrap();
    drop(writer);

    assert_eq!(store.resumable(Fingerprint::of(b"other"), Some("web")).unwrap(), None);
    assert_eq!(store.resumable(input(), None).unwrap(), None);
    let resumable = store.resumable(input(), Some("web")).unwrap().unwrap();
    assert_eq!((resumable.scan.seed, &resumable.progress), (77, &progress));
    assert!(resumable.progress.is_done(unit(5)) && !resumable.progress.is_done(unit(3)));

    let mut writer = store.resume(&resumable, "tester", UnixTime(120)).unwrap();
    let sequence = writer.scan().sequence;
    assert_eq!(observations_hosts(&store, sequence), [0, 1, 5]);
    writer.commit(batch(2, vec![served(2, 130, &[2]), served(3, 130, &[3]), served(4, 130, &[4])])).unwrap();
    writer.finish(Counts::default(), ScanState::Complete, UnixTime(150)).unwrap();
    assert_eq!(observations_hosts(&store, sequence), [0, 1, 2, 3, 4, 5]);
    assert_eq!(store.resumable(input(), Some("web")).unwrap(), None);
    assert_eq!(actions(&store).last().unwrap(), "scan.finished");
    assert!(actions(&store).contains(&"scan.resumed".to_owned()));
    assert_sound(&mut store);
}

#[test]
fn an_interrupted_scan_resumes_and_merges_once() {
    let mut store = temporary();
    let mut writer = store.begin_scan(&scan_named("one", 100), 1, input()).unwrap();
    writer.commit(batch(0, vec![served(1, 100, &[1]), served(2, 100, &[1])])).unwrap();
    let stored = writer.finish(Counts::default(), ScanState::Incomplete, UnixTime(110)).unwrap();
    assert_eq!(store.scan("latest").unwrap().scan.state, ScanState::Incomplete);
    assert_eq!(endpoints_serving(&store, 1), 2);

    // Another scan of other things comes between, and sees one of the endpoints anew.
    let mut between = store.begin_scan(&scan_named("two", 120), 1, Fingerprint::of(b"other")).unwrap();
    between.commit(batch(0, vec![served(1, 120, &[2])])).unwrap();
    between.finish(Counts::default(), ScanState::Complete, UnixTime(125)).unwrap();

    let resumable = store.resumable(input(), Some("web")).unwrap().unwrap();
    let mut writer = store.resume(&resumable, "tester", UnixTime(130)).unwrap();
    writer.commit(batch(2, vec![served(3, 130, &[1])])).unwrap();
    writer.finish(Counts::default(), ScanState::Complete, UnixTime(150)).unwrap();
    assert_eq!(observations_hosts(&store, stored.sequence), [1, 2, 3]);
    assert_eq!(endpoints_serving(&store, 1), 2);
    assert_eq!(endpoints_serving(&store, 2), 1);
    let known = store.endpoint(&endpoint(1).id()).unwrap().unwrap();
    assert_eq!(known.current.since, UnixTime(120));
    assert_sound(&mut store);
}

#[test]
fn a_new_scan_of_the_same_input_closes_the_killed_one_and_keeps_what_it_saw() {
    let mut store = temporary();
    let mut writer = store.begin_scan(&scan_named("one", 100), 1, input()).unwrap();
    writer.commit(batch(0, vec![served(1, 100, &[1])])).unwrap();
    drop(writer);
    let writer = store.begin_scan(&scan_named("two", 200), 1, input()).unwrap();
    assert_eq!(store.scan("one").unwrap().scan.state, ScanState::Incomplete);
    assert!(store.endpoint(&endpoint(1).id()).unwrap().is_some());
    assert_eq!(store.resumable(input(), Some("web")).unwrap().unwrap().scan.scan.id.0, "two");
    drop(writer);
    assert_sound(&mut store);
}

#[test]
fn readers_see_the_last_finished_scan_until_the_next_is_finished() {
    let store = temporary();
    scan(&store, "one", 100, vec![served(1, 100, &[1])]);
    let mut writer = store.begin_scan(&scan_named("two", 200), 1, input()).unwrap();
    writer.commit(batch(0, vec![served(1, 200, &[2]), served(2, 200, &[2])])).unwrap();
    assert_eq!(store.scan("latest").unwrap().scan.id.0, "one");
    assert_eq!(store.endpoint(&endpoint(1).id()).unwrap().unwrap().current.until, UnixTime(100));
    assert_eq!(store.endpoint(&endpoint(2).id()).unwrap(), None);
    writer.finish(Counts::default(), ScanState::Complete, UnixTime(250)).unwrap();
    assert_eq!(store.scan("latest").unwrap().scan.id.0, "two");
    assert!(store.endpoint(&endpoint(2).id()).unwrap().is_some());
}

#[test]
fn what_was_known_and_gives_no_chain_now_is_counted() {
    let store = temporary();
    scan(&store, "one", 100, vec![served(1, 100, &[1]), failed(2, 100, Reason::Refused)]);
    let second = scan(
        &store,
        "two",
        200,
        vec![
            failed(1, 200, Reason::Timeout),
            failed(2, 200, Reason::Timeout),
            failed(3, 200, Reason::Refused),
        ],
    );
    assert_eq!(second.scan.counts.known_not_reached, 1);
    let third = scan(&store, "three", 300, vec![failed(1, 300, Reason::Timeout)]);
    assert_eq!(third.scan.counts.known_not_reached, 1);
}

fn at<const N: usize>(times: [i64; N]) -> (UnixTime, UnixTime, UnixTime) {
    (UnixTime(times[0]), UnixTime(times[1]), UnixTime(times[2]))
}

fn observations_hosts(store: &Store, sequence: u64) -> Vec<u32> {
    let host = |observation: StoredObservation| match observation.endpoint.address {
        Some(std::net::IpAddr::V4(address)) => address.to_bits() - 0x7f00_0000,
        _ => u32::MAX,
    };
    observations(store, sequence).into_iter().map(host).collect()
}

fn endpoints_serving(store: &Store, number: u32) -> u64 {
    store.certificate(&certificate(number).sha256).unwrap().unwrap().endpoints
}
