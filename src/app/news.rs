//! News: a finding's transition as a snapshot with all that its readers need, and to whom it goes.

use std::sync::Arc;

use super::AppError;
use super::alerting::Alerting;
use super::kept::Kept;
use crate::lifecycle::urgency;
use crate::model::{
    Alert, AlertEndpoint, AlertKey, CertificateBrief, EndpointId, Finding, FindingNews, News, Occasion,
    Outgoing, Rule, ScanId, Subject, Urgency, WatchNews,
};
use crate::store::Store;
use crate::text::Untrusted;
use crate::time::UnixTime;
use crate::x509::{Certificate, Fingerprint};

/// Builds the news of one scan.
pub(super) struct Herald<'a> {
    pub(super) store: &'a Store,
    pub(super) kept: &'a Kept<'a>,
    pub(super) alerting: &'a Alerting,
    pub(super) profile: &'a str,
    pub(super) origin: Origin<'a>,
}

/// Where news comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin<'a> {
    /// `None`: the whole watch.
    pub(super) profile: Option<&'a str>,
    pub(super) scan: Option<&'a ScanId>,
    pub(super) vantage: &'a str,
    pub(super) now: UnixTime,
}

/// A finding's transition that somebody is told of.
pub(super) struct Told<'a> {
    pub(super) occasion: Occasion,
    pub(super) finding: &'a Finding,
    pub(super) members: &'a [EndpointId],
    /// When the state was seen with one's own eyes.
    pub(super) last_seen: UnixTime,
}

impl Herald<'_> {
    /// The rows of the outbox that tell a transition; none where no route and no hook wants it.
    pub(super) fn finding(&self, told: &Told<'_>) -> Result<Vec<Outgoing>, AppError> {
        let finding = told.finding;
        let (endpoints, served) = self.endpoints(told.members)?;
        // Whoever was told at its worst is told that it is over.
        let last_told = finding.told_severity.filter(|_| told.occasion.is_over());
        let severity = last_told.map_or(finding.severity, |told| told.max(finding.severity));
        let news = FindingNews {
            occasion: told.occasion,
            finding: finding.key.clone(),
            rule: finding.rule,
            severity,
            title: finding.title.clone(),
            detail: finding.detail.clone(),
            remediation: finding.remediation.clone(),
            first_seen: finding.first_seen,
            last_seen: told.last_seen,
            owner: finding.owner.clone(),
            tags: finding.tags.clone(),
            endpoints,
            endpoint_count: told.members.len() as u64,
            certificate: self.certificate(finding, told.occasion, served)?,
            returns: finding.returns,
        };
        let moment = self.origin.moment();
        let key =
            AlertKey::of(&[self.profile, &finding.key.0, told.occasion.name(), severity.name(), &moment]);
        let alert = self.origin.alert(key, News::Finding(Box::new(news)));
        Ok(self.alerting.outgoing(&alert, urgency(told.occasion, severity)))
    }

    /// The rows of the outbox that tell something about the watch.
    pub(super) fn watch(&self, kind: &str, news: WatchNews) -> Vec<Outgoing> {
        self.alerting.outgoing(&self.origin.watch(kind, news), Urgency::Digest)
    }

    /// The first few members by label, and a certificate that one of them serves now.
    fn endpoints(
        &self,
        members: &[EndpointId],
    ) -> Result<(Vec<AlertEndpoint>, Option<Fingerprint>), AppError> {
        let (mut endpoints, mut served) = (Vec::new(), None);
        // A few more than are shown, so that the first by label are right for all but the widest.
        for id in members.iter().take(4 * FindingNews::ENDPOINTS) {
            let Some(known) = self.store.endpoint(id)? else { continue };
            let observation = &known.current.observation;
            let endpoint = &observation.endpoint;
            endpoints.push(AlertEndpoint { label: endpoint.label(), address: endpoint.address });
            if served.is_none() {
                served = observation.outcome.presented().and_then(|chain| chain.first()).copied();
            }
        }
        endpoints.sort_unstable();
        endpoints.dedup();
        endpoints.truncate(FindingNews::ENDPOINTS);
        Ok((endpoints, served))
    }

    /// The certificate that it is about; after a renewal, the new one.
    fn certificate(
        &self,
        finding: &Finding,
        occasion: Occasion,
        served: Option<Fingerprint>,
    ) -> Result<Option<CertificateBrief>, AppError> {
        let is_renewal =
            occasion == Occasion::Resolved && matches!(finding.rule, Rule::Expiring | Rule::Expired);
        let subject = match finding.subject {
            Subject::Certificate(sha256) => Some(sha256),
            Subject::Endpoint(_) => None,
        };
        let Some(sha256) = (if is_renewal { served.or(subject) } else { subject }) else { return Ok(None) };
        Ok(Some(brief(&*self.kept.certificate(&sha256)?)))
    }
}

impl Origin<'_> {
    /// News about the watch; one of its kind for each moment.
    pub(super) fn watch(&self, kind: &str, news: WatchNews) -> Arc<Alert> {
        let key = AlertKey::of(&["watch", kind, self.profile.unwrap_or_default(), &self.moment()]);
        self.alert(key, News::Watch(news))
    }

    /// What tells the same news apart when it comes again: the scan, or the time where there is no scan.
    fn moment(&self) -> String {
        self.scan.map_or_else(|| self.now.to_string(), |scan| scan.0.clone())
    }

    fn alert(&self, key: AlertKey, news: News) -> Arc<Alert> {
        Arc::new(Alert {
            key,
            at: self.now,
            profile: self.profile.map(str::to_owned),
            scan: self.scan.cloned(),
            vantage: self.vantage.to_owned(),
            news,
        })
    }
}

/// What a reader wants to know of a certificate.
pub(super) fn brief(certificate: &Certificate) -> CertificateBrief {
    CertificateBrief {
        sha256: certificate.sha256,
        names: names(certificate, CertificateBrief::NAMES),
        issuer: Untrusted::new(certificate.issuer.text.raw()),
        not_before: certificate.not_before,
        not_after: certificate.not_after,
    }
}

/// The first `most` names of a certificate.
pub(super) fn names(certificate: &Certificate, most: usize) -> Vec<Untrusted> {
    let Some(san) = &certificate.san else { return vec![certificate.label()] };
    let addresses = san.ip.iter().map(|address| Untrusted::new(address.to_string()));
    let names: Vec<Untrusted> = san.dns.iter().cloned().chain(addresses).take(most).collect();
    if names.is_empty() { vec![certificate.label()] } else { names }
}
