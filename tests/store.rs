//! The store across processes: `kill -9` at any moment, a second writer, readers beside a writer.
//!
//! The other process is this test binary again: a test that does nothing unless it is told to be the child.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test, and its child's report"
)]

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use certvigil::model::{
    Alert, AlertKey, Channel, Counts, Depth, Endpoint, Handshake, Lane, LaneId, LaneState, News, Observation,
    Outcome, Outgoing, Scan, ScanId, ScanParameters, ScanState, Setback, StartTlsChoice, TlsFacts, Transport,
    Urgency, WatchNews,
};
use certvigil::store::{Batch, Flow, Options, Progress, Store, StoreError, StoredObservation, UnitPosition};
use certvigil::time::UnixTime;
use certvigil::x509::{Certificate, Fingerprint};

const CHILD: &str = "CERTVIGIL_TEST_STORE_CHILD";
const BATCH: u32 = 20;
const BATCHES_A_SCAN: u32 = 6;

#[test]
fn thirty_kills_lose_nothing_that_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let started = Instant::now();
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut acknowledged: Vec<(u64, u32)> = Vec::new();
    let mut kills = 0;
    while kills < 30 && started.elapsed() < Duration::from_secs(15) {
        let (mut child, output) = spawn("write", &path);
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let lines = random >> 60;
        let wait = Duration::from_micros((random >> 40) % 20_000);
        let mut output = output.lines().map_while(Result::ok);
        // The kill falls some time after some acknowledgement: into a commit, a merge or an opening.
        for line in output.by_ref().filter(|line| line.starts_with("ack ")).take(lines as usize) {
            acknowledge(&mut acknowledged, &line);
        }
        std::thread::sleep(wait);
        child.kill().unwrap();
        child.wait().unwrap();
        output.filter(|line| line.starts_with("ack ")).for_each(|line| acknowledge(&mut acknowledged, &line));
        kills += 1;
        assert_kept(&path, &acknowledged);
    }
    assert!(kills >= 5, "only {kills} kills in {:?}", started.elapsed());
    assert!(!acknowledged.is_empty());
    let mut store = Store::open(&path, &Options { verify: true, ..Options::default() }).unwrap();
    let report = store.check().unwrap();
    assert!(report.is_clean(), "{report:?}");
}

#[test]
fn thirty_kills_between_queue_and_delivery_lose_no_news_and_repeat_only_whole_mails() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let started = Instant::now();
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let (mut kills, mut queued) = (0, 0);
    while kills < 30 && started.elapsed() < Duration::from_secs(15) {
        let (mut child, output) = spawn("mail", &path);
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let mut output = output.lines().map_while(Result::ok).filter(|line| line.starts_with("queued "));
        let mut note = |line: String| queued = queued.max(line[7..].parse().unwrap_or(0));
        output.by_ref().take((random >> 61) as usize).for_each(&mut note);
        std::thread::sleep(Duration::from_micros((random >> 40) % 20_000));
        child.kill().unwrap();
        child.wait().unwrap();
        output.for_each(note);
        kills += 1;
    }
    assert!(kills >= 5 && queued > 0, "only {kills} kills in {:?}, {queued} queued", started.elapsed());

    let mut store = Store::open(&path, &Options { verify: true, ..Options::default() }).unwrap();
    let report = store.check().unwrap();
    assert!(report.is_clean(), "{report:?}");
    let mailbox = std::fs::read_to_string(mailbox(&path)).unwrap();
    let mut mails: Vec<&str> = mailbox.lines().collect();
    let sent = mails.len();
    // The same mail again is the same to the letter, and comes before the next.
    mails.dedup();
    assert!(sent - mails.len() <= kills, "{sent} mails, {} of them different", mails.len());
    let mut told: Vec<u32> = mails
        .iter()
        .flat_map(|mail| mail.split_once(": ").unwrap().1.split(' '))
        .map(|n| n.parse().unwrap())
        .collect();
    // What was sent and not marked is sealed still.
    let mut waiting = Vec::new();
    let through = match store.lanes().unwrap().as_slice() {
        [Lane { state: LaneState::Sealed(seal), .. }] => seal.through,
        _ => 0,
    };
    let visit = |number: u64, outgoing: Outgoing| {
        let news = outgoing.alert.vantage.parse().unwrap();
        if number > through || !told.contains(&news) {
            waiting.push(news);
        }
        Flow::Continue(())
    };
    store.lane_items(&lane(), None, visit).unwrap();
    told.extend(waiting);
    let total = u32::try_from(told.len()).unwrap();
    assert!(total >= queued, "{total} of {queued}");
    assert_eq!(told, (1..=total).collect::<Vec<_>>(), "each once, in the order they were queued");
}

