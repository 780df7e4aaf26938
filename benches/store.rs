//! What keeping the record costs: CPU, memory, bytes, and the time of the queries a person waits for.
//!
//! `cargo bench --bench store -- [observations] [certificates] [cache MiB]`, by default 1,000,000, 100,000 and the
//! store's own default. Figures are CPU seconds (user + system) of this process; the ratio is to bare redb inserts of
//! the same bytes in the same run, which moves less from machine to machine.
//!
//! `cargo bench --bench store -- outbox` measures only what news on its way costs a scan, in time that passes.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a bench prints figures"
)]

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use certvigil::model::{
    Alert, AlertEndpoint, AlertKey, CertificateBrief, Channel, Counts, Depth, EndedBy, Endpoint, Finding,
    FindingKey, FindingNews, FindingState, Handshake, LaneId, News, Observation, Occasion, Outcome, Outgoing,
    Rule, Scan, ScanId, ScanParameters, ScanState, Severity, StartTlsChoice, Subject, TlsFacts, Transport,
    Urgency,
};
use certvigil::store::{
    Batch, FindingUpdate, FindingsCommit, Flow, Options, Progress, Store, StoredObservation, UnitPosition,
};
use certvigil::time::UnixTime;
use certvigil::tls::{CipherSuite, NamedGroup, ProtocolVersion};
use certvigil::x509::{Certificate, Fingerprint};
use nix::sys::resource::{UsageWho, getrusage};

const BATCH: u32 = 10_000;
const DER_BYTES: usize = 1_500;
const INTERMEDIATES: u32 = 50;

fn main() {
    if std::env::args().any(|argument| argument == "outbox") {
        return outbox();
    }
    let mut numbers = std::env::args().skip(1).filter_map(|argument| argument.parse::<u32>().ok());
    let observations = numbers.next().unwrap_or(1_000_000);
    let certificates = numbers.next().unwrap_or(100_000).clamp(1, observations);
    let cache = numbers.next().map_or(Options::CACHE_BYTES, |mib| (mib as usize) << 20);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    println!("{observations} observations, {certificates} certificates, cache {} MiB", cache >> 20);

    let work = Work { observations, certificates };
    let store = Store::open(&path, &Options { cache_bytes: cache, ..Options::default() }).unwrap();
    let first = work.scan(&store, "first scan, all new", 0);
    work.scan(&store, "second scan, nothing changed", 0);
    work.scan(&store, "third scan, a tenth changed", 10);
    println!("peak memory {} MiB, file {} MiB", peak_memory_mib(), mib(&path));
    queries(&store);
    drop(store);

    let bare = work.bare(&folder.path().join("bare"));
    println!(
        "bare redb, same bytes          {:6.2} CPU s, file {} MiB",
        bare,
        mib(&folder.path().join("bare"))
    );
    println!("ratio of the first scan to bare redb {:.2}", first / bare);
    outbox();
}

/// Rows that wait while a scan writes its findings.
const WAITING: u32 = 100_000;
/// Lanes that they wait in.
const LANES: u32 = 20;
/// What one digest holds when many findings change at once.
const DIGEST: u32 = 10_000;

