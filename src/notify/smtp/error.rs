//! Why a mail cannot be delivered, each in one line with what to do. Text of the server is escaped and cut.

use std::fmt;
use std::io;

use lettre::transport::smtp::Error as LettreError;
use rustls::CertificateError;
use zeroize::Zeroizing;

use super::reply::{Reply, ReplyFault};
use super::stream::fault_of;
use crate::notify::secret::SecretError;
use crate::text::escape_for_terminal;
use crate::time::UnixTime;

/// Characters kept of a server's text.
const KEPT_CHARACTERS: usize = 300;

/// The connection ended without a word.
const CLOSED: &str = "closed by the server";

/// Characters of a secret that tell too much: its end may be cut away.
const TELLING: usize = 12;

/// Where in the dialogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Lookup,
    Connect,
    Greeting,
    Hello,
    /// Greeting or EHLO, which lettre speaks in one go.
    Opening,
    StartTls,
    Tls,
    Login,
    Reset,
    Sender,
    Recipient,
    Data,
    Content,
}

/// Why a mail, or a session, failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    #[error("{server}: a login needs TLS; use security = \"implicit\" or \"starttls\"")]
    LoginWithoutTls { server: String },
    #[error("`{name}` is neither a host name nor an address")]
    ServerName { name: String },
    #[error("`{address}`: {reason}")]
    Address { address: String, reason: String },
    #[error("the mail cannot be written: {reason}")]
    Message { reason: String },
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error("trust anchors for the mail server: {reason}")]
    TrustAnchors { reason: String },
    #[error("{server}: cannot connect ({reason}); see `server` and `port` of [mail]")]
    Connect { server: String, reason: String },
    #[error("{server}: no answer in time, waited for {step}")]
    TimedOut { server: String, step: Step },
    #[error("{server}: STARTTLS not offered: refusing to send in the clear; use security = \"implicit\"")]
    NoStartTls { server: String },
    #[error(
        "{server}: the server, or somebody in between, sent text before TLS began; use security = \"implicit\" ({reason})"
    )]
    TextBeforeTls { server: String, reason: String },
    #[error("{server}: {reason}")]
    Certificate { server: String, reason: String },
    #[error("{server}: TLS failed ({reason})")]
    Tls { server: String, reason: String },
    #[error("{server}: no login by {wanted} there; it offers {offered}")]
    NoMechanism { server: String, wanted: String, offered: String },
    #[error("{server}: answered {step} with {code} {text}{}", hint(.step, .code, .text))]
    Reply { server: String, step: Step, code: u16, text: String },
    #[error("{server}: did not speak SMTP, waited for {step} ({reason})")]
    Garbage { server: String, step: Step, reason: String },
    #[error("{server}: connection lost, waited for {step} ({reason})")]
    Lost { server: String, step: Step, reason: String },
    #[error("{server}: the session is over; open a new one")]
    SessionOver { server: String },
}

impl MailError {
    /// Trying again soon is of no use: the server said 5xx, or the settings are wrong.
    ///
    /// A certificate that does not verify and a missing STARTTLS are not: somebody in between may cause them.
    pub fn is_permanent(&self) -> bool {
        match self {
            Self::Reply { code, .. } => *code >= 500,
            Self::LoginWithoutTls { .. }
            | Self::ServerName { .. }
            | Self::Address { .. }
            | Self::Message { .. }
            | Self::NoMechanism { .. } => true,
            _ => false,
        }
    }

    /// The session cannot go on after it.
    pub(super) fn ends_session(&self) -> bool {
        !matches!(self, Self::Reply { code, .. } if *code != 421)
    }

    /// A reply that is not the one asked for.
    pub(super) fn of_reply(server: &str, step: Step, reply: &Reply) -> Self {
        Self::Reply { server: server.to_owned(), step, code: reply.code, text: said(reply.text().raw()) }
    }

    /// The same; what a server says is left out where it repeats one of `secrets`, or its beginning.
    pub(super) fn without(self, secrets: &[Zeroizing<String>]) -> Self {
        let repeats = |text: &str| {
            let told = |secret: &Zeroizing<String>| {
                let start: String = secret.trim_end().chars().take(TELLING).collect();
                text.contains(&said(&start))
            };
            secrets.iter().any(told)
        };
        let left_out = || "(its words repeat the password, and are not shown)".to_owned();
        match self {
            Self::Reply { server, step, code, text } if repeats(&text) => {
                Self::Reply { server, step, code, text: left_out() }
            }
            Self::Garbage { server, step, reason } if repeats(&reason) => {
                Self::Garbage { server, step, reason: left_out() }
            }
            other => other,
        }
    }

    /// What went wrong on the wire.
    pub(super) fn of_io(server: &str, step: Step, error: &io::Error) -> Self {
        let server = server.to_owned();
        match fault_of(error) {
            Some(fault) => Self::of_fault(&server, step, fault),
            // What rustls says to it is an explanation for programmers, with a link.
            None if error.kind() == io::ErrorKind::UnexpectedEof => {
                Self::Lost { server, step, reason: CLOSED.to_owned() }
            }
            None => Self::Lost { server, step, reason: said(&error.to_string()) },
        }
    }

