//! Chains with every fault, made fresh, and what is said of them.

mod chains;
mod endpoints;
mod fleet;
pub(crate) mod inspected;
mod issuers;
mod keys;
mod names;
mod paths;
pub(crate) mod pki;
mod times;
