//! A verdict in the making.

use crate::assess::view::{ChainView, EndpointView};
use crate::model::finding::EvidenceValue;
use crate::model::{Evidence, OfferedFor, Rule, Severity, Subject, Verdict};
use crate::x509::Certificate;

/// Rule, severity and title, to be filled in; about the endpoint unless said otherwise.
pub(in crate::assess) struct Draft {
    rule: Rule,
    severity: Severity,
    title: String,
    detail: String,
    evidence: Evidence,
    subject: Option<Subject>,
    group: Option<String>,
    remediation: String,
    references: Vec<&'static str>,
}

impl Draft {
    pub(in crate::assess) fn new(rule: Rule, severity: Severity, title: impl Into<String>) -> Self {
        Self {
            rule,
            severity,
            title: title.into(),
            detail: String::new(),
            evidence: Evidence::default(),
            subject: None,
            group: None,
            remediation: String::new(),
            references: Vec::new(),
        }
    }

    /// A sentence with the facts of this case; names of the peer are quoted by `words`.
    pub(in crate::assess) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// What to do.
    pub(in crate::assess) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remediation = remedy.into();
        self
    }

    /// Where the rule stands.
    pub(in crate::assess) fn sources(mut self, references: &[&'static str]) -> Self {
        self.references = references.to_vec();
        self
    }

    /// A fact that proves the verdict.
    pub(in crate::assess) fn fact(mut self, name: &'static str, value: impl Into<EvidenceValue>) -> Self {
        self.evidence.push(name, value);
        self
    }

    /// Several facts of one kind; none leaves no trace.
    pub(in crate::assess) fn facts(mut self, name: &'static str, values: Vec<String>) -> Self {
        if !values.is_empty() {
            self.evidence.push(name, EvidenceValue::List(values));
        }
        self
    }

    /// What a probe saw.
    pub(in crate::assess) fn seen(mut self, evidence: &Evidence) -> Self {
        self.evidence.0.extend(evidence.0.iter().cloned());
        self
    }

    /// The certificate that the verdict is about, which is also its group unless one is given.
    pub(in crate::assess) fn about(mut self, certificate: &Certificate) -> Self {
        self.subject = Some(Subject::Certificate(certificate.sha256));
        self
    }

    /// Verdicts of one rule with one group are one line in a table.
    pub(in crate::assess) fn group(mut self, group: impl Into<String>) -> Self {
        self.group = Some(group.into());
        self
    }

    /// The verdict on a chain.
    pub(in crate::assess) fn on_chain(self, view: &ChainView<'_>) -> Option<Verdict> {
        let offered_for = view.offered_for;
        let endpoint = || Subject::Endpoint(view.observation.endpoint.id());
        Some(self.finish(offered_for, endpoint))
    }

    /// The verdict on an endpoint as a whole.
    pub(in crate::assess) fn on_endpoint(self, view: &EndpointView<'_>) -> Option<Verdict> {
        let endpoint = || Subject::Endpoint(view.observation.endpoint.id());
        Some(self.finish(None, endpoint))
    }

    /// The verdict on a group of endpoints.
    pub(in crate::assess) fn finish(
        self,
        offered_for: Option<OfferedFor>,
        endpoint: impl Fn() -> Subject,
    ) -> Verdict {
        let subject = self.subject.unwrap_or_else(endpoint);
        Verdict {
            rule: self.rule,
            severity: self.severity,
            title: self.title,
            detail: self.detail,
            evidence: self.evidence,
            subject,
            offered_for,
            group: self.group.unwrap_or_else(|| subject.to_string()),
            remediation: self.remediation,
            references: self.references,
        }
    }
}