    /// What the server sent instead of a reply.
    pub(super) fn of_fault(server: &str, step: Step, fault: &ReplyFault) -> Self {
        Self::Garbage { server: server.to_owned(), step, reason: said(&fault.to_string()) }
    }

    /// What lettre says.
    pub(super) fn of_lettre(server: &str, step: Step, error: &LettreError) -> Self {
        let source = std::error::Error::source(error);
        if let Some(code) = error.status() {
            let text = said(&source.map(ToString::to_string).unwrap_or_default());
            return Self::Reply { server: server.to_owned(), step, code: code.into(), text };
        }
        if let Some(error) = source.and_then(|source| source.downcast_ref::<io::Error>()) {
            return Self::of_io(server, step, error);
        }
        let reason = said(&source.map_or_else(|| error.to_string(), ToString::to_string));
        if reason == "incomplete response" {
            return Self::Lost { server: server.to_owned(), step, reason: CLOSED.to_owned() };
        }
        Self::Garbage { server: server.to_owned(), step, reason }
    }

    /// Why the handshake failed.
    pub(super) fn of_handshake(server: &str, error: &io::Error) -> Self {
        let server = server.to_owned();
        match handshake_error(error) {
            Some(rustls::Error::InvalidCertificate(error)) => {
                Self::Certificate { server, reason: certificate_reason(error) }
            }
            Some(rustls::Error::InvalidMessage(_)) => Self::Tls {
                server,
                reason: "it does not begin with TLS there: use security = \"starttls\", or another port"
                    .to_owned(),
            },
            Some(error) => Self::Tls { server, reason: said(&error.to_string()) },
            None => Self::Tls { server, reason: said(&error.to_string()) },
        }
    }
}

/// The error of rustls inside an error of the stream.
pub(super) fn handshake_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref())
}

/// Text of the server as a message shows it: one line, escaped, cut.
pub(super) fn said(text: &str) -> String {
    let mut out: String = escape_for_terminal(text.trim());
    if let Some((end, _)) = out.char_indices().nth(KEPT_CHARACTERS) {
        out.truncate(end);
        out.push('…');
    }
    out
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lookup => "the address of the server",
            Self::Connect => "the connection",
            Self::Greeting => "the greeting",
            Self::Hello => "EHLO",
            Self::Opening => "greeting or EHLO",
            Self::StartTls => "STARTTLS",
            Self::Tls => "the TLS handshake",
            Self::Login => "the login",
            Self::Reset => "RSET",
            Self::Sender => "MAIL FROM",
            Self::Recipient => "RCPT TO",
            Self::Data => "DATA",
            Self::Content => "the mail",
        })
    }
}

/// What to do about a reply; empty or ` (…)`.
fn hint(step: &Step, code: &u16, text: &str) -> &'static str {
    match (code, step) {
        // Exchange Online, and everybody who follows it.
        (535 | 550, _) if text.contains("5.7.30") || text.contains("5.7.139") => {
            " (it takes no passwords any more: use mechanism = \"xoauth2\")"
        }
        (534, _) => " (it wants an application password, or mechanism = \"xoauth2\")",
        (535, _) => " (user or password is wrong, or the account may not send by SMTP)",
        (530, _) => " (it wants a login: set user and password)",
        (538, _) => " (it wants TLS before the login)",
        (421, _) => " (it is busy or going down)",
        (_, Step::Sender) if *code >= 500 => " (it does not let this sender send: see `from`)",
        (550..=554, Step::Recipient) => " (it does not take mail for this address)",
        (450 | 451, Step::Recipient) => " (tried again later: greylisting looks like this)",
        _ => "",
    }
}

/// What is wrong with a certificate, with its names or dates.
fn certificate_reason(error: &CertificateError) -> String {
    let day = |time: rustls_pki_types::UnixTime| UnixTime(i64::try_from(time.as_secs()).unwrap_or(i64::MAX));
    match error {
        CertificateError::ExpiredContext { not_after, .. } => {
            format!("its certificate expired on {}", day(*not_after))
        }
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!("its certificate is not valid before {}", day(*not_before))
        }
        CertificateError::NotValidForNameContext { expected, presented } => {
            let names: Vec<&str> =
                presented.iter().map(|name| name.split(['"', '(', ')']).rfind(|part| !part.is_empty()).unwrap_or(name)).collect();
            let names = if names.is_empty() { "no name".to_owned() } else { names.join(", ") };
            let expected = expected.to_str();
            said(&format!("its certificate is for {names}, not for {expected}; see `server_name` of [mail]"))
        }
        CertificateError::UnknownIssuer => {
            "its certificate comes from an authority that is not trusted here; name that authority's file in ca_file"
                .to_owned()
        }
        other => said(&format!("its certificate does not verify ({other})")),
    }
}
