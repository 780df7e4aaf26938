//! Certificates (RFC 5280): DER and PEM to a certificate with names, keys and extensions. No sockets, files, clock or serde.

pub mod certificate;
pub mod chain;
pub mod fingerprint;
pub mod name;

pub use certificate::{Certificate, Unreadable};
pub use chain::{Chain, RawChain};
pub use fingerprint::Fingerprint;
pub use name::DistinguishedName;
