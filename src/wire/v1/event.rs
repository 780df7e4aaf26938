//! `certvigil.event/v1`: what a hook reads on its standard input.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{Sha256, Text, Timestamp};
use crate::model::{Alert, AlertEndpoint, CertificateBrief, EventName, FindingNews, News, WatchNews};

/// The name of the schema.
pub const EVENT_SCHEMA: &str = "certvigil.event/v1";

/// One event with all that is known of it: the news of one certificate for one hook, or one piece of news of the
/// watch. Keys that do not apply are `null` or `[]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventDocument<'a> {
    /// `certvigil.event/v1`
    pub schema: Text<'a>,
    /// `certificate.expiring`, …; there may be others in a later release.
    pub event: Text<'a>,
    /// Unique for each transition: the same event delivered twice has the same key.
    pub key: Text<'a>,
    /// When it was found.
    pub at: Timestamp,
    pub profile: Option<Text<'a>>,
    /// The scan that found it.
    pub scan: Option<Text<'a>>,
    /// The host that scanned.
    pub vantage: Text<'a>,
    /// The first of the findings.
    pub finding: Option<EventFindingDocument<'a>>,
    /// All findings that the hook is asked to mend.
    pub findings: Vec<EventFindingDocument<'a>>,
    pub certificate: Option<EventCertificateDocument<'a>>,
    /// All endpoints that are known to be concerned.
    pub endpoints: Vec<EventEndpointDocument<'a>>,
    /// How many are concerned in all, those not listed included.
    pub endpoint_count: u64,
    pub owner: Option<Text<'a>>,
    pub tags: Vec<Text<'a>>,
    /// With `renewal.failed`.
    pub hook: Option<FailedHookDocument<'a>>,
    /// With `scanner.blind`.
    pub blind: Option<BlindDocument<'a>>,
}

impl<'a> EventDocument<'a> {
    /// The event that `alerts` are, in their order. The key is the first one's, so that it stays the same when others
    /// join for a later try. Without alerts everything is empty.
    pub fn of<A: Borrow<Alert>>(event: EventName, alerts: &'a [A]) -> Self {
        let alerts = || alerts.iter().map(Borrow::borrow);
        let news: Vec<&FindingNews> = alerts().filter_map(Alert::finding).collect();
        let first: Option<&Alert> = alerts().next();
        let findings: Vec<_> = news.iter().map(|news| finding_document(news)).collect();
        Self {
            schema: EVENT_SCHEMA.into(),
            event: event.name().into(),
            key: first.map(|alert| alert.key.0.as_str()).unwrap_or_default().into(),
            at: Timestamp(first.map(|alert| alert.at).unwrap_or_default()),
            profile: first.and_then(|alert| alert.profile.as_deref()).map(Text::from),
            scan: first.and_then(|alert| alert.scan.as_ref()).map(|scan| scan.0.as_str().into()),
            vantage: first.map(|alert| alert.vantage.as_str()).unwrap_or_default().into(),
            finding: findings.first().cloned(),
            findings,
            certificate: news.iter().find_map(|news| news.certificate.as_ref()).map(certificate_document),
            endpoints: endpoints(&news),
            endpoint_count: endpoint_count(&news),
            owner: news.iter().find_map(|news| news.owner.as_deref()).map(Text::from),
            tags: tags(&news),
            hook: first.and_then(failed_hook_document),
            blind: first.and_then(blind_document),
        }
    }
}

/// A finding as it was when the event was queued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventFindingDocument<'a> {
    /// Stable over scans and renewals.
    pub key: Text<'a>,
    /// The rule's public id.
    pub id: Text<'a>,
    pub severity: Text<'a>,
    /// `opened`, `worse`, `resolved`, `retired`, `reminder`, `silence_ended` or `baseline`.
    pub occasion: Text<'a>,
    pub title: Text<'a>,
    pub detail: Text<'a>,
    pub remediation: Text<'a>,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
}

