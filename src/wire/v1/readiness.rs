//! The answer of `inventory readiness`.

use serde::{Deserialize, Serialize};

use super::{Sha256, Text, Timestamp};
use crate::model::readiness::{GroupPolicy, LifetimeLimit, LifetimeTally, LongLived, Readiness};
use crate::time::UnixTime;

/// Owners and issuers listed; the counts hold them all.
const LISTED: usize = 100;

/// How ready the inventory is for what is dated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReadinessDocument<'a> {
    /// `certvigil.readiness/v1`
    pub schema: Text<'a>,
    pub generated_at: Timestamp,
    /// End-entity certificates in use, each once.
    pub certificates: u64,
    /// Those that a public authority vouches for; the others are bound by none of its limits.
    pub public_certificates: u64,
    pub lifetimes: LifetimesDocument<'a>,
    pub key_exchange: KeyExchangeDocument<'a>,
    pub keys: KeysDocument,
    pub client_auth: ClientAuthDocument,
    pub ocsp: OcspDocument,
}

/// Public certificates against the lifetimes to come (Baseline Requirements 6.3.2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LifetimesDocument<'a> {
    /// Renewals a week with the lifetimes of today, each when a third is left.
    pub renewals_per_week: f64,
    pub limits: Vec<LimitDocument>,
    /// Most certificates over the limits first.
    pub owners: Vec<TallyDocument<'a>>,
    pub issuers: Vec<TallyDocument<'a>>,
    /// Longest life first.
    pub longest: Vec<LongestDocument<'a>>,
}

/// One limit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LimitDocument {
    pub days: u32,
    /// Holds for certificates issued from then on.
    pub from: Timestamp,
    pub longer: u64,
    pub renewals_per_week: f64,
}

/// Certificates of one owner or issuer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TallyDocument<'a> {
    /// `null`: without an owner.
    pub name: Option<Text<'a>>,
    pub certificates: u64,
    pub longer_than_200_days: u64,
    pub longer_than_100_days: u64,
    pub longer_than_47_days: u64,
}

/// A certificate that lives long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LongestDocument<'a> {
    pub sha256: Sha256,
    pub label: Text<'a>,
    pub days: i64,
    pub not_after: Timestamp,
    pub owner: Option<Text<'a>>,
    pub endpoint: Text<'a>,
}

/// Endpoints by their key exchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyExchangeDocument<'a> {
    /// Takes a group with ML-KEM.
    pub ready: u64,
    /// By a draft only, or behind a classical one.
    pub transition: u64,
    /// TLS 1.3 without one.
    pub classical: u64,
    /// No TLS 1.3, which must come first.
    pub no_tls13: u64,
    /// Not asked.
    pub unknown: u64,
    pub policies: Vec<GroupPolicyDocument<'a>>,
}

/// Endpoints under a policy that names groups.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupPolicyDocument<'a> {
    pub name: Text<'a>,
    pub groups: Vec<Text<'a>>,
    pub pass: u64,
    pub fail: u64,
    pub unknown: u64,
}

/// Keys of served certificates, authorities' among them (NIST IR 8547, draft).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeysDocument {
    pub certificates: u64,
    pub post_quantum: u64,
    pub weak_beyond_2030: u64,
    pub classical_beyond_2035: u64,
    pub unknown: u64,
}

/// clientAuth among the purposes of public certificates (Chrome Root Program Policy 1.8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientAuthDocument {
    pub client_auth: u64,
    pub server_auth_only: u64,
    /// None is issued from then on.
    pub ends: Timestamp,
}

/// How the status of public certificates can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OcspDocument {
    pub ocsp: u64,
    pub crl_only: u64,
    pub neither: u64,
    pub must_staple: u64,
}

/// 2027-03-15: Chrome Root Program Policy 1.8, leaf certificates with clientAuth.
const CLIENT_AUTH_ENDS: UnixTime = UnixTime(1_805_068_800);

impl<'a> ReadinessDocument<'a> {
    /// What `readiness` collected.
    pub fn new(generated_at: UnixTime, readiness: &'a Readiness) -> Self {
        let (lifetimes, exchange) = (&readiness.lifetimes, &readiness.key_exchange);
        let keys = &readiness.keys;
        let owners = lifetimes.owners.iter().map(|(name, tally)| tally_document(name.as_deref(), tally));
        let issuers = lifetimes.issuers.iter().map(|(name, tally)| tally_document(Some(name.raw()), tally));
        Self {
            schema: "certvigil.readiness/v1".into(),
            generated_at: Timestamp(generated_at),
            certificates: readiness.certificates,
            public_certificates: readiness.public_certificates,
            lifetimes: LifetimesDocument {
                renewals_per_week: rounded(lifetimes.renewals_per_week),
                limits: lifetimes.limits.iter().map(limit_document).collect(),
                owners: owners.take(LISTED).collect(),
                issuers: issuers.take(LISTED).collect(),
                longest: lifetimes.longest.iter().map(longest_document).collect(),
            },
            key_exchange: KeyExchangeDocument {
                ready: exchange.ready,
                transition: exchange.transition,
                classical: exchange.classical,
                no_tls13: exchange.no_tls13,
                unknown: exchange.unknown,
                policies: exchange.policies.iter().map(policy_document).collect(),
            },
            keys: KeysDocument {
                certificates: keys.certificates,
                post_quantum: keys.post_quantum,
                weak_beyond_2030: keys.weak_beyond_2030,
                classical_beyond_2035: keys.classical_beyond_2035,
                unknown: keys.unknown,
            },
            client_auth: ClientAuthDocument {
                client_auth: readiness.purposes.client_auth,
                server_auth_only: readiness.purposes.server_auth_only,
                ends: Timestamp(CLIENT_AUTH_ENDS),
            },
            ocsp: OcspDocument {
                ocsp: readiness.status.ocsp,
                crl_only: readiness.status.crl_only,
                neither: readiness.status.neither,
                must_staple: readiness.status.must_staple,
            },
        }
    }
}

fn tally_document<'a>(name: Option<&'a str>, tally: &LifetimeTally) -> TallyDocument<'a> {
    let [over_200, over_100, over_47] = tally.longer;
    TallyDocument {
        name: name.map(Into::into),
        certificates: tally.certificates,
        longer_than_200_days: over_200,
        longer_than_100_days: over_100,
        longer_than_47_days: over_47,
    }
}

fn limit_document(limit: &LifetimeLimit) -> LimitDocument {
    LimitDocument {
        days: limit.days,
        from: Timestamp(limit.from),
        longer: limit.longer,
        renewals_per_week: rounded(limit.renewals_per_week),
    }
}

fn longest_document(longest: &LongLived) -> LongestDocument<'_> {
    LongestDocument {
        sha256: Sha256(longest.sha256),
        label: longest.label.raw().into(),
        days: longest.days,
        not_after: Timestamp(longest.not_after),
        owner: longest.owner.as_deref().map(Into::into),
        endpoint: longest.endpoint.as_str().into(),
    }
}

fn policy_document(policy: &GroupPolicy) -> GroupPolicyDocument<'_> {
    GroupPolicyDocument {
        name: policy.name.into(),
        groups: policy.groups.iter().map(|group| group.to_string().into()).collect(),
        pass: policy.pass,
        fail: policy.fail,
        unknown: policy.unknown,
    }
}

/// To a tenth: more would be pretence.
fn rounded(per_week: f64) -> f64 {
    (per_week * 10.0).round() / 10.0
}
