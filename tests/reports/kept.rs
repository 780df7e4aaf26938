//! Reports on the past: made again they are the same, signed they are verified, over a time they add up.

use std::process::Command;

use certvigil::estate::Leaf;

use crate::support::program::Home;
use crate::support::stage::Stage;
use crate::support::{authority, program};

/// A home with a profile, watched twice: a host that goes, one with another certificate, one that stays, one that comes.
struct Watched {
    home: Home,
    stage: Stage,
    /// Between the first scan and the second.
    between: String,
}

const OWNERS: &str = "[[owner]]\nnetworks = [\"127.0.0.0/8\"]\nowner = \"web\"\npurpose = \"card payments\"\n\
    reviewer = \"ada\"\nreviewed = \"2026-06-01\"\n";

fn now() -> String {
    use certvigil::clock::{Clock as _, SystemClock};
    SystemClock.now().to_string()
}

/// Waits for the next second: what happens then is later by the record's own measure.
fn next_second() -> String {
    let before = now();
    crate::support::program::within("the next second", || Some(now()).filter(|now| *now != before))
}

fn watched() -> Watched {
    let (home, stage, authority) = (Home::new(), Stage::new(), authority());
    home.write("root.pem", authority.root_pem());
    let tls = |last, name: &str| stage.tls(last, &authority.issue(&Leaf::new(name)).unwrap());
    let targets: Vec<String> = [1, 2, 3, 4].map(|last| format!("\"{}\"", stage.target(last))).to_vec();
    let profile = format!(
        "targets = [{}]\ntrust = [\"root.pem\"]\n{OWNERS}[pace]\nrate = \"max\"\n",
        targets.join(",")
    );
    home.write("web.toml", profile);
    let scan = || home.expect(0, &["scan", "--profile", "web.toml", "--fail-on", "none"]);
    let own = |last: u8| stage.address(last).to_string();
    let hosts = (tls(1, &own(1)), tls(2, "other.test"), tls(3, "other.test"));
    scan();
    let between = next_second();
    next_second();
    drop(hosts.1);
    crate::support::program::within("a host to leave", || {
        std::net::TcpStream::connect(stage.at(2)).err().map(drop)
    });
    let _mended = tls(2, &own(2));
    let _came = tls(4, &own(4));
    drop(hosts.0);
    scan();
    Watched { home, stage, between }
}

fn bytes(home: &Home, arguments: &[&str]) -> Vec<u8> {
    let mut all = vec!["report", "--profile", "web.toml", "-o", "made"];
    all.extend(arguments);
    home.expect(0, &all);
    std::fs::read(home.path("made")).unwrap()
}

#[test]
fn a_report_on_a_past_time_is_the_same_when_it_is_made_again() {
    let Watched { home, between, .. } = watched();
    for format in ["json", "html", "cbom", "sarif", "junit", "csv"] {
        let arguments = ["--at", &between, "-f", format];
        let first = bytes(&home, &arguments);
        next_second();
        assert!(first == bytes(&home, &arguments), "{format}");
    }
    let first: serde_json::Value =
        serde_json::from_slice(&bytes(&home, &["--at", &between, "-f", "json"])).unwrap();
    let latest: serde_json::Value = serde_json::from_slice(&bytes(&home, &["-f", "json"])).unwrap();
    assert_ne!(first["scan"]["id"], latest["scan"]["id"], "the scan is the last one by then");
    assert_eq!(first["generated_at"], between.as_str());
    // A third scan changes nothing of the past.
    let before = bytes(&home, &["--at", &between, "-f", "json"]);
    home.expect(0, &["scan", "--profile", "web.toml", "--fail-on", "none"]);
    let after = bytes(&home, &["--at", &between, "-f", "json"]);
    assert!(before == after, "{}\n{}", String::from_utf8_lossy(&before), String::from_utf8_lossy(&after));
    let page = String::from_utf8(bytes(&home, &["--at", &between, "-f", "html"])).unwrap();
    let hash = certvigil::x509::Fingerprint::of(&after).to_string();
    assert!(page.contains(&hash), "the page tells the hash of the JSON report");
    let early = home.expect(2, &["report", "--at", "2020-01-01", "-f", "json"]);
    assert!(early.err.contains("no scan had ended by 2020-01-01"), "{}", early.err);
}

