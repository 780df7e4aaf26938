//! Hosts that say fixed things on a raw connection: what no TLS library would do.
//! Invariant: every script ends with the connection's deadline at the latest (see `host.rs`).

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::EstateError;
use super::client_hello::{self, ClientHello};
use super::flight::{Answer, Flight, alert, message, record};
use crate::tls::AlertDescription;

/// A host gives its peer this long to take its last words and leave.
const FAREWELL: Duration = Duration::from_secs(1);

/// One thing a scripted host does.
#[derive(Debug, Clone)]
pub enum Step {
    /// Waits for the peer's first bytes, whatever they are.
    AwaitBytes,
    /// Waits for a complete ClientHello; leaves with an alert if something else comes.
    AwaitHello,
    /// Sends bytes.
    Send(Arc<[u8]>),
    /// Answers the hello with a flight, or with the alert of a server that cannot serve it.
    Flight(Arc<Flight>),
    /// Sends the same bytes again and again until the peer leaves.
    Repeat(Arc<[u8]>),
    /// Says nothing until the peer leaves.
    Hold,
    /// Leaves with a RST.
    Reset,
}

/// What a scripted host does on each connection, in order; then it closes.
#[derive(Debug, Clone)]
pub struct Script {
    steps: Arc<[Step]>,
    /// One byte each, where set.
    drip: Option<Duration>,
}

impl Script {
    /// A script of these steps.
    pub fn new(steps: impl Into<Arc<[Step]>>) -> Self {
        Self { steps: steps.into(), drip: None }
    }

    /// Serves a flight; refuses whatever the client says next, for it cannot go on.
    pub fn flight(flight: Flight) -> Self {
        Self::new([
            Step::AwaitHello,
            Step::Flight(Arc::new(flight)),
            Step::AwaitBytes,
            Step::Send(alert(2, AlertDescription::handshake_failure).into()),
        ])
    }

    /// Warns that it does not know the name, then goes on (RFC 6066 section 3): clients may not give up.
    pub fn warning_then_flight(flight: Flight) -> Self {
        Self::new([
            Step::AwaitHello,
            Step::Send(alert(1, AlertDescription(112)).into()),
            Step::Flight(Arc::new(flight)),
            Step::Hold,
        ])
    }

    /// Answers every hello with a fatal alert.
    pub fn refusal(description: AlertDescription) -> Self {
        Self::new([Step::AwaitHello, Step::Send(alert(2, description).into())])
    }

    /// Accepts and never says a word.
    pub fn silent() -> Self {
        Self::new([Step::Hold])
    }

    /// Accepts and resets at once.
    pub fn reset_on_accept() -> Self {
        Self::new([Step::Reset])
    }

    /// Takes the hello and resets.
    pub fn reset_after_hello() -> Self {
        Self::new([Step::AwaitHello, Step::Reset])
    }

    /// Accepts and closes at once.
    pub fn close_on_accept() -> Self {
        Self::new([])
    }

    /// Takes the hello and closes.
    pub fn close_after_hello() -> Self {
        Self::new([Step::AwaitHello])
    }

    /// A web server without TLS.
    pub fn plain_http() -> Self {
        Self::new([
            Step::AwaitBytes,
            Step::Send(
                b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nNo TLS here.\n"
                    .as_slice()
                    .into(),
            ),
        ])
    }

