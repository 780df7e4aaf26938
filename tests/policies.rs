//! Policies by the built program: judged on real servers and on files, shown, explained, checked, simulated.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by a panic")]

mod support;

use certvigil::estate::{Leaf, LeafKey};
use serde_json::Value;
use support::authority;
use support::nginx::Nginx;
use support::program::Home;

/// A policy's verdict on the first endpoint.
fn verdict<'a>(report: &'a Value, policy: &str) -> &'a Value {
    let schema = support::schema::schema();
    assert_eq!(support::schema::fault(&schema, &schema, report, "report"), None);
    let policies = report["endpoints"][0]["policies"].as_array().unwrap();
    policies.iter().find(|one| one["name"] == policy).unwrap_or_else(|| panic!("no {policy}: {policies:?}"))
}

fn rule<'a>(verdict: &'a Value, id: &str) -> &'a Value {
    verdict["rules"].as_array().unwrap().iter().find(|rule| rule["rule"] == id).unwrap()
}

const OWN: &str = "[policy]\nname = \"own\"\nversion = \"1\"\nsource = \"house rules\"\nstatus = \"final\"\n\
    extends = \"mozilla-6.0-intermediate\"\ndrop = [\"MOZ-CURVES\", \"MOZ-SUITES\"]\n\
    [scope]\nnetworks = [\"127.0.0.0/8\"]\n\
    [[rule]]\nid = \"OWN-RSA\"\ntext = \"RSA keys of 3072 bits\"\napplies = \"certificate.public_key\"\n\
    when = { algorithm = \"RSA\" }\nrequire = { min_bits = 3072 }\nlevel = \"must\"\nseverity = \"high\"\n\
    source = \"house rules 1\"\nremedy = \"Make a longer one.\"\n\
    [[exception]]\nrule = \"MOZ-VERSIONS\"\nwhere = { networks = [\"127.0.0.0/8\"] }\nreason = \"old till\"\n\
    by = \"ciso\"\nuntil = \"2999-01-01\"\n\
    [[exception]]\nrule = \"OWN-RSA\"\nwhere = { networks = [\"127.0.0.0/8\"] }\nreason = \"new key ordered\"\n\
    by = \"ciso\"\nuntil = \"2020-01-01\"\n";

#[test]
fn a_real_server_is_judged_under_several_policies_at_once() {
    let authority = authority();
    let rsa = authority.issue(&Leaf::new("a.test").key(LeafKey::Rsa2048)).unwrap();
    let nginx = Nginx::legacy(&rsa).start();
    let home = Home::new();
    let root = home.write("root.pem", authority.root_pem());
    let own = home.write("own.toml", OWN);
    let target = nginx.address.to_string();
    let scan = [
        "scan",
        &target,
        "--depth",
        "deep",
        "--trust",
        &root,
        "--fail-on",
        "none",
        "--policy",
        "mozilla-6.0-modern",
        "--policy",
        "cnsa-2.0",
        "--policy",
        &own,
        "-f",
        "json",
    ];
    let report = home.json(&scan);
    let names: Vec<&str> = report["policies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|policy| policy["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["certvigil-default", "mozilla-6.0-modern", "cnsa-2.0", "own"]);

    let modern = verdict(&report, "mozilla-6.0-modern");
    assert_eq!(modern["verdict"], "fail");
    let versions = rule(modern, "MOZ-VERSIONS");
    assert_eq!(versions["verdict"], "fail");
    let reason = versions["reason"].as_str().unwrap();
    assert!(reason.contains("TLSv1.0, TLSv1.1 and TLSv1.2; allowed is TLSv1.3"), "{reason}");
    assert_eq!(rule(modern, "MOZ-CERT-TYPE")["verdict"], "fail");
    assert_eq!(rule(verdict(&report, "cnsa-2.0"), "CNSA-RSA-SIZE")["verdict"], "fail");

    let own = verdict(&report, "own");
    assert_eq!(rule(own, "MOZ-VERSIONS")["verdict"], "excepted");
    // That exception has ended.
    assert_eq!(own["failed"], serde_json::json!(["OWN-RSA"]), "{own}");
    let reason = rule(own, "OWN-RSA")["reason"].as_str().unwrap();
    assert!(reason.contains("an RSA key of 2048 bits; at least 3072 bits are asked for"), "{reason}");

    // The record is judged anew, under other policies, in each form.
    let table = home.expect(0, &["report", "--policy", "own.toml", "--policy", "nist-131a"]).out;
    assert!(table.contains("fails own") && table.contains("OWN-RSA: "), "{table}");
    let kept = home.json(&["report", "--policy", "nist-131a", "-f", "json"]);
    assert_eq!(verdict(&kept, "nist-131a")["verdict"], "pass");
    assert_eq!(rule(verdict(&kept, "nist-131a"), "NIST-131A-R3-RSA")["verdict"], "warn");

    let simulated = home.json(&["policy", "simulate", "own.toml", "-f", "json"]);
    assert_eq!((&simulated["endpoints"], &simulated["fail"]), (&1.into(), &1.into()), "{simulated}");
    assert_eq!(simulated["rules"][0]["rule"], "OWN-RSA");
    assert_eq!(simulated["worst"][0]["failed"], serde_json::json!(["OWN-RSA"]));
    let elsewhere = home.write(
        "elsewhere.toml",
        OWN.replace("[scope]\nnetworks = [\"127.0.0.0/8\"]", "[scope]\nnetworks = [\"10.0.0.0/8\"]"),
    );
    let outside = home.json(&["policy", "simulate", &elsewhere, "-f", "json"]);
    assert_eq!((&outside["out_of_scope"], &outside["fail"]), (&1.into(), &0.into()));
}

