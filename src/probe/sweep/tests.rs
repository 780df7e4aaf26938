//! The driver against peers on loopback: rustls, and peers that answer a hello with given bytes.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::aws_lc_rs::{default_provider, kx_group};
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::model::OfferedFor;
use crate::probe::second_try::{next_offer, offer_for};
use crate::tls::{HelloTemplates, KeyShares, NamedGroup, OfferKind, ProtocolVersion};

/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(20);

/// Captures from a peer that does `answer` with its side of the connection; what both came to.
async fn capture_from<F: Future>(
    offer: OfferKind,
    within: Duration,
    leave: Leave,
    answer: impl FnOnce(TcpStream) -> F,
) -> (Result<Captured, Missed>, F::Output) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let link = Link::direct(TcpStream::connect(listener.local_addr().unwrap()).await.unwrap());
    let (peer, _) = listener.accept().await.unwrap();
    let templates = HelloTemplates::new(KeyShares::BasePoint);
    let name = ServerName::parse("a.example").unwrap();
    let visit = async {
        let deadline = Instant::now() + within;
        let result = capture(&link, templates.get(offer), Some(&name), deadline, leave).await;
        drop(link);
        result
    };
    tokio::join!(visit, answer(peer))
}

/// Captures from a peer that reads the hello, sends `bytes` and then waits for us to leave.
async fn capture_bytes(bytes: &[u8]) -> Result<Captured, Missed> {
    let answer = async |mut peer: TcpStream| {
        let mut hello = [0; 2_048];
        assert_ne!(peer.read(&mut hello).await.unwrap(), 0);
        // We may leave before all of it is read.
        let _ = peer.write_all(bytes).await;
        let _ = peer.read(&mut hello).await;
    };
    capture_from(OfferKind::Everything, LONG, Leave::Reset, answer).await.0
}

fn failure(result: Result<Captured, Missed>) -> (String, String) {
    let failure = result.unwrap_err().failure;
    (failure.code(), failure.detail.raw().to_owned())
}

fn acceptor(groups: Vec<&'static dyn SupportedKxGroup>) -> TlsAcceptor {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate =
        rcgen::CertificateParams::new(["a.example".to_owned()]).unwrap().self_signed(&key).unwrap();
    let provider = CryptoProvider { kx_groups: groups, ..default_provider() };
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

#[tokio::test]
async fn a_server_is_captured_and_left_politely() {
    let acceptor = acceptor(vec![kx_group::SECP256R1]);
    let answer = async |peer| {
        let mut stream = acceptor.accept(peer).await.expect("the farewell completes the handshake");
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.map(|_| rest)
    };
    let (captured, rest) = capture_from(OfferKind::Everything, LONG, Leave::Polite, answer).await;
    let handshake = handshake(captured.unwrap());
    assert_eq!(rest.unwrap(), b"", "close_notify came, and nothing else");
    assert_eq!(handshake.tls.version, Some(ProtocolVersion::TLSv1_3));
    assert_eq!(handshake.tls.group, Some(NamedGroup::secp256r1));
    assert_eq!(handshake.tls.ended_by, Some(EndedBy::OurChoice));
    assert_eq!((handshake.tls.completed, handshake.tls.possession_proved), (Some(false), None));
    assert_eq!(handshake.tls.client_auth, ClientAuth::None);
    assert_eq!(handshake.presented.ders().count(), 1);
}

#[tokio::test]
async fn a_retry_request_is_answered_and_told() {
    let acceptor = acceptor(vec![kx_group::SECP384R1]);
    let answer = async |peer| acceptor.accept(peer).await.is_ok();
    let (captured, _) = capture_from(OfferKind::Everything, LONG, Leave::Reset, answer).await;
    let captured = captured.unwrap();
    assert!(captured.hello_retried);
    assert_eq!(captured.group, Some(NamedGroup::secp384r1));
}

#[tokio::test]
async fn a_post_quantum_server_is_reached_by_the_second_try() {
    let acceptor = acceptor(vec![kx_group::X25519MLKEM768]);
    let mut tried = vec![OfferKind::Everything];
    let captured = loop {
        let answer = async |peer| acceptor.accept(peer).await.is_ok();
        match capture_from(*tried.last().unwrap(), LONG, Leave::Reset, answer).await.0 {
            Ok(captured) => break captured,
            Err(missed) => tried.push(next_offer(&missed, &tried).expect("there is another offer")),
        }
    };
    assert_eq!(tried, [OfferKind::Everything, OfferKind::FurtherGroups]);
    assert_eq!(captured.group, Some(NamedGroup::X25519MLKEM768));
}

#[tokio::test]
async fn an_offer_for_keys_the_server_lacks_is_refused() {
    let acceptor = acceptor(vec![kx_group::SECP256R1]);
    for (offered_for, captured) in [(OfferedFor::Ecdsa, true), (OfferedFor::Rsa, false)] {
        let answer = async |peer| acceptor.accept(peer).await.is_ok();
        let (result, _) = capture_from(offer_for(offered_for), LONG, Leave::Reset, answer).await;
        assert_eq!(result.is_ok(), captured);
    }
}

#[tokio::test]
async fn a_silent_server_is_a_timeout() {
    let (result, _) =
        capture_from(OfferKind::Everything, Duration::from_millis(20), Leave::Reset, async |mut peer| {
            let mut hello = Vec::new();
            // Until we give up and leave.
            let _ = peer.read_to_end(&mut hello).await;
        })
        .await;
    assert_eq!(failure(result).0, "handshake.timeout");
}

#[tokio::test]
async fn a_server_that_closes_is_closed_and_one_that_resets_is_reset() {
    let close = async |words: &'static [u8], linger| {
        let answer = async |mut peer: TcpStream| {
            let mut hello = [0; 2_048];
            assert_ne!(peer.read(&mut hello).await.unwrap(), 0);
            peer.write_all(words).await.unwrap();
            if linger {
                socket2::SockRef::from(&peer).set_linger(Some(Duration::ZERO)).unwrap();
            }
        };
        failure(capture_from(OfferKind::Everything, LONG, Leave::Reset, answer).await.0)
    };
    let (code, detail) = close(b"", false).await;
    assert_eq!((&*code, &*detail), ("handshake.closed", "the server closed the connection without a word"));
    let (code, detail) = close(b"\x16\x03\x03\x00", false).await;
    assert_eq!(code, "handshake.closed");
    assert!(detail.contains("before its certificates were complete"));
    assert_eq!(close(b"", true).await.0, "handshake.reset");
}

