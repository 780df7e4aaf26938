//! The first scan, and one by other rules: one digest and nothing else.

use std::sync::Arc;

use certvigil::app::progress::ScanProgress;
use certvigil::config::Settings;
use certvigil::estate::Authority;

use crate::support::days::{BEGAN, Days};
use crate::{EXPIRED, EXPIRING, QUIET, UNKNOWN_ISSUER};

/// Two hosts in order, one about to expire, one expired.
fn estate() -> Days {
    let mut days = Days::new();
    days.serve(1, "good.test", -10, 80);
    days.serve(2, "soon.test", -70, 20);
    days.serve(3, "late.test", -91, -1);
    days.profile(&["good.test", "soon.test", "late.test"], "", "");
    days
}

#[test]
fn the_first_scan_sends_one_digest_with_all_that_is_there_and_the_second_nothing() {
    let days = estate();
    let first = days.day(0);
    let mail = first.mail();
    assert_eq!(mail.rcpt_to, ["on-call@company.test"]);
    assert_eq!(mail.subject(), "[certvigil] baseline of days: 1 critical, 1 medium at 3 endpoints");
    let badges: Vec<String> = mail.lines().into_iter().map(|line| line.badge).collect();
    assert_eq!(badges, ["BASELINE", "CRITICAL", "MEDIUM"]);
    let keys: Vec<Option<String>> = mail.lines().iter().map(|line| line.key().map(str::to_owned)).collect();
    let key = |name: &str, rule| Some(format!("{}/{rule}", days.label(name)));
    assert_eq!(keys, [None, key("late.test", EXPIRED), key("soon.test", EXPIRING)]);
    assert!(mail.html.contains("late.test"));
    // Minutes later, by hand: nothing changed and no reminder is due.
    days.set_clock(0, 600);
    let second = days.scan();
    assert!(second.mails.is_empty(), "{:?}", second.told());
    assert!(second.left.is_empty() && second.warnings.is_empty(), "{second:?}");
}

#[test]
fn other_severities_steps_or_trust_stores_make_one_new_baseline_even_on_a_day_with_a_new_critical() {
    let other = Authority::new(BEGAN, "Other").unwrap();
    for (keys, tables) in [
        ("", "[[severity]]\nrule = \"scan.not_measured\"\nseverity = \"high\"\n"),
        ("", "[expiry]\nmedium = { share = 50, days = 40 }\n"),
        ("trust = [\"root.pem\", \"other.pem\"]", ""),
    ] {
        let mut days = estate();
        std::fs::write(days.folder.path().join("other.pem"), other.root_pem()).unwrap();
        assert_eq!(days.day(0).mails.len(), 1);
        days.profile(&["good.test", "soon.test", "late.test"], keys, tables);
        // Something critical happens on the very day.
        days.serve(1, "good.test", -89, 1);
        let run = days.day(1);
        let mail = run.mail();
        assert!(
            mail.subject().starts_with("[certvigil] baseline of days: "),
            "{keys}{tables}: {}",
            mail.subject()
        );
        assert!(mail.headlines().iter().any(|line| line.contains("good.test")), "{:?}", mail.headlines());
        assert!(mail.text.contains("by other"), "{}", mail.text);
        assert!(!mail.text.contains("(still, since"), "{}", mail.text);
        // And then things are as they always are: what is critical is repeated daily, and nothing else.
        let run = days.day(2);
        let lines = run.mails.iter().flat_map(|mail| mail.lines());
        assert!(lines.clone().count() > 0);
        assert!(lines.into_iter().all(|line| line.badge == "CRITICAL"), "{:?}", run.told());
    }
}

#[test]
fn a_trust_store_that_is_exchanged_is_a_baseline_with_what_it_no_longer_trusts() {
    let days = estate();
    days.day(0);
    let other = Authority::new(BEGAN, "Other").unwrap();
    std::fs::write(days.folder.path().join("root.pem"), other.root_pem()).unwrap();
    let run = days.day(1);
    assert!(run.mail().subject().starts_with("[certvigil] baseline of days: "), "{:?}", run.told());
    assert!(days.finding(&days.label("good.test"), UNKNOWN_ISSUER).is_some());
}

#[test]
fn a_first_scan_that_was_interrupted_is_no_baseline_and_says_nothing_false() {
    let days = estate();
    let stopped = Arc::new(ScanProgress::default());
    stopped.stop();
    let run = days.scan_with(&stopped);
    assert!(run.mails.is_empty(), "{:?}", run.told());
    let run = days.day(1);
    assert_eq!(run.mail().subject(), "[certvigil] baseline of days: 1 critical, 1 medium at 3 endpoints");
    assert_eq!(days.day(2).mail().headlines().len(), 1);
}

#[test]
fn other_rules_on_a_day_on_which_the_scanner_is_cut_off_are_a_baseline_when_it_is_over() {
    let mut days = Days::with(QUIET);
    for last in 1..=12 {
        days.serve_bare(last, -100, 1_900);
    }
    days.serve_bare(3, -200, 28);
    let targets = format!("{}-{}", days.address(1), days.address(12));
    days.profile(&[&targets], "", "");
    days.day(0);
    days.profile(&[&targets], "", "[[severity]]\nrule = \"x509.validity.expiring\"\nseverity = \"high\"\n");
    (1..=12).for_each(|last| days.stop(last));
    let run = days.day(1);
    assert_eq!(run.mail().lines().len(), 1, "{:?}", run.mail().headlines());
    assert!(run.mail().subject().contains("cut off"), "{:?}", run.told());
    (1..=12).for_each(|last| days.restart(last));
    let run = days.day(2);
    assert_eq!(run.mail().subject(), "[certvigil] baseline of days: 1 high at 12 endpoints");
    days.quiet([3]);
}

#[test]
fn mail_that_is_written_into_the_settings_later_begins_with_a_baseline() {
    let mut days = estate();
    let file = days.folder.path().join("hooks.toml");
    std::fs::write(
        &file,
        "[[hook]]\nname = \"blind\"\ncommand = [\"/bin/true\"]\non = [\"scanner.blind\"]\n",
    )
    .unwrap();
    let hooks_only = Arc::new(Settings::load(Some(&file)).unwrap());
    let with_mail = std::mem::replace(&mut days.parts.settings, hooks_only);
    days.quiet(0..=1);
    days.parts.settings = with_mail;
    let mail = days.day(2);
    assert!(mail.mail().subject().starts_with("[certvigil] baseline of days: "), "{}", mail.mail().subject());
}
