//! Mozilla's root store for servers, compiled in (crate webpki-roots, made from the CCADB's report).

use super::{MOZILLA, anchors};
use crate::model::trust_store::{TrustStore, TrustStoreInfo};

/// Version of the crate that is compiled in; a test compares it with Cargo.lock.
const VERSION: &str = "1.0.10";

/// Day on which that version was published as a package.
const DATE: &str = "2026-10-19";

/// Mozilla's store. It grows old with the program: see its date.
pub fn mozilla() -> TrustStore {
    let anchors = webpki_roots::TLS_SERVER_ROOTS.to_vec();
    TrustStore {
        info: TrustStoreInfo {
            name: MOZILLA.into(),
            version: VERSION.to_owned(),
            date: Some(DATE.to_owned()),
            sha256: anchors::digest(&anchors),
            is_public: true,
        },
        anchors,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_one_that_is_compiled_in() {
        let lock = include_str!("../../Cargo.lock");
        let (_, package) = lock.split_once("name = \"webpki-roots\"\nversion = \"").unwrap();
        let (version, _) = package.split_once('"').unwrap();
        assert_eq!(
            version, VERSION,
            "webpki-roots has changed: set VERSION and DATE (the day it was published)"
        );
    }

    #[test]
    fn mozilla_trusts_a_hundred_roots_and_more() {
        let store = mozilla();
        assert!(store.anchors.len() > 100);
        assert!(store.info.is_public);
    }
}
