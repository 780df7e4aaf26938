//! Opens a session: look-up, connect, TLS, EHLO, login; a deadline on each.
//!
//! STARTTLS is spoken here and not by lettre 0.11, which keeps what it read before TLS and takes it for the server's
//! replies inside TLS: somebody in between could forge success (the fault of CVE-2011-0411). Invariant: when TLS
//! begins, not one byte read in the clear is left.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream};
use lettre::transport::smtp::extension::ClientId;
use rustls::ClientConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use zeroize::Zeroizing;

use super::anchors::client_config;
use super::error::{MailError, Step, handshake_error, said};
use super::reply::{Reply, ReplyReader};
use super::session::Session;
use super::stream::{Dialogue, Progress, Wire};
use super::{MailServer, Transport};

impl MailServer {
    /// Opens a session and logs in.
    ///
    /// # Errors
    /// [`MailError`]; nothing was sent.
    pub async fn open(&self) -> Result<Session, MailError> {
        let (wire, peer, local) = self.connect().await?;
        self.open_over(wire, peer, local).await
    }

    /// The session over a connection that is there.
    pub(super) async fn open_over<S: Wire + 'static>(
        &self,
        wire: S,
        peer: SocketAddr,
        local: IpAddr,
    ) -> Result<Session, MailError> {
        let hello = hello(local);
        let progress = Arc::new(Progress::default());
        match &self.transport {
            Transport::Plain => {
                let stream = Dialogue::new(wire, peer, Arc::clone(&progress));
                self.greet(Box::new(stream), &hello, progress).await
            }
            Transport::Tls { starttls, login } => {
                let (config, password) = self.prepare().await?;
                let stream = if *starttls {
                    let wire = self.start_tls(wire, &hello, config).await?;
                    Dialogue::after_greeting(wire, peer, Arc::clone(&progress))
                } else {
                    let wire =
                        self.handshake(wire, config).await.map_err(|error| self.tls_failed(error, false))?;
                    Dialogue::new(wire, peer, Arc::clone(&progress))
                };
                let mut session = self.greet(Box::new(stream), &hello, progress).await?;
                if let (Some(login), Some(password)) = (login, password) {
                    session.log_in(login, &password).await?;
                }
                Ok(session)
            }
        }
    }

    /// Connects to the first address that answers, in the order of the look-up.
    async fn connect(&self) -> Result<(TcpStream, SocketAddr, IpAddr), MailError> {
        let fault = |reason: String| MailError::Connect { server: self.label(), reason: said(&reason) };
        let looking = tokio::net::lookup_host((self.host.as_str(), self.port));
        let found = self.within(Step::Lookup, looking).await?;
        let mut last = fault("the name has no address".to_owned());
        for address in found.map_err(|error| fault(error.to_string()))? {
            last = match self.within(Step::Connect, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    // Commands are small and each waits for its reply.
                    let local = stream.set_nodelay(true).and_then(|()| stream.local_addr());
                    let local = local.map_err(|error| fault(error.to_string()))?;
                    return Ok((stream, address, local.ip()));
                }
                Ok(Err(error)) if self.host.parse::<IpAddr>().is_ok() => fault(error.to_string()),
                Ok(Err(error)) => fault(format!("{address}: {error}")),
                Err(error) => error,
            };
        }
        Err(last)
    }

    /// Reads the files that the session needs, where that may block.
    async fn prepare(&self) -> Result<(Arc<ClientConfig>, Option<Zeroizing<String>>), MailError> {
        let ca_file = self.ca_file.clone();
        let secret = match &self.transport {
            Transport::Tls { login: Some(login), .. } => Some(login.secret.clone()),
            _ => None,
        };
        let reading = tokio::task::spawn_blocking(move || {
            let password = secret.map(|secret| secret.read()).transpose()?;
            Ok((client_config(ca_file.as_deref())?, password))
        });
        reading.await.map_err(|error| MailError::TrustAnchors { reason: error.to_string() })?
    }

    /// The greeting and EHLO, by lettre.
    async fn greet(
        &self,
        stream: Box<dyn AsyncTokioStream>,
        hello: &ClientId,
        progress: Arc<Progress>,
    ) -> Result<Session, MailError> {
        let connecting = AsyncSmtpConnection::connect_with_transport(stream, hello);
        // Two replies: greeting and EHLO.
        let connection = timeout(self.step.saturating_mul(2), connecting)
            .await
            .map_err(|_| MailError::TimedOut { server: self.label(), step: Step::Opening })?
            .map_err(|error| MailError::of_lettre(&self.label(), Step::Opening, &error))?;
        Ok(Session::new(self.label(), connection, self.step, progress))
    }

    /// RFC 3207. The server must offer it, agree, and say nothing more before TLS.
    async fn start_tls<S: Wire>(
        &self,
        mut wire: S,
        hello: &ClientId,
        config: Arc<ClientConfig>,
    ) -> Result<TlsStream<S>, MailError> {
        let mut replies = ReplyReader::default();
        self.expect(&mut wire, &mut replies, Step::Greeting, "", 220).await?;
        let command = format!("EHLO {hello}\r\n");
        let offer = self.expect(&mut wire, &mut replies, Step::Hello, &command, 250).await?;
        let mut keywords = offer.lines.iter().skip(1).map(|line| line.raw().trim());
        if !keywords.any(|keyword| keyword.eq_ignore_ascii_case("STARTTLS")) {
            return Err(MailError::NoStartTls { server: self.label() });
        }
        self.expect(&mut wire, &mut replies, Step::StartTls, "STARTTLS\r\n", 220).await?;
        // What comes in the clear after this look goes to TLS, which ends at it.
        self.handshake(wire, config).await.map_err(|error| self.tls_failed(error, true))
    }

    /// Sends a command in the clear and reads its reply, after which there must be nothing.
    async fn expect<S: Wire>(
        &self,
        wire: &mut S,
        replies: &mut ReplyReader,
        step: Step,
        command: &str,
        code: u16,
    ) -> Result<Reply, MailError> {
        let lost = |error: std::io::Error| MailError::of_io(&self.label(), step, &error);
        let exchange = async {
            wire.write_all(command.as_bytes()).await.map_err(lost)?;
            wire.flush().await.map_err(lost)?;
            let mut bytes = [0; 1024];
            loop {
                let reply = replies.next();
                if let Some(reply) =
                    reply.map_err(|fault| MailError::of_fault(&self.label(), step, &fault))?
                {
                    return Ok(reply);
                }
                match wire.read(&mut bytes).await.map_err(lost)? {
                    0 => return Err(lost(std::io::ErrorKind::UnexpectedEof.into())),
                    read => replies.push(bytes.get(..read).unwrap_or_default()),
                }
            }
        };
        let reply = self.within(step, exchange).await??;
        replies.expect_silence().map_err(|fault| self.text_before_tls(&fault.to_string()))?;
        if reply.code == code { Ok(reply) } else { Err(MailError::of_reply(&self.label(), step, &reply)) }
    }

    async fn handshake<S: Wire>(
        &self,
        wire: S,
        config: Arc<ClientConfig>,
    ) -> Result<TlsStream<S>, HandshakeFailure> {
        let connecting = TlsConnector::from(config).connect(self.server_name.clone(), wire);
        match timeout(self.step, connecting).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(HandshakeFailure::Failed(error)),
            Err(_) => Err(HandshakeFailure::TimedOut),
        }
    }

    fn tls_failed(&self, failure: HandshakeFailure, after_starttls: bool) -> MailError {
        match failure {
            HandshakeFailure::TimedOut => MailError::TimedOut { server: self.label(), step: Step::Tls },
            HandshakeFailure::Failed(error) => match handshake_error(&error) {
                Some(rustls::Error::InvalidMessage(reason)) if after_starttls => {
                    self.text_before_tls(&format!("{reason:?}"))
                }
                _ => MailError::of_handshake(&self.label(), &error),
            },
        }
    }

    fn text_before_tls(&self, reason: &str) -> MailError {
        MailError::TextBeforeTls { server: self.label(), reason: said(reason) }
    }

    async fn within<T>(&self, step: Step, work: impl Future<Output = T>) -> Result<T, MailError> {
        timeout(self.step, work).await.map_err(|_| MailError::TimedOut { server: self.label(), step })
    }
}

/// This host in EHLO: its address, since no name of it need be known to the server (RFC 5321 section 4.1.4).
fn hello(local: IpAddr) -> ClientId {
    match local {
        IpAddr::V4(address) => ClientId::Ipv4(address),
        IpAddr::V6(address) => ClientId::Ipv6(address),
    }
}

enum HandshakeFailure {
    Failed(std::io::Error),
    TimedOut,
}

/// The deadline of a step where the settings say nothing.
pub(super) const DEFAULT_STEP: Duration = Duration::from_secs(30);
