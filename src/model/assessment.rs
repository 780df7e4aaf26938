//! The verdicts on one observation at one time. Derived, recomputable, never stored as a fact.

use std::sync::Arc;

use super::{Evidence, Grade, PolicyVerdict, Rule, Severity, Subject};
use crate::model::OfferedFor;
use crate::x509::Fingerprint;

/// Everything judged about one observation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Assessment {
    /// One for each chain: the presented one first, then the others in their order. Empty after a failure.
    pub chains: Vec<ChainVerdict>,
    /// Worst first.
    pub verdicts: Vec<Verdict>,
    /// One for each policy judged under.
    pub policies: Vec<PolicyVerdict>,
    /// After deep inspection only.
    pub grade: Option<Box<Grade>>,
}

impl Assessment {
    /// The worst severity found.
    pub fn worst(&self) -> Option<Severity> {
        self.verdicts.iter().map(|v| v.severity).max()
    }
}

/// Trust and name verdict of one chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainVerdict {
    /// `None` for the presented chain.
    pub offered_for: Option<OfferedFor>,
    pub trust: Trust,
    /// `None` where there is no name to match (RFC 9525 needs a reference identifier).
    pub name_match: Option<bool>,
}

/// What each trust store says about one chain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trust {
    /// One for each chosen store, in the order chosen; empty if none was chosen.
    pub stores: Vec<StoreVerdict>,
}

impl Trust {
    /// `Some(true)` if any store trusts; `None` if none was asked.
    pub fn is_trusted(&self) -> Option<bool> {
        if self.stores.is_empty() { None } else { Some(self.stores.iter().any(|s| s.reason.is_none())) }
    }
}

/// One store's verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreVerdict {
    pub store: Arc<str>,
    /// `None`: trusted.
    pub reason: Option<PathReason>,
    /// Why not, in a sentence: which certificate, which rule, what to do. Safe for any sink that escapes like a terminal.
    pub detail: Option<String>,
    /// Certification path, end-entity first, without the anchor itself unless it was served; empty if untrusted.
    pub path: Vec<Fingerprint>,
}

/// Why a certification path does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PathReason {
    UnknownIssuer,
    SelfSigned,
    IncompleteChain,
    Expired,
    NotYetValid,
    Revoked,
    /// A signature in the path does not verify.
    BadSignature,
    /// basicConstraints or path length forbids it.
    NotACa,
    NameConstraints,
    ExtendedKeyUsage,
    UnsupportedAlgorithm,
    Malformed,
}

impl PathReason {
    /// The report's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::UnknownIssuer => "unknown_issuer",
            Self::SelfSigned => "self_signed",
            Self::IncompleteChain => "incomplete_chain",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::Revoked => "revoked",
            Self::BadSignature => "bad_signature",
            Self::NotACa => "not_a_ca",
            Self::NameConstraints => "name_constraints",
            Self::ExtendedKeyUsage => "extended_key_usage",
            Self::UnsupportedAlgorithm => "unsupported_algorithm",
            Self::Malformed => "malformed",
        }
    }
}

/// A rule that was broken, before it has a life in the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub rule: Rule,
    pub severity: Severity,
    /// One line, without names of the peer.
    pub title: String,
    /// A sentence with the facts of this case, safe for any sink that escapes like a terminal.
    pub detail: String,
    pub evidence: Evidence,
    pub subject: Subject,
    /// Which chain: `None` for the presented one or for the endpoint as a whole.
    pub offered_for: Option<OfferedFor>,
    /// Verdicts of one rule with the same group are one line in a table (one issuer, one certificate).
    pub group: String,
    pub remediation: String,
    /// Sources: RFC sections, requirements.
    pub references: Vec<&'static str>,
}
