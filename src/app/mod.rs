//! Use cases, one file per verb: the only place where shells meet, and where a principal's rights are checked.

mod alerting;
mod assess;
mod begin;
mod cut_off;
pub mod demo;
pub mod dispatch;
mod error;
pub mod findings;
mod hook_runs;
pub mod init;
pub mod inspect;
pub mod inventory;
mod judge;
mod kept;
mod ledger;
mod news;
pub mod notify;
pub mod parts;
pub mod progress;
mod reconcile;
mod recorder;
pub mod report;
pub mod request;
pub mod scan;
#[cfg(test)]
mod testing;
pub mod timer;
pub mod upkeep;
mod visit;
mod watch;

pub use error::AppError;
