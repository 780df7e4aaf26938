//! Mail: at once or in the digest, later where the server is not there, shown where it is refused.

use super::support::program::{Running, within};
use super::{OPS, Watch};

#[test]
fn a_first_scan_sends_one_digest_and_a_new_critical_finding_an_urgent_mail() {
    let mut watch = Watch::new(2, "");
    watch.scan(0);
    let mails = watch.mailbox.wait_for(1);
    assert_eq!((mails.len(), mails[0].rcpt_to.as_slice()), (1, &[OPS.to_owned()][..]));
    watch.serve(1, -1);
    let done = watch.scan(0);
    assert!(done.err.contains("1 mail sent"), "{}", done.err);
    let mails = watch.mailbox.wait_for(2);
    let urgent = &mails[1];
    let label = watch.stage.target(1);
    assert!(
        urgent.subject().contains("CRITICAL") && urgent.subject().contains(&label),
        "{}",
        urgent.subject()
    );
    assert!(urgent.text.contains(&label) && urgent.defects.is_empty(), "{:?}", urgent.defects);
    assert!(urgent.header("Message-ID").ends_with("@scanner.test>"), "{:?}", urgent.headers);
    assert!(urgent.header("List-Id").contains("<certvigil.scanner.test>"), "{:?}", urgent.headers);
    // Renewed: told in the thread of the news.
    watch.serve(1, 80);
    watch.scan(0);
    let mails = watch.mailbox.wait_for(3);
    assert_eq!((mails.len(), mails[2].header("In-Reply-To")), (3, urgent.header("In-Reply-To")));
    watch.scan(0);
    assert_eq!(watch.mailbox.mails().len(), 3, "nothing changed, nothing is said");
}

#[test]
fn mail_that_is_not_taken_is_named_waits_and_goes_as_one() {
    let mut watch = Watch::new(2, "");
    watch.mailbox.answer_recipients("450 4.2.0 greylisted");
    let done = watch.scan(3);
    assert!(done.err.contains(OPS) && done.err.contains("greylisted"), "{}", done.err);
    watch.serve(1, -1);
    watch.scan(3);
    let outbox = watch.outbox();
    let states: Vec<&str> =
        outbox["lanes"].as_array().unwrap().iter().map(|lane| lane["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["deferred", "deferred"], "{outbox}");
    watch.mailbox.recover();
    assert!(watch.flush(0).err.contains("2 mails sent"));
    assert_eq!(watch.mailbox.wait_for(2).len(), 2);
    assert_eq!(watch.outbox()["waiting"], 0);
    assert!(watch.flush(0).err.contains("nothing waits"));
}

#[test]
fn mail_that_is_refused_for_good_is_shown_and_can_be_dropped_with_a_reason() {
    let watch = Watch::new(1, "");
    watch.mailbox.answer_recipients("550 5.1.1 no such user");
    watch.scan(3);
    let table = watch.expect(0, &["notify", "outbox", "list"]).out;
    assert!(table.contains("refused") && table.contains("answered RCPT TO with 550"), "{table}");
    assert!(watch.flush(3).err.contains("no such user"));
    let dropped = watch.expect(0, &["notify", "outbox", "drop", OPS, "--reason", "left the company"]);
    assert!(dropped.err.contains("1 dropped"), "{}", dropped.err);
    watch.expect(2, &["notify", "outbox", "drop", OPS, "--reason", "again"]);
    watch.flush(0);
}

#[test]
fn a_mail_with_an_unknown_fate_is_repeated_as_it_was() {
    let watch = Watch::new(1, "");
    watch.mailbox.answer_mail("store-and-close");
    let done = watch.scan(3);
    assert!(done.err.contains("not known whether it arrived"), "{}", done.err);
    watch.mailbox.recover();
    watch.flush(0);
    let mails = watch.mailbox.wait_for(2);
    assert_eq!(mails[0].raw, mails[1].raw);
}

#[test]
fn a_server_that_is_down_costs_no_alert() {
    let watch = Watch::new(1, "");
    watch.mailbox.go_down();
    let done = watch.scan(3);
    assert!(done.err.contains("not delivered: mail to ops@company.test"), "{}", done.err);
    watch.mailbox.recover();
    watch.flush(0);
    assert_eq!(watch.mailbox.wait_for(1).len(), 1);
}

#[test]
fn a_report_that_cannot_be_written_costs_no_alert() {
    let watch = Watch::new(1, "");
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let command = watch.home.command(&watch.arguments(&["scan", "--profile", "./own.toml"]));
    let done = Running::start_into(command, full.into()).finish();
    assert_eq!(done.code, Some(2), "{}", done.err);
    assert!(done.err.contains("1 mail sent") && done.err.contains("cannot be written"), "{}", done.err);
    assert_eq!(watch.mailbox.wait_for(1).len(), 1);
}

#[test]
fn a_signal_ends_a_delivery_that_hangs_and_what_is_left_is_named() {
    let watch = Watch::new(1, "");
    watch.mailbox.answer_mail("slow 3600");
    let scan = watch.home.start(&watch.arguments(&["scan", "--profile", "./own.toml"]));
    within("a sealed mail", || {
        let done = watch.home.run(&watch.arguments(&["notify", "outbox", "list", "-f", "json"]));
        (done.code == Some(0) && done.json()["lanes"][0]["state"] == "sealed").then_some(())
    });
    scan.signal(nix::sys::signal::Signal::SIGTERM);
    let done = scan.finish();
    assert_eq!(done.code, Some(3), "{}", done.err);
    assert!(done.out.contains("no findings"), "{}", done.out);
    let left = "mail to ops@company.test: 1 item since";
    assert!(done.err.contains(left) && done.err.contains("interrupted"), "{}", done.err);
}
