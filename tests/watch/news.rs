//! What changes is told once, to whom it concerns; what stays is repeated in its time.

use certvigil::model::FindingState;

use crate::support::days::Days;
use crate::{EXPIRING, QUIET};

/// Owners with addresses of their own.
const TEAMS: &str = "[watch]\nstill_watching = \"never\"\n\
    [[route]]\nname = \"default\"\ndefault = true\nmin_severity = \"low\"\nto = [\"on-call@company.test\"]\n\
    [[route]]\nname = \"payments\"\nowner = \"payments\"\nmin_severity = \"low\"\n\
    to = [\"payments@company.test\"]\ngoes_on = true\n\
    [[route]]\nname = \"again\"\nowner = \"payments\"\nmin_severity = \"low\"\n\
    to = [\"payments@company.test\"]\n";

const OWNERS: &str = "[[owner]]\nnames = [\"pay.test\", \"paid.test\"]\nowner = \"payments\"\n";

#[test]
fn a_new_critical_goes_at_once_and_the_rest_of_the_scan_in_one_digest() {
    let mut days = Days::with(QUIET);
    for (last, name) in [(1, "a.test"), (2, "b.test"), (3, "c.test"), (4, "d.test")] {
        days.serve(last, name, -10, 80);
    }
    days.profile(&["a.test", "b.test", "c.test", "d.test"], "", "");
    days.day(0);
    days.serve(1, "a.test", -89, 2);
    days.serve(2, "b.test", -89, 3);
    days.serve(3, "c.test", -70, 15);
    days.serve(4, "d.test", -80, 10);
    let run = days.day(1);
    assert_eq!(run.mails.len(), 2, "{:?}", run.told());
    let (urgent, digest) = (&run.mails[0], &run.mails[1]);
    assert_eq!(
        urgent.subject(),
        format!("[certvigil] CRITICAL {} expires in 1 d (+1 more)", days.label("a.test"))
    );
    assert_eq!(
        digest.subject(),
        format!("[certvigil] HIGH {} expires in 9 d (+1 more)", days.label("d.test"))
    );
    assert_eq!(urgent.lines().len(), 2);
    assert_eq!(digest.lines().len(), 2);
    assert_ne!(urgent.header("Message-ID"), digest.header("Message-ID"));
}

#[test]
fn two_routes_to_one_address_bring_one_mail_and_others_hear_of_what_is_theirs() {
    let mut days = Days::with(TEAMS);
    days.serve(1, "pay.test", -10, 80);
    days.serve(2, "web.test", -10, 80);
    days.profile(&["pay.test", "web.test"], "", OWNERS);
    days.day(0);
    days.serve(1, "pay.test", -89, 2);
    days.serve(2, "web.test", -70, 15);
    let run = days.day(1);
    assert_eq!(run.mails.len(), 2, "{:?}", run.told());
    let urgent = run.mail_to("payments@company.test");
    assert!(urgent.subject().starts_with("[certvigil] CRITICAL pay.test:"), "{}", urgent.subject());
    assert_eq!(urgent.lines().len(), 1);
    let digest = run.mail_to("on-call@company.test");
    assert!(digest.subject().starts_with("[certvigil] MEDIUM web.test:"), "{}", digest.subject());
}

#[test]
fn a_certificate_on_forty_endpoints_is_one_line() {
    let mut days = Days::with(QUIET);
    let leaf = certvigil::estate::Leaf::new("many.test").valid(-100 * 86_400, 80 * 86_400);
    let sound = days.authority.issue(&leaf).unwrap();
    for last in 1..=40 {
        days.serve_identity(last, sound.clone());
    }
    days.profile(&["many.test"], "", "");
    let addresses: Vec<_> = (1..=40).map(|last| days.address(last)).collect();
    days.names.set("many.test", &addresses);
    days.day(0);
    let ends = certvigil::estate::Leaf::new("many.test").valid(-89 * 86_400, 2 * 86_400);
    let ends = days.authority.issue(&ends).unwrap();
    for last in 1..=40 {
        days.serve_identity(last, ends.clone());
    }
    let run = days.day(1);
    let lines = run.mail().lines();
    assert_eq!(lines.len(), 1, "{:?}", run.mail().headlines());
    assert!(
        lines[0].field("Where").contains("(40 in all)") || lines[0].field("Where").contains("36 more"),
        "{:?}",
        lines[0]
    );
}

