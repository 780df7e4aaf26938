//! TLS 1.3 inside QUIC (RFC 9001): rustls as the state machine of QUIC wants it, with what was negotiated kept where it
//! can be read after the handshake failed. Never resumes a session, never sends early data.

use std::any::Any;
use std::io::Cursor;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use quinn_proto::crypto::{self, ExportKeyingMaterialError, HeaderKey, KeyPair, PacketKey, Session};
use quinn_proto::transport_parameters::TransportParameters;
use quinn_proto::{ConnectError, ConnectionId, Side, TransportError, TransportErrorCode};
use rustls::HandshakeKind;
use rustls::quic::{ClientConnection, DirectionalKeys, KeyChange, Keys, Secrets, Suite, Version};
use rustls_pki_types::ServerName;

use crate::text::Untrusted;
use crate::tls::{CipherSuite, NamedGroup};

/// What one handshake negotiated so far.
#[derive(Debug, Default)]
pub(super) struct Negotiated {
    pub(super) cipher_suite: Option<CipherSuite>,
    pub(super) group: Option<NamedGroup>,
    pub(super) alpn: Option<Untrusted>,
    pub(super) hello_retried: bool,
    /// Bytes of a handshake came.
    pub(super) is_heard: bool,
    /// Why rustls did not go on.
    pub(super) error: Option<rustls::Error>,
}

/// Where the session writes what it negotiates.
#[derive(Debug, Clone, Default)]
pub(super) struct Notes(Arc<Mutex<Negotiated>>);

impl Notes {
    pub(super) fn read(&self) -> MutexGuard<'_, Negotiated> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes the session of one connection.
pub(super) struct Recording {
    pub(super) config: Arc<rustls::ClientConfig>,
    pub(super) name: ServerName<'static>,
    pub(super) alpn: Vec<Vec<u8>>,
    /// AES-128-GCM, which protects the first packets of every connection (RFC 9001 section 5.2).
    pub(super) initial: Suite,
    pub(super) notes: Notes,
}

impl crypto::ClientConfig for Recording {
    fn start_session(
        self: Arc<Self>,
        _version: u32,
        _server_name: &str,
        parameters: &TransportParameters,
    ) -> Result<Box<dyn Session>, ConnectError> {
        let mut written = Vec::new();
        parameters.write(&mut written);
        let (config, name, alpn) = (Arc::clone(&self.config), self.name.clone(), self.alpn.clone());
        let rustls = ClientConnection::new_with_alpn(config, Version::V1, name, written, alpn)
            .map_err(|error| ConnectError::InvalidServerName(error.to_string()))?;
        let (initial, notes) = (self.initial, self.notes.clone());
        Ok(Box::new(Recorded { rustls, initial, next: None, notes }))
    }
}

/// A session that keeps notes.
struct Recorded {
    rustls: ClientConnection,
    initial: Suite,
    next: Option<Secrets>,
    notes: Notes,
}

impl Recorded {
    fn note(&self, error: Option<rustls::Error>) {
        let session = &self.rustls;
        let mut notes = self.notes.read();
        notes.is_heard = true;
        notes.cipher_suite = session.negotiated_cipher_suite().map(|suite| CipherSuite(suite.suite().into()));
        notes.group = session.negotiated_key_exchange_group().map(|group| NamedGroup(group.name().into()));
        notes.alpn = session.alpn_protocol().map(Untrusted::from_bytes);
        notes.hello_retried = session.handshake_kind() == Some(HandshakeKind::FullWithHelloRetryRequest);
        notes.error = error;
    }
}

impl Session for Recorded {
    fn initial_keys(&self, destination: &ConnectionId, side: Side) -> crypto::Keys {
        let side = match side {
            Side::Client => rustls::Side::Client,
            Side::Server => rustls::Side::Server,
        };
        keys(self.initial.keys(destination, side, Version::V1))
    }

    fn handshake_data(&self) -> Option<Box<dyn Any>> {
        None
    }

    fn peer_identity(&self) -> Option<Box<dyn Any>> {
        None
    }

    fn early_crypto(&self) -> Option<(Box<dyn HeaderKey>, Box<dyn PacketKey>)> {
        None
    }

    fn early_data_accepted(&self) -> Option<bool> {
        None
    }

    fn is_handshaking(&self) -> bool {
        self.rustls.is_handshaking()
    }

