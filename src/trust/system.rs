//! The operating system's trust store. `SSL_CERT_FILE` and `SSL_CERT_DIR` in the environment take its place, as they
//! do for every other program on the machine.

use std::path::{Path, PathBuf};

use super::{SYSTEM, TrustError, anchors};
use crate::model::trust_store::{TrustStore, TrustStoreInfo};

/// Loads the system's store. What of it cannot be read is left out; an empty store is an error. Its date is that of
/// the newest bundle file, `None` where the system keeps none.
pub fn system() -> Result<TrustStore, TrustError> {
    let loaded = rustls_native_certs::load_native_certs();
    let anchors = loaded.certs.iter().filter_map(|der| anchors::anchor(der).ok()).collect();
    let anchors = anchors::without_repeats(anchors);
    if anchors.is_empty() {
        let problem = loaded.errors.first().map_or_else(|| "no certificates".to_owned(), ToString::to_string);
        return Err(TrustError::System(problem));
    }
    let date = newest_date(&bundle_paths());
    Ok(TrustStore {
        info: TrustStoreInfo {
            name: SYSTEM.into(),
            version: date.clone().unwrap_or_else(|| "unknown".to_owned()),
            date,
            sha256: anchors::digest(&anchors),
            is_public: true,
        },
        anchors,
    })
}

/// Where distributions keep the bundle: Debian, Fedora, SUSE, Alpine and the BSDs.
const BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The files that the store is made of.
fn bundle_paths() -> Vec<PathBuf> {
    let variables = ["SSL_CERT_FILE", "SSL_CERT_DIR"].into_iter().filter_map(std::env::var_os);
    let chosen: Vec<PathBuf> =
        variables.flat_map(|value| std::env::split_paths(&value).collect::<Vec<_>>()).collect();
    if chosen.is_empty() { BUNDLES.map(PathBuf::from).to_vec() } else { chosen }
}

/// Day of the newest of these files, `YYYY-MM-DD`.
fn newest_date(paths: &[impl AsRef<Path>]) -> Option<String> {
    let modified = paths.iter().filter_map(|path| std::fs::metadata(path).ok()?.modified().ok());
    anchors::day(modified.max()?)
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn the_date_is_that_of_the_newest_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str, day: u64| {
            let path = directory.path().join(name);
            let file = std::fs::File::create(&path).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(day * 86_400)).unwrap();
            path
        };
        let paths = [path("old", 20_000), path("new", 20_001), directory.path().join("missing")];
        assert_eq!(newest_date(&paths).as_deref(), Some("2024-10-05"));
        assert_eq!(newest_date(&paths[2..]), None);
    }

    #[test]
    fn a_system_store_is_dated_and_has_no_repeats() {
        // A machine without a store is a legitimate place to run this: then the error says what to do.
        match system() {
            Ok(store) => {
                assert_eq!(anchors::without_repeats(store.anchors.clone()).len(), store.anchors.len())
            }
            Err(error) => assert!(error.to_string().contains("install ca-certificates")),
        }
    }
}
