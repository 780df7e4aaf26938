//! Flights recorded from real servers (`fixtures/flights/`), made by hand, played by rustls, and mutilated.

use std::sync::Arc;

use proptest::prelude::*;
use rustls::crypto::aws_lc_rs::{cipher_suite, default_provider, kx_group};
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::pki_types::PrivateKeyDer;

use super::*;
use crate::tls::{HelloTemplates, KeyShares, OfferKind, VisitRandom};
use crate::x509::Fingerprint;

const HELLO: &[u8] = include_bytes!("../../../fixtures/flights/hello.bin");
const RSA: &str = "2740d1396d73683a32a5c69164e31b4915ed779cf643c9faf40479325f14b2f0";
const ECDSA: &str = "1d1370106e663025dc84d0fc9623ff7fe6ec5bfe7163eb1e1942f8b2dbb0f60d";
const CA: &str = "d7869d54646eff318692cb092b17ae4938fe7c3ece7bbd4416d9d5c122531ac3";

macro_rules! recorded {
    ($($name:literal)*) => {
        &[$(($name, include_bytes!(concat!("../../../fixtures/flights/", $name, ".bin")).as_slice())),*]
    };
}

/// Flights of `openssl s_server` in answer to [`HELLO`].
const RECORDED: &[(&str, &[u8])] = recorded![
    "tls10-rsa" "tls11-ecdsa" "tls12-rsa" "tls12-ecdsa-client-auth" "tls13-ecdsa" "tls13-rsa-sha384"
    "tls13-chacha-x25519-client-auth"
];

fn recorded(name: &str) -> &'static [u8] {
    RECORDED.iter().find(|(n, _)| *n == name).unwrap().1
}

fn answer_to_recorded_hello(leave: Leave) -> Flight {
    Flight::new(Hello::from_record(HELLO.to_vec()), Limits::default(), leave)
}

/// Feeds `pieces` until the flight comes to an end; `None` if it wants more.
fn feed_all<'a>(
    flight: &mut Flight,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Option<Result<Box<Captured>, FlightError>> {
    for piece in pieces {
        match flight.feed(&mut piece.to_vec()) {
            Ok(Step::NeedMore) => {}
            Ok(Step::Send(_)) => panic!("nothing to send"),
            Ok(Step::Done(captured)) => return Some(Ok(captured)),
            Err(error) => return Some(Err(error)),
        }
    }
    None
}

fn capture(bytes: &[u8]) -> Result<Box<Captured>, FlightError> {
    feed_all(&mut answer_to_recorded_hello(Leave::Reset), [bytes]).expect("the flight is complete")
}

fn fingerprints(captured: &Captured) -> Vec<String> {
    captured.certificates.ders().map(|der| Fingerprint::of(der).to_string()).collect()
}

#[test]
fn recorded_flights_give_their_chains_from_tls_1_0_to_1_3() {
    use CipherSuite as S;
    use ProtocolVersion as V;
    let x25519 = Some(NamedGroup::x25519);
    let p256 = Some(NamedGroup::secp256r1);
    let expected = [
        ("tls10-rsa", V::TLSv1_0, S::TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, p256, RSA, false),
        ("tls11-ecdsa", V::TLSv1_1, S::TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, p256, ECDSA, false),
        ("tls12-rsa", V::TLSv1_2, S::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, p256, RSA, false),
        (
            "tls12-ecdsa-client-auth",
            V::TLSv1_2,
            S::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
            p256,
            ECDSA,
            true,
        ),
        ("tls13-ecdsa", V::TLSv1_3, S::TLS_AES_128_GCM_SHA256, p256, ECDSA, false),
        ("tls13-rsa-sha384", V::TLSv1_3, S::TLS_AES_256_GCM_SHA384, p256, RSA, false),
        ("tls13-chacha-x25519-client-auth", V::TLSv1_3, S::TLS_CHACHA20_POLY1305_SHA256, x25519, ECDSA, true),
    ];
    for (name, version, suite, group, leaf, client_auth) in expected {
        let captured = capture(recorded(name)).unwrap();
        assert_eq!(captured.version, version, "{name}");
        assert_eq!(captured.cipher_suite, suite, "{name}");
        assert_eq!(captured.group, group, "{name}");
        assert_eq!(fingerprints(&captured), [leaf, CA], "{name}");
        assert_eq!(captured.client_auth, Some(client_auth), "{name}");
        assert_eq!(captured.client_auth_ca_names.len(), usize::from(client_auth), "{name}");
        assert_eq!((captured.ocsp_stapled, captured.sct_count), (None, None), "nobody asked");
        assert!(!captured.hello_retried);
    }
}

