//! SSL 2 as far as its first two messages: CLIENT-HELLO out, SERVER-HELLO in. Never exchanges a key.
//! Source: Hickman, "The SSL Protocol", 1995, sections 1.1 (records), 2.5 to 2.8 (messages). RFC 6176 forbids it.

use super::codec::{self, Reader};
use super::record;
use super::{AlertDescription, ProtocolVersion, Ssl2Cipher, banner};
use crate::text::Untrusted;

/// Content of a record with a header of two bytes.
const MAX_BODY: usize = 0x7fff;
/// Cipher kinds kept; there are seven.
const MAX_CIPHERS: usize = 32;

const ERROR: u8 = 0;
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 4;
const NO_CIPHER_ERROR: u16 = 1;

/// Asks whether a server speaks SSL 2, and what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ssl2Question;

impl Ssl2Question {
    /// Every cipher kind, strongest first. The server does not choose: it lists those it shares.
    pub const CIPHERS: [Ssl2Cipher; 7] = [
        Ssl2Cipher::SSL2_DES_192_EDE3_CBC_WITH_MD5,
        Ssl2Cipher::SSL2_IDEA_128_CBC_WITH_MD5,
        Ssl2Cipher::SSL2_RC2_128_CBC_WITH_MD5,
        Ssl2Cipher::SSL2_RC4_128_WITH_MD5,
        Ssl2Cipher::SSL2_DES_64_CBC_WITH_MD5,
        Ssl2Cipher::SSL2_RC2_128_CBC_EXPORT40_WITH_MD5,
        Ssl2Cipher::SSL2_RC4_128_EXPORT40_WITH_MD5,
    ];

    /// The CLIENT-HELLO as it goes on the wire.
    pub fn hello(challenge: &[u8; 16]) -> Vec<u8> {
        let kinds: Vec<u8> = Self::CIPHERS.iter().flat_map(|cipher| kind(*cipher)).collect();
        let mut body = vec![CLIENT_HELLO];
        body.extend_from_slice(&ProtocolVersion::SSLv2.0.to_be_bytes());
        codec::put_length16(&mut body, kinds.len());
        codec::put_length16(&mut body, 0);
        codec::put_length16(&mut body, challenge.len());
        body.extend_from_slice(&kinds);
        body.extend_from_slice(challenge);
        let mut record = Vec::with_capacity(2 + body.len());
        codec::put_length16(&mut record, 0x8000 | body.len());
        record.extend_from_slice(&body);
        record
    }
}

fn kind(cipher: Ssl2Cipher) -> [u8; 3] {
    let [_, a, b, c] = cipher.0.to_be_bytes();
    [a, b, c]
}

/// What came of the question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ssl2Answer {
    /// The server speaks SSL 2.
    Offered {
        /// Kinds that the server takes, in the order it lists them. There may be none: attacks on the server's key
        /// need no agreed cipher (CVE-2015-3197).
        ciphers: Vec<Ssl2Cipher>,
        /// DER of the certificate; `None` where the server showed none.
        certificate: Option<Box<[u8]>>,
    },
    /// Refused with an alert of SSL 3 or TLS.
    Alert(AlertDescription),
    /// The server speaks SSL 3 or TLS only, and answers the hello as one of these.
    Tls,
    /// The server hung up without an answer: a refusal, if it does so reliably.
    Closed,
    Reset,
    /// Silence: never a refusal.
    Timeout,
    /// Neither SSL nor TLS.
    NotTls(Untrusted),
    Malformed(&'static str),
}

impl Ssl2Answer {
    /// The server speaks SSL 2; `None` where that cannot be told.
    pub fn is_offered(&self) -> Option<bool> {
        match self {
            Self::Offered { .. } => Some(true),
            Self::Alert(_) | Self::Tls | Self::Closed | Self::Reset => Some(false),
            Self::Timeout | Self::NotTls(_) | Self::Malformed(_) => None,
        }
    }
}

/// The answer to an SSL 2 hello, as it arrives.
#[derive(Debug, Default)]
pub struct Ssl2Reply {
    buffer: Vec<u8>,
}

