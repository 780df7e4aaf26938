//! How ready a fleet is for what is dated: counts over the endpoints and certificates of an inventory.

use crate::text::Untrusted;
use crate::time::UnixTime;
use crate::tls::NamedGroup;
use crate::x509::Fingerprint;

/// The counts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Readiness {
    /// End-entity certificates in use, each once.
    pub certificates: u64,
    /// Those of them that a public authority vouches for and that have not ended.
    pub public_certificates: u64,
    pub lifetimes: Lifetimes,
    pub key_exchange: KeyExchange,
    pub keys: Keys,
    pub purposes: Purposes,
    pub status: StatusServices,
}

/// What shorter lifetimes mean for the public certificates.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Lifetimes {
    /// 200, 100 and 47 days.
    pub limits: Vec<LifetimeLimit>,
    /// Renewals a week with the lifetimes of today.
    pub renewals_per_week: f64,
    /// Owners, those with most certificates over the strictest limit first; `None` are certificates without one.
    pub owners: Vec<(Option<String>, LifetimeTally)>,
    /// Issuers, in the same order.
    pub issuers: Vec<(Untrusted, LifetimeTally)>,
    /// The longest lives, longest first, then by fingerprint.
    pub longest: Vec<LongLived>,
}

/// A limit and what it does to the fleet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LifetimeLimit {
    pub days: u32,
    /// Holds for certificates issued from this day on.
    pub from: UnixTime,
    /// Public certificates in use that live longer than that.
    pub longer: u64,
    /// Renewals a week when every public certificate keeps the limit.
    pub renewals_per_week: f64,
}

/// Certificates of one owner or issuer over the limits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LifetimeTally {
    pub certificates: u64,
    /// Longer than 200, 100 and 47 days.
    pub longer: [u64; 3],
}

/// A certificate that lives long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LongLived {
    pub sha256: Fingerprint,
    pub label: Untrusted,
    /// Days of life, a part of a day counted whole.
    pub days: i64,
    pub not_after: UnixTime,
    pub owner: Option<String>,
    /// One endpoint that serves it.
    pub endpoint: String,
}

/// Endpoints by how far their key exchange is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyExchange {
    /// Takes a group with ML-KEM from a client that offers it.
    pub ready: u64,
    /// Has one, by a draft only or behind a classical one.
    pub transition: u64,
    /// Speaks TLS 1.3 without one.
    pub classical: u64,
    /// Has no TLS 1.3, which must come first.
    pub no_tls13: u64,
    /// Was not asked.
    pub unknown: u64,
    pub policies: Vec<GroupPolicy>,
}

/// A policy that names post-quantum groups, and the endpoints under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupPolicy {
    pub name: &'static str,
    pub groups: &'static [NamedGroup],
    /// Takes one of its groups.
    pub pass: u64,
    /// Takes none of them.
    pub fail: u64,
    pub unknown: u64,
}

/// Keys of served certificates, those of authorities among them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Keys {
    pub certificates: u64,
    /// ML-DSA, SLH-DSA and their like.
    pub post_quantum: u64,
    /// Under 128 bits of strength, and valid beyond 2030.
    pub weak_beyond_2030: u64,
    /// Classical, and valid beyond 2035.
    pub classical_beyond_2035: u64,
    /// The key cannot be read, or its strength is not known.
    pub unknown: u64,
}

/// Purposes of public certificates.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Purposes {
    /// May authenticate clients today, and will not when renewed.
    pub client_auth: u64,
    pub server_auth_only: u64,
}

/// How the status of public certificates can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StatusServices {
    /// Names a responder.
    pub ocsp: u64,
    /// Names a CRL only.
    pub crl_only: u64,
    /// Names neither: short-lived, or not to be checked at all.
    pub neither: u64,
    /// Demands a stapled answer (RFC 7633) and breaks when the responder ends.
    pub must_staple: u64,
}
