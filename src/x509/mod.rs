//! Certificates (RFC 5280): DER and PEM to a certificate with names, keys and extensions. No sockets, files, clock or serde.

pub mod certificate;
pub mod chain;
mod der;
mod extensions;
pub mod fingerprint;
mod key;
pub mod name;
mod names;
mod oid;
pub mod read;
mod san;
mod sct;
mod signature;

pub use certificate::{Certificate, Unreadable};
pub use chain::{Chain, RawChain, read_chain};
pub use fingerprint::Fingerprint;
pub use name::DistinguishedName;
pub use read::read;
