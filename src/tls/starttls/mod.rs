//! Protocols that are upgraded to TLS by a command of their own: dialogues without IO, one file each. A dialogue
//! says what to send and reads what the server answers, up to the moment where the ClientHello may follow. Never
//! logs in, never sends anything but greeting and upgrade.

mod ftp;
mod imap;
mod inbox;
mod irc;
mod ldap;
mod mssql;
mod mysql;
mod nats;
mod nntp;
mod pop3;
mod postgres;
mod rdp;
mod reply;
mod sieve;
mod smtp;
mod tags;
mod talk;
mod tell;
mod xmpp;

use std::fmt;

use crate::text::Untrusted;

use inbox::{FRAME_LIMIT, TEXT_LIMIT};
use talk::Talk;

/// A protocol that is upgraded to TLS by its own command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StartTls {
    /// RFC 3207, on 25 and 587.
    Smtp,
    /// RFC 2033.
    Lmtp,
    /// RFC 9051 section 6.2.1.
    Imap,
    /// RFC 2595 section 4.
    Pop3,
    /// ManageSieve, RFC 5804 section 2.2.
    Sieve,
    /// RFC 4217.
    Ftp,
    /// RFC 4511 section 4.14.
    Ldap,
    /// Client to server, RFC 6120 section 5.
    Xmpp,
    /// Server to server, RFC 6120 section 5.
    XmppServer,
    /// SSLRequest of the PostgreSQL protocol.
    Postgres,
    /// SSLRequest of the MySQL protocol.
    Mysql,
    /// Pre-login of MS-TDS; TLS then runs inside TDS packets.
    Mssql,
    /// Negotiation request of MS-RDPBCGR.
    Rdp,
    /// RFC 4642.
    Nntp,
    /// The `tls` capability of IRCv3.
    Irc,
    /// INFO of the NATS protocol.
    Nats,
}

impl StartTls {
    /// Every protocol.
    pub const ALL: [Self; 16] = [
        Self::Smtp,
        Self::Lmtp,
        Self::Imap,
        Self::Pop3,
        Self::Sieve,
        Self::Ftp,
        Self::Ldap,
        Self::Xmpp,
        Self::XmppServer,
        Self::Postgres,
        Self::Mysql,
        Self::Mssql,
        Self::Rdp,
        Self::Nntp,
        Self::Irc,
        Self::Nats,
    ];

    /// The name on the command line and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Smtp => "smtp",
            Self::Lmtp => "lmtp",
            Self::Imap => "imap",
            Self::Pop3 => "pop3",
            Self::Sieve => "sieve",
            Self::Ftp => "ftp",
            Self::Ldap => "ldap",
            Self::Xmpp => "xmpp",
            Self::XmppServer => "xmpp-server",
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
            Self::Mssql => "mssql",
            Self::Rdp => "rdp",
            Self::Nntp => "nntp",
            Self::Irc => "irc",
            Self::Nats => "nats",
        }
    }

    /// Reads the name on the command line.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.name() == name)
    }

    /// The protocol that is upgraded on this port by convention (IANA service names); ports of implicit TLS are none.
    pub fn by_port(port: u16) -> Option<Self> {
        Some(match port {
            25 | 587 => Self::Smtp,
            24 => Self::Lmtp,
            143 => Self::Imap,
            110 => Self::Pop3,
            4190 => Self::Sieve,
            21 => Self::Ftp,
            // 3268: the global catalog of Active Directory.
            389 | 3268 => Self::Ldap,
            5222 => Self::Xmpp,
            5269 => Self::XmppServer,
            5432 => Self::Postgres,
            3306 => Self::Mysql,
            1433 => Self::Mssql,
            3389 => Self::Rdp,
            119 => Self::Nntp,
            6665..=6669 => Self::Irc,
            4222 => Self::Nats,
            _ => return None,
        })
    }

    /// The protocol that greets like this, where the greeting leaves no doubt. Greets, not answers: for servers that
    /// speak first.
    pub fn by_greeting(first_bytes: &[u8]) -> Option<Self> {
        tell::by_greeting(first_bytes)
    }

    /// True where the server says something before the client does.
    pub fn speaks_first(self) -> bool {
        match self {
            Self::Smtp | Self::Lmtp | Self::Imap | Self::Pop3 | Self::Sieve => true,
            Self::Ftp | Self::Mysql | Self::Nntp | Self::Nats => true,
            Self::Ldap | Self::Xmpp | Self::XmppServer | Self::Postgres | Self::Mssql | Self::Rdp => false,
            // Some chat about looking up the name, others wait.
            Self::Irc => false,
        }
    }

    /// The way to TLS. `server_name` is the DNS name that was asked for; XMPP needs it, the others do not.
    pub fn dialogue(self, server_name: Option<&str>) -> Box<dyn Dialogue> {
        match self {
            Self::Smtp => Box::new(Talk::new(smtp::Smtp::new(), TEXT_LIMIT)),
            Self::Lmtp => Box::new(Talk::new(smtp::Smtp::lmtp(), TEXT_LIMIT)),
            Self::Imap => Box::new(Talk::new(imap::Imap::default(), TEXT_LIMIT)),
            Self::Pop3 => Box::new(Talk::new(pop3::Pop3::default(), TEXT_LIMIT)),
            Self::Sieve => Box::new(Talk::new(sieve::Sieve::default(), TEXT_LIMIT)),
            Self::Ftp => Box::new(Talk::new(ftp::Ftp::new(), TEXT_LIMIT)),
            Self::Ldap => Box::new(Talk::new(ldap::Ldap, FRAME_LIMIT)),
            Self::Xmpp => Box::new(Talk::new(xmpp::Xmpp::client(server_name), TEXT_LIMIT)),
            Self::XmppServer => Box::new(Talk::new(xmpp::Xmpp::server(server_name), TEXT_LIMIT)),
            Self::Postgres => Box::new(Talk::new(postgres::Postgres, FRAME_LIMIT)),
            Self::Mysql => Box::new(Talk::new(mysql::Mysql, FRAME_LIMIT)),
            Self::Mssql => Box::new(Talk::new(mssql::Mssql::default(), FRAME_LIMIT)),
            Self::Rdp => Box::new(Talk::new(rdp::Rdp, FRAME_LIMIT)),
            Self::Nntp => Box::new(Talk::new(nntp::Nntp::new(), TEXT_LIMIT)),
            Self::Irc => Box::new(Talk::new(irc::Irc::default(), TEXT_LIMIT)),
            Self::Nats => Box::new(Talk::new(nats::Nats, TEXT_LIMIT)),
        }
    }
}

