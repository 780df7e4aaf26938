//! A clock that jumps by years: nothing false is told, and afterwards everything goes on.

use certvigil::model::FindingState;

use crate::support::days::{Days, Run};
use crate::{EXPIRED, EXPIRING, NOT_MEASURED, QUIET};

const TEN_YEARS: i64 = 3_652;

/// Ten hosts, one of them about to expire, one expired.
fn estate() -> Days {
    let mut days = Days::with(QUIET);
    let names: Vec<String> = (1..=10).map(|last| format!("host-{last}.test")).collect();
    for (last, name) in (1..=10).zip(&names) {
        days.serve(last, name, -100, 1_000);
    }
    days.serve(1, "host-1.test", -200, 28);
    days.serve(2, "host-2.test", -200, -20);
    let targets: Vec<&str> = names.iter().map(String::as_str).collect();
    days.profile(&targets, "", "");
    days
}

fn says_so(run: &Run) {
    assert!(run.warnings.iter().any(|warning| warning.contains("clock jumped")), "{:?}", run.warnings);
}

/// Lives through `jumps` at the same time of day, and what comes after.
fn live_through(jumps: &[i64]) {
    let mut days = estate();
    days.day(0);
    let reminder = days.day(1);
    assert_eq!(reminder.mail().lines().len(), 1, "{:?}", reminder.mail().headlines());
    let before = days.findings();
    for (day, jump) in (2..).zip(jumps) {
        let run = days.day(day + jump);
        assert!(run.mails.is_empty(), "{jumps:?} day {day}: {:?}", run.told());
        assert!(run.left.iter().all(|left| left.contains("clock")), "{:?}", run.left);
        says_so(&run);
        assert_eq!(days.findings(), before, "{jumps:?} day {day}");
    }
    let back = 2 + jumps.len() as i64;
    let run = days.day(back);
    // What waited comes first, then what the scan brought.
    let lines: Vec<_> = run.mails.iter().flat_map(|mail| mail.lines()).collect();
    let host_2 = days.label("host-2.test");
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].headline.contains("the clock of scanner.test jumped"), "{lines:?}");
    assert_eq!(lines[1].headline, format!("{host_2} expired {} d ago (still, since 2026-11-24)", 20 + back));
    assert!(!lines[1].field("Seen").contains(" in "), "{lines:?}");
    assert!(run.left.is_empty() && run.warnings.is_empty(), "{run:?}");
    // Everything goes on: what falls silent is missed, what is renewed is resolved, what comes nearer gets worse.
    let after = days.findings();
    assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    days.stop(3);
    days.serve(2, "host-2.test", back, back + 365);
    let run = days.day(back + 1);
    let headlines = run.mail().headlines();
    assert_eq!(headlines.len(), 2, "{headlines:?}");
    assert!(headlines[0].starts_with(&format!("HIGH {}: no certificate", days.label("host-3.test"))));
    assert_eq!(headlines[1], format!("RESOLVED {host_2} (certificate has expired)"));
    assert_eq!(days.state(&host_2, EXPIRED), Some(FindingState::Resolved));
    days.restart(3);
    let run = days.day(back + 2);
    let host_3 = days.label("host-3.test");
    let is_gone = |line: &str| line.starts_with(&format!("RESOLVED {host_3} "));
    assert!(run.mail().headlines().iter().any(|line| is_gone(line)), "{:?}", run.mail().headlines());
    assert_eq!(days.state(&host_3, NOT_MEASURED), Some(FindingState::Resolved));
    assert_eq!(days.state(&days.label("host-1.test"), EXPIRING), Some(FindingState::Open));
}

#[test]
fn ten_years_ahead_for_one_run_tell_nothing_false() {
    live_through(&[TEN_YEARS]);
}

#[test]
fn ten_years_ahead_for_several_runs_tell_nothing_false() {
    live_through(&[TEN_YEARS, TEN_YEARS, TEN_YEARS]);
}

#[test]
fn ten_years_back_tell_nothing_false() {
    live_through(&[-TEN_YEARS]);
    live_through(&[-TEN_YEARS, -TEN_YEARS]);
}

#[test]
fn ahead_and_back_in_turn_tell_nothing_false() {
    live_through(&[TEN_YEARS, -TEN_YEARS, TEN_YEARS]);
}

#[test]
fn a_clock_that_is_put_right_after_the_machine_was_off_for_months_is_believed_at_the_second_run() {
    let days = estate();
    days.day(0);
    let run = days.day(60);
    assert!(run.mails.is_empty(), "{:?}", run.told());
    says_so(&run);
    let mut told = Vec::new();
    for day in 61..=62 {
        told.extend(days.day(day).told());
    }
    assert!(told.iter().any(|(_, subject)| subject.contains("CRITICAL")), "{told:?}");
    assert!(told.iter().any(|(_, subject)| subject.contains("clock")), "{told:?}");
    assert_eq!(days.state(&days.label("host-1.test"), EXPIRED), Some(FindingState::Open));
}

#[test]
fn what_was_seen_by_a_wrong_clock_is_not_said_to_be_seen_then() {
    for jump in [TEN_YEARS, -TEN_YEARS] {
        let mut days = estate();
        days.day(0);
        days.day(1 + jump);
        // Silent when the clock is right again: the last chain was seen at a time that never was.
        days.stop(1);
        days.set_clock(2, 0);
        let run = days.scan();
        let text: String = run.mails.iter().map(|mail| mail.text.as_str()).collect();
        let host_1 = days.label("host-1.test");
        assert!(text.contains(&format!("HIGH  {host_1}: no certificate")), "{text}");
        let lines: Vec<_> = run.mails.iter().flat_map(|mail| mail.lines()).collect();
        for line in lines.iter().filter(|line| line.badge != "CLOCK") {
            let seen = line.field("Seen");
            assert!(!seen.contains("2036") && !seen.contains("2016"), "{line:?}");
        }
        // Time goes on for it, and says when it was seen in truth.
        let mut told = Vec::new();
        for day in 3..=29 {
            let mails = days.day(day).mails;
            let news = mails.iter().flat_map(|mail| mail.lines()).filter(|line| line.is_news());
            told.extend(news.filter(|line| line.headline.starts_with(&format!("{host_1} exp"))));
        }
        let badges: Vec<&str> = told.iter().map(|line| line.badge.as_str()).collect();
        assert_eq!(badges, ["HIGH", "CRITICAL", "CRITICAL"], "{jump}: {told:?}");
        for line in &told {
            assert!(line.field("Seen").contains("2026-11-2"), "{line:?}");
        }
    }
}
