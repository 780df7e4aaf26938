//! A verdict with a life: opened, worse, resolved.

use std::borrow::Cow;
use std::fmt;

use super::{Decision, EndpointId};
use crate::time::UnixTime;
use crate::x509::Fingerprint;

/// How bad. The order is the order of badness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    /// Every severity, least first.
    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The report's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// Reads the report's name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.name() == name)
    }
}

macro_rules! rules {
    ($($variant:ident => $id:literal,)*) => {
        /// A rule with its public id. Ids never change their meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Rule { $($variant,)* }

        impl Rule {
            /// Every rule that is built.
            pub const ALL: &'static [Rule] = &[$(Rule::$variant,)*];

            /// The public id.
            pub fn id(self) -> &'static str {
                match self { $(Rule::$variant => $id,)* }
            }
        }
    };
}

rules! {
    Expired => "x509.validity.expired",
    Expiring => "x509.validity.expiring",
    NotYetValid => "x509.validity.not_yet_valid",
    TooLong => "x509.validity.too_long",
    NameMismatch => "trust.name.mismatch",
    UnknownIssuer => "trust.path.unknown_issuer",
    IncompleteChain => "trust.path.incomplete_chain",
    SelfSigned => "trust.path.self_signed",
    InvalidPath => "trust.path.invalid",
    Revoked => "trust.revoked",
    RevocationNotDetermined => "trust.revocation.not_determined",
    Misordered => "trust.chain.misordered",
    Superfluous => "trust.chain.superfluous",
    RsaTooShort => "key.rsa.too_short",
    RsaBadExponent => "key.rsa.bad_exponent",
    RsaRoca => "key.rsa.roca",
    RsaClosePrimes => "key.rsa.close_primes",
    RsaSmallFactor => "key.rsa.small_factor",
    RsaSharedFactor => "key.rsa.shared_factor",
    DebianWeak => "key.debian_weak",
    Blocklisted => "key.blocklisted",
    EcInvalidPoint => "key.ec.invalid_point",
    EcTooShort => "key.ec.too_short",
    KeyReused => "key.reused",
    SignatureMd5 => "sig.md5",
    SignatureSha1 => "sig.sha1",
    ObsoleteVersion => "tls.version.obsolete",
    WeakCipher => "tls.cipher.weak",
    NoPostQuantum => "tls.group.no_post_quantum",
    DraftPostQuantum => "tls.group.draft_post_quantum",
    WeakGroup => "tls.group.weak",
    WeakSignature => "tls.signature.weak",
    NoForwardSecrecy => "tls.forward_secrecy.none",
    NoTls13 => "tls.version.no_tls13",
    NoFallbackScsv => "tls.fallback_scsv.missing",
    Intolerant => "tls.intolerant",
    HstsMissing => "tls.hsts.missing",
    Heartbleed => "tls.vuln.heartbleed",
    CcsInjection => "tls.vuln.ccs_injection",
    Ticketbleed => "tls.vuln.ticketbleed",
    Robot => "tls.vuln.robot",
    Drown => "tls.vuln.drown",
    Poodle => "tls.vuln.poodle",
    PoodleTls => "tls.vuln.poodle_tls",
    PaddingOracle => "tls.vuln.padding_oracle",
    StartTlsInjection => "tls.vuln.starttls_injection",
    Freak => "tls.vuln.freak",
    Logjam => "tls.vuln.logjam",
    SharedPrime => "tls.vuln.shared_prime",
    Raccoon => "tls.vuln.raccoon",
    NullEncryption => "tls.vuln.null_encryption",
    Anonymous => "tls.vuln.anonymous",
    Export => "tls.vuln.export",
    Rc4 => "tls.vuln.rc4",
    Sweet32 => "tls.vuln.sweet32",
    Crime => "tls.vuln.crime",
    Beast => "tls.vuln.beast",
    Lucky13 => "tls.vuln.lucky13",
    InsecureRenegotiation => "tls.vuln.insecure_renegotiation",
    ClientRenegotiation => "tls.vuln.client_renegotiation",
    PossessionNotProved => "tls.possession.not_proved",
    Unreadable => "x509.unreadable",
    VersionNot3 => "x509.version.not_3",
    SerialNotPositive => "x509.serial.not_positive",
    SerialTooLong => "x509.serial.too_long",
    AlgorithmMismatch => "sig.algorithm_mismatch",
    SignatureNotAllowed => "sig.algorithm_not_allowed",
    ValidityNotPositive => "x509.validity.not_positive",
    ValidityOverRecommended => "x509.validity.longer_than_recommended",
    WrongTimeForm => "x509.validity.wrong_time_type",
    KeyTypeNotAllowed => "key.type_not_allowed",
    CurveNotAllowed => "key.ec.curve_not_allowed",
    RsaOddLength => "key.rsa.odd_length",
    RsaUnusualExponent => "key.rsa.unusual_exponent",
    ExtensionDuplicate => "x509.extension.duplicate",
    UnusualSize => "x509.unusual_size",
    CommonNameNotInSan => "x509.name.cn_not_in_san",
    CommonNamePresent => "x509.name.cn_present",
    OrganizationalUnit => "x509.name.ou_present",
    SanMissing => "x509.san.missing",
    BadDnsName => "x509.san.bad_dns_name",
    MisplacedWildcard => "x509.san.misplaced_wildcard",
    WildcardPublicSuffix => "x509.san.wildcard_public_suffix",
    InternalName => "x509.san.internal_name",
    ReservedIp => "x509.san.reserved_ip",
    Underscore => "x509.san.underscore",
    Arpa => "x509.san.arpa",
    SanDuplicate => "x509.san.duplicate",
    CaServed => "x509.ca.served",
    CertSign => "x509.key_usage.cert_sign",
    KeyUsageNotForKey => "x509.key_usage.not_for_key",
    KeyUsageInconsistent => "x509.key_usage.inconsistent",
    EkuMissing => "x509.eku.missing",
    EkuForbidden => "x509.eku.forbidden_purpose",
    EkuExtra => "x509.eku.extra_purpose",
    ClientAuth => "x509.eku.client_auth",
    ClientAuthEnding => "x509.eku.client_auth_ending",
    AkiNoKeyId => "x509.aki.no_key_id",
    AiaMissing => "x509.aia.missing",
    AiaNoIssuerUrl => "x509.aia.no_issuer_url",
    UrlNotHttp => "x509.url.not_http",
    NoRevocation => "x509.revocation.no_pointer",
    PoliciesMissing => "x509.policies.missing",
    SctListEmpty => "x509.sct.empty_list",
    PrecertificateServed => "x509.precertificate.served",
    NotMeasured => "scan.not_measured",
    Unreachable => "scan.unreachable",
    CertificateSkew => "fleet.certificate_skew",
    HookNoEffect => "hook.no_effect",
}

