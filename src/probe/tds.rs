//! TLS inside TDS: until the handshake is over its records travel in pre-login packets, in both directions (MS-TDS
//! sections 2.2.3.1 and 2.2.6.5). Framing only; never touches a socket, which comes in as a function.

use std::io;

/// A packet's header: type, status, length (with the header), SPID, packet number, window.
const HEADER: usize = 8;
/// `PRELOGIN`, what clients wrap in, and most servers.
const PRE_LOGIN: u8 = 0x12;
/// `Tabular result`, what some servers wrap in.
const RESPONSE: u8 = 0x04;
/// Status of a message's last packet.
const END_OF_MESSAGE: u8 = 0x01;
/// Payload of one packet: the size that holds before a login agrees on another is 4,096 bytes in all.
const PAYLOAD: usize = 4_096 - HEADER;
/// Payload taken for writing at once.
const MOST_TAKEN: usize = 16 * PAYLOAD;
/// Packets without payload, in a row, after which a server is not taken seriously any more.
const MOST_EMPTY: u8 = 16;
/// Content types of TLS records (RFC 8446 section 5.1): none of them is a type of packet that wraps.
const RECORDS: std::ops::RangeInclusive<u8> = 0x14..=0x17;

/// Both directions of one connection.
#[derive(Debug, Default)]
pub(super) struct Tunnel {
    header: [u8; HEADER],
    /// Bytes of the next header that have come.
    have: usize,
    /// Payload still to come of the packet at hand.
    left: usize,
    empty: u8,
    /// The server has left the wrapping: the first bytes of what comes bare, not yet given out.
    bare: Option<Vec<u8>>,
    /// Packets not yet written.
    pending: Vec<u8>,
    number: u8,
    is_over: bool,
}

impl Tunnel {
    /// From now on nothing is wrapped any more.
    pub(super) fn handshake_is_over(&mut self) {
        self.is_over = true;
    }

    /// Bytes that can be read without the socket.
    pub(super) fn has_read_ahead(&self) -> bool {
        self.bare.as_ref().is_some_and(|bytes| !bytes.is_empty())
    }

