//! What a document is made from: facts, verdicts and the record's knowledge of one thing, side by side.
//!
//! Plain borrowing structs that a use case fills; nothing here is computed.

use std::sync::Arc;

use crate::model::{
    Assessment, Decision, FindingKey, FindingState, Observation, Policy, Scan, Severity, TrustStoreInfo,
    Verdict,
};
use crate::time::UnixTime;
use crate::x509::{Certificate, Chain};

/// One endpoint as a report shows it.
#[derive(Debug, Clone, Copy)]
pub struct EndpointView<'a> {
    pub observation: &'a Observation<Chain>,
    pub assessment: &'a Assessment,
    pub owner: Option<&'a str>,
    pub tags: &'a [String],
    /// Worst first; resolved ones too, where the report should show them.
    pub findings: &'a [FindingView<'a>],
}

/// A verdict with its life.
#[derive(Debug, Clone, Copy)]
pub struct FindingView<'a> {
    pub verdict: &'a Verdict,
    pub key: &'a FindingKey,
    pub state: FindingState,
    pub first_seen: UnixTime,
    pub last_seen: UnixTime,
    pub resolved_at: Option<UnixTime>,
    pub exception: Option<ExceptionView<'a>>,
}

/// Why a finding is acknowledged or silenced.
#[derive(Debug, Clone, Copy)]
pub struct ExceptionView<'a> {
    pub reason: &'a str,
    pub by: &'a str,
    /// `None`: until somebody takes it back.
    pub until: Option<UnixTime>,
}

impl<'a> ExceptionView<'a> {
    /// What somebody decided.
    pub fn of(decision: &'a Decision) -> Self {
        Self { reason: &decision.reason, by: &decision.by, until: decision.until }
    }
}

/// One certificate with what the record knows of it.
#[derive(Debug, Clone, Copy)]
pub struct CertificateView<'a> {
    pub certificate: &'a Certificate,
    pub first_seen: UnixTime,
    pub last_seen: UnixTime,
    /// Endpoints that serve it.
    pub endpoints: u64,
    /// Chains to a public anchor; `None` where that was not looked at.
    pub public_trust: Option<bool>,
    /// Its own key made its signature, as verified.
    pub self_signed: bool,
}

/// One certificate in the inventory's list.
#[derive(Debug, Clone, Copy)]
pub struct InventoryView<'a> {
    pub certificate: CertificateView<'a>,
    /// Owners of the endpoints that serve it.
    pub owners: &'a [String],
    /// Tags of the endpoints that serve it.
    pub tags: &'a [String],
    /// Worst open finding about it.
    pub worst: Option<Severity>,
}

/// A scan with its accounts.
#[derive(Debug, Clone, Copy)]
pub struct ScanView<'a> {
    pub scan: &'a Scan,
}

/// A trust store that was asked.
#[derive(Debug, Clone, Copy)]
pub struct StoreView<'a> {
    pub info: &'a TrustStoreInfo,
    /// How many anchors it holds.
    pub anchors: usize,
}

/// What a report says about itself.
#[derive(Debug, Clone, Copy)]
pub struct ReportView<'a> {
    pub generated_at: UnixTime,
    /// Judged under, in the order of each endpoint's verdicts.
    pub policies: &'a [Arc<Policy>],
    pub stores: &'a [StoreView<'a>],
    pub scan: ScanView<'a>,
}