#[test]
fn where_the_bytes_are_cut_makes_no_difference() {
    for (name, bytes) in RECORDED {
        let whole = capture(bytes).unwrap();
        for at in 0..bytes.len() {
            let (head, tail) = bytes.split_at(at);
            let cut = feed_all(&mut answer_to_recorded_hello(Leave::Reset), [head, tail]).unwrap().unwrap();
            assert_eq!(cut.certificates, whole.certificates, "{name} cut at {at}");
            assert_eq!((cut.version, cut.cipher_suite), (whole.version, whole.cipher_suite));
        }
        let drip = feed_all(&mut answer_to_recorded_hello(Leave::Reset), bytes.chunks(1)).unwrap().unwrap();
        assert_eq!(drip.certificates, whole.certificates, "{name} byte by byte");
    }
}

#[test]
fn a_polite_flight_keeps_its_certificates_when_the_rest_never_comes() {
    let bytes = recorded("tls13-ecdsa");
    for missing in 1..200 {
        let mut flight = answer_to_recorded_hello(Leave::Polite);
        assert!(feed_all(&mut flight, [&bytes[..bytes.len() - missing]]).is_none());
        if let Some(captured) = flight.give_up() {
            assert_eq!(fingerprints(&captured), [ECDSA, CA]);
            assert!(captured.farewell.is_empty());
        } else {
            assert!(missing > 100, "the Certificate was in");
        }
    }
}

#[test]
fn a_polite_flight_that_goes_wrong_after_the_certificates_keeps_them() {
    let mut bytes = recorded("tls13-ecdsa").to_vec();
    *bytes.last_mut().unwrap() ^= 1;
    let captured = feed_all(&mut answer_to_recorded_hello(Leave::Polite), [&*bytes]).unwrap().unwrap();
    assert_eq!(fingerprints(&captured), [ECDSA, CA]);
    assert!(captured.farewell.is_empty());
}

// Flights made by hand.

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[kind], &length[1..], body].concat()
}

fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    [&[kind, 3, 3], &length[..], body].concat()
}

fn server_hello(version: u16, suite: CipherSuite, extensions: &[u8]) -> Vec<u8> {
    let mut body = version.to_be_bytes().to_vec();
    body.extend_from_slice(&[5; 32]);
    body.push(0);
    body.extend_from_slice(&suite.0.to_be_bytes());
    body.push(0);
    body.extend_from_slice(extensions);
    message(handshake::SERVER_HELLO, &body)
}

const RSA_SUITE: CipherSuite = CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA;

fn certificate_12(ders: &[&[u8]]) -> Vec<u8> {
    let mut list = Vec::new();
    for der in ders {
        list.extend_from_slice(&u32::try_from(der.len()).unwrap().to_be_bytes()[1..]);
        list.extend_from_slice(der);
    }
    let length = u32::try_from(list.len()).unwrap().to_be_bytes();
    message(handshake::CERTIFICATE, &[&length[1..], &list].concat())
}

/// Puts messages into records of at most `size` bytes.
fn records(messages: &[u8], size: usize) -> Vec<u8> {
    messages.chunks(size).flat_map(|chunk| record(22, chunk)).collect()
}

