//! A session with a mail server: one mail after another, each with its fate (RFC 5321 section 3.3).
//!
//! What counts is the final dot. Before it has left, a failure is certain. After it only the server's reply says what
//! became of the mail; without one nobody knows (section 4.2.5, RFC 1047). A caller that drops [`Session::send`]
//! half-way has to take the fate as unknown.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail as MailFrom, Quit, Rcpt, Rset};
use lettre::transport::smtp::extension::{Extension, MailBodyParameter, MailParameter, ServerInfo};
use lettre::transport::smtp::response::{Response, Severity};
use tokio::time::timeout;

use super::error::{MailError, Step, said};
use super::mail::{Envelope, Mail};
use super::stream::Progress;

/// A server may look into a mail before it answers: it has so many times the deadline of the other steps.
const PATIENCE_FOR_CONTENT: u32 = 4;

/// Politeness has a shorter deadline.
const GOODBYE_WITHIN: Duration = Duration::from_secs(2);

/// What became of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// The server has it; its last words, escaped and cut.
    Accepted { reply: String },
    /// Certainly not taken, for now.
    Deferred(MailError),
    /// Certainly not taken, and not to be taken if sent again as it is.
    Refused(MailError),
    /// The server may have it or not.
    Unknown(MailError),
}

/// An open session.
#[derive(Debug)]
pub struct Session {
    pub(super) server: String,
    connection: Connection,
    step: Duration,
    progress: Arc<Progress>,
    /// A mail was begun: the server has to forget it first.
    has_begun: bool,
    is_over: bool,
}

/// lettre's connection has no `Debug`.
struct Connection(AsyncSmtpConnection);

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connection(..)")
    }
}

impl Session {
    pub(super) fn new(
        server: String,
        connection: AsyncSmtpConnection,
        step: Duration,
        progress: Arc<Progress>,
    ) -> Self {
        Self { server, connection: Connection(connection), step, progress, has_begun: false, is_over: false }
    }

    /// Whether another mail may be sent; if not, open a new session.
    pub fn is_usable(&self) -> bool {
        !self.is_over
    }

    /// Sends one mail. Several may follow each other, whatever becomes of each, while the session is usable.
    pub async fn send(&mut self, mail: &Mail) -> Fate {
        let (envelope, message) =
            match Envelope::of(mail).and_then(|envelope| Ok((envelope, mail.to_bytes()?))) {
                Ok(parts) => parts,
                Err(error) => return Fate::Refused(error),
            };
        if self.is_over {
            return Fate::Deferred(MailError::SessionOver { server: self.server.clone() });
        }
        if let Err(error) = self.announce(&envelope, message.is_ascii()).await {
            return certain(error);
        }
        self.deliver(&message).await
    }

    /// Says goodbye. The fate of what was sent does not hang on it.
    pub async fn close(mut self) {
        if !self.is_over {
            let _ = timeout(GOODBYE_WITHIN.min(self.step), self.connection.0.command(Quit)).await;
        }
    }

    pub(super) fn info(&self) -> &ServerInfo {
        self.connection.0.server_info()
    }

    /// One command and its reply, which is 2xx or 3xx.
    pub(super) async fn command(&mut self, step: Step, command: impl Display) -> Result<Response, MailError> {
        let result = match timeout(self.step, self.connection.0.command(command)).await {
            Ok(Ok(reply)) => return Ok(reply),
            Ok(Err(error)) => MailError::of_lettre(&self.server, step, &error),
            Err(_) => MailError::TimedOut { server: self.server.clone(), step },
        };
        self.is_over |= result.ends_session();
        Err(result)
    }

    /// A reply that is not the one this step may have: client and server no longer talk of the same thing.
    pub(super) fn unexpected(&mut self, step: Step, reply: &Response) -> MailError {
        self.is_over = true;
        let reason = format!("answered {} {}", reply.code(), words(reply));
        MailError::Garbage { server: self.server.clone(), step, reason: said(&reason) }
    }

    /// Everything before the content; a failure is certain.
    async fn announce(&mut self, envelope: &Envelope, is_ascii: bool) -> Result<(), MailError> {
        if self.has_begun {
            self.completed(Step::Reset, Rset).await?;
        }
        let mut parameters = Vec::new();
        if envelope.needs_smtputf8() {
            if !self.info().supports_feature(Extension::SmtpUtfEight) {
                let address = said(&format!("{} {}", envelope.from, envelope.to));
                let reason = format!("{} takes only ASCII before `@` (no SMTPUTF8)", self.server);
                return Err(MailError::Address { address, reason });
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if !is_ascii {
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        self.has_begun = true;
        self.completed(Step::Sender, MailFrom::new(Some(envelope.from.clone()), parameters)).await?;
        self.completed(Step::Recipient, Rcpt::new(envelope.to.clone(), Vec::new())).await?;
        let reply = self.command(Step::Data, Data).await?;
        if reply.has_code(354) { Ok(()) } else { Err(self.unexpected(Step::Data, &reply)) }
    }

    /// A command whose only success is 2xx.
    async fn completed(&mut self, step: Step, command: impl Display) -> Result<(), MailError> {
        let reply = self.command(step, command).await?;
        if is_completion(&reply) { Ok(()) } else { Err(self.unexpected(step, &reply)) }
    }

    /// The content, to the final reply.
    async fn deliver(&mut self, message: &[u8]) -> Fate {
        self.progress.begin();
        // lettre ends the last line itself.
        let message = message.strip_suffix(b"\r\n").unwrap_or(message);
        let patience = self.step.saturating_mul(PATIENCE_FOR_CONTENT);
        let error = match timeout(patience, self.connection.0.message(message)).await {
            Ok(Ok(reply)) if is_completion(&reply) => {
                return Fate::Accepted { reply: said(&format!("{} {}", reply.code(), words(&reply))) };
            }
            Ok(Ok(reply)) => self.unexpected(Step::Content, &reply),
            Ok(Err(error)) => MailError::of_lettre(&self.server, Step::Content, &error),
            Err(_) => MailError::TimedOut { server: self.server.clone(), step: Step::Content },
        };
        self.is_over |= error.ends_session();
        match error {
            MailError::Reply { .. } => certain(error),
            error if self.progress.has_ended_message() => Fate::Unknown(error),
            error => certain(error),
        }
    }
}

/// The fate of a mail that was certainly not taken.
fn certain(error: MailError) -> Fate {
    if error.is_permanent() { Fate::Refused(error) } else { Fate::Deferred(error) }
}

fn is_completion(reply: &Response) -> bool {
    reply.code().severity == Severity::PositiveCompletion
}

fn words(reply: &Response) -> String {
    reply.message().collect::<Vec<_>>().join(" ")
}
