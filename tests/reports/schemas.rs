//! Published schemas and the consumers that are built on them take what is written, hostile text included.

use std::path::{Path, PathBuf};
use std::process::Command;

use certvigil::estate::Leaf;

use crate::support::program::Home;
use crate::support::stage::Stage;
use crate::support::{authority, program, unpacked};

/// Reports that other tests hold, of ordinary, inspected and hostile estates.
fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/golden").join(name)
}

fn validate(kind: &str, files: &[PathBuf]) -> std::process::Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reports/validate.py");
    Command::new(unpacked("reports/bin/python")).arg(script).arg(kind).args(files).output().unwrap()
}

fn check(kind: &str, files: &[PathBuf]) {
    let output = validate(kind, files);
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
}

/// A home with a scan of two real hosts: one that is fine, one with a name that does not fit, and a dead one.
fn scanned() -> (Home, Stage) {
    let (home, stage, authority) = (Home::new(), Stage::new(), authority());
    home.write("root.pem", authority.root_pem());
    let fine = stage.tls(1, &authority.issue(&Leaf::new("a.test")).unwrap());
    let other = stage.tls(2, &authority.issue(&Leaf::new("b.test")).unwrap());
    home.write(
        "hosts.txt",
        format!("# ours\n{}\n{}\n{}\n", stage.target(1), stage.target(2), stage.target(9)),
    );
    let arguments =
        ["scan", "--targets", "hosts.txt", "--trust", "root.pem", "--rate", "max", "--fail-on", "none"];
    home.expect(0, &arguments);
    drop((fine, other));
    (home, stage)
}

fn report(home: &Home, format: &str, name: &str) -> PathBuf {
    home.expect(0, &["report", "-f", format, "-o", name]);
    home.path(name)
}

#[test]
fn a_bill_of_materials_is_as_the_schema_of_cyclonedx_1_6_says() {
    let (home, _stage) = scanned();
    let file = report(&home, "cbom", "report.cbom.json");
    let bom: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let kinds = |kind: &str| {
        let all = bom["components"].as_array().unwrap().iter();
        all.filter(|one| one["cryptoProperties"]["assetType"] == kind).count()
    };
    assert_eq!(kinds("protocol"), 2);
    assert!(kinds("certificate") >= 2 && kinds("related-crypto-material") >= 2 && kinds("algorithm") >= 2);
    check("cyclonedx", &[file, golden("report-hostile.cbom.json"), golden("report-inspected.cbom.json")]);
    // The check sees faults.
    let spoilt =
        std::fs::read_to_string(golden("report-hostile.cbom.json")).unwrap().replace("\"protocol\"", "\"x\"");
    let spoilt = PathBuf::from(home.write("spoilt.json", spoilt));
    assert!(!validate("cyclonedx", &[spoilt]).status.success());
}

#[test]
fn a_sarif_log_is_as_its_schema_says_and_leads_to_the_line_of_the_target() {
    let (home, stage) = scanned();
    let file = report(&home, "sarif", "report.sarif");
    let log: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let dead = results.iter().find(|one| one["ruleId"] == "scan.not_measured").unwrap();
    let place = &dead["locations"][0]["physicalLocation"];
    assert_eq!(
        (&place["artifactLocation"]["uri"], &place["region"]["startLine"]),
        (&"hosts.txt".into(), &4.into())
    );
    let logical = &dead["locations"][0]["logicalLocations"][0]["fullyQualifiedName"];
    assert_eq!(logical, format!("tls://{}", stage.target(9)).as_str());
    check("sarif", &[file.clone(), golden("report.sarif.json"), golden("report-hostile.sarif.json")]);
    let spoilt = std::fs::read_to_string(&file).unwrap().replace("\"ruleId\"", "\"rule\"");
    assert!(!validate("sarif", &[PathBuf::from(home.write("spoilt.sarif", spoilt))]).status.success());
    // Microsoft's own reader counts what we wrote.
    let summary = Command::new(unpacked("reports/bin/sarif")).arg("summary").arg(&file).output().unwrap();
    let text = String::from_utf8_lossy(&summary.stdout);
    assert!(
        summary.status.success() && text.contains("error: ") && text.contains("scan.not_measured"),
        "{text}"
    );
}

#[test]
fn junit_is_as_the_schema_of_jenkins_says() {
    let (home, _stage) = scanned();
    let file = report(&home, "junit", "report.xml");
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text.matches("<testsuite ").count(), 3);
    assert_eq!(text.matches("<error ").count(), 1, "{text}");
    let check = |files: &[PathBuf]| {
        let mut xmllint = Command::new(program("xmllint", "libxml2-utils"));
        xmllint
            .arg("--noout")
            .arg("--schema")
            .arg(unpacked("reports/junit-10.xsd"))
            .args(files)
            .output()
            .unwrap()
    };
    let done = check(&[file.clone(), golden("report.junit.xml"), golden("report-hostile.junit.xml")]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let spoilt = home.write("spoilt.xml", text.replace("<testcase ", "<case "));
    assert!(!check(&[PathBuf::from(spoilt)]).status.success());
}

#[test]
fn a_plugin_exits_as_monitoring_systems_expect() {
    let (home, _stage) = scanned();
    let critical = home.expect(2, &["report", "-f", "nagios"]);
    assert!(critical.out.starts_with("CERTVIGIL CRITICAL - "), "{}", critical.out);
    assert_eq!(critical.out.lines().count(), 1);
    assert!(critical.out.contains(" failed=1;;;0 "), "{}", critical.out);
    // What cannot be checked is unknown, and the monitoring system reads why.
    let empty = Home::new();
    let unknown = empty.expect(3, &["report", "-f", "nagios"]);
    assert!(unknown.out.starts_with("CERTVIGIL UNKNOWN - "), "{}", unknown.out);
    let usage = empty.expect(3, &["report", "-f", "nagios", "--no-such-flag"]);
    assert_eq!(usage.out, "CERTVIGIL UNKNOWN - wrong usage\n");
    assert_eq!(empty.run(&["report", "--no-such-flag"]).code, Some(2));
    let (stage, authority) = (Stage::new(), authority());
    let root = empty.write("root.pem", authority.root_pem());
    let _host = stage.tls(1, &authority.issue(&Leaf::new(&stage.address(1).to_string())).unwrap());
    let fine = empty.expect(0, &["scan", &stage.target(1), "--trust", &root, "-f", "nagios", "--no-store"]);
    assert!(fine.out.starts_with("CERTVIGIL OK - no open finding on 1 endpoint"), "{}", fine.out);
}