#[test]
fn messages_may_span_and_share_records() {
    let flight = [
        server_hello(0x0303, RSA_SUITE, &[]),
        certificate_12(&[b"leaf", b"issuer"]),
        message(handshake::SERVER_HELLO_DONE, &[]),
    ]
    .concat();
    for size in 1..flight.len() {
        let captured = capture(&records(&flight, size)).unwrap();
        assert_eq!(captured.certificates.ders().collect::<Vec<_>>(), [b"leaf".as_slice(), b"issuer"]);
        assert_eq!(captured.client_auth, Some(false));
    }
}

#[test]
fn an_ssl_3_server_is_captured() {
    let flight = [server_hello(0x0300, RSA_SUITE, &[]), certificate_12(&[b"old"])].concat();
    assert_eq!(capture(&records(&flight, 99)).unwrap().version, ProtocolVersion::SSLv3);
}

#[test]
fn long_chains_are_captured_up_to_the_limit() {
    let der = vec![0x30; 4_000];
    for count in [25, 40] {
        let chain = certificate_12(&vec![&*der; count]);
        let flight = [server_hello(0x0303, RSA_SUITE, &[]), chain].concat();
        for size in [512, 16_384] {
            let bytes = records(&flight, size);
            let mut flight = answer_to_recorded_hello(Leave::Reset);
            let captured = feed_all(&mut flight, bytes.chunks(1_400)).unwrap().unwrap();
            assert_eq!(captured.certificates.ders().count(), count);
        }
    }
    let flight = [server_hello(0x0303, RSA_SUITE, &[]), certificate_12(&vec![&*der; 66])].concat();
    let bytes = records(&flight, 16_384);
    let mut flight = answer_to_recorded_hello(Leave::Reset);
    let result = feed_all(&mut flight, bytes.chunks(1_400)).unwrap();
    assert!(matches!(result, Err(FlightError::ChainTooLarge { limit: 262_144 })));
}

#[test]
fn an_announced_length_over_the_limit_is_not_waited_for() {
    let hello = server_hello(0x0303, RSA_SUITE, &[]);
    let bytes = [record(22, &hello), record(22, &[handshake::CERTIFICATE, 0xff, 0, 0, 0])].concat();
    assert_eq!(capture(&bytes), Err(FlightError::ChainTooLarge { limit: 256 * 1024 }));
    let bytes = record(22, &[handshake::SERVER_HELLO, 0xff, 0, 0]);
    assert_eq!(capture(&bytes), Err(FlightError::Malformed("an overlong message")));
}

#[test]
fn idle_records_do_not_go_on_for_ever() {
    for idle in [record(22, &[]), record(20, &[1]), record(21, &[1, 112]), record(22, &[0, 0, 0, 0])] {
        let flight = [server_hello(0x0303, RSA_SUITE, &[]), certificate_12(&[b"leaf"])].concat();
        let some = [idle.repeat(5), record(22, &flight)].concat();
        assert!(capture(&some).is_ok(), "a few are borne");
        assert!(matches!(capture(&idle.repeat(40)), Err(FlightError::Malformed(_))));
    }
    let tiny = records(&message(handshake::SERVER_HELLO, &[0; 60_000]), 1);
    assert_eq!(capture(&tiny), Err(FlightError::Malformed("too many records")));
}

#[test]
fn a_fatal_alert_ends_the_flight_and_a_warning_does_not() {
    assert_eq!(capture(&record(21, &[2, 40])), Err(FlightError::Alert(AlertDescription::handshake_failure)));
    let flight = [server_hello(0x0303, RSA_SUITE, &[]), certificate_12(&[b"leaf"])].concat();
    let warned = [record(21, &[1, 112]), record(22, &flight)].concat();
    assert!(capture(&warned).is_ok());
    let late = [record(22, &flight), record(21, &[2, 80])].concat();
    assert!(capture(&late).is_ok(), "an alert after the certificates does not lose them");
}

