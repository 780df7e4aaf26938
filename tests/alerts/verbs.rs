//! `notify test` and `notify preview`, and what is said where nobody is to be told.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use certvigil::store::{Options, Store};

use super::{OPS, Watch};
use crate::support::program::Home;

#[test]
fn a_test_mail_says_what_the_server_said() {
    let watch = Watch::new(1, "");
    let done = watch.expect(0, &["notify", "test"]);
    assert!(done.out.starts_with(&format!("{OPS}: accepted: 250")), "{}", done.out);
    let done = watch.expect(0, &["notify", "test", "--to", "me@company.test"]);
    assert!(done.out.starts_with("me@company.test: accepted"), "{}", done.out);
    let mails = watch.mailbox.wait_for(2);
    assert_eq!(mails[1].rcpt_to, ["me@company.test"]);
    let done = watch.expect(2, &["notify", "test", "--to", "nobody"]);
    assert!(done.err.contains("--to `nobody` is not a mail address"), "{}", done.err);
    watch.mailbox.answer_recipients("550 5.1.1 no such user");
    let done = watch.expect(3, &["notify", "test"]);
    assert!(done.err.contains("refused") && done.err.contains("no such user"), "{}", done.err);
    watch.mailbox.go_down();
    assert!(watch.expect(3, &["notify", "test"]).err.contains(OPS));
}

#[test]
fn a_preview_shows_what_waits_else_what_is_open_and_sends_nothing() {
    let mut watch = Watch::new(2, "");
    watch.scan(0);
    watch.serve(1, -1);
    watch.mailbox.go_down();
    watch.scan(3);
    let label = watch.stage.target(1);
    let waits = watch.expect(0, &["notify", "preview"]).out;
    assert!(
        waits.contains(&format!("To: {OPS}\n")) && waits.contains("\nSubject: [certvigil] CRITICAL"),
        "{waits}"
    );
    assert!(waits.contains(&label) && waits.contains("\nMessage-ID: <"), "{waits}");
    watch.mailbox.recover();
    watch.flush(0);
    let count = watch.mailbox.wait_for(2).len();
    let open = watch.expect(0, &["notify", "preview", "--profile", "own"]).out;
    assert!(open.contains(&label) && open.contains(OPS), "{open}");
    let html = watch.expect(0, &["notify", "preview", "--html", "--to", OPS]).out;
    assert!(html.contains("<html") && html.contains(&label), "{html}");
    let done = watch.expect(0, &["notify", "preview", "--to", "nobody@company.test"]);
    assert!(done.out.is_empty() && done.err.contains("nothing to tell"), "{}", done.err);
    assert_eq!(watch.mailbox.mails().len(), count);
}

#[test]
fn two_profiles_of_one_name_are_told_apart() {
    let watch = Watch::new(1, "");
    watch.scan(0);
    assert!(!watch.scan(0).err.contains("of its own"));
    std::fs::create_dir(watch.home.path("other")).unwrap();
    watch.home.write("other/own.toml", format!("targets = [\"{}\"]\n", watch.stage.target(1)));
    let done = watch.expect(0, &["scan", "--profile", "other/own.toml", "--fail-on", "none"]);
    assert!(done.err.contains("other/own.toml: give each file a name of its own"), "{}", done.err);
}

#[test]
fn without_settings_the_remedy_is_named() {
    let home = Home::new();
    for arguments in [&["notify", "test"][..], &["notify", "outbox", "flush"]] {
        let done = home.expect(2, arguments);
        assert!(done.err.contains("certvigil init"), "{}", done.err);
    }
    assert!(home.expect(2, &["notify", "outbox", "list"]).err.contains("run a scan first"));
}

#[test]
fn a_timer_s_flush_leaves_a_running_scan_alone_and_a_scan_waits_for_its_turn() {
    let watch = Watch::new(1, "");
    watch.scan(0);
    let writer = Store::open(&watch.home.store(), &Options { create: false, ..Options::default() }).unwrap();
    let done = watch.expect(0, &["notify", "outbox", "flush", "--due"]);
    assert!(done.err.contains("a scan is running"), "{}", done.err);
    let done = watch.flush(2);
    assert!(done.err.contains("is being written by"), "{}", done.err);
    let scan = ["scan", "--profile", "./own.toml", "--fail-on", "none"];
    let mut command = watch.home.command(&watch.arguments(&scan));
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("waiting for at most 10 minutes")));
    drop(writer);
    let rest: Vec<String> = lines.collect();
    assert!(child.wait().unwrap().success(), "{rest:?}");
}