#[test]
fn criticals_are_repeated_daily_others_weekly_and_nothing_after_it_is_resolved() {
    let mut days = Days::with(QUIET);
    days.serve(1, "critical.test", -10, 80);
    days.serve(2, "high.test", -10, 80);
    days.profile(&["critical.test", "high.test"], "", "");
    days.day(0);
    days.serve(1, "critical.test", -91, -1);
    days.serve(2, "high.test", -200, 13);
    let high = days.label("high.test");
    let mut told = Vec::new();
    for day in 1..=9 {
        let run = days.day(day);
        let kinds = run.mails.iter().flat_map(crate::support::mailbox::Received::lines);
        told.push(kinds.filter(|line| line.headline.starts_with(&high)).count());
        let critical = days.label("critical.test");
        let criticals: Vec<_> = run
            .mails
            .iter()
            .flat_map(crate::support::mailbox::Received::lines)
            .filter(|line| line.headline.starts_with(&critical))
            .collect();
        assert_eq!(criticals.len(), 1, "day {day}: {:?}", run.told());
        assert_eq!(criticals[0].headline.contains("(still, since"), day > 1, "{}", criticals[0].headline);
    }
    assert_eq!(told, [1, 0, 0, 0, 0, 0, 0, 1, 0]);
    days.serve(1, "critical.test", 9, 99);
    days.serve(2, "high.test", 9, 99);
    let run = days.day(10);
    assert_eq!(run.mail().lines().iter().filter(|line| line.badge == "RESOLVED").count(), 2);
    assert_eq!(days.state(&high, EXPIRING), Some(FindingState::Resolved));
    days.quiet(11..=20);
}

#[test]
fn a_silence_holds_its_tongue_until_it_ends_and_then_says_so() {
    let mut days = Days::with(QUIET);
    days.serve(1, "work.test", -10, 80);
    days.profile(&["work.test"], "", "");
    days.day(0);
    days.silence("work.test:*", 5 * 86_400 + 1);
    days.serve(1, "work.test", -200, 10);
    let label = days.label("work.test");
    days.quiet(1..=5);
    assert_eq!(days.state(&label, EXPIRING), Some(FindingState::Silenced));
    let run = days.day(6);
    assert_eq!(run.mail().headlines(), [format!("HIGH {label} expires in 4 d (no longer silenced)")]);
    // Quiet again, until it gets worse.
    let run = days.day(7);
    assert_eq!(run.mail().headlines(), [format!("CRITICAL {label} expires in 3 d (got worse)")]);
}

#[test]
fn who_was_told_of_something_bad_is_told_its_end_although_it_was_less_bad_in_between() {
    let routes = "[watch]\nstill_watching = \"never\"\n\
        [[route]]\nname = \"pager\"\nmin_severity = \"critical\"\nto = [\"pager@company.test\"]\n\
        [[route]]\nname = \"default\"\ndefault = true\nmin_severity = \"high\"\nto = [\"on-call@company.test\"]\n";
    let mut days = Days::with(routes);
    days.serve(1, "a.test", -10, 80);
    days.profile(&["a.test"], "", "");
    days.day(0);
    days.serve(1, "a.test", -89, 2);
    let opened = days.day(1).mail_to("pager@company.test").clone();
    // Renewed by somebody who had an old request at hand: better, and not yet good.
    days.serve(1, "a.test", -70, 20);
    days.quiet([2]);
    days.serve(1, "a.test", 2, 92);
    let run = days.day(3);
    let over = run.mail_to("pager@company.test");
    let label = days.label("a.test");
    assert_eq!(over.headlines(), [format!("RESOLVED {label} (certificate expires soon)")]);
    assert_eq!(over.header("References"), opened.header("References"));
}
