//! Alerts that hooks are told of.

use certvigil::model::{
    Alert, AlertEndpoint, AlertKey, CertificateBrief, FindingKey, FindingNews, News, Occasion, Rule, ScanId,
    Severity, WatchNews,
};
use certvigil::text::Untrusted;
use certvigil::time::{DAY_SECONDS, UnixTime};
use certvigil::x509::Fingerprint;

/// When they were found: 2026-11-24T09:00:00Z.
pub(crate) const NOW: UnixTime = UnixTime(1_795_510_800);

/// A certificate of these names, found by `rule` on these endpoints.
pub(crate) fn expiring(rule: Rule, names: &[&str], endpoints: &[&str]) -> Alert {
    let endpoint = |label: &&str| AlertEndpoint {
        label: (*label).to_owned(),
        address: label.starts_with("pay").then_some([192, 0, 2, 7].into()),
    };
    let finding = format!("{}/{}", endpoints[0], rule.id());
    let news = FindingNews {
        occasion: Occasion::Opened,
        finding: FindingKey(finding.clone()),
        rule,
        severity: Severity::High,
        title: "Certificate expires soon".to_owned(),
        detail: "9 d left of 90 d".to_owned(),
        remediation: "Renew the certificate.".to_owned(),
        first_seen: NOW.plus_seconds(-DAY_SECONDS),
        last_seen: NOW,
        owner: Some("payments".to_owned()),
        tags: vec!["production".to_owned()],
        endpoints: endpoints.iter().map(endpoint).collect(),
        endpoint_count: u64::try_from(endpoints.len()).unwrap(),
        certificate: Some(CertificateBrief {
            sha256: Fingerprint::of(names.concat().as_bytes()),
            names: names.iter().map(|name| Untrusted::from(*name)).collect(),
            issuer: Untrusted::from("CN=Example Issuing CA"),
            not_before: Some(NOW.plus_seconds(-81 * DAY_SECONDS)),
            not_after: Some(NOW.plus_seconds(9 * DAY_SECONDS)),
        }),
        returns: 0,
    };
    Alert { key: AlertKey::of(&[&finding]), ..watch(News::Finding(Box::new(news)), Some("web")) }
}

/// The usual one.
pub(crate) fn pay() -> Alert {
    expiring(Rule::Expiring, &["pay.example.test"], &["pay.example.test:443"])
}

/// Names that somebody put into a certificate to harm whoever handles it, and two good ones.
pub(crate) const HOSTILE: [&str; 16] = [
    "good.example.test",
    "--help",
    "-rf.example.test",
    "$(touch canary)",
    "`touch canary`",
    "; touch canary",
    "a.test\r\nCERTVIGIL_EVENT=forged",
    "\u{1b}]0;owned\u{7}\u{1b}[2J",
    "nul\u{0}.example.test",
    "\u{202e}tset.elpmaxe",
    "*",
    "/etc/passwd",
    "<script>alert(1)</script>",
    "a b.example.test",
    "=cmd|' /C calc'!A0",
    "*.good.example.test",
];

pub(crate) fn hostile() -> Alert {
    let endpoints = ["good.example.test:443", "[2001:db8::1]:8443", "$(touch canary):443", "--help:443"];
    let mut alert = expiring(Rule::Expired, &HOSTILE, &endpoints);
    if let News::Finding(news) = &mut alert.news {
        news.title = "\u{1b}[31mtitle\r\n".to_owned();
        news.certificate.as_mut().unwrap().issuer = Untrusted::from("CN=\u{9b}2J\u{2028}");
    }
    alert
}

/// A hook of the certificate failed.
pub(crate) fn failed() -> Alert {
    let news = WatchNews::HookFailed {
        hook: "certbot".to_owned(),
        outcome: "exited with 1 after 2.5 s".to_owned(),
        output: Untrusted::from("\u{1b}[31mno such host\n"),
        tries: 2,
        next_try: NOW.plus_seconds(7_200),
        names: vec![Untrusted::from("pay.example.test"), Untrusted::from("--help")],
    };
    watch(News::Watch(news), Some("web"))
}

/// The scanner may be cut off.
pub(crate) fn blind() -> Alert {
    let reasons = vec![("connect.timeout".to_owned(), 800), ("resolve.failed".to_owned(), 100)];
    watch(News::Watch(WatchNews::CutOff { lost: 900, answered_before: 1_000, reasons }), Some("web"))
}

fn watch(news: News, profile: Option<&str>) -> Alert {
    Alert {
        key: AlertKey::of(&["watch"]),
        at: NOW,
        profile: profile.map(str::to_owned),
        scan: Some(ScanId("scan-1".to_owned())),
        vantage: "scanner.example.test".to_owned(),
        news,
    }
}