/// One server's way to TLS, as it goes on. The caller sends [`Self::open`], then feeds what comes until
/// [`UpgradeStep::Ready`], [`UpgradeStep::SendThenReady`] or an error.
pub trait Dialogue: Send + fmt::Debug {
    /// What to send before the server has said anything; empty where the server speaks first.
    fn open(&mut self) -> Vec<u8>;

    /// Reads more bytes off the wire, in pieces of any size. Once it was ready, further bytes are
    /// [`UpgradeError::Injected`]: the client speaks first in TLS, so feed only what came before the ClientHello was
    /// sent.
    ///
    /// # Errors
    /// When there is no way to TLS any more; the same error again when fed on.
    fn feed(&mut self, bytes: &[u8]) -> Result<UpgradeStep, UpgradeError>;
}

/// What a dialogue wants next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpgradeStep {
    /// More bytes from the server.
    NeedMore,
    /// Send these bytes, then feed on.
    Send(Vec<u8>),
    /// Send these bytes and the ClientHello right behind them: the server does not answer in between.
    SendThenReady(Vec<u8>, Wrapping),
    /// The ClientHello comes next.
    Ready(Wrapping),
}

/// How TLS records travel after the upgrade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Wrapping {
    /// As they are.
    #[default]
    None,
    /// Inside TDS pre-login packets, until the handshake is over (MS-TDS section 2.2.6.5).
    Tds,
}

/// Why there is no way to TLS.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UpgradeError {
    /// The server said no, in these words.
    #[error("the server refuses the upgrade")]
    Refused(Untrusted),
    /// The server wants to know the name that the conversation is for, and none is known.
    #[error("the server wants to know which domain is meant")]
    NameNeeded(Untrusted),
    /// The server does not offer TLS.
    #[error("the server does not offer TLS")]
    NotOffered,
    /// The server is busy or wants to be left alone for now, such as SMTP's 421.
    #[error("the server asks to come back later")]
    Throttled(Untrusted),
    /// Bytes after the go-ahead that are not TLS: somebody on the way may have put them there (CVE-2011-0411).
    #[error("the server sent text between its go-ahead and TLS")]
    Injected(Untrusted),
    /// The peer speaks another protocol.
    #[error("the peer does not speak {expected} but {protocol}")]
    WrongProtocol { expected: &'static str, protocol: &'static str, excerpt: Untrusted },
    #[error("the server broke the protocol: {0}")]
    Malformed(&'static str),
    #[error("the server sent more than {limit} bytes before TLS")]
    TooLong { limit: usize },
}

#[cfg(test)]
mod tests;
