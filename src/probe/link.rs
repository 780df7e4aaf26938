//! An open connection as the handshakes read and write it, whatever its records are wrapped in. Never blocks, never
//! connects.

use std::cell::RefCell;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::net::TcpStream;

use super::tds::Tunnel;
use crate::tls::starttls::Wrapping;

/// Bytes read at once: a whole flight in most cases, a whole record in all.
const READ_BYTES: usize = 20 * 1024;

thread_local! {
    /// One buffer per worker, held only between two waits: a connection that waits for bytes has none.
    static READ_BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BYTES]);
}

/// A connection on which TLS may start.
#[derive(Debug)]
pub(crate) struct Link {
    stream: TcpStream,
    /// Held for one read or write at a time, never over a wait.
    tunnel: Option<Box<Mutex<Tunnel>>>,
}

impl Link {
    /// A connection on which TLS starts with the first byte.
    pub(crate) fn direct(stream: TcpStream) -> Self {
        Self { stream, tunnel: None }
    }

    /// The same connection, its records wrapped from here on.
    pub(crate) fn wrapped(self, wrapping: Wrapping) -> Self {
        let tunnel = match wrapping {
            Wrapping::None => None,
            Wrapping::Tds => Some(Box::default()),
        };
        Self { tunnel, ..self }
    }

    /// Ends the wrapping of what is written, where records are wrapped only up to the end of the handshake.
    pub(crate) fn handshake_is_over(&self) {
        if let Some(mut tunnel) = self.tunnel() {
            tunnel.handshake_is_over();
        }
    }

    fn tunnel(&self) -> Option<MutexGuard<'_, Tunnel>> {
        Some(self.tunnel.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until there may be something to read.
    pub(crate) async fn readable(&self) -> io::Result<()> {
        if self.tunnel.is_some() {
            return Box::pin(self.readable_in_tunnel()).await;
        }
        self.stream.readable().await
    }

    /// What was taken for writing goes out first: nobody else would see to it.
    async fn readable_in_tunnel(&self) -> io::Result<()> {
        loop {
            let flushed = self.tunnel().map(|mut tunnel| {
                tunnel.flush(|bytes| self.stream.try_write(bytes)).map(|()| tunnel.has_read_ahead())
            });
            match flushed {
                Some(Ok(true)) => return Ok(()),
                Some(Ok(false)) | None => return self.stream.readable().await,
                Some(Err(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.stream.writable().await?;
                }
                Some(Err(error)) => return Err(error),
            }
        }
    }

    /// Waits until something may be written.
    pub(crate) async fn writable(&self) -> io::Result<()> {
        self.stream.writable().await
    }

    /// Reads what is there; `WouldBlock` where nothing is.
    pub(crate) fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.tunnel() {
            Some(mut tunnel) => tunnel.read(buffer, |buffer| self.stream.try_read(buffer)),
            None => self.stream.try_read(buffer),
        }
    }

    /// Waits for bytes and hands them to `take`; none where the peer has closed.
    pub(crate) async fn receive<T>(&self, mut take: impl FnMut(&mut [u8]) -> T) -> io::Result<T> {
        loop {
            self.readable().await?;
            let received: io::Result<T> = READ_BUFFER.with_borrow_mut(|buffer| {
                let count = self.try_read(buffer)?;
                Ok(take(buffer.get_mut(..count).unwrap_or_default()))
            });
            match received {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                received => return received,
            }
        }
    }

    /// Writes what fits; `WouldBlock` where nothing does.
    pub(crate) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self.tunnel() {
            Some(mut tunnel) => tunnel.write(bytes, |bytes| self.stream.try_write(bytes)),
            None => self.stream.try_write(bytes),
        }
    }

    /// As [`Self::try_write`], from several buffers.
    pub(crate) fn try_write_vectored(&self, buffers: &[io::IoSlice<'_>]) -> io::Result<usize> {
        match self.tunnel() {
            Some(mut tunnel) => {
                // What goes together goes into one message.
                let joined: Vec<u8> = buffers.iter().flat_map(|buffer| buffer.iter().copied()).collect();
                tunnel.write(&joined, |bytes| self.stream.try_write(bytes))
            }
            None => self.stream.try_write_vectored(buffers),
        }
    }

    /// Writes all of `bytes`.
    pub(crate) async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.try_write(bytes) {
                Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.writable().await?,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Does not hold back what is written until what was written before is acknowledged (Nagle): for two writes without
    /// an answer in between. An optimisation: it may fail.
    pub(crate) fn send_at_once(&self) {
        let _ = self.stream.set_nodelay(true);
    }

    /// Acknowledges what came at once: servers that write their answer in pieces wait for the acknowledgement of the
    /// first (Nagle), which the kernel would delay by 40 ms in a dialogue. An optimisation: it may fail.
    pub(crate) fn acknowledge_at_once(&self) {
        #[cfg(target_os = "linux")]
        let _ = socket2::SockRef::from(&self.stream).set_tcp_quickack(true);
    }
}
