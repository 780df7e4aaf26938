//! The handshake of QUIC endpoints, such as HTTP/3: TLS 1.3 to its end, with the verifier that records (RFC 9001).
//! Never opens a stream, never sends application data, never judges.

mod conversation;
mod session;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use quinn_proto::{ClientConfig, ConnectionError, EndpointConfig, NoneTokenStore, TransportConfig};
use rustls::crypto::aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256;
use rustls::quic::Suite;
use tokio::net::UdpSocket;
use tokio::time::Instant;

use conversation::{Conversation, Stopped};
use session::{Negotiated, Notes, Recording};

use super::connector::Connector;
use super::recorder::{Record, Recorder, gathered};
use super::settings::ProbeSettings;
use super::standard::{Ended, REFUSAL_WAIT, config, indication};
use super::sweep::ca_name;
use crate::model::{ClientAuth, Failure, Handshake, Outcome, Reason, Stage, TlsFacts};
use crate::text::Untrusted;
use crate::tls::quic::version_name;
use crate::tls::{AlertDescription, ProtocolVersion};
use crate::x509::RawChain;

/// HTTP/3's word for a close without an error (RFC 9114 section 8.1).
const H3_NO_ERROR: u32 = 0x100;
/// A server that takes no connection now (RFC 9000 section 20.1).
const CONNECTION_REFUSED: u64 = 2;
/// Out-of-order bytes of a handshake that are held.
const CRYPTO_BUFFER: usize = 256 * 1024;

/// Protocols offered, one list after the other: servers must refuse a client with whom they have none in common (RFC
/// 9001 section 8.1). Most QUIC is HTTP/3; then DNS (RFC 9250), SMB, drafts of HTTP/3, and what else is seen; the last
/// is for servers that were told of no protocol.
const PROTOCOLS: [&[&[u8]]; 3] =
    [&[b"h3"], &[b"doq", b"smb", b"h3-29", b"hq-interop", b"hq-29", b"mqtt", b"moq-00", b"xmpp-client"], &[]];

/// Makes QUIC handshakes for one scan.
pub(super) struct Quic {
    tls: rustls::ClientConfig,
    initial: Suite,
    endpoint: Arc<EndpointConfig>,
    transport: Arc<TransportConfig>,
}

impl std::fmt::Debug for Quic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Quic").finish_non_exhaustive()
    }
}

/// One connection, however it ended.
struct Attempt {
    outcome: Outcome<RawChain>,
    /// Somebody answered.
    is_heard: bool,
    hello_retried: bool,
    /// It ended for want of a protocol in common.
    lacks_protocol: bool,
}

impl Quic {
    /// # Errors
    /// When the TLS library refuses its own parameters.
    pub(super) fn new(settings: &ProbeSettings) -> Result<Self, rustls::Error> {
        let tls = config(settings.post_quantum)?;
        let initial = TLS13_AES_128_GCM_SHA256.tls13().and_then(|suite| suite.quic_suite());
        let initial = initial.ok_or_else(|| rustls::Error::General("no QUIC".to_owned()))?;
        let mut transport = TransportConfig::default();
        transport
            // Nothing but the handshake is wanted: the server may open no stream and send no datagram.
            .max_concurrent_bidi_streams(0u8.into())
            .max_concurrent_uni_streams(0u8.into())
            .datagram_receive_buffer_size(None)
            .crypto_buffer_size(CRYPTO_BUFFER)
            .mtu_discovery_config(None)
            // Our own deadlines are kept.
            .max_idle_timeout(None);
        Ok(Self { tls, initial, endpoint: Arc::default(), transport: Arc::new(transport) })
    }

    /// Visits one endpoint.
    pub(super) async fn visit(&self, connector: &Connector<'_>) -> Outcome<RawChain> {
        let mut outcome = None;
        for protocols in PROTOCOLS {
            if outcome.is_some() {
                connector.prober().counters.second_try("next QUIC protocols");
            }
            match self.connect(connector, protocols).await {
                Ok(attempt) if attempt.lacks_protocol => outcome.get_or_insert(attempt.outcome),
                Ok(attempt) if attempt.is_heard || outcome.is_none() => return attempt.outcome,
                Ok(_) => break,
                Err(failure) => outcome.get_or_insert(Outcome::Failure(failure)),
            };
        }
        outcome.unwrap_or_else(|| Outcome::Failure(silence()))
    }

