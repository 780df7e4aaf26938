//! Help, version, completions and manual pages: public text, kept in `fixtures/golden/help/`.

use crate::support::program::{Home, golden};

/// Every command, as its words.
const COMMANDS: &[&str] = &[
    "scan",
    "inspect",
    "report",
    "inventory",
    "inventory list",
    "inventory show",
    "inventory history",
    "inventory diff",
    "inventory readiness",
    "inventory factor",
    "findings",
    "findings list",
    "findings ack",
    "findings silence",
    "policy",
    "policy list",
    "policy show",
    "policy explain",
    "policy check",
    "policy simulate",
    "init",
    "notify",
    "notify test",
    "notify preview",
    "notify outbox",
    "notify outbox list",
    "notify outbox flush",
    "notify outbox drop",
    "demo",
    "doctor",
    "backup",
    "restore",
    "extras",
    "extras timer",
    "completions",
    "man",
];

#[test]
fn the_help_of_every_command_is_what_was_agreed() {
    let home = Home::new();
    golden("help/certvigil.txt", &home.expect(0, &["--help"]).out);
    for command in COMMANDS {
        let mut arguments: Vec<&str> = command.split(' ').collect();
        arguments.push("--help");
        let done = home.expect(0, &arguments);
        assert_eq!(done.err, "", "{command}");
        golden(&format!("help/{}.txt", command.replace(' ', "-")), &done.out);
    }
}

#[test]
fn no_command_is_left_out() {
    let home = Home::new();
    for parent in ["", "inventory", "findings", "notify", "notify outbox", "extras"] {
        let mut arguments: Vec<&str> = parent.split_terminator(' ').collect();
        arguments.push("--help");
        let help = home.expect(0, &arguments).out;
        let listed = help.split("\nCommands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
        for line in listed.lines() {
            let name = line.split_whitespace().next().unwrap();
            let command = format!("{parent} {name}").trim().to_owned();
            assert!(COMMANDS.contains(&command.as_str()), "{command} has no golden help");
        }
    }
}

#[test]
fn help_does_not_depend_on_the_environment() {
    let home = Home::new();
    let mut command = home.command(&["--help"]);
    command.env("CERTVIGIL_STORE", "/private/path").env("CERTVIGIL_CONFIG", "/private/too");
    assert_eq!(crate::support::program::run(command).out, home.expect(0, &["--help"]).out);
}

#[test]
fn a_program_without_a_command_shows_its_help() {
    let home = Home::new();
    for arguments in [&[][..], &["inventory"], &["findings"], &["notify"], &["notify", "outbox"]] {
        let done = home.expect(2, arguments);
        assert!(done.err.contains("Commands:") && done.out.is_empty(), "{arguments:?}: {}", done.err);
    }
}

#[test]
fn the_version_is_one_line() {
    let done = Home::new().expect(0, &["--version"]);
    assert_eq!(done.out, format!("certvigil {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn completions_are_made_for_every_shell() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = home.expect(0, &["completions", shell]).out;
        assert!(script.contains("certvigil") && script.contains("fail-on"), "{shell}");
    }
    assert!(home.expect(2, &["completions", "csh"]).err.contains("possible values: bash"));
}

#[test]
fn every_command_has_a_manual_page() {
    let home = Home::new();
    assert!(home.expect(0, &["man"]).out.contains(".TH certvigil 1"));
    for command in COMMANDS {
        let mut arguments = vec!["man"];
        arguments.extend(command.split(' '));
        let page = home.expect(0, &arguments).out;
        let title = format!(".TH certvigil-{} 1", command.replace(' ', "-"));
        assert!(page.contains(&title) && page.contains(".SH NAME"), "{command}: {page}");
    }
    assert!(home.expect(2, &["man", "frobnicate"]).err.contains("`frobnicate` is not a command"));
}