#[test]
fn a_handshake_without_certificates_is_known_as_such() {
    for next in [
        message(handshake::SERVER_KEY_EXCHANGE, &[0; 9]),
        message(handshake::SERVER_HELLO_DONE, &[]),
        certificate_12(&[]),
    ] {
        let flight = [server_hello(0x0303, RSA_SUITE, &[]), next].concat();
        assert_eq!(capture(&record(22, &flight)), Err(FlightError::NoCertificate(RSA_SUITE)));
    }
}

#[test]
fn a_suite_that_was_not_offered_is_not_believed_in_any_version() {
    let unasked = CipherSuite::TLS_RSA_WITH_DES_CBC_SHA;
    for version in [0x0300, 0x0301, 0x0302, 0x0303] {
        let flight = [server_hello(version, unasked, &[]), certificate_12(&[b"leaf"])].concat();
        assert_eq!(
            capture(&record(22, &flight)),
            Err(FlightError::Malformed("a cipher suite that was not offered"))
        );
    }
}

#[test]
fn a_status_is_noted_up_to_tls_1_2() {
    let status = [0, 4, 0, 5, 0, 0];
    let start = [server_hello(0x0303, RSA_SUITE, &status), certificate_12(&[b"leaf"])].concat();
    let done = message(handshake::SERVER_HELLO_DONE, &[]);
    let stapled = message(handshake::CERTIFICATE_STATUS, &[1, 0, 0, 1, 7]);
    let offer = crate::tls::Offer { stapling: true, ..crate::tls::Offer::new(OfferKind::Everything) };
    let template = crate::tls::HelloTemplate::new(&offer, KeyShares::BasePoint);
    let ocsp = |rest: &[u8]| {
        let mut flight = Flight::new(template.hello(&[7; 96], None), Limits::default(), Leave::Reset);
        let bytes = record(22, &[&start, rest].concat());
        let captured = feed_all(&mut flight, [&*bytes]).unwrap().unwrap();
        (captured.ocsp_stapled, captured.sct_count)
    };
    assert_eq!(ocsp(&[&*stapled, &*done].concat()), (Some(true), Some(0)));
    assert_eq!(ocsp(&done), (Some(false), Some(0)));
    assert_eq!(ocsp(&[]), (None, Some(0)));
}

#[test]
fn what_is_not_tls_is_named_with_its_words() {
    let Err(FlightError::NotTls { protocol, excerpt }) = capture(b"SSH-2.0-OpenSSH_9.2p1\r\n") else {
        panic!("SSH is not TLS");
    };
    assert_eq!((protocol, excerpt.raw()), ("SSH", "SSH-2.0-OpenSSH_9.2p1"));
    assert!(matches!(capture(b"\x80\x03\0\0\x01"), Err(FlightError::NotTls { protocol: "SSLv2", .. })));
}

#[test]
fn a_server_that_breaks_the_order_is_refused() {
    let version13 = [0, 6, 0, 43, 0, 2, 3, 4];
    for (bytes, complaint) in [
        (record(22, &certificate_12(&[b"early"])), "a message before the ServerHello"),
        (record(23, b"data"), "a record that does not belong into a handshake"),
        (record(22, &server_hello(0x0505, RSA_SUITE, &[])), "a version of TLS that does not exist"),
        (record(22, &message(handshake::SERVER_HELLO, &[3, 3])), "a ServerHello that does not decode"),
        (
            record(22, &server_hello(0x0303, CipherSuite::TLS_AES_128_CCM_SHA256, &version13)),
            "a cipher suite that was not offered",
        ),
        (
            record(22, &server_hello(0x0303, CipherSuite::TLS_AES_128_GCM_SHA256, &version13)),
            "a ServerHello without a key share",
        ),
        (vec![22, 3, 3, 0xff, 0xff], "a record longer than 18,432 bytes"),
        ([record(22, &[]), b"HTTP/1.1".to_vec()].concat(), "something that is not a record"),
    ] {
        assert_eq!(capture(&bytes), Err(FlightError::Malformed(complaint)));
    }
    let mut late = recorded("tls13-ecdsa").to_vec();
    let hello_ends = 5 + usize::from(u16::from_be_bytes([late[3], late[4]]));
    late.splice(hello_ends.., record(22, &certificate_12(&[b"plain"])));
    assert_eq!(capture(&late), Err(FlightError::Malformed("an unprotected message after the ServerHello")));
}

