//! Where output goes and how it ends: pipes, full disks, colours, quiet, exit codes.

use std::process::Command;

use certvigil::estate::Leaf;

use crate::support::authority;
use crate::support::program::{Home, Running, run};
use crate::support::stage::Stage;

/// A shell that runs the program with `script`, where `$0` is the program.
fn shell(home: &Home, script: &str) -> Command {
    let mut command = Command::new("bash");
    command.args(["-c", script, env!("CARGO_BIN_EXE_certvigil")]);
    home.dress(&mut command);
    command.env("PATH", "/usr/bin:/bin");
    command
}

/// A home whose record holds one scan of a host with a long certificate, so that reports do not fit a pipe's buffer.
fn home_with_a_long_report(stage: &Stage) -> Home {
    let home = Home::new();
    let mut leaf = Leaf::new("a.test");
    leaf.names.extend((0..2_000).map(|number| format!("host-{number}.example.test")));
    let _host = stage.tls(1, &authority().issue(&leaf).unwrap());
    home.expect(1, &["scan", &stage.target(1), "-q"]);
    home
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let stage = Stage::new();
    let home = home_with_a_long_report(&stage);
    for arguments in
        ["report", "report -f json", "report -f jsonl", "report -f csv", "man scan", "completions bash"]
    {
        // The reader is gone before the first byte is written.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let arguments: Vec<&str> = arguments.split(' ').collect();
        let done = Running::start_into(home.command(&arguments), writer.into()).finish();
        assert_eq!((done.code, done.err.as_str()), (Some(0), ""), "{arguments:?}");
    }
    let done = run(shell(&home, "\"$0\" report | head -1; echo ${PIPESTATUS[0]}"));
    assert!(done.out.starts_with("SEVERITY") && done.out.ends_with("\n0\n"), "{}", done.out);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_one_line_with_the_place() {
    let stage = Stage::new();
    let home = home_with_a_long_report(&stage);
    for arguments in
        ["report", "report -f json", "report -f jsonl", "report -f csv", "--help", "man", "inventory list"]
    {
        let done = run(shell(&home, &format!("\"$0\" {arguments} >/dev/full")));
        if arguments == "--help" {
            continue; // the parser prints it
        }
        assert_eq!(done.code, Some(2), "{arguments}");
        let expected = "error: standard output cannot be written: No space left on device (os error 28); give a file with -o\n";
        assert_eq!(done.err, expected, "{arguments}");
    }
    let done = home.expect(2, &["report", "-f", "json", "-o", "/dev/full"]);
    assert!(done.err.starts_with("error: /dev/full: cannot be written: No space left"), "{}", done.err);
}

#[test]
fn a_report_in_a_file_is_whole_or_not_there() {
    let stage = Stage::new();
    let home = home_with_a_long_report(&stage);
    home.write("report.json", "an earlier report");
    // A file may not grow beyond 64 KiB; the signal of it is ignored, so that writing fails.
    let done = run(shell(&home, "trap '' XFSZ; ulimit -f 64; exec \"$0\" report -f json -o report.json"));
    assert_eq!(done.code, Some(2), "{}", done.err);
    assert!(done.err.starts_with("error: report.json: cannot be written: File too large"), "{}", done.err);
    assert_eq!(std::fs::read_to_string(home.path("report.json")).unwrap(), "an earlier report");
    let left: Vec<_> =
        std::fs::read_dir(home.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with(".certvigil-")), "{left:?}");
    home.expect(0, &["report", "-f", "json", "-o", "report.json"]);
    let report: serde_json::Value =
        serde_json::from_slice(&std::fs::read(home.path("report.json")).unwrap()).unwrap();
    assert_eq!(report["schema"], "certvigil.report/v1");
}

