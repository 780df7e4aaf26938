//! Findings: opened, worse, resolved, held; by profile.

use certvigil::estate::{Authority, Leaf};
use certvigil::time::DAY_SECONDS;
use serde_json::Value;

use super::{wait_until_gone, write_profile};
use crate::support::authority;
use crate::support::program::Home;
use crate::support::stage::Stage;

/// The findings of a list as `last number of the address: rule, severity, state`.
fn told(list: &Value) -> Vec<String> {
    let mut told: Vec<String> = list["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            let word = |key: &str| finding[key].as_str().unwrap();
            let host = word("key").split(':').next().unwrap().rsplit('.').next().unwrap();
            format!("{host}: {}, {}, {}", word("id"), word("severity"), word("state"))
        })
        .collect();
    told.sort();
    told
}

fn leaf(days_old: i64, days_left: i64) -> Leaf {
    Leaf::new("a.test").valid(-days_old * DAY_SECONDS, days_left * DAY_SECONDS)
}

fn scan(home: &Home, code: i32, more: &[&str]) -> String {
    home.expect(code, &[&["scan", "--profile", "./own.toml"], more].concat()).out
}

#[test]
fn a_finding_opens_gets_worse_is_held_and_is_resolved() {
    let stage = Stage::new();
    let home = Home::new();
    let authority = authority();
    let tls = |last, leaf: &Leaf| stage.tls(last, &authority.issue(leaf).unwrap());
    let expired = tls(1, &leaf(90, -1));
    let expiring = tls(2, &leaf(70, 20));
    let _sound = tls(3, &Leaf::new("a.test"));
    let down = tls(4, &leaf(90, -1));
    write_profile(
        &home,
        "own",
        &authority.root_pem(),
        &(1..=4).map(|last| stage.target(last)).collect::<Vec<_>>(),
    );
    let open = |all: &[&str]| told(&home.json(&[&["findings", "list", "-f", "json"], all].concat()));

    scan(&home, 1, &[]);
    let first = open(&[]);
    assert_eq!(
        first,
        [
            "1: x509.validity.expired, critical, open",
            "2: x509.validity.expiring, medium, open",
            "4: x509.validity.expired, critical, open",
        ]
    );
    // Nothing changed: nothing new to fail on, though what is there still fails.
    scan(&home, 1, &[]);
    scan(&home, 0, &["--fail-on-new", "info"]);
    assert_eq!(open(&[]), first);

    // Repaired, worse, and switched off.
    drop((expired, expiring, down));
    let _repaired = tls(1, &Leaf::new("a.test"));
    let _worse = tls(2, &leaf(80, 10));
    wait_until_gone(&stage, 4);
    let table = scan(&home, 1, &["--fail-on-new", "high"]);
    assert!(table.contains("No certificate was seen: connection refused"), "{table}");
    assert_eq!(
        open(&[]),
        [
            "2: x509.validity.expiring, high, open",
            // Held: nobody could look. And it was named, so that its silence is a finding of its own.
            "4: scan.not_measured, high, open",
            "4: x509.validity.expired, critical, open",
        ]
    );
    let resolved = home.json(&["findings", "list", "--all", "-f", "json"]);
    assert!(
        told(&resolved).contains(&"1: x509.validity.expired, critical, resolved".to_owned()),
        "{resolved:#}"
    );
    assert_eq!(open(&["--min-severity", "critical"]), ["4: x509.validity.expired, critical, open"]);

    // Back, with a good certificate.
    let _back = tls(4, &Leaf::new("a.test"));
    scan(&home, 1, &[]);
    assert_eq!(open(&[]), ["2: x509.validity.expiring, high, open"]);
    let table = home.expect(0, &["findings", "list"]).out;
    assert!(table.contains("1 finding.") && table.contains("\nNext: certvigil report"), "{table}");
    let report = home.json(&["report", "-f", "json"]);
    let endpoints = report["endpoints"].as_array().unwrap();
    let finding = endpoints.iter().flat_map(|one| one["findings"].as_array().unwrap()).next().unwrap();
    assert!(finding["first_seen"].as_str() <= finding["last_seen"].as_str(), "{finding}");
    assert_eq!(report["scan"]["profile"], "own");
}

