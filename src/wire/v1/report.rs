//! The head of `certvigil.report/v1`: who wrote it, which trust stores were asked, which scan it tells of.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::policy::policy_document;
use super::{PolicyDocument, ReportView, ScanView, Sha256, StoreView, Text, Timestamp};
use crate::model::{Counts, ScanParameters, ScanState};

/// Name of the report's schema.
pub const REPORT_SCHEMA: &str = "certvigil.report/v1";

/// Everything of a report but its endpoints and certificates, which follow one by one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportHead<'a> {
    pub schema: Text<'a>,
    pub generated_at: Timestamp,
    pub tool: ToolDocument<'a>,
    pub policies: Vec<PolicyDocument<'a>>,
    pub trust_stores: Vec<TrustStoreDocument<'a>>,
    pub scan: ScanDocument<'a>,
}

/// The program that wrote the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolDocument<'a> {
    pub name: Text<'a>,
    pub version: Text<'a>,
}

/// A trust store that was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustStoreDocument<'a> {
    pub name: Text<'a>,
    pub version: Text<'a>,
    /// `YYYY-MM-DD`; `null` if nothing tells.
    pub date: Option<Text<'a>>,
    pub sha256: Sha256,
    pub anchors: u64,
}

/// The scan and its accounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanDocument<'a> {
    pub id: Text<'a>,
    pub profile: Option<Text<'a>>,
    pub started_at: Timestamp,
    /// `null` for a scan that was killed.
    pub finished_at: Option<Timestamp>,
    /// `complete` or `incomplete`.
    pub state: Text<'a>,
    pub vantage: Text<'a>,
    pub actor: Text<'a>,
    pub parameters: ParametersDocument<'a>,
    pub exclusions: Vec<ExclusionDocument<'a>>,
    pub counts: CountsDocument<'a>,
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParametersDocument<'a> {
    pub targets: Vec<Text<'a>>,
    pub ports: Text<'a>,
    pub depth: Text<'a>,
    /// `auto`, `none` or the protocol of every endpoint.
    pub starttls: Text<'a>,
    pub transports: Vec<Text<'a>>,
    /// New connections a second; `null` for no limit.
    pub rate: Option<u32>,
    pub resolver: Option<Text<'a>>,
    pub profile_sha256: Option<Text<'a>>,
}

/// What was left out, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExclusionDocument<'a> {
    pub what: Text<'a>,
    pub reason: Option<Text<'a>>,
}

/// Accounts that add up: `handshake + failure = endpoints`, `listed + unlisted = endpoints`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountsDocument<'a> {
    pub targets: u64,
    pub endpoints: u64,
    pub handshake: u64,
    pub failure: u64,
    pub read: u64,
    pub unlisted: u64,
    pub excluded: u64,
    pub known_not_reached: u64,
    pub certificates: u64,
    /// `stage.reason` to how many.
    pub failures: BTreeMap<Text<'a>, u64>,
}

/// The head of a report, signed with this program's name and version.
pub fn report_head<'a>(view: &ReportView<'a>) -> ReportHead<'a> {
    ReportHead {
        schema: REPORT_SCHEMA.into(),
        generated_at: Timestamp(view.generated_at),
        tool: ToolDocument { name: env!("CARGO_PKG_NAME").into(), version: env!("CARGO_PKG_VERSION").into() },
        policies: view.policies.iter().map(|policy| policy_document(policy)).collect(),
        trust_stores: view.stores.iter().map(trust_store_document).collect(),
        scan: scan_document(&view.scan),
    }
}

/// A scan; one that still runs, or was killed, is `incomplete`.
pub fn scan_document<'a>(view: &ScanView<'a>) -> ScanDocument<'a> {
    let scan = view.scan;
    let state = match scan.state {
        ScanState::Complete => ScanState::Complete,
        ScanState::Running | ScanState::Incomplete => ScanState::Incomplete,
    };
    ScanDocument {
        id: scan.id.0.as_str().into(),
        profile: scan.profile.as_deref().map(Text::from),
        started_at: Timestamp(scan.started_at),
        finished_at: scan.finished_at.map(Timestamp),
        state: state.name().into(),
        vantage: scan.vantage.as_str().into(),
        actor: scan.actor.as_str().into(),
        parameters: parameters_document(&scan.parameters),
        exclusions: scan
            .exclusions
            .iter()
            .map(|exclusion| ExclusionDocument {
                what: exclusion.what.as_str().into(),
                reason: exclusion.reason.as_deref().map(Text::from),
            })
            .collect(),
        counts: counts_document(&scan.counts),
    }
}

fn trust_store_document<'a>(view: &StoreView<'a>) -> TrustStoreDocument<'a> {
    TrustStoreDocument {
        name: (&*view.info.name).into(),
        version: view.info.version.as_str().into(),
        date: view.info.date.as_deref().map(Text::from),
        sha256: Sha256(view.info.sha256),
        anchors: u64::try_from(view.anchors).unwrap_or(u64::MAX),
    }
}

fn parameters_document(parameters: &ScanParameters) -> ParametersDocument<'_> {
    ParametersDocument {
        targets: parameters.targets.iter().map(|target| target.as_str().into()).collect(),
        ports: parameters.ports.as_str().into(),
        depth: parameters.depth.name().into(),
        starttls: parameters.starttls.name().into(),
        transports: parameters.transports.iter().map(|transport| transport.name().into()).collect(),
        rate: parameters.rate,
        resolver: parameters.resolver.as_deref().map(Text::from),
        profile_sha256: parameters.profile_sha256.as_deref().map(Text::from),
    }
}

fn counts_document(counts: &Counts) -> CountsDocument<'_> {
    CountsDocument {
        targets: counts.targets,
        endpoints: counts.endpoints,
        handshake: counts.handshake,
        failure: counts.failure,
        read: counts.read,
        unlisted: counts.unlisted,
        excluded: counts.excluded,
        known_not_reached: counts.known_not_reached,
        certificates: counts.certificates,
        failures: counts.failures.iter().map(|(code, count)| (code.as_str().into(), *count)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Depth, Scan, ScanId, StartTlsChoice, Transport};
    use crate::time::UnixTime;

    #[test]
    fn a_killed_scan_is_incomplete_and_has_no_end() {
        let scan = Scan {
            id: ScanId("1".to_owned()),
            profile: None,
            started_at: UnixTime(0),
            finished_at: None,
            state: ScanState::Running,
            vantage: String::new(),
            actor: String::new(),
            parameters: ScanParameters {
                targets: Vec::new(),
                ports: "443".to_owned(),
                depth: Depth::Sweep,
                starttls: StartTlsChoice::Auto,
                transports: vec![Transport::Tcp],
                rate: None,
                resolver: None,
                profile_sha256: None,
                profile_source: None,
                trust: Vec::new(),
            },
            exclusions: Vec::new(),
            counts: Counts::default(),
        };
        let head = report_head(&ReportView {
            generated_at: UnixTime(0),
            policies: &[],
            stores: &[],
            scan: ScanView { scan: &scan },
        });
        assert_eq!((head.scan.state.as_ref(), head.scan.finished_at), ("incomplete", None));
        assert_eq!((head.schema.as_ref(), head.tool.name.as_ref()), ("certvigil.report/v1", "certvigil"));
        let text = serde_json::to_string(&head).unwrap();
        assert_eq!(serde_json::from_str::<ReportHead<'_>>(&text).unwrap(), head);
    }
}