/// What an outbox full of news costs a scan, and what one big digest costs.
fn outbox() {
    let folder = tempfile::tempdir().unwrap();
    let [full, empty] = ["full", "empty"].map(|name| {
        let path = folder.path().join(name);
        (Store::open(&path, &Options::default()).unwrap(), path)
    });
    for lane in 0..LANES {
        let news: Vec<_> = (0..WAITING / LANES).map(|number| outgoing(lane, number)).collect();
        full.0.queue(&news, None).unwrap();
    }
    println!("outbox of {WAITING} rows in {LANES} lanes, file {} MiB", mib(&full.1));
    let look = quickest(|| assert_eq!(full.0.lanes().unwrap().len(), LANES as usize));
    println!("see what waits in each lane    {look:?}");
    let commit = |store: &Store| {
        let updates: Vec<_> = (0..100).map(finding).collect();
        let news: Vec<_> = (0..100).map(|number| outgoing(number % LANES, number)).collect();
        let commit = FindingsCommit { sequence: 1, updates: &updates, outgoing: &news, ..Default::default() };
        quickest(|| store.put_findings(&commit).unwrap())
    };
    let (with, without) = (commit(&full.0), commit(&empty.0));
    println!("commit 100 findings and news   {with:?}, with an outbox that was empty {without:?}");
    println!("what the outbox costs a scan   {:?}", look + with.saturating_sub(without));

    let store = &full.0;
    let news: Vec<_> = (0..DIGEST).map(|number| outgoing(LANES, number)).collect();
    let id = LaneId { channel: news[0].channel.clone(), urgency: Urgency::Digest };
    println!("queue {DIGEST} items              {:?}", once(|| store.queue(&news, None).unwrap()));
    let mut seal = None;
    println!(
        "seal them                      {:?}",
        once(|| seal = store.seal(&id, UnixTime(1_790_000_000)).unwrap())
    );
    let through = seal.map(|seal| seal.through);
    let mut count = 0u32;
    let walk = once(|| {
        let visit = |_, _| {
            count += 1;
            Flow::Continue(())
        };
        store.lane_items(&id, through, visit).unwrap();
    });
    assert_eq!(count, DIGEST);
    println!("walk them                      {walk:?}");
    let delivered = once(|| store.lane_delivered(&id, through.unwrap(), None).unwrap());
    println!("take them out                  {delivered:?}");
    println!("peak memory {} MiB", peak_memory_mib());
}

