//! The standard handshake: rustls to its end, with a verifier that records instead of judging.
//!
//! rustls is driven by hand over the socket, so that what was negotiated is still there when a handshake fails.
//! Never connects, never sends application data, never refuses a certificate.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::{ClientConfig, ClientConnection, Error, HandshakeKind};
use tokio::time::{Instant, timeout_at};

use super::link::Link;
use super::pump::{Pump, Stopped};
use super::recorder::{Record, Recorder};
use super::settings::ProbeSettings;
use super::sweep::ca_name;
use crate::model::{ClientAuth, EndedBy, Reason, ServerName, TlsFacts};
use crate::text::Untrusted;
use crate::tls::{AlertDescription, CipherSuite, NamedGroup, ProtocolVersion};
use crate::x509::RawChain;

/// How long a server that asked for a client certificate may take to refuse our having none. In TLS 1.3 that
/// comes after the handshake, if it comes (RFC 8446 section 4.4.2.4).
pub(super) const REFUSAL_WAIT: Duration = Duration::from_secs(1);

/// What one handshake offers beyond the fixed parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) post_quantum: bool,
    pub(crate) alpn: bool,
}

/// One handshake, however it ended.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) facts: TlsFacts,
    /// The certificates, if they came.
    pub(crate) chain: Option<RawChain>,
    /// The OCSP response that came with them.
    pub(crate) stapled: Option<Arc<[u8]>>,
    pub(crate) ended: Ended,
    /// The first bytes the peer sent; empty if it sent none.
    pub(crate) opening: Vec<u8>,
    pub(crate) hello_retried: bool,
}

/// How a handshake ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ended {
    Complete,
    /// The server refused that we have no certificate.
    ClientAuth,
    Alert(AlertDescription),
    Timeout,
    Reset,
    Closed,
    /// rustls could or would not go on.
    Incompatible(String),
}

/// Makes handshakes for one scan.
#[derive(Debug)]
pub(crate) struct Standard {
    with_post_quantum: ClientConfig,
    without: ClientConfig,
    alpn: Vec<Vec<u8>>,
}

impl Standard {
    /// # Errors
    /// When the TLS library refuses its own parameters.
    pub(crate) fn new(settings: &ProbeSettings) -> Result<Self, Error> {
        Ok(Self { with_post_quantum: config(true)?, without: config(false)?, alpn: settings.alpn.clone() })
    }

    /// Shakes hands over a fresh connection. The caller closes the stream.
    pub(crate) async fn shake_hands(
        &self,
        link: &Link,
        address: IpAddr,
        server_name: Option<&ServerName>,
        terms: Terms,
        deadline: Instant,
    ) -> Attempt {
        let recorder = Arc::new(Recorder::default());
        let session = match self.session(&recorder, address, server_name, terms) {
            Ok(session) => session,
            Err(error) => return Attempt::stillborn(&error),
        };
        let mut visit = Driven(Pump::new(link, session));
        let handshake = visit.handshake(|| recorder.has_client_auth());
        let mut ended = timeout_at(deadline, handshake).await.unwrap_or(Ended::Timeout);
        let mut record = recorder.take();
        let client_auth = visit.client_auth(&record, &mut ended, deadline).await;
        visit.say_goodbye();
        visit.into_attempt(&mut record, ended, client_auth)
    }

    /// A session that nothing is recorded of, for those who want to speak inside TLS. Refuses no certificate.
    pub(crate) fn plain_session(
        &self,
        address: IpAddr,
        server_name: Option<&ServerName>,
    ) -> Result<ClientConnection, Error> {
        let terms = Terms { post_quantum: false, alpn: false };
        self.session(&Arc::new(Recorder::default()), address, server_name, terms)
    }

    fn session(
        &self,
        recorder: &Arc<Recorder>,
        address: IpAddr,
        server_name: Option<&ServerName>,
        terms: Terms,
    ) -> Result<ClientConnection, Error> {
        let mut config = if terms.post_quantum { &self.with_post_quantum } else { &self.without }.clone();
        config.dangerous().set_certificate_verifier(recorder.clone());
        config.client_auth_cert_resolver = recorder.clone();
        let name = indication(address, server_name)?;
        let alpn = if terms.alpn { self.alpn.clone() } else { Vec::new() };
        ClientConnection::new_with_alpn(Arc::new(config), name, alpn)
    }
}