    /// Reads payload with `read`, which reads the socket and says `WouldBlock` where there is nothing. A server may
    /// leave the wrapping at the end of any packet.
    pub(super) fn read(
        &mut self,
        buffer: &mut [u8],
        mut read: impl FnMut(&mut [u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        loop {
            if let Some(ahead) = &mut self.bare {
                if ahead.is_empty() {
                    return read(buffer);
                }
                let count = ahead.len().min(buffer.len());
                for (to, from) in buffer.iter_mut().zip(ahead.drain(..count)) {
                    *to = from;
                }
                return Ok(count);
            }
            if self.left > 0 {
                let most = self.left.min(buffer.len());
                let count = read(buffer.get_mut(..most).unwrap_or_default())?;
                self.left -= count.min(self.left);
                return Ok(count);
            }
            let count = read(self.header.get_mut(self.have..).unwrap_or_default())?;
            if count == 0 {
                return Ok(0);
            }
            self.take_header(count)?;
        }
    }

    fn take_header(&mut self, count: usize) -> io::Result<()> {
        let malformed = |what: &str| Err(io::Error::new(io::ErrorKind::InvalidData, what.to_owned()));
        let [kind, _, high, low, ..] = self.header;
        if RECORDS.contains(&kind) {
            self.have += count;
            self.bare = self.header.get(..self.have).map(<[u8]>::to_vec);
            return Ok(());
        }
        if !matches!(kind, PRE_LOGIN | RESPONSE) {
            return malformed("neither TLS nor a TDS packet with TLS in it");
        }
        self.have += count;
        if self.have < HEADER {
            return Ok(());
        }
        self.have = 0;
        let Some(left) = usize::from(u16::from_be_bytes([high, low])).checked_sub(HEADER) else {
            return malformed("a TDS packet shorter than its header");
        };
        self.left = left;
        self.empty = if left == 0 { self.empty + 1 } else { 0 };
        if self.empty > MOST_EMPTY { malformed("TDS packets with nothing in them") } else { Ok(()) }
    }

    /// Takes bytes for writing, as many as it says, and writes with `write` what the socket takes. What is left goes
    /// with [`Self::flush`].
    pub(super) fn write(
        &mut self,
        bytes: &[u8],
        mut write: impl FnMut(&[u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        self.flush(&mut write)?;
        if self.is_over {
            return write(bytes);
        }
        let taken = bytes.get(..bytes.len().min(MOST_TAKEN)).unwrap_or_default();
        let mut payloads = taken.chunks(PAYLOAD).peekable();
        while let Some(payload) = payloads.next() {
            let status = if payloads.peek().is_none() { END_OF_MESSAGE } else { 0 };
            let [high, low] = u16::try_from(payload.len() + HEADER).unwrap_or(u16::MAX).to_be_bytes();
            self.number = self.number.wrapping_add(1);
            self.pending.extend([PRE_LOGIN, status, high, low, 0, 0, self.number, 0]);
            self.pending.extend(payload);
        }
        match self.flush(&mut write) {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            _ => Ok(taken.len()),
        }
    }

    /// Writes what was taken; `WouldBlock` where not all of it fits.
    pub(super) fn flush(&mut self, mut write: impl FnMut(&[u8]) -> io::Result<usize>) -> io::Result<()> {
        while !self.pending.is_empty() {
            let count = write(&self.pending)?;
            self.pending.drain(..count.min(self.pending.len()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(kind: u8, payload: &[u8]) -> Vec<u8> {
        let [high, low] = u16::try_from(payload.len() + HEADER).unwrap().to_be_bytes();
        [&[kind, 1, high, low, 0, 0, 1, 0], payload].concat()
    }

    /// Reads all of `wire`, which comes in pieces of `piece` bytes.
    fn read_all(wire: &[u8], piece: usize) -> io::Result<Vec<u8>> {
        let (mut tunnel, mut rest, mut out) = (Tunnel::default(), wire, Vec::new());
        let mut buffer = [0; 5];
        loop {
            let count = tunnel.read(&mut buffer, |to| {
                let count = rest.len().min(piece).min(to.len());
                to[..count].copy_from_slice(&rest[..count]);
                rest = &rest[count..];
                Ok(count)
            })?;
            if count == 0 {
                return Ok(out);
            }
            out.extend(&buffer[..count]);
        }
    }

    #[test]
    fn packets_of_any_size_are_unwrapped() {
        let wire = [packet(0x12, b"\x16first"), packet(0x04, b""), packet(0x12, b"second")].concat();
        for piece in 1..wire.len() {
            assert_eq!(read_all(&wire, piece).unwrap(), b"\x16firstsecond");
        }
    }

    #[test]
    fn a_server_may_leave_the_wrapping_after_a_packet() {
        let wire = [packet(0x12, b"\x16wrapped"), b"\x17\x03\x03bare and on".to_vec()].concat();
        for piece in 1..wire.len() {
            assert_eq!(read_all(&wire, piece).unwrap(), b"\x16wrapped\x17\x03\x03bare and on");
        }
    }

    #[test]
    fn what_is_no_packet_is_malformed() {
        let short = [0x12, 1, 0, 7, 0, 0, 1, 0].to_vec();
        let empty = packet(0x12, b"").repeat(usize::from(MOST_EMPTY) + 1);
        for wire in [b"220 hello there\r\n".to_vec(), short, empty] {
            assert_eq!(read_all(&wire, 3).unwrap_err().kind(), io::ErrorKind::InvalidData);
        }
    }

    #[test]
    fn what_is_written_is_wrapped_until_the_handshake_is_over() {
        let (mut tunnel, mut wire) = (Tunnel::default(), Vec::<u8>::new());
        let long = vec![7; PAYLOAD + 1];
        for bytes in [b"hello".as_slice(), &long] {
            let count = tunnel.write(bytes, |bytes| {
                wire.extend(bytes);
                Ok(bytes.len())
            });
            assert_eq!(count.unwrap(), bytes.len());
        }
        assert_eq!(wire[..13], *b"\x12\x01\x00\x0d\x00\x00\x01\x00hello");
        assert_eq!(wire[13..21], *b"\x12\x00\x10\x00\x00\x00\x02\x00");
        assert_eq!(wire[21 + PAYLOAD..], *b"\x12\x01\x00\x09\x00\x00\x03\x00\x07");
        tunnel.handshake_is_over();
        let mut bare = Vec::new();
        let count = tunnel.write(b"after", |bytes| {
            bare.extend(bytes);
            Ok(bytes.len())
        });
        assert_eq!((count.unwrap(), bare.as_slice()), (5, b"after".as_slice()));
    }

    #[test]
    fn a_full_socket_gets_the_rest_later() {
        let mut tunnel = Tunnel::default();
        let (mut wire, mut room) = (Vec::<u8>::new(), 3);
        let mut write = |bytes: &[u8]| {
            let count = bytes.len().min(room);
            (room, _) = (room - count, wire.extend(&bytes[..count]));
            if count == 0 { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(count) }
        };
        assert_eq!(tunnel.write(b"hello", &mut write).unwrap(), 5);
        assert_eq!(tunnel.write(b"again", &mut write).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        let rest = |bytes: &[u8]| {
            wire.extend(bytes);
            Ok(bytes.len())
        };
        tunnel.flush(rest).unwrap();
        assert_eq!(wire, b"\x12\x01\x00\x0d\x00\x00\x01\x00hello");
    }
}
