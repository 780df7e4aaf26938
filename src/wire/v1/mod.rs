//! Version 1 of every document: `certvigil.report/v1` and the answers of the other commands.
//!
//! Each key of the contract is always present: what was not looked at is `null`, `[]` or `not_checked`, never
//! `false`. Documents borrow from the model when written and own their text when read back. Unknown keys are
//! ignored on reading, since a later release may add some.

mod certificate;
mod diff;
mod doctor;
mod endpoint;
mod event;
mod finding;
mod findings;
mod grade;
mod history;
mod inspection;
mod inventory;
mod maintained;
mod outbox;
mod policy;
mod policy_files;
mod readiness;
mod reference;
mod report;
mod scalar;
mod shared_factors;
mod silences;
mod views;

pub use certificate::{
    AttributeDocument, CertificateDocument, KeyDocument, SanDocument, UnreadableDocument,
    certificate_document,
};
pub use diff::{
    Change, ChangedEndpoint, DiffDocument, ReplacedCertificate, ScanReference, ServedCertificate,
};
pub use doctor::{CheckDocument, CheckStatus, DoctorDocument};
pub use endpoint::{
    EndpointDocument, OtherChainDocument, OutcomeDocument, RevocationDocument, StoreVerdictDocument,
    TlsDocument, TrustDocument, endpoint_document, outcome_document,
};
pub use event::{
    BlindDocument, BlindReasonDocument, EVENT_SCHEMA, EventCertificateDocument, EventDocument,
    EventEndpointDocument, EventFindingDocument, FailedHookDocument,
};
pub use finding::{
    EvidenceDocument, EvidenceValueDocument, ExceptionDocument, FindingDocument, finding_document,
};
pub use findings::{FindingRow, FindingsDocument};
pub use grade::{CapDocument, GradingDocument, NotTestedDocument, ScoreDocument};
pub use history::{HistoryDocument, HistoryEntry};
pub use inspection::{
    DhParametersDocument, FeaturesDocument, FingerprintsDocument, HstsDocument, InspectionDocument,
    PostQuantumDocument, VersionDocument, WeaknessDocument,
};
pub use inventory::{InventoryDocument, InventoryRow, ShowDocument};
pub use maintained::{
    BalanceDocument, MaintainedDocument, MonthDocument, ReplacementDocument, ScansDocument,
    TimeToCloseDocument,
};
pub use outbox::{OutboxDocument, OutboxHook, OutboxLane, OutboxVerification};
pub use policy::{PolicyDocument, PolicyVerdictDocument, RuleResultDocument, policy_document};
pub use policy_files::{
    ExplainDocument, ExplainedRule, PoliciesDocument, PolicyCheckDocument, PolicyDefinitionDocument,
    PolicyExceptionDocument, PolicyRow, PolicyRuleDocument, SimulatedEndpoint, SimulatedRule,
    SimulationDocument,
};
pub use readiness::{
    ClientAuthDocument, GroupPolicyDocument, KeyExchangeDocument, KeysDocument, LifetimesDocument,
    LimitDocument, LongestDocument, OcspDocument, ReadinessDocument, TallyDocument,
};
pub use reference::{CertificateReference, EndpointReference};
pub use report::{
    CountsDocument, ExclusionDocument, ParametersDocument, REPORT_SCHEMA, ReportHead, ScanDocument,
    ToolDocument, TrustStoreDocument, report_head, scan_document,
};
pub use scalar::{Sha256, Text, Timestamp};
pub use shared_factors::{SharedFactorGroup, SharedFactorsDocument};
pub use silences::{SilenceRow, SilencesDocument};
pub use views::{
    CertificateView, EndpointView, ExceptionView, FindingView, InventoryView, ReportView, ScanView, StoreView,
};