#[test]
fn a_second_process_is_told_who_writes_and_may_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let (mut child, output) = spawn("write", &path);
    let mut acks = output.lines().map_while(Result::ok).filter(|line| line.starts_with("ack "));
    acks.next().unwrap();
    let refused = Store::open(&path, &Options::default()).unwrap_err();
    assert!(matches!(refused, StoreError::InUse { pid: Some(pid), .. } if pid == child.id()), "{refused}");

    let reader = Store::open_reader(&path, &Options::default()).unwrap();
    let seen = || -> usize { reader.scans().unwrap().iter().map(|scan| count(&reader, scan.sequence)).sum() };
    let before = seen();
    for _ in 0..BATCHES_A_SCAN * 3 {
        acks.next().unwrap();
    }
    let after = seen();
    assert!(after > before, "{before} {after}");
    assert!(reader.check_records().unwrap().is_clean());
    assert!(matches!(reader.record(&event()), Err(StoreError::ReadOnly(_))));

    child.kill().unwrap();
    child.wait().unwrap();
    drop(reader);
    // A reader recovers what the dead writer left.
    let reader = Store::open_reader(&path, &Options::default()).unwrap();
    assert!(reader.check_records().unwrap().is_clean());
}

#[test]
fn a_reader_does_not_keep_a_writer_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    drop(Store::open(&path, &Options::default()).unwrap());
    let (mut child, output) = spawn("read", &path);
    let mut lines = output.lines().map_while(Result::ok);
    assert!(lines.any(|line| line == "reading"));
    let store = Store::open(&path, &Options::default()).unwrap();
    store.record(&event()).unwrap();
    writeln!(child.stdin.take().unwrap(), "go").unwrap();
    assert!(lines.any(|line| line == "entries 2"));
    assert!(child.wait().unwrap().success());
}

/// Does nothing unless this process was started as the child.
#[test]
fn child() {
    let Ok(task) = std::env::var(CHILD) else { return };
    let (what, path) = task.split_once(' ').unwrap();
    match what {
        "write" => write_for_ever(Path::new(path)),
        "mail" => mail_for_ever(Path::new(path)),
        "read" => read_twice(Path::new(path)),
        other => panic!("{other}"),
    }
}

