//! QUIC against servers in this process, good and odd ones.

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use quinn::crypto::rustls::QuicServerConfig;
use tokio::net::UdpSocket;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::super::test_hosts::{Asks, ECDSA, Identity, RSA, Tls, with_certificates};
use crate::model::{
    ClientAuth, EndedBy, Endpoint, Handshake, Outcome, Reason, ServerName, Stage, StartTlsChoice, TlsFacts,
    Transport,
};
use crate::probe::{Expectation, Pace, ProbeSettings, Prober};
use crate::tls::{CipherSuite, NamedGroup, ProtocolVersion};
use crate::x509::RawChain;

/// A QUIC server in this process.
struct Server {
    address: SocketAddr,
    /// How its connections ended.
    ends: UnboundedReceiver<String>,
}

impl Server {
    fn start(tls: Tls) -> Self {
        let tls = Tls { versions: vec![&rustls::version::TLS13], ..tls };
        let crypto = QuicServerConfig::try_from(tls.config()).unwrap();
        Self::with(quinn::ServerConfig::with_crypto(Arc::new(crypto)), false)
    }

    fn with(config: quinn::ServerConfig, retries: bool) -> Self {
        let endpoint = quinn::Endpoint::server(config, "127.0.0.1:0".parse().unwrap()).unwrap();
        let address = endpoint.local_addr().unwrap();
        let (sender, ends) = unbounded_channel();
        tokio::spawn(async move {
            while let Some(incoming) = endpoint.accept().await {
                if retries && incoming.may_retry() && !incoming.remote_address_validated() {
                    incoming.retry().unwrap();
                    continue;
                }
                let end = match incoming.await {
                    Ok(connection) => connection.closed().await.to_string(),
                    Err(error) => error.to_string(),
                };
                let _ = sender.send(end);
            }
        });
        Self { address, ends }
    }
}

fn h3(identities: &[&LazyLock<Identity>]) -> Tls {
    Tls { alpn: vec![b"h3".to_vec()], ..Tls::new(identities) }
}

fn prober() -> Prober {
    let settings = ProbeSettings {
        connect_timeout: Duration::from_secs(5),
        handshake_timeout: Duration::from_secs(5),
        ..ProbeSettings::default()
    };
    Prober::new(settings, Pace::unlimited()).unwrap()
}

async fn visit_by(prober: &Prober, address: SocketAddr) -> Outcome<RawChain> {
    let name = ServerName::parse("a.example").ok();
    let endpoint = Endpoint::over(Transport::Quic, address, name);
    prober.visit_expecting(&endpoint, Expectation::Nothing, StartTlsChoice::Auto).await.outcome
}

async fn visit(address: SocketAddr) -> Outcome<RawChain> {
    visit_by(&prober(), address).await
}

async fn handshake(address: SocketAddr) -> Handshake<RawChain> {
    match visit(address).await {
        Outcome::Handshake(handshake) => *handshake,
        other => panic!("{other:?}"),
    }
}

