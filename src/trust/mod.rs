//! TEMPORARY
use crate::model::{TrustStore, TrustStoreInfo};
use crate::x509::Fingerprint;
#[derive(Debug, thiserror::Error)]
#[error("trust")]
pub struct TrustError;
pub fn load(_name: &str) -> Result<TrustStore, TrustError> {
    Ok(mozilla())
}
fn mozilla() -> TrustStore {
    TrustStore {
        info: TrustStoreInfo {
            name: "mozilla".into(),
            version: "1".into(),
            date: None,
            sha256: Fingerprint::of(b""),
            is_public: true,
        },
        anchors: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    }
}
pub fn default_set() -> (Vec<TrustStore>, Vec<TrustError>) {
    (vec![mozilla()], vec![])
}
pub fn from_pem(name: &str, pem: &[u8]) -> Result<TrustStore, TrustError> {
    use rustls_pki_types::pem::PemObject as _;
    let ders: Vec<_> = rustls_pki_types::CertificateDer::pem_slice_iter(pem).filter_map(Result::ok).collect();
    let anchors = ders.iter().map(|d| webpki::anchor_from_trusted_cert(d).unwrap().to_owned()).collect();
    Ok(TrustStore {
        info: TrustStoreInfo {
            name: name.into(),
            version: "1".into(),
            date: None,
            sha256: Fingerprint::of(pem),
            is_public: false,
        },
        anchors,
    })
}