fn spawn(what: &str, path: &Path) -> (Child, BufReader<ChildStdout>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture", "--test-threads", "1"])
        .env(CHILD, format!("{what} {}", path.display()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    (child, output)
}

fn read_twice(path: &Path) {
    let store = Store::open_reader(path, &Options::default()).unwrap();
    println!("\nreading");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    let mut entries = 0;
    store
        .audit(0, |_| {
            entries += 1;
            Flow::Continue(())
        })
        .unwrap();
    println!("entries {entries}");
}

/// Queues news and sends it to a file, as mail: two or three pieces at a time, one of them while the mail is under
/// way, and now and then the server wants none.
fn mail_for_ever(path: &Path) {
    let store = Store::open(path, &Options::default()).unwrap();
    let mut mailbox = File::options().append(true).create(true).open(mailbox(path)).unwrap();
    let mut number = 0;
    store
        .audit(0, |entry| {
            number += u32::from(entry.event.action == "tested");
            Flow::Continue(())
        })
        .unwrap();
    let mut queue = || {
        number += 1;
        store.queue(&[news(number)], Some(&event())).unwrap();
        println!("\nqueued {number}");
        number
    };
    loop {
        let now = queue();
        queue();
        // What a dead process had sealed may have been accepted: nobody may unseal it.
        let is_first_try = !matches!(store.lanes().unwrap()[0].state, LaneState::Sealed(_));
        let seal = store.seal(&lane(), UnixTime(now.into())).unwrap().unwrap();
        if is_first_try && now.is_multiple_of(5) {
            let setback = Setback { attempts: 1, next_at: UnixTime(0), error: "451".to_owned() };
            store.set_lane_state(&lane(), &LaneState::Deferred(setback), None).unwrap();
            continue;
        }
        let mut mail = format!("{} {}:", seal.through, seal.sealed_at.0);
        let visit = |_, outgoing: Outgoing| {
            mail += &format!(" {}", outgoing.alert.vantage);
            Flow::Continue(())
        };
        store.lane_items(&lane(), Some(seal.through), visit).unwrap();
        mail.push('\n');
        mailbox.write_all(mail.as_bytes()).unwrap();
        queue();
        store.lane_delivered(&lane(), seal.through, None).unwrap();
    }
}

fn mailbox(store: &Path) -> PathBuf {
    store.with_extension("mailbox")
}

fn lane() -> LaneId {
    LaneId { channel: Channel::Mail("ops@example.com".to_owned()), urgency: Urgency::Digest }
}

/// News that carries its number where the host stands that scanned.
fn news(number: u32) -> Outgoing {
    let alert = Alert {
        key: AlertKey::of(&["test", &number.to_string()]),
        at: UnixTime(number.into()),
        profile: None,
        scan: None,
        vantage: number.to_string(),
        news: News::Watch(WatchNews::Test { by: "child".to_owned() }),
    };
    let LaneId { channel, urgency } = lane();
    Outgoing { channel, urgency, route: "default".to_owned(), alert: Arc::new(alert) }
}

/// Scan after scan, each resumed where a dead process left it.
fn write_for_ever(path: &Path) {
    let store = Store::open(path, &Options::default()).unwrap();
    loop {
        let (mut writer, first) = match store.resumable(input(), None).unwrap() {
            Some(found) => {
                let next = u32::try_from(found.progress.next.index).unwrap();
                (store.resume(&found, "child", UnixTime(1)).unwrap(), next / BATCH)
            }
            None => {
                let id = format!("scan {}", store.scans().unwrap().len());
                (store.begin_scan(&scan(id), 1, input()).unwrap(), 0)
            }
        };
        let sequence = writer.scan().sequence;
        for batch in first..BATCHES_A_SCAN {
            writer.commit(batch_of(sequence, batch)).unwrap();
            println!("\nack {sequence} {}", (batch + 1) * BATCH);
        }
        let finished_at = UnixTime(i64::try_from(sequence).unwrap() * 100 + 99);
        writer.finish(Counts::default(), ScanState::Complete, finished_at).unwrap();
        println!("\nack {sequence} {}", BATCHES_A_SCAN * BATCH);
    }
}

fn acknowledge(acknowledged: &mut Vec<(u64, u32)>, line: &str) {
    let mut words = line.split(' ').skip(1);
    // A line that the kill cut short acknowledges nothing.
    if let (Some(Ok(sequence)), Some(Ok(count))) =
        (words.next().map(str::parse), words.next().map(str::parse::<u32>))
        && count % BATCH == 0
    {
        acknowledged.retain(|(known, _)| *known != sequence);
        acknowledged.push((sequence, count));
    }
}

fn assert_kept(path: &Path, acknowledged: &[(u64, u32)]) {
    let store = match Store::open(path, &Options { create: false, ..Options::default() }) {
        Ok(store) => store,
        // Killed before the first file was whole.
        Err(error) if acknowledged.is_empty() => {
            assert!(matches!(error, StoreError::Missing(_) | StoreError::NotAStore(_)), "{error}");
            return;
        }
        Err(error) => panic!("{error}"),
    };
    let report = store.check_records().unwrap();
    assert!(report.is_clean(), "{report:?}");
    for (sequence, expected) in acknowledged {
        let kept = count(&store, *sequence);
        assert!(kept >= *expected as usize, "scan {sequence}: {kept} of {expected}");
        assert_eq!(kept % BATCH as usize, 0, "half a batch in scan {sequence}");
    }
    if let Some(found) = store.resumable(input(), None).unwrap() {
        assert_eq!(count(&store, found.scan.sequence) as u128, found.progress.next.index);
    }
}

fn count(store: &Store, sequence: u64) -> usize {
    let mut count = 0;
    store
        .observations_of(sequence, |_| {
            count += 1;
            Flow::Continue(())
        })
        .unwrap();
    count
}

fn input() -> Fingerprint {
    Fingerprint::of(b"input")
}

fn event() -> certvigil::store::AuditEvent {
    certvigil::store::AuditEvent {
        at: UnixTime(1),
        actor: "tester".to_owned(),
        action: "tested".to_owned(),
        object: String::new(),
        detail: String::new(),
    }
}

fn scan(id: String) -> Scan {
    Scan {
        id: ScanId(id),
        profile: None,
        started_at: UnixTime(1),
        finished_at: None,
        state: ScanState::Running,
        vantage: "here".to_owned(),
        actor: "child".to_owned(),
        parameters: ScanParameters {
            targets: vec!["127.0.0.0/8".to_owned()],
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

fn batch_of(sequence: u64, batch: u32) -> Batch {
    let hosts = batch * BATCH..(batch + 1) * BATCH;
    let observations = hosts.clone().map(|host| {
        // A third of the endpoints changes from scan to scan.
        let change = if host % 3 == 0 { u32::try_from(sequence).unwrap() } else { 0 };
        (UnitPosition { block: 0, index: host.into() }, 0, observation(sequence, host, host + change))
    });
    let observations: Vec<_> = observations.collect();
    let numbers = observations.iter().map(|(_, _, o)| u32::try_from(o.observed_at.0 % 10_000).unwrap());
    let certificates = numbers.map(certificate).collect();
    let next = UnitPosition { block: 0, index: hosts.end.into() };
    Batch { observations, certificates, progress: Some(Progress { next, ..Progress::default() }) }
}

fn observation(sequence: u64, host: u32, number: u32) -> StoredObservation {
    let address = Ipv4Addr::from(0x7f00_0000 + host);
    let presented = vec![certificate(number).sha256];
    Observation {
        endpoint: Endpoint::tcp((address, 443).into(), None),
        target: Arc::from("127.0.0.0/8"),
        // Carries the certificate's number, so that the batch knows which to hand over.
        observed_at: UnixTime(i64::try_from(sequence).unwrap() * 10_000 + i64::from(number)),
        outcome: Outcome::Handshake(Box::new(Handshake {
            tls: TlsFacts::default(),
            presented,
            other_chains: Vec::new(),
            inspection: None,
            gathered: None,
        })),
    }
}

fn certificate(number: u32) -> Arc<Certificate> {
    let der: Box<[u8]> = number.to_be_bytes().into();
    // No certificate at all: what the store looks at is set below.
    let nothing = certvigil::x509::read(&der);
    Arc::new(Certificate {
        sha256: Fingerprint::of(&der),
        der,
        spki_sha256: None,
        not_before: None,
        not_after: Some(UnixTime(number.into())),
        ..nothing
    })
}

#[test]
fn a_store_renamed_under_its_writer_is_not_written_by_a_second_one_of_the_same_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let moved: PathBuf = folder.path().join("moved");
    let _writer = Store::open(&path, &Options::default()).unwrap();
    std::fs::rename(&path, &moved).unwrap();
    assert!(matches!(Store::open(&path, &Options::default()), Err(StoreError::InUse { .. })));
    // Under its new name the engine's own lock holds it.
    assert!(matches!(Store::open(&moved, &Options::default()), Err(StoreError::InUse { .. })));
}
