//! An answer whose body is read piece by piece, with caps on its octets and its time.

use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use tokio::time::{Instant, timeout_at};

use super::connection::{Connection, full_text};
use super::pace::Turn;
use super::{FetchError, Limits};
use crate::text::Untrusted;

/// An answer, head read and body to come.
#[derive(Debug)]
pub struct Response {
    /// HTTP's status code; never a redirect.
    pub status: u16,
    body: Incoming,
    left: u64,
    limits: Limits,
    deadline: Instant,
    // Held until the body was read.
    _connection: Connection,
    _turn: Turn,
}

impl Response {
    pub(super) fn new(
        response: hyper::Response<Incoming>,
        connection: Connection,
        turn: Turn,
        limits: Limits,
        deadline: Instant,
    ) -> Result<Self, FetchError> {
        let status = response.status();
        if status.is_redirection() {
            return Err(FetchError::Redirect(status.as_u16()));
        }
        let body = response.into_body();
        // What is announced too large is not read at all.
        if hyper::body::Body::size_hint(&body).lower() > limits.bytes {
            return Err(FetchError::TooLarge(limits.bytes));
        }
        let status = status.as_u16();
        Ok(Self { status, body, left: limits.bytes, limits, deadline, _connection: connection, _turn: turn })
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// The body is too large, too slow or cut short.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, FetchError> {
        loop {
            let frame = timeout_at(self.deadline, self.body.frame())
                .await
                .map_err(|_| FetchError::Timeout(self.limits.timeout))?;
            let Some(frame) = frame else { return Ok(None) };
            let frame = frame.map_err(|error| FetchError::Protocol(Untrusted::from(full_text(&error))))?;
            // Trailers say nothing that anybody wants to know.
            let Ok(data) = frame.into_data() else { continue };
            let length = u64::try_from(data.len()).unwrap_or(u64::MAX);
            self.left = self.left.checked_sub(length).ok_or(FetchError::TooLarge(self.limits.bytes))?;
            return Ok(Some(data));
        }
    }

    /// The whole body.
    ///
    /// # Errors
    /// As [`Self::chunk`].
    pub async fn whole(mut self) -> Result<Vec<u8>, FetchError> {
        let mut body = Vec::new();
        while let Some(data) = self.chunk().await? {
            body.extend_from_slice(&data);
        }
        Ok(body)
    }
}
