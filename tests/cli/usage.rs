//! Bad input: one clear line that names the place and the remedy, exit code 2, and nothing made or lost.

use certvigil::x509::Fingerprint;

use crate::support::program::Home;

/// The one line on standard error after the plan, if there is one.
fn complaint(home: &Home, arguments: &[&str]) -> String {
    let done = home.expect(2, arguments);
    assert_eq!(done.out, "", "{arguments:?}");
    let lines: Vec<&str> = done.err.lines().filter(|line| !line.contains(" in flight")).collect();
    assert_eq!(lines.len(), 1, "{arguments:?}: {}", done.err);
    assert!(lines[0].starts_with("error: "), "{arguments:?}: {}", lines[0]);
    lines[0].trim_start_matches("error: ").to_owned()
}

#[test]
fn a_target_that_cannot_be_read_says_why() {
    let home = Home::new();
    for (arguments, expected) in [
        (&["bad host"][..], "argument 1: `bad host` is not a target: it holds a blank"),
        (
            &["a.test", "10.0.0.0/33"],
            "argument 2: `10.0.0.0/33` is not a target: an IPv4 prefix is 0 to 32 bits",
        ),
        (&["a.test:0"], "`a.test:0` is not a target: a port is a number from 1 to 65535"),
        (&["127.0.0.1:99999"], "a port is a number from 1 to 65535"),
        (&["127.0.0.9-127.0.0.1"], "the range runs backwards; did you mean 127.0.0.1-127.0.0.9?"),
        (&["127.0.0.1", "--ports", "0"], "ports `0`: a port is a number from 1 to 65535"),
        (&["127.0.0.1", "--ports", "99999"], "ports `99999`: a port is a number from 1 to 65535"),
        (&["127.0.0.1", "--ports", "9010-9000"], "the range runs backwards; did you mean 9000-9010?"),
        (&["127.0.0.1", "--exclude", "10.0.0.0/64"], "`10.0.0.0/64` is not an exclusion"),
        (&["http://a.test"], "http:// speaks without TLS; did you mean https://a.test?"),
        (&["127.0.0.1", "--sni", "a b"], "`a b` is not a host name"),
        (&[], "no targets: name hosts, addresses or networks"),
    ] {
        let line = complaint(&home, &[&["scan"], arguments].concat());
        assert!(line.contains(expected), "{line}");
    }
    let hosts = home.write("hosts", "a.test\n\n# all\nb.test:x\n");
    let line = complaint(&home, &["scan", "--targets", &hosts]);
    assert!(line.contains(&format!("{hosts}:4: `b.test:x` is not a target")), "{line}");
    let line = complaint(&home, &["scan", "a.test\u{1b}[31m"]);
    assert!(!line.contains('\u{1b}'), "{line}");
    assert!(!home.store().exists());
}

#[test]
fn a_profile_that_cannot_be_used_names_file_and_line() {
    let home = Home::new();
    let line = complaint(&home, &["scan", "a.test", "--profile", "nosuch"]);
    assert!(line.contains("`nosuch` is not known; built in are quick, web, internal, mail, deep"), "{line}");
    let profile = home.write("own.toml", "ports = \"443\"\n\nprots = \"1\"\n");
    let line = complaint(&home, &["scan", "a.test", "--profile", &profile]);
    assert!(line.contains(&format!("{profile}:3: unknown field `prots`")), "{line}");
    let settings = home.write("settings.toml", "stroe = \"x\"\n");
    let line = complaint(&home, &["report", "--config", &settings]);
    assert!(line.contains(&format!("{settings}:1: unknown field `stroe`")), "{line}");
}