#[tokio::test]
async fn what_a_peer_says_decides_the_reason() {
    /// ServerHello for a suite that was offered.
    const HELLO: &[u8] = b"\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03\
        55555555555555555555555555555555\x00\x00\x2f\x00";
    let without = [HELLO, b"\x16\x03\x03\x00\x04\x0e\x00\x00\x00"].concat();
    let unasked = [HELLO.strip_suffix(b"\x2f\x00").unwrap(), b"\x34\x00"].concat();
    let endless = [HELLO, b"\x16\x03\x03\x00\x04\x0b\x05\x00\x00", &[22, 3, 3, 0, 1, 0].repeat(99)].concat();
    for (bytes, code, detail) in [
        (b"\x15\x03\x03\x00\x02\x02\x28".as_slice(), "handshake.alert", "alert handshake_failure"),
        (b"SSH-2.0-x\x1b[2J\r\n", "handshake.not_tls", "SSH"),
        (b"\x16\x03\x03\x00\x04\x0b\x00\x00\x00", "handshake.malformed", "before the ServerHello"),
        (&endless, "handshake.chain_too_large", "262144"),
        (&without, "handshake.no_certificate", "TLS_RSA_WITH_AES_128_CBC_SHA"),
        (&unasked, "handshake.malformed", "a cipher suite that was not offered"),
    ] {
        let result = capture_bytes(bytes).await;
        let alert = result.as_ref().unwrap_err().alert;
        assert_eq!(alert.is_some(), code == "handshake.alert");
        let (got, words) = failure(result);
        assert_eq!(got, code);
        assert!(words.contains(detail), "{words}");
    }
}

#[tokio::test]
async fn a_waiting_visit_holds_less_than_four_kibibytes() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let link = Link::direct(TcpStream::connect(listener.local_addr().unwrap()).await.unwrap());
    let templates = HelloTemplates::new(KeyShares::BasePoint);
    let hello = templates.get(OfferKind::Everything);
    let visit = capture(&link, hello, None, Instant::now(), Leave::Reset);
    let longest_hello = hello.hello(&[0; 96], Some(&"n".repeat(253))).as_bytes().len();
    assert!(size_of_val(&visit) + longest_hello < 4_096, "{}", size_of_val(&visit));
}
