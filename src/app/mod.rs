//! Use cases, one file per verb: the only place where shells meet, and where a principal's rights are checked.

mod assess;
mod begin;
pub mod demo;
mod error;
pub mod findings;
pub mod inspect;
pub mod inventory;
mod judge;
mod kept;
mod ledger;
pub mod parts;
pub mod progress;
mod reconcile;
mod recorder;
pub mod report;
pub mod request;
pub mod scan;
#[cfg(test)]
mod testing;
pub mod upkeep;
mod visit;

pub use error::AppError;
