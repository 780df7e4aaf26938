//! Signs a report: a detached Ed25519 signature (RFC 8032) beside the file, which `openssl pkeyutl` verifies.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use aws_lc_rs::signature::Ed25519KeyPair;
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;

use super::AppError;

/// A key to sign reports with.
#[derive(Debug)]
pub struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// Reads the private key from a PEM file (PKCS#8), as `openssl genpkey -algorithm ed25519` writes it.
    ///
    /// # Errors
    /// The file cannot be read or holds another kind of key.
    pub fn read(path: &Path) -> Result<Self, AppError> {
        let failed = |message: &str| AppError::File { path: path.to_owned(), message: message.to_owned() };
        let pem = std::fs::read(path).map_err(|error| failed(&format!("cannot be read: {error}")))?;
        let wrong =
            "holds no Ed25519 private key in PEM (PKCS#8); `openssl genpkey -algorithm ed25519` makes one";
        let der = PrivatePkcs8KeyDer::from_pem_slice(&pem).map_err(|_| failed(wrong))?;
        let pair = Ed25519KeyPair::from_pkcs8(der.secret_pkcs8_der()).map_err(|_| failed(wrong))?;
        Ok(Self(pair))
    }

    /// Signs the file at `path`; the signature's path, which is `path` with `.sig` behind it.
    ///
    /// # Errors
    /// The file cannot be read, or the signature not written.
    pub fn sign(&self, path: &Path) -> Result<PathBuf, AppError> {
        let failed = |path: &Path, error: &std::io::Error| AppError::File {
            path: path.to_owned(),
            message: format!("cannot be signed: {error}"),
        };
        // Ed25519 reads the message twice: it has to be there as a whole.
        let report = std::fs::read(path).map_err(|error| failed(path, &error))?;
        let signature = self.0.sign(&report);
        let mut name = path.as_os_str().to_owned();
        name.push(".sig");
        let place = PathBuf::from(name);
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let written = tempfile::NamedTempFile::new_in(folder).and_then(|mut file| {
            file.write_all(signature.as_ref())?;
            file.as_file().sync_all()?;
            file.persist(&place).map_err(|error| error.error)
        });
        written.map_err(|error| failed(&place, &error))?;
        Ok(place)
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ED25519, KeyPair as _, UnparsedPublicKey};

    use super::*;

    #[test]
    fn a_signature_is_verified_by_the_public_key_and_no_other_report_fits() {
        let folder = tempfile::tempdir().unwrap();
        let (key_path, report) = (folder.path().join("key.pem"), folder.path().join("report.json"));
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        std::fs::write(&key_path, pair.serialize_pem()).unwrap();
        std::fs::write(&report, b"{}").unwrap();
        let key = SigningKey::read(&key_path).unwrap();
        let place = key.sign(&report).unwrap();
        assert_eq!(place, folder.path().join("report.json.sig"));
        let signature = std::fs::read(place).unwrap();
        let public = UnparsedPublicKey::new(&ED25519, key.0.public_key().as_ref().to_vec());
        assert!(public.verify(b"{}", &signature).is_ok());
        assert!(public.verify(b"{ }", &signature).is_err());
    }

    #[test]
    fn another_kind_of_key_is_refused_with_the_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        std::fs::write(&path, rcgen::KeyPair::generate().unwrap().serialize_pem()).unwrap();
        let error = SigningKey::read(&path).unwrap_err().to_string();
        assert!(error.contains("openssl genpkey -algorithm ed25519"), "{error}");
        assert!(
            SigningKey::read(&folder.path().join("none")).unwrap_err().to_string().contains("cannot be read")
        );
    }
}
