//! Drives a rustls session by hand over an open connection: writes what it wants to say, reads what there is, in turns.
//! Never connects, never decides when enough was said.

use std::io;

use rustls::{ClientConnection, Error, IoState};

use super::link::Link;

/// Bytes that a server may send: more than rustls' own limit of 64 KiB for a message.
const MOST_BYTES: usize = 256 * 1024;
/// First bytes of an answer that are kept, to tell what a peer speaks that does not speak TLS.
const OPENING: usize = 64;

/// A session and its connection.
#[derive(Debug)]
pub(super) struct Pump<'a> {
    pub(super) link: &'a Link,
    pub(super) session: ClientConnection,
    /// The first bytes the peer sent; empty if it sent none.
    pub(super) opening: Vec<u8>,
    bytes: usize,
}

/// Why nothing more can be read.
#[derive(Debug)]
pub(super) enum Stopped {
    Io(io::Error),
    Tls(Error),
    Closed,
    /// The server sends on and on.
    Endless,
}

impl<'a> Pump<'a> {
    pub(super) fn new(link: &'a Link, session: ClientConnection) -> Self {
        Self { link, session, opening: Vec::new(), bytes: 0 }
    }

    /// Writes all that the session has to say.
    ///
    /// # Errors
    /// The connection broke.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        while self.session.wants_write() {
            match self.write() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.link.writable().await?,
                written => written?,
            }
        }
        Ok(())
    }

    /// Writes what the connection takes now of what the session has to say.
    ///
    /// # Errors
    /// The connection broke, or takes nothing now.
    pub(super) fn write(&mut self) -> io::Result<()> {
        self.session.write_tls(&mut Wire { link: self.link, opening: None }).map(|_| ())
    }

    /// Waits for bytes and lets the session work on them.
    ///
    /// # Errors
    /// Nothing more can be read. Where the session found fault, it has told the server why.
    pub(super) async fn read(&mut self) -> Result<IoState, Stopped> {
        let count = loop {
            let mut wire = Wire { link: self.link, opening: Some(&mut self.opening) };
            match self.session.read_tls(&mut wire) {
                Ok(0) => return Err(Stopped::Closed),
                Ok(count) => break count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.link.readable().await.map_err(Stopped::Io)?;
                }
                Err(error) => return Err(Stopped::Io(error)),
            }
        };
        self.bytes += count;
        let state = self.session.process_new_packets().map_err(|error| {
            // The server hears why, if it still listens.
            let _ = self.session.write_tls(&mut Wire { link: self.link, opening: None });
            Stopped::Tls(error)
        })?;
        if self.bytes > MOST_BYTES { Err(Stopped::Endless) } else { Ok(state) }
    }
}

/// The connection as rustls reads and writes it; never blocks.
struct Wire<'a> {
    link: &'a Link,
    /// Gets the first bytes.
    opening: Option<&'a mut Vec<u8>>,
}

impl io::Read for Wire<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.link.try_read(buffer)?;
        if let Some(opening) = &mut self.opening {
            let room = OPENING.saturating_sub(opening.len());
            opening.extend(buffer.iter().take(count.min(room)));
        }
        Ok(count)
    }
}

impl io::Write for Wire<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.link.try_write(buffer)
    }

    fn write_vectored(&mut self, buffers: &[io::IoSlice<'_>]) -> io::Result<usize> {
        self.link.try_write_vectored(buffers)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