    fn read_handshake(&mut self, bytes: &[u8]) -> Result<bool, TransportError> {
        let read = self.rustls.read_hs(bytes);
        self.note(read.as_ref().err().cloned());
        match read {
            Ok(()) => Ok(false),
            Err(error) => {
                let alert = self.rustls.alert().map(u8::from);
                let code = alert.map_or(TransportErrorCode::PROTOCOL_VIOLATION, TransportErrorCode::crypto);
                Err(TransportError { code, frame: None, reason: error.to_string() })
            }
        }
    }

    fn transport_parameters(&self) -> Result<Option<TransportParameters>, TransportError> {
        let Some(written) = self.rustls.quic_transport_parameters() else { return Ok(None) };
        Ok(Some(TransportParameters::read(Side::Client, &mut Cursor::new(written))?))
    }

    fn write_handshake(&mut self, out: &mut Vec<u8>) -> Option<crypto::Keys> {
        match self.rustls.write_hs(out)? {
            KeyChange::Handshake { keys: new } => Some(keys(new)),
            KeyChange::OneRtt { keys: new, next } => {
                self.next = Some(next);
                Some(keys(new))
            }
        }
    }

    fn next_1rtt_keys(&mut self) -> Option<KeyPair<Box<dyn PacketKey>>> {
        let next = self.next.as_mut()?.next_packet_keys();
        Some(KeyPair { local: Box::new(next.local), remote: Box::new(next.remote) })
    }

    fn is_valid_retry(&self, first_destination: &ConnectionId, header: &[u8], payload: &[u8]) -> bool {
        is_valid_retry(first_destination, header, payload).unwrap_or(false)
    }

    /// Nothing is done with the connection that would need them.
    fn export_keying_material(
        &self,
        _out: &mut [u8],
        _label: &[u8],
        _context: &[u8],
    ) -> Result<(), ExportKeyingMaterialError> {
        Err(ExportKeyingMaterialError)
    }
}

fn keys(keys: Keys) -> crypto::Keys {
    let halves = |keys: DirectionalKeys| (Box::new(keys.header), Box::new(keys.packet));
    let ((local_header, local_packet), (remote_header, remote_packet)) =
        (halves(keys.local), halves(keys.remote));
    crypto::Keys {
        header: KeyPair { local: local_header, remote: remote_header },
        packet: KeyPair { local: local_packet, remote: remote_packet },
    }
}

/// Whether a Retry packet is for the connection that it came to: its tag is an empty message sealed with a key that
/// everybody knows (RFC 9001 section 5.8).
fn is_valid_retry(first_destination: &[u8], header: &[u8], payload: &[u8]) -> Option<bool> {
    const KEY: [u8; 16] =
        [0xbe, 0x0c, 0x69, 0x0b, 0x9f, 0x66, 0x57, 0x5a, 0x1d, 0x76, 0x6b, 0x54, 0xe3, 0x68, 0xc8, 0x4e];
    const NONCE: [u8; 12] = [0x46, 0x15, 0x99, 0xd3, 0x5d, 0x63, 0x2b, 0xf2, 0x23, 0x98, 0x25, 0xbb];
    let (token, tag) = payload.split_last_chunk::<16>()?;
    let length = u8::try_from(first_destination.len()).ok()?;
    let sealed = [&[length], first_destination, header, token].concat();
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &KEY).ok()?);
    let nonce = Nonce::assume_unique_for_key(NONCE);
    Some(key.open_in_place(nonce, Aad::from(sealed), &mut tag.to_vec()).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_is_known_by_its_tag() {
        // RFC 9001 appendix A.4.
        let destination = [0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08];
        let header = [0xff, 0, 0, 0, 1, 0, 0x08, 0xf0, 0x67, 0xa5, 0x50, 0x2a, 0x42, 0x62, 0xb5];
        let mut payload = b"token".to_vec();
        payload.extend_from_slice(&[
            0x04, 0xa2, 0x65, 0xba, 0x2e, 0xff, 0x4d, 0x82, 0x90, 0x58, 0xfb, 0x3f, 0x0f, 0x24, 0x96, 0xba,
        ]);
        assert_eq!(is_valid_retry(&destination, &header, &payload), Some(true));
        assert_eq!(is_valid_retry(&destination[1..], &header, &payload), Some(false));
        assert_eq!(is_valid_retry(&destination, &header, &payload[..9]), None);
    }
}