/// A HelloRetryRequest for `group`.
fn retry_request(group: NamedGroup, cookie: &[u8]) -> Vec<u8> {
    let mut hello = recorded("tls13-ecdsa")[5..].to_vec();
    hello.truncate(4);
    let mut body = vec![3, 3];
    body.extend_from_slice(&[
        0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2,
        0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
    ]);
    body.extend_from_slice(&[0, 0x13, 1, 0]);
    let mut extensions = vec![0, 43, 0, 2, 3, 4, 0, 51, 0, 2];
    extensions.extend_from_slice(&group.0.to_be_bytes());
    let mut content = Vec::new();
    codec::put_vector16(&mut content, cookie);
    codec::put_extension(&mut extensions, 44, &content);
    codec::put_vector16(&mut body, &extensions);
    record(22, &message(handshake::SERVER_HELLO, &body))
}

#[test]
fn a_retry_request_is_answered_once() {
    let mut flight = answer_to_recorded_hello(Leave::Reset);
    let Ok(Step::Send(answer)) = flight.feed(&mut retry_request(NamedGroup::secp384r1, b"crumbs")) else {
        panic!("the request is answered");
    };
    assert!(flight.hello_retried());
    assert_eq!(answer[..6], [20, 3, 3, 0, 1, 1]);
    assert!(answer.windows(6).any(|w| w == b"crumbs"));
    assert_eq!(
        flight.feed(&mut retry_request(NamedGroup::secp521r1, b"")).unwrap_err(),
        FlightError::Malformed("a second HelloRetryRequest")
    );
    assert_eq!(
        capture(&retry_request(NamedGroup::ffdhe2048, b"")),
        Err(FlightError::Malformed("a request for a group that was not offered"))
    );
}

// Flights played by rustls.

fn random() -> VisitRandom {
    let mut random = [0; 96];
    aws_lc_rs::rand::fill(&mut random).unwrap();
    random
}

fn rustls_server(provider: CryptoProvider, asks_client: bool) -> rustls::ServerConnection {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate =
        rcgen::CertificateParams::new(["a.example".to_owned()]).unwrap().self_signed(&key).unwrap();
    let provider = Arc::new(provider);
    let builder = rustls::ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = if asks_client {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(certificate.der().clone()).unwrap();
        let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        builder.with_client_cert_verifier(verifier.allow_unauthenticated().build().unwrap())
    } else {
        builder.with_no_client_auth()
    };
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = builder.with_single_cert(vec![certificate.der().clone()], key).unwrap();
    rustls::ServerConnection::new(Arc::new(config)).unwrap()
}

fn send(server: &mut rustls::ServerConnection, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        server.read_tls(&mut bytes).unwrap();
    }
    server.process_new_packets().unwrap();
}

fn receive(server: &mut rustls::ServerConnection) -> Vec<u8> {
    let mut bytes = Vec::new();
    while server.wants_write() {
        server.write_tls(&mut bytes).unwrap();
    }
    bytes
}

/// Captures from `server` to the end, and says farewell if there is one.
fn converse(server: &mut rustls::ServerConnection, mut flight: Flight) -> Box<Captured> {
    send(server, flight.hello());
    loop {
        let mut bytes = receive(server);
        match flight.feed(&mut bytes).unwrap() {
            Step::NeedMore => panic!("rustls sends its whole flight"),
            Step::Send(answer) => send(server, &answer),
            Step::Done(captured) => {
                send(server, &captured.farewell);
                return captured;
            }
        }
    }
}

fn only_group(group: &'static dyn SupportedKxGroup) -> CryptoProvider {
    CryptoProvider { kx_groups: vec![group], ..default_provider() }
}

