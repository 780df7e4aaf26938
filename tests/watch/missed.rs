//! The watch on the watch: runs that were missed, and the weekly word that somebody is looking.

use crate::QUIET;
use crate::support::days::{Days, ON_CALL};

#[test]
fn a_run_that_was_missed_is_told_by_the_next_one() {
    let mut days = Days::with(QUIET);
    days.serve(1, "a.test", -100, 1_000);
    days.profile(&["a.test"], "", "");
    days.day(0);
    days.quiet(1..=2);
    // Nobody starts it for four days.
    let run = days.day(6);
    let mail = run.mail();
    assert_eq!(mail.subject(), "[certvigil] no scan of days for 4 d: one is due every 1 d");
    assert_eq!(mail.lines().len(), 1);
    days.quiet(7..=12);
    // A run by hand in between, and a timer that is late, are no miss.
    days.set_clock(12, 3_600);
    assert!(days.scan().mails.is_empty());
    days.set_clock(13, 4 * 3_600);
    assert!(days.scan().mails.is_empty());
}

#[test]
fn a_week_without_news_has_one_mail_that_says_so() {
    let mut days = Days::new();
    days.serve(1, "a.test", -100, 1_000);
    days.profile(&["a.test"], "", "");
    let mut told = Vec::new();
    for day in 0..=21 {
        // A timer with some minutes of jitter.
        days.set_clock(day, day * 7 % 5 * 60);
        told.extend(days.scan().told().into_iter().map(|(to, subject)| (day, to, subject)));
    }
    let subject = |subject: &str| ("on-call@company.test".to_owned(), format!("[certvigil] {subject}"));
    let watching = "still watching: 1 profile, 1 endpoint, nothing open";
    let expected: Vec<_> = [(0, "baseline of days: nothing found at 1 endpoint")]
        .into_iter()
        .chain([7, 14, 21].map(|day| (day, watching)))
        .map(|(day, text)| (day, subject(text).0, subject(text).1))
        .collect();
    assert_eq!(told, expected);
}

#[test]
fn who_wants_no_weekly_mail_gets_none() {
    let mut days = Days::with(QUIET);
    days.serve(1, "a.test", -100, 1_000);
    days.profile(&["a.test"], "", "");
    days.day(0);
    days.quiet(1..=16);
}

#[test]
fn the_period_of_the_weekly_mail_can_be_another() {
    let mut days = Days::with(&format!("[watch]\nstill_watching = \"2d\"\n{ON_CALL}"));
    days.serve(1, "a.test", -100, 1_000);
    days.profile(&["a.test"], "", "");
    days.day(0);
    let told: Vec<i64> = (1..=6).filter(|day| !days.day(*day).mails.is_empty()).collect();
    assert_eq!(told, [2, 4, 6]);
}
