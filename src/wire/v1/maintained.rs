//! The answer of `report --from --to`: how an inventory was kept over a time. What came, what went, what was found, what
//! was mended and how long that took.

use serde::{Deserialize, Serialize};

use super::{CertificateReference, EndpointReference, FindingRow, Text, Timestamp, ToolDocument};

/// An inventory between two times. Lists are cut, counts are not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaintainedDocument<'a> {
    /// `certvigil.maintained/v1`
    pub schema: Text<'a>,
    pub generated_at: Timestamp,
    pub tool: ToolDocument<'a>,
    pub from: Timestamp,
    pub to: Timestamp,
    /// The only profile whose findings are told; `null`: of all.
    pub profile: Option<Text<'a>>,
    /// Scans that ended in between.
    pub scans: ScansDocument,
    /// Endpoints with a certificate.
    pub endpoints: BalanceDocument,
    /// End-entity certificates served.
    pub certificates: BalanceDocument,
    /// Endpoints that served one certificate at the beginning and another at the end.
    pub replaced: u64,
    /// Findings; one that came back is told by its last life.
    pub findings: BalanceDocument,
    /// Worst first.
    pub time_to_close: Vec<TimeToCloseDocument<'a>>,
    /// Oldest first.
    pub months: Vec<MonthDocument<'a>>,
    pub endpoints_came: Vec<EndpointReference<'a>>,
    pub endpoints_went: Vec<EndpointReference<'a>>,
    pub certificates_replaced: Vec<ReplacementDocument<'a>>,
    pub findings_opened: Vec<FindingRow<'a>>,
    pub findings_closed: Vec<FindingRow<'a>>,
    /// Open at the end, worst first.
    pub findings_open: Vec<FindingRow<'a>>,
}

/// How many scans ended, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ScansDocument {
    pub complete: u64,
    pub incomplete: u64,
}

/// Accounts that add up: `at_from + came - went = at_to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BalanceDocument {
    pub at_from: u64,
    pub came: u64,
    pub went: u64,
    pub at_to: u64,
}

/// How long findings of one severity stood open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeToCloseDocument<'a> {
    pub severity: Text<'a>,
    pub closed: u64,
    /// `null` where none was closed.
    pub median_seconds: Option<i64>,
    pub longest_seconds: Option<i64>,
    pub open: u64,
    /// The age of the oldest that is open.
    pub oldest_open_seconds: Option<i64>,
}

/// What one month brought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonthDocument<'a> {
    /// `YYYY-MM`, UTC.
    pub month: Text<'a>,
    pub opened: u64,
    pub closed: u64,
}

/// An endpoint with another certificate than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplacementDocument<'a> {
    pub endpoint: EndpointReference<'a>,
    pub before: CertificateReference<'a>,
    pub after: CertificateReference<'a>,
}
