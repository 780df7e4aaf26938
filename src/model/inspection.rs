//! What deep inspection found out about a server: facts, no verdicts. `None` is "not determined", never "no".

use std::borrow::Cow;

use crate::text::Untrusted;
use crate::tls::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme, Ssl2Cipher};
use crate::x509::Fingerprint;

use super::Hsts;
use super::finding::Evidence;

/// Everything that deep inspection found. The same server gives the same inspection, [`Self::connections`] aside.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inspection {
    /// What was looked at.
    pub scope: Scope,
    /// One for each version that was asked for, oldest first.
    pub versions: Vec<VersionFacts>,
    /// Finite-field parameters seen, once each.
    pub dh_parameters: Vec<DhParameters>,
    pub features: Features,
    /// What a server does not put up with, of what it should.
    pub intolerances: Option<Vec<Intolerance>>,
    /// One for each probe that was asked for, in the order of [`ProbeName::ALL`].
    pub probes: Vec<Probe>,
    pub fingerprints: Fingerprints,
    /// `None` where it was not asked for, and where no HTTP answered.
    pub hsts: Option<Hsts>,
    /// Connections made, by purpose, in the order of [`Purpose::ALL`]; none where there were none.
    pub connections: Vec<(Purpose, u32)>,
}

impl Inspection {
    /// The versions that the server speaks, oldest first.
    pub fn offered(&self) -> impl Iterator<Item = &VersionFacts> + Clone {
        self.versions.iter().filter(|facts| facts.offered == Some(true))
    }

    /// All connections made.
    pub fn connection_count(&self) -> u64 {
        self.connections.iter().map(|(_, count)| u64::from(*count)).sum()
    }
}

/// How much was enumerated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Scope {
    /// All there is.
    #[default]
    Everything,
    /// Only what the policy forbids; enumeration only where something of that was accepted.
    Forbidden,
}

/// What a policy forbids, as far as a hello can ask for it: [`Scope::Forbidden`] asks for nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Forbidden {
    /// Oldest first.
    pub versions: Vec<ProtocolVersion>,
    /// In the order of the registry.
    pub cipher_suites: Vec<CipherSuite>,
    /// In the order of the registry.
    pub groups: Vec<NamedGroup>,
}

impl Scope {
    /// The scope of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Everything, Self::Forbidden].into_iter().find(|scope| scope.name() == name)
    }

    /// The report's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Everything => "everything",
            Self::Forbidden => "forbidden",
        }
    }
}

/// What one version of the protocol offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionFacts {
    pub version: ProtocolVersion,
    /// The server speaks it; `None` where it could not be told, such as after a timeout.
    pub offered: Option<bool>,
    /// Accepted suites: in the server's order where it has one, else strongest first.
    pub cipher_suites: Vec<CipherSuite>,
    /// SSL 2 only: its own cipher kinds, in the order the server lists them.
    pub ssl2_ciphers: Vec<Ssl2Cipher>,
    /// Enumeration came to its end: suites not listed are refused, as far as they were asked for ([`Scope`]).
    pub suites_complete: bool,
    /// The server chooses by its own order, not by the client's; `None` with fewer than two suites.
    pub server_order: Option<bool>,
    /// ChaCha20 comes first for clients that put it first; only where the server has an order of its own.
    pub chacha_prioritised: Option<bool>,
    /// Accepted groups: in the server's order where it has one, else as asked.
    pub groups: Vec<NamedGroup>,
    /// Enumeration of groups came to its end.
    pub groups_complete: bool,
    /// The server chooses groups by its own order; `None` with fewer than two.
    pub group_order: Option<bool>,
    /// Schemes that the server signs its key exchange with, in its order (TLS 1.2 and 1.3).
    pub signature_schemes: Vec<SignatureScheme>,
    /// Enumeration of signature schemes came to its end.
    pub schemes_complete: bool,
    /// The server compresses (DEFLATE); up to TLS 1.2.
    pub compression: Option<bool>,
}

impl VersionFacts {
    /// Nothing known yet.
    pub fn new(version: ProtocolVersion) -> Self {
        Self {
            version,
            offered: None,
            cipher_suites: Vec::new(),
            ssl2_ciphers: Vec::new(),
            suites_complete: false,
            server_order: None,
            chacha_prioritised: None,
            groups: Vec::new(),
            groups_complete: false,
            group_order: None,
            signature_schemes: Vec::new(),
            schemes_complete: false,
            compression: None,
        }
    }
}

/// Finite-field Diffie-Hellman parameters as a server sends them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DhParameters {
    /// Length of the prime in bits.
    pub bits: u32,
    /// SHA-256 of the prime, big-endian without leading zeros.
    pub prime_sha256: Fingerprint,
    /// Name of a prime that many servers share, such as `RFC 2409 group 2`.
    pub known_prime: Option<&'static str>,
    /// Used by an export suite.
    pub export: bool,
    /// The same public value came in two connections: the key is not ephemeral.
    pub key_reused: Option<bool>,
}

