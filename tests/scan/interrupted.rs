//! Scans that are killed or stopped half-way, and gone on with.

use certvigil::estate::{Host, Leaf};
use nix::sys::signal::Signal;
use serde_json::Value;

use super::{check, list};
use crate::support::authority;
use crate::support::program::Home;
use crate::support::stage::Stage;

const HOSTS: u8 = 40;

/// Hosts 1 to [`HOSTS`], each with a certificate of its own.
fn hosts(stage: &Stage) -> Vec<Host> {
    let authority = authority();
    let host = |last| stage.tls(last, &authority.issue(&Leaf::new(&format!("host-{last}.test"))).unwrap());
    (1..=HOSTS).map(host).collect()
}

fn record(line: &str) -> Value {
    assert!(line.ends_with('\n'), "cut off: {line}");
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

/// The last number of an endpoint's address.
fn last_of(record: &Value) -> u8 {
    record["address"].as_str().unwrap().rsplit('.').next().unwrap().parse().unwrap()
}

#[test]
fn a_killed_scan_leaves_whole_lines_and_goes_on_without_repeating_itself() {
    let stage = Stage::new();
    let hosts = hosts(&stage);
    let (network, ports) = (stage.network(0, 26), stage.ports());
    let scan = ["scan", "--ports", &ports, "--depth", "sweep", "--fail-on", "none", &network];
    let home = Home::new();
    let mut running = home.start(&[&scan[..], &["--rate", "20", "-f", "jsonl"]].concat());
    // A line is written once its batch is committed.
    let mut lines = running.line().unwrap();
    running.signal(Signal::SIGKILL);
    lines.push_str(&running.rest());
    assert_eq!(running.wait(), None);
    let committed: Vec<Value> = lines.split_inclusive('\n').map(record).collect();
    assert!(committed.iter().all(|line| line["type"] == "endpoint"), "no closing record, no half line");
    assert!(committed.len() < hosts.len(), "killed too late: {}", committed.len());

    let resumed = home.json(&[&scan[..], &["--rate", "max", "--resume", "-f", "json"]].concat());
    check(&resumed);
    assert_eq!(resumed["scan"]["state"], "complete");
    for line in &committed {
        let host = &hosts[usize::from(last_of(line)) - 1];
        assert_eq!(host.accepted(), 1, "{} was visited again", host.address());
    }
    assert!(hosts.iter().all(|host| (1..=2).contains(&host.accepted())), "in flight at the kill, and again");

    let whole = home.json(&[&scan[..], &["--rate", "max", "--no-store", "-f", "json"]].concat());
    assert_eq!(resumed["scan"]["counts"], whole["scan"]["counts"]);
    let addresses = |report: &Value| {
        let mut all: Vec<u8> = list(report, "endpoints").iter().map(last_of).collect();
        all.sort_unstable();
        all
    };
    assert_eq!(addresses(&resumed), addresses(&whole));
    // It is finished: there is nothing left to resume.
    let done = home.expect(2, &[&scan[..], &["--resume"]].concat());
    assert!(done.err.contains("no interrupted scan of these targets"), "{}", done.err);
    assert_eq!(home.json(&["doctor", "-f", "json"])["checks"][2]["status"], "ok");
}

#[test]
fn a_stopped_scan_says_that_it_is_incomplete_and_goes_on() {
    let stage = Stage::new();
    let hosts = hosts(&stage);
    let (network, ports) = (stage.network(0, 26), stage.ports());
    let scan = ["scan", "--ports", &ports, "--depth", "sweep", "--fail-on", "none", &network];
    let home = Home::new();
    for (signal, resume) in [(Signal::SIGTERM, &[][..]), (Signal::SIGINT, &["--resume"])] {
        let mut running = home.start(&[&scan[..], &["--rate", "10", "-f", "jsonl"], resume].concat());
        let mut lines = running.line().unwrap();
        running.signal(signal);
        lines.push_str(&running.rest());
        assert_eq!(running.wait(), Some(3), "incomplete");
        let err = running.err();
        assert!(err.contains("stopping; what was seen is reported"), "{err}");
        let closing = record(lines.split_inclusive('\n').next_back().unwrap());
        assert_eq!((&closing["type"], &closing["state"]), (&"scan".into(), &"incomplete".into()));
        let report = home.json(&["report", "-f", "json"]);
        check(&report);
        assert_eq!(report["scan"]["state"], "incomplete");
        assert!(list(&report, "endpoints").len() < hosts.len());
    }
    let table = home.expect(0, &["report"]).out;
    assert!(table.contains("INCOMPLETE: the scan ended before every target was attempted"), "{table}");
    assert!(table.contains("scan --resume"), "{table}");

    let report = home.json(&[&scan[..], &["--rate", "max", "--resume", "-f", "json"]].concat());
    check(&report);
    assert_eq!(report["scan"]["state"], "complete");
    assert_eq!(report["scan"]["counts"]["handshake"], u64::from(HOSTS));
    assert_eq!(report["scan"]["counts"]["endpoints"], 64);
    assert!(hosts.iter().all(|host| (1..=3).contains(&host.accepted())));
}

#[test]
fn other_targets_are_another_scan() {
    let stage = Stage::new();
    let _hosts = hosts(&stage);
    let (network, ports) = (stage.network(0, 26), stage.ports());
    let home = Home::new();
    let mut running = home.start(&["scan", "--ports", &ports, "--rate", "10", "-f", "jsonl", &network]);
    running.line().unwrap();
    running.signal(Signal::SIGTERM);
    running.rest();
    assert_eq!(running.wait(), Some(3));
    for other in [&[stage.network(0, 25).as_str()][..], &[&network, "--sni", "a.test"]] {
        let done = home.expect(2, &[&["scan", "--ports", &ports, "--resume"], other].concat());
        assert!(done.err.contains("no interrupted scan of these targets"), "{}", done.err);
    }
}
