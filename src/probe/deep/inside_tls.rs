//! A few words inside TLS, by rustls over a connection of our own. Refuses no certificate, judges nothing; whoever calls
//! sets the deadline.

use std::io::{self, Read, Write};

use rustls::ClientConnection;

use crate::probe::link::Link;
use crate::probe::pump::{Pump, Stopped};

/// A session and its connection.
#[derive(Debug)]
pub(super) struct InsideTls<'a>(Pump<'a>);

impl<'a> InsideTls<'a> {
    pub(super) fn new(link: &'a Link, session: ClientConnection) -> Self {
        Self(Pump::new(link, session))
    }

    /// Completes the handshake.
    ///
    /// # Errors
    /// When the connection or the session broke.
    pub(super) async fn shake_hands(&mut self) -> Result<(), Stopped> {
        loop {
            self.0.flush().await.map_err(Stopped::Io)?;
            if !self.0.session.is_handshaking() {
                return Ok(());
            }
            self.0.read().await?;
        }
    }

    /// Says `words` and reads on until the server hangs up, or has said enough.
    ///
    /// # Errors
    /// When the connection or the session broke; what was said until then is kept.
    pub(super) async fn converse(
        &mut self,
        words: &str,
        said: &mut Vec<u8>,
        is_enough: impl Fn(&[u8]) -> bool,
    ) -> Result<(), Stopped> {
        self.0.session.writer().write_all(words.as_bytes()).map_err(Stopped::Io)?;
        self.0.flush().await.map_err(Stopped::Io)?;
        let mut buffer = [0; 4 * 1024];
        while !is_enough(said) {
            match self.0.session.reader().read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(count) => said.extend(buffer.iter().take(count)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.0.read().await?;
                }
                Err(error) => return Err(Stopped::Io(error)),
            }
        }
        Ok(())
    }

    /// Takes leave, as far as the connection lets us.
    pub(super) fn say_goodbye(&mut self) {
        self.0.session.send_close_notify();
        let _ = self.0.write();
    }
}
