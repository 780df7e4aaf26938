//! Resumption and early data of TLS 1.3: a handshake that waits for tickets, and one that presents a ticket. Sends no
//! early data. RFC 8446 sections 2.2, 2.3 and 4.6.1.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::{ClientSessionStore, Resumption, Tls12ClientSessionValue, Tls13ClientSessionValue};
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, ClientConnection, HandshakeKind, NamedGroup};
use rustls_pki_types::ServerName;
use tokio::time::timeout_at;

use super::host::Host;
use crate::model::{Features, Purpose};
use crate::probe::pump::{Pump, Stopped};
use crate::probe::recorder::Recorder;

/// Tickets that are kept; servers send one to four.
const MOST_TICKETS: usize = 8;

/// Looks at a server that speaks TLS 1.3. At most two connections.
pub(super) async fn look(host: &Host<'_>, features: &mut Features) {
    let tickets = Arc::new(Tickets::default());
    let Some(config) = config(&tickets) else { return };
    let first = visit(host, &config).await;
    let Some(early_data) = tickets.early_data() else {
        // No ticket up to the server's own end of the connection: it gives none.
        if first.is_some_and(|visit| visit.to_the_end) {
            features.resumption_tls13 = Some(false);
            features.early_data_bytes = Some(0);
        }
        return;
    };
    features.early_data_bytes = Some(early_data);
    features.resumption_tls13 = visit(host, &config).await.map(|visit| visit.resumed);
}

/// What a handshake that came to its end showed.
#[derive(Debug, Clone, Copy)]
struct Visit {
    resumed: bool,
    /// The server hung up, so that nothing more can come.
    to_the_end: bool,
}

fn config(tickets: &Arc<Tickets>) -> Option<Arc<ClientConfig>> {
    let recorder = Arc::new(Recorder::default());
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .ok()?
        .dangerous()
        .with_custom_certificate_verifier(recorder.clone())
        .with_client_cert_resolver(recorder);
    config.resumption = Resumption::store(tickets.clone());
    Some(Arc::new(config))
}

/// One handshake, then a `close_notify`, and on until the server hangs up: its tickets come before that. `None` where
/// the handshake did not come to its end.
async fn visit(host: &Host<'_>, config: &Arc<ClientConfig>) -> Option<Visit> {
    let connector = host.connector();
    let name = match host.server_name() {
        Some(name) => ServerName::try_from(name.as_str().to_owned()).ok()?,
        None => ServerName::IpAddress(connector.address().ip().into()),
    };
    let session = ClientConnection::new(config.clone(), name).ok()?;
    let (permit, link) = host.open(Purpose::Features).await.ok()?;
    let deadline = connector.handshake_deadline();
    let mut pump = Pump::new(&link, session);
    let ended = timeout_at(deadline, converse(&mut pump)).await;
    connector.account(&permit, false, None);
    let completed = !pump.session.is_handshaking();
    completed.then(|| Visit {
        resumed: pump.session.handshake_kind() == Some(HandshakeKind::Resumed),
        to_the_end: matches!(ended, Ok(Ok(()))),
    })
}

/// Until the server hangs up.
async fn converse(pump: &mut Pump<'_>) -> Result<(), Stopped> {
    let mut said_goodbye = false;
    loop {
        if !pump.session.is_handshaking() && !said_goodbye {
            pump.session.send_close_notify();
            said_goodbye = true;
        }
        pump.flush().await.map_err(Stopped::Io)?;
        let state = match pump.read().await {
            Err(Stopped::Closed) => return Ok(()),
            state => state?,
        };
        if state.peer_has_closed() {
            return Ok(());
        }
        // Application data is of no interest, and must not fill the buffer.
        let mut plain = vec![0; state.plaintext_bytes_to_read()];
        io::Read::read_exact(&mut pump.session.reader(), &mut plain).map_err(Stopped::Io)?;
    }
}

/// Tickets of one server, each to be used once.
#[derive(Debug, Default)]
struct Tickets(Mutex<VecDeque<Tls13ClientSessionValue>>);

impl Tickets {
    /// Bytes of early data that the tickets allow; `None` without a ticket.
    fn early_data(&self) -> Option<u32> {
        let tickets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tickets.iter().map(Tls13ClientSessionValue::max_early_data_size).max()
    }
}

impl ClientSessionStore for Tickets {
    fn set_kx_hint(&self, _: ServerName<'static>, _: NamedGroup) {}

    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        None
    }

    fn set_tls12_session(&self, _: ServerName<'static>, _: Tls12ClientSessionValue) {}

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        None
    }

    fn remove_tls12_session(&self, _: &ServerName<'static>) {}

    fn insert_tls13_ticket(&self, _: ServerName<'static>, ticket: Tls13ClientSessionValue) {
        let mut tickets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tickets.len() < MOST_TICKETS {
            tickets.push_back(ticket);
        }
    }

    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}