/// The name as rustls takes it; an address is not sent.
pub(super) fn indication(
    address: IpAddr,
    server_name: Option<&ServerName>,
) -> Result<rustls_pki_types::ServerName<'static>, Error> {
    let Some(name) = server_name else { return Ok(rustls_pki_types::ServerName::IpAddress(address.into())) };
    rustls_pki_types::ServerName::try_from(name.as_str().to_owned())
        .map_err(|_| Error::General("the name cannot be sent as server name indication".to_owned()))
}

/// What every handshake of a scan offers.
pub(super) fn config(post_quantum: bool) -> Result<ClientConfig, Error> {
    let recorder = Arc::new(Recorder::default());
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider(post_quantum)))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(recorder.clone())
        .with_client_cert_resolver(recorder);
    // A resumed session has no certificates.
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// AES-128 first: SHA-384 costs a quarter of a handshake where the processor has no instructions for it.
/// Post-quantum groups in front: rustls sends the X25519 share beside the hybrid one, so that a server without
/// post-quantum groups needs no second hello.
fn provider(post_quantum: bool) -> CryptoProvider {
    use aws_lc_rs::cipher_suite as suite;
    use aws_lc_rs::kx_group as group;
    let mut provider = aws_lc_rs::default_provider();
    provider.cipher_suites = vec![
        suite::TLS13_AES_128_GCM_SHA256,
        suite::TLS13_AES_256_GCM_SHA384,
        suite::TLS13_CHACHA20_POLY1305_SHA256,
        suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ];
    provider.kx_groups = vec![group::X25519, group::SECP256R1, group::SECP384R1];
    if post_quantum {
        provider.kx_groups.insert(0, group::X25519MLKEM768);
        provider.kx_groups.extend([group::SECP256R1MLKEM768, group::MLKEM768, group::MLKEM1024]);
    }
    provider
}

/// A handshake under way.
struct Driven<'a>(Pump<'a>);

impl Driven<'_> {
    /// Shakes hands. Takes leave in the same write as the last message, unless `stays` for an answer to it.
    async fn handshake(&mut self, stays: impl Fn() -> bool) -> Ended {
        let Self(pump) = self;
        loop {
            let is_over = !pump.session.is_handshaking();
            if is_over && !stays() {
                pump.session.send_close_notify();
            }
            match pump.flush().await {
                Err(error) if !is_over => return Ended::of_io(&error),
                _ if is_over => {
                    pump.link.handshake_is_over();
                    return Ended::Complete;
                }
                _ => {}
            }
            if let Err(stopped) = pump.read().await {
                return Ended::of(stopped);
            }
        }
    }

    /// Whether the server asks for a client certificate, and whether it insists.
    async fn client_auth(&mut self, record: &Record, ended: &mut Ended, deadline: Instant) -> ClientAuth {
        if record.chain.is_none() {
            return ClientAuth::Unknown;
        }
        if !record.client_auth_requested {
            return ClientAuth::None;
        }
        let is_tls13 = self.0.session.protocol_version() == Some(rustls::ProtocolVersion::TLSv1_3);
        let refusal = match &*ended {
            Ended::Complete if is_tls13 => {
                // Silence is consent: a refusal is an alert right behind our Finished; a ticket or data say
                // that we are in.
                let until = deadline.min(Instant::now() + REFUSAL_WAIT);
                match timeout_at(until, self.0.read()).await {
                    Ok(Err(stopped)) => Some(Ended::of(stopped)),
                    Ok(Ok(_)) | Err(_) => None,
                }
            }
            // Up to TLS 1.2 the refusal comes instead of the server's Finished.
            Ended::Complete => None,
            other => Some(other.clone()),
        };
        if !refusal.is_some_and(|ended| ended.is_for_want_of_a_certificate()) {
            return ClientAuth::Requested;
        }
        *ended = Ended::ClientAuth;
        ClientAuth::Required
    }

    /// Takes leave, if that was not done yet and there is something to leave.
    fn say_goodbye(&mut self) {
        let Self(pump) = self;
        if !pump.session.is_handshaking() {
            pump.session.send_close_notify();
        }
        let _ = pump.write();
    }

    fn into_attempt(self, record: &mut Record, ended: Ended, client_auth: ClientAuth) -> Attempt {
        let Pump { session, opening, .. } = self.0;
        let names = record.client_auth_ca_names.iter();
        let facts = TlsFacts {
            version: session.protocol_version().map(|version| ProtocolVersion(version.into())),
            cipher_suite: session.negotiated_cipher_suite().map(|suite| CipherSuite(suite.suite().into())),
            group: session.negotiated_key_exchange_group().map(|group| NamedGroup(group.name().into())),
            alpn: session.alpn_protocol().map(Untrusted::from_bytes),
            completed: Some(ended == Ended::Complete),
            ended_by: ended.clone().into_model(),
            possession_proved: record.possession_proved,
            client_auth,
            client_auth_ca_names: names.map(|der| ca_name(der)).collect(),
            ocsp_stapled: record.ocsp_stapled,
            // rustls does not ask for timestamps in the handshake.
            sct_count: None,
            post_quantum: None,
        };
        Attempt {
            facts,
            chain: record.chain.take(),
            stapled: record.stapled.take(),
            ended,
            hello_retried: session.handshake_kind() == Some(HandshakeKind::FullWithHelloRetryRequest),
            opening,
        }
    }
}

