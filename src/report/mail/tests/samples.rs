//! News to write mails about.

use std::net::{IpAddr, Ipv4Addr};

use jiff::tz::TimeZone;

use crate::model::*;
use crate::report::mail::{MailBuilder, MailOptions, MailText};
use crate::text::Untrusted;
use crate::time::{DAY_SECONDS, UnixTime};
use crate::x509::Fingerprint;

/// 2026-11-24T09:00:00Z
pub(super) const NOW: UnixTime = UnixTime(1_795_510_800);

pub(super) const HOUR: i64 = 3_600;

pub(super) fn hours(count: i64) -> UnixTime {
    NOW.plus_seconds(count * HOUR)
}

pub(super) fn days(count: i64) -> UnixTime {
    NOW.plus_seconds(count * DAY_SECONDS)
}

/// The mail with `alerts`, as on-call in Berlin gets it.
pub(super) fn mail(urgency: Urgency, alerts: &[Alert]) -> MailText {
    mail_at(NOW, urgency, alerts)
}

pub(super) fn mail_at(now: UnixTime, urgency: Urgency, alerts: &[Alert]) -> MailText {
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let mut builder = MailBuilder::new(MailOptions {
        flags: "",
        to: "oncall@example.com",
        urgency,
        now,
        zone: &zone,
        vantage: "scanner-1",
        show_rest: "certvigil findings list --profile web",
    });
    alerts.iter().for_each(|alert| builder.add(alert));
    builder.finish()
}

/// News of the profile `web`, of a scan that has just ended.
pub(super) fn alert(news: News) -> Alert {
    let about = match &news {
        News::Finding(news) => format!("{}/{}", news.finding, news.occasion.name()),
        News::Watch(news) => format!("{news:?}"),
    };
    Alert {
        key: AlertKey::of(&["web", &about]),
        at: NOW,
        profile: Some("web".to_owned()),
        scan: Some(ScanId("20261124T085400Z-5f0c2a91".to_owned())),
        vantage: "scanner-1".to_owned(),
        news,
    }
}

pub(super) fn watch(news: WatchNews) -> Alert {
    alert(News::Watch(news))
}

/// A finding to be changed and told.
pub(super) struct Sample(pub(super) FindingNews);

impl Sample {
    /// `label` shows `rule` since just now, at an address made from `number`.
    pub(super) fn new(label: &str, rule: Rule, severity: Severity, number: u32) -> Self {
        let (title, detail, remediation) = words(rule, label);
        Self(FindingNews {
            occasion: Occasion::Opened,
            finding: FindingKey(format!("{label}/{}", rule.id())),
            rule,
            severity,
            title: title.to_owned(),
            detail,
            remediation: remediation.to_owned(),
            first_seen: NOW,
            last_seen: NOW,
            owner: None,
            tags: Vec::new(),
            endpoints: vec![AlertEndpoint { label: label.to_owned(), address: Some(address(number)) }],
            endpoint_count: 1,
            certificate: None,
            returns: 0,
        })
    }

    /// The certificate of `names` ends at `end`, expiring or expired.
    pub(super) fn ending(label: &str, severity: Severity, end: UnixTime, number: u32) -> Self {
        let rule = if end < NOW { Rule::Expired } else { Rule::Expiring };
        Self::new(label, rule, severity, number).certificate(&[label.split(':').next().unwrap()], end)
    }

    pub(super) fn certificate(mut self, names: &[&str], end: UnixTime) -> Self {
        self.0.certificate = Some(CertificateBrief {
            sha256: Fingerprint::of(names.concat().as_bytes()),
            names: names.iter().map(|name| Untrusted::from(*name)).collect(),
            issuer: Untrusted::from("CN=R11,O=Example Trust Services"),
            not_before: Some(end.plus_seconds(if end > days(80) { -398 } else { -90 } * DAY_SECONDS)),
            not_after: Some(end),
        });
        self
    }

    pub(super) fn owned(mut self, owner: &str, tags: &[&str]) -> Self {
        self.0.owner = Some(owner.to_owned());
        self.0.tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        self
    }

    pub(super) fn also_at(mut self, number: u32) -> Self {
        let label = self.0.endpoints[0].label.clone();
        self.0.endpoints.push(AlertEndpoint { label, address: Some(address(number)) });
        self.0.endpoint_count += 1;
        self
    }

    pub(super) fn since(mut self, first_seen: UnixTime) -> Self {
        self.0.first_seen = first_seen;
        self
    }

    pub(super) fn last_seen(mut self, last_seen: UnixTime) -> Self {
        self.0.last_seen = last_seen;
        self
    }

    pub(super) fn returned(mut self, returns: u32) -> Self {
        self.0.returns = returns;
        self
    }

    pub(super) fn told(mut self, occasion: Occasion) -> Alert {
        self.0.occasion = occasion;
        alert(News::Finding(Box::new(self.0)))
    }

    pub(super) fn told_at(self, at: UnixTime, occasion: Occasion) -> Alert {
        let mut alert = self.told(occasion);
        alert.at = at;
        alert.key = AlertKey::of(&[&alert.key.0, &at.to_string()]);
        alert
    }
}

pub(super) fn address(number: u32) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from(0xc000_0200 + number))
}

/// Title, detail and remediation as the rules word them.
fn words(rule: Rule, label: &str) -> (&'static str, String, &'static str) {
    match rule {
        Rule::Expiring => (
            "Certificate expires soon",
            format!("\"{label}\" (3fa2b1c9) ends at 2026-11-26T15:00:00Z (in 2 d, 2 % of its life left)."),
            "Renew the certificate now, install it, and reload the server.",
        ),
        Rule::Expired => (
            "Certificate has expired",
            format!("\"{label}\" (3fa2b1c9) ended at 2026-11-23T09:00:00Z, 1 d ago."),
            "Renew the certificate, install it, and reload the server.",
        ),
        Rule::NotMeasured => (
            "No certificate was seen: connection refused (connecting)",
            "connect.refused.".to_owned(),
            "Is the port right, and does the service run? Nothing listens there.",
        ),
        Rule::NameMismatch => (
            "Certificate is for another name",
            format!("\"www.example.com\" (a4862961) is for \"www.example.com\", \"example.com\", not for {label}."),
            "Issue a certificate with the name in its subjectAltName, or serve the one that has it for this name.",
        ),
        Rule::KeyReused => (
            "Key is used by several certificates",
            "3 certificates share one key.".to_owned(),
            "Make a new key for each certificate.",
        ),
        _ => (
            "Issuer is not trusted by any chosen store",
            "\"Internal CA 2\" is not in mozilla or system; its certificate is neither served nor known from another \
             endpoint. If it is yours, trust its root with --trust FILE."
                .to_owned(),
            "If \"Internal CA 2\" is yours, pass its root certificate as PEM with --trust FILE; if it is an \
             intermediate, the server should send it too. If not, replace the certificate.",
        ),
    }
}
