//! Hosts that fall silent: no false alarm at once, no false calm, and time goes on for what they served last.

use certvigil::model::{FindingState, Severity};

use crate::support::days::Days;
use crate::{EXPIRED, EXPIRING, NOT_MEASURED, QUIET, UNREACHABLE};

/// Four addresses of one network, without names, one of them about to expire.
fn network() -> (Days, String) {
    let mut days = Days::with(QUIET);
    for last in 16..19 {
        days.serve_bare(last, -100, 1_900);
    }
    days.serve_bare(19, -200, 25);
    let network = days.stage.network(16, 30);
    days.profile(&[&network], "", "");
    let label = days.bare(19);
    (days, label)
}

#[test]
fn an_address_that_is_silent_once_opens_nothing_and_its_findings_are_held() {
    let (mut days, label) = network();
    days.day(0);
    let before = days.finding(&label, EXPIRING).unwrap();
    assert_eq!(before.severity, Severity::Medium);
    days.stop(19);
    days.quiet([1]);
    assert_eq!(days.finding(&label, UNREACHABLE), None);
    assert_eq!(days.state(&label, EXPIRING), Some(FindingState::Open));
    days.restart(19);
    days.quiet([2]);
    assert_eq!(days.finding(&label, UNREACHABLE), None);
    assert_eq!(days.finding(&label, EXPIRING).unwrap().first_seen, before.first_seen);
}

#[test]
fn silent_in_two_scans_is_unreachable_and_the_end_lands_in_its_thread() {
    let (mut days, label) = network();
    days.day(0);
    days.stop(16);
    days.quiet([1]);
    let label_16 = days.bare(16);
    let run = days.day(2);
    let opened = run.mail().clone();
    assert_eq!(opened.headlines(), [format!("MEDIUM {label_16}: endpoint gave no certificate this time")]);
    days.quiet([3]);
    days.restart(16);
    let run = days.day(4);
    let resolved = run.mail();
    assert_eq!(
        resolved.subject(),
        format!("[certvigil] resolved: {label_16} (endpoint gave no certificate this time)")
    );
    assert_eq!(resolved.header("References"), opened.header("References"));
    assert_eq!(resolved.header("In-Reply-To"), opened.header("In-Reply-To"));
    assert_eq!(days.state(&label_16, UNREACHABLE), Some(FindingState::Resolved));
    assert_eq!(days.state(&label, EXPIRING), Some(FindingState::Open));
}

#[test]
fn expiry_goes_on_while_a_host_is_silent_and_says_when_it_was_last_seen() {
    let (mut days, label) = network();
    days.day(0);
    days.stop(19);
    days.quiet([1]);
    let run = days.day(2);
    assert_eq!(run.mail().headlines(), [format!("MEDIUM {label}: endpoint gave no certificate this time")]);
    let seen_last = moment(&days, 0);
    let mut told = Vec::new();
    for day in 3..=26 {
        for mail in days.day(day).mails {
            for line in mail.lines() {
                if line.headline.starts_with(&format!("{label} exp")) && line.is_news() {
                    let seen = line.field("Seen");
                    assert!(seen.contains(&seen_last), "{line:?}");
                    assert!(seen.contains("nobody could look since then"), "{line:?}");
                    told.push((day, line.badge));
                }
            }
        }
    }
    let told: Vec<(i64, &str)> = told.iter().map(|(day, badge)| (*day, badge.as_str())).collect();
    // High two weeks before the end, critical three days before, expired at the end.
    assert_eq!(told, [(11, "HIGH"), (22, "CRITICAL"), (26, "CRITICAL")]);
    assert_eq!(days.state(&label, EXPIRED), Some(FindingState::Open));
    assert_eq!(days.state(&label, EXPIRING), Some(FindingState::Resolved));
    // Back with a new one: all is well, and said.
    days.serve_bare(19, 20, 400);
    let run = days.day(27);
    let lines = run.mail().lines();
    assert!(lines.iter().all(|line| line.badge == "RESOLVED"), "{lines:?}");
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(days.state(&label, EXPIRED), Some(FindingState::Resolved));
}

/// The moment of a day's scan, as a mail writes it.
fn moment(days: &Days, day: i64) -> String {
    days.began.plus_seconds(day * 86_400).to_string().replace('T', " ")[..16].to_owned()
}

#[test]
fn a_target_that_was_named_is_missed_at_once_and_so_is_a_name_that_no_longer_resolves() {
    let mut days = Days::with(QUIET);
    days.serve(1, "one.test", -10, 80);
    days.serve_bare(2, -10, 1_900);
    days.serve(3, "gone.test", -10, 80);
    let address = days.address(2).to_string();
    days.profile(&["one.test", &address, "gone.test"], "", "");
    days.day(0);
    days.stop(1);
    days.stop(2);
    days.names.remove("gone.test");
    let run = days.day(1);
    let mail = run.mail();
    let labels = [days.bare(2), days.label("gone.test"), days.label("one.test")];
    assert_eq!(mail.lines().len(), 3, "{:?}", mail.headlines());
    for label in labels {
        let finding = days.finding(&label, NOT_MEASURED).unwrap();
        assert_eq!((finding.severity, finding.state), (Severity::High, FindingState::Open));
        assert!(mail.headlines().iter().any(|line| line.starts_with(&format!("HIGH {label}: no cert"))));
        assert_eq!(days.finding(&label, UNREACHABLE), None);
    }
    days.names.set("gone.test", &[days.address(3)]);
    days.restart(1);
    days.restart(2);
    let run = days.day(2);
    assert!(run.mail().lines().iter().all(|line| line.badge == "RESOLVED"));
    assert_eq!(run.mail().lines().len(), 3);
}

#[test]
fn expiry_counts_from_the_last_chain_of_a_name_that_no_longer_resolves() {
    let mut days = Days::with(QUIET);
    days.serve(1, "lost.test", -200, 16);
    days.profile(&["lost.test"], "", "");
    days.day(0);
    days.names.remove("lost.test");
    let label = days.label("lost.test");
    let mut told = Vec::new();
    for day in 1..=17 {
        for mail in days.day(day).mails {
            let lines = mail.lines().into_iter();
            let news = lines.filter(|line| line.is_news()).map(|line| (day, line.headline));
            told.extend(news);
        }
    }
    let expected = [
        (1, "no certificate was seen"),
        (2, "expires in 14 d (got worse)"),
        (13, "expires in 3 d (got worse)"),
        (17, "expired"),
    ];
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for ((day, headline), (expected_day, what)) in told.iter().zip(expected) {
        assert_eq!(*day, expected_day, "{told:#?}");
        assert!(headline.starts_with(&label) && headline.contains(what), "{told:#?}");
    }
}
