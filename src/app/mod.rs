//! Use cases, one file per verb: the only place where shells meet, and where a principal's rights are checked.

mod alerting;
mod assess;
mod begin;
mod blocklists;
mod cut_off;
pub mod demo;
pub mod dispatch;
mod error;
pub mod findings;
mod form;
mod gather;
mod hook_runs;
pub mod init;
pub mod inspect;
pub mod inventory;
mod judge;
mod kept;
mod ledger;
pub mod maintained;
mod moduli;
mod news;
pub mod notify;
mod origins;
pub mod parts;
pub mod policy;
pub mod progress;
mod reconcile;
mod recorder;
pub mod report;
pub mod request;
mod revocation;
pub mod scan;
pub mod sign;
#[cfg(test)]
mod testing;
pub mod timer;
pub mod upkeep;
mod visit;
mod watch;

pub use error::AppError;
