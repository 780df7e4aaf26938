//! `[mail]`: the server that takes the mail, and how to log in there. Holds no secret, only where it is kept.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::{ConfigError, Source, written};
use crate::model::ServerName;

/// The mail server (RFC 5321, RFC 8314).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailSettings {
    /// Host name or address.
    pub server: String,
    pub port: u16,
    pub security: MailSecurity,
    /// An address, or `"Name" <address>`.
    pub from: String,
    pub login: Option<MailLogin>,
    /// PEM file with the authority of the server's certificate, beside the system's.
    pub ca_file: Option<PathBuf>,
    /// Name that the server's certificate must be valid for, instead of `server`.
    pub server_name: Option<String>,
    /// For each step of the dialogue.
    pub timeout: Duration,
}

/// How the way to the server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailSecurity {
    /// TLS from the first byte (RFC 8314 section 3.3), port 465.
    Implicit,
    /// TLS by STARTTLS (RFC 3207), required, port 587.
    StartTls,
    /// No protection at all, by an explicit exception; never with a password. Port 25.
    Plain,
}

impl MailSecurity {
    /// The port where none is given.
    pub fn port(self) -> u16 {
        match self {
            Self::Implicit => 465,
            Self::StartTls => 587,
            Self::Plain => 25,
        }
    }
}

/// Who logs in, and where the password is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailLogin {
    pub username: String,
    pub password: SecretSource,
    /// `None`: the best that the server offers.
    pub mechanism: Option<MailMechanism>,
}

/// A SASL mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailMechanism {
    Plain,
    Login,
    XOAuth2,
}

/// Where a secret is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    File(PathBuf),
    /// Name of a variable of the environment.
    Environment(String),
}

/// The section as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    server: Spanned<String>,
    port: Option<Spanned<u16>>,
    security: Option<Spanned<MailSecurity>>,
    #[serde(default)]
    plain_is_accepted: bool,
    #[serde(deserialize_with = "written::sender")]
    from: String,
    username: Option<Spanned<String>>,
    password_file: Option<Spanned<PathBuf>>,
    password_env: Option<Spanned<String>>,
    mechanism: Option<Spanned<MailMechanism>>,
    ca_file: Option<PathBuf>,
    server_name: Option<Spanned<String>>,
    #[serde(default = "default_timeout", deserialize_with = "written::duration")]
    timeout: Duration,
}

fn default_timeout() -> Duration {
    Duration::from_secs(30)
}

impl Written {
    /// Checks what belongs together. Relative files start at `folder`.
    pub(super) fn check(self, source: &Source<'_>, folder: &Path) -> Result<MailSettings, ConfigError> {
        let security = self.security.as_ref().map_or(MailSecurity::Implicit, |security| *security.get_ref());
        if let (MailSecurity::Plain, false, Some(key)) = (security, self.plain_is_accepted, &self.security) {
            return Err(source.error(
                key.span(),
                "anybody on the way can read and forge this mail; use \"implicit\" or \"starttls\", or write \
                 `plain_is_accepted = true` beside it",
            ));
        }
        if let (MailSecurity::Plain, Some(username)) = (security, &self.username) {
            return Err(source.error(
                username.span(),
                "a password never goes over a plain connection; use \"implicit\" or \"starttls\", or leave out \
                 `username`",
            ));
        }
        let name = check_host(source, &self.server)?;
        let server_name = self.server_name.as_ref().map(|name| check_host(source, name)).transpose()?;
        let port = match &self.port {
            Some(port) if *port.get_ref() == 0 => {
                return Err(
                    source.error(port.span(), "there is no port 0; leave the key out for the usual one")
                );
            }
            Some(port) => *port.get_ref(),
            None => security.port(),
        };
        let login = self.login(source, folder)?;
        Ok(MailSettings {
            server: name,
            port,
            security,
            from: self.from,
            login,
            ca_file: self.ca_file.map(|file| folder.join(file)),
            server_name,
            timeout: self.timeout,
        })
    }

    fn login(&self, source: &Source<'_>, folder: &Path) -> Result<Option<MailLogin>, ConfigError> {
        let Some(username) = &self.username else {
            let file = self.password_file.as_ref().map(Spanned::span);
            let rest = file.or(self.password_env.as_ref().map(Spanned::span));
            return match rest.or(self.mechanism.as_ref().map(Spanned::span)) {
                Some(span) => Err(source.error(span, "says how to log in, but not as whom; add `username`")),
                None => Ok(None),
            };
        };
        let password = match (&self.password_file, &self.password_env) {
            (Some(file), None) => SecretSource::File(folder.join(file.get_ref())),
            (None, Some(name)) if is_variable(name.get_ref()) => {
                SecretSource::Environment(name.get_ref().clone())
            }
            (None, Some(name)) => {
                return Err(source.error(
                    name.span(),
                    "password_env is the name of a variable, not the secret itself: letters, digits and `_`",
                ));
            }
            (Some(_), Some(name)) => {
                return Err(source.error(name.span(), "give password_file or password_env, not both"));
            }
            (None, None) => {
                return Err(source.error(
                    username.span(),
                    "this username has no password; add `password_file` or `password_env`",
                ));
            }
        };
        if username.get_ref().is_empty() || username.get_ref().chars().any(char::is_control) {
            return Err(source.error(username.span(), "this username is empty or has control characters"));
        }
        let mechanism = self.mechanism.as_ref().map(|mechanism| *mechanism.get_ref());
        Ok(Some(MailLogin { username: username.get_ref().clone(), password, mechanism }))
    }
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// A host name in A-labels, or an address.
fn check_host(source: &Source<'_>, written: &Spanned<String>) -> Result<String, ConfigError> {
    let text = written.get_ref();
    if let Ok(address) = text.parse::<std::net::IpAddr>() {
        return Ok(address.to_string());
    }
    match ServerName::parse(text) {
        Ok(name) => Ok(name.to_string()),
        Err(_) if text.contains(':') => Err(source.error(
            written.span(),
            &format!(
                "`{text}`: expected a host name or an address; a port stands in a key of its own, `port`"
            ),
        )),
        Err(why) => Err(source.error(written.span(), &format!("`{text}` is not a host name: {why}"))),
    }
}
