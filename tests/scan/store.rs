//! The record while a scan writes it, and when the disk is full.

use std::process::Command;

use certvigil::estate::{Host, Leaf};
use nix::sys::signal::Signal;

use super::{check, list};
use crate::support::authority;
use crate::support::program::{Home, run};
use crate::support::stage::Stage;

fn hosts(stage: &Stage, number: u8) -> Vec<Host> {
    let identity = authority().issue(&Leaf::new("a.test")).unwrap();
    (1..=number).map(|last| stage.tls(last, &identity)).collect()
}

#[test]
fn readers_work_while_a_scan_writes_and_a_second_writer_is_told() {
    let stage = Stage::new();
    let _hosts = hosts(&stage, 40);
    let (network, ports) = (stage.network(0, 26), stage.ports());
    let scan = ["scan", "--ports", &ports, "--depth", "sweep", "--fail-on", "none", &network];
    let home = Home::new();
    let before = home.json(&[&scan[..], &["--rate", "max", "-f", "json"]].concat());

    let mut running = home.start(&[&scan[..], &["--rate", "3", "-f", "jsonl"]].concat());
    running.line().unwrap();
    let writer = format!("is being written by process {}: wait until it ends", running.id());
    for second in [&scan[..], &["doctor"], &["restore", "nowhere", "--replace"]] {
        let done = home.run(second);
        if second[0] == "restore" {
            assert!(done.code == Some(2) && home.store().exists(), "{}", done.err);
            continue;
        }
        assert_eq!(done.code, Some(2), "{second:?}: {}", done.err);
        assert!(done.err.contains(&writer), "{second:?}: {}", done.err);
    }
    let during = home.json(&["report", "-f", "json"]);
    check(&during);
    assert_eq!(during["scan"]["id"], before["scan"]["id"], "the newest scan that has ended");
    assert_eq!(home.json(&["inventory", "list", "-f", "json"])["total"], 2);
    assert!(home.expect(0, &["inventory", "history", &stage.target(1)]).out.contains("a.test"));
    let done = home.expect(0, &["backup", "copy"]);
    assert!(done.err.contains("the record was copied to copy"), "{}", done.err);
    assert!(running.is_alive(), "the scan was over too soon to show anything");
    running.signal(Signal::SIGTERM);
    running.rest();
    assert_eq!(running.wait(), Some(3), "{}", running.err());

    assert!(home.expect(2, &["backup", "copy"]).err.contains("copy exists already: move it away first"));
    let done = home.expect(2, &["restore", "copy"]);
    assert!(done.err.contains("--replace puts the backup in its place"), "{}", done.err);
    let done = home.expect(0, &["restore", "copy", "--replace"]);
    assert!(done.err.contains("is the record now; the old one is"), "{}", done.err);
    assert_eq!(home.json(&["report", "-f", "json"])["scan"]["id"], before["scan"]["id"]);
    let clean = home.expect(0, &["doctor"]);
    assert!(clean.out.contains("3 checks passed, 0 warnings, 0 failed"), "{}", clean.out);
    // A fresh machine: the folder is not there yet.
    home.expect(0, &["restore", "copy", "--store", "fresh/machine/store"]);
    home.expect(0, &["doctor", "--rebuild", "--store", "fresh/machine/store"]);
    assert_eq!(
        home.json(&["report", "-f", "json", "--store", "fresh/machine/store"])["scan"],
        before["scan"]
    );
    // The backup of a running scan can be gone on with, too.
    let resumed = home.json(&[&scan[..], &["--rate", "max", "--resume", "-f", "json"]].concat());
    check(&resumed);
    assert_eq!(resumed["scan"]["counts"]["handshake"], 40);
}

#[test]
fn a_full_disk_is_one_line_and_earlier_scans_are_intact() {
    let stage = Stage::new();
    let home = Home::new();
    let _hosts = hosts(&stage, 3);
    let authority = authority();
    let _large: Vec<Host> = (10..16)
        .map(|last| stage.tls(last, &authority.deep_chain(&Leaf::new("large.test"), 4, 160_000).unwrap()))
        .collect();
    let (small, large, ports) = (stage.network(0, 29), stage.network(8, 29), stage.ports());
    let scan = |target| {
        ["scan", "--ports", &ports, "--rate", "max", "--depth", "sweep", "--fail-on", "none", target]
    };
    home.expect(0, &scan(&small));
    let before = home.expect(0, &["report", "-f", "json"]).out;
    // No file may grow beyond the store's size now: what a full disk does, for this process only.
    let blocks = std::fs::metadata(home.store()).unwrap().len() / 1_024;
    let mut command = Command::new("bash");
    command.args(["-c", "trap '' XFSZ; ulimit -f \"$0\"; exec \"$@\"", &blocks.to_string()]);
    command.arg(env!("CARGO_BIN_EXE_certvigil")).args(scan(&large));
    home.dress(&mut command);
    let done = run(command);
    assert_eq!((done.code, done.out.as_str()), (Some(2), ""), "{}", done.err);
    let errors: Vec<&str> = done.err.lines().filter(|line| !line.contains(" in flight")).collect();
    assert_eq!(errors.len(), 1, "{}", done.err);
    assert!(errors[0].contains("certvigil.redb") && errors[0].contains("File too large"), "{}", done.err);
    assert_eq!(home.expect(0, &["report", "-f", "json"]).out, before);
    home.expect(0, &["doctor"]);
    // With room again the same command goes through.
    home.expect(0, &scan(&large));
    assert_eq!(list(&home.json(&["report", "-f", "json"]), "endpoints").len(), 6);
}
