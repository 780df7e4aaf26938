//! The nouns, one file each: what is scanned, what was seen, what was judged. Pure.

pub mod assessment;
pub mod endpoint;
pub mod finding;
pub mod observation;
pub mod policy;
pub mod scan;
pub mod trust_store;

pub use assessment::{Assessment, ChainVerdict, PathReason, StoreVerdict, Trust, Verdict};
pub use endpoint::{Endpoint, EndpointId, ServerName, StartTls, Transport};
pub use finding::{Evidence, Finding, FindingKey, FindingState, Rule, Severity, Subject};
pub use observation::{
    ClientAuth, EndedBy, Failure, Handshake, Observation, OfferedFor, OtherChain, Outcome, Reason, Stage,
    TlsFacts,
};
pub use policy::{Policy, PolicyOutcome, PolicyVerdict};
pub use scan::{Counts, Depth, Exclusion, Scan, ScanId, ScanParameters, ScanState};
pub use trust_store::{TrustStore, TrustStoreInfo};
