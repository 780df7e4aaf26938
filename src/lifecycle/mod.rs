//! The life of findings: opened, worse, better, resolved, held; who is told of it, when, and when again. Pure: what
//! was known and what was judged go in, what is to be kept and told comes out. No IO, no clock.

mod backoff;
mod blindness;
mod clock_check;
mod decide;
mod key;
mod matcher;
mod reconcile;
mod route;
mod schedule;
mod severity;
mod tell;
mod urgency;

pub use backoff::{hook_retry_at, mail_retry_seconds};
pub use blindness::{CUT_OFF_FEWEST, is_cut_off};
pub use clock_check::{ClockVerdict, check_clock};
pub use decide::decide;
pub use key::{finding_key, verdict_key};
pub use matcher::matches;
pub use reconcile::{Member, Sighting, Transition, reconcile};
pub use route::{Route, Routes};
pub use schedule::{is_overdue, is_weekly_due};
pub use severity::{SeverityOverride, SeverityOverrides, Traits};
pub use tell::{tell, tell_calmed};
pub use urgency::urgency;

#[cfg(test)]
mod tests;
