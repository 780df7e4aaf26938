//! Certificates in files: the forms they come in, the questions asked of them, the exit codes.

use std::process::Command;

use certvigil::estate::{Identity, Leaf};

use crate::support::program::{Home, run};
use crate::support::{authority, program, write_identity};

/// A PKCS#12 file of this identity, made by OpenSSL.
fn pkcs12(home: &Home, identity: &Identity, password: &str) -> String {
    let files = write_identity(&home.path(""), "p12", identity);
    let mut command = Command::new(program("openssl", "openssl"));
    home.dress(&mut command);
    command.args(["pkcs12", "-export", "-out", "chain.p12", "-passout", &format!("pass:{password}")]);
    command.arg("-in").arg(files.chain).arg("-inkey").arg(files.key);
    let done = run(command);
    assert_eq!(done.code, Some(0), "{}", done.err);
    "chain.p12".to_owned()
}

#[test]
fn every_form_of_a_sound_chain_is_fine() {
    let home = Home::new();
    let authority = authority();
    let identity = authority.issue(&Leaf::new("a.test")).unwrap();
    let root = home.write("root.pem", authority.root_pem());
    let bundle = home.write("chain.pem", identity.chain_pem());
    let p12 = pkcs12(&home, &identity, "correct horse");
    home.write("password", "correct horse\n");
    for file in [&["chain.pem"][..], &[&p12, "--password-file", "password"]] {
        let done = home
            .expect(0, &[&["inspect", "--trust", &root, "--name", "a.test", "-f", "json"], file].concat());
        let report = done.json();
        let endpoint = &report["endpoints"][0];
        assert_eq!(endpoint["transport"], "file");
        assert_eq!(endpoint["target"], file[0]);
        assert_eq!(endpoint["outcome"], serde_json::json!({"status": "read"}));
        assert_eq!(endpoint["trust"]["verdict"], "trusted");
        assert_eq!(endpoint["name_match"], true);
        assert_eq!(endpoint["presented"].as_array().unwrap().len(), 2);
        assert_eq!(report["scan"]["counts"]["read"], 1);
        assert_eq!(report["certificates"].as_array().unwrap().len(), 2);
    }
    // One certificate in DER: its issuer is not in the file.
    let der = home.write("leaf.der", &identity.chain[0]);
    let done = home.expect(1, &["inspect", "--trust", &root, &der]);
    assert!(done.out.contains("intermediate") || done.out.contains("Issuer"), "{}", done.out);
    let done = home.expect(0, &["inspect", "--trust", &root, &bundle]);
    assert!(
        done.out.contains("trusted by") && done.out.contains("\nNext: certvigil inspect -f json"),
        "{}",
        done.out
    );
    assert!(!home.store().exists());
}

#[test]
fn time_and_name_are_judged_as_asked() {
    let home = Home::new();
    let authority = authority();
    let root = home.write("root.pem", authority.root_pem());
    let bundle = home.write("chain.pem", authority.issue(&Leaf::new("a.test")).unwrap().chain_pem());
    let inspect = ["inspect", "--trust", &root, &bundle];
    let rules = |arguments: &[&str], code: i32| -> Vec<String> {
        let done = home.expect(code, &[&inspect[..], &["-f", "json"], arguments].concat());
        let report = done.json();
        let findings = report["endpoints"][0]["findings"].as_array().unwrap().clone();
        findings.iter().map(|finding| finding["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(rules(&[], 0), Vec::<String>::new());
    assert!(rules(&["--name", "b.test"], 1).contains(&"trust.name.mismatch".to_owned()));
    assert_eq!(rules(&["--name", "b.test", "--fail-on", "critical"], 0), ["trust.name.mismatch"]);
    assert!(rules(&["--at", "2100-01-01"], 1).contains(&"x509.validity.expired".to_owned()));
    assert!(rules(&["--at", "2001-01-01T00:00:00Z"], 1).contains(&"x509.validity.not_yet_valid".to_owned()));
    let done = home.expect(2, &[&inspect[..], &["--at", "tomorrow"]].concat());
    assert!(done.err.contains("expected a time such as 2026-11-24T09:00:00Z or 2026-11-24"), "{}", done.err);
    let done = home.expect(2, &[&inspect[..], &["--name", "b test"]].concat());
    assert!(done.err.contains("`b test` is not a host name"), "{}", done.err);
}

#[test]
fn what_holds_no_certificate_is_not_fine() {
    let home = Home::new();
    let identity = authority().issue(&Leaf::new("a.test")).unwrap();
    let p12 = pkcs12(&home, &identity, "correct horse");
    let wrong = home.write("wrong", "battery staple\n");
    let garbage = home.write("garbage.pem", "\u{1b}[2J this is no certificate");
    let empty = home.write("empty.pem", "");
    let cut = identity.chain_pem();
    let cut = home.write("cut.pem", &cut[..cut.len() / 3]);
    for (arguments, expected) in [
        (&[p12.as_str(), "--password-file", &wrong][..], "password"),
        (&[&p12], "password"),
        (&[&garbage], "PEM"),
        (&[&empty], "empty"),
        (&[&cut], "END"),
    ] {
        let done = home.expect(1, &[&["inspect"], arguments].concat());
        assert!(done.out.contains(expected), "{arguments:?}: {}", done.out);
        assert!(!done.out.contains('\u{1b}'), "{}", done.out);
        let report = home.run(&[&["inspect", "-f", "json"], arguments].concat()).json();
        let outcome = &report["endpoints"][0]["outcome"];
        assert_eq!(
            (&outcome["status"], &outcome["stage"]),
            (&"failure".into(), &"decode".into()),
            "{outcome}"
        );
        let counts = &report["scan"]["counts"];
        assert_eq!(
            (&counts["read"], &counts["failure"], &counts["endpoints"]),
            (&0.into(), &1.into(), &1.into())
        );
    }
    // One bad file does not hide the others.
    let good = home.write("good.pem", identity.chain_pem());
    let report = home.run(&["inspect", "-f", "json", &good, &garbage]).json();
    assert_eq!(report["endpoints"].as_array().unwrap().len(), 2);
    let done = home.expect(2, &["inspect", &good, "--password-file", "/nowhere/password"]);
    assert!(done.err.contains("/nowhere/password: cannot be read"), "{}", done.err);
}