#[test]
fn a_file_that_cannot_be_read_is_named_once() {
    let home = Home::new();
    let binary = home.write("binary.pem", [0_u8; 64]);
    let no_certificate =
        home.write("text.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    let folder = home.path("");
    let folder = folder.to_str().unwrap();
    for (arguments, place) in [
        (&["scan", "@/nowhere/hosts"][..], "/nowhere/hosts"),
        (&["scan", "--targets", "/nowhere/hosts"], "/nowhere/hosts"),
        (&["scan", "a.test", "--exclude-file", "/nowhere/hosts"], "/nowhere/hosts"),
        (&["scan", "--profile", "/nowhere/own.toml"], "/nowhere/own.toml"),
        (&["--config", "/nowhere/certvigil.toml", "report"], "/nowhere/certvigil.toml"),
        (&["scan", "a.test", "--trust", "/nowhere/ca.pem"], "/nowhere/ca.pem"),
        (&["scan", "a.test", "--trust", "mozila"], "give `mozilla`, `system`, or a file"),
        (&["scan", "a.test", "--trust", &binary], "binary.pem"),
        (&["scan", "a.test", "--trust", &no_certificate], "text.pem"),
        (&["scan", "a.test", "--trust", folder], folder),
        (&["inspect", "/nowhere/chain.pem"], "/nowhere/chain.pem"),
        (&["restore", "/nowhere/backup"], "/nowhere/backup"),
    ] {
        let line = complaint(&home, arguments);
        assert!(line.contains(place), "{line}");
        assert!(line.matches("(os error").count() <= 1, "said twice: {line}");
    }
    assert!(!home.store().exists());
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let home = Home::new();
    let folder = home.path("");
    let folder = folder.to_str().unwrap();
    for format in ["table", "json", "jsonl", "csv"] {
        let line = complaint(&home, &["scan", "127.0.0.1:9", "-f", format, "-o", "/nowhere/report"]);
        assert!(line.starts_with("/nowhere/report: cannot be written: No such file or directory"), "{line}");
        assert!(line.ends_with("give another path with -o"), "{line}");
        let line = complaint(&home, &["inspect", "x.pem", "-f", format, "-o", folder]);
        assert!(line.contains("cannot be written") && line.contains("folder") || format == "jsonl", "{line}");
    }
    assert!(!home.store().exists());
    let file = home.write("file", "");
    let line = complaint(&home, &["scan", "127.0.0.1:9", "--store", &format!("{file}/below/store")]);
    assert!(line.contains("name another place with --store"), "{line}");
    assert_eq!(line.matches("(os error").count(), 1, "{line}");
    home.run(&["scan", "127.0.0.1:9"]);
    let line = complaint(&home, &["backup", "/nowhere/copy"]);
    assert!(line.starts_with("/nowhere: the backup cannot be written here: No such file"), "{line}");
    let line = complaint(&home, &["scan", "127.0.0.1:9", "--store", "/proc/none/store"]);
    assert!(line.contains("cannot write the store at /proc/none"), "{line}");
}

#[test]
fn a_file_that_is_no_store_is_left_alone() {
    let home = Home::new();
    let text = home.write("notes.txt", "not a store, and longer than any header would be\n");
    for command in [&["scan", "127.0.0.1:9"][..], &["report"], &["doctor"], &["inventory", "list"]] {
        let line = complaint(&home, &[command, &["--store", &text]].concat());
        assert!(
            line.contains("notes.txt is not a certvigil store: name another file with --store"),
            "{line}"
        );
    }
    assert_eq!(std::fs::read_to_string(&text).unwrap().lines().count(), 1);
    assert!(!home.path("notes.txt.lock").exists());
    let line = complaint(&home, &["report"]);
    assert!(line.contains("run a scan first, or name another one with --store"), "{line}");
    assert!(complaint(&home, &["report", "--no-store"]).contains("--no-store keeps nothing"));
}

#[test]
fn a_store_of_a_newer_program_is_refused() {
    let home = Home::new();
    let store = newer_store(&home);
    for command in [&["scan", "127.0.0.1:9"][..], &["report"], &["doctor"], &["backup", "copy"]] {
        let line = complaint(&home, &[command, &["--store", &store]].concat());
        assert!(
            line.contains("has schema version 77, this program knows up to 4: use a newer certvigil"),
            "{line}"
        );
    }
}

/// A store whose schema version is 77: a record of `table tag, key, version, number`, with the start of its SHA-256.
fn newer_store(home: &Home) -> String {
    const META: redb::TableDefinition<'_, &[u8], &[u8]> = redb::TableDefinition::new("meta");
    let (frame, record) = (b"\x01\x06schema", b"\x01\x4d");
    let checksum = Fingerprint::of(&[&frame[..], record].concat());
    let database = redb::Database::create(home.path("newer")).unwrap();
    let transaction = database.begin_write().unwrap();
    let value = [&record[..], &checksum.0[..8]].concat();
    transaction.open_table(META).unwrap().insert(&b"schema"[..], value.as_slice()).unwrap();
    transaction.commit().unwrap();
    home.path("newer").to_str().unwrap().to_owned()
}

#[test]
fn there_must_be_something_to_resume() {
    let home = Home::new();
    let line = complaint(&home, &["scan", "127.0.0.1:9", "--resume"]);
    assert!(
        line.contains("no interrupted scan of these targets is in the record; leave out --resume"),
        "{line}"
    );
    let line = complaint(&home, &["scan", "-", "--resume"]);
    assert!(line.contains("standard input cannot be resumed; give them in a file"), "{line}");
    assert!(complaint(&home, &["scan", "127.0.0.1:9", "--resume", "--no-store"]).contains("--resume"));
}

#[test]
fn a_large_scan_wants_to_be_meant() {
    let home = Home::new();
    let done = home.expect(2, &["scan", "10.0.0.0/8"]);
    assert!(done.err.starts_with("16,777,216 probes, at most 500/s, about 10 h"), "{}", done.err);
    assert!(done.err.contains("more than 1,000,000 probes; say --yes"), "{}", done.err);
    let done =
        home.expect(0, &["scan", "10.0.0.0/8", "2001:db8::/48", "--exclude", "10.1.0.0/16", "--dry-run"]);
    assert!(done.err.contains("1 exclusion") && done.err.lines().count() == 1, "{}", done.err);
    assert_eq!(done.out, "");
    assert!(!home.store().exists());
}

#[test]
fn flags_that_exclude_each_other_are_told() {
    let home = Home::new();
    for arguments in [
        &["report", "--no-store", "--store", "x"][..],
        &["report", "-q", "-v"],
        &["scan", "a.test", "--fail-on-new", "high"],
        &["scan", "a.test", "--rate", "0"],
        &["scan", "a.test", "--timeout", "5"],
        &["scan", "a.test", "--fail-on", "bad"],
        &["frobnicate"],
    ] {
        let done = home.expect(2, arguments);
        assert!(done.err.starts_with("error: ") && done.out.is_empty(), "{arguments:?}: {}", done.err);
    }
}
