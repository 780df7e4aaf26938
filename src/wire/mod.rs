//! Versioned documents that other programs read, and their conversion from the model; policy files as they are written.
//! Never bytes: that is `report/`'s work. A version's keys keep their name and meaning; only additions are allowed.

pub mod policy;
pub mod v1;
