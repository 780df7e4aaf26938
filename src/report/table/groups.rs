//! Findings that have a rule, a group and a title in common are one line. Keeps the worst lines only.

use std::collections::BTreeMap;

use super::super::layout::clean;
use super::policies::failing;
use crate::model::{Endpoint, EndpointId, Severity, Subject, Verdict};
use crate::time::UnixTime;
use crate::wire::v1::EndpointView;
use crate::x509::{Certificate, Chain, Fingerprint};

/// Groups kept beyond the lines shown, so that those that expire first can be put first.
const LEAST_CAPACITY: usize = 1_000;

/// The worst groups. The severity is part of a group's identity, so that one that was dropped never comes back
/// with a wrong number of endpoints: the least severity kept only rises.
#[derive(Debug)]
pub(super) struct Groups {
    capacity: usize,
    groups: BTreeMap<(Severity, Fingerprint), Group>,
}

/// One line of the table. Every text is safe for a terminal.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) severity: Severity,
    /// The endpoint that expires first.
    pub(super) label: String,
    /// Its address, if the label is a name, and which of its chains.
    pub(super) beside: String,
    /// Policies that it fails.
    pub(super) failing: String,
    pub(super) second: Option<String>,
    pub(super) endpoints: u64,
    pub(super) verdicts: u64,
    pub(super) title: String,
    detail: String,
    details_differ: bool,
    pub(super) not_after: Option<UnixTime>,
    pub(super) issuer: String,
    pub(super) issuers_differ: bool,
    last: EndpointId,
}

impl Groups {
    pub(super) fn new(lines: usize) -> Self {
        Self { capacity: lines.max(LEAST_CAPACITY), groups: BTreeMap::new() }
    }

    /// Counts a verdict on an endpoint under its group.
    pub(super) fn add(&mut self, view: &EndpointView<'_>, verdict: &Verdict) {
        let identity = format!("{}\n{}\n{}", verdict.rule.id(), verdict.title, verdict.group);
        let key = (verdict.severity, Fingerprint::of(identity.as_bytes()));
        if let Some(group) = self.groups.get_mut(&key) {
            group.add(view, verdict);
            return;
        }
        if self.groups.len() >= self.capacity {
            if self.groups.first_key_value().is_none_or(|((least, _), _)| *least >= verdict.severity) {
                return;
            }
            self.groups.pop_first();
        }
        self.groups.insert(key, Group::new(view, verdict));
    }

    /// Worst first; what expires first is first among equals.
    pub(super) fn worst_first(&self) -> Vec<&Group> {
        let mut groups: Vec<&Group> = self.groups.values().collect();
        groups.sort_by(|a, b| {
            let expiry = |group: &Group| (group.not_after.is_none(), group.not_after);
            b.severity.cmp(&a.severity).then(expiry(a).cmp(&expiry(b))).then(a.label.cmp(&b.label))
        });
        groups
    }
}

impl Group {
    fn new(view: &EndpointView<'_>, verdict: &Verdict) -> Self {
        let endpoint = &view.observation.endpoint;
        let certificate = certificate(view, verdict);
        Self {
            severity: verdict.severity,
            label: clean(&endpoint.label()),
            beside: beside(endpoint, verdict),
            failing: failing(view),
            second: None,
            endpoints: 1,
            verdicts: 1,
            title: clean(&verdict.title),
            detail: clean(&verdict.detail),
            details_differ: false,
            not_after: certificate.and_then(|certificate| certificate.not_after),
            issuer: issuer(certificate),
            issuers_differ: false,
            last: endpoint.id(),
        }
    }

    fn add(&mut self, view: &EndpointView<'_>, verdict: &Verdict) {
        let endpoint = &view.observation.endpoint;
        let certificate = certificate(view, verdict);
        self.verdicts += 1;
        let label = clean(&endpoint.label());
        let detail = clean(&verdict.detail);
        self.details_differ |= self.detail != detail;
        self.issuers_differ |= self.issuer != issuer(certificate);
        // Two chains of one endpoint may be alike.
        let is_another = self.last != endpoint.id();
        if is_another {
            self.last = endpoint.id();
            self.endpoints += 1;
        }
        let not_after = certificate.and_then(|certificate| certificate.not_after);
        if not_after.is_some() && self.not_after.is_none_or(|earliest| not_after < Some(earliest)) {
            let former = std::mem::replace(&mut self.label, label);
            self.second = if is_another { Some(former) } else { self.second.take() };
            self.beside = beside(endpoint, verdict);
            self.failing = failing(view);
            self.detail = detail;
            self.not_after = not_after;
            self.issuer = issuer(certificate);
        } else if is_another && self.second.is_none() {
            self.second = Some(label);
        }
    }

    /// The facts of the case, or of the one that is shown if they differ.
    pub(super) fn reason(&self) -> String {
        if self.details_differ { format!("For example: {}", self.detail) } else { self.detail.clone() }
    }
}

/// The address of an endpoint whose label is a name.
pub(super) fn address_beside_name(endpoint: &Endpoint) -> String {
    match (&endpoint.server_name, endpoint.address) {
        (Some(_), Some(address)) => address.to_string(),
        _ => String::new(),
    }
}

fn beside(endpoint: &Endpoint, verdict: &Verdict) -> String {
    let address = address_beside_name(endpoint);
    match verdict.offered_for {
        Some(offered_for) if address.is_empty() => format!("(chain: {})", offered_for.name()),
        Some(offered_for) => format!("{address} (chain: {})", offered_for.name()),
        None => address,
    }
}

/// The certificate that a verdict is about: its subject, else the end-entity certificate of its chain.
fn certificate<'a>(view: &EndpointView<'a>, verdict: &Verdict) -> Option<&'a Certificate> {
    let chain = chain(view, verdict)?;
    let subject = match verdict.subject {
        Subject::Certificate(sha256) => chain.certificates.iter().find(|c| c.sha256 == sha256),
        Subject::Endpoint(_) => None,
    };
    subject.or_else(|| chain.end_entity()).map(|certificate| &**certificate)
}

fn chain<'a>(view: &EndpointView<'a>, verdict: &Verdict) -> Option<&'a Chain> {
    use crate::model::Outcome;
    match (&view.observation.outcome, verdict.offered_for) {
        (Outcome::Handshake(handshake), Some(offered_for)) => {
            let other = handshake.other_chains.iter().find(|other| other.offered_for == offered_for);
            other.map(|other| &other.presented)
        }
        (outcome, _) => outcome.presented(),
    }
}

fn issuer(certificate: Option<&Certificate>) -> String {
    clean(certificate.map(|certificate| certificate.issuer.label().raw()).unwrap_or_default())
}