/// Properties of the server beyond versions and suites.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Features {
    /// Application protocols the server takes (RFC 7301), in the order it prefers them.
    pub alpn: Option<Vec<Untrusted>>,
    /// Sends session tickets up to TLS 1.2 (RFC 5077).
    pub session_tickets: Option<bool>,
    /// Lifetime hint of a ticket, in seconds.
    pub ticket_lifetime_seconds: Option<u32>,
    /// Resumes by session id, up to TLS 1.2.
    pub resumption_by_id: Option<bool>,
    /// Resumes by ticket, up to TLS 1.2.
    pub resumption_by_ticket: Option<bool>,
    /// Resumes by pre-shared key in TLS 1.3.
    pub resumption_tls13: Option<bool>,
    /// Takes early data in TLS 1.3 (RFC 8446 section 2.3), and how much of it, in bytes; 0: none.
    pub early_data_bytes: Option<u32>,
    /// Knows secure renegotiation (RFC 5746).
    pub secure_renegotiation: Option<bool>,
    /// Lets the client renegotiate.
    pub client_renegotiation: Option<bool>,
    /// Extended master secret (RFC 7627).
    pub extended_master_secret: Option<bool>,
    /// Encrypt-then-MAC (RFC 7366).
    pub encrypt_then_mac: Option<bool>,
    /// Refuses a downgrade that the client marks as one (RFC 7507); `None` where there is nothing to fall back to.
    pub fallback_scsv: Option<bool>,
    /// The heartbeat extension (RFC 6520).
    pub heartbeat: Option<bool>,
    /// Staples OCSP responses.
    pub ocsp_stapling: Option<bool>,
}

/// Something harmless that a server chokes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Intolerance {
    /// Reserved values in suites, groups, versions and extensions (RFC 8701).
    Grease,
    /// A hello of more than 255 bytes.
    LongHello,
    /// A hello of more than one segment, 1,500 bytes and more.
    LargeHello,
    /// 128 suites and more.
    ManySuites,
    /// A version that does not exist yet.
    UnknownVersion,
    /// An extension that nobody has registered.
    UnknownExtension,
}

impl Intolerance {
    /// Every one, in the order they are tried.
    pub const ALL: [Self; 6] = [
        Self::Grease,
        Self::LongHello,
        Self::LargeHello,
        Self::ManySuites,
        Self::UnknownVersion,
        Self::UnknownExtension,
    ];

    /// The report's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Grease => "grease",
            Self::LongHello => "long_hello",
            Self::LargeHello => "large_hello",
            Self::ManySuites => "many_suites",
            Self::UnknownVersion => "unknown_version",
            Self::UnknownExtension => "unknown_extension",
        }
    }
}

/// A weakness that only an active, harmless probe can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ProbeName {
    Heartbleed,
    CcsInjection,
    Ticketbleed,
    Robot,
    /// POODLE against TLS: padding bytes are not checked.
    PoodleTls,
    /// Padding oracles of the GOLDENDOODLE and Zombie POODLE class.
    PaddingOracle,
    /// Text injected after STARTTLS is carried out inside TLS (CVE-2011-0411).
    StartTlsInjection,
}

impl ProbeName {
    /// Every probe.
    pub const ALL: [Self; 7] = [
        Self::Heartbleed,
        Self::CcsInjection,
        Self::Ticketbleed,
        Self::Robot,
        Self::PoodleTls,
        Self::PaddingOracle,
        Self::StartTlsInjection,
    ];

    /// The report's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Heartbleed => "heartbleed",
            Self::CcsInjection => "ccs_injection",
            Self::Ticketbleed => "ticketbleed",
            Self::Robot => "robot",
            Self::PoodleTls => "poodle_tls",
            Self::PaddingOracle => "padding_oracle",
            Self::StartTlsInjection => "starttls_injection",
        }
    }
}

/// One probe and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    pub name: ProbeName,
    pub reaction: Reaction,
    /// What was seen: bytes leaked, alerts that differ, versions and suites used.
    pub evidence: Evidence,
}

/// How a server reacted to a probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reaction {
    /// As only a server with the weakness does, more than once.
    Weak,
    /// As a server without it.
    Sound,
    /// The server lacks what the weakness needs: no such suite, extension or version.
    NotApplicable,
    /// In doubt, and why.
    NotDetermined(Cow<'static, str>),
}

impl Reaction {
    /// In doubt, because of `why`.
    pub fn not_determined(why: impl Into<Cow<'static, str>>) -> Self {
        Self::NotDetermined(why.into())
    }

    /// The report's name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Weak => "weak",
            Self::Sound => "sound",
            Self::NotApplicable => "not_applicable",
            Self::NotDetermined(_) => "not_determined",
        }
    }
}

/// Marks by which like servers are known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fingerprints {
    /// 62 hexadecimal digits.
    pub jarm: Option<String>,
    /// 32 hexadecimal digits, of the answer to the first hello of a scan.
    pub ja3s: Option<String>,
}

/// What a connection of deep inspection was made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Purpose {
    /// The first chain.
    Capture,
    /// Further chains, by kind of key and without a name.
    Chains,
    /// Versions, suites and their order.
    Suites,
    Groups,
    SignatureSchemes,
    /// ALPN, tickets, resumption, early data, renegotiation, compression, fallback.
    Features,
    Tolerance,
    Weaknesses,
    Fingerprints,
    /// One request by HTTP, for HSTS.
    Http,
}

impl Purpose {
    /// What may be left out of an inspection.
    pub const CHOICES: [Self; 8] = [
        Self::Chains,
        Self::Groups,
        Self::SignatureSchemes,
        Self::Features,
        Self::Tolerance,
        Self::Weaknesses,
        Self::Fingerprints,
        Self::Http,
    ];

    /// Every purpose.
    pub const ALL: [Self; 10] = [
        Self::Capture,
        Self::Chains,
        Self::Suites,
        Self::Groups,
        Self::SignatureSchemes,
        Self::Features,
        Self::Tolerance,
        Self::Weaknesses,
        Self::Fingerprints,
        Self::Http,
    ];

    /// The report's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Capture => "capture",
            Self::Chains => "chains",
            Self::Suites => "suites",
            Self::Groups => "groups",
            Self::SignatureSchemes => "signature_schemes",
            Self::Features => "features",
            Self::Tolerance => "tolerance",
            Self::Weaknesses => "weaknesses",
            Self::Fingerprints => "fingerprints",
            Self::Http => "http",
        }
    }
}