impl Attempt {
    fn stillborn(error: &Error) -> Self {
        Self {
            facts: TlsFacts::default(),
            chain: None,
            stapled: None,
            ended: Ended::Incompatible(error.to_string()),
            opening: Vec::new(),
            hello_retried: false,
        }
    }
}

impl Ended {
    fn of_io(error: &io::Error) -> Self {
        match error.kind() {
            // Nothing more could come.
            io::ErrorKind::TimedOut | io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
                Self::Timeout
            }
            // What TLS is wrapped in.
            io::ErrorKind::InvalidData => Self::Incompatible(error.to_string()),
            _ => Self::Reset,
        }
    }

    fn of(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Io(error) => Self::of_io(&error),
            Stopped::Tls(Error::AlertReceived(alert)) => Self::Alert(AlertDescription(alert.into())),
            Stopped::Tls(other) => Self::Incompatible(other.to_string()),
            Stopped::Closed => Self::Closed,
            Stopped::Endless => Self::Incompatible("the handshake has no end".to_owned()),
        }
    }

    /// The reason of a handshake that brought no certificates.
    pub(crate) fn reason(&self) -> Reason {
        match self {
            Self::Complete | Self::ClientAuth => Reason::NoCertificate,
            Self::Alert(_) => Reason::Alert,
            Self::Timeout => Reason::Timeout,
            Self::Reset => Reason::Reset,
            Self::Closed => Reason::Closed,
            Self::Incompatible(_) => Reason::Malformed,
        }
    }

    /// The same for a person.
    pub(crate) fn sentence(&self) -> String {
        match self {
            Self::Complete | Self::ClientAuth => "the handshake ended without a certificate".to_owned(),
            Self::Alert(alert) => format!("the server refused with alert {alert}"),
            Self::Timeout => "the handshake did not end in time".to_owned(),
            Self::Reset => "the connection was reset during the handshake".to_owned(),
            Self::Closed => "the connection was closed during the handshake".to_owned(),
            Self::Incompatible(how) => format!("the handshake cannot go on: {how}"),
        }
    }

    /// What servers do that insist on a client certificate: alerts by RFC 8446 section 6.2 and older custom, or
    /// hanging up.
    pub(super) fn is_for_want_of_a_certificate(&self) -> bool {
        match self {
            Self::Alert(alert) => matches!(
                *alert,
                AlertDescription::handshake_failure
                    | AlertDescription::no_certificate
                    | AlertDescription::bad_certificate
                    | AlertDescription::unsupported_certificate
                    | AlertDescription::certificate_revoked
                    | AlertDescription::certificate_expired
                    | AlertDescription::certificate_unknown
                    | AlertDescription::unknown_ca
                    | AlertDescription::access_denied
                    | AlertDescription::certificate_required
            ),
            Self::Closed | Self::Reset => true,
            Self::Complete | Self::ClientAuth | Self::Timeout | Self::Incompatible(_) => false,
        }
    }

    /// Why the handshake ended, if not completed.
    pub(super) fn into_model(self) -> Option<EndedBy> {
        match self {
            Self::Complete => None,
            Self::ClientAuth => Some(EndedBy::ClientAuth),
            Self::Alert(alert) => Some(EndedBy::Alert(alert)),
            Self::Timeout => Some(EndedBy::Timeout),
            Self::Reset => Some(EndedBy::Reset),
            Self::Closed => Some(EndedBy::Closed),
            Self::Incompatible(how) => Some(EndedBy::Misbehaved(how.into())),
        }
    }
}
