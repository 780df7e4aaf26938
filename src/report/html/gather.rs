//! What a page tells, gathered record by record. Counts and the first so many of each kind; memory does not grow with the
//! report.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};

use super::findings::Findings;
use super::top::Top;
use crate::model::{Outcome, Severity};
use crate::time::{DAY_SECONDS, UnixTime};
use crate::wire::v1::{
    CertificateView, EndpointDocument, EndpointView, OutcomeDocument, PolicyVerdictDocument,
    endpoint_document,
};
use crate::x509::{Chain, Fingerprint};

/// Rows of the tables.
const MOST_CERTIFICATES: usize = 200;
const MOST_ENDPOINTS: usize = 300;
/// Endpoints named for each way to fail.
const MOST_EXAMPLES: usize = 8;
/// Different values that one chart or table of counts may have.
const MOST_VALUES: usize = 200;

/// Certificates of authorities that are told apart as served first: some 4 MiB.
const MOST_CA_LEAVES: usize = 65_536;

/// Counts by name.
pub(super) type Counts = BTreeMap<String, u64>;

/// Worst first; what ends first is first among equals.
type EndpointKey = (Reverse<Option<Severity>>, bool, Option<UnixTime>, String);

/// Days that are soon.
const SOON_DAYS: i64 = 30;

/// Everything that the page is made from.
#[derive(Debug)]
pub(super) struct Gathered {
    now: UnixTime,
    pub(super) with_chain: u64,
    pub(super) failures: BTreeMap<String, Failures>,
    pub(super) trust: Counts,
    pub(super) revocation: Counts,
    pub(super) versions: Counts,
    pub(super) post_quantum: [u64; 3],
    pub(super) grades: Counts,
    pub(super) policies: BTreeMap<(String, String), PolicyTally>,
    pub(super) findings: Findings,
    /// Endpoints by their worst open finding; `None` for those without.
    pub(super) worst: BTreeMap<Option<Severity>, u64>,
    pub(super) endpoints: Top<EndpointKey, EndpointRow>,
    pub(super) keys: Counts,
    pub(super) signatures: Counts,
    /// End-entity certificates by the month in which they end, `2026-11`.
    pub(super) months: Counts,
    pub(super) leaves: u64,
    /// Certificates that say they are an authority's and stand first in a chain: many self-signed ones do.
    ca_leaves: HashSet<Fingerprint>,
    /// End-entity certificates that have ended, and those that end within [`SOON_DAYS`].
    pub(super) ended: u64,
    pub(super) ending: u64,
    pub(super) authorities: u64,
    pub(super) certificates: Top<(Option<UnixTime>, String), CertificateRow>,
}

/// One way to fail.
#[derive(Debug, Default)]
pub(super) struct Failures {
    pub(super) count: u64,
    pub(super) examples: Vec<String>,
    pub(super) detail: String,
}

/// What one policy said.
#[derive(Debug, Default)]
pub(super) struct PolicyTally {
    pub(super) pass: u64,
    pub(super) fail: u64,
    pub(super) not_determined: u64,
    pub(super) failed: BTreeMap<String, FailedRule>,
}

/// A rule of a policy that endpoints broke.
#[derive(Debug, Default)]
pub(super) struct FailedRule {
    pub(super) count: u64,
    pub(super) example: String,
    pub(super) reason: String,
    pub(super) source: String,
}

/// One line of the table of endpoints.
#[derive(Debug)]
pub(super) struct EndpointRow {
    pub(super) label: String,
    pub(super) address: String,
    pub(super) owner: String,
    pub(super) outcome: String,
    pub(super) grade: String,
    pub(super) certificate: String,
    pub(super) issuer: String,
    pub(super) not_after: Option<UnixTime>,
    pub(super) has_chain: bool,
    pub(super) trust: String,
    pub(super) worst: Option<Severity>,
}

/// One line of the table of certificates.
#[derive(Debug)]
pub(super) struct CertificateRow {
    pub(super) label: String,
    pub(super) issuer: String,
    pub(super) key: String,
    pub(super) signature: String,
    pub(super) not_after: Option<UnixTime>,
    pub(super) endpoints: u64,
    pub(super) sha256: String,
}

