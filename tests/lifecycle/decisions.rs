//! Decisions about findings: acknowledged, silenced, taken back; kept in the record and shown everywhere.

use certvigil::estate::Leaf;
use certvigil::store::{Flow, Options, Store};
use certvigil::time::DAY_SECONDS;
use serde_json::Value;

use super::write_profile;
use crate::support::authority;
use crate::support::program::Home;
use crate::support::stage::Stage;

/// A home with a profile `own` of two hosts, both with an expired certificate, scanned once.
struct Scanned {
    home: Home,
    stage: Stage,
    _hosts: Vec<Box<dyn std::any::Any>>,
}

fn scanned() -> Scanned {
    let (stage, home, authority) = (Stage::new(), Home::new(), authority());
    let leaf = Leaf::new("a.test").valid(-90 * DAY_SECONDS, -DAY_SECONDS);
    let mut hosts: Vec<Box<dyn std::any::Any>> = Vec::new();
    for last in 1..=2 {
        hosts.push(Box::new(stage.tls(last, &authority.issue(&leaf).unwrap())));
    }
    write_profile(&home, "own", &authority.root_pem(), &[stage.target(1), stage.target(2)]);
    let profile = std::fs::read_to_string(home.path("own.toml")).unwrap();
    let first = stage.at(1).ip();
    home.write(
        "own.toml",
        format!("{profile}[[owner]]\nnetworks = [\"{first}/32\"]\nowner = \"payments\"\ntags = [\"shop\"]\n"),
    );
    home.expect(1, &["scan", "--profile", "./own.toml"]);
    Scanned { home, stage, _hosts: hosts }
}

impl Scanned {
    fn scan(&self) {
        self.home.expect(1, &["scan", "--profile", "./own.toml"]);
    }

    fn key(&self, last: u8) -> String {
        format!("{}/x509.validity.expired", self.stage.target(last))
    }

    fn list(&self, more: &[&str]) -> Value {
        self.home.json(&[&["findings", "list", "-f", "json"], more].concat())
    }

    /// The states of the findings, that of the first host first.
    fn states(&self) -> Vec<String> {
        let list = self.list(&[]);
        let state = |last| {
            let key = self.key(last);
            let finding = list["findings"].as_array().unwrap().iter().find(|f| f["key"] == key.as_str());
            finding.unwrap()["state"].as_str().unwrap().to_owned()
        };
        vec![state(1), state(2)]
    }

    /// Actions in the audit log that are about decisions.
    fn decisions(&self) -> Vec<(String, String)> {
        let store =
            Store::open_reader(&self.home.store(), &Options { create: false, ..Options::default() }).unwrap();
        let mut found = Vec::new();
        store
            .audit(1, |entry| {
                let event = entry.event;
                if event.action.starts_with("silence.") || event.action.starts_with("findings.ack") {
                    found.push((event.action, event.detail));
                }
                Flow::Continue(())
            })
            .unwrap();
        found
    }
}

#[test]
fn an_acknowledgement_is_shown_kept_over_scans_and_taken_back() {
    let scanned = scanned();
    let home = &scanned.home;
    let key = scanned.key(1);
    let done = home.expect(0, &["findings", "ack", &key, "--reason", "moves on Friday", "--until", "14d"]);
    assert!(done.err.contains("acknowledged 1 finding, until 20"), "{}", done.err);
    assert!(done.out.contains(&key) && !done.out.contains(&scanned.key(2)), "{}", done.out);
    assert_eq!(scanned.states(), ["acknowledged", "open"]);
    scanned.scan();
    assert_eq!(scanned.states(), ["acknowledged", "open"]);

    let finding = scanned.list(&[&key])["findings"][0].clone();
    assert_eq!(finding["exception"]["reason"], "moves on Friday");
    assert!(
        !finding["exception"]["by"].as_str().unwrap().is_empty() && finding["exception"]["until"].is_string()
    );
    assert_eq!((&finding["owner"], &finding["tags"][0]), (&"payments".into(), &"shop".into()));
    let table = home.expect(0, &["findings", "list"]).out;
    assert!(table.contains("moves on Friday") && table.contains("until 20"), "{table}");
    let report = home.json(&["report", "-f", "json"]);
    let exceptions: Vec<&Value> = report["endpoints"]
        .as_array()
        .unwrap()
        .iter()
        .map(|endpoint| &endpoint["findings"][0]["exception"])
        .filter(|exception| !exception.is_null())
        .collect();
    assert_eq!(exceptions, [&finding["exception"]]);

    home.expect(0, &["findings", "ack", &key, "--undo"]);
    assert_eq!(scanned.states(), ["open", "open"]);
    let actions: Vec<(String, String)> = scanned.decisions();
    assert_eq!(actions.len(), 2, "{actions:?}");
    assert!(actions[0].0 == "findings.acknowledged" && actions[0].1.contains("moves on Friday"));
    assert_eq!(actions[1].0, "findings.acknowledgement_removed");
}

