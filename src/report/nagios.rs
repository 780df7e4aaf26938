//! One line for a monitoring system that runs plugins (Nagios, Icinga, Naemon): the state, the worst finding, performance
//! data. Form: Monitoring Plugins development guidelines, sections 2 and 3. Never more than one line.
//!
//! Findings that somebody acknowledged or silenced are counted and change no state.

use std::io::{self, Write};

use super::RecordWriter;
use super::phrases::{counted, from_now};
use crate::model::{FindingState, Outcome, Severity};
use crate::text::escape_for_terminal;
use crate::time::{DAY_SECONDS, UnixTime};
use crate::wire::v1::{CertificateView, EndpointView, ReportHead};

/// Characters of one text in the line.
const LONGEST_TEXT: usize = 200;

/// The state of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckState {
    /// No open finding of medium severity or worse.
    Ok,
    /// The worst open finding is of medium severity.
    Warning,
    /// An open finding of high or critical severity.
    Critical,
    /// Nothing was measured, or the scan is incomplete and what it saw is not critical.
    Unknown,
}

impl CheckState {
    /// The word at the line's beginning.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warning => "WARNING",
            Self::Critical => "CRITICAL",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// What a plugin exits with.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Critical => 2,
            Self::Unknown => 3,
        }
    }
}

/// The line for a check that could not be made.
pub fn nagios_error(message: &str) -> String {
    format!("CERTVIGIL {} - {}\n", CheckState::Unknown.name(), plain(message))
}

/// Writes a report as a plugin's line.
#[derive(Debug)]
pub struct NagiosReport<W> {
    out: W,
    now: UnixTime,
    /// Open findings by severity, least first.
    open: [u64; Severity::ALL.len()],
    set_aside: u64,
    worst: Option<Worst>,
    soonest: Option<(UnixTime, String)>,
    with_chain: u64,
    without_chain: u64,
    state: Option<CheckState>,
}

#[derive(Debug)]
struct Worst {
    severity: Severity,
    sentence: String,
}

impl<W: Write> NagiosReport<W> {
    /// A line without any finding yet; days are counted from `now`.
    pub fn new(out: W, now: UnixTime) -> Self {
        Self {
            out,
            now,
            open: [0; Severity::ALL.len()],
            set_aside: 0,
            worst: None,
            soonest: None,
            with_chain: 0,
            without_chain: 0,
            state: None,
        }
    }

    fn judge(&self, is_complete: bool) -> CheckState {
        match self.worst.as_ref().map(|worst| worst.severity) {
            Some(Severity::Critical | Severity::High) => CheckState::Critical,
            _ if !is_complete => CheckState::Unknown,
            Some(Severity::Medium) => CheckState::Warning,
            _ if self.with_chain == 0 => CheckState::Unknown,
            Some(Severity::Low | Severity::Info) | None => CheckState::Ok,
        }
    }

    fn count(&self, severity: Severity) -> u64 {
        Severity::ALL.iter().zip(self.open).find(|(one, _)| **one == severity).map_or(0, |(_, count)| count)
    }

    fn sentence(&self, is_complete: bool, endpoints: u64) -> String {
        let mut parts = Vec::new();
        if !is_complete {
            parts.push("the scan is incomplete".to_owned());
        }
        let bad: Vec<String> = Severity::ALL
            .into_iter()
            .rev()
            .filter(|severity| self.count(*severity) > 0)
            .map(|severity| format!("{} {}", self.count(severity), severity.name()))
            .collect();
        let endpoints = counted(endpoints, "endpoint", "endpoints");
        match &self.worst {
            Some(worst) => parts.push(format!("{} on {endpoints}: {}", bad.join(", "), worst.sentence)),
            None => parts.push(format!("no open finding on {endpoints}")),
        }
        if let Some((end, label)) = &self.soonest {
            parts.push(format!("next expiry {label} {}", from_now(*end, self.now)));
        }
        if self.set_aside > 0 {
            parts.push(format!("{} acknowledged or silenced", self.set_aside));
        }
        parts.join("; ")
    }

    fn performance(&self, head: &ReportHead<'_>) -> String {
        let counts = &head.scan.counts;
        let mut data = vec![
            format!("endpoints={};;;0", counts.endpoints + counts.read),
            format!("chains={};;;0", self.with_chain),
            format!("failed={};;;0", counts.failure),
            format!("certificates={};;;0", counts.certificates),
        ];
        for severity in Severity::ALL.into_iter().rev() {
            let limits = match severity {
                Severity::Critical | Severity::High => ";;0",
                Severity::Medium => ";0;",
                Severity::Low | Severity::Info => ";;",
            };
            data.push(format!("{}={}{limits};0", severity.name(), self.count(severity)));
        }
        data.push(format!("set_aside={};;;0", self.set_aside));
        if let Some((end, _)) = &self.soonest {
            data.push(format!("days_left={};;;", end.seconds_since(self.now).div_euclid(DAY_SECONDS)));
        }
        data.join(" ")
    }
}

impl<W: Write> RecordWriter for NagiosReport<W> {
    fn endpoint(&mut self, endpoint: &EndpointView<'_>) -> io::Result<()> {
        let place = &endpoint.observation.endpoint;
        match &endpoint.observation.outcome {
            Outcome::Failure(_) => self.without_chain += 1,
            Outcome::Handshake(_) | Outcome::Read(_) => self.with_chain += 1,
        }
        let presented = endpoint.observation.outcome.presented();
        let end = presented.and_then(|chain| chain.end_entity()).and_then(|leaf| leaf.not_after);
        if let Some(end) = end.filter(|end| self.soonest.as_ref().is_none_or(|(soonest, _)| end < soonest)) {
            self.soonest = Some((end, plain(&place.label())));
        }
        for finding in endpoint.findings {
            match finding.state {
                FindingState::Open => {}
                FindingState::Acknowledged | FindingState::Silenced => {
                    self.set_aside += 1;
                    continue;
                }
                FindingState::Resolved => continue,
            }
            let severity = finding.verdict.severity;
            let counts = Severity::ALL.iter().zip(&mut self.open);
            for (_, count) in counts.filter(|(one, _)| **one == severity) {
                *count += 1;
            }
            if self.worst.as_ref().is_none_or(|worst| severity > worst.severity) {
                let sentence = format!("{} {}", plain(&place.label()), plain(&finding.verdict.title));
                self.worst = Some(Worst { severity, sentence });
            }
        }
        Ok(())
    }

    /// Nothing: the line counts the certificates by the head.
    fn certificate(&mut self, _certificate: &CertificateView<'_>) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, head: &ReportHead<'_>) -> io::Result<()> {
        let counts = &head.scan.counts;
        let is_complete = head.scan.state == "complete";
        let state = self.judge(is_complete);
        self.state = Some(state);
        let sentence = self.sentence(is_complete, counts.endpoints + counts.read);
        writeln!(self.out, "CERTVIGIL {} - {sentence} | {}", state.name(), self.performance(head))?;
        self.out.flush()
    }

    fn check_state(&self) -> Option<CheckState> {
        self.state
    }
}

/// Text that neither ends the line nor starts performance data.
fn plain(text: &str) -> String {
    let text = escape_for_terminal(text).replace('|', "/");
    if text.chars().count() <= LONGEST_TEXT {
        return text;
    }
    text.chars().take(LONGEST_TEXT).chain(['…']).collect()
}
