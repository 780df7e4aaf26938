//! The answer of `inventory diff`: what changed between two scans.

use serde::{Deserialize, Serialize};

use super::{CertificateReference, EndpointReference, OutcomeDocument, Text, Timestamp};
use crate::model::Scan;
use crate::time::UnixTime;

/// What changed from one scan to another. Unreachable this time is not gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiffDocument<'a> {
    /// `certvigil.diff/v1`
    pub schema: Text<'a>,
    pub generated_at: Timestamp,
    pub from: ScanReference<'a>,
    pub to: ScanReference<'a>,
    /// Endpoints with a chain in the later scan only.
    pub new: Vec<ServedCertificate<'a>>,
    /// Endpoints with another end-entity certificate.
    pub replaced: Vec<ReplacedCertificate<'a>>,
    /// Endpoints that were attempted and serve TLS no longer, or whose name is gone.
    pub gone: Vec<ServedCertificate<'a>>,
    /// Endpoints that did not answer in the later scan.
    pub unreachable: Vec<ServedCertificate<'a>>,
    /// Endpoints with the same end-entity certificate and something else changed.
    pub changed: Vec<ChangedEndpoint<'a>>,
    /// Endpoints that a later scan which was interrupted did not come to: nothing is known of them.
    pub not_attempted: u64,
    /// Endpoints that are as they were.
    pub unchanged: u64,
}

impl<'a> DiffDocument<'a> {
    /// A difference without any entry yet.
    pub fn new(generated_at: UnixTime, from: ScanReference<'a>, to: ScanReference<'a>) -> Self {
        Self {
            schema: "certvigil.diff/v1".into(),
            generated_at: Timestamp(generated_at),
            from,
            to,
            new: Vec::new(),
            replaced: Vec::new(),
            gone: Vec::new(),
            unreachable: Vec::new(),
            changed: Vec::new(),
            not_attempted: 0,
            unchanged: 0,
        }
    }

    /// Nothing changed.
    pub fn is_empty(&self) -> bool {
        self.new.is_empty()
            && self.replaced.is_empty()
            && self.gone.is_empty()
            && self.unreachable.is_empty()
            && self.changed.is_empty()
    }
}

/// Which scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanReference<'a> {
    pub id: Text<'a>,
    pub started_at: Timestamp,
    pub finished_at: Option<Timestamp>,
}

impl<'a> ScanReference<'a> {
    /// The short form of `scan`.
    pub fn of(scan: &'a Scan) -> Self {
        Self {
            id: scan.id.0.as_str().into(),
            started_at: Timestamp(scan.started_at),
            finished_at: scan.finished_at.map(Timestamp),
        }
    }
}

/// An endpoint with the certificate that it serves, or served last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServedCertificate<'a> {
    pub endpoint: EndpointReference<'a>,
    pub certificate: Option<CertificateReference<'a>>,
    /// How the visit of the later scan ended; `null` if it did not visit the endpoint.
    pub outcome: Option<OutcomeDocument<'a>>,
    /// When a chain was seen there last.
    pub last_seen: Timestamp,
}

/// An endpoint with another certificate than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplacedCertificate<'a> {
    pub endpoint: EndpointReference<'a>,
    pub before: CertificateReference<'a>,
    pub after: CertificateReference<'a>,
    /// Both certificates are for one key; `null` if a key could not be read.
    pub same_key: Option<bool>,
}

impl<'a> ReplacedCertificate<'a> {
    /// `before` gave way to `after`.
    pub fn new(
        endpoint: EndpointReference<'a>,
        before: CertificateReference<'a>,
        after: CertificateReference<'a>,
    ) -> Self {
        let same_key = before.spki_sha256.zip(after.spki_sha256).map(|(before, after)| before == after);
        Self { endpoint, before, after, same_key }
    }
}

/// An endpoint whose certificate stayed while something else changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedEndpoint<'a> {
    pub endpoint: EndpointReference<'a>,
    pub changes: Vec<Change<'a>>,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change<'a> {
    /// Path of the key in an endpoint of the report, e.g. `tls.version`.
    pub field: Text<'a>,
    pub before: Option<Text<'a>>,
    pub after: Option<Text<'a>>,
}
