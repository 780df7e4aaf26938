//! The sweep's handshake: sends one hello, reads the certificates, leaves. Never judges, never connects.

use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::model::{Failure, Handshake, ServerName};
use crate::tls::{AlertDescription, Captured, HelloTemplate, Leave};
use crate::x509::RawChain;

/// A visit without certificates, with what the choice of a second try needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Missed {
    pub(crate) failure: Failure,
    /// The alert, if one ended it.
    pub(crate) alert: Option<AlertDescription>,
    /// The server answered the first hello with a HelloRetryRequest.
    pub(crate) hello_retried: bool,
}

/// Sends one hello over a fresh connection and reads the certificates. The caller closes the stream.
///
/// # Errors
/// Stage `handshake` with the reason.
pub(crate) async fn capture(
    _stream: &TcpStream,
    _hello: &HelloTemplate,
    _server_name: Option<&ServerName>,
    _deadline: Instant,
    _leave: Leave,
) -> Result<Captured, Missed> {
    todo!()
}

/// The facts of a capture; it was ended by our choice.
pub(crate) fn handshake(_captured: Captured) -> Handshake<RawChain> {
    todo!()
}
