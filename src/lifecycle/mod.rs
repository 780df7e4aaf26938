//! The life of findings: opened, worse, better, resolved, held. Pure: what was known and what was judged go in, what
//! is to be kept and told comes out. No IO, no clock.

mod key;
mod reconcile;
mod severity;

pub use key::{finding_key, verdict_key};
pub use reconcile::{Member, Sighting, Transition, reconcile};
pub use severity::{SeverityOverride, SeverityOverrides, Traits};