    /// Speaks first, like SSH.
    pub fn ssh_banner() -> Self {
        Self::banner(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
    }

    /// Speaks first, like SMTP.
    pub fn smtp_banner() -> Self {
        Self::banner(b"220 mail.demo.test ESMTP ready\r\n")
    }

    /// Speaks first with any text, then waits.
    pub fn banner(text: &[u8]) -> Self {
        Self::new([Step::Send(text.into()), Step::Hold])
    }

    /// A middlebox: the same bytes in answer to anything, be it TLS or not.
    pub fn same_answer(bytes: &[u8]) -> Self {
        Self::new([Step::AwaitBytes, Step::Send(bytes.into()), Step::Hold])
    }

    /// HelloRequests in proper records, for ever: a client must stop counting at some time.
    pub fn endless_messages() -> Self {
        let requests = message(0, &[]).repeat(4_096);
        Self::new([Step::AwaitHello, Step::Repeat(record(22, 0x0303, &requests).into())])
    }

    /// A Certificate message that says it has 16 MiB and keeps coming.
    pub fn endless_certificate() -> Self {
        let start = record(22, 0x0303, &[11, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfc]);
        Self::new([
            Step::AwaitHello,
            Step::Send(start.into()),
            Step::Repeat(record(22, 0x0303, &[0x30; 16_384]).into()),
        ])
    }

    /// The same script one byte at a time.
    pub fn dripping(self, interval: Duration) -> Self {
        Self { drip: Some(interval), ..self }
    }

    /// Plays the script on a connection. Ends when the peer is gone.
    pub(super) async fn play(&self, stream: TcpStream) -> Result<(), EstateError> {
        let mut play = Play { stream, hello: None, drip: self.drip };
        for step in self.steps.iter() {
            match play.step(step).await? {
                Next::Step => {}
                Next::Gone => return Ok(()),
                Next::Farewell => break,
            }
        }
        farewell(&mut play.stream).await;
        Ok(())
    }
}

/// Closes our half and lets the peer read what it was sent: a close with unread input would be a RST.
pub(super) async fn farewell(stream: &mut TcpStream) {
    let leave = async {
        if stream.shutdown().await.is_ok() {
            read_to_the_end(stream).await;
        }
    };
    let _ = tokio::time::timeout(FAREWELL, leave).await;
}

enum Next {
    Step,
    /// The peer left.
    Gone,
    /// Nothing more to say.
    Farewell,
}

struct Play {
    stream: TcpStream,
    hello: Option<ClientHello>,
    drip: Option<Duration>,
}

impl Play {
    async fn step(&mut self, step: &Step) -> Result<Next, EstateError> {
        match step {
            Step::AwaitBytes => Ok(match self.stream.read(&mut [0; 4_096]).await {
                Ok(1..) => Next::Step,
                _ => Next::Gone,
            }),
            Step::AwaitHello => {
                self.hello = client_hello::read(&mut self.stream).await;
                if self.hello.is_none() {
                    self.send(&alert(2, AlertDescription(10))).await; // unexpected_message
                    return Ok(Next::Farewell);
                }
                Ok(Next::Step)
            }
            Step::Send(bytes) => Ok(self.send(bytes).await),
            Step::Flight(flight) => self.answer(flight).await,
            Step::Repeat(bytes) => loop {
                if let Next::Gone = self.send(bytes).await {
                    return Ok(Next::Gone);
                }
            },
            Step::Hold => {
                read_to_the_end(&mut self.stream).await;
                Ok(Next::Gone)
            }
            Step::Reset => {
                let _ = socket2::SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
                Ok(Next::Gone)
            }
        }
    }

    async fn answer(&mut self, flight: &Flight) -> Result<Next, EstateError> {
        let Some(hello) = self.hello.take() else { return Ok(Next::Farewell) };
        match flight.answer(&hello)? {
            Answer::Flight(records) => Ok(self.send(&records).await),
            Answer::Refuse(description) => {
                self.send(&alert(2, description)).await;
                Ok(Next::Farewell)
            }
        }
    }

    async fn send(&mut self, bytes: &[u8]) -> Next {
        let size = if self.drip.is_some() { 1 } else { bytes.len().max(1) };
        for part in bytes.chunks(size) {
            if self.stream.write_all(part).await.is_err() {
                return Next::Gone;
            }
            if let Some(interval) = self.drip {
                tokio::time::sleep(interval).await;
            }
        }
        Next::Step
    }
}

async fn read_to_the_end(stream: &mut TcpStream) {
    let mut buffer = [0; 4_096];
    while let Ok(1..) = stream.read(&mut buffer).await {}
}
