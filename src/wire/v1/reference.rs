//! Short forms of an endpoint and a certificate, for lists, histories and differences.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{Sha256, Text, Timestamp};
use crate::model::Endpoint;
use crate::tls::StartTls;
use crate::x509::Certificate;

/// Which endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointReference<'a> {
    pub id: Text<'a>,
    /// `name:port`, else `address:port`, else the file's path.
    pub label: Text<'a>,
    pub transport: Text<'a>,
    pub address: Option<IpAddr>,
    pub port: Option<u16>,
    pub server_name: Option<Text<'a>>,
    pub starttls: Option<Text<'a>>,
}

impl<'a> EndpointReference<'a> {
    /// The short form of `endpoint`.
    pub fn of(endpoint: &'a Endpoint) -> Self {
        Self {
            id: endpoint.id().to_string().into(),
            label: endpoint.label().into(),
            transport: endpoint.transport.name().into(),
            address: endpoint.address,
            port: endpoint.port,
            server_name: endpoint.server_name.as_ref().map(|name| name.as_str().into()),
            starttls: endpoint.starttls.map(StartTls::name).map(Text::from),
        }
    }
}

/// Which certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateReference<'a> {
    pub sha256: Sha256,
    pub spki_sha256: Option<Sha256>,
    /// What a person calls it: its first name.
    pub label: Text<'a>,
    /// RFC 4514.
    pub issuer: Text<'a>,
    pub not_before: Option<Timestamp>,
    pub not_after: Option<Timestamp>,
}

impl<'a> CertificateReference<'a> {
    /// The short form of `certificate`.
    pub fn of(certificate: &'a Certificate) -> Self {
        Self {
            sha256: Sha256(certificate.sha256),
            spki_sha256: certificate.spki_sha256.map(Sha256),
            label: certificate.label().raw().to_owned().into(),
            issuer: certificate.issuer.text.raw().into(),
            not_before: certificate.not_before.map(Timestamp),
            not_after: certificate.not_after.map(Timestamp),
        }
    }
}