#[test]
fn every_group_is_answered_with_base_points_and_with_fresh_keys() {
    for key_shares in [KeyShares::BasePoint, KeyShares::Fresh] {
        let templates = HelloTemplates::new(key_shares);
        for (group, offer, retried) in [
            (kx_group::SECP256R1, OfferKind::Everything, false),
            (kx_group::X25519, OfferKind::Everything, false),
            (kx_group::SECP384R1, OfferKind::Everything, true),
            (kx_group::X25519MLKEM768, OfferKind::FurtherGroups, true),
            (kx_group::SECP256R1MLKEM768, OfferKind::FurtherGroups, true),
            (kx_group::MLKEM768, OfferKind::FurtherGroups, true),
        ] {
            let mut server = rustls_server(only_group(group), false);
            let hello = templates.get(offer).hello(&random(), Some("a.example"));
            let captured = converse(&mut server, Flight::new(hello, Limits::default(), Leave::Reset));
            assert_eq!(captured.group.map(|g| g.0), Some(u16::from(group.name())));
            assert_eq!(captured.hello_retried, retried);
            assert_eq!(captured.certificates.ders().count(), 1);
        }
    }
}

#[test]
fn a_farewell_completes_the_servers_handshake() {
    let templates = HelloTemplates::new(KeyShares::BasePoint);
    for suite in [
        cipher_suite::TLS13_AES_128_GCM_SHA256,
        cipher_suite::TLS13_AES_256_GCM_SHA384,
        cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
    ] {
        for asks_client in [false, true] {
            for group in [kx_group::SECP256R1, kx_group::SECP384R1] {
                let provider = CryptoProvider { cipher_suites: vec![suite], ..only_group(group) };
                let mut server = rustls_server(provider, asks_client);
                let hello = templates.get(OfferKind::Everything).hello(&random(), None);
                let captured = converse(&mut server, Flight::new(hello, Limits::default(), Leave::Polite));
                assert_eq!(captured.client_auth, Some(asks_client));
                assert_eq!(captured.client_auth_ca_names.len(), usize::from(asks_client));
                assert!(!server.is_handshaking(), "the server took our Finished");
                assert!(server.process_new_packets().unwrap().peer_has_closed(), "and our close_notify");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn no_mutation_panics_or_exceeds_the_limits(
        which in 0..RECORDED.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
        repeat in 1..4_usize,
        piece in 1..700_usize,
        polite in any::<bool>(),
    ) {
        let mut bytes = RECORDED[which].1.to_vec();
        for (index, value) in changes {
            let at = index.index(bytes.len());
            bytes[at] = value;
        }
        bytes.truncate(cut.index(bytes.len()) + 1);
        let bytes = bytes.repeat(repeat);
        let leave = if polite { Leave::Polite } else { Leave::Reset };
        let mut flight = answer_to_recorded_hello(leave);
        for piece in bytes.chunks(piece) {
            match flight.feed(&mut piece.to_vec()) {
                Ok(Step::NeedMore | Step::Send(_)) => {
                    prop_assert!(flight.records.partial_length() <= 18_437);
                    prop_assert!(flight.partial_message.len() <= flight.limits.bytes);
                }
                Ok(Step::Done(captured)) => {
                    prop_assert!(captured.certificates.byte_len() <= bytes.len());
                    break;
                }
                Err(_) => break,
            }
        }
    }

    #[test]
    fn noise_neither_panics_nor_yields_certificates(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        if let Some(result) = feed_all(&mut answer_to_recorded_hello(Leave::Reset), [&*bytes]) {
            prop_assert!(result.is_err());
        }
    }

    #[test]
    fn noise_in_a_record_neither_panics_nor_hangs(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let hello = server_hello(0x0303, RSA_SUITE, &[]);
        let flight = [record(22, &hello), record(22, &bytes), record(22, &bytes)].concat();
        let mut flight_state = answer_to_recorded_hello(Leave::Reset);
        let _ = feed_all(&mut flight_state, flight.chunks(99));
    }
}
