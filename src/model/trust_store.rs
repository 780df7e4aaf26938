//! A named, dated set of trust anchors.

use std::sync::Arc;

use rustls_pki_types::TrustAnchor;

use crate::x509::Fingerprint;

/// What a report says about a trust store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustStoreInfo {
    /// `mozilla`, `system`, or the file's path as the user wrote it.
    pub name: Arc<str>,
    /// Version of the collection: a release, else a date.
    pub version: String,
    /// Date of the collection, `YYYY-MM-DD`; `None` if nothing tells.
    pub date: Option<String>,
    /// SHA-256 over the anchors' subject and key, sorted: equal for equal stores.
    pub sha256: Fingerprint,
    /// The public Web PKI stands behind this store.
    pub is_public: bool,
}

/// Trust anchors with their name and date.
#[derive(Debug, Clone)]
pub struct TrustStore {
    pub info: TrustStoreInfo,
    pub anchors: Vec<TrustAnchor<'static>>,
}
