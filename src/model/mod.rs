//! The nouns, one file each: what is scanned, what was seen, what was judged. Pure.

pub mod alert;
pub mod assessment;
pub mod decision;
mod dh_parameters;
pub mod endpoint;
pub mod event;
pub mod finding;
pub mod gathered;
pub mod grade;
pub mod hook_run;
mod hsts;
pub mod inspection;
pub mod observation;
pub mod outbox;
pub mod place;
pub mod policy;
pub mod policy_rules;
pub mod readiness;
pub mod scan;
pub mod thresholds;
pub mod trust_store;
pub mod watch;

pub use alert::{
    Alert, AlertEndpoint, AlertKey, CertificateBrief, FindingNews, News, Occasion, ProfileSummary,
    SeverityCounts, WatchNews,
};
pub use assessment::{Assessment, ChainVerdict, PathReason, StoreVerdict, Trust, Verdict};
pub use decision::{Decision, Matcher, Silence};
pub use endpoint::{Endpoint, EndpointId, ServerName, Transport};
pub use event::EventName;
pub use finding::{Evidence, Finding, FindingKey, FindingState, Rule, Severity, Subject};
pub use gathered::{
    Doubt, DoubtKind, Gathered, RevocationCheck, RevocationChoice, RevocationMethod, RevocationStatus,
};
pub use grade::{Cap, Grade, Letter, NotTested, Score};
pub use hook_run::{HookRun, Verification};
pub use hsts::Hsts;
pub use inspection::{
    DhParameters, Features, Fingerprints, Forbidden, Inspection, Intolerance, Probe, ProbeName, Purpose,
    Reaction, Scope, VersionFacts,
};
pub use observation::{
    ClientAuth, EndedBy, Failure, Handshake, Observation, OfferedFor, OtherChain, Outcome, PostQuantum,
    Reason, Stage, TlsFacts,
};
pub use outbox::{Channel, Lane, LaneId, LaneState, Outgoing, Seal, Setback, Urgency};
pub use place::{Place, PlaceName};
pub use policy::{
    Level, Policy, PolicyOutcome, PolicyRule, PolicyStatus, PolicyVerdict, RuleOutcome, RuleResult,
};
pub use policy_rules::{
    Choice, DateBasis, Demand, Feature, KeyDemand, LeafDemand, PathPosition, PolicyDefinition,
    PolicyException, RuleDates, RuleDefinition, When,
};
pub use scan::{Counts, Depth, Exclusion, Scan, ScanId, ScanParameters, ScanState, StartTlsChoice};
pub use thresholds::{ExpiryStep, Thresholds};
pub use trust_store::{TrustStore, TrustStoreInfo};

pub use watch::{ProfileWatch, Watch};
