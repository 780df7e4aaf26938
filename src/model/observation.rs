//! What one visit to an endpoint showed: an immutable fact. A failed visit is data, not an error.

use std::sync::Arc;

use super::{Endpoint, Gathered, Inspection};
use crate::text::Untrusted;
use crate::time::UnixTime;
use crate::tls::{AlertDescription, CipherSuite, NamedGroup, ProtocolVersion};
use crate::x509::Chain;

/// One visit. `C` is how chains are held: [`crate::x509::RawChain`] as captured, [`Chain`] once read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation<C = Chain> {
    pub endpoint: Endpoint,
    /// The target as the user wrote it.
    pub target: Arc<str>,
    pub observed_at: UnixTime,
    pub outcome: Outcome<C>,
}

/// How a visit ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<C = Chain> {
    /// A complete Certificate message was read, however the connection ended.
    Handshake(Box<Handshake<C>>),
    Failure(Failure),
    /// A chain read from a file.
    Read(C),
}

/// What a visit that reached the certificates showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handshake<C = Chain> {
    pub tls: TlsFacts,
    /// Certificates in the order served.
    pub presented: C,
    /// Different chains the same endpoint served to other offers.
    pub other_chains: Vec<OtherChain<C>>,
    /// What deep inspection found, where it was asked for.
    pub inspection: Option<Box<Inspection>>,
    /// What was asked of others about the certificates, where that was wanted.
    pub gathered: Option<Box<Gathered>>,
}

/// A chain that a further hello brought to light.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherChain<C = Chain> {
    pub offered_for: OfferedFor,
    pub presented: C,
}

/// What a further hello offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OfferedFor {
    Rsa,
    Ecdsa,
    Eddsa,
    MlDsa,
    /// The same offer without server name indication.
    NoSni,
}

impl OfferedFor {
    /// Every offer, in the order they are tried.
    pub const ALL: [Self; 5] = [Self::Rsa, Self::Ecdsa, Self::Eddsa, Self::MlDsa, Self::NoSni];

    /// The report's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rsa => "rsa",
            Self::Ecdsa => "ecdsa",
            Self::Eddsa => "eddsa",
            Self::MlDsa => "ml-dsa",
            Self::NoSni => "no_sni",
        }
    }
}

/// What was negotiated. `None` is "not looked at", never "no".
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TlsFacts {
    pub version: Option<ProtocolVersion>,
    pub cipher_suite: Option<CipherSuite>,
    pub group: Option<NamedGroup>,
    pub alpn: Option<Untrusted>,
    /// Both sides' Finished were exchanged.
    pub completed: Option<bool>,
    /// What ended a handshake that was not completed.
    pub ended_by: Option<EndedBy>,
    /// The server signed with the key of the certificate it served.
    pub possession_proved: Option<bool>,
    pub client_auth: ClientAuth,
    /// Names of the authorities the server accepts client certificates from (RFC 4514), capped.
    pub client_auth_ca_names: Vec<Untrusted>,
    pub ocsp_stapled: Option<bool>,
    /// Timestamps in the TLS extension, not those in the certificate.
    pub sct_count: Option<u32>,
    /// What a TLS 1.3 hello that lists post-quantum groups only was answered with.
    pub post_quantum: Option<PostQuantum>,
}

/// The answer to a hello that lists post-quantum groups only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PostQuantum {
    /// The server takes this group.
    Group(NamedGroup),
    /// The server takes none of them.
    Refused,
}

/// Why a handshake stopped after the certificates were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndedBy {
    /// We left: the chain was all we wanted.
    OurChoice,
    /// The server insists on a client certificate.
    ClientAuth,
    Alert(AlertDescription),
    Timeout,
    Reset,
    Closed,
    /// The server broke the protocol, in the words of the engine that noticed.
    Misbehaved(Untrusted),
}

impl EndedBy {
    /// The report's name; alerts carry theirs after a colon.
    pub fn name(&self) -> String {
        match self {
            Self::OurChoice => "our choice".to_owned(),
            Self::ClientAuth => "client_auth".to_owned(),
            Self::Alert(alert) => format!("alert:{alert}"),
            Self::Timeout => "timeout".to_owned(),
            Self::Reset => "reset".to_owned(),
            Self::Closed => "closed".to_owned(),
            Self::Misbehaved(how) => format!("misbehaved:{}", how.raw()),
        }
    }
}

/// Whether the server asks for a client certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClientAuth {
    None,
    Requested,
    Required,
    #[default]
    Unknown,
}

impl ClientAuth {
    /// The report's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Requested => "requested",
            Self::Required => "required",
            Self::Unknown => "unknown",
        }
    }
}

/// A visit that brought no chain: where it stopped and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub stage: Stage,
    pub reason: Reason,
    /// A sentence for a person; may carry the peer's words.
    pub detail: Untrusted,
    /// What deep inspection found of a server that has no certificate to show.
    pub inspection: Option<Box<Inspection>>,
}

/// The step of a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    Resolve,
    Connect,
    Upgrade,
    Handshake,
    Decode,
}

