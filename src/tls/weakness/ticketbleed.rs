//! Ticketbleed (CVE-2016-9244): a server that resumes from a ticket repeats the client's session id, and takes it for
//! 32 bytes long, however short it is: what stands behind it in memory comes along. Shown by a session id of one byte.
//! The bytes that come are counted, never kept.

use crate::tls::session::Negotiated;

/// What a server made of a session id of one byte beside a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Echo {
    /// It resumed and repeated that byte alone.
    Exact,
    /// It resumed, and this many bytes came behind ours.
    Leaks(usize),
    /// It resumed with an id of its own.
    Another,
    /// It did not take the ticket.
    NotResumed,
}

/// Reads the echo of `session_id` from what a handshake agreed on.
pub fn echo(session_id: u8, negotiated: &Negotiated) -> Echo {
    match negotiated.session_id.as_slice() {
        _ if !negotiated.resumed => Echo::NotResumed,
        [first] if *first == session_id => Echo::Exact,
        [first, behind @ ..] if *first == session_id => Echo::Leaks(behind.len()),
        _ => Echo::Another,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::{CipherSuite, ProtocolVersion};

    #[test]
    fn only_a_resumed_session_with_more_than_our_byte_leaks() {
        for (session_id, resumed, expected) in [
            (vec![7], true, Echo::Exact),
            (vec![7; 32], true, Echo::Leaks(31)),
            (vec![7; 32], false, Echo::NotResumed),
            (vec![8; 32], true, Echo::Another),
            (vec![], true, Echo::Another),
        ] {
            let negotiated = Negotiated {
                version: ProtocolVersion::TLSv1_2,
                cipher_suite: CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA,
                session_id,
                extensions: Vec::new(),
                resumed,
                ticket_lifetime_seconds: None,
                client_auth: false,
            };
            assert_eq!(echo(7, &negotiated), expected);
        }
    }
}
