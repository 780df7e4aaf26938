//! Anchors from a file (PEM, DER, PKCS#7, Java's `cacerts`, PKCS#12 without password or with Java's own) or from a directory of such files.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use rustls_pki_types::TrustAnchor;

use super::{TrustError, anchors};
use crate::model::trust_store::{TrustStore, TrustStoreInfo};
use crate::text::escape_for_terminal;
use crate::x509::{self, BundleError, Certificate, SignatureCheck, bundle, parse_anchors};

/// Files that are read of one directory.
const MAX_FILES: usize = 4_096;

/// Loads the anchors of `path`: every CA certificate, and self-signed certificates of servers, which are pinned so.
/// Other certificates in it are left out. Its date is the file's.
pub fn file(path: &Path) -> Result<TrustStore, TrustError> {
    let mut found = Found::default();
    let metadata = std::fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    if metadata.is_dir() {
        read_directory(path, &mut found)?;
    } else {
        read_file(path, &mut found)?;
    }
    found.into_store(&path.to_string_lossy(), metadata.modified().ok().and_then(anchors::day))
}

/// The anchors of certificates in memory, under a name of the caller's choice and without a date.
pub fn from_pem(name: &str, pem: &[u8]) -> Result<TrustStore, TrustError> {
    let mut found = Found::default();
    found.add(pem, &escape_for_terminal(name))?;
    found.into_store(name, None)
}

#[derive(Debug, Default)]
struct Found {
    anchors: Vec<TrustAnchor<'static>>,
    certificates: usize,
}

impl Found {
    /// Takes the anchors of one file's bytes; `path` is for messages.
    fn add(&mut self, bytes: &[u8], path: &str) -> Result<(), TrustError> {
        let chains =
            parse_anchors(bytes).map_err(|source| TrustError::Bundle { path: path.to_owned(), source })?;
        for (der, number) in chains.iter().flat_map(x509::RawChain::ders).zip(1..) {
            self.certificates += 1;
            let certificate = x509::read(der);
            if is_anchor(&certificate) {
                let anchor = anchors::anchor(der).map_err(|problem| TrustError::Anchor {
                    path: path.to_owned(),
                    number,
                    label: certificate.label().terminal(),
                    problem,
                })?;
                self.anchors.push(anchor);
            }
        }
        Ok(())
    }

    fn into_store(self, name: &str, date: Option<String>) -> Result<TrustStore, TrustError> {
        if self.anchors.is_empty() {
            return Err(TrustError::NoAnchor { path: escape_for_terminal(name), found: self.certificates });
        }
        let anchors = anchors::without_repeats(self.anchors);
        Ok(TrustStore {
            info: TrustStoreInfo {
                name: name.into(),
                version: date.clone().unwrap_or_else(|| "unknown".to_owned()),
                date,
                sha256: anchors::digest(&anchors),
                is_public: false,
            },
            anchors,
        })
    }
}

/// The files of a directory, in the order of their names; what holds no certificates is passed by.
fn read_directory(directory: &Path, found: &mut Found) -> Result<(), TrustError> {
    let entries = std::fs::read_dir(directory).map_err(|error| unreadable(directory, &error))?;
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in entries {
        paths.push(entry.map_err(|error| unreadable(directory, &error))?.path());
        if paths.len() > MAX_FILES {
            let problem = format!("over {MAX_FILES} files");
            return Err(TrustError::Unreadable { path: shown(directory), problem });
        }
    }
    paths.sort();
    for path in paths.iter().filter(|path| path.is_file()) {
        match read_file(path, found) {
            Err(TrustError::Bundle {
                source: BundleError::NotRecognised | BundleError::NoCertificate { .. },
                ..
            }) => {}
            read => read?,
        }
    }
    Ok(())
}

fn read_file(path: &Path, found: &mut Found) -> Result<(), TrustError> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(bundle::MAX_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path)
        .and_then(|file| file.take(limit).read_to_end(&mut bytes))
        .map_err(|error| unreadable(path, &error))?;
    found.add(&bytes, &shown(path))
}

/// A CA, or a certificate that only its own key vouches for (version 1 roots and pinned servers). One whose own
/// signature cannot be checked here is taken at its word: naming the file is the trust.
fn is_anchor(certificate: &Certificate) -> bool {
    certificate.is_ca() || certificate.is_self_signed() != SignatureCheck::Failed
}

fn unreadable(path: &Path, error: &std::io::Error) -> TrustError {
    TrustError::Unreadable { path: shown(path), problem: error.to_string() }
}

