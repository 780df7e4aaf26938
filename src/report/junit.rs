//! JUnit XML: one suite for each endpoint, one case for each rule of each policy and for each finding.
//!
//! A failure is a broken rule; an error is what could not be tested; skipped is what does not apply or was accepted.
//! The three are never merged. Shape: the schema `junit-10.xsd` of Jenkins' xUnit plug-in.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::RecordWriter;
use super::markup::xml;
use crate::model::{FindingState, Outcome, RuleOutcome, Severity};
use crate::wire::v1::{CertificateView, EndpointView, FindingView, ReportHead};

/// Class name of the cases that are no policy's.
const VISIT: &str = "certvigil.visit";
const FINDINGS: &str = "certvigil.findings";

/// Writes a report as JUnit XML.
#[derive(Debug)]
pub struct JunitReport<W> {
    out: W,
}

/// How a case ended.
enum Verdict<'a> {
    Passed,
    /// Passed, with something to say.
    Remark(&'a str),
    Failure {
        kind: &'a str,
        message: &'a str,
        text: String,
    },
    Error {
        kind: &'a str,
        message: &'a str,
    },
    Skipped(String),
}

/// The cases of one endpoint and their counts.
#[derive(Default)]
struct Suite {
    cases: String,
    tests: u64,
    failures: u64,
    errors: u64,
    skipped: u64,
}

impl<W: Write> JunitReport<W> {
    /// Writes the opening.
    ///
    /// # Errors
    /// Whatever the writer says.
    pub fn begin(mut out: W, head: &ReportHead<'_>) -> io::Result<Self> {
        writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
        writeln!(out, "<testsuites name=\"certvigil {}\">", xml(&head.scan.id))?;
        Ok(Self { out })
    }
}

impl<W: Write> RecordWriter for JunitReport<W> {
    fn endpoint(&mut self, endpoint: &EndpointView<'_>) -> io::Result<()> {
        let mut suite = Suite::default();
        suite.visit(endpoint);
        suite.policies(endpoint);
        for finding in endpoint.findings {
            suite.finding(finding);
        }
        let place = &endpoint.observation.endpoint;
        let beside = match (&place.server_name, place.address) {
            (Some(_), Some(address)) => format!(" ({address})"),
            _ => String::new(),
        };
        let Suite { cases, tests, failures, errors, skipped } = suite;
        // `timestamp` of the schema has no zone; it is UTC.
        let seen = endpoint.observation.observed_at.to_string();
        write!(
            self.out,
            "  <testsuite name=\"{}{beside}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" \
             skipped=\"{skipped}\" time=\"0\" timestamp=\"{}\">\n{cases}  </testsuite>\n",
            xml(&place.label()),
            xml(seen.trim_end_matches('Z')),
        )
    }

    /// Nothing: a suite is an endpoint's.
    fn certificate(&mut self, _certificate: &CertificateView<'_>) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, _head: &ReportHead<'_>) -> io::Result<()> {
        writeln!(self.out, "</testsuites>")?;
        self.out.flush()
    }
}

impl Suite {
    /// Whether there was a chain to judge.
    fn visit(&mut self, endpoint: &EndpointView<'_>) {
        match &endpoint.observation.outcome {
            Outcome::Handshake(_) | Outcome::Read(_) => self.case(VISIT, "chain", &Verdict::Passed),
            Outcome::Failure(failure) => {
                let kind = failure.code();
                self.case(VISIT, "chain", &Verdict::Error { kind: &kind, message: failure.detail.raw() });
            }
        }
    }

    fn finding(&mut self, finding: &FindingView<'_>) {
        let verdict = finding.verdict;
        let accepted = || {
            let exception = finding.exception;
            let words = exception.map(|exception| format!(": {} ({})", exception.reason, exception.by));
            format!("{}{}", finding.state.name(), words.unwrap_or_default())
        };
        let ended = match finding.state {
            FindingState::Resolved => return,
            FindingState::Acknowledged | FindingState::Silenced => Verdict::Skipped(accepted()),
            FindingState::Open if verdict.severity == Severity::Info => Verdict::Remark(&verdict.detail),
            FindingState::Open => Verdict::Failure {
                kind: verdict.severity.name(),
                message: &verdict.title,
                text: format!("{}\n{}\n{}", verdict.detail, verdict.remediation, finding.key.0),
            },
        };
        let chain = verdict.offered_for.map(|offered| format!(" ({})", offered.name()));
        self.case(FINDINGS, &format!("{}{}", verdict.rule.id(), chain.unwrap_or_default()), &ended);
    }

    fn case(&mut self, class: &str, name: &str, verdict: &Verdict<'_>) {
        self.tests += 1;
        let head = format!("    <testcase classname=\"{}\" name=\"{}\" time=\"0\"", xml(class), xml(name));
        let inside = match verdict {
            Verdict::Passed => return self.cases.push_str(&format!("{head}/>\n")),
            Verdict::Remark(text) => format!("<system-out>{}</system-out>", xml(text)),
            Verdict::Failure { kind, message, text } => {
                self.failures += 1;
                format!(
                    "<failure type=\"{}\" message=\"{}\">{}</failure>",
                    xml(kind),
                    xml(message),
                    text.lines().map(xml).collect::<Vec<_>>().join("\n")
                )
            }
            Verdict::Error { kind, message } => {
                self.errors += 1;
                format!("<error type=\"{}\" message=\"{}\"/>", xml(kind), xml(message))
            }
            Verdict::Skipped(message) => {
                self.skipped += 1;
                format!("<skipped message=\"{}\"/>", xml(message))
            }
        };
        // Writing to a string cannot fail.
        let _ = writeln!(self.cases, "{head}>{inside}</testcase>");
    }
}

/// The policy whose rules are the findings themselves, which have cases of their own.
const DEFAULT_POLICY: &str = "certvigil-default";

impl Suite {
    /// One case for each rule of each policy.
    fn policies(&mut self, endpoint: &EndpointView<'_>) {
        let policies = endpoint.assessment.policies.iter();
        for verdict in policies.filter(|verdict| &*verdict.policy.name != DEFAULT_POLICY) {
            for result in &verdict.results {
                let reason = result.reason.as_deref().unwrap_or(&result.rule.text);
                let ended = match result.outcome {
                    RuleOutcome::Pass => Verdict::Passed,
                    RuleOutcome::Warn => Verdict::Remark(reason),
                    RuleOutcome::Fail => Verdict::Failure {
                        kind: result.severity.name(),
                        message: reason,
                        text: format!(
                            "{}\n{}\n{} {}, {}",
                            result.rule.text,
                            result.rule.remedy,
                            verdict.policy.name,
                            verdict.policy.version,
                            result.rule.source
                        ),
                    },
                    RuleOutcome::NotApplicable => Verdict::Skipped(reason.to_owned()),
                    RuleOutcome::Excepted => Verdict::Skipped(format!("excepted: {reason}")),
                    RuleOutcome::NotDetermined => Verdict::Error { kind: "not_determined", message: reason },
                };
                self.case(&verdict.policy.name, &result.rule.id, &ended);
            }
        }
    }
}
