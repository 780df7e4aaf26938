//! Bounds-checked reading and writing of TLS presentation language (RFC 8446 section 3). Never indexes, never
//! reads past what it was given.

/// Reads from the front of a slice; `None` where the bytes do not suffice.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// What is not read yet.
    pub(super) fn rest(self) -> &'a [u8] {
        self.0
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        let (&[value], rest) = self.0.split_first_chunk::<1>()?;
        self.0 = rest;
        Some(value)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        let (value, rest) = self.0.split_first_chunk::<2>()?;
        self.0 = rest;
        Some(u16::from_be_bytes(*value))
    }

    pub(super) fn u24(&mut self) -> Option<usize> {
        let (&[a, b, c], rest) = self.0.split_first_chunk::<3>()?;
        self.0 = rest;
        Some(u32::from_be_bytes([0, a, b, c]) as usize)
    }

    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// A vector with a one-byte length.
    pub(super) fn vector8(&mut self) -> Option<&'a [u8]> {
        let length = self.u8()?;
        self.take(length.into())
    }

    /// A vector with a two-byte length.
    pub(super) fn vector16(&mut self) -> Option<&'a [u8]> {
        let length = self.u16()?;
        self.take(length.into())
    }

    /// A vector with a three-byte length.
    pub(super) fn vector24(&mut self) -> Option<&'a [u8]> {
        let length = self.u24()?;
        self.take(length)
    }

    /// A vector with a three-byte length, that length included.
    pub(super) fn prefixed_vector24(&mut self) -> Option<&'a [u8]> {
        let whole = self.0;
        let content = self.vector24()?;
        whole.get(..3 + content.len())
    }

    /// An extension: its type and its content.
    pub(super) fn extension(&mut self) -> Option<(u16, &'a [u8])> {
        Some((self.u16()?, self.vector16()?))
    }
}

/// A handshake message at the front of `bytes`, header included, and what follows; `None` until it is whole.
pub(super) fn split_message(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    bytes.split_at_checked(4 + message_length(bytes)?)
}

/// The length that a handshake message's header announces for its body.
pub(super) fn message_length(bytes: &[u8]) -> Option<usize> {
    let (&[_, a, b, c], _) = bytes.split_first_chunk::<4>()?;
    Some(u32::from_be_bytes([0, a, b, c]) as usize)
}

/// Appends a vector with a one-byte length; content over 255 bytes is cut, so that lengths stay true.
pub(super) fn put_vector8(out: &mut Vec<u8>, content: &[u8]) {
    let length = u8::try_from(content.len()).unwrap_or(u8::MAX);
    out.push(length);
    out.extend(content.iter().take(length.into()));
}

