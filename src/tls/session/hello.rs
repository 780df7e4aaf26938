//! The ClientHello of a session: new, resumed, or renegotiated. RFC 5246 section 7.4.1.2, RFC 5077, RFC 5746.

use super::{Resumable, Terms};
use crate::tls::codec::{self, extension, handshake};
use crate::tls::{NamedGroup, ProtocolVersion, SignatureScheme, hello};

const GROUPS: [NamedGroup; 4] =
    [NamedGroup::x25519, NamedGroup::secp256r1, NamedGroup::secp384r1, NamedGroup::secp521r1];

/// Signatures are not checked, so every kind of key will do.
const SCHEMES: [SignatureScheme; 14] = [
    SignatureScheme::ecdsa_secp256r1_sha256,
    SignatureScheme::ecdsa_secp384r1_sha384,
    SignatureScheme::ecdsa_secp521r1_sha512,
    SignatureScheme::ed25519,
    SignatureScheme::ed448,
    SignatureScheme::rsa_pss_rsae_sha256,
    SignatureScheme::rsa_pss_rsae_sha384,
    SignatureScheme::rsa_pss_rsae_sha512,
    SignatureScheme::rsa_pkcs1_sha256,
    SignatureScheme::rsa_pkcs1_sha384,
    SignatureScheme::rsa_pkcs1_sha512,
    SignatureScheme::rsa_pkcs1_sha1,
    SignatureScheme::ecdsa_sha1,
    SignatureScheme::dsa_sha1,
];

/// The session id that is sent: that of the session to resume, or what stands for it beside a ticket.
pub(super) fn session_id(terms: &Terms) -> &[u8] {
    terms.resume.as_ref().map_or(&[], |resume| &resume.session_id)
}

/// The whole handshake message. `verify_data` is that of the client's last Finished: empty but in a renegotiation.
pub(super) fn client_hello(terms: &Terms, random: &[u8], verify_data: &[u8]) -> Vec<u8> {
    let mut body = terms.version.0.to_be_bytes().to_vec();
    body.extend_from_slice(random);
    codec::put_vector8(&mut body, session_id(terms));
    let suites: Vec<u8> = terms.cipher_suites.iter().flat_map(|suite| suite.0.to_be_bytes()).collect();
    codec::put_vector16(&mut body, &suites);
    codec::put_vector8(&mut body, &[0]);
    let mut list = extensions(terms, verify_data);
    if let Some(zeros) = hello::padding(4 + body.len() + 2 + list.len()) {
        codec::put_extension(&mut list, extension::PADDING, &vec![0; zeros]);
    }
    codec::put_vector16(&mut body, &list);
    message(handshake::CLIENT_HELLO, &body)
}

fn extensions(terms: &Terms, verify_data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    if let Some(name) = &terms.server_name {
        let mut entry = vec![0];
        codec::put_vector16(&mut entry, name.as_bytes());
        put_list(&mut out, extension::SERVER_NAME, &entry);
    }
    if terms.extended_master_secret {
        codec::put_extension(&mut out, extension::EXTENDED_MASTER_SECRET, &[]);
    }
    let mut connection = Vec::new();
    codec::put_vector8(&mut connection, verify_data);
    codec::put_extension(&mut out, extension::RENEGOTIATION_INFO, &connection);
    put_list(&mut out, extension::SUPPORTED_GROUPS, &numbers(GROUPS.map(|group| group.0)));
    codec::put_extension(&mut out, extension::EC_POINT_FORMATS, &[1, 0]);
    if terms.session_tickets {
        let ticket = terms.resume.as_ref().and_then(|resume| resume.session.ticket.as_deref());
        codec::put_extension(&mut out, extension::SESSION_TICKET, ticket.unwrap_or_default());
    }
    if terms.encrypt_then_mac {
        codec::put_extension(&mut out, extension::ENCRYPT_THEN_MAC, &[]);
    }
    if terms.version == ProtocolVersion::TLSv1_2 {
        put_list(&mut out, extension::SIGNATURE_ALGORITHMS, &numbers(SCHEMES.map(|scheme| scheme.0)));
    }
    out
}

fn numbers<const N: usize>(values: [u16; N]) -> Vec<u8> {
    values.into_iter().flat_map(u16::to_be_bytes).collect()
}

fn put_list(out: &mut Vec<u8>, number: u16, content: &[u8]) {
    let mut list = Vec::with_capacity(content.len() + 2);
    codec::put_vector16(&mut list, content);
    codec::put_extension(out, number, &list);
}

/// A handshake message of less than 64 KiB.
pub(super) fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut message = vec![kind, 0];
    codec::put_vector16(&mut message, body);
    message
}

impl Resumable {
    /// Resumption by this session's id.
    pub fn by_id(self) -> super::Resume {
        super::Resume { session_id: self.session_id.clone(), session: self }
    }

    /// Resumption by this session's ticket, with `session_id` for the server to repeat (RFC 5077 section 3.4).
    pub fn by_ticket(self, session_id: Vec<u8>) -> super::Resume {
        super::Resume { session_id, session: self }
    }
}