fn once(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn finding(number: u32) -> FindingUpdate {
    let endpoint = observation(number, 0, 0).endpoint;
    let finding = Finding {
        profile: "web".to_owned(),
        key: FindingKey(format!("host{number}.example.com:443/x509.validity.expiring")),
        rule: Rule::Expiring,
        severity: Severity::High,
        state: FindingState::Open,
        title: "expires soon".to_owned(),
        detail: "expires on 2026-10-01, in 6 d 4 h".to_owned(),
        remediation: String::new(),
        subject: Subject::Certificate(sha256(number)),
        first_seen: UnixTime(1_790_000_000),
        last_seen: UnixTime(1_790_000_000),
        resolved_at: None,
        owner: Some("payments".to_owned()),
        tags: vec!["edge".to_owned()],
        decision: None,
        told_at: Some(UnixTime(1_790_000_000)),
        told_severity: Some(Severity::High),
        returns: 0,
    };
    FindingUpdate { finding, members: vec![endpoint.id()] }
}

fn outgoing(lane: u32, number: u32) -> Outgoing {
    let FindingUpdate { finding, .. } = finding(number);
    let label = format!("host{number}.example.com:443");
    let brief = CertificateBrief {
        sha256: sha256(number),
        names: vec![label.as_str().into(), "www.example.com".into()],
        issuer: "CN=Example Issuing CA 3,O=Example,C=DE".into(),
        not_before: Some(UnixTime(1_780_000_000)),
        not_after: Some(UnixTime(1_790_500_000)),
    };
    let news = FindingNews {
        occasion: Occasion::Opened,
        finding: finding.key,
        rule: finding.rule,
        severity: finding.severity,
        title: finding.title,
        detail: finding.detail,
        remediation: "Renew the certificate, or find out why its renewal did not run.".to_owned(),
        first_seen: finding.first_seen,
        last_seen: finding.last_seen,
        owner: finding.owner,
        tags: finding.tags,
        endpoints: vec![AlertEndpoint { label, address: Some(Ipv4Addr::from(0x0a00_0000 + number).into()) }],
        endpoint_count: 1,
        certificate: Some(brief),
        returns: 0,
    };
    let alert = Alert {
        key: AlertKey::of(&["bench", &number.to_string()]),
        at: UnixTime(1_790_000_000),
        profile: Some("web".to_owned()),
        scan: Some(ScanId("bench".to_owned())),
        vantage: "bench".to_owned(),
        news: News::Finding(Box::new(news)),
    };
    Outgoing {
        channel: Channel::Mail(format!("team{lane}@example.com")),
        urgency: Urgency::Digest,
        route: "default".to_owned(),
        alert: Arc::new(alert),
    }
}

struct Work {
    observations: u32,
    certificates: u32,
}

impl Work {
    /// Runs one scan and gives its CPU seconds, without those that made up the observations.
    fn scan(&self, store: &Store, name: &str, changed_percent: u32) -> f64 {
        let id = format!("scan {}", store.scans().unwrap().len());
        let round = i64::try_from(store.scans().unwrap().len()).unwrap();
        let mut writer = store.begin_scan(&scan(id), 1, Fingerprint::of(b"input")).unwrap();
        let mut commits = 0.0;
        let mut first = 0;
        while first < self.observations {
            let batch = self.batch(first..(first + BATCH).min(self.observations), round, changed_percent);
            first += BATCH;
            let start = cpu();
            writer.commit(batch).unwrap();
            commits += cpu() - start;
        }
        let start = cpu();
        let stored =
            writer.finish(Counts::default(), ScanState::Complete, UnixTime(round * 90_000 + 1)).unwrap();
        let merge = cpu() - start;
        let total = commits + merge;
        println!(
            "{name:30} {total:6.2} CPU s (commits {commits:.2}, finish {merge:.2}), {:.2} us each, {} certificates",
            total * 1e6 / f64::from(self.observations),
            stored.scan.counts.certificates
        );
        total
    }

    fn batch(&self, hosts: std::ops::Range<u32>, round: i64, changed_percent: u32) -> Batch {
        let share = self.observations / self.certificates;
        let mut certificates: Vec<_> = (0..INTERMEDIATES).map(|n| certificate(u32::MAX - n)).collect();
        let mut observations = Vec::with_capacity(hosts.len());
        for host in hosts.clone() {
            let changed = host % 100 < changed_percent;
            let leaf = host / share + if changed { self.certificates } else { 0 };
            if host % share == 0 || changed {
                certificates.push(certificate(leaf));
            }
            let unit = UnitPosition { block: 0, index: host.into() };
            observations.push((unit, 0, observation(host, leaf, round)));
        }
        let next = UnitPosition { block: 0, index: hosts.end.into() };
        // As many units are done out of order as are in flight.
        let done =
            (2..1_000).step_by(2).map(|ahead| UnitPosition { block: 0, index: next.index + ahead }).collect();
        Batch {
            observations,
            certificates,
            progress: Some(Progress { next, done, counts: Counts::default() }),
        }
    }

    /// The same bytes straight into redb: observations appended, certificates by hash, an index by expiry.
    fn bare(&self, path: &Path) -> f64 {
        use redb::TableDefinition;
        const OBSERVATIONS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("observations");
        const CERTIFICATES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("certificates");
        const EXPIRY: TableDefinition<'_, &[u8], ()> = TableDefinition::new("expiry");
        let database = redb::Database::builder().set_cache_size(Options::CACHE_BYTES).create(path).unwrap();
        let share = self.observations / self.certificates;
        let value = [7; 90];
        let mut seconds = 0.0;
        for first in (0..self.observations).step_by(BATCH as usize) {
            let hosts = first..(first + BATCH).min(self.observations);
            let mut new: Vec<_> = hosts
                .clone()
                .filter(|host| host % share == 0)
                .map(|host| certificate(host / share))
                .collect();
            new.sort_by_key(|certificate| certificate.sha256);
            let start = cpu();
            let transaction = database.begin_write().unwrap();
            {
                let mut observations = transaction.open_table(OBSERVATIONS).unwrap();
                for host in hosts {
                    let key = [&[1; 8], host.to_be_bytes().as_slice()].concat();
                    observations.insert(key.as_slice(), value.as_slice()).unwrap();
                }
                let mut certificates = transaction.open_table(CERTIFICATES).unwrap();
                let mut expiry = transaction.open_table(EXPIRY).unwrap();
                for certificate in new {
                    let sha256 = certificate.sha256.0;
                    certificates.insert(sha256.as_slice(), &*certificate.der).unwrap();
                    let time = certificate.not_after.unwrap().0.to_be_bytes();
                    expiry.insert([time.as_slice(), &sha256].concat().as_slice(), ()).unwrap();
                }
            }
            transaction.commit().unwrap();
            seconds += cpu() - start;
        }
        seconds
    }
}

fn queries(store: &Store) {
    let soonest =
        quickest(|| assert_eq!(store.certificates_by_expiry(UnixTime(5_000), 100).unwrap().len(), 100));
    println!("the 100 soonest to expire      {soonest:?}");
    let one = certificate(7).sha256;
    println!(
        "a certificate by its hash      {:?}",
        quickest(|| drop(store.certificate(&one).unwrap().unwrap()))
    );
    let id = observation(1, 0, 0).endpoint.id();
    println!("an endpoint with its history   {:?}", quickest(|| drop(store.history(&id).unwrap())));
    for (what, scan) in [("full", 1), ("repeated", 2)] {
        measure(&format!("walk a {what} scan"), || {
            let mut count = 0u32;
            store
                .observations_of(scan, |_| {
                    count += 1;
                    Flow::Continue(())
                })
                .unwrap();
            count
        });
    }
    measure("walk a scan's certificates", || {
        let mut count = 0u32;
        store
            .certificates_of(2, |_| {
                count += 1;
                Flow::Continue(())
            })
            .unwrap();
        count
    });
    measure("difference of two scans", || {
        let mut count = 0u32;
        store
            .diff("scan 1", "scan 2", |_| {
                count += 1;
                Flow::Continue(())
            })
            .unwrap();
        count
    });
    measure("filter of known endpoints", || {
        drop(store.known_endpoints().unwrap());
        1
    });
    println!("peak memory {} MiB", peak_memory_mib());
}

fn measure(what: &str, work: impl FnOnce() -> u32) {
    let start = cpu();
    let count = work();
    println!("{what:30} {:6.2} CPU s for {count}", cpu() - start);
}

fn quickest(mut work: impl FnMut()) -> Duration {
    let time = |work: &mut dyn FnMut()| {
        let start = Instant::now();
        work();
        start.elapsed()
    };
    (0..9).map(|_| time(&mut work)).min().unwrap_or_default()
}

fn cpu() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_SELF).unwrap();
    let seconds = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    seconds(usage.user_time()) + seconds(usage.system_time())
}