    /// One connection, in its turn.
    ///
    /// # Errors
    /// When it could not be begun.
    async fn connect(&self, connector: &Connector<'_>, protocols: &[&[u8]]) -> Result<Attempt, Failure> {
        let (permit, socket) = connector.open_datagrams().await?;
        let attempt = self.shake_hands(&socket, connector, protocols).await;
        drop(socket);
        let missed = match &attempt.outcome {
            Outcome::Failure(failure) => Some(failure.reason),
            _ => None,
        };
        connector.account_datagrams(&permit, attempt.is_heard, attempt.hello_retried, missed);
        Ok(attempt)
    }

    async fn shake_hands(
        &self,
        socket: &UdpSocket,
        connector: &Connector<'_>,
        protocols: &[&[u8]],
    ) -> Attempt {
        let address = connector.address();
        let deadlines = connector.datagram_deadlines();
        let recorder = Arc::new(Recorder::default());
        let notes = Notes::default();
        let begun = self
            .client(&recorder, &notes, connector, protocols)
            .map_err(|error| error.to_string())
            .and_then(|client| Conversation::new(socket, address, &self.endpoint, client));
        let mut conversation = match begun {
            Ok(conversation) => conversation,
            Err(why) => return Attempt::unheard(Failure::new(Stage::Connect, Reason::Local, why)),
        };
        let mut stopped = conversation.shake_hands(deadlines).await.err();
        if !conversation.is_heard() {
            return Attempt::unheard(match stopped {
                Some(Stopped::Network(failure)) => failure,
                _ => silence(),
            });
        }
        if stopped.is_none() && recorder.has_client_auth() {
            let until = deadlines.end.min(Instant::now() + REFUSAL_WAIT);
            let refusal = conversation.wait_for_confirmation(until).await.err();
            // Silence is consent, as over TCP.
            stopped = refusal.filter(|refusal| !matches!(refusal, Stopped::Timeout));
        }
        let negotiated = std::mem::take(&mut *notes.read());
        let is_h3 = negotiated.alpn.as_ref().is_some_and(|alpn| alpn.raw() == "h3");
        conversation.say_goodbye(if is_h3 { H3_NO_ERROR } else { 0 });
        let lacks_protocol = lacks_protocol(stopped.as_ref(), &negotiated);
        let hello_retried = negotiated.hello_retried;
        let outcome = match unreadable(stopped.as_ref(), &negotiated, &conversation) {
            Some(failure) => Outcome::Failure(failure),
            None => outcome(recorder.take(), stopped, negotiated),
        };
        Attempt { outcome, is_heard: true, hello_retried, lacks_protocol }
    }

    fn client(
        &self,
        recorder: &Arc<Recorder>,
        notes: &Notes,
        connector: &Connector<'_>,
        protocols: &[&[u8]],
    ) -> Result<ClientConfig, rustls::Error> {
        let mut tls = self.tls.clone();
        tls.dangerous().set_certificate_verifier(recorder.clone());
        tls.client_auth_cert_resolver = recorder.clone();
        let recording = Recording {
            config: Arc::new(tls),
            name: indication(connector.address().ip(), connector.server_name())?,
            alpn: protocols.iter().map(|name| name.to_vec()).collect(),
            initial: self.initial,
            notes: notes.clone(),
        };
        let mut client = ClientConfig::new(Arc::new(recording));
        client.transport_config(Arc::clone(&self.transport)).token_store(Arc::new(NoneTokenStore));
        Ok(client)
    }
}

impl Attempt {
    fn unheard(failure: Failure) -> Self {
        Self {
            outcome: Outcome::Failure(failure),
            is_heard: false,
            hello_retried: false,
            lacks_protocol: false,
        }
    }
}

/// The first datagrams went into the void.
fn silence() -> Failure {
    Failure::new(Stage::Connect, Reason::Timeout, "no answer to the first datagrams in time")
}

/// There was no protocol in common.
fn lacks_protocol(stopped: Option<&Stopped>, negotiated: &Negotiated) -> bool {
    match stopped {
        Some(Stopped::Lost(ConnectionError::ConnectionClosed(close))) => {
            alert(close.error_code.into()) == Some(AlertDescription::no_application_protocol)
        }
        // The server chose none and said nothing of it, which our own library does not accept.
        Some(Stopped::Lost(_)) => negotiated.error == Some(rustls::Error::NoApplicationProtocol),
        _ => false,
    }
}

