//! Certificates (RFC 5280): DER and PEM to a certificate with names, keys and extensions. No sockets, files, clock or serde.

pub mod bundle;
pub mod certificate;
pub mod chain;
pub mod crl;
mod der;
mod encoding;
mod extensions;
pub mod fingerprint;
pub mod issuer;
mod jks;
mod key;
pub mod name;
mod names;
pub mod ocsp;
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

pub use bundle::{BundleError, parse_anchors, parse_bundle};
pub use certificate::{Certificate, Unreadable};
pub use chain::{Chain, RawChain, read_chain};
pub use crl::{Crl, CrlFault, CrlReader};
pub use encoding::{Encoding, ExtensionKind, Extensions, TimeForm};
pub use fingerprint::Fingerprint;
pub use issuer::Issuer;
pub use key::rsa_modulus_of;
pub use name::DistinguishedName;
pub use ocsp::{CertStatus, OcspAnswer, OcspFault, Revoked, ocsp_request, read_ocsp};
pub use pkcs12::Pkcs12Error;
pub use read::read;
pub use verify::{SignatureCheck, signed_by};

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