/// Appends a vector with a two-byte length; content over 65,535 bytes is cut, so that lengths stay true.
pub(super) fn put_vector16(out: &mut Vec<u8>, content: &[u8]) {
    let length = u16::try_from(content.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend(content.iter().take(length.into()));
}

/// Appends an extension.
pub(super) fn put_extension(out: &mut Vec<u8>, extension: u16, content: &[u8]) {
    out.extend_from_slice(&extension.to_be_bytes());
    put_vector16(out, content);
}

/// Appends a two-byte length. Lengths here come from hellos, which stay far below 64 KiB.
pub(super) fn put_length16(out: &mut Vec<u8>, length: usize) {
    out.extend_from_slice(&u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes());
}

/// Extension types (IANA "TLS ExtensionType Values") that are sent or read here.
pub(super) mod extension {
    pub(in crate::tls) const SERVER_NAME: u16 = 0;
    pub(in crate::tls) const STATUS_REQUEST: u16 = 5;
    pub(in crate::tls) const SUPPORTED_GROUPS: u16 = 10;
    pub(in crate::tls) const EC_POINT_FORMATS: u16 = 11;
    pub(in crate::tls) const SIGNATURE_ALGORITHMS: u16 = 13;
    pub(in crate::tls) const HEARTBEAT: u16 = 15;
    pub(in crate::tls) const ALPN: u16 = 16;
    pub(in crate::tls) const SIGNED_CERTIFICATE_TIMESTAMP: u16 = 18;
    pub(in crate::tls) const PADDING: u16 = 21;
    pub(in crate::tls) const ENCRYPT_THEN_MAC: u16 = 22;
    pub(in crate::tls) const EXTENDED_MASTER_SECRET: u16 = 23;
    pub(in crate::tls) const SESSION_TICKET: u16 = 35;
    pub(in crate::tls) const SUPPORTED_VERSIONS: u16 = 43;
    pub(in crate::tls) const COOKIE: u16 = 44;
    pub(in crate::tls) const CERTIFICATE_AUTHORITIES: u16 = 47;
    pub(in crate::tls) const SIGNATURE_ALGORITHMS_CERT: u16 = 50;
    pub(in crate::tls) const KEY_SHARE: u16 = 51;
    pub(in crate::tls) const RENEGOTIATION_INFO: u16 = 0xff01;
}

/// Handshake types (IANA "TLS HandshakeType") that are sent or read here.
pub(super) mod handshake {
    pub(in crate::tls) const HELLO_REQUEST: u8 = 0;
    pub(in crate::tls) const CLIENT_HELLO: u8 = 1;
    pub(in crate::tls) const SERVER_HELLO: u8 = 2;
    /// DTLS only (RFC 6347 section 4.3.2).
    pub(in crate::tls) const HELLO_VERIFY_REQUEST: u8 = 3;
    pub(in crate::tls) const NEW_SESSION_TICKET: u8 = 4;
    pub(in crate::tls) const ENCRYPTED_EXTENSIONS: u8 = 8;
    pub(in crate::tls) const CERTIFICATE: u8 = 11;
    pub(in crate::tls) const SERVER_KEY_EXCHANGE: u8 = 12;
    pub(in crate::tls) const CERTIFICATE_REQUEST: u8 = 13;
    pub(in crate::tls) const SERVER_HELLO_DONE: u8 = 14;
    pub(in crate::tls) const CERTIFICATE_VERIFY: u8 = 15;
    pub(in crate::tls) const CLIENT_KEY_EXCHANGE: u8 = 16;
    pub(in crate::tls) const FINISHED: u8 = 20;
    pub(in crate::tls) const CERTIFICATE_STATUS: u8 = 22;
    pub(in crate::tls) const SUPPLEMENTAL_DATA: u8 = 23;
    pub(in crate::tls) const MESSAGE_HASH: u8 = 254;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_never_reads_past_the_end() {
        let mut reader = Reader::new(&[0, 3, 1, 2]);
        assert_eq!(reader.vector16(), None);
        let mut reader = Reader::new(&[2, 7, 8, 0, 1, 9, 0, 0, 1, 5]);
        assert_eq!(reader.vector8(), Some([7, 8].as_slice()));
        assert_eq!(reader.vector16(), Some([9].as_slice()));
        assert_eq!(reader.vector24(), Some([5].as_slice()));
        assert!(reader.is_empty());
        assert_eq!(reader.u8(), None);
    }

    #[test]
    fn a_message_is_split_off_only_when_whole() {
        assert_eq!(split_message(&[14, 0, 0]), None);
        assert_eq!(split_message(&[11, 0, 0, 2, 1]), None);
        assert_eq!(
            split_message(&[11, 0, 0, 1, 5, 14]),
            Some(([11, 0, 0, 1, 5].as_slice(), [14].as_slice()))
        );
    }

    #[test]
    fn an_oversized_vector_is_cut_to_its_length() {
        let mut out = Vec::new();
        put_vector8(&mut out, &[1; 300]);
        assert_eq!((out.len(), out.first()), (256, Some(&255)));
    }
}
