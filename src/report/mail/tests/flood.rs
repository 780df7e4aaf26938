//! Many alerts in one mail: bounded lines, right counts, the worst first however late it comes.

use super::samples::*;
use crate::model::*;
use crate::report::mail::{MailBuilder, MailOptions};
use jiff::tz::TimeZone;

fn expiring(number: u32, severity: Severity) -> Sample {
    Sample::ending(&format!("host-{number}.example.com:443"), severity, days(20), number)
}

#[test]
fn the_worst_is_shown_however_late_it_comes() {
    let mut alerts: Vec<Alert> =
        (0..3_000).map(|n| expiring(n, Severity::Low).told(Occasion::Opened)).collect();
    alerts.push(expiring(5_000, Severity::Critical).told(Occasion::Opened));
    alerts.push(expiring(1, Severity::High).told(Occasion::Worse));
    let mail = mail(Urgency::Digest, &alerts);
    assert_eq!(mail.subject, "[certvigil] CRITICAL host-5000.example.com:443 expires in 20 d (+3,000 more)");
    assert!(mail.text.starts_with("New or worse: 1 critical, 1 high, 2,999 low.\n"), "{}", mail.text);
    assert!(mail.text.contains("2,951 further findings"), "{}", mail.text);
    assert!(
        mail.text.contains("\nHIGH  host-1.example.com:443 expires in 20 d (got worse)\n"),
        "{}",
        mail.text
    );
}

#[test]
fn lines_that_are_emptied_later_leave_room_for_others() {
    let mut alerts: Vec<Alert> =
        (0..100).map(|n| expiring(n, Severity::High).told(Occasion::Opened)).collect();
    alerts.extend((0..40).map(|n| expiring(n, Severity::High).told(Occasion::Resolved)));
    let mail = mail(Urgency::Digest, &alerts);
    assert_eq!(mail.text.lines().filter(|line| line.starts_with("HIGH  ")).count(), 50);
    assert!(mail.text.starts_with("New or worse: 60 high. Resolved: 40 high.\n"), "{}", mail.text);
    assert!(mail.subject.ends_with("(+99 more)"), "{}", mail.subject);
}

#[test]
fn a_finding_told_again_counts_once_and_as_told_last() {
    let once = [expiring(1, Severity::High).told(Occasion::Worse)];
    let often = [
        expiring(1, Severity::Medium).told_at(days(-1), Occasion::Opened),
        expiring(1, Severity::High).told(Occasion::Worse),
        expiring(1, Severity::High).told(Occasion::Worse),
    ];
    let (once, often) = (mail(Urgency::Digest, &once), mail(Urgency::Digest, &often));
    assert_eq!(once.subject, often.subject);
    assert_ne!(once.seed, often.seed);
    assert_eq!(once.threads, often.threads);
    assert!(!often.text.contains("Not shown"), "{}", often.text);
    assert_eq!(often.text.lines().filter(|line| line.starts_with("HIGH  ")).count(), 1);
}

#[test]
fn the_same_alerts_make_the_same_mail() {
    let alerts: Vec<Alert> =
        (0..200).map(|n| expiring(n % 90, Severity::Low).told(Occasion::Opened)).collect();
    assert_eq!(mail(Urgency::Digest, &alerts), mail(Urgency::Digest, &alerts));
    let (digest, immediate) = (mail(Urgency::Digest, &alerts), mail(Urgency::Immediate, &alerts));
    assert_ne!(digest.seed, immediate.seed);
}

#[test]
fn all_mails_about_a_finding_share_a_thread() {
    let pay = || expiring(1, Severity::Critical).since(days(-3));
    let threads = |occasion| mail(Urgency::Digest, &[pay().told(occasion)]).threads;
    assert_eq!(threads(Occasion::Opened), threads(Occasion::Resolved));
    let again = expiring(1, Severity::Critical).since(days(-1)).told(Occasion::Opened);
    assert_ne!(threads(Occasion::Opened), mail(Urgency::Digest, &[again]).threads);
}

#[test]
fn a_hundred_thousand_findings_and_more_are_counted_right() {
    let zone = TimeZone::UTC;
    let mut builder = MailBuilder::new(MailOptions {
        flags: "",
        to: "oncall@example.com",
        urgency: Urgency::Digest,
        now: NOW,
        zone: &zone,
        vantage: "scanner-1",
        show_rest: "certvigil findings list",
    });
    let severity = |n| if n == 129_999 { Severity::Critical } else { Severity::Medium };
    for n in 0..130_000 {
        builder.add(&expiring(n, severity(n)).told(Occasion::Opened));
    }
    let mail = builder.finish();
    assert_eq!(
        mail.subject,
        "[certvigil] CRITICAL host-129999.example.com:443 expires in 20 d (+129,999 more)"
    );
    assert!(mail.text.starts_with("New or worse: 1 critical, 129,999 medium.\n"), "{}", mail.text);
    assert!(mail.text.contains("129,950 further findings"));
}

#[test]
fn the_chains_of_one_endpoint_count_it_once() {
    let plain = expiring(1, Severity::High);
    let mut rsa = expiring(1, Severity::High);
    rsa.0.finding = FindingKey("host-1.example.com:443#rsa/x509.validity.expiring".to_owned());
    let mail = mail(Urgency::Digest, &[plain.told(Occasion::Opened), rsa.told(Occasion::Opened)]);
    assert_eq!(mail.subject, "[certvigil] HIGH host-1.example.com:443 expires in 20 d");
    assert!(mail.text.contains("for one of 2 findings"), "{}", mail.text);
}

#[test]
fn a_ca_certificate_is_not_taken_for_the_endpoints() {
    let mut sample = expiring(1, Severity::High);
    sample.0.title = "A CA certificate of the chain expires soon".to_owned();
    let mail = mail(Urgency::Digest, &[sample.told(Occasion::Opened)]);
    assert_eq!(mail.subject, "[certvigil] HIGH host-1.example.com:443: a CA certificate expires in 20 d");
    for lint in
        [include_str!("../../../assess/lints/expiring.rs"), include_str!("../../../assess/lints/expired.rs")]
    {
        assert!(lint.contains("\"A CA certificate of the chain "), "the titles tell CA certificates apart");
    }
}

#[test]
fn a_hook_that_failed_does_not_hide_a_critical_finding() {
    let hook = |names: &str| WatchNews::HookFailed {
        hook: "certbot".to_owned(),
        outcome: "exit code 1".to_owned(),
        output: "".into(),
        tries: 1,
        next_try: NOW,
        names: vec![names.into()],
    };
    let alerts = [watch(hook("a.example")), expiring(1, Severity::Critical).told(Occasion::Reminder)];
    let subject = mail(Urgency::Digest, &alerts).subject;
    assert!(subject.starts_with("[certvigil] still CRITICAL since"), "{subject}");
    let many: Vec<Alert> = (0..70).map(|n| watch(hook(&format!("host-{n}.example")))).collect();
    let mail = mail(Urgency::Digest, &many);
    assert!(mail.subject.ends_with("(+69 more)"), "{}", mail.subject);
    assert!(mail.text.contains("Not shown: 20 further pieces of news about the watch."), "{}", mail.text);
}
