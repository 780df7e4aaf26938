//! The scanner itself may be cut off: one mail, and silence opens nothing.

use std::net::Ipv4Addr;

use certvigil::estate::{Flight, Leaf, Role, Script};

use crate::support::days::Days;
use crate::{EXPIRING, NOT_MEASURED, QUIET, UNREACHABLE};

/// So many addresses of one network.
fn bare(days: &mut Days, count: u8) {
    for last in 1..=count {
        days.serve_bare(last, -100, 1_900);
    }
    let targets = format!("{}-{}", days.address(1), days.address(count));
    days.profile(&[&targets], "", "");
}

fn open(days: &Days, rule: &str) -> usize {
    days.findings().keys().filter(|key| key.ends_with(rule)).count()
}

#[test]
fn when_all_hosts_are_silent_one_mail_a_day_says_that_the_scanner_may_be_cut_off_for_three_days() {
    let mut days = Days::with(QUIET);
    bare(&mut days, 12);
    days.serve_bare(3, -200, 20);
    days.day(0);
    let before = days.findings();
    assert_eq!(before.len(), 1);
    (1..=12).for_each(|last| days.stop(last));
    for day in 1..=3 {
        let run = days.day(day);
        let mail = run.mail();
        assert_eq!(mail.subject(), "[certvigil] the scanner may be cut off: 12 of 12 endpoints silent");
        assert_eq!(mail.lines().len(), 1, "{:?}", mail.headlines());
        assert!(run.warnings.iter().any(|warning| warning.contains("cut off")), "{:?}", run.warnings);
        assert_eq!(days.findings().len(), 1);
        assert_eq!(open(&days, UNREACHABLE), 0);
        // Again on the same day: once a day is enough.
        days.set_clock(day, 3_600);
        let again = days.scan();
        assert!(again.mails.is_empty(), "{:?}", again.told());
    }
    // Whatever the reason, what is silent for days is silent.
    let mut opened = 0;
    for day in 4..=5 {
        for line in days.day(day).mails.iter().flat_map(|mail| mail.lines()) {
            assert!(line.headline.contains("endpoint gave no certificate this time"), "{line:?}");
            opened += 1;
        }
    }
    assert_eq!(opened, 12);
    assert_eq!(open(&days, UNREACHABLE), 12);
    (1..=12).for_each(|last| days.restart(last));
    let back = days.day(6);
    assert_eq!(back.mail().lines().iter().filter(|line| line.badge == "RESOLVED").count(), 12);
}

#[test]
fn a_short_cut_leaves_no_trace_in_the_findings() {
    let mut days = Days::with(QUIET);
    bare(&mut days, 12);
    days.serve_bare(3, -200, 20);
    days.day(0);
    let before = days.findings();
    (1..=12).for_each(|last| days.stop(last));
    assert_eq!(days.day(1).mails.len(), 1);
    (1..=12).for_each(|last| days.restart(last));
    days.quiet(2..=3);
    let after = days.findings();
    assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    let key = format!("{}/{EXPIRING}", days.bare(3));
    assert_eq!(after[&key].first_seen, before[&key].first_seen);
    // The next cut is told again, although the last one was told lately.
    (1..=12).for_each(|last| days.stop(last));
    assert!(days.day(4).mail().subject().contains("cut off"));
}

#[test]
fn time_goes_on_while_the_scanner_is_cut_off() {
    let mut days = Days::with(QUIET);
    bare(&mut days, 12);
    days.serve_bare(3, -200, 4);
    days.day(0);
    (1..=12).for_each(|last| days.stop(last));
    let run = days.day(1);
    assert_eq!(run.mails.len(), 2, "{:?}", run.told());
    let label = days.bare(3);
    assert_eq!(run.mails[0].headlines(), [format!("CRITICAL {label} expires in 3 d (got worse)")]);
    assert!(run.mails[0].lines()[0].field("Seen").contains("nobody could look since then"));
    assert!(run.mails[1].subject().contains("cut off"), "{:?}", run.told());
}

#[test]
fn what_is_not_a_third_falls_silent_as_on_any_other_day() {
    let mut days = Days::with(QUIET);
    bare(&mut days, 40);
    days.day(0);
    (1..=11).for_each(|last| days.stop(last));
    days.quiet([1]);
    let run = days.day(2);
    assert_eq!(run.mail().lines().len(), 11, "{:?}", run.mail().headlines());
    assert_eq!(open(&days, UNREACHABLE), 11);
}

#[test]
fn a_name_server_that_is_gone_is_one_mail_and_not_one_line_for_each_name() {
    let mut days = Days::with(QUIET);
    let names: Vec<String> = (1..=12).map(|last| format!("host-{last}.test")).collect();
    for (last, name) in (1..=12).zip(&names) {
        days.serve(last, name, -10, 80);
    }
    let targets: Vec<&str> = names.iter().map(String::as_str).collect();
    days.profile(&targets, "", "");
    days.day(0);
    days.names.fail(true);
    for day in 1..=2 {
        let run = days.day(day);
        let subject = "[certvigil] the scanner may be cut off: 12 of 12 endpoints silent";
        assert_eq!(run.mail().subject(), subject);
        assert!(
            run.mail().lines()[0].field("Reasons").starts_with("12 resolve."),
            "{:?}",
            run.mail().lines()
        );
        assert_eq!(open(&days, NOT_MEASURED), 0);
    }
    days.names.fail(false);
    days.quiet([3]);
    assert!(days.findings().is_empty());
}

/// As many addresses as a test in a debug build has time for: the whole of a /16.
#[cfg(target_os = "linux")]
#[test]
fn tens_of_thousands_of_endpoints_lost_at_once_are_one_mail() {
    let days = Days::with(QUIET);
    // A recorded answer costs the host nothing; every address has it.
    let leaf = Leaf::new("wide.test").valid(-100 * 86_400, 1_900 * 86_400);
    let flight = Flight::tls12(days.authority.issue(&leaf).unwrap()).canned().unwrap();
    let role = Role::Script(Script::same_answer(&flight));
    let farm = days.stage.everywhere(&role);
    let [a, b, ..] = days.address(0).octets();
    let network = format!("{}/16", Ipv4Addr::new(a, b, 0, 0));
    days.profile(&[&network], "", "");
    let first = days.day(0);
    assert!(first.with_chain >= 60_000, "{} endpoints", first.with_chain);
    assert_eq!(first.mails.len(), 1);
    drop(farm);
    let run = days.day(1);
    let subject = run.mail().subject();
    assert!(subject.starts_with("[certvigil] the scanner may be cut off: "), "{subject}");
    assert_eq!(run.mail().lines().len(), 1, "{:?}", run.mail().headlines());
    assert!(days.findings().is_empty());
}