impl Rule {
    /// The rule with public id `id`.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|r| r.id() == id)
    }
}

/// Facts that prove a verdict, in the order they matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Evidence(pub Vec<(Cow<'static, str>, EvidenceValue)>);

impl Evidence {
    /// One more fact.
    pub fn push(&mut self, name: &'static str, value: impl Into<EvidenceValue>) {
        self.0.push((name.into(), value.into()));
    }
}

impl<const N: usize> From<[(&'static str, EvidenceValue); N]> for Evidence {
    fn from(facts: [(&'static str, EvidenceValue); N]) -> Self {
        Self(facts.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }
}

/// One fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EvidenceValue {
    Text(String),
    Number(i64),
    List(Vec<String>),
}

impl From<String> for EvidenceValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for EvidenceValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for EvidenceValue {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    Certificate(Fingerprint),
    Endpoint(EndpointId),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate(fingerprint) => fmt::Display::fmt(fingerprint, f),
            Self::Endpoint(id) => fmt::Display::fmt(id, f),
        }
    }
}

/// Stable key: `name:port[/starttls][#chain]/rule`, or `spki:HASH/rule` for fleet rules.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FindingKey(pub String);

impl fmt::Display for FindingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a finding is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FindingState {
    Open,
    Acknowledged,
    Silenced,
    Resolved,
}

impl FindingState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Open, Self::Acknowledged, Self::Silenced, Self::Resolved];

    /// The report's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Silenced => "silenced",
            Self::Resolved => "resolved",
        }
    }
}

/// A finding of one profile, as the record keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub profile: String,
    pub key: FindingKey,
    pub rule: Rule,
    pub severity: Severity,
    pub state: FindingState,
    pub title: String,
    pub detail: String,
    /// What to do; empty where a program before this one wrote it down.
    pub remediation: String,
    pub subject: Subject,
    pub first_seen: UnixTime,
    pub last_seen: UnixTime,
    pub resolved_at: Option<UnixTime>,
    /// Who looks after its endpoints, as the profile said when it was last seen.
    pub owner: Option<String>,
    pub tags: Vec<String>,
    /// Who acknowledged or silenced it; there in these two states only.
    pub decision: Option<Decision>,
    /// When somebody was last told of it; `None`: never.
    pub told_at: Option<UnixTime>,
    /// How bad it was said to be then: what swings between two severities is not told anew each time.
    pub told_severity: Option<Severity>,
    /// How often it came back within days of being resolved.
    pub returns: u32,
}
