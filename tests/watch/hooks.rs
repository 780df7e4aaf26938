//! A hook that says it renewed: the watch looks whether it did.

use std::io::Write as _;
use std::net::TcpListener;
use std::time::Duration;

use certvigil::estate::Leaf;
use certvigil::model::{FindingState, Severity};
use certvigil::time::DAY_SECONDS;

use crate::support::days::Days;
use crate::{EXPIRING, QUIET};

const NO_EFFECT: &str = "hook.no_effect";

/// A host with a sound certificate, and a hook that runs `command` when it expires.
fn estate(command: &[&str]) -> Days {
    let hook = format!("[[hook]]\nname = \"renew\"\ncommand = {command:?}\nverify_within = \"30m\"\n");
    let mut days = Days::with(&format!("{QUIET}{hook}"));
    // Long enough for a mail, short enough for one look after the hook.
    days.alert_wait = Some(Duration::from_secs(5));
    days.serve(1, "pay.test", -10, 80);
    days.profile(&["pay.test"], "", "");
    days.day(0);
    days
}

#[test]
fn a_hook_that_succeeds_and_changes_nothing_is_a_finding_of_the_next_scan() {
    let mut days = estate(&["/bin/true"]);
    let label = days.label("pay.test");
    days.serve(1, "pay.test", -70, 20);
    let run = days.day(1);
    assert_eq!(run.mail().headlines(), [format!("MEDIUM {label} expires in 19 d")]);
    // Within its time it is not yet a finding.
    days.set_clock(1, 600);
    assert!(days.scan().mails.is_empty());
    assert_eq!(days.finding(&label, NO_EFFECT), None);
    let run = days.day(2);
    let lines = run.mail().lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(
        (lines[0].badge.as_str(), lines[0].headline.as_str()),
        ("HIGH", format!("{label}: a hook succeeded, and the old certificate is still served").as_str())
    );
    assert!(lines[0].field("Why").contains("Hook renew succeeded"), "{lines:?}");
    let finding = days.finding(&label, NO_EFFECT).unwrap();
    assert_eq!((finding.severity, finding.state), (Severity::High, FindingState::Open));
    days.quiet([3]);
    // Somebody renews it by hand.
    days.serve(1, "pay.test", 3, 93);
    let run = days.day(4);
    let lines = run.mail().lines();
    assert!(lines.len() == 2 && lines.iter().all(|line| line.badge == "RESOLVED"), "{lines:?}");
    assert_eq!(days.state(&label, NO_EFFECT), Some(FindingState::Resolved));
    assert!(days.store().hook_runs().unwrap().iter().all(|run| run.verification.is_none()));
    days.quiet(5..=9);
}

#[test]
fn a_hook_that_replaces_the_certificate_is_verified_and_the_next_scan_says_that_it_is_gone() {
    let control = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = control.local_addr().unwrap().port();
    let renew = format!("exec 3<>/dev/tcp/127.0.0.1/{port} && read -r answer <&3 && [ \"$answer\" = done ]");
    let mut days = estate(&["/bin/bash", "-c", &renew]);
    let label = days.label("pay.test");
    days.stop(1);
    let identity = |from: i64, to: i64| {
        let leaf = Leaf::new("pay.test").valid(from * DAY_SECONDS, to * DAY_SECONDS);
        days.authority.issue(&leaf).unwrap()
    };
    let (old, new) = (days.stage.tls(1, &identity(-70, 20)), identity(1, 91));
    let run = std::thread::scope(|threads| {
        let stage = &days.stage;
        let renewed = threads.spawn(move || {
            let (mut hook, _) = control.accept().unwrap();
            drop(old);
            let host = stage.tls(1, &new);
            hook.write_all(b"done\n").unwrap();
            host
        });
        let run = days.day(1);
        // Still up while the scan of the next day looks.
        let host = renewed.join().unwrap();
        let next = days.day(2);
        drop(host);
        (run, next)
    });
    let (first, next) = run;
    assert_eq!(first.mail().headlines(), [format!("MEDIUM {label} expires in 19 d")]);
    let runs = days.store().hook_runs().unwrap();
    assert_eq!(runs.len(), 1);
    assert_eq!((runs[0].outcome.as_str(), runs[0].failures), ("succeeded and verified", 0), "{runs:?}");
    assert_eq!(runs[0].verification, None);
    assert_eq!(next.mail().headlines(), [format!("RESOLVED {label} (certificate expires soon)")]);
    assert_eq!(days.finding(&label, NO_EFFECT), None);
    assert_eq!(days.state(&label, EXPIRING), Some(FindingState::Resolved));
}
