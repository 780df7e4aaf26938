//! The way to the mail server: one session for all mails of a delivery. The fake of the tests is the other
//! implementation.

use crate::notify::smtp::{Fate, Mail, MailServer, Session};

/// What became of a mail, with the server's words or the error in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::app) enum Sent {
    Accepted(String),
    /// Not accepted, for certain; later perhaps.
    Deferred(String),
    /// Not accepted, for certain and for good.
    Refused(String),
    /// Perhaps accepted.
    Unknown(String),
}

/// Opens sessions.
pub(in crate::app) trait Post {
    /// A session.
    type Line: Line;

    /// Opens a session; the error is one line with its remedy.
    async fn open(&self) -> Result<Self::Line, String>;
}

/// Takes one mail after the other.
pub(in crate::app) trait Line {
    /// Sends one mail.
    async fn send(&mut self, mail: &Mail) -> Sent;

    /// No further mail can be sent on it.
    fn is_over(&self) -> bool;

    /// Says goodbye.
    async fn close(self);
}

/// The real one.
#[derive(Debug)]
pub(in crate::app) struct SmtpPost<'a>(pub(in crate::app) &'a MailServer);

impl Post for SmtpPost<'_> {
    type Line = Session;

    async fn open(&self) -> Result<Session, String> {
        self.0.open().await.map_err(|error| error.to_string())
    }
}

impl Line for Session {
    async fn send(&mut self, mail: &Mail) -> Sent {
        match Session::send(self, mail).await {
            Fate::Accepted { reply } => Sent::Accepted(reply),
            Fate::Deferred(error) => Sent::Deferred(error.to_string()),
            Fate::Refused(error) => Sent::Refused(error.to_string()),
            Fate::Unknown(error) => Sent::Unknown(error.to_string()),
        }
    }

    fn is_over(&self) -> bool {
        !self.is_usable()
    }

    async fn close(self) {
        Session::close(self).await;
    }
}