impl Ssl2Reply {
    /// Reads more bytes off the wire; `Some` once the answer is there. Not to be called after that.
    pub fn feed(&mut self, bytes: &[u8]) -> Option<Ssl2Answer> {
        // One record at most: what comes after it is of no interest.
        let room = (2 + MAX_BODY).saturating_sub(self.buffer.len());
        self.buffer.extend(bytes.iter().take(room));
        if self.buffer.first().is_some_and(|first| first & 0x80 == 0) {
            return self.other_protocol();
        }
        let mut reader = Reader::new(&self.buffer);
        let length = usize::from(reader.u16()?) & MAX_BODY;
        let body = reader.take(length)?;
        Some(message(body).unwrap_or(Ssl2Answer::Malformed("a message of SSL 2 that does not decode")))
    }

    /// The answer of a server that hung up.
    pub fn hang_up(&self) -> Ssl2Answer {
        if self.buffer.is_empty() {
            Ssl2Answer::Closed
        } else {
            Ssl2Answer::Malformed("an answer that ends too early")
        }
    }

    /// Records with a padding stand only after the hellos, so that this is not SSL 2.
    fn other_protocol(&self) -> Option<Ssl2Answer> {
        if !banner::may_be_tls(&self.buffer) {
            return Some(Ssl2Answer::NotTls(banner::excerpt(&self.buffer)));
        }
        let &[kind, _, _, _, _, ref body @ ..] = self.buffer.as_slice() else { return None };
        match (kind, body) {
            (record::ALERT, [_, description, ..]) => Some(Ssl2Answer::Alert(AlertDescription(*description))),
            (record::ALERT, _) => None,
            _ => Some(Ssl2Answer::Tls),
        }
    }
}

fn message(body: &[u8]) -> Option<Ssl2Answer> {
    let mut reader = Reader::new(body);
    match reader.u8()? {
        SERVER_HELLO => server_hello(&mut reader),
        ERROR => Some(match reader.u16()? {
            // It understood the hello: it speaks SSL 2, with none of these ciphers.
            NO_CIPHER_ERROR => Ssl2Answer::Offered { ciphers: Vec::new(), certificate: None },
            _ => Ssl2Answer::Malformed("an error of SSL 2 that does not belong here"),
        }),
        _ => None,
    }
}

