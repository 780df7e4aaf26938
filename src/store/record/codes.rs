//! Numbers that stand for the variants of the vocabulary. A number never changes its meaning and is never reused.

use super::{Decoder, StoreError};
use crate::model::{
    ClientAuth, Depth, DoubtKind, FindingState, Intolerance, Occasion, OfferedFor, ProbeName, Purpose,
    Reason, RevocationMethod, ScanState, Scope, Severity, Stage, Transport, Urgency,
};
use crate::tls::StartTls;

/// A variant with a number.
pub(in crate::store) trait Code: Copy + Sized {
    fn code(self) -> u8;
    fn from_code(code: u8) -> Option<Self>;
}

impl Decoder<'_> {
    pub(in crate::store) fn code<T: Code>(&mut self) -> Result<T, StoreError> {
        let code = self.byte()?;
        T::from_code(code).ok_or_else(|| self.corrupt())
    }
}

macro_rules! codes {
    ($($type:ident { $($variant:ident = $code:literal,)* })*) => {
        $(impl Code for $type {
            fn code(self) -> u8 {
                match self { $(Self::$variant => $code,)* }
            }

            fn from_code(code: u8) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)* _ => None }
            }
        })*
    };
}

codes! {
    Transport { Tcp = 0, Quic = 1, File = 2, Dtls = 3, }
    Stage { Resolve = 0, Connect = 1, Upgrade = 2, Handshake = 3, Decode = 4, }
    Reason {
        Refused = 0, Timeout = 1, Reset = 2, Closed = 3, Unreachable = 4, NotTls = 5, Alert = 6,
        ChainTooLarge = 7, Malformed = 8, NoCertificate = 9, NoSuchName = 10, NoAddress = 11, DnsFailure = 12,
        Local = 13, Unreadable = 14, NotOffered = 15, Throttled = 16, Injected = 17, WrongProtocol = 18,
    }
    OfferedFor { Rsa = 0, Ecdsa = 1, Eddsa = 2, MlDsa = 3, NoSni = 4, }
    ClientAuth { Unknown = 0, None = 1, Requested = 2, Required = 3, }
    Depth { Sweep = 0, Standard = 1, Deep = 2, }
    StartTls {
        Smtp = 0, Lmtp = 1, Imap = 2, Pop3 = 3, Sieve = 4, Ftp = 5, Ldap = 6, Xmpp = 7, XmppServer = 8, Postgres = 9,
        Mysql = 10, Mssql = 11, Rdp = 12, Nntp = 13, Irc = 14, Nats = 15,
    }
    ScanState { Running = 0, Complete = 1, Incomplete = 2, }
    Severity { Info = 0, Low = 1, Medium = 2, High = 3, Critical = 4, }
    FindingState { Open = 0, Acknowledged = 1, Silenced = 2, Resolved = 3, }
    Occasion {
        Opened = 0, Worse = 1, Resolved = 2, Retired = 3, Reminder = 4, SilenceEnded = 5, Baseline = 6,
    }
    Urgency { Immediate = 0, Digest = 1, }
    Scope { Everything = 0, Forbidden = 1, }
    Intolerance {
        Grease = 0, LongHello = 1, LargeHello = 2, ManySuites = 3, UnknownVersion = 4, UnknownExtension = 5,
    }
    ProbeName {
        Heartbleed = 0, CcsInjection = 1, Ticketbleed = 2, Robot = 3, PoodleTls = 4, PaddingOracle = 5,
        StartTlsInjection = 6,
    }
    RevocationMethod { Stapled = 0, Ocsp = 1, Crl = 2, }
    DoubtKind { NoSource = 0, NoIssuer = 1, NoAnswer = 2, }
    Purpose {
        Capture = 0, Chains = 1, Suites = 2, Groups = 3, SignatureSchemes = 4, Features = 5, Tolerance = 6,
        Weaknesses = 7, Fingerprints = 8, Http = 9,
    }
}