async fn failure(address: SocketAddr) -> (Stage, Reason, String) {
    match visit(address).await {
        Outcome::Failure(failure) => (failure.stage, failure.reason, failure.detail.raw().to_owned()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_handshake_over_quic_shows_what_one_over_tcp_does() {
    let mut server = Server::start(h3(&[&ECDSA]));
    let Handshake { tls, presented, .. } = handshake(server.address).await;
    assert!(presented.ders().eq(ECDSA.cert.iter().map(AsRef::as_ref)));
    assert_eq!(
        tls,
        TlsFacts {
            version: Some(ProtocolVersion::TLSv1_3),
            cipher_suite: Some(CipherSuite::TLS_AES_128_GCM_SHA256),
            group: Some(NamedGroup::X25519MLKEM768),
            alpn: Some("h3".into()),
            completed: Some(true),
            possession_proved: Some(true),
            client_auth: ClientAuth::None,
            ocsp_stapled: Some(false),
            ..TlsFacts::default()
        }
    );
    assert_eq!(server.ends.recv().await.unwrap(), "closed by peer: 256", "H3_NO_ERROR, and no more");
}

#[tokio::test]
async fn a_server_of_another_protocol_is_asked_for_that_one() {
    let server = Server::start(Tls { alpn: vec![b"doq".to_vec()], ..Tls::new(&[&RSA]) });
    let prober = prober();
    let Outcome::Handshake(handshake) = visit_by(&prober, server.address).await else { panic!() };
    assert_eq!(handshake.tls.alpn, Some("doq".into()));
    assert_eq!(prober.statistics().second_tries["next QUIC protocols"], 1);
}

#[tokio::test]
async fn a_server_of_an_unheard_of_protocol_refuses_by_alert() {
    let server = Server::start(Tls { alpn: vec![b"private".to_vec()], ..Tls::new(&[&RSA]) });
    let (stage, reason, detail) = failure(server.address).await;
    assert_eq!((stage, reason), (Stage::Handshake, Reason::Alert));
    assert!(detail.contains("no_application_protocol"), "{detail}");
}

#[tokio::test]
async fn a_server_that_knows_of_no_protocols_is_asked_without() {
    let server = Server::start(Tls::new(&[&ECDSA]));
    let Handshake { tls, .. } = handshake(server.address).await;
    assert_eq!((tls.completed, tls.alpn), (Some(true), None));
}

#[tokio::test]
async fn a_server_that_insists_on_a_client_certificate_shows_its_own() {
    let server = Server::start(Tls { client_auth: Asks::Strictly, ..h3(&[&RSA]) });
    let Handshake { tls, presented, .. } = handshake(server.address).await;
    assert!(presented.ders().eq(RSA.cert.iter().map(AsRef::as_ref)));
    assert_eq!(tls.client_auth, ClientAuth::Required);
    assert_eq!((tls.completed, tls.ended_by), (Some(false), Some(EndedBy::ClientAuth)));
    assert_eq!((tls.possession_proved, tls.client_auth_ca_names.len()), (Some(true), 1));
}

#[tokio::test]
async fn a_server_that_only_asks_for_a_client_certificate_lets_us_in() {
    let server = Server::start(Tls { client_auth: Asks::Politely, ..h3(&[&RSA]) });
    let started = std::time::Instant::now();
    let tls = handshake(server.address).await.tls;
    assert_eq!((tls.client_auth, tls.completed), (ClientAuth::Requested, Some(true)));
    assert!(started.elapsed() < super::REFUSAL_WAIT, "the server's word is not waited for in vain");
}

#[tokio::test]
async fn a_server_that_validates_the_address_first_is_answered() {
    let tls = Tls { versions: vec![&rustls::version::TLS13], ..h3(&[&ECDSA]) };
    let crypto = QuicServerConfig::try_from(tls.config()).unwrap();
    let server = Server::with(quinn::ServerConfig::with_crypto(Arc::new(crypto)), true);
    assert_eq!(handshake(server.address).await.tls.completed, Some(true));
}

#[tokio::test]
async fn a_large_chain_comes_whole() {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let chain: Vec<_> = (0..6).map(|n| vec![n; 10_000].into()).collect();
    let identity = with_certificates(&key, chain.clone());
    let server = Server::start(Tls { identities: vec![identity], ..h3(&[]) });
    let handshake = handshake(server.address).await;
    assert!(handshake.presented.ders().eq(chain.iter().map(AsRef::as_ref)));
}

#[tokio::test]
async fn a_port_without_a_listener_is_refused() {
    let free = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let (stage, reason, _) = failure(free).await;
    assert_eq!((stage, reason), (Stage::Connect, Reason::Refused));
}

#[tokio::test(start_paused = true)]
async fn silence_is_a_timeout_at_connect() {
    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let prober = prober();
    let started = tokio::time::Instant::now();
    let Outcome::Failure(failure) = visit_by(&prober, silent.local_addr().unwrap()).await else { panic!() };
    assert_eq!(failure.code(), "connect.timeout");
    assert!(failure.is_dead());
    assert_eq!(started.elapsed(), Duration::from_secs(5));
    assert_eq!((prober.statistics().connected, prober.statistics().timeouts), (0, 1));
    let mut datagram = [0; 1_500];
    let mut sent = 0;
    while let Ok(length) = silent.try_recv(&mut datagram) {
        assert!(length >= 1_200);
        sent += 1;
    }
    assert!((2..=8).contains(&sent), "{sent} datagrams to a silent host");
}

/// Answers each datagram with what `answer` makes of it.
async fn answering(answer: impl Fn(&[u8]) -> Vec<Vec<u8>> + Send + 'static) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut datagram = [0; 2_000];
        while let Ok((length, from)) = socket.recv_from(&mut datagram).await {
            for reply in answer(&datagram[..length]) {
                let _ = socket.send_to(&reply, from).await;
            }
        }
    });
    address
}

/// A Version Negotiation packet in answer to an Initial (RFC 9000 section 17.2.1).
fn version_negotiation(initial: &[u8], versions: &[u32]) -> Vec<u8> {
    let (destination, rest) = initial[6..].split_at(initial[5].into());
    let source = &rest[1..][..rest[0].into()];
    let mut packet = vec![0xc0, 0, 0, 0, 0, u8::try_from(source.len()).unwrap()];
    packet.extend_from_slice(source);
    packet.push(u8::try_from(destination.len()).unwrap());
    packet.extend_from_slice(destination);
    versions.iter().for_each(|version| packet.extend_from_slice(&version.to_be_bytes()));
    packet
}

#[tokio::test]
async fn a_server_without_version_1_says_which_it_has() {
    let address = answering(|initial| vec![version_negotiation(initial, &[0x6b33_43cf, 0xff00_001d])]).await;
    let (stage, reason, detail) = failure(address).await;
    assert_eq!((stage, reason), (Stage::Handshake, Reason::WrongProtocol));
    assert_eq!(detail, "the server speaks QUIC, but not version 1; its versions: 2, draft-29");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_quic_is_told_from_silence() {
    for reply in [b"SIP/2.0 400 Bad Request\r\n".to_vec(), vec![0xff; 1_200], Vec::new()] {
        let address = answering(move |_| vec![reply.clone()]).await;
        let (stage, reason, detail) = failure(address).await;
        assert_eq!((stage, reason), (Stage::Handshake, Reason::NotTls), "{detail}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_echo_is_not_quic() {
    let address = answering(|initial| vec![initial.to_vec()]).await;
    let (stage, reason, _) = failure(address).await;
    assert_eq!((stage, reason), (Stage::Handshake, Reason::NotTls));
}

#[tokio::test(start_paused = true)]
async fn a_flood_has_an_end() {
    let address = answering(|_| vec![vec![0x40; 1_400]; 400]).await;
    let (stage, _, _) = failure(address).await;
    assert_eq!(stage, Stage::Handshake);
}
