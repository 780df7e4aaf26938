//! Chains with every fault, made fresh, and what is said of them.

pub(crate) mod pki;