impl Stage {
    /// Every stage, in the order of a visit.
    pub const ALL: [Self; 5] = [Self::Resolve, Self::Connect, Self::Upgrade, Self::Handshake, Self::Decode];

    /// The report's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::Upgrade => "upgrade",
            Self::Handshake => "handshake",
            Self::Decode => "decode",
        }
    }
}

/// Why a visit stopped. A timeout is never a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// RST in answer to SYN.
    Refused,
    Timeout,
    Reset,
    Closed,
    /// ICMP said that the host, network or port cannot be reached.
    Unreachable,
    /// The peer speaks something else.
    NotTls,
    Alert,
    ChainTooLarge,
    /// A message that does not decode.
    Malformed,
    /// The handshake has no certificate (anonymous or pre-shared key).
    NoCertificate,
    /// DNS says that there is no such name.
    NoSuchName,
    /// The name exists without an address.
    NoAddress,
    /// The DNS server failed or refused.
    DnsFailure,
    /// This machine could not open the connection (no route, no permission, no port).
    Local,
    /// A chain in a file could not be read.
    Unreadable,
    /// The server does not offer the upgrade to TLS.
    NotOffered,
    /// The server asks to come back later, before the upgrade (SMTP's 421).
    Throttled,
    /// Text came between the server's go-ahead and TLS.
    Injected,
    /// The peer speaks another protocol than the one that was to be upgraded.
    WrongProtocol,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 19] = [
        Self::Refused,
        Self::Timeout,
        Self::Reset,
        Self::Closed,
        Self::Unreachable,
        Self::NotTls,
        Self::Alert,
        Self::ChainTooLarge,
        Self::Malformed,
        Self::NoCertificate,
        Self::NoSuchName,
        Self::NoAddress,
        Self::DnsFailure,
        Self::Local,
        Self::Unreadable,
        Self::NotOffered,
        Self::Throttled,
        Self::Injected,
        Self::WrongProtocol,
    ];

    /// The report's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Timeout => "timeout",
            Self::Reset => "reset",
            Self::Closed => "closed",
            Self::Unreachable => "unreachable",
            Self::NotTls => "not_tls",
            Self::Alert => "alert",
            Self::ChainTooLarge => "chain_too_large",
            Self::Malformed => "malformed",
            Self::NoCertificate => "no_certificate",
            Self::NoSuchName => "no_such_name",
            Self::NoAddress => "no_address",
            Self::DnsFailure => "dns_failure",
            Self::Local => "local",
            Self::Unreadable => "unreadable",
            Self::NotOffered => "not_offered",
            Self::Throttled => "throttled",
            Self::Injected => "injected",
            Self::WrongProtocol => "wrong_protocol",
        }
    }
}

impl Failure {
    /// A failure with its sentence.
    pub fn new(stage: Stage, reason: Reason, detail: impl Into<Untrusted>) -> Self {
        Self { stage, reason, detail: detail.into(), inspection: None }
    }

    /// `stage.reason`, as counted in the report.
    pub fn code(&self) -> String {
        format!("{}.{}", self.stage.name(), self.reason.name())
    }

    /// Nobody was there: what a range's dead addresses answer.
    pub fn is_dead(&self) -> bool {
        self.stage == Stage::Connect
            && matches!(self.reason, Reason::Refused | Reason::Timeout | Reason::Unreachable)
    }
}

impl<C> Outcome<C> {
    /// The same outcome with each chain turned into another form.
    pub fn map_chains<D>(self, mut read: impl FnMut(C) -> D) -> Outcome<D> {
        match self {
            Self::Handshake(handshake) => {
                let Handshake { tls, presented, other_chains, inspection, gathered } = *handshake;
                Outcome::Handshake(Box::new(Handshake {
                    tls,
                    presented: read(presented),
                    other_chains: other_chains
                        .into_iter()
                        .map(|o| OtherChain { offered_for: o.offered_for, presented: read(o.presented) })
                        .collect(),
                    inspection,
                    gathered,
                }))
            }
            Self::Failure(failure) => Outcome::Failure(failure),
            Self::Read(chain) => Outcome::Read(read(chain)),
        }
    }

    /// What deep inspection found, if there was one.
    pub fn inspection(&self) -> Option<&Inspection> {
        match self {
            Self::Handshake(handshake) => handshake.inspection.as_deref(),
            Self::Failure(failure) => failure.inspection.as_deref(),
            Self::Read(_) => None,
        }
    }

    /// As [`Self::inspection`], to be changed.
    pub fn inspection_mut(&mut self) -> Option<&mut Inspection> {
        match self {
            Self::Handshake(handshake) => handshake.inspection.as_deref_mut(),
            Self::Failure(failure) => failure.inspection.as_deref_mut(),
            Self::Read(_) => None,
        }
    }

    /// The chain served first, if any was.
    pub fn presented(&self) -> Option<&C> {
        match self {
            Self::Handshake(handshake) => Some(&handshake.presented),
            Self::Read(chain) => Some(chain),
            Self::Failure(_) => None,
        }
    }
}