impl Gathered {
    /// Nothing yet; days are counted from `now`.
    pub(super) fn new(now: UnixTime) -> Self {
        Self {
            now,
            with_chain: 0,
            failures: BTreeMap::new(),
            trust: Counts::new(),
            revocation: Counts::new(),
            versions: Counts::new(),
            post_quantum: [0; 3],
            grades: Counts::new(),
            policies: BTreeMap::new(),
            findings: Findings::new(),
            worst: BTreeMap::new(),
            endpoints: Top::new(MOST_ENDPOINTS),
            keys: Counts::new(),
            signatures: Counts::new(),
            months: Counts::new(),
            leaves: 0,
            ca_leaves: HashSet::new(),
            ended: 0,
            ending: 0,
            authorities: 0,
            certificates: Top::new(MOST_CERTIFICATES),
        }
    }

    pub(super) fn endpoint(&mut self, view: &EndpointView<'_>) {
        let document = endpoint_document(view);
        match &document.outcome {
            OutcomeDocument::Failure { stage, reason, detail } => {
                self.failure(&format!("{stage}.{reason}"), view, detail);
            }
            OutcomeDocument::Handshake | OutcomeDocument::Read => self.chain(view, &document),
        }
        for policy in &document.policies {
            self.policy(policy, &view.observation.endpoint.label());
        }
        for (finding, shown) in view.findings.iter().zip(&document.findings) {
            self.findings.add(view, finding, shown);
        }
        let open = document.findings.iter().filter(|finding| finding.state == "open");
        let worst = open.filter_map(|finding| Severity::from_name(&finding.severity)).max();
        *self.worst.entry(worst).or_default() += 1;
        let row = endpoint_row(view, &document, worst);
        let key = (Reverse(worst), row.not_after.is_none(), row.not_after, row.label.clone());
        self.endpoints.offer(key, || row);
    }

    fn failure(&mut self, code: &str, view: &EndpointView<'_>, detail: &str) {
        let failures = self.failures.entry(code.to_owned()).or_default();
        failures.count += 1;
        if failures.examples.len() < MOST_EXAMPLES {
            failures.examples.push(view.observation.endpoint.label());
        }
        if failures.detail.is_empty() {
            failures.detail = detail.to_owned();
        }
    }

    fn ca_leaf(&mut self, view: &EndpointView<'_>) {
        let end_entity = view.observation.outcome.presented().and_then(Chain::end_entity);
        if let Some(certificate) = end_entity.filter(|certificate| certificate.is_ca())
            && self.ca_leaves.len() < MOST_CA_LEAVES
        {
            self.ca_leaves.insert(certificate.sha256);
        }
    }

    fn chain(&mut self, view: &EndpointView<'_>, document: &EndpointDocument<'_>) {
        self.with_chain += 1;
        self.ca_leaf(view);
        count(&mut self.trust, &document.trust.verdict);
        count(&mut self.revocation, &document.revocation.status);
        if let Some(grade) = &document.grade {
            count(&mut self.grades, grade);
        }
        let tls = &document.tls;
        if matches!(document.outcome, OutcomeDocument::Handshake) {
            count(&mut self.versions, tls.version.as_deref().unwrap_or("not told"));
            let [hybrid, classical, unknown] = &mut self.post_quantum;
            let was_offered = tls.completed == Some(true) || tls.possession_proved == Some(true);
            let is_hybrid = |group: &str| group.contains("MLKEM");
            let taken = tls.post_quantum.as_ref().and_then(|asked| asked.group.as_deref());
            match (tls.group.as_deref(), taken) {
                (Some(group), _) | (None, Some(group)) if is_hybrid(group) => *hybrid += 1,
                (_, Some(group)) if is_hybrid(group) => *hybrid += 1,
                // A sweep's hello offers none.
                _ if tls.post_quantum.is_some() || was_offered => *classical += 1,
                _ => *unknown += 1,
            }
        }
    }

