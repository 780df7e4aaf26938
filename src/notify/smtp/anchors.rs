//! What a mail server's certificate is verified by: the system's trust anchors and a file of one's own.
//! Reads files; call it where that may block.

use std::path::Path;
use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::MailError;

/// TLS 1.2 and 1.3, verified by the system's anchors and those in `ca_file` (PEM).
///
/// # Errors
/// [`MailError::TrustAnchors`] if the file cannot be read, or if there is no anchor at all.
pub(super) fn client_config(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, MailError> {
    let mut anchors = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    // One that cannot be used is the system's matter: the others still count.
    anchors.add_parsable_certificates(system.certs);
    if let Some(path) = ca_file {
        let fault = |reason: String| fault(format!("{}: {reason}", path.display()));
        let pem = std::fs::read(path).map_err(|error| fault(error.to_string()))?;
        let mut count = 0;
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let certificate = certificate.map_err(|error| fault(error.to_string()))?;
            anchors.add(certificate).map_err(|error| fault(error.to_string()))?;
            count += 1;
        }
        if count == 0 {
            return Err(fault("no certificate in it (PEM)".to_owned()));
        }
    }
    if anchors.is_empty() {
        return Err(fault("the system has none; install ca-certificates or set ca_file".to_owned()));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| fault(error.to_string()))?
        .with_root_certificates(anchors)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

fn fault(reason: String) -> MailError {
    MailError::TrustAnchors { reason }
}