#[test]
fn openssl_verifies_a_signed_report() {
    let Watched { home, .. } = watched();
    let openssl = |arguments: &[&str]| {
        let mut command = Command::new(program("openssl", "openssl"));
        command.args(arguments);
        home.dress(&mut command);
        command.output().unwrap()
    };
    assert!(openssl(&["genpkey", "-algorithm", "ed25519", "-out", "key.pem"]).status.success());
    assert!(openssl(&["pkey", "-in", "key.pem", "-pubout", "-out", "public.pem"]).status.success());
    let done = home.expect(0, &["report", "-f", "json", "-o", "report.json", "--sign", "key.pem"]);
    assert!(done.err.contains("signed: report.json.sig"), "{}", done.err);
    let verify = || {
        let pkeyutl = ["pkeyutl", "-verify", "-pubin", "-inkey", "public.pem", "-rawin"];
        openssl(&[&pkeyutl[..], &["-in", "report.json", "-sigfile", "report.json.sig"]].concat())
    };
    let verified = verify();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    let text = std::fs::read_to_string(home.path("report.json")).unwrap();
    home.write("report.json", text.replacen("complete", "Complete", 1));
    assert!(!verify().status.success(), "one letter is another report");
    let none = home.expect(2, &["report", "-f", "json", "--sign", "key.pem"]);
    assert!(none.err.contains("--output"), "{}", none.err);
    let wrong = home.expect(2, &["report", "-o", "x", "--sign", "public.pem"]);
    assert!(wrong.err.contains("openssl genpkey -algorithm ed25519"), "{}", wrong.err);
    assert!(!home.path("x").exists(), "a key that cannot be used is told before anything is written");
}

#[test]
fn an_inventory_that_was_kept_adds_up() {
    let Watched { home, stage, between } = watched();
    let to = next_second();
    let report = home.json(&["report", "--from", &between, "--to", &to, "-f", "json"]);
    let balance = |key: &str| {
        let one = &report[key];
        ["at_from", "came", "went", "at_to"].map(|key| one[key].as_i64().unwrap())
    };
    for key in ["endpoints", "certificates", "findings"] {
        let [at_from, came, went, at_to] = balance(key);
        assert_eq!(at_from + came - went, at_to, "{key}");
    }
    // One host left, one came, one has another certificate.
    assert_eq!(balance("endpoints"), [3, 1, 1, 3]);
    assert_eq!((&report["replaced"], &report["scans"]["complete"]), (&1.into(), &1.into()));
    let closed = report["findings_closed"].as_array().unwrap();
    let came = format!("{}/scan.not_measured", stage.target(4));
    assert!(closed.iter().any(|finding| finding["key"] == came.as_str()), "{report:#}");
    let high =
        &report["time_to_close"].as_array().unwrap().iter().find(|one| one["severity"] == "high").unwrap();
    assert!(high["median_seconds"].as_i64().unwrap() >= 1, "{high}");
    let table = home.expect(0, &["report", "--from", &between, "--to", &to]).out;
    assert!(table.contains("HALF WITHIN") && table.contains("endpoints"), "{table}");
    home.expect(0, &["report", "--from", &between, "--to", &to, "-f", "html", "-o", "kept.html"]);
    assert!(std::fs::read_to_string(home.path("kept.html")).unwrap().contains("Findings, opened and closed"));
    let usage = home.expect(2, &["report", "--from", &to, "--to", &between]);
    assert!(usage.err.contains("is not before"), "{}", usage.err);
}

#[test]
fn a_register_has_what_the_profile_says_of_each_place() {
    let Watched { home, .. } = watched();
    let csv = String::from_utf8(bytes(&home, &["--view", "pci", "-f", "csv"])).unwrap();
    assert_eq!(csv.lines().count(), 4, "{csv}");
    assert!(
        csv.lines().skip(1).all(|line| line.contains("card payments,web,ada,2026-06-01,2027-06-02")),
        "{csv}"
    );
    let page = String::from_utf8(bytes(&home, &["--view", "dora", "-f", "html"])).unwrap();
    assert!(page.contains("article 7(4)") && page.contains("card payments"), "{page}");
    assert!(home.expect(2, &["report", "--view", "pci"]).err.contains("add -f html or -f csv"));
}
