//! Drives one QUIC connection (RFC 9000) over a socket of its own, as far as its handshake. Never opens a stream, never
//! sends application data, never waits past its deadlines.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use quinn_proto::{
    ClientConfig, Connection, ConnectionError, ConnectionHandle, DatagramEvent, Endpoint, EndpointConfig,
    Event, VarInt,
};
use tokio::net::UdpSocket;
use tokio::time::{Instant, sleep_until};

use super::super::connect::explain;
use super::super::connector::Deadlines;
use crate::model::Failure;
use crate::tls::quic::versions_offered;

/// Bytes that a server may send in a handshake.
const MOST_BYTES: usize = 256 * 1024;
/// Datagrams that a server may send in a handshake.
const MOST_DATAGRAMS: u32 = 4_096;
/// The longest datagram that is read; we tell the peer to send no longer ones.
const READ_BYTES: usize = 1_500;
/// First bytes of an answer that are kept.
const OPENING: usize = 64;

/// What stopped a conversation.
#[derive(Debug)]
pub(super) enum Stopped {
    Timeout,
    /// The network says that nobody is there.
    Network(Failure),
    /// The connection ended, by the server or because of it.
    Lost(ConnectionError),
    /// More than a handshake takes.
    Endless,
}

/// One connection.
pub(super) struct Conversation<'a> {
    socket: &'a UdpSocket,
    address: SocketAddr,
    endpoint: Endpoint,
    connection: Connection,
    handle: ConnectionHandle,
    /// The first bytes that came.
    pub(super) opening: Vec<u8>,
    /// The versions of a server that does not know ours (RFC 9000 section 6).
    pub(super) versions: Option<Vec<u32>>,
    datagrams: u32,
    bytes: usize,
    out: Vec<u8>,
}

impl<'a> Conversation<'a> {
    /// Nothing is sent yet.
    ///
    /// # Errors
    /// A sentence, where the library refuses the address or the name.
    pub(super) fn new(
        socket: &'a UdpSocket,
        address: SocketAddr,
        endpoint: &Arc<EndpointConfig>,
        client: ClientConfig,
    ) -> Result<Self, String> {
        let mut endpoint = Endpoint::new(Arc::clone(endpoint), None, false, None);
        let connected = endpoint.connect(now(), client, address, "");
        let (handle, connection) = connected.map_err(|error| error.to_string())?;
        Ok(Self {
            socket,
            address,
            endpoint,
            connection,
            handle,
            opening: Vec::new(),
            versions: None,
            datagrams: 0,
            bytes: 0,
            out: Vec::new(),
        })
    }

    /// Somebody answered.
    pub(super) fn is_heard(&self) -> bool {
        self.datagrams > 0
    }

    /// A packet of this connection came.
    pub(super) fn is_understood(&self) -> bool {
        self.connection.stats().udp_rx.datagrams > 0
    }

    /// Shakes hands.
    pub(super) async fn shake_hands(&mut self, deadlines: Deadlines) -> Result<(), Stopped> {
        while !self.step(deadlines).await? {}
        // Our Finished has to be on its way before anything else is.
        self.send().await
    }

    /// Waits until the server has confirmed the handshake, which it does only for clients that it lets in (RFC 9001
    /// section 4.1.2).
    pub(super) async fn wait_for_confirmation(&mut self, until: Instant) -> Result<(), Stopped> {
        let deadlines = Deadlines { first_answer: until, end: until };
        while self.connection.stats().frame_rx.handshake_done == 0 {
            self.step(deadlines).await?;
        }
        Ok(())
    }

    /// Takes leave, where there is somebody to take leave from.
    pub(super) fn say_goodbye(&mut self, code: u32) {
        if !self.is_heard() {
            return;
        }
        self.connection.close(now(), VarInt::from_u32(code), Default::default());
        // One try each: politeness may fail.
        while let Some(datagram) = self.next_datagram() {
            let _ = self.socket.try_send(&datagram);
        }
    }

    /// Sends what is due, then waits for a datagram or a timer. `true` once the handshake is done.
    async fn step(&mut self, deadlines: Deadlines) -> Result<bool, Stopped> {
        self.send().await?;
        let deadline =
            if self.is_heard() { deadlines.end } else { deadlines.first_answer.min(deadlines.end) };
        let timer = self.connection.poll_timeout().map(Instant::from_std);
        let until = timer.map_or(deadline, |timer| timer.min(deadline));
        let mut datagram = [0; READ_BYTES];
        tokio::select! {
            biased;
            received = self.socket.recv(&mut datagram) => match received {
                Ok(length) => self.read(datagram.get(..length).unwrap_or_default())?,
                Err(error) => self.lost(&error, false)?,
            },
            () = sleep_until(until) => {
                if Instant::now() >= deadline {
                    return Err(Stopped::Timeout);
                }
                self.connection.handle_timeout(now());
            }
        }
        let mut is_connected = false;
        while let Some(event) = self.connection.poll() {
            match event {
                Event::Connected => is_connected = true,
                Event::ConnectionLost { reason } => {
                    // Tells the server why, if it was us who did not go on.
                    let _ = self.send().await;
                    return Err(Stopped::Lost(reason));
                }
                _ => {}
            }
        }
        Ok(is_connected)
    }

    fn read(&mut self, datagram: &[u8]) -> Result<(), Stopped> {
        if self.datagrams == 0 {
            self.opening.extend(datagram.iter().take(OPENING));
        }
        self.datagrams += 1;
        self.bytes += datagram.len();
        if self.bytes > MOST_BYTES || self.datagrams > MOST_DATAGRAMS {
            return Err(Stopped::Endless);
        }
        if self.versions.is_none() {
            self.versions = versions_offered(datagram);
        }
        // What the library would say to strangers is not sent.
        let mut unsaid = Vec::new();
        let event = self.endpoint.handle(now(), self.address, None, None, datagram.into(), &mut unsaid);
        if let Some(DatagramEvent::ConnectionEvent(_, event)) = event {
            self.connection.handle_event(event);
        }
        while let Some(event) = self.connection.poll_endpoint_events() {
            if let Some(event) = self.endpoint.handle_event(self.handle, event) {
                self.connection.handle_event(event);
            }
        }
        Ok(())
    }

    async fn send(&mut self) -> Result<(), Stopped> {
        while let Some(datagram) = self.next_datagram() {
            let is_first = !self.is_heard();
            if let Err(error) = self.socket.send(&datagram).await {
                self.lost(&error, is_first)?;
            }
            self.out = datagram;
        }
        Ok(())
    }

    fn next_datagram(&mut self) -> Option<Vec<u8>> {
        let mut out = std::mem::take(&mut self.out);
        out.clear();
        self.connection.poll_transmit(now(), 1, &mut out).map(|_| out)
    }

    /// A host that has answered is there, whatever the network says later (RFC 9000 section 14.2.1).
    fn lost(&self, error: &io::Error, at_once: bool) -> Result<(), Stopped> {
        if self.is_heard() { Ok(()) } else { Err(Stopped::Network(explain(error, at_once))) }
    }
}

/// The clock that the deadlines go by, as the library takes it.
fn now() -> std::time::Instant {
    Instant::now().into_std()
}
