//! Targets that move or go: what nobody visits any more is retired, and neither silent nor repaired.

use std::sync::Arc;

use certvigil::app::progress::ScanProgress;
use certvigil::model::{FindingKey, FindingState};

use crate::support::days::Days;
use crate::{EXPIRING, NOT_MEASURED, QUIET, UNREACHABLE};

#[test]
fn a_name_that_moves_takes_no_finding_of_its_old_address_along() {
    let mut days = Days::with(QUIET);
    days.serve(1, "moves.test", -200, 25);
    days.profile(&["moves.test"], "", "");
    days.day(0);
    let label = days.label("moves.test");
    assert_eq!(days.state(&label, EXPIRING), Some(FindingState::Open));
    // The old server is switched off, the new one has a certificate of its own.
    days.stop(1);
    days.serve(2, "moves.test", -1, 89);
    let run = days.day(1);
    let lines = run.mail().lines();
    assert_eq!(lines.len(), 1, "{:?}", run.mail().headlines());
    assert_eq!(lines[0].badge, "RESOLVED");
    days.quiet(2..=9);
    assert_eq!(days.state(&label, EXPIRING), Some(FindingState::Resolved));
    assert_eq!(days.finding(&label, UNREACHABLE), None);
    assert_eq!(days.finding(&label, NOT_MEASURED), None);
}

#[test]
fn an_address_that_a_name_has_left_is_not_missed_while_the_others_are_watched() {
    let mut days = Days::with(QUIET);
    let identity =
        days.authority.issue(&certvigil::estate::Leaf::new("two.test").valid(-86_400, 89 * 86_400));
    let identity = identity.unwrap();
    days.serve_identity(1, identity.clone());
    days.serve_identity(2, identity);
    days.names.set("two.test", &[days.address(1), days.address(2)]);
    days.profile(&["two.test"], "", "");
    days.day(0);
    days.stop(1);
    days.names.set("two.test", &[days.address(2)]);
    days.quiet(1..=9);
    assert!(days.findings().is_empty(), "{:?}", days.findings());
}

#[test]
fn a_target_taken_from_the_profile_is_retired_after_two_complete_scans_and_told_once() {
    let mut days = Days::with(QUIET);
    days.serve(1, "stays.test", -10, 1_900);
    days.serve(2, "leaves.test", -200, 13);
    days.profile(&["stays.test", "leaves.test"], "", "");
    days.day(0);
    days.profile(&["stays.test"], "", "");
    let label = days.label("leaves.test");
    days.quiet([1]);
    assert_eq!(days.state(&label, EXPIRING), Some(FindingState::Open));
    let run = days.day(2);
    assert_eq!(run.mail().subject(), format!("[certvigil] retired: {label} is no longer a target"));
    assert_eq!(days.state(&label, EXPIRING), Some(FindingState::Resolved));
    days.quiet(3..=20);
}

#[test]
fn a_scan_that_was_interrupted_neither_retires_nor_resolves_nor_misses_what_it_did_not_visit() {
    let mut days = Days::with(QUIET);
    days.serve(1, "stays.test", -10, 1_900);
    days.serve(2, "leaves.test", -200, 13);
    days.profile(&["stays.test", "leaves.test"], "", "");
    days.day(0);
    let before = days.findings();
    days.profile(&["stays.test"], "", "");
    for day in 1..=3 {
        let stopped = Arc::new(ScanProgress::default());
        stopped.stop();
        days.set_clock(day, 0);
        let run = days.scan_with(&stopped);
        assert!(!run.is_complete);
        assert!(run.mails.is_empty(), "{:?}", run.told());
        assert_eq!(days.findings(), before);
    }
    days.quiet([4]);
    assert_eq!(days.findings(), before);
    assert!(days.day(5).mail().subject().starts_with("[certvigil] retired: "));
}

#[test]
fn what_was_wrong_at_an_address_that_a_name_has_left_is_over() {
    let mut days = Days::with(QUIET);
    days.serve(1, "two.test", -10, 80);
    days.serve(2, "two.test", -89, 10);
    days.names.set("two.test", &[days.address(1), days.address(2)]);
    days.profile(&["two.test"], "", "");
    days.day(0);
    let label = days.label("two.test");
    assert_eq!(days.state(&label, EXPIRING), Some(FindingState::Open));
    // Down, it is still one of its addresses: time goes on.
    days.stop(2);
    assert!(days.day(1).mail().headlines()[0].contains("no certificate was seen"));
    assert_eq!(days.state(&label, EXPIRING), Some(FindingState::Open));
    days.names.set("two.test", &[days.address(1)]);
    let run = days.day(2);
    let lines = run.mail().lines();
    assert!(lines.iter().all(|line| line.badge == "RESOLVED"), "{:?}", run.mail().headlines());
    assert_eq!(days.state(&label, EXPIRING), Some(FindingState::Resolved));
    assert_eq!(days.state(&label, NOT_MEASURED), Some(FindingState::Resolved));
    days.quiet(3..=9);
}

#[test]
fn a_host_that_another_profile_watches_too_is_retired_all_the_same() {
    let mut days = Days::with(QUIET);
    days.serve(1, "stays.test", -10, 1_900);
    days.serve(2, "shared.test", -200, 13);
    days.profile(&["shared.test"], "", "");
    std::fs::rename(days.profile_file(), days.folder.path().join("other.toml")).unwrap();
    days.profile(&["stays.test", "shared.test"], "", "");
    let other_day = |day: i64| {
        days.set_clock(day, 3_600);
        days.scan_profile("other", &Arc::default())
    };
    days.day(0);
    other_day(0);
    days.profile(&["stays.test"], "", "");
    days.quiet([1]);
    other_day(1);
    let label = days.label("shared.test");
    let run = days.day(2);
    assert_eq!(run.mail().subject(), format!("[certvigil] retired: {label} is no longer a target"));
    other_day(2);
    days.quiet(3..=5);
    // The other profile still has its own finding.
    assert_eq!(days.state(&label, EXPIRING), Some(FindingState::Resolved));
    let key = FindingKey(format!("{label}/{EXPIRING}"));
    let others = days.store().finding("other", &key).unwrap().unwrap();
    assert_eq!(others.finding.state, FindingState::Open);
}

#[test]
fn an_interrupted_scan_that_is_resumed_tells_what_it_finds_once() {
    let mut days = Days::with(QUIET);
    for (last, name) in [(1, "a.test"), (2, "b.test")] {
        days.serve(last, name, -10, 80);
    }
    days.profile(&["a.test", "b.test"], "", "");
    days.day(0);
    days.serve(1, "a.test", -89, 2);
    let stopped = Arc::new(ScanProgress::default());
    stopped.stop();
    days.set_clock(1, 0);
    assert!(days.scan_with(&stopped).mails.is_empty());
    days.resume = true;
    days.set_clock(1, 600);
    let run = days.scan();
    assert!(run.is_complete);
    assert_eq!(run.mail().headlines(), [format!("CRITICAL {} expires in 23 h 50 min", days.label("a.test"))]);
    days.resume = false;
    assert!(days.day(2).mail().headlines()[0].contains("(still, since"));
}
