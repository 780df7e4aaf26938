//! The stream that lettre talks over: it hands on one whole reply per command.
//!
//! lettre reads a line of any length into memory, does not see what follows a reply, and takes only one spelling.
//! This stands between it and the network. Invariant: nothing is written while something unasked-for was read.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::reply::{Reply, ReplyFault, ReplyReader};

/// How lettre ends a message. Dots at the start of a line are doubled, so no other write is equal to it.
const FINAL_DOT: &[u8] = b"\r\n.\r\n";

/// What a network stream must be able to do here.
pub(super) trait Wire: AsyncRead + AsyncWrite + Send + Sync + Unpin + fmt::Debug {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin + fmt::Debug> Wire for T {}

/// Whether the end of the current message may have left.
#[derive(Debug, Default)]
pub(super) struct Progress(AtomicBool);

impl Progress {
    /// A new message begins.
    pub(super) fn begin(&self) {
        self.0.store(false, Ordering::SeqCst);
    }

    /// From here on only the server knows the message's fate.
    pub(super) fn has_ended_message(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// A guarded stream.
#[derive(Debug)]
pub(super) struct Dialogue<S> {
    wire: S,
    peer: SocketAddr,
    replies: ReplyReader,
    /// What is left to hand on of the current reply.
    pending: io::Cursor<Vec<u8>>,
    progress: Arc<Progress>,
}

impl<S: Wire> Dialogue<S> {
    /// Guards a stream whose server has not spoken yet.
    pub(super) fn new(wire: S, peer: SocketAddr, progress: Arc<Progress>) -> Self {
        Self { wire, peer, replies: ReplyReader::default(), pending: io::Cursor::default(), progress }
    }

    /// Guards a stream after STARTTLS, where the server waits for EHLO (RFC 3207 section 4.2). lettre reads a
    /// greeting first, so it is given one of our own.
    pub(super) fn after_greeting(wire: S, peer: SocketAddr, progress: Arc<Progress>) -> Self {
        let greeting = io::Cursor::new(Reply::greeting().to_bytes());
        Self { pending: greeting, ..Self::new(wire, peer, progress) }
    }
}

impl<S: Wire> AsyncTokioStream for Dialogue<S> {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

impl<S: Wire> AsyncRead for Dialogue<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            let read = io::Read::read(&mut self.pending, out.initialize_unfilled())?;
            if read > 0 || out.remaining() == 0 {
                out.advance(read);
                return Poll::Ready(Ok(()));
            }
            if let Some(reply) = self.replies.next().map_err(io::Error::other)? {
                self.pending = io::Cursor::new(reply.to_bytes());
                continue;
            }
            let mut bytes = [0; 4096];
            let mut buffer = ReadBuf::new(&mut bytes);
            ready!(Pin::new(&mut self.wire).poll_read(context, &mut buffer))?;
            if buffer.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            self.replies.push(buffer.filled());
        }
    }
}

impl<S: Wire> AsyncWrite for Dialogue<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.replies.expect_silence().map_err(io::Error::other)?;
        if bytes == FINAL_DOT {
            self.progress.0.store(true, Ordering::SeqCst);
        }
        Pin::new(&mut self.wire).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(context)
    }
}

/// The guard's own complaint inside an error of the stream.
pub(super) fn fault_of(error: &io::Error) -> Option<&ReplyFault> {
    error.get_ref().and_then(|inner| inner.downcast_ref())
}
