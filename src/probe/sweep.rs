//! The sweep's handshake: sends one hello, reads the certificates, leaves. Never judges, never connects.

use std::cell::RefCell;
use std::io;

use tokio::time::{Instant, timeout_at};

use super::link::Link;
use crate::model::{ClientAuth, EndedBy, Failure, Handshake, Reason, ServerName, Stage, TlsFacts};
use crate::text::Untrusted;
use crate::tls::{
    AlertDescription, Captured, Flight, FlightError, HelloTemplate, Leave, Limits, StartTls, Step,
    VisitRandom,
};
use crate::x509::{DistinguishedName, RawChain};

thread_local! {
    /// Random bytes in stock: the generator costs a microsecond a call, however little it is asked for.
    static RANDOM: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A visit without certificates, with what the choice of a second try needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Missed {
    pub(crate) failure: Failure,
    /// The alert, if one ended it.
    pub(crate) alert: Option<AlertDescription>,
    /// The server answered the first hello with a HelloRetryRequest.
    pub(crate) hello_retried: bool,
    /// The protocol whose greeting came in the place of TLS.
    pub(crate) greeted_by: Option<StartTls>,
}

/// Sends one hello over a fresh connection and reads the certificates, until `deadline`. The caller closes the
/// stream; with `SO_LINGER` 0, for the RST that frees the port at once.
///
/// # Errors
/// Stage `handshake` with the reason.
pub(crate) async fn capture(
    link: &Link,
    hello: &HelloTemplate,
    server_name: Option<&ServerName>,
    deadline: Instant,
    leave: Leave,
) -> Result<Captured, Missed> {
    let Some(random) = visit_random() else {
        let detail = "this machine's random generator failed";
        return Err(Missed {
            failure: Failure::new(Stage::Handshake, Reason::Local, detail),
            alert: None,
            hello_retried: false,
            greeted_by: None,
        });
    };
    let hello = hello.hello(&random, server_name.map(ServerName::as_str));
    let mut flight = Flight::new(hello, Limits::default(), leave);
    let ended = match timeout_at(deadline, converse(link, &mut flight)).await {
        Ok(Ok(captured)) => Ok(captured),
        Ok(Err(stopped)) => flight.give_up().ok_or(stopped),
        Err(_) => flight.give_up().ok_or(Stopped::TimedOut),
    };
    match ended {
        Ok(captured) => {
            if !captured.farewell.is_empty() {
                // The visit is over either way: politeness may fail.
                let _ = link.try_write(&captured.farewell);
            }
            Ok(*captured)
        }
        Err(stopped) => Err(stopped.missed(flight.hello_retried())),
    }
}

/// What a capture says about the endpoint; the handshake ended by our choice.
pub(crate) fn handshake(captured: Captured) -> Handshake<RawChain> {
    Handshake {
        tls: TlsFacts {
            version: Some(captured.version),
            cipher_suite: Some(captured.cipher_suite),
            group: captured.group,
            alpn: captured.alpn,
            completed: Some(false),
            ended_by: Some(EndedBy::OurChoice),
            possession_proved: None,
            client_auth: match captured.client_auth {
                Some(true) => ClientAuth::Requested,
                Some(false) => ClientAuth::None,
                None => ClientAuth::Unknown,
            },
            client_auth_ca_names: captured.client_auth_ca_names.iter().map(|der| ca_name(der)).collect(),
            ocsp_stapled: captured.ocsp_stapled,
            sct_count: captured.sct_count,
            post_quantum: None,
        },
        presented: captured.certificates,
        other_chains: Vec::new(),
        inspection: None,
        gathered: None,
    }
}

/// Takes a visit's bytes out of the worker's stock; no byte is used twice. `None` if the generator fails.
pub(super) fn visit_random() -> Option<VisitRandom> {
    const VISITS: usize = 64;
    RANDOM.with_borrow_mut(|stock| {
        if stock.is_empty() {
            let mut fresh = vec![0; VISITS * size_of::<VisitRandom>()];
            aws_lc_rs::rand::fill(&mut fresh).ok()?;
            *stock = fresh;
        }
        let random = *stock.last_chunk()?;
        stock.truncate(stock.len() - size_of::<VisitRandom>());
        Some(random)
    })
}

/// Why a conversation stopped without certificates.
#[derive(Debug)]
enum Stopped {
    Flight { error: FlightError, greeted_by: Option<StartTls> },
    Closed { after_bytes: bool },
    Io(io::Error),
    TimedOut,
}

async fn converse(link: &Link, flight: &mut Flight) -> Result<Box<Captured>, Stopped> {
    link.write_all(flight.hello()).await.map_err(Stopped::Io)?;
    let mut after_bytes = false;
    loop {
        let step = link.receive(|bytes| read(bytes, flight, &mut after_bytes)).await;
        match step.map_err(Stopped::Io)?? {
            Step::NeedMore => {}
            Step::Done(captured) => return Ok(captured),
            Step::Send(answer) => {
                link.write_all(&answer).await.map_err(Stopped::Io)?;
                link.acknowledge_at_once();
            }
        }
    }
}

fn read(bytes: &mut [u8], flight: &mut Flight, after_bytes: &mut bool) -> Result<Step, Stopped> {
    if bytes.is_empty() {
        return Err(Stopped::Closed { after_bytes: *after_bytes });
    }
    let is_first = !std::mem::replace(after_bytes, true);
    flight.feed(bytes).map_err(|error| {
        let is_greeting = is_first && matches!(error, FlightError::NotTls { .. });
        let greeted_by = if is_greeting { StartTls::by_greeting(bytes) } else { None };
        Stopped::Flight { error, greeted_by }
    })
}

impl Stopped {
    fn missed(self, hello_retried: bool) -> Missed {
        let alert = match self {
            Self::Flight { error: FlightError::Alert(alert), .. } => Some(alert),
            _ => None,
        };
        let greeted_by = match self {
            Self::Flight { greeted_by, .. } => greeted_by,
            _ => None,
        };
        let (reason, detail) = match self {
            Self::TimedOut => (Reason::Timeout, "no certificates in time".into()),
            Self::Closed { after_bytes: false } => {
                (Reason::Closed, "the server closed the connection without a word".into())
            }
            Self::Closed { after_bytes: true } => (
                Reason::Closed,
                "the server closed the connection before its certificates were complete".into(),
            ),
            Self::Io(error) => of_io(&error),
            Self::Flight { error, .. } => of_flight(&error),
        };
        let failure = Failure::new(Stage::Handshake, reason, detail);
        Missed { failure, alert, hello_retried, greeted_by }
    }
}

pub(super) fn of_io(error: &io::Error) -> (Reason, Untrusted) {
    let reason = match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
            return (Reason::Reset, "the server reset the connection".into());
        }
        io::ErrorKind::TimedOut => Reason::Timeout,
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Reason::Unreachable,
        // What TLS is wrapped in.
        io::ErrorKind::InvalidData => return (Reason::Malformed, error.to_string().into()),
        _ => Reason::Local,
    };
    (reason, format!("the connection broke: {error}").into())
}

pub(super) fn of_flight(error: &FlightError) -> (Reason, Untrusted) {
    let reason = match error {
        FlightError::NotTls { excerpt, .. } => {
            return (Reason::NotTls, format!("{error}: {}", excerpt.raw()).into());
        }
        FlightError::Alert(_) => Reason::Alert,
        FlightError::ChainTooLarge { .. } => Reason::ChainTooLarge,
        FlightError::Malformed(_) => Reason::Malformed,
        FlightError::NoCertificate(_) => Reason::NoCertificate,
    };
    (reason, error.to_string().into())
}

/// RFC 4514's text of a client certificate authority's name.
pub(super) fn ca_name(der: &[u8]) -> Untrusted {
    DistinguishedName::from_der(der).map_or_else(|| "unreadable name".into(), |name| name.text)
}

#[cfg(test)]
mod tests;
