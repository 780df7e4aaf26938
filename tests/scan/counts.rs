//! A range with every kind of neighbour: each attempted once, each counted once, in every form of the report.

use certvigil::estate::{Host, Leaf, Role, Script};
use serde_json::Value;

use super::{at, check, list};
use crate::support::authority;
use crate::support::program::Home;
use crate::support::stage::Stage;

/// Sixteen addresses of a range and two named ones: three live, one not TLS, one that hangs, one switched off, the
/// rest refuse.
fn mixed(stage: &Stage) -> (Vec<Host>, [String; 3]) {
    let authority = authority();
    let hosts = vec![
        stage.tls(1, &authority.issue(&Leaf::new("a.test")).unwrap()),
        stage.tls(2, &authority.self_signed(&Leaf::new("b.test")).unwrap()),
        stage.script(3, Script::plain_http()),
        stage.script(4, Script::silent()),
        stage.host(5, Role::Dead),
        stage.tls(21, &authority.issue(&Leaf::new("c.test")).unwrap()),
    ];
    (hosts, [stage.network(0, 28), stage.target(20), stage.target(21)])
}

fn arguments<'a>(ports: &'a str, targets: &'a [String; 3]) -> Vec<&'a str> {
    let mut arguments =
        vec!["scan", "--no-store", "--ports", ports, "--rate", "max", "--timeout", "1s", "--fail-on", "none"];
    arguments.extend(targets.iter().map(String::as_str));
    arguments
}

#[test]
fn every_endpoint_of_a_mixed_range_is_counted_once() {
    let stage = Stage::new();
    let (_hosts, targets) = mixed(&stage);
    let home = Home::new();
    let ports = stage.ports();
    let report = home.json(&[&arguments(&ports, &targets)[..], &["-f", "json"]].concat());
    check(&report);
    let counts = &report["scan"]["counts"];
    for (key, expected) in [
        ("targets", 3),
        ("endpoints", 18),
        ("handshake", 3),
        ("failure", 15),
        ("unlisted", 12),
        ("excluded", 0),
    ] {
        assert_eq!(counts[key], expected, "{key} of {counts}");
    }
    let failures = serde_json::json!({
        "connect.refused": 12, "connect.timeout": 1, "handshake.not_tls": 1, "handshake.timeout": 1
    });
    assert_eq!(counts["failures"], failures);
    // The dead of the range are not listed; the refusing one that was named is, with its finding.
    let named = at(&report, stage.address(20));
    assert_eq!(named["outcome"]["reason"], "refused");
    assert_eq!(named["findings"][0]["id"], "scan.not_measured");
    assert_eq!(at(&report, stage.address(3))["outcome"]["reason"], "not_tls");
    assert_eq!(at(&report, stage.address(4))["outcome"]["stage"], "handshake");
    assert_eq!(at(&report, stage.address(1))["target"], targets[0].as_str());

    let listed = home.json(&[&arguments(&ports, &targets)[..], &["-f", "json", "--list-dead"]].concat());
    check(&listed);
    assert_eq!(list(&listed, "endpoints").len(), 18);
    assert_eq!(at(&listed, stage.address(5))["outcome"]["reason"], "timeout");
    assert_eq!(at(&listed, stage.address(0))["outcome"]["reason"], "refused");
}

#[test]
fn every_form_tells_the_same() {
    let stage = Stage::new();
    let (_hosts, targets) = mixed(&stage);
    let home = Home::new();
    let ports = stage.ports();
    let in_form = |form: &str| home.expect(0, &[&arguments(&ports, &targets)[..], &["-f", form]].concat());

    let lines: Vec<Value> =
        in_form("jsonl").out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of_type = |kind: &str| lines.iter().filter(|line| line["type"] == kind).count();
    let scan = lines.last().unwrap();
    assert_eq!((scan["type"].as_str(), scan["state"].as_str()), (Some("scan"), Some("complete")));
    assert_eq!((of_type("scan"), of_type("endpoint")), (1, 6));
    assert_eq!(of_type("certificate") as u64, scan["counts"]["certificates"].as_u64().unwrap());
    let schema = crate::support::schema::schema();
    for line in lines.iter().filter(|line| line["type"] != "scan") {
        let mut record = line.clone();
        let kind = record.as_object_mut().unwrap().remove("type").unwrap();
        let rule = &schema["$defs"][kind.as_str().unwrap()];
        assert_eq!(crate::support::schema::fault(&schema, rule, &record, "line"), None);
    }

    let rows = in_form("csv").out;
    assert_eq!(rows.lines().count(), 1 + 6);
    assert_eq!(rows.lines().filter(|row| row.contains(",handshake,,,")).count(), 3, "{rows}");

    let table = in_form("table").out;
    for sentence in [
        "6 endpoints: 3 with a chain, 3 without (1 refused, 1 timed out at handshake, 1 not TLS); \
         12 dead addresses not listed.",
        "No certificate was seen: connection refused",
        "Next: the same with -f json -o report.json",
    ] {
        assert!(table.contains(sentence), "{sentence}\n{table}");
    }
}

#[test]
fn an_endpoint_that_was_seen_before_is_listed_when_it_is_dead() {
    let stage = Stage::new();
    let home = Home::new();
    let network = stage.network(0, 29);
    let ports = stage.ports();
    let scan = ["scan", "--ports", &ports, "--rate", "max", "--fail-on", "none", "-f", "json", &network];
    let host = stage.tls(1, &authority().issue(&Leaf::new("a.test")).unwrap());
    assert_eq!(home.json(&scan)["scan"]["counts"]["unlisted"], 7);
    drop(host);
    crate::support::program::within("the host to leave", || std::net::TcpStream::connect(stage.at(1)).err());
    let report = home.json(&scan);
    check(&report);
    assert_eq!(report["scan"]["counts"]["unlisted"], 7);
    assert_eq!(report["scan"]["counts"]["known_not_reached"], 1);
    let dead = at(&report, stage.address(1));
    assert_eq!(dead["findings"][0]["id"], "scan.unreachable");
    // Listing the dead once does not make them known.
    home.json(&[&scan[..], &["--list-dead"]].concat());
    assert_eq!(home.json(&scan)["scan"]["counts"]["unlisted"], 7);
}
