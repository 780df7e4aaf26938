//! What a scripted host needs to know of a ClientHello (RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2).
//! Invariant: reads at most [`MAX_HELLO_BYTES`] from a peer; never answers.

use tokio::io::{AsyncRead, AsyncReadExt};

use crate::tls::{CipherSuite, ProtocolVersion};

/// A hello is a few hundred bytes; one with many key shares a few thousand.
const MAX_HELLO_BYTES: usize = 65_536;

/// TLS_EMPTY_RENEGOTIATION_INFO_SCSV.
const RENEGOTIATION_SUITE: CipherSuite = CipherSuite(0x00ff);

/// `renegotiation_info`.
const RENEGOTIATION_EXTENSION: [u8; 2] = [0xff, 0x01];

/// The parts of a hello that decide the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ClientHello {
    /// `legacy_version`.
    pub(super) version: ProtocolVersion,
    pub(super) random: [u8; 32],
    pub(super) suites: Vec<CipherSuite>,
    /// Asks for secure renegotiation by the extension or by the suite value (RFC 5746 section 3.3).
    pub(super) secure_renegotiation: bool,
}

/// Reads records until a ClientHello is complete; `None` if the peer speaks something else or leaves.
pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<ClientHello> {
    let mut handshake = Vec::new();
    loop {
        let mut header = [0; 5];
        stream.read_exact(&mut header).await.ok()?;
        let [22, 3, _, high, low] = header else { return None };
        let length = usize::from(u16::from_be_bytes([high, low]));
        if handshake.len() + length > MAX_HELLO_BYTES {
            return None;
        }
        let start = handshake.len();
        handshake.resize(start + length, 0);
        stream.read_exact(handshake.get_mut(start..)?).await.ok()?;
        let [kind, a, b, c, body @ ..] = handshake.as_slice() else { continue };
        if *kind != 1 {
            return None;
        }
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        if body.len() >= length {
            return parse(body);
        }
        if length > MAX_HELLO_BYTES {
            return None;
        }
    }
}

fn parse(body: &[u8]) -> Option<ClientHello> {
    let (version, rest) = body.split_first_chunk::<2>()?;
    let (random, rest) = rest.split_first_chunk::<32>()?;
    let (session_id_length, rest) = rest.split_first()?;
    let (_session_id, rest) = rest.split_at_checked(usize::from(*session_id_length))?;
    let (suites_length, rest) = rest.split_first_chunk::<2>()?;
    let (suites, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*suites_length)))?;
    let suites: Vec<CipherSuite> = suites
        .chunks_exact(2)
        .filter_map(|pair| Some(CipherSuite(u16::from_be_bytes(pair.try_into().ok()?))))
        .collect();
    let secure_renegotiation =
        suites.contains(&RENEGOTIATION_SUITE) || has_extension(rest, RENEGOTIATION_EXTENSION);
    let version = ProtocolVersion(u16::from_be_bytes(*version));
    Some(ClientHello { version, random: *random, suites, secure_renegotiation })
}

/// `rest` starts at the compression methods; extensions that do not decode count as none.
fn has_extension(rest: &[u8], wanted: [u8; 2]) -> bool {
    let extensions = || {
        let (methods_length, rest) = rest.split_first()?;
        let (_methods, rest) = rest.split_at_checked(usize::from(*methods_length))?;
        rest.split_first_chunk::<2>().map(|(_length, extensions)| extensions)
    };
    let mut rest = extensions().unwrap_or_default();
    while let Some((&[a, b, c, d], after)) = rest.split_first_chunk::<4>() {
        if [a, b] == wanted {
            return true;
        }
        let length = usize::from(u16::from_be_bytes([c, d]));
        rest = after.get(length..).unwrap_or_default();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello() -> Vec<u8> {
        let mut body = vec![3, 3];
        body.extend_from_slice(&[7; 32]);
        body.extend_from_slice(&[0, 0, 4, 0x13, 0x01, 0x00, 0x2f, 1, 0]);
        let mut message = vec![1, 0, 0, u8::try_from(body.len()).unwrap()];
        message.extend_from_slice(&body);
        message
    }

    fn record(bytes: &[u8]) -> Vec<u8> {
        let mut out = vec![22, 3, 1, 0, u8::try_from(bytes.len()).unwrap()];
        out.extend_from_slice(bytes);
        out
    }

    #[tokio::test]
    async fn a_hello_is_read_from_one_record_or_many() {
        let message = hello();
        let whole = record(&message);
        let split: Vec<u8> = message.chunks(3).flat_map(record).collect();
        for bytes in [whole, split] {
            let hello = read(&mut bytes.as_slice()).await.unwrap();
            assert_eq!(hello.version, ProtocolVersion::TLSv1_2);
            assert_eq!(hello.suites, [CipherSuite(0x1301), CipherSuite(0x002f)]);
        }
    }

    #[tokio::test]
    async fn anything_else_is_no_hello() {
        let mut long = vec![22, 3, 1, 0xff, 0xff, 1, 0xff, 0xff, 0xff];
        long.extend_from_slice(&[0; 200_000]);
        for bytes in
            [b"GET / HTTP/1.1\r\n\r\n".to_vec(), vec![], record(&[2, 0, 0, 0]), long, record(&hello()[..9])]
        {
            assert_eq!(read(&mut bytes.as_slice()).await, None);
        }
    }

    #[test]
    fn secure_renegotiation_is_asked_for_in_two_ways() {
        let body = hello()[4..].to_vec();
        assert!(!parse(&body).unwrap().secure_renegotiation);
        let extensions = [0, 9, 0, 0, 0, 0, 0xff, 1, 0, 1, 0];
        assert!(parse(&[&body, &extensions[..]].concat()).unwrap().secure_renegotiation);
        let mut with_suite = body.clone();
        with_suite[37..39].copy_from_slice(&[0x00, 0xff]);
        assert!(parse(&with_suite).unwrap().secure_renegotiation);
        assert!(!parse(&[&body, &[0xff; 7][..]].concat()).unwrap().secure_renegotiation);
    }

    #[test]
    fn a_cut_hello_does_not_parse() {
        let body = &hello()[4..];
        for length in 0..body.len() - 3 {
            assert_eq!(parse(&body[..length]).is_some(), length >= 41, "{length}");
        }
    }
}