fn peak_memory_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) >> 10
}

fn mib(path: &Path) -> u64 {
    path.metadata().map_or(0, |metadata| metadata.len() >> 20)
}

fn observation(host: u32, leaf: u32, round: i64) -> StoredObservation {
    let presented = vec![sha256(leaf), sha256(u32::MAX - leaf % INTERMEDIATES), sha256(u32::MAX)];
    let tls = TlsFacts {
        version: Some(ProtocolVersion::TLSv1_3),
        cipher_suite: Some(CipherSuite::TLS_AES_128_GCM_SHA256),
        group: Some(NamedGroup::secp256r1),
        completed: Some(false),
        ended_by: Some(EndedBy::OurChoice),
        ..TlsFacts::default()
    };
    Observation {
        endpoint: Endpoint::tcp((Ipv4Addr::from(0x0a00_0000 + host), 443).into(), None),
        target: Arc::from("10.0.0.0/8"),
        observed_at: UnixTime(1_790_000_000 + round * 86_400 + i64::from(host / 10_000)),
        outcome: Outcome::Handshake(Box::new(Handshake {
            tls,
            presented,
            other_chains: Vec::new(),
            inspection: None,
            gathered: None,
        })),
    }
}

fn der(number: u32) -> Box<[u8]> {
    let mut der = vec![0x30; DER_BYTES];
    der[..4].copy_from_slice(&number.to_be_bytes());
    der.into()
}

fn sha256(number: u32) -> Fingerprint {
    Fingerprint::of(&der(number))
}

fn certificate(number: u32) -> Arc<Certificate> {
    let der = der(number);
    // No certificate at all: what the store looks at is set below.
    let nothing = certvigil::x509::read(&der);
    Arc::new(Certificate {
        sha256: Fingerprint::of(&der),
        der,
        spki_sha256: Some(Fingerprint::of(&number.to_be_bytes())),
        not_before: Some(UnixTime(0)),
        // Spread over the years, in no order.
        not_after: Some(UnixTime(i64::from(number.wrapping_mul(2_654_435_761) >> 4))),
        ..nothing
    })
}

fn scan(id: String) -> Scan {
    Scan {
        id: ScanId(id),
        profile: None,
        started_at: UnixTime(1_790_000_000),
        finished_at: None,
        state: ScanState::Running,
        vantage: "bench".to_owned(),
        actor: "bench".to_owned(),
        parameters: ScanParameters {
            targets: vec!["10.0.0.0/8".to_owned()],
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
