//! DTLS flights as servers send them, and as they do not.

use proptest::prelude::*;

use super::*;
use crate::tls::NamedGroup;

const RANDOM: VisitRandom = [7; 96];
const SUITE: CipherSuite = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;

fn flight() -> DtlsFlight {
    DtlsFlight::new(&RANDOM, Some("a.example"), Limits::default())
}

/// The messages of a server: type and body.
fn messages_of(version: ProtocolVersion, certificate: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut hello = version.0.to_be_bytes().to_vec();
    hello.extend_from_slice(&[9; 32]);
    hello.push(0);
    hello.extend_from_slice(&SUITE.0.to_be_bytes());
    hello.push(0);
    let length = |length: usize| u32::try_from(length).unwrap().to_be_bytes()[1..].to_vec();
    let chain = [&length(certificate.len() + 3)[..], &length(certificate.len()), certificate].concat();
    vec![
        (handshake::SERVER_HELLO, hello),
        (handshake::CERTIFICATE, chain),
        (handshake::SERVER_KEY_EXCHANGE, vec![3, 0, 29, 1, 4, 4, 3, 0, 0]),
        (handshake::CERTIFICATE_REQUEST, vec![1, 1, 0, 2, 4, 3, 0, 6, 0, 4, b'n', b'a', b'm', b'e']),
        (handshake::SERVER_HELLO_DONE, Vec::new()),
    ]
}

/// Datagrams with one fragment of at most `size` bytes each; messages are numbered from `first`.
fn datagrams(messages: &[(u8, Vec<u8>)], first: u16, size: usize) -> Vec<Vec<u8>> {
    let mut datagrams = Vec::new();
    for ((kind, body), sequence) in messages.iter().zip(first..) {
        let mut from = 0;
        loop {
            let to = (from + size).min(body.len());
            let u24 = |number: usize| u32::try_from(number).unwrap().to_be_bytes()[1..].to_vec();
            let mut fragment = vec![*kind];
            fragment.extend(u24(body.len()));
            fragment.extend(sequence.to_be_bytes());
            fragment.extend(u24(from));
            fragment.extend(u24(to - from));
            fragment.extend_from_slice(&body[from..to]);
            let mut datagram = Vec::new();
            record::put_record(&mut datagram, HANDSHAKE, 0, &fragment);
            datagrams.push(datagram);
            if to == body.len() {
                break;
            }
            from = to;
        }
    }
    datagrams
}

fn verify_request(cookie: &[u8]) -> Vec<u8> {
    let mut body = vec![0xfe, 0xff];
    codec::put_vector8(&mut body, cookie);
    datagrams(&[(handshake::HELLO_VERIFY_REQUEST, body)], 0, 1_000).remove(0)
}

fn captured(mut flight: DtlsFlight, datagrams: &[Vec<u8>]) -> Result<Box<Captured>, FlightError> {
    for datagram in datagrams {
        match flight.feed(datagram)? {
            DtlsStep::NeedMore => {}
            DtlsStep::SayHello => panic!("another hello"),
            DtlsStep::Done(captured) => return Ok(captured),
        }
    }
    panic!("the flight has no end")
}