#[test]
fn at_standard_depth_what_was_not_looked_at_is_not_determined() {
    let authority = authority();
    let nginx = Nginx::modern(vec![&authority.issue(&Leaf::new("a.test")).unwrap()]).start();
    let home = Home::new();
    let profile = home.write("web.toml", "policies = [\"mozilla-6.0-intermediate\"]\nfail_on = \"none\"\n");
    let report =
        home.json(&["scan", &nginx.address.to_string(), "--no-store", "--profile", &profile, "-f", "json"]);
    let verdict = verdict(&report, "mozilla-6.0-intermediate");
    assert_eq!(verdict["verdict"], "not_determined", "{verdict}");
    let suites = rule(verdict, "MOZ-SUITES-TLS13");
    assert_eq!(suites["verdict"], "not_determined");
    assert!(suites["reason"].as_str().unwrap().contains("deep inspection does"));
    assert_eq!(rule(verdict, "MOZ-CERT-CURVE")["verdict"], "pass");
}

#[test]
fn files_are_judged_under_policies_and_the_exit_code_is_that_of_the_findings() {
    let authority = authority();
    let home = Home::new();
    let root = home.write("root.pem", authority.root_pem());
    let chain = home.write("chain.pem", authority.issue(&Leaf::new("a.test")).unwrap().chain_pem());
    let own = home.write(
        "own.toml",
        OWN.replace("extends = \"mozilla-6.0-intermediate\"\ndrop = [\"MOZ-CURVES\", \"MOZ-SUITES\"]\n", "")
            .replace("\"RSA\" }", "\"EC\" }")
            .replace("MOZ-VERSIONS", "OWN-RSA")
            .replace("[scope]\nnetworks = [\"127.0.0.0/8\"]\n", ""),
    );
    let report = home.json(&["inspect", &chain, "--trust", &root, "--policy", &own, "-f", "json"]);
    let verdict = verdict(&report, "own");
    assert_eq!((&verdict["verdict"], &verdict["failed"]), (&"fail".into(), &serde_json::json!(["OWN-RSA"])));
}

#[test]
fn policies_are_listed_shown_explained_and_checked() {
    let home = Home::new();
    let list = home.json(&["policy", "list", "-f", "json"]);
    assert!(list["policies"].as_array().unwrap().iter().any(|policy| policy["status"] == "draft"));
    home.write("own.toml", OWN);
    let shown = home.json(&["policy", "show", "own.toml", "-f", "json"]);
    let inherited = |rule: &&Value| rule["inherited_from"] == "mozilla-6.0-intermediate";
    let rules = shown["rules"].as_array().unwrap();
    assert_eq!(rules.iter().filter(inherited).count() + 1, rules.len());
    let checked = home.expect(0, &["policy", "check", "own.toml"]).out;
    assert!(checked.contains("own 1 is in order") && checked.contains("ended on 2020-01-01"), "{checked}");
    let explained = home.expect(0, &["policy", "explain", "bsi-rsa-min"]).out;
    assert!(explained.contains("at least 3000 bits") && explained.contains("2024-01-01"), "{explained}");
    assert!(home.expect(0, &["policy", "explain", "sig.sha1"]).out.contains("pci-dss-4.0.1"));
    assert!(home.expect(2, &["policy", "explain", "NOPE"]).err.contains("no policy has a rule `NOPE`"));
}

#[test]
fn a_wrong_file_is_told_before_anything_is_scanned() {
    let home = Home::new();
    home.write("own.toml", OWN.replace("min_bits", "least_bits"));
    for arguments in [
        &["policy", "check", "own.toml"][..],
        &["scan", "127.0.0.1:9", "--dry-run", "--policy", "own.toml"],
        &["inspect", "own.toml", "--policy", "own.toml"],
    ] {
        let done = home.expect(2, arguments);
        assert!(done.err.contains("own.toml:15: unknown field `least_bits`"), "{}", done.err);
    }
    let twice = home.write("other.toml", OWN);
    home.write("own.toml", OWN);
    let done =
        home.expect(2, &["scan", "127.0.0.1:9", "--dry-run", "--policy", "own.toml", "--policy", &twice]);
    assert!(done.err.contains("two policies are called `own`"), "{}", done.err);
    let unknown = home.expect(2, &["scan", "127.0.0.1:9", "--policy", "mozilla"]).err;
    assert!(unknown.contains("built in are mozilla-6.0-modern"), "{unknown}");
}