    fn policy(&mut self, verdict: &PolicyVerdictDocument<'_>, label: &str) {
        let key = (verdict.name.to_string(), verdict.version.to_string());
        if !self.policies.contains_key(&key) && self.policies.len() >= MOST_VALUES {
            return;
        }
        let tally = self.policies.entry(key).or_default();
        match &*verdict.verdict {
            "pass" => tally.pass += 1,
            "fail" => tally.fail += 1,
            _ => tally.not_determined += 1,
        }
        for rule in &verdict.failed {
            if !tally.failed.contains_key(&**rule) && tally.failed.len() >= MOST_VALUES {
                continue;
            }
            let failed = tally.failed.entry(rule.to_string()).or_default();
            failed.count += 1;
            if failed.example.is_empty() {
                failed.example = label.to_owned();
                (failed.reason, failed.source) = rule_words(verdict, rule);
            }
        }
    }

    pub(super) fn certificate(&mut self, view: &CertificateView<'_>) {
        let certificate = view.certificate;
        if certificate.is_ca() && !self.ca_leaves.contains(&certificate.sha256) {
            self.authorities += 1;
            return;
        }
        self.leaves += 1;
        let key = certificate.key.as_ref().map(super::super::phrases::key_name);
        count(&mut self.keys, key.as_deref().unwrap_or("unreadable"));
        let signature = certificate.signature.as_ref().map(|signature| signature.name.clone());
        count(&mut self.signatures, signature.as_deref().unwrap_or("unreadable"));
        if let Some(end) = certificate.not_after {
            count(&mut self.months, &month(end));
            match end.seconds_since(self.now) {
                ..0 => self.ended += 1,
                left if left <= SOON_DAYS * DAY_SECONDS => self.ending += 1,
                _ => {}
            }
        }
        let label = certificate.label().raw().to_owned();
        self.certificates.offer((certificate.not_after, label.clone()), || CertificateRow {
            label,
            issuer: certificate.issuer.label().raw().to_owned(),
            key: key.unwrap_or_default(),
            signature: signature.unwrap_or_default(),
            not_after: certificate.not_after,
            endpoints: view.endpoints,
            sha256: certificate.sha256.to_string(),
        });
    }
}

/// `2026-11`
pub(super) fn month(time: UnixTime) -> String {
    time.to_string().chars().take(7).collect()
}

fn count(counts: &mut Counts, name: &str) {
    if let Some(count) = counts.get_mut(name) {
        *count += 1;
    } else if counts.len() < MOST_VALUES {
        counts.insert(name.to_owned(), 1);
    } else {
        *counts.entry("others".to_owned()).or_default() += 1;
    }
}

/// Why the rule failed, and where it is written.
fn rule_words(verdict: &PolicyVerdictDocument<'_>, rule: &str) -> (String, String) {
    let result = verdict.rules.iter().find(|result| result.rule == rule);
    let reason = result.and_then(|result| result.reason.as_deref()).unwrap_or_default();
    (reason.to_owned(), result.map(|result| result.source.to_string()).unwrap_or_default())
}

fn endpoint_row(
    view: &EndpointView<'_>,
    document: &EndpointDocument<'_>,
    worst: Option<Severity>,
) -> EndpointRow {
    let place = &view.observation.endpoint;
    let leaf = view.observation.outcome.presented().and_then(|chain| chain.end_entity());
    let outcome = match &view.observation.outcome {
        Outcome::Failure(failure) => failure.code(),
        Outcome::Read(_) => "file".to_owned(),
        Outcome::Handshake(_) => document.tls.version.as_deref().unwrap_or("TLS").to_owned(),
    };
    EndpointRow {
        label: place.label(),
        address: match (&place.server_name, place.address) {
            (Some(_), Some(address)) => address.to_string(),
            _ => String::new(),
        },
        owner: document.owner.as_deref().unwrap_or_default().to_owned(),
        outcome,
        grade: document.grade.as_deref().unwrap_or_default().to_owned(),
        certificate: leaf.map(|leaf| leaf.label().raw().to_owned()).unwrap_or_default(),
        issuer: leaf.map(|leaf| leaf.issuer.label().raw().to_owned()).unwrap_or_default(),
        not_after: leaf.and_then(|leaf| leaf.not_after),
        has_chain: leaf.is_some(),
        trust: document.trust.verdict.replace('_', " "),
        worst,
    }
}
