//! Hosts that say fixed things on a raw connection: what no TLS library would do.
//! Invariant: every script ends with the connection's deadline at the latest (see `host.rs`).

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::EstateError;
use super::client_hello::{self, ClientHello};
use super::flight::{Answer, Flight, alert, message, record};
use crate::tls::{AlertDescription, ProtocolVersion};

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
    /// Answers the hello with one of these flights, or with the alert of a server that cannot serve it.
    Flight(Arc<[Flight]>),
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
        Self::choice([flight])
    }

    /// The same by a server of several versions and suites: it chooses the newest version that the client takes, and
    /// there the first of these flights that fits.
    pub fn choice(flights: impl Into<Arc<[Flight]>>) -> Self {
        let flights = flights.into();
        let newest = flights.iter().map(|flight| flight.version).max().unwrap_or(ProtocolVersion::TLSv1_2);
        let give_up = alert(newest, 2, AlertDescription::handshake_failure);
        Self::new([Step::AwaitHello, Step::Flight(flights), Step::AwaitBytes, Step::Send(give_up.into())])
    }

    /// Warns that it does not know the name, then goes on (RFC 6066 section 3): clients may not give up.
    pub fn warning_then_flight(flight: Flight) -> Self {
        let unrecognized_name = alert(flight.version, 1, AlertDescription::unrecognized_name);
        Self::new([
            Step::AwaitHello,
            Step::Send(unrecognized_name.into()),
            Step::Flight([flight].into()),
            Step::Hold,
        ])
    }

    /// Answers every hello with a fatal alert.
    pub fn refusal(description: AlertDescription) -> Self {
        Self::new([Step::AwaitHello, Step::Send(alert(ProtocolVersion::TLSv1_2, 2, description).into())])
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

/// What a server of these flights would send, or refuse with: `None` only if there are none.
fn choose<'f>(flights: &'f [Flight], hello: &ClientHello) -> Option<&'f Flight> {
    let versions = flights.iter().map(|flight| flight.version);
    let version = versions.filter(|version| *version <= hello.version).max();
    let mut fitting = flights.iter().filter(|flight| Some(flight.version) == version);
    let first = fitting.clone().next().or(flights.first());
    fitting.find(|flight| hello.suites.contains(&flight.suite)).or(first)
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
                    self.send(&alert(ProtocolVersion::TLSv1_2, 2, AlertDescription::unexpected_message))
                        .await;
                    return Ok(Next::Farewell);
                }
                Ok(Next::Step)
            }
            Step::Send(bytes) => Ok(self.send(bytes).await),
            Step::Flight(flights) => self.answer(flights).await,
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

    async fn answer(&mut self, flights: &[Flight]) -> Result<Next, EstateError> {
        let Some(hello) = self.hello.take() else { return Ok(Next::Farewell) };
        let Some(flight) = choose(flights, &hello) else { return Ok(Next::Farewell) };
        match flight.answer(&hello)? {
            Answer::Flight(records) => Ok(self.send(&records).await),
            Answer::Refuse(description) => {
                self.send(&alert(flight.version, 2, description)).await;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::{Authority, Flight, Host, Leaf, Limits, Role};
    use crate::time::UnixTime;
    use std::net::Ipv4Addr;

    /// A hello that offers what the flights here choose, up to TLS 1.2.
    fn hello() -> Vec<u8> {
        let mut body = vec![3, 3];
        body.extend_from_slice(&[9; 32]);
        body.extend_from_slice(&[0, 0, 6, 0xc0, 0x2b, 0xc0, 0x09, 0x00, 0x2f, 1, 0]);
        record(22, 0x0301, &message(1, &body))
    }

    fn flight() -> Flight {
        let authority = Authority::new(UnixTime(1_795_510_800), "Test").unwrap();
        Flight::tls12(authority.issue(&Leaf::new("a.test")).unwrap())
    }

    fn host(script: Script) -> Host {
        Host::start((Ipv4Addr::LOCALHOST, 0).into(), Role::Script(script), Limits::default()).unwrap()
    }

    /// What the host says to these bytes before it leaves, and whether it left by a RST.
    async fn answer(script: Script, question: &[u8]) -> (Vec<u8>, bool) {
        let host = host(script);
        let mut stream = TcpStream::connect(host.address()).await.unwrap();
        let _ = stream.write_all(question).await;
        let mut answer = Vec::new();
        let end = stream.read_to_end(&mut answer).await;
        (answer, end.is_err())
    }

    #[tokio::test]
    async fn a_flight_is_served_and_then_refuses_to_go_on() {
        let host = host(Script::flight(flight()));
        let mut stream = TcpStream::connect(host.address()).await.unwrap();
        stream.write_all(&hello()).await.unwrap();
        let mut start = [0; 6];
        stream.read_exact(&mut start).await.unwrap();
        assert_eq!([start[0], start[1], start[2], start[5]], [22, 3, 3, 2]);
        stream.write_all(&record(22, 0x0303, &message(16, &[0; 66]))).await.unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.unwrap();
        assert!(rest.ends_with(&alert(ProtocolVersion::TLSv1_2, 2, AlertDescription::handshake_failure)));
    }

    #[tokio::test]
    async fn an_old_host_serves_its_own_version() {
        let old =
            Flight { version: ProtocolVersion::TLSv1_0, suite: crate::tls::CipherSuite(0xc009), ..flight() };
        let host = host(Script::flight(old));
        let mut stream = TcpStream::connect(host.address()).await.unwrap();
        stream.write_all(&hello()).await.unwrap();
        let mut start = [0; 11];
        stream.read_exact(&mut start).await.unwrap();
        assert_eq!((&start[1..3], &start[9..11]), ([3, 1].as_slice(), [3, 1].as_slice()));
    }

    #[tokio::test]
    async fn what_is_no_hello_is_refused_with_an_alert() {
        let (bytes, _) = answer(Script::flight(flight()), b"GET / HTTP/1.0\r\n\r\n").await;
        assert_eq!(bytes, alert(ProtocolVersion::TLSv1_2, 2, AlertDescription::unexpected_message));
    }

    #[tokio::test]
    async fn refusals_and_warnings_are_alerts() {
        let (bytes, _) = answer(Script::refusal(AlertDescription::protocol_version), &hello()).await;
        assert_eq!(bytes, [21, 3, 3, 0, 2, 2, 70]);
        let host = host(Script::warning_then_flight(flight()));
        let mut stream = TcpStream::connect(host.address()).await.unwrap();
        stream.write_all(&hello()).await.unwrap();
        let mut start = [0; 8];
        stream.read_exact(&mut start).await.unwrap();
        assert_eq!(start, [21, 3, 3, 0, 2, 1, 112, 22]);
    }

    #[tokio::test]
    async fn a_host_that_is_not_tls_says_what_it_is() {
        let (bytes, reset) = answer(Script::plain_http(), &hello()).await;
        assert!(bytes.starts_with(b"HTTP/1.1 400") && !reset);
        for (script, start) in [(Script::ssh_banner(), "SSH-"), (Script::smtp_banner(), "220 ")] {
            let host = host(script);
            let mut stream = TcpStream::connect(host.address()).await.unwrap();
            let mut banner = [0; 4];
            stream.read_exact(&mut banner).await.unwrap();
            assert_eq!(banner, start.as_bytes());
        }
    }

    #[tokio::test]
    async fn a_host_can_leave_in_each_way() {
        assert_eq!(answer(Script::reset_on_accept(), b"").await, (vec![], true));
        assert_eq!(answer(Script::reset_after_hello(), &hello()).await, (vec![], true));
        assert_eq!(answer(Script::close_on_accept(), b"").await, (vec![], false));
        assert_eq!(answer(Script::close_after_hello(), &hello()).await, (vec![], false));
    }

    #[tokio::test]
    async fn endless_hosts_stop_when_the_client_leaves() {
        for script in [Script::endless_messages(), Script::endless_certificate()] {
            let host = host(script);
            let mut stream = TcpStream::connect(host.address()).await.unwrap();
            stream.write_all(&hello()).await.unwrap();
            stream.read_exact(&mut vec![0; 1_000_000]).await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_dripping_host_sends_all_in_the_end() {
        let script = Script::plain_http().dripping(Duration::from_micros(10));
        let (bytes, _) = answer(script, b"?").await;
        assert!(bytes.ends_with(b"No TLS here.\n"));
    }

    #[tokio::test]
    async fn a_middlebox_gives_everybody_the_same_answer() {
        let canned = flight().canned().unwrap();
        for question in [hello(), b"EHLO a.test\r\n".to_vec()] {
            let host = host(Script::same_answer(&canned));
            let mut stream = TcpStream::connect(host.address()).await.unwrap();
            stream.write_all(&question).await.unwrap();
            let mut bytes = vec![0; canned.len()];
            stream.read_exact(&mut bytes).await.unwrap();
            assert_eq!(bytes, canned);
        }
    }
}