fn server_hello(reader: &mut Reader<'_>) -> Option<Ssl2Answer> {
    reader.take(2)?;
    let version = reader.u16()?;
    let [certificate, kinds, connection_id] = [reader.u16()?, reader.u16()?, reader.u16()?].map(usize::from);
    let certificate = reader.take(certificate)?;
    let kinds = reader.take(kinds)?;
    reader.take(connection_id)?;
    if ProtocolVersion(version) != ProtocolVersion::SSLv2 || kinds.len() % 3 != 0 {
        return None;
    }
    let mut ciphers = Vec::new();
    for kind in kinds.chunks_exact(3) {
        let &[a, b, c] = kind else { continue };
        let cipher = Ssl2Cipher(u32::from_be_bytes([0, a, b, c]));
        if !ciphers.contains(&cipher) && ciphers.len() < MAX_CIPHERS {
            ciphers.push(cipher);
        }
    }
    let certificate = (!certificate.is_empty()).then(|| certificate.into());
    Some(Ssl2Answer::Offered { ciphers, certificate })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record(body: &[u8]) -> Vec<u8> {
        let mut record = Vec::new();
        codec::put_length16(&mut record, 0x8000 | body.len());
        record.extend_from_slice(body);
        record
    }

    fn hello(certificate: &[u8], kinds: &[u8]) -> Vec<u8> {
        let mut body = vec![SERVER_HELLO, 0, 1, 0, 2];
        for length in [certificate.len(), kinds.len(), 16] {
            codec::put_length16(&mut body, length);
        }
        record(&[&body, certificate, kinds, &[9; 16]].concat())
    }

    fn answer(bytes: &[u8]) -> Option<Ssl2Answer> {
        Ssl2Reply::default().feed(bytes)
    }

    #[test]
    fn a_hello_offers_all_seven_kinds() {
        let hello = Ssl2Question::hello(&[7; 16]);
        assert_eq!(hello[..11], [0x80, 46, 1, 0, 2, 0, 21, 0, 0, 0, 16]);
        assert_eq!(hello[11..14], [0x07, 0x00, 0xc0]);
        assert_eq!(hello.len(), 48);
        assert!(Ssl2Question::CIPHERS.iter().all(|cipher| cipher.known_name().is_some()));
    }

    #[test]
    fn a_server_hello_reads_the_same_in_single_bytes() {
        let bytes = hello(b"DER", &[1, 0, 0x80, 7, 0, 0xc0, 1, 0, 0x80]);
        let expected = Ssl2Answer::Offered {
            ciphers: vec![Ssl2Cipher::SSL2_RC4_128_WITH_MD5, Ssl2Cipher::SSL2_DES_192_EDE3_CBC_WITH_MD5],
            certificate: Some(b"DER".as_slice().into()),
        };
        assert_eq!(answer(&bytes), Some(expected.clone()));
        let mut reply = Ssl2Reply::default();
        assert_eq!(bytes.iter().find_map(|byte| reply.feed(&[*byte])), Some(expected));
    }

    #[test]
    fn a_server_without_a_common_cipher_still_speaks_ssl2() {
        let listed = answer(&hello(b"DER", &[])).unwrap();
        assert_eq!(listed.is_offered(), Some(true));
        let error = answer(&record(&[ERROR, 0, 1])).unwrap();
        assert_eq!(error, Ssl2Answer::Offered { ciphers: vec![], certificate: None });
    }

    #[test]
    fn a_tls_server_is_not_taken_for_ssl2() {
        assert_eq!(answer(&[21, 3, 0, 0]), None);
        let alert = answer(&[21, 3, 0, 0, 2, 2, 70]).unwrap();
        assert_eq!(alert, Ssl2Answer::Alert(AlertDescription::protocol_version));
        assert_eq!(alert.is_offered(), Some(false));
        assert_eq!(answer(&[22, 3, 1, 0, 4, 2]), Some(Ssl2Answer::Tls));
        assert!(matches!(answer(b"HTTP/1.1 400 Bad Request"), Some(Ssl2Answer::NotTls(_))));
    }

    #[test]
    fn doubt_is_not_an_answer() {
        for body in [&[SERVER_HELLO, 0, 1, 3, 1, 0, 0, 0, 0, 0, 0][..], &[ERROR, 0, 6], &[ERROR], &[77], &[]]
        {
            assert_eq!(answer(&record(body)).unwrap().is_offered(), None, "{body:?}");
        }
        assert_eq!(answer(&hello(b"", &[1, 0])).unwrap().is_offered(), None);
        assert_eq!(Ssl2Answer::Timeout.is_offered(), None);
        let mut cut = Ssl2Reply::default();
        assert_eq!(cut.feed(&hello(b"DER", &[])[..20]), None);
        assert_eq!(cut.hang_up().is_offered(), None);
        assert_eq!(Ssl2Reply::default().hang_up(), Ssl2Answer::Closed);
    }

    proptest! {
        #[test]
        fn no_answer_breaks_the_reader_or_fills_memory(bytes in prop::collection::vec(any::<u8>(), 0..400), wraps: bool) {
            let bytes = if wraps { record(&bytes) } else { bytes };
            let mut whole = Ssl2Reply::default();
            let at_once = whole.feed(&bytes);
            let mut split = Ssl2Reply::default();
            let bytewise = bytes.iter().find_map(|byte| split.feed(&[*byte]));
            prop_assert_eq!(at_once.map(|answer| answer.is_offered()), bytewise.map(|answer| answer.is_offered()));
        }
    }

    #[test]
    fn a_flood_is_cut_at_one_record() {
        let mut reply = Ssl2Reply::default();
        assert_eq!(reply.feed(&[0xff; 20_000]), None);
        assert!(reply.feed(&[0xff; 200_000]).is_some());
        assert!(reply.buffer.len() <= 2 + MAX_BODY);
    }
}