#[test]
fn colours_are_for_terminals_or_for_the_asking() {
    let stage = Stage::new();
    let home = home_with_a_long_report(&stage);
    let coloured = |arguments: &[&str], variable: Option<(&str, &str)>| {
        let mut command = home.command(arguments);
        command.envs(variable);
        let done = run(command);
        assert_eq!(done.code, Some(0), "{}", done.err);
        done.out.contains('\u{1b}')
    };
    assert!(!coloured(&["report"], None), "a pipe is no terminal");
    assert!(coloured(&["report", "--color", "always"], None));
    assert!(
        coloured(&["report", "--color", "always"], Some(("NO_COLOR", "1"))),
        "a flag wins over the variable"
    );
    assert!(!coloured(&["report", "--color", "never"], None));
    assert!(!coloured(&["report", "--color", "always", "-f", "json"], None));
    let always = home.expect(0, &["report", "--color", "always"]).out;
    let mut plain = String::new();
    for part in always.split('\u{1b}') {
        plain.push_str(
            part.strip_prefix('[').and_then(|code| code.split_once('m')).map_or(part, |(_, text)| text),
        );
    }
    assert_eq!(plain, home.expect(0, &["report"]).out, "colour never carries the meaning");
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_gets_colours_unless_they_are_refused() {
    let stage = Stage::new();
    let home = home_with_a_long_report(&stage);
    // `script` gives the program a terminal.
    let on_a_terminal = |prefix: &str| {
        let inner = format!("{prefix} {} report", env!("CARGO_BIN_EXE_certvigil"));
        run(shell(&home, &format!("TERM=xterm script -qec '{inner}' /dev/null </dev/null"))).out
    };
    assert!(on_a_terminal("").contains("\u{1b}["));
    assert!(!on_a_terminal("NO_COLOR=1").contains("\u{1b}["));
    assert!(!on_a_terminal("TERM=dumb").contains("\u{1b}["));
    assert!(on_a_terminal("NO_COLOR=").contains("\u{1b}["), "an empty variable is as good as none");
}

#[test]
fn quiet_is_errors_only() {
    let stage = Stage::new();
    let home = Home::new();
    let _host = stage.tls(1, &authority().issue(&Leaf::new("a.test")).unwrap());
    let done = home.expect(1, &["scan", &stage.target(1)]);
    assert!(done.err.contains("1 probe, at most 500/s"), "{}", done.err);
    assert_eq!(home.expect(1, &["scan", &stage.target(1), "-q"]).err, "");
    let done = home.expect(2, &["scan", "a b", "-q"]);
    assert!(done.err.starts_with("error: "), "{}", done.err);
    let done = home.expect(1, &["scan", &stage.target(1), "-v"]);
    assert!(done.err.contains("4 connections: 4 established, 0 refused"), "{}", done.err);
}

#[test]
fn the_exit_code_follows_the_limit() {
    let stage = Stage::new();
    let home = Home::new();
    let authority = authority();
    let root = home.write("root.pem", authority.root_pem());
    let sound = authority.issue(&Leaf::new("a.test")).unwrap();
    let _sound = stage.tls(1, &sound);
    let _low =
        stage.tls(2, &authority.deep_chain(&Leaf::new("a.test"), 4, 0).unwrap().with_chain(|c| c.swap(1, 2)));
    let _medium = stage.tls(3, &authority.self_signed(&Leaf::new("a.test")).unwrap());
    let _high = stage.tls(4, &authority.issue(&Leaf::new("a.test")).unwrap().without_intermediates());
    let _critical =
        stage.tls(5, &authority.issue(&Leaf::new("a.test").valid(-90 * 86_400, -86_400)).unwrap());
    // Without a limit, and with each of them, in the order of severity.
    for (host, expected) in [
        (1, [0, 0, 0, 0, 0, 0, 0]),
        (2, [0, 1, 1, 0, 0, 0, 0]),
        (3, [0, 1, 1, 1, 0, 0, 0]),
        (4, [1, 1, 1, 1, 1, 0, 0]),
        (5, [1, 1, 1, 1, 1, 1, 0]),
    ] {
        let target = stage.target(host);
        let scan = ["scan", "--no-store", "-q", "--depth", "sweep", "--trust", &root, &target];
        home.expect(expected[0], &scan);
        for (limit, code) in ["info", "low", "medium", "high", "critical", "none"].iter().zip(&expected[1..])
        {
            home.expect(*code, &[&scan[..], &["--fail-on", limit]].concat());
        }
    }
    assert!(!home.store().exists());
}

#[test]
fn variables_name_store_and_settings_and_flags_win() {
    let stage = Stage::new();
    let home = Home::new();
    let _host = stage.tls(1, &authority().issue(&Leaf::new("a.test")).unwrap());
    let target = stage.target(1);
    let with = |name: &str, value: &std::path::Path, arguments: &[&str]| {
        let mut command = home.command(arguments);
        command.env(name, value);
        run(command)
    };
    let store = home.path("elsewhere/store");
    assert_eq!(with("CERTVIGIL_STORE", &store, &["scan", &target]).code, Some(1));
    assert!(store.exists() && !home.store().exists());
    assert_eq!(with("CERTVIGIL_STORE", &store, &["report"]).code, Some(0));
    // The variable does not stand in the way of the flag.
    assert_eq!(with("CERTVIGIL_STORE", &home.path("none"), &["scan", &target, "--no-store"]).code, Some(1));
    assert!(!home.path("none").exists());
    home.write("own.toml", "store = \"elsewhere/store\"\nvantage = \"the attic\"\n");
    let done = with("CERTVIGIL_CONFIG", &home.path("own.toml"), &["report"]);
    assert_eq!(done.code, Some(0), "{}", done.err);
    assert_eq!(with("CERTVIGIL_CONFIG", &home.path("own.toml"), &["scan", &target]).code, Some(1));
    let report = with("CERTVIGIL_STORE", &store, &["report", "-f", "json"]).json();
    assert_eq!(report["scan"]["vantage"], "the attic");
}

#[test]
fn the_demonstration_shows_its_faults_and_keeps_nothing() {
    let home = Home::new();
    let done = home.expect(0, &["demo"]);
    assert!(done.err.contains("servers with known faults on this machine's loopback"), "{}", done.err);
    assert!(
        done.out.contains("Certificate has expired") && done.out.contains("\nNext: certvigil scan"),
        "{}",
        done.out
    );
    let report = std::fs::read(home.path("certvigil-demo.json")).unwrap();
    let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
    assert_eq!(report["scan"]["state"], "complete");
    assert!(!home.store().exists());
}

#[test]
fn the_demonstration_stays_up_for_the_asking() {
    let home = Home::new();
    let mut running = Running::start(home.command(&["demo", "--keep", "-o", "demo.json"]));
    while running.line().is_some_and(|line| !line.starts_with("Next: ")) {}
    let report = std::fs::read(home.path("demo.json")).unwrap();
    let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
    let www =
        report["endpoints"].as_array().unwrap().iter().find(|one| one["server_name"] == "www.demo.test");
    let target = format!("{}:{}", www.unwrap()["address"].as_str().unwrap(), www.unwrap()["port"]);
    home.expect(1, &["scan", "--no-store", &target]);
    running.signal(nix::sys::signal::Signal::SIGTERM);
    assert_eq!(running.wait(), Some(0));
}
