//! DTLS against odd peers in this process. Real servers are asked in `tests/transports.rs`.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::Instant;

use crate::model::{Endpoint, Failure, Outcome, StartTlsChoice, Transport};
use crate::probe::{Expectation, Pace, ProbeSettings, Prober};

/// Answers each datagram with what `answer` makes of its number; what came is handed on.
async fn peer(
    mut answer: impl FnMut(usize) -> Vec<Vec<u8>> + Send + 'static,
) -> (SocketAddr, UnboundedReceiver<Vec<u8>>) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let (sender, received) = unbounded_channel();
    tokio::spawn(async move {
        let mut datagram = [0; 2_000];
        let mut number = 0;
        while let Ok((length, from)) = socket.recv_from(&mut datagram).await {
            let _ = sender.send(datagram[..length].to_vec());
            for reply in answer(number) {
                let _ = socket.send_to(&reply, from).await;
            }
            number += 1;
        }
    });
    (address, received)
}

async fn failure(address: SocketAddr) -> Failure {
    let settings = ProbeSettings {
        connect_timeout: Duration::from_secs(5),
        handshake_timeout: Duration::from_secs(5),
        ..ProbeSettings::default()
    };
    let prober = Prober::new(settings, Pace::unlimited()).unwrap();
    let endpoint = Endpoint::over(Transport::Dtls, address, None);
    let measured = prober.visit_expecting(&endpoint, Expectation::Nothing, StartTlsChoice::Auto).await;
    match measured.outcome {
        Outcome::Failure(failure) => failure,
        other => panic!("{other:?}"),
    }
}

/// An alert (RFC 6347 section 4.1).
fn alert(level: u8, description: u8) -> Vec<u8> {
    vec![21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, level, description]
}

fn verify_request(cookie: u8) -> Vec<u8> {
    vec![
        22, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 3, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 4, 0xfe, 0xff, 1,
        cookie,
    ]
}

#[tokio::test]
async fn a_port_without_a_listener_is_refused() {
    let free = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert_eq!(failure(free).await.code(), "connect.refused");
}

#[tokio::test(start_paused = true)]
async fn a_silent_host_is_asked_a_few_times_and_is_a_timeout() {
    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let started = Instant::now();
    let failure = failure(silent.local_addr().unwrap()).await;
    assert_eq!(failure.code(), "connect.timeout");
    assert!(failure.is_dead());
    assert_eq!(started.elapsed(), Duration::from_secs(5));
    let mut hellos = 0;
    while silent.try_recv(&mut [0; 2_000]).is_ok() {
        hellos += 1;
    }
    assert_eq!(hellos, 4, "at 0, 0.5, 1.5 and 3.5 seconds; nobody to take leave from");
}

#[tokio::test]
async fn a_refusal_is_an_alert() {
    let (address, _) = peer(|_| vec![alert(2, 70)]).await;
    let failure = failure(address).await;
    assert_eq!(failure.code(), "handshake.alert");
    assert!(failure.detail.raw().contains("protocol_version"), "{:?}", failure.detail);
}

#[tokio::test]
async fn another_service_is_not_dtls() {
    let (address, _) = peer(|_| vec![b"SIP/2.0 400 Bad Request\r\n".to_vec()]).await;
    let failure = failure(address).await;
    assert_eq!(failure.code(), "handshake.not_tls");
    assert!(failure.detail.raw().contains("SIP/2.0 400"), "{:?}", failure.detail);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_falls_silent_after_its_cookie_times_out_in_the_handshake() {
    let (address, mut received) = peer(|number| match number {
        0 => vec![verify_request(7)],
        _ => Vec::new(),
    })
    .await;
    assert_eq!(failure(address).await.code(), "handshake.timeout");
    let first = received.recv().await.unwrap();
    let second = received.recv().await.unwrap();
    assert_eq!(second.len(), first.len() + 1, "the cookie of one byte");
    let farewell = async { while received.recv().await.unwrap().first() != Some(&21) {} };
    tokio::time::timeout(Duration::from_secs(60), farewell).await.expect("it takes leave by an alert");
}

#[tokio::test]
async fn cookies_and_floods_have_an_end() {
    let mut cookie = 0_u8;
    let (address, _) = peer(move |_| {
        cookie = cookie.wrapping_add(1);
        vec![verify_request(cookie)]
    })
    .await;
    assert_eq!(failure(address).await.code(), "handshake.malformed");
    let (address, _) = peer(|_| vec![alert(1, 112); 200]).await;
    assert_eq!(failure(address).await.code(), "handshake.malformed");
}