#[test]
fn a_silence_holds_for_what_is_there_and_what_comes_until_it_is_taken_back() {
    let scanned = scanned();
    let home = &scanned.home;
    let silence = |more: &[&str]| {
        let fixed = ["findings", "silence", "--until", "30d", "--reason", "laboratory"];
        home.expect(0, &[&fixed, more].concat())
    };
    let done = silence(&["--owner", "payments", "--max-severity", "critical"]);
    assert!(done.err.contains("silence 1 until 20") && done.err.contains("1 finding now"), "{}", done.err);
    assert!(done.out.contains("certvigil findings silence --undo 1"), "{}", done.out);
    assert_eq!(scanned.states(), ["silenced", "open"]);
    silence(&["--endpoint", "127.*", "--rule", "x509.validity.expired"]);
    assert_eq!(scanned.states(), ["silenced", "silenced"]);
    scanned.scan();
    assert_eq!(scanned.states(), ["silenced", "silenced"]);

    let list = home.json(&["findings", "silence", "--list", "-f", "json"]);
    assert_eq!(list["schema"], "certvigil.silences/v1");
    let first = &list["silences"][0];
    assert_eq!(
        (&first["id"], &first["owner"], &first["active"]),
        (&1.into(), &"payments".into(), &true.into())
    );
    assert!(home.expect(0, &["findings", "silence", "--list"]).out.contains("127.*"));

    // The first host is under both.
    home.expect(0, &["findings", "silence", "--undo", "2"]);
    assert_eq!(scanned.states(), ["silenced", "open"]);
    home.expect(0, &["findings", "silence", "--undo", "1"]);
    assert_eq!(scanned.states(), ["open", "open"]);
    let done = home.expect(2, &["findings", "silence", "--undo", "1"]);
    assert!(done.err.contains("there is no silence 1") && done.err.contains("--list"), "{}", done.err);
    let actions: Vec<String> = scanned.decisions().into_iter().map(|(action, _)| action).collect();
    assert_eq!(actions, ["silence.added", "silence.added", "silence.removed", "silence.removed"]);
}

#[test]
fn nobody_decides_about_everything_or_nothing_by_mistake() {
    let scanned = scanned();
    let home = &scanned.home;
    let refused = |arguments: &[&str], expected: &str| {
        let done = home.expect(2, &[&["findings"], arguments].concat());
        assert!(done.err.contains(expected), "{arguments:?}: {}", done.err);
    };
    let key = scanned.key(1);
    refused(&["ack", "--reason", "x"], "say which findings");
    refused(&["ack", &key], "--reason");
    refused(&["ack", &key, "--reason", ""], "value is required");
    refused(&["ack", &key, "--reason", "x", "--until", "2020-01-01"], "is over");
    refused(&["ack", &key, "--reason", "x", "--until", "soon"], "14d");
    refused(&["ack", &key, "other", "--reason", "x"], "has the key `other`; nothing was changed");
    refused(&["ack", "--owner", "nobody", "--reason", "x"], "no open or acknowledged finding matches");
    refused(&["ack", "--profile", "none", "--reason", "x"], "no scan of profile `none`");
    refused(&["ack", &key, "--undo"], "no acknowledged finding");
    refused(&["silence", "--until", "1d", "--reason", "x"], "say which findings");
    refused(&["silence", &key, "--reason", "x"], "--until");
    refused(&["silence", "--undo", "1", "--owner", "payments"], "cannot be used with");
    refused(&["list", "--rule", "none"], "x509.validity.expiring");
    assert_eq!(scanned.states(), ["open", "open"]);
    assert_eq!(scanned.decisions(), []);
}

#[test]
fn the_list_takes_the_same_conditions() {
    let scanned = scanned();
    let count = |more: &[&str]| scanned.list(more)["total"].as_u64().unwrap();
    assert_eq!(count(&[]), 2);
    assert_eq!(count(&["--owner", "payments"]), 1);
    assert_eq!(count(&["--tag", "shop", "--rule", "x509.validity.expired"]), 1);
    assert_eq!(count(&["--endpoint", &scanned.stage.target(2)]), 1);
    assert_eq!(count(&["--endpoint", "*"]), 2);
    assert_eq!(count(&["--max-severity", "high"]), 0);
    assert_eq!(count(&[&scanned.key(1), &scanned.key(2), "--profile", "own"]), 2);
}
