//! Loads trust anchors: Mozilla's, the system's, files; each set with its name, date and hash. Never judges, never
//! asks the network.

mod anchors;
mod file;
mod mozilla;
mod system;

use std::path::Path;

use thiserror::Error;

pub use self::file::{file, from_pem};
pub use self::mozilla::mozilla;
pub use self::system::system;
use crate::model::trust_store::TrustStore;
use crate::x509::BundleError;

/// Name of Mozilla's store.
pub const MOZILLA: &str = "mozilla";
/// Name of the operating system's store.
pub const SYSTEM: &str = "system";

/// Why a trust store could not be loaded.
#[derive(Debug, Error)]
pub enum TrustError {
    #[error(
        "trust store {path}: {problem}; give `mozilla`, `system`, or a file or directory of CA certificates"
    )]
    Unreadable { path: String, problem: String },
    #[error("trust store {path}: {source}")]
    Bundle {
        path: String,
        #[source]
        source: BundleError,
    },
    #[error("trust store {path}: certificate {number} ({label}) cannot be an anchor: {problem}; take it out")]
    Anchor {
        path: String,
        /// Counted from 1 over the certificates of the file.
        number: usize,
        label: String,
        problem: String,
    },
    #[error(
        "trust store {path}: {found} certificates, none of a CA and none self-signed; give the CA's certificate"
    )]
    NoAnchor { path: String, found: usize },
    #[error("the system's trust store: {0}; install ca-certificates, or name a file in SSL_CERT_FILE")]
    System(String),
}

/// Loads `mozilla`, `system`, or the file or directory with that path; a file of one of those names is `./mozilla`.
pub fn load(name: &str) -> Result<TrustStore, TrustError> {
    match name {
        MOZILLA => Ok(mozilla()),
        SYSTEM => system(),
        path => file(Path::new(path)),
    }
}

/// What is asked where nothing is chosen: Mozilla's store and the system's. A system without one is no failure: it
/// is said in the second part.
pub fn default_set() -> (Vec<TrustStore>, Vec<TrustError>) {
    match system() {
        Ok(system) => (vec![mozilla(), system], Vec::new()),
        Err(error) => (vec![mozilla()], vec![error]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stores_are_loaded_by_name() {
        assert_eq!(&*load("mozilla").unwrap().info.name, "mozilla");
        let error = load("no/such/file.pem").unwrap_err().to_string();
        assert!(error.starts_with("trust store no/such/file.pem: "), "{error}");
        assert!(
            error.ends_with("; give `mozilla`, `system`, or a file or directory of CA certificates"),
            "{error}"
        );
    }

    #[test]
    fn the_default_set_has_mozilla_first_and_says_what_is_missing() {
        let (stores, errors) = default_set();
        assert_eq!(&*stores[0].info.name, "mozilla");
        assert_eq!(stores.len() + errors.len(), 2);
    }
}
