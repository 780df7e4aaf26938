//! A wall clock that jumps by years and comes back, and scans that are resumed after others.

use super::*;

const DAY: i64 = 86_400;
const TEN_YEARS: i64 = 3_652 * DAY;
const T: i64 = 1_790_000_000;

/// Scans of one endpoint, each at its time and with its chain; `None` is a failure.
fn scans(store: &Store, seen: &[(i64, Option<u32>)]) {
    for (number, &(at, leaf)) in seen.iter().enumerate() {
        let observation = match leaf {
            Some(leaf) => served(1, at, &[leaf]),
            None => failed(1, at, Reason::Timeout),
        };
        scan(store, &format!("scan {number}"), at, vec![observation]);
    }
}

fn known(store: &Store) -> EndpointRecord {
    store.endpoint(&endpoint(1).id()).unwrap().unwrap()
}

/// The same after everything derived was made anew.
#[track_caller]
fn assert_rebuilds(store: &mut Store) {
    let before = (known(store), store.history(&endpoint(1).id()).unwrap());
    assert_sound(store);
    store.rebuild_derived("tester", UnixTime(T)).unwrap();
    assert_eq!((known(store), store.history(&endpoint(1).id()).unwrap()), before);
    assert_sound(store);
}

#[test]
fn after_a_clock_ten_years_off_came_back_the_last_scan_is_what_is_known() {
    for jump in [TEN_YEARS, -TEN_YEARS] {
        for leaves in [[1, 1, 1], [1, 1, 2], [1, 2, 2], [1, 2, 1], [1, 2, 3]] {
            let mut store = temporary();
            let [first, second, third] = leaves.map(Some);
            scans(&store, &[(T, first), (T + jump, second), (T + DAY, third)]);
            let current = known(&store).current;
            let context = format!("jump {jump}, {leaves:?}");
            assert_eq!(current.last_scan, 3, "{context}");
            assert_eq!(current.observation, served(1, T + DAY, &[leaves[2]]), "{context}");
            assert_eq!(current.until, UnixTime(T + DAY), "{context}");
            assert!(current.since <= current.until, "{context}");
            for number in 1..=3 {
                let serving = u64::from(number == leaves[2]);
                let stored = store.certificate(&certificate(number).sha256).unwrap().unwrap();
                assert_eq!(stored.endpoints, serving, "{context}");
            }
            assert_rebuilds(&mut store);
        }
    }
}

#[test]
fn silence_seen_by_a_wrong_clock_neither_hides_a_chain_nor_outlives_it() {
    for jump in [TEN_YEARS, -TEN_YEARS] {
        let mut store = temporary();
        scans(&store, &[(T, Some(1)), (T + jump, None)]);
        assert_eq!(known(&store).last_chain.unwrap().until, UnixTime(T));
        scans_after(&store, T + DAY, Some(1));
        assert_eq!(known(&store).last_chain, None);
        assert_eq!(known(&store).current.observation, served(1, T + DAY, &[1]));
        scans_after(&store, T + 2 * DAY, None);
        assert_eq!(known(&store).last_chain.unwrap().until, UnixTime(T + DAY));
        assert_eq!(changes(&store, "scan 0", "latest"), [(endpoint(1).id(), ChangeKind::Unreachable)]);
        assert_eq!(changes(&store, "scan 0", "scan 1"), [(endpoint(1).id(), ChangeKind::Unreachable)]);
        assert_eq!(changes(&store, "scan 1", "at recovery"), [(endpoint(1).id(), ChangeKind::Recovered)]);
        assert_rebuilds(&mut store);
    }
}

fn scans_after(store: &Store, at: i64, leaf: Option<u32>) {
    let (id, observation) = match leaf {
        Some(leaf) => ("at recovery", served(1, at, &[leaf])),
        None => ("at the end", failed(1, at, Reason::Timeout)),
    };
    scan(store, id, at, vec![observation]);
}

#[test]
fn of_a_resumed_scan_and_one_between_the_clock_says_which_looked_last() {
    // The endpoint is seen before the interruption, or after it.
    for (first, leaf, expected) in [(100, 1, 2), (130, 3, 3)] {
        let mut store = temporary();
        let mut writer = store.begin_scan(&scan_named("one", 100), 1, input()).unwrap();
        let early = if first == 100 { vec![served(1, 100, &[leaf])] } else { vec![served(9, 100, &[9])] };
        writer.commit(batch(0, early)).unwrap();
        writer.finish(Counts::default(), ScanState::Incomplete, UnixTime(110)).unwrap();
        let mut between = store.begin_scan(&scan_named("two", 120), 1, Fingerprint::of(b"other")).unwrap();
        between.commit(batch(0, vec![served(1, 120, &[2])])).unwrap();
        between.finish(Counts::default(), ScanState::Complete, UnixTime(125)).unwrap();
        let resumable = store.resumable(input(), Some("web")).unwrap().unwrap();
        let mut writer = store.resume(&resumable, "tester", UnixTime(130)).unwrap();
        let late = if first == 130 { vec![served(1, 130, &[leaf])] } else { vec![served(9, 130, &[9])] };
        writer.commit(batch(1, late)).unwrap();
        writer.finish(Counts::default(), ScanState::Complete, UnixTime(150)).unwrap();
        let chain = known(&store).current.observation.outcome.presented().unwrap().clone();
        assert_eq!(chain, [certificate(expected).sha256]);
        assert_eq!(store.history(&endpoint(1).id()).unwrap().len(), 2);
        assert_rebuilds(&mut store);
    }
}

#[test]
fn a_scan_resumed_after_the_clock_came_back_does_not_bring_back_what_it_saw_before() {
    let mut store = temporary();
    scan(&store, "zero", T, vec![served(1, T, &[1])]);
    let ahead = T + TEN_YEARS;
    let mut writer = store.begin_scan(&scan_named("one", ahead), 1, input()).unwrap();
    writer.commit(batch(0, vec![served(1, ahead, &[2])])).unwrap();
    writer.finish(Counts::default(), ScanState::Incomplete, UnixTime(ahead)).unwrap();
    let mut between = store.begin_scan(&scan_named("two", T + DAY), 1, Fingerprint::of(b"other")).unwrap();
    between.commit(batch(0, vec![served(1, T + DAY, &[3])])).unwrap();
    between.finish(Counts::default(), ScanState::Complete, UnixTime(T + DAY)).unwrap();
    let resumable = store.resumable(input(), Some("web")).unwrap().unwrap();
    let mut writer = store.resume(&resumable, "tester", UnixTime(T + DAY)).unwrap();
    writer.commit(batch(1, vec![served(9, T + DAY, &[9])])).unwrap();
    writer.finish(Counts::default(), ScanState::Complete, UnixTime(T + DAY)).unwrap();
    assert_eq!(known(&store).current.observation, served(1, T + DAY, &[3]));
    assert_sound(&mut store);
}
