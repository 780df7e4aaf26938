//! What a policy asks, rule by rule, with its words resolved: the input of a judge. Files are read in `config/policy/`.

use std::sync::Arc;

use super::{Place, Policy, PolicyRule, Rule, Severity};
use crate::time::UnixTime;
use crate::tls::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};

/// A policy whole, inheritance resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyDefinition {
    pub policy: Arc<Policy>,
    /// Where it applies; elsewhere it has no verdict.
    pub scope: Place,
    pub rules: Vec<RuleDefinition>,
    pub exceptions: Vec<PolicyException>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleDefinition {
    pub rule: Arc<PolicyRule>,
    pub severity: Severity,
    /// The policy that it comes from, where that is another one.
    pub inherited_from: Option<Arc<str>>,
    pub when: When,
    pub demand: Demand,
    pub dates: RuleDates,
}

/// When a rule holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RuleDates {
    pub basis: DateBasis,
    pub effective_from: Option<UnixTime>,
    /// First second at which it does not hold any more.
    pub effective_until: Option<UnixTime>,
    /// From here until [`Self::effective_from`], who breaks it is warned.
    pub warn_from: Option<UnixTime>,
}

/// Which time is compared with the dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum DateBasis {
    #[default]
    Now,
    /// The certificate's.
    NotBefore,
}

impl DateBasis {
    /// The basis of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Now, Self::NotBefore].into_iter().find(|basis| basis.name() == name)
    }

    /// The file's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Now => "now",
            Self::NotBefore => "not_before",
        }
    }
}

/// Conditions, all of which must hold for a rule to apply.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct When {
    /// Key algorithms (`RSA`, `EC`) or curves of the certificate; empty: any.
    pub algorithms: Vec<Arc<str>>,
    /// Every public store that was asked trusts the chain.
    pub public_ca: Option<bool>,
    /// Versions of the protocol, TLS for DTLS, sorted; empty: any.
    pub versions: Vec<ProtocolVersion>,
    pub position: Option<PathPosition>,
    /// The certificate lives at most so many days.
    pub lifetime_up_to_days: Option<u32>,
    /// The certificate lives longer than so many days.
    pub lifetime_over_days: Option<u32>,
    /// Suites in CBC mode are accepted.
    pub cbc: bool,
    /// The end-entity certificate names an OCSP responder.
    pub ocsp_url: bool,
}

/// Which certificate of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PathPosition {
    Leaf,
    Ca,
}

impl PathPosition {
    /// The position of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Leaf, Self::Ca].into_iter().find(|position| position.name() == name)
    }

    /// The file's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Leaf => "leaf",
            Self::Ca => "ca",
        }
    }
}

/// What is asked of what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Demand {
    /// Of the key of each certificate of the path.
    Key(KeyDemand),
    /// Of the signature on each certificate of the path: names of algorithms.
    Signature(Choice<Arc<str>>),
    /// Of the end-entity certificate.
    Leaf(LeafDemand),
    Protocol(Choice<ProtocolVersion>),
    Suites(Choice<CipherSuite>),
    Groups(Choice<NamedGroup>),
    SignatureSchemes(Choice<SignatureScheme>),
    /// Finite-field primes have at least so many bits.
    DhBits(u32),
    Features {
        required: Vec<Feature>,
        forbidden: Vec<Feature>,
    },
    /// No finding under these rules.
    NoFinding(Vec<Rule>),
    /// The policy asks it, and nothing here looks: why.
    Unseen(Arc<str>),
}

impl Demand {
    /// What it is asked of, as a file names it.
    pub fn applies(&self) -> &'static str {
        match self {
            Self::Key(_) => "certificate.public_key",
            Self::Signature(_) => "certificate.signature",
            Self::Leaf(_) => "certificate.leaf",
            Self::Protocol(_) => "endpoint.protocol",
            Self::Suites(_) => "endpoint.suites",
            Self::Groups(_) => "endpoint.groups",
            Self::SignatureSchemes(_) => "endpoint.signature_schemes",
            Self::DhBits(_) => "endpoint.dh",
            Self::Features { .. } => "endpoint.features",
            Self::NoFinding(_) => "findings",
            Self::Unseen(_) => "unseen",
        }
    }
}

/// A demand on a set; lists are sorted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice<T> {
    /// Nothing but these.
    Allow(Vec<T>),
    /// None of these.
    Forbid(Vec<T>),
    /// At least one of these.
    AnyOf(Vec<T>),
    /// Each of these.
    AllOf(Vec<T>),
}

impl<T> Choice<T> {
    /// The list, whatever is asked of it.
    pub fn items(&self) -> &[T] {
        match self {
            Self::Allow(items) | Self::Forbid(items) | Self::AnyOf(items) | Self::AllOf(items) => items,
        }
    }

    /// The word in front of the list: `allowed`, `forbidden`, `at least one of`, `each of`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Allow(_) => "allowed",
            Self::Forbid(_) => "forbidden",
            Self::AnyOf(_) => "at least one of",
            Self::AllOf(_) => "each of",
        }
    }
}

/// What is asked of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyDemand {
    /// Names of algorithms (`RSA`, `Ed25519`, `ML-DSA-87`) or curves (`P-256`).
    Kind(Choice<Arc<str>>),
    MinBits(u32),
    /// The modulus has a multiple of so many bits.
    MultipleOf(u32),
}

/// What is asked of an end-entity certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeafDemand {
    /// As the Baseline Requirements count: both ends included, a part of a day is a day.
    MaxValidityDays(u32),
    /// Names of RFC 5280 section 4.2.1.12; no other may be there, and each of them is.
    ExtendedKeyUsage(Vec<Arc<str>>),
    /// Timestamps of different logs, in the certificate or beside it. Whether they verify is not asked.
    MinScts(u32),
}

macro_rules! features {
    ($($variant:ident => $name:literal, $text:literal;)*) => {
        /// Something that a server does beside its suites and groups.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Feature { $($variant,)* }

        impl Feature {
            /// Every feature.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The file's name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it is called in a sentence.
            pub fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

features! {
    Compression => "compression", "compression";
    SecureRenegotiation => "secure_renegotiation", "secure renegotiation (RFC 5746)";
    ClientRenegotiation => "client_renegotiation", "renegotiation by the client";
    ExtendedMasterSecret => "extended_master_secret", "the extended master secret (RFC 7627)";
    EncryptThenMac => "encrypt_then_mac", "encrypt-then-MAC (RFC 7366)";
    FallbackScsv => "fallback_scsv", "the fallback signal (RFC 7507)";
    Heartbeat => "heartbeat", "heartbeat (RFC 6520)";
    OcspStapling => "ocsp_stapling", "OCSP stapling";
    EarlyData => "early_data", "early data (0-RTT)";
    ServerOrder => "server_order", "the server's own order of suites";
}

impl Feature {
    /// The feature of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|feature| feature.name() == name)
    }
}

/// A rule that somebody need not keep, for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyException {
    /// The rule's id.
    pub rule: Arc<str>,
    pub place: Place,
    pub reason: Arc<str>,
    /// Who allowed it.
    pub by: Arc<str>,
    /// First second at which it does not hold any more.
    pub until: UnixTime,
}
