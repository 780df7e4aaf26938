//! What may be named as a target, and what is left alone.

use std::fs::File;

use certvigil::estate::{Leaf, TlsHost};

use super::{at, check, list};
use crate::support::authority;
use crate::support::program::{Home, run};
use crate::support::stage::{Stage, name_server};

#[test]
fn names_are_resolved_and_one_that_is_not_is_a_record() {
    let stage = Stage::new();
    let home = Home::new();
    let authority = authority();
    let root = home.write("root.pem", authority.root_pem());
    let _host = stage.tls(1, &authority.issue(&Leaf::new("here.test")).unwrap());
    let resolver = name_server(&[("here.test", stage.address(1))]).to_string();
    let (here, missing) =
        (format!("here.test:{}", stage.port), format!("https://missing.test:{}/a", stage.port));
    let scan = ["scan", "--trust", &root, "--resolver", &resolver, "-f", "json", &here, &missing];
    let report = home.expect(1, &scan).json();
    check(&report);
    assert_eq!(report["scan"]["parameters"]["resolver"], resolver.as_str());
    let found = at(&report, stage.address(1));
    assert_eq!((&found["server_name"], &found["name_match"]), (&"here.test".into(), &true.into()));
    assert_eq!((&found["trust"]["verdict"], &found["findings"]), (&"trusted".into(), &serde_json::json!([])));
    let lost = list(&report, "endpoints").iter().find(|one| one["address"].is_null()).unwrap();
    assert_eq!(lost["target"], missing.as_str());
    assert_eq!(
        (&lost["outcome"]["stage"], &lost["server_name"]),
        (&"resolve".into(), &"missing.test".into())
    );
    assert_eq!(lost["findings"][0]["id"], "scan.not_measured");
    assert_eq!(report["scan"]["counts"]["failures"].as_object().unwrap().len(), 1);
}

#[test]
fn an_address_is_asked_for_every_name() {
    let stage = Stage::new();
    let home = Home::new();
    let authority = authority();
    let mut host = TlsHost::new(authority.issue(&Leaf::new("default.test")).unwrap());
    for name in ["a.test", "b.test"] {
        host.by_name.push((name.to_owned(), vec![authority.issue(&Leaf::new(name)).unwrap()]));
    }
    let _host = stage.host(1, host.role().unwrap());
    let target = stage.target(1);
    let scan = ["scan", "--no-store", "--fail-on", "none", "-f", "json", &target];
    let report = home.json(&[&scan[..], &["--sni", "a.test", "--sni", "b.test"]].concat());
    check(&report);
    let mut served: Vec<String> = list(&report, "endpoints")
        .iter()
        .map(|one| {
            let name = one["server_name"].as_str().unwrap_or("no name");
            let leaf = list(&report, "certificates").iter().find(|c| c["sha256"] == one["presented"][0]);
            format!("{name}: {}, match {}", leaf.unwrap()["subject"].as_str().unwrap(), one["name_match"])
        })
        .collect();
    served.sort();
    let expected = [
        "a.test: CN=a.test, match true",
        "b.test: CN=b.test, match true",
        "no name: CN=default.test, match null",
    ];
    assert_eq!(served, expected);
}

#[test]
fn what_is_excluded_is_never_touched() {
    let stage = Stage::new();
    let home = Home::new();
    let identity = authority().issue(&Leaf::new("a.test")).unwrap();
    let hosts = [1, 2, 6, 9].map(|last| stage.tls(last, &identity));
    let resolver = name_server(&[("excluded.test", stage.address(6)), ("named.test", stage.address(6))]);
    let file = home.write("fragile", format!("{} # printers\n", stage.network(8, 30)));
    let (network, address) = (stage.network(0, 28), stage.address(2).to_string());
    let report = home.json(&[
        "scan",
        "--no-store",
        "--ports",
        &stage.ports(),
        "--rate",
        "max",
        "--fail-on",
        "none",
        "-f",
        "json",
        "--resolver",
        &resolver.to_string(),
        "--exclude",
        &address,
        "--exclude",
        "excluded.test",
        "--exclude-file",
        &file,
        &network,
        &format!("named.test:{}", stage.port),
    ]);
    check(&report);
    let counts = &report["scan"]["counts"];
    assert_eq!(hosts.each_ref().map(|host| host.accepted() > 0), [true, false, false, false], "{counts}");
    assert_eq!((&counts["handshake"], &counts["endpoints"]), (&1.into(), &10.into()), "{counts}");
    assert_eq!(
        counts["excluded"], 7,
        "one, four, and one behind an excluded name, asked for twice: {counts}"
    );
    let exclusions = list(&report["scan"], "exclusions");
    let reasons: Vec<_> = exclusions.iter().map(|one| one["reason"].as_str()).collect();
    assert_eq!(reasons, [None, None, Some("printers")]);
}

#[test]
fn targets_come_from_files_and_standard_input() {
    let stage = Stage::new();
    let home = Home::new();
    let identity = authority().issue(&Leaf::new("a.test")).unwrap();
    let _hosts = [1, 2, 3].map(|last| stage.tls(last, &identity));
    let hosts =
        home.write("hosts", format!("# two\n{}\n\n{}  # the second\n", stage.target(1), stage.target(2)));
    let more = home.write("more", format!("{}\n", stage.target(3)));
    let scan = ["scan", "--no-store", "--fail-on", "none", "-f", "json"];
    let from_file = format!("@{hosts}");
    for arguments in [&[&from_file, "--targets", &more][..], &["--targets", &hosts, "--targets", &more]] {
        let report = home.json(&[&scan[..], arguments].concat());
        check(&report);
        assert_eq!(report["scan"]["counts"]["handshake"], 3);
        assert_eq!(at(&report, stage.address(2))["target"], stage.target(2).as_str());
    }
    let mut command = home.command(&[&scan[..], &["-", "--targets", &more]].concat());
    command.stdin(File::open(&hosts).unwrap());
    let done = run(command);
    assert_eq!(done.code, Some(0), "{}", done.err);
    check(&done.json());
    assert_eq!(done.json()["scan"]["counts"]["handshake"], 3);
    assert!(done.err.contains("probes as they are read"), "{}", done.err);
}
