//! Evidence that was gathered beside a handshake: what became of the certificates since they were issued.
//!
//! Facts with a time of their own, asked of others than the endpoint. What could not be learned says why; it is never
//! "good".

use std::sync::Arc;

use crate::text::Untrusted;
use crate::time::UnixTime;
use crate::x509::{Fingerprint, Revoked};

/// What was gathered for one handshake.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Gathered {
    /// The OCSP response that the server stapled, until it was looked at; not kept in the record.
    pub stapled: Option<Arc<[u8]>>,
    /// One for each certificate asked about: the end-entity certificate served first, then the others.
    pub revocation: Vec<RevocationCheck>,
}

/// What is known of one certificate's revocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationCheck {
    pub certificate: Fingerprint,
    /// What told it, or what was asked last; `None` where there was nothing to ask.
    pub method: Option<RevocationMethod>,
    pub status: RevocationStatus,
    /// When what is said was known to be so.
    pub this_update: Option<UnixTime>,
    pub next_update: Option<UnixTime>,
    pub checked_at: UnixTime,
}

/// How a status came here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RevocationMethod {
    /// In the handshake (RFC 6066 section 8).
    Stapled,
    /// Asked of the responder (RFC 6960).
    Ocsp,
    /// Looked up in a list (RFC 5280 section 5).
    Crl,
}

impl RevocationMethod {
    /// Every method, in the order they are tried.
    pub const ALL: [Self; 3] = [Self::Stapled, Self::Ocsp, Self::Crl];

    /// The report's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stapled => "stapled",
            Self::Ocsp => "ocsp",
            Self::Crl => "crl",
        }
    }
}

/// A certificate's status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RevocationStatus {
    Good,
    Revoked(Revoked),
    NotDetermined(Doubt),
}

/// Why there is no status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    pub kind: DoubtKind,
    /// A sentence for a person; may carry others' words.
    pub detail: Untrusted,
}

/// Whether somebody could have answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DoubtKind {
    /// The certificate names nobody to ask in the way that was chosen.
    NoSource,
    /// Its issuer is not known, so that no answer could be checked.
    NoIssuer,
    /// Somebody was to be asked, and gave no answer that counts.
    NoAnswer,
}

impl Doubt {
    /// A doubt with its sentence.
    pub fn new(kind: DoubtKind, detail: impl Into<Untrusted>) -> Self {
        Self { kind, detail: detail.into() }
    }
}

/// How revocation is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RevocationChoice {
    /// Not at all.
    #[default]
    None,
    /// What servers staple, and nothing is fetched.
    Stapled,
    /// Stapled, else asked of the responder.
    Ocsp,
    /// Lists only.
    Crl,
    /// Stapled, else asked of the responder, else looked up in the list, until one tells.
    All,
}

impl RevocationChoice {
    /// Every choice.
    pub const ALL: [Self; 5] = [Self::None, Self::Stapled, Self::Ocsp, Self::Crl, Self::All];

    /// The name in profiles and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Stapled => "stapled",
            Self::Ocsp => "ocsp",
            Self::Crl => "crl",
            Self::All => "all",
        }
    }

    /// Whether it uses this method.
    pub fn uses(self, method: RevocationMethod) -> bool {
        match method {
            RevocationMethod::Stapled => matches!(self, Self::Stapled | Self::Ocsp | Self::All),
            RevocationMethod::Ocsp => matches!(self, Self::Ocsp | Self::All),
            RevocationMethod::Crl => matches!(self, Self::Crl | Self::All),
        }
    }
}

impl std::str::FromStr for RevocationChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|choice| choice.name() == text);
        found.ok_or_else(|| "expected none, stapled, ocsp, crl or all".to_owned())
    }
}