/// Record sequence number, message number, cookie and size of a hello's datagram.
fn read_hello(datagram: &[u8]) -> (u64, u16, Vec<u8>, usize) {
    let mut sequence = [0; 8];
    sequence[2..].copy_from_slice(&datagram[5..11]);
    let mut reader = Reader::new(datagram);
    let read = record::record(&mut reader).unwrap();
    assert!(reader.is_empty());
    assert_eq!((read.content_type, read.epoch), (HANDSHAKE, 0));
    let mut reader = Reader::new(read.body);
    let fragment = record::fragment(&mut reader).unwrap();
    assert!(reader.is_empty());
    assert_eq!((fragment.kind, fragment.offset), (handshake::CLIENT_HELLO, 0));
    assert_eq!(fragment.length, fragment.content.len());
    let mut body = Reader::new(fragment.content);
    assert_eq!(body.u16(), Some(0xfefd));
    assert_eq!(body.take(32).unwrap(), &RANDOM[..32]);
    assert_eq!(body.vector8().unwrap(), [] as [u8; 0], "there is no session to resume");
    let cookie = body.vector8().unwrap().to_vec();
    let suites = body.vector16().unwrap();
    assert!(suites.chunks(2).all(|suite| suite[0] != 0x13), "no suites of TLS 1.3");
    assert_eq!(body.vector8().unwrap(), [0]);
    let extensions = body.vector16().unwrap();
    assert!(extensions.windows(9).any(|name| name == b"a.example"));
    assert!(body.is_empty());
    (u64::from_be_bytes(sequence), fragment.sequence, cookie, datagram.len())
}

#[test]
fn a_hello_fits_a_datagram_and_shows_the_cookie_it_was_given() {
    let mut flight = flight();
    let (record, message, cookie, size) = read_hello(&flight.hello());
    assert_eq!((record, message, cookie.as_slice()), (0, 0, [].as_slice()));
    assert!(size < 900, "{size}");
    let (record, message, _, _) = read_hello(&flight.hello());
    assert_eq!((record, message), (1, 0), "sent again, it is another record with the same message");
    let request = verify_request(&[5; 255]);
    assert!(matches!(flight.feed(&request), Ok(DtlsStep::SayHello)));
    assert!(matches!(flight.feed(&request), Ok(DtlsStep::NeedMore)), "the same again is no news");
    let (record, message, cookie, size) = read_hello(&flight.hello());
    assert_eq!((record, message, cookie), (2, 1, vec![5; 255]));
    assert!(size < 1_200, "{size}");
}

#[test]
fn a_flight_reads_the_same_however_it_is_cut() {
    let messages = messages_of(ProtocolVersion::DTLSv1_2, &[0x30; 3_000]);
    let expected = captured(flight(), &datagrams(&messages, 0, 10_000)).unwrap();
    assert_eq!((expected.version, expected.cipher_suite), (ProtocolVersion::DTLSv1_2, SUITE));
    assert_eq!(expected.group, Some(NamedGroup::x25519));
    assert_eq!(expected.certificates.ders().collect::<Vec<_>>(), [[0x30; 3_000]]);
    assert_eq!(expected.client_auth, Some(true));
    assert_eq!(expected.client_auth_ca_names, [Box::from(*b"name")]);
    for size in [50, 200, 1_399] {
        assert_eq!(captured(flight(), &datagrams(&messages, 1, size)).unwrap(), expected);
    }
    let joined = datagrams(&messages, 0, 700).concat();
    assert_eq!(captured(flight(), &[joined]).unwrap(), expected);
    let mut twice = datagrams(&messages, 0, 700);
    twice.extend(twice.clone());
    twice[1..].reverse();
    assert_eq!(captured(flight(), &twice).unwrap(), expected);
}

#[test]
fn an_older_version_is_read_too() {
    let mut messages = messages_of(ProtocolVersion::DTLSv1_0, b"cert");
    messages[3].1 = vec![1, 1, 0, 0];
    let captured = captured(flight(), &datagrams(&messages, 0, 100)).unwrap();
    assert_eq!(captured.version.to_string(), "DTLSv1.0");
    assert_eq!(captured.client_auth, Some(true));
}

#[test]
fn what_is_missing_at_the_end_does_not_lose_the_certificates() {
    let messages = messages_of(ProtocolVersion::DTLSv1_2, b"cert");
    let mut flight = flight();
    for datagram in &datagrams(&messages[..2], 0, 100) {
        assert!(matches!(flight.feed(datagram), Ok(DtlsStep::NeedMore)));
    }
    let given_up = flight.give_up().unwrap();
    assert_eq!((given_up.client_auth, given_up.group), (None, None));
}