/// Why nothing was read of what came, if so.
fn unreadable(
    stopped: Option<&Stopped>,
    negotiated: &Negotiated,
    conversation: &Conversation<'_>,
) -> Option<Failure> {
    if let (Some(Stopped::Lost(ConnectionError::VersionMismatch)), Some(versions)) =
        (stopped, &conversation.versions)
    {
        let names: Vec<_> = versions.iter().map(|version| version_name(*version)).collect();
        let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let detail = format!("the server speaks QUIC, but not version 1; its versions: {names}");
        return Some(Failure::new(Stage::Handshake, Reason::WrongProtocol, detail));
    }
    let is_silent = matches!(stopped, Some(Stopped::Timeout | Stopped::Endless));
    if is_silent && !negotiated.is_heard && !conversation.is_understood() {
        let excerpt = Untrusted::from_bytes(&conversation.opening);
        let detail = format!("what answers is not QUIC: {}", excerpt.raw());
        return Some(Failure::new(Stage::Handshake, Reason::NotTls, detail));
    }
    None
}

/// What a connection on which a handshake began says about the endpoint.
fn outcome(mut record: Record, stopped: Option<Stopped>, negotiated: Negotiated) -> Outcome<RawChain> {
    let mut ended = stopped.map_or(Ended::Complete, |stopped| ended(stopped, negotiated.error.as_ref()));
    let client_auth = match (&record.chain, record.client_auth_requested) {
        (None, _) => ClientAuth::Unknown,
        (_, false) => ClientAuth::None,
        (_, true) if ended.is_for_want_of_a_certificate() => {
            ended = Ended::ClientAuth;
            ClientAuth::Required
        }
        (_, true) => ClientAuth::Requested,
    };
    let Some(presented) = record.chain.take() else {
        return Outcome::Failure(Failure::new(Stage::Handshake, ended.reason(), ended.sentence()));
    };
    let names = record.client_auth_ca_names.iter();
    let tls = TlsFacts {
        version: Some(ProtocolVersion::TLSv1_3),
        cipher_suite: negotiated.cipher_suite,
        group: negotiated.group,
        alpn: negotiated.alpn,
        completed: Some(ended == Ended::Complete),
        ended_by: ended.into_model(),
        possession_proved: record.possession_proved,
        client_auth,
        client_auth_ca_names: names.map(|der| ca_name(der)).collect(),
        ocsp_stapled: record.ocsp_stapled,
        sct_count: None,
        post_quantum: None,
    };
    let gathered = gathered(record.stapled.take());
    let other_chains = Vec::new();
    Outcome::Handshake(Box::new(Handshake { tls, presented, other_chains, inspection: None, gathered }))
}

/// The same end in the words of a handshake over TCP.
fn ended(stopped: Stopped, own: Option<&rustls::Error>) -> Ended {
    let reason = match stopped {
        Stopped::Timeout => return Ended::Timeout,
        Stopped::Endless => return Ended::Incompatible("the handshake has no end".to_owned()),
        Stopped::Network(failure) => return Ended::Incompatible(failure.detail.raw().to_owned()),
        Stopped::Lost(reason) => reason,
    };
    match reason {
        ConnectionError::TimedOut => Ended::Timeout,
        ConnectionError::Reset => Ended::Reset,
        ConnectionError::ApplicationClosed(_) => Ended::Closed,
        ConnectionError::ConnectionClosed(close) => match alert(close.error_code.into()) {
            Some(alert) => Ended::Alert(alert),
            None if matches!(u64::from(close.error_code), 0 | CONNECTION_REFUSED) => Ended::Closed,
            None => Ended::Incompatible(format!("the server says: {close}")),
        },
        ConnectionError::TransportError(error) => {
            Ended::Incompatible(own.map_or_else(|| error.to_string(), ToString::to_string))
        }
        other => Ended::Incompatible(other.to_string()),
    }
}

/// The alert in a CONNECTION_CLOSE (RFC 9001 section 4.8).
fn alert(code: u64) -> Option<AlertDescription> {
    const CRYPTO_ERROR: u64 = 0x100;
    u8::try_from(code.checked_sub(CRYPTO_ERROR)?).ok().map(AlertDescription)
}