#[test]
fn a_finding_that_comes_back_is_new_again() {
    let stage = Stage::new();
    let home = Home::new();
    let authority = authority();
    write_profile(&home, "own", &authority.root_pem(), &[stage.target(1)]);
    let mut host = stage.tls(1, &authority.issue(&leaf(90, -1)).unwrap());
    scan(&home, 1, &["--fail-on-new", "critical"]);
    for (days_left, code) in [(60, 0), (-1, 1), (-1, 0)] {
        drop(host);
        host = stage.tls(1, &authority.issue(&leaf(90, days_left)).unwrap());
        scan(&home, code, &["--fail-on-new", "critical"]);
    }
}

#[test]
fn findings_belong_to_their_profile() {
    let stage = Stage::new();
    let home = Home::new();
    let (ours, other) =
        (authority(), Authority::new(certvigil::time::UnixTime(1_700_000_000), "Other").unwrap());
    let host = stage.tls(1, &ours.issue(&leaf(90, -1)).unwrap());
    write_profile(&home, "own", &ours.root_pem(), &[stage.target(1)]);
    scan(&home, 1, &[]);
    // Without a profile: shown, neither opened nor resolved.
    drop(host);
    let _repaired = stage.tls(1, &ours.issue(&Leaf::new("a.test")).unwrap());
    home.expect(1, &["scan", &stage.target(1)]);
    let list =
        |arguments: &[&str]| told(&home.json(&[&["findings", "list", "-f", "json"], arguments].concat()));
    assert_eq!(list(&[]), ["1: x509.validity.expired, critical, open"]);
    // Another profile, which does not trust this root.
    home.write("other.pem", other.root_pem());
    let profile = std::fs::read_to_string(home.path("own.toml")).unwrap();
    home.write("strict.toml", profile.replace("root.pem", "other.pem"));
    home.expect(1, &["scan", "--profile", "./strict.toml"]);
    assert_eq!(list(&["--profile", "strict"]), ["1: trust.path.unknown_issuer, high, open"]);
    assert_eq!(list(&["--profile", "own"]), ["1: x509.validity.expired, critical, open"]);
    assert_eq!(list(&[]).len(), 2);
    scan(&home, 0, &[]);
    assert_eq!(list(&[]), ["1: trust.path.unknown_issuer, high, open"]);
    let done = home.expect(2, &["findings", "list", "--profile", "none"]);
    assert!(
        done.err.contains("no scan of profile `none`") && done.err.contains("own, strict"),
        "{}",
        done.err
    );
}

#[test]
fn owners_and_severities_of_a_profile_hold_in_scan_and_report() {
    let stage = Stage::new();
    let home = Home::new();
    let authority = authority();
    let _host = stage.tls(1, &authority.issue(&leaf(90, -1)).unwrap());
    write_profile(&home, "own", &authority.root_pem(), &[stage.target(1)]);
    let profile = std::fs::read_to_string(home.path("own.toml")).unwrap();
    home.write(
        "own.toml",
        format!(
            "{profile}[[owner]]\nnetworks = [\"127.0.0.0/8\"]\nowner = \"laboratory\"\ntags = [\"lab\"]\n\
         [[severity]]\nrule = \"x509.validity.expired\"\ntag = \"lab\"\nseverity = \"low\"\n"
        ),
    );
    scan(&home, 0, &[]);
    scan(&home, 1, &["--fail-on", "low"]);
    let report = home.json(&["report", "-f", "json"]);
    let endpoint = &report["endpoints"][0];
    assert_eq!((&endpoint["owner"], &endpoint["tags"]), (&"laboratory".into(), &serde_json::json!(["lab"])));
    assert_eq!(endpoint["findings"][0]["severity"], "low");
    assert_eq!(
        endpoint["findings"].as_array().unwrap().len(),
        1,
        "judged by the profile's trust store: {endpoint:#}"
    );
    assert_eq!(report["trust_stores"].as_array().unwrap().len(), 1);
}

