//! Login by SASL (RFC 4954): PLAIN, LOGIN, XOAUTH2. Only ever called on a stream inside TLS.
//! lettre keeps the password and the lines it writes in memory of its own, which nobody wipes.

use lettre::transport::smtp::authentication::{Credentials, Mechanism as Sasl};
use lettre::transport::smtp::commands::Auth;
use zeroize::Zeroizing;

use super::error::MailError;
use super::session::Session;
use super::{Secret, Step};

/// How the password or token is shown to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    /// RFC 4616.
    Plain,
    /// Older, in no RFC; some servers know only this.
    Login,
    /// A bearer token of OAuth 2, as Google and Microsoft take it.
    XOAuth2,
}

/// Who logs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    pub user: String,
    pub secret: Secret,
    /// `None`: PLAIN where it is offered, else LOGIN. XOAUTH2 is never taken unasked: its secret is a token.
    pub mechanism: Option<Mechanism>,
}

impl Mechanism {
    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::Login => "LOGIN",
            Self::XOAuth2 => "XOAUTH2",
        }
    }

    fn sasl(self) -> Sasl {
        match self {
            Self::Plain => Sasl::Plain,
            Self::Login => Sasl::Login,
            Self::XOAuth2 => Sasl::Xoauth2,
        }
    }
}

impl Session {
    /// Logs in.
    ///
    /// # Errors
    /// [`MailError::NoMechanism`], or the server's refusal; never with the secret, even where the server repeats it.
    pub(super) async fn log_in(
        &mut self,
        login: &Login,
        password: &Zeroizing<String>,
    ) -> Result<(), MailError> {
        let mut secrets = vec![password.clone()];
        let ended = self.converse(login, password, &mut secrets).await;
        ended.map_err(|error| error.without(&secrets))
    }

    /// As [`Session::log_in`]; adds to `secrets` what was sent.
    async fn converse(
        &mut self,
        login: &Login,
        password: &Zeroizing<String>,
        secrets: &mut Vec<Zeroizing<String>>,
    ) -> Result<(), MailError> {
        let mechanism = self.choose(login)?;
        let credentials = Credentials::new(login.user.clone(), password.as_str().to_owned());
        let failed = |session: &Self, reason: &str| MailError::Garbage {
            server: session.server.clone(),
            step: Step::Login,
            reason: reason.to_owned(),
        };
        let first = Auth::new(mechanism.sasl(), credentials.clone(), None)
            .map_err(|error| failed(self, &error.to_string()))?;
        let line = Zeroizing::new(first.to_string());
        secrets.extend(line.split_whitespace().nth(2).map(|word| Zeroizing::new(word.to_owned())));
        let mut reply = self.command(Step::Login, first).await?;
        // LOGIN asks for the user, then for the password; nothing asks a third time.
        for _ in 0..2 {
            if !reply.has_code(334) {
                break;
            }
            if mechanism == Mechanism::Login {
                let next = Auth::new_from_response(Sasl::Login, credentials.clone(), &reply)
                    .map_err(|error| failed(self, &error.to_string()))?;
                secrets.push(Zeroizing::new(next.to_string()));
                reply = self.command(Step::Login, next).await?;
            } else {
                // XOAUTH2 tells why it refuses, and wants an empty line before it says so in a reply.
                reply = self.command(Step::Login, "\r\n").await?;
            }
        }
        if reply.has_code(235) { Ok(()) } else { Err(self.unexpected(Step::Login, &reply)) }
    }

    fn choose(&self, login: &Login) -> Result<Mechanism, MailError> {
        let all = [Mechanism::Plain, Mechanism::Login, Mechanism::XOAuth2];
        let offers = |mechanism: &Mechanism| self.info().supports_auth_mechanism(mechanism.sasl());
        let wanted: &[Mechanism] = match &login.mechanism {
            Some(mechanism) => std::slice::from_ref(mechanism),
            None => &[Mechanism::Plain, Mechanism::Login],
        };
        wanted.iter().copied().find(|mechanism| offers(mechanism)).ok_or_else(|| {
            let names = |list: Vec<Mechanism>| match list.as_slice() {
                [] => "none".to_owned(),
                list => list.iter().map(|mechanism| mechanism.name()).collect::<Vec<_>>().join(" "),
            };
            MailError::NoMechanism {
                server: self.server.clone(),
                wanted: names(wanted.to_vec()),
                offered: names(all.into_iter().filter(|mechanism| offers(mechanism)).collect()),
            }
        })
    }
}
