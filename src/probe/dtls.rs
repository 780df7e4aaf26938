//! The hello of DTLS endpoints: drives a [`DtlsFlight`] over a socket of its own, sends again what may be lost (RFC 6347
//! section 4.2.4), takes leave by an alert. Never completes a handshake, never sends application data, never judges.

#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::io;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::{Instant, sleep_until};

use super::connect::explain;
use super::connector::{Connector, Deadlines};
use super::sweep::{self, of_flight, visit_random};
use crate::model::{Failure, Outcome, Reason, ServerName, Stage};
use crate::tls::{Captured, DtlsFlight, DtlsStep, FlightError, Limits};
use crate::x509::RawChain;

/// Until a hello is sent again for the first time; doubled each time.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest datagram there is.
const READ_BYTES: usize = 65_535;

thread_local! {
    /// One buffer per worker, held only between two waits.
    static READ_BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BYTES]);
}

/// Visits one endpoint.
pub(super) async fn visit(connector: &Connector<'_>) -> Outcome<RawChain> {
    let Some(random) = visit_random() else {
        let detail = "this machine's random generator failed";
        return Outcome::Failure(Failure::new(Stage::Handshake, Reason::Local, detail));
    };
    let (permit, socket) = match connector.open_datagrams().await {
        Ok(opened) => opened,
        Err(failure) => return Outcome::Failure(failure),
    };
    let flight = DtlsFlight::new(&random, connector.server_name().map(ServerName::as_str), Limits::default());
    let mut dialogue = Dialogue { socket: &socket, flight, is_heard: false };
    let result = dialogue.converse(connector.datagram_deadlines()).await;
    let is_heard = dialogue.is_heard;
    if is_heard && !matches!(&result, Err(failure) if failure.reason == Reason::Alert) {
        // The visit is over either way: politeness may fail.
        let _ = socket.try_send(&dialogue.flight.farewell());
    }
    drop(socket);
    let missed = result.as_ref().err().map(|failure| failure.reason);
    connector.account_datagrams(&permit, is_heard, false, missed);
    match result {
        Ok(captured) => Outcome::Handshake(Box::new(sweep::handshake(*captured))),
        Err(failure) => Outcome::Failure(failure),
    }
}

/// A flight and its socket.
struct Dialogue<'a> {
    socket: &'a UdpSocket,
    flight: DtlsFlight,
    /// Somebody answered.
    is_heard: bool,
}

impl Dialogue<'_> {
    async fn converse(&mut self, deadlines: Deadlines) -> Result<Box<Captured>, Failure> {
        let mut pause = FIRST_PAUSE;
        let mut again_at = Instant::now();
        loop {
            let deadline =
                if self.is_heard { deadlines.end } else { deadlines.first_answer.min(deadlines.end) };
            tokio::select! {
                biased;
                ready = self.socket.readable() => {
                    if let Err(error) = ready {
                        self.lost(&error, false)?;
                    }
                    match self.read()? {
                        DtlsStep::NeedMore => {}
                        DtlsStep::SayHello => {
                            pause = FIRST_PAUSE;
                            again_at = Instant::now();
                        }
                        DtlsStep::Done(captured) => return Ok(captured),
                    }
                }
                () = sleep_until(again_at.min(deadline)) => {
                    if Instant::now() >= deadline {
                        return self.flight.give_up().ok_or_else(|| self.timeout());
                    }
                    let hello = self.flight.hello();
                    if let Err(error) = self.socket.send(&hello).await {
                        self.lost(&error, !self.is_heard)?;
                    }
                    again_at = Instant::now() + pause;
                    pause *= 2;
                }
            }
        }
    }

    /// Reads the datagrams that are there.
    fn read(&mut self) -> Result<DtlsStep, Failure> {
        READ_BUFFER.with_borrow_mut(|buffer| {
            loop {
                let length = match self.socket.try_recv(buffer) {
                    Ok(length) => length,
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(DtlsStep::NeedMore),
                    Err(error) => {
                        self.lost(&error, false)?;
                        return Ok(DtlsStep::NeedMore);
                    }
                };
                self.is_heard = true;
                match self.flight.feed(buffer.get(..length).unwrap_or_default()) {
                    Ok(DtlsStep::NeedMore) => {}
                    Ok(step) => return Ok(step),
                    Err(error) => return Err(failure(&error)),
                }
            }
        })
    }

    /// A host that has answered is there, whatever the network says later.
    fn lost(&self, error: &io::Error, at_once: bool) -> Result<(), Failure> {
        if self.is_heard { Ok(()) } else { Err(explain(error, at_once)) }
    }

    fn timeout(&self) -> Failure {
        if self.is_heard {
            Failure::new(Stage::Handshake, Reason::Timeout, "the handshake did not end in time")
        } else {
            Failure::new(Stage::Connect, Reason::Timeout, "no answer to the first datagrams in time")
        }
    }
}

fn failure(error: &FlightError) -> Failure {
    if let FlightError::NotTls { excerpt, .. } = error {
        let detail = format!("what answers is not DTLS: {}", excerpt.raw());
        return Failure::new(Stage::Handshake, Reason::NotTls, detail);
    }
    let (reason, detail) = of_flight(error);
    Failure::new(Stage::Handshake, reason, detail)
}