#[test]
fn a_report_is_judged_as_its_scan_was() {
    let stage = Stage::new();
    let home = Home::new();
    let authority = authority();
    let _host = stage.tls(1, &authority.issue(&Leaf::new("a.test")).unwrap());
    home.write("root.pem", authority.root_pem());
    home.expect(0, &["scan", "--trust", "root.pem", &stage.target(1)]);
    // From another folder, too.
    let verdict = |arguments: &[&str]| {
        let mut command = home.command(&[&["report", "-f", "json"], arguments].concat());
        let done = crate::support::program::run({
            command.current_dir("/");
            command
        });
        assert_eq!(done.code, Some(0), "{}", done.err);
        (done.json()["endpoints"][0]["trust"]["verdict"].clone(), done.err)
    };
    assert_eq!(verdict(&[]), ("trusted".into(), String::new()));
    assert_eq!(verdict(&["--trust", "mozilla"]).0, "untrusted");

    write_profile(&home, "own", &authority.root_pem(), &[stage.target(1)]);
    scan(&home, 0, &[]);
    assert_eq!(verdict(&[]), ("trusted".into(), String::new()));
    let profile = std::fs::read_to_string(home.path("own.toml")).unwrap();
    home.write("own.toml", format!("# new\n{profile}"));
    let (trusted, note) = verdict(&[]);
    assert_eq!(trusted, "trusted");
    assert!(note.contains("profile `own` is not as it was at the scan"), "{note}");
    std::fs::remove_file(home.path("own.toml")).unwrap();
    let (trusted, note) = verdict(&[]);
    assert_eq!(trusted, "trusted");
    assert!(note.contains("own.toml: cannot be read") && note.lines().count() == 1, "{note}");
    assert!(note.contains("name it with --profile FILE"), "{note}");
    home.write("moved/own.toml", &profile);
    home.write("moved/root.pem", authority.root_pem());
    let moved = home.path("moved/own.toml");
    assert_eq!(verdict(&["--profile", moved.to_str().unwrap()]), ("trusted".into(), String::new()));
    std::fs::remove_file(home.path("root.pem")).unwrap();
    let done = home.expect(2, &["report"]);
    assert!(done.err.contains("root.pem") && done.err.contains("give `mozilla`"), "{}", done.err);
}

#[test]
fn an_endpoint_of_a_range_that_is_silent_twice_in_a_row_is_a_finding_until_it_is_back() {
    let stage = Stage::new();
    let home = Home::new();
    let authority = authority();
    let identity = authority.issue(&Leaf::new("a.test")).unwrap();
    write_profile(&home, "own", &authority.root_pem(), &[stage.network(0, 30)]);
    let ports = stage.ports();
    let host = stage.tls(1, &identity);
    scan(&home, 0, &["--ports", &ports]);
    drop(host);
    wait_until_gone(&stage, 1);
    let open = || told(&home.json(&["findings", "list", "-f", "json"]));
    // Once is an accident.
    scan(&home, 0, &["--ports", &ports, "--fail-on", "medium"]);
    assert_eq!(open(), Vec::<String>::new());
    // The stream says so too, before the scan has ended.
    let lines = scan(&home, 1, &["--ports", &ports, "--fail-on", "medium", "-f", "jsonl"]);
    let silent: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(silent["findings"][0]["id"], "scan.unreachable");
    assert_eq!(open(), ["1: scan.unreachable, medium, open"]);
    scan(&home, 0, &["--ports", &ports]);
    assert_eq!(open(), ["1: scan.unreachable, medium, open"]);
    let _back = stage.tls(1, &identity);
    scan(&home, 0, &["--ports", &ports]);
    assert_eq!(open(), Vec::<String>::new());
}