fn shown(path: &Path) -> String {
    escape_for_terminal(&path.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::parse_bundle;

    fn fixture(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/x509").join(name)
    }

    #[test]
    fn a_file_gives_its_cas_and_leaves_out_the_rest() {
        let store = file(&fixture("full.pem")).unwrap();
        assert_eq!(store.anchors.len(), 2);
        assert_eq!(&*store.info.name, fixture("full.pem").to_string_lossy());
        assert!(!store.info.is_public && store.info.date.is_some());
        let same = file(&fixture("chain.p7b")).unwrap();
        assert_eq!(same.info.sha256, store.info.sha256);
    }

    #[test]
    fn the_stores_of_java_give_what_they_trust() {
        let root = file(&fixture("root.pem")).unwrap();
        for name in ["trust.jks", "trust.p12", "keys.jks"] {
            let store = file(&fixture(name)).unwrap();
            assert_eq!((store.anchors.len(), store.info.sha256), (1, root.info.sha256), "{name}");
            assert!(store.info.date.is_some(), "{name}");
        }
        let error = file(&fixture("modern.p12")).unwrap_err().to_string();
        assert!(error.ends_with("PKCS#12: it needs a password; give the password"), "{error}");
    }

    #[test]
    fn certificates_in_memory_make_a_store_too() {
        let store = from_pem("demo root", &std::fs::read(fixture("root.pem")).unwrap()).unwrap();
        assert_eq!((&*store.info.name, store.info.date, store.anchors.len()), ("demo root", None, 1));
        let error = from_pem("demo root", b"?").unwrap_err().to_string();
        assert!(error.starts_with("trust store demo root: neither PEM"), "{error}");
    }

    #[test]
    fn old_roots_and_self_signed_servers_are_anchors() {
        for name in ["v1.pem", "ed25519.der", "md5.pem", "trusted.pem"] {
            assert_eq!(file(&fixture(name)).unwrap().anchors.len(), 1, "{name}");
        }
    }

    #[test]
    fn a_file_without_an_anchor_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("leaf.pem");
        let chain = parse_bundle(&std::fs::read(fixture("full.pem")).unwrap(), None).unwrap();
        std::fs::write(&path, x509::pem::encode(x509::pem::CERTIFICATE, chain[0].ders().next().unwrap()))
            .unwrap();
        assert_eq!(
            file(&path).unwrap_err().to_string(),
            format!(
                "trust store {}: 1 certificates, none of a CA and none self-signed; give the CA's certificate",
                path.display()
            )
        );
    }

    #[test]
    fn a_malformed_file_names_file_block_and_remedy() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("bad\u{1b}.pem");
        std::fs::write(&path, "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n").unwrap();
        let error = file(&path).unwrap_err();
        let text = format!("{error}");
        assert!(
            text.contains("bad\\u{1b}.pem: block 1 at line 1 (CERTIFICATE): line 2: not base64"),
            "{text}"
        );
        assert!(text.ends_with("export the certificate again"), "{text}");
    }

    #[test]
    fn a_certificate_that_cannot_be_an_anchor_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("broken.pem");
        let mut der = parse_bundle(&std::fs::read(fixture("root.pem")).unwrap(), None).unwrap()[0]
            .ders()
            .next()
            .unwrap()
            .to_vec();
        // The outer signature algorithm becomes an unknown type: still a CA, but no certificate to webpki.
        let at = der.windows(9).rposition(|w| w == [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11]).unwrap();
        der[at - 4] = 0x31;
        std::fs::write(&path, x509::pem::encode(x509::pem::CERTIFICATE, &der)).unwrap();
        let error = file(&path).unwrap_err().to_string();
        assert!(error.contains("certificate 1 (Fixture Root) cannot be an anchor"), "{error}");
    }

    #[test]
    fn a_directory_gives_the_anchors_of_its_files_once() {
        let directory = tempfile::tempdir().unwrap();
        for (name, source) in [("a.pem", "root.pem"), ("b.crt", "root.pem"), ("c.der", "ed25519.der")] {
            std::fs::copy(fixture(source), directory.path().join(name)).unwrap();
        }
        std::fs::write(directory.path().join("README"), "nothing to see").unwrap();
        std::fs::create_dir(directory.path().join("sub")).unwrap();
        assert_eq!(file(directory.path()).unwrap().anchors.len(), 2);
        let empty = tempfile::tempdir().unwrap();
        assert!(matches!(file(empty.path()), Err(TrustError::NoAnchor { found: 0, .. })));
    }
}
