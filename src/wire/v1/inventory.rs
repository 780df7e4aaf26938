//! Answers of `inventory list` and `inventory show`.

use serde::{Deserialize, Serialize};

use super::certificate::key_document;
use super::{CertificateDocument, EndpointDocument, InventoryView, KeyDocument, Sha256, Text, Timestamp};
use crate::time::UnixTime;

/// Certificates of the inventory, in the order asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InventoryDocument<'a> {
    /// `certvigil.inventory/v1`
    pub schema: Text<'a>,
    pub generated_at: Timestamp,
    /// How many match, listed or not.
    pub total: u64,
    pub certificates: Vec<InventoryRow<'a>>,
}

impl<'a> InventoryDocument<'a> {
    /// A list of `certificates` out of `total` that match.
    pub fn new(generated_at: UnixTime, total: u64, certificates: Vec<InventoryRow<'a>>) -> Self {
        Self {
            schema: "certvigil.inventory/v1".into(),
            generated_at: Timestamp(generated_at),
            total,
            certificates,
        }
    }
}

/// One certificate of the inventory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InventoryRow<'a> {
    pub sha256: Sha256,
    pub spki_sha256: Option<Sha256>,
    /// What a person calls it: its first name.
    pub label: Text<'a>,
    /// RFC 4514.
    pub subject: Text<'a>,
    /// RFC 4514.
    pub issuer: Text<'a>,
    /// The issuer's common name, else its organisation.
    pub issuer_label: Text<'a>,
    pub not_before: Option<Timestamp>,
    pub not_after: Option<Timestamp>,
    pub key: KeyDocument<'a>,
    pub is_ca: bool,
    pub endpoints: u64,
    pub owners: Vec<Text<'a>>,
    pub tags: Vec<Text<'a>>,
    /// Severity of the worst open finding.
    pub worst: Option<Text<'a>>,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
}

impl<'a> InventoryRow<'a> {
    /// One row.
    pub fn of(view: &InventoryView<'a>) -> Self {
        let seen = view.certificate;
        let certificate = seen.certificate;
        let texts = |list: &'a [String]| list.iter().map(|text| text.as_str().into()).collect();
        Self {
            sha256: Sha256(certificate.sha256),
            spki_sha256: certificate.spki_sha256.map(Sha256),
            label: certificate.label().raw().to_owned().into(),
            subject: certificate.subject.text.raw().into(),
            issuer: certificate.issuer.text.raw().into(),
            issuer_label: certificate.issuer.label().raw().into(),
            not_before: certificate.not_before.map(Timestamp),
            not_after: certificate.not_after.map(Timestamp),
            key: certificate.key.as_ref().map(key_document).unwrap_or_default(),
            is_ca: certificate.is_ca(),
            endpoints: seen.endpoints,
            owners: texts(view.owners),
            tags: texts(view.tags),
            worst: view.worst.map(|severity| severity.name().into()),
            first_seen: Timestamp(seen.first_seen),
            last_seen: Timestamp(seen.last_seen),
        }
    }
}

/// What the record knows of one certificate or endpoint: the report's own shapes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShowDocument<'a> {
    /// `certvigil.inventory.show/v1`
    pub schema: Text<'a>,
    pub generated_at: Timestamp,
    /// What was asked for, as the user wrote it.
    pub query: Text<'a>,
    /// Endpoints that match, listed or not.
    pub endpoints_total: u64,
    pub endpoints: Vec<EndpointDocument<'a>>,
    pub certificates: Vec<CertificateDocument<'a>>,
}

impl<'a> ShowDocument<'a> {
    /// An answer to `query`.
    pub fn new(
        generated_at: UnixTime,
        query: &'a str,
        endpoints_total: u64,
        endpoints: Vec<EndpointDocument<'a>>,
        certificates: Vec<CertificateDocument<'a>>,
    ) -> Self {
        Self {
            schema: "certvigil.inventory.show/v1".into(),
            generated_at: Timestamp(generated_at),
            query: query.into(),
            endpoints_total,
            endpoints,
            certificates,
        }
    }
}