#[test]
fn an_alert_after_the_certificates_does_not_lose_them() {
    let messages = messages_of(ProtocolVersion::DTLSv1_2, b"cert");
    let mut datagrams = datagrams(&messages[..2], 0, 100);
    let mut alert = Vec::new();
    record::put_record(&mut alert, ALERT, 0, &[2, 40]);
    datagrams.push(alert);
    assert!(captured(flight(), &datagrams).is_ok());
}

#[test]
fn a_refusal_is_an_alert() {
    let mut warning = Vec::new();
    record::put_record(&mut warning, ALERT, 0, &[1, 112]);
    let mut fatal = Vec::new();
    record::put_record(&mut fatal, ALERT, 0, &[2, 70]);
    let refused = captured(flight(), &[warning, fatal]);
    assert_eq!(refused, Err(FlightError::Alert(crate::tls::AlertDescription::protocol_version)));
}

#[test]
fn what_is_not_dtls_says_so() {
    for answer in [&b"SIP/2.0 400 Bad Request"[..], &[22, 3, 3, 0, 2, 1, 1], &[0xff; 40]] {
        assert!(matches!(flight().feed(answer), Err(FlightError::NotTls { .. })), "{answer:?}");
    }
}

#[test]
fn a_server_of_another_version_or_without_a_certificate_is_told_apart() {
    let messages = messages_of(ProtocolVersion::TLSv1_2, b"cert");
    let other = captured(flight(), &datagrams(&messages, 0, 100));
    assert_eq!(other, Err(FlightError::Malformed("a version of DTLS that was not offered")));
    let mut messages = messages_of(ProtocolVersion::DTLSv1_2, b"cert");
    messages.remove(1);
    let anonymous = captured(flight(), &datagrams(&messages, 0, 100));
    assert_eq!(anonymous, Err(FlightError::NoCertificate(SUITE)));
}

#[test]
fn nothing_goes_on_for_ever() {
    let mut cookies = flight();
    let end = (0..10).find_map(|n| cookies.feed(&verify_request(&[n])).err());
    assert_eq!(end, Some(FlightError::Malformed("one cookie after the other")));
    let mut empty = flight();
    assert!((0..100).any(|_| empty.feed(&[]).is_err()));
    let mut long = messages_of(ProtocolVersion::DTLSv1_2, b"cert");
    long[1].1 = vec![0; 300_000];
    let limit = Limits::default().bytes;
    assert_eq!(captured(flight(), &datagrams(&long, 0, 1_000)), Err(FlightError::ChainTooLarge { limit }));
    let mut again = flight();
    let hello = datagrams(&messages_of(ProtocolVersion::DTLSv1_2, b"cert"), 0, 100).remove(0);
    assert!((0..5_000).any(|_| again.feed(&hello).is_err()));
}

proptest! {
    #[test]
    fn no_datagrams_break_it(datagrams in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..8)) {
        let mut flight = flight();
        for datagram in datagrams {
            if !matches!(flight.feed(&datagram), Ok(DtlsStep::NeedMore | DtlsStep::SayHello)) {
                break;
            }
        }
    }

    /// A true flight with bytes changed: it ends, and holds no more than it was given.
    #[test]
    fn a_damaged_flight_ends(
        size in 1_usize..400,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>()), 0..6),
    ) {
        let mut datagrams = datagrams(&messages_of(ProtocolVersion::DTLSv1_2, &[0x30; 500]), 0, size);
        for (which, place, value) in damage {
            let datagram = which.get_mut(&mut datagrams);
            let at = place.index(datagram.len());
            datagram[at] = value;
        }
        let mut flight = flight();
        for datagram in &datagrams {
            match flight.feed(datagram) {
                Ok(DtlsStep::NeedMore | DtlsStep::SayHello) => {}
                _ => break,
            }
        }
        if let Some(captured) = flight.give_up() {
            prop_assert!(captured.certificates.ders().map(<[u8]>::len).sum::<usize>() <= 600);
        }
    }
}