/// The certificate that it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventCertificateDocument<'a> {
    pub sha256: Sha256,
    /// As the certificate has them: written by whoever asked for it, and not to be trusted.
    pub names: Vec<Text<'a>>,
    /// RFC 4514.
    pub issuer: Text<'a>,
    pub not_before: Option<Timestamp>,
    pub not_after: Option<Timestamp>,
}

/// An endpoint as a person knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventEndpointDocument<'a> {
    /// `name:port`, else `address:port`.
    pub label: Text<'a>,
    pub address: Option<IpAddr>,
}

/// The hook that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedHookDocument<'a> {
    pub name: Text<'a>,
    /// One line.
    pub outcome: Text<'a>,
    pub output: Text<'a>,
    pub tries: u32,
    pub next_try: Timestamp,
    /// Of the certificate it should have renewed.
    pub names: Vec<Text<'a>>,
}

/// What is silent all at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlindDocument<'a> {
    pub lost: u64,
    pub answered_before: u64,
    pub reasons: Vec<BlindReasonDocument<'a>>,
}

/// Why endpoints are silent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlindReasonDocument<'a> {
    pub reason: Text<'a>,
    pub endpoints: u64,
}

fn finding_document(news: &FindingNews) -> EventFindingDocument<'_> {
    EventFindingDocument {
        key: news.finding.0.as_str().into(),
        id: news.rule.id().into(),
        severity: news.severity.name().into(),
        occasion: news.occasion.name().into(),
        title: news.title.as_str().into(),
        detail: news.detail.as_str().into(),
        remediation: news.remediation.as_str().into(),
        first_seen: Timestamp(news.first_seen),
        last_seen: Timestamp(news.last_seen),
    }
}

fn certificate_document(certificate: &CertificateBrief) -> EventCertificateDocument<'_> {
    EventCertificateDocument {
        sha256: Sha256(certificate.sha256),
        names: certificate.names.iter().map(|name| name.raw().into()).collect(),
        issuer: certificate.issuer.raw().into(),
        not_before: certificate.not_before.map(Timestamp),
        not_after: certificate.not_after.map(Timestamp),
    }
}

fn endpoints<'a>(news: &[&'a FindingNews]) -> Vec<EventEndpointDocument<'a>> {
    let mut seen = HashSet::<&AlertEndpoint>::new();
    let all = news.iter().flat_map(|news| &news.endpoints);
    all.filter(|endpoint| seen.insert(endpoint))
        .map(|endpoint| EventEndpointDocument {
            label: endpoint.label.as_str().into(),
            address: endpoint.address,
        })
        .collect()
}

/// Findings of one certificate mostly share their endpoints, so that a sum would count them twice.
fn endpoint_count(news: &[&FindingNews]) -> u64 {
    let listed = u64::try_from(endpoints(news).len()).unwrap_or(u64::MAX);
    news.iter().map(|news| news.endpoint_count).max().unwrap_or(0).max(listed)
}

fn tags<'a>(news: &[&'a FindingNews]) -> Vec<Text<'a>> {
    let mut seen = HashSet::new();
    let all = news.iter().flat_map(|news| &news.tags).map(String::as_str);
    all.filter(|tag| seen.insert(*tag)).map(Text::from).collect()
}

fn failed_hook_document(alert: &Alert) -> Option<FailedHookDocument<'_>> {
    let News::Watch(WatchNews::HookFailed { hook, outcome, output, tries, next_try, names }) = &alert.news
    else {
        return None;
    };
    Some(FailedHookDocument {
        name: hook.as_str().into(),
        outcome: outcome.as_str().into(),
        output: output.raw().into(),
        tries: *tries,
        next_try: Timestamp(*next_try),
        names: names.iter().map(|name| name.raw().into()).collect(),
    })
}

fn blind_document(alert: &Alert) -> Option<BlindDocument<'_>> {
    let News::Watch(WatchNews::CutOff { lost, answered_before, reasons }) = &alert.news else {
        return None;
    };
    Some(BlindDocument {
        lost: *lost,
        answered_before: *answered_before,
        reasons: reasons
            .iter()
            .map(|(reason, endpoints)| BlindReasonDocument {
                reason: reason.as_str().into(),
                endpoints: *endpoints,
            })
            .collect(),
    })
}
