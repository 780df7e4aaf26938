//! Certificates (RFC 5280): DER and PEM to a certificate with names, keys and extensions. No sockets, files, clock or serde.

pub mod bundle;
pub mod certificate;
pub mod chain;
mod der;
mod extensions;
pub mod fingerprint;
mod key;
pub mod name;
mod names;
mod oid;
mod pbe;
pub mod pem;
mod pkcs12;
mod pkcs7;
pub mod read;
mod san;
mod sct;
mod signature;
pub mod verify;

pub use bundle::{BundleError, parse_bundle};
pub use certificate::{Certificate, Unreadable};
pub use chain::{Chain, RawChain, read_chain};
pub use fingerprint::Fingerprint;
pub use name::DistinguishedName;
pub use pkcs12::Pkcs12Error;
pub use read::read;
pub use verify::{SignatureCheck, signed_by};

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
