//! Chains with every fault, made fresh, and what is said of them.

mod chains;
mod endpoints;
mod fleet;
pub(crate) mod inspected;
mod issuers;
mod keys;
pub(crate) mod leaf;
mod lint_fixtures;
mod names;
mod paths;
pub(crate) mod pki;
mod requirements;
mod revocation;
mod times;
pub(crate) mod weak;
mod weak_keys;
