//! Storage that fails and power that is cut while news is queued, sealed and delivered: each step is there whole or not
//! at all, and every step that was acknowledged is there.

use super::faults::{Disk, after_power_cut};
use super::outbox::{event, finding, hook, items, mail, outgoing, run, setback, silence};
use super::*;

type Step = fn(&Store) -> Result<(), StoreError>;

/// The life of two mails and a hook's run, with news that comes in between.
const STEPS: [Step; 13] = [
    |store| queue(store, "a:443/x", 10),
    |store| store.seal(&ops(), UnixTime(20)).map(drop),
    |store| queue(store, "b:443/x", 30),
    |store| {
        let seal = Seal { through: 2, sealed_at: UnixTime(20), setback: Some(setback(1)) };
        store.set_lane_state(&ops(), &LaneState::Sealed(seal), Some(&event("mail.unknown")))
    },
    |store| store.lane_delivered(&ops(), 2, Some(&event("mail.accepted"))),
    |store| store.seal(&ops(), UnixTime(40)).map(drop),
    |store| store.set_lane_state(&ops(), &LaneState::Deferred(setback(1)), Some(&event("mail.deferred"))),
    |store| queue(store, "a:443/x", 50),
    |store| store.settle_hook(&hook("renew"), &[1, 2], &run("exit 0"), Some(&event("hook.ran"))),
    |store| store.seal(&ops(), UnixTime(60)).map(drop),
    |store| store.lane_delivered(&ops(), 6, Some(&event("mail.accepted"))),
    |store| silence(store).map(drop),
    |store| store.queue(&outgoing(&ops(), [70]), Some(&event("test"))),
];

fn ops() -> LaneId {
    mail("ops@example.com", Urgency::Digest)
}

/// A finding's change with two pieces of news to a mailbox and one to a hook.
fn queue(store: &Store, key: &str, at: i64) -> Result<(), StoreError> {
    let mut news = outgoing(&ops(), [at, at + 1]);
    news.extend(outgoing(&hook("renew"), [at]));
    let watch = ProfileWatch { last_finished: Some(UnixTime(at)), ..ProfileWatch::default() };
    store.put_findings(&FindingsCommit {
        sequence: at.unsigned_abs(),
        updates: &[finding(key)],
        outgoing: &news,
        event: Some(&event("findings.reconciled")),
        profile_watch: Some(("web", &watch)),
    })
}

/// Runs the steps and notes how many were acknowledged.
fn run_steps(disk: &Disk, acknowledged: &mut usize) -> Result<(), StoreError> {
    let store = disk.open()?;
    for step in STEPS {
        step(&store)?;
        *acknowledged += 1;
    }
    Ok(())
}

/// Everything that the steps write, as readers see it.
fn picture(store: &Store) -> String {
    let mut findings = Vec::new();
    let visit = |stored: StoredFinding| {
        findings.push((stored.finding.key, stored.scan));
        Flow::Continue(())
    };
    store.findings("web", visit).unwrap();
    let items = [items(store, &ops(), None), items(store, &hook("renew"), None)];
    let kept = (store.hook_runs().unwrap(), store.silences().unwrap(), store.profile_watch("web").unwrap());
    format!("{findings:?} {items:?} {:?} {kept:?} {:?}", store.lanes().unwrap(), actions(store))
}

/// The picture after each number of steps.
fn pictures() -> Vec<String> {
    let store = temporary();
    let mut pictures = vec![picture(&store)];
    for step in STEPS {
        step(&store).unwrap();
        pictures.push(picture(&store));
    }
    assert!(pictures.windows(2).all(|two| two[0] != two[1]), "{pictures:#?}");
    pictures
}

/// The record is as of the last acknowledged step, or of the one under way; and the rest can still be done.
#[track_caller]
fn assert_whole(image: Vec<u8>, acknowledged: usize, pictures: &[String], context: &str) {
    let disk = Disk::of(image);
    let mut store = match disk.open() {
        Ok(store) => store,
        Err(error) if acknowledged == 0 => {
            assert!(!matches!(error, StoreError::Corrupt { .. }), "{context}: {error}");
            return;
        }
        Err(error) => panic!("{context}: {error}"),
    };
    let report = store.check().unwrap();
    assert!(report.is_clean(), "{context}: {report:?}");
    let now = picture(&store);
    let allowed = &pictures[acknowledged..=(acknowledged + 1).min(STEPS.len())];
    let done = allowed.iter().position(|allowed| *allowed == now);
    let done = acknowledged + done.unwrap_or_else(|| panic!("{context}: {now}, not {allowed:#?}"));
    for step in STEPS.iter().skip(done) {
        step(&store).unwrap();
    }
    assert_eq!(Some(&picture(&store)), pictures.last(), "{context}");
    assert!(store.check().unwrap().is_clean(), "{context}");
}

#[test]
fn a_disk_that_fills_up_at_any_write_loses_no_news_and_changes_none_by_half() {
    let pictures = pictures();
    let healthy = Disk::default();
    run_steps(&healthy, &mut 0).unwrap();
    let operations = healthy.0.lock().unwrap().operations;
    assert!(operations > 100, "{operations}");
    for fail_at in 1..=operations {
        let disk = Disk::default();
        disk.0.lock().unwrap().fail_at = Some(fail_at);
        let mut acknowledged = 0;
        if let Err(error) = run_steps(&disk, &mut acknowledged) {
            assert!(matches!(error, StoreError::Full(_) | StoreError::Stopped(_)), "{fail_at}: {error}");
        }
        let live = disk.0.lock().unwrap().live.clone();
        assert_whole(live, acknowledged, &pictures, &format!("live after {fail_at}"));
        assert_whole(disk.durable(), acknowledged, &pictures, &format!("durable after {fail_at}"));
    }
}

#[test]
fn a_power_cut_at_any_sync_loses_no_news_and_changes_none_by_half() {
    let pictures = pictures();
    let disk = Disk::default();
    disk.0.lock().unwrap().record = true;
    let store = disk.open().unwrap();
    let mut acknowledged_at = Vec::new();
    for step in STEPS {
        step(&store).unwrap();
        acknowledged_at.push(disk.0.lock().unwrap().syncs.len());
    }
    drop(store);
    let syncs = std::mem::take(&mut disk.0.lock().unwrap().syncs);
    let mut random = 0x9e37_79b9_u64;
    for (number, (durable, pending)) in syncs.into_iter().enumerate() {
        let acknowledged = acknowledged_at.iter().filter(|done| **done <= number).count();
        for _ in 0..4 {
            let image = after_power_cut(&durable, &pending, &mut random);
            assert_whole(image, acknowledged, &pictures, &format!("sync {number}"));
        }
    }
}
