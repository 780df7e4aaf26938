//! Mail over SMTP (RFC 5321): implicit TLS, or STARTTLS that cannot be stripped or injected into, or plain by an
//! explicit exception and then never with a login. Messages and commands are lettre's; TLS and its beginning are ours.
//!
//! Never decides what is sent or when it is tried again: it says what became of each mail ([`Fate`]).

mod anchors;
mod error;
mod login;
mod mail;
mod open;
mod reply;
mod session;
mod stream;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

use rustls_pki_types::ServerName;

pub use self::error::{MailError, Step};
pub use self::login::{Login, Mechanism};
pub use self::mail::{Envelope, Mail};
pub use self::session::{Fate, Session};
pub use super::secret::{Secret, SecretError};

/// How a session is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Security {
    /// TLS from the first byte (RFC 8314), port 465.
    #[default]
    Implicit,
    /// STARTTLS, required (RFC 3207), ports 587 and 25.
    StartTls,
    /// Nothing. For a relay on the same host or a network of one's own; never with a login.
    PlainException,
}

/// A mail server and how to speak with it.
#[derive(Debug, Clone)]
pub struct MailServer {
    /// A-labels, or an address without brackets.
    host: String,
    port: u16,
    transport: Transport,
    server_name: ServerName<'static>,
    ca_file: Option<PathBuf>,
    step: Duration,
}

/// A login exists inside TLS only.
#[derive(Debug, Clone)]
enum Transport {
    Plain,
    Tls { starttls: bool, login: Option<Login> },
}

impl MailServer {
    /// A server by name or address. Its certificate has to be for that.
    ///
    /// # Errors
    /// [`MailError::ServerName`] if `host` is neither a host name nor an address.
    pub fn new(host: &str, port: u16, security: Security) -> Result<Self, MailError> {
        let transport = match security {
            Security::Implicit => Transport::Tls { starttls: false, login: None },
            Security::StartTls => Transport::Tls { starttls: true, login: None },
            Security::PlainException => Transport::Plain,
        };
        let server_name = server_name(host)?;
        Ok(Self {
            host: server_name.to_str().into_owned(),
            port,
            transport,
            server_name,
            ca_file: None,
            step: open::DEFAULT_STEP,
        })
    }

    /// Logs in.
    ///
    /// # Errors
    /// [`MailError::LoginWithoutTls`] for a plain relay.
    pub fn with_login(mut self, login: Login) -> Result<Self, MailError> {
        match &mut self.transport {
            Transport::Plain => Err(MailError::LoginWithoutTls { server: self.label() }),
            Transport::Tls { login: place, .. } => {
                *place = Some(login);
                Ok(self)
            }
        }
    }

    /// The certificate has to be for this name instead.
    ///
    /// # Errors
    /// [`MailError::ServerName`] if it is neither a host name nor an address.
    pub fn with_server_name(self, name: &str) -> Result<Self, MailError> {
        Ok(Self { server_name: server_name(name)?, ..self })
    }

    /// Trusts the authorities in this file (PEM) beside the system's.
    pub fn with_ca_file(self, path: impl Into<PathBuf>) -> Self {
        Self { ca_file: Some(path.into()), ..self }
    }

    /// The deadline of each step, 30 s otherwise; the final reply to a mail has four times that.
    pub fn with_step_deadline(self, step: Duration) -> Self {
        Self { step, ..self }
    }

    /// `host:port`, for messages.
    pub fn label(&self) -> String {
        let Self { host, port, .. } = self;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }
}

/// A host name (A-labels or Unicode) or an address, with or without brackets.
fn server_name(text: &str) -> Result<ServerName<'static>, MailError> {
    let fault = || MailError::ServerName { name: error::said(text) };
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = bare.parse::<std::net::IpAddr>() {
        return Ok(ServerName::IpAddress(address.into()));
    }
    let ascii = idna::domain_to_ascii_strict(bare).map_err(|_| fault())?;
    ServerName::try_from(ascii).map_err(|_| fault())
}
