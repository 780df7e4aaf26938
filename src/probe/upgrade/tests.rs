//! Visits to hosts on loopback that want to be led to TLS, and to some that are not what was expected.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::model::{Depth, Endpoint, Failure, Outcome, ServerName, StartTlsChoice};
use crate::probe::test_hosts::{ECDSA, Host, SMTP, Script, Tls};
use crate::probe::{Expectation, Measured, Pace, ProbeSettings, Prober};
use crate::tls::{ProtocolVersion, StartTls};

fn settings(depth: Depth) -> ProbeSettings {
    ProbeSettings { depth, other_chains: false, ..ProbeSettings::default() }
}

fn prober(depth: Depth) -> Prober {
    Prober::new(settings(depth), Pace::unlimited()).unwrap()
}

/// The host as an endpoint of `starttls`.
fn endpoint(host: &Host, starttls: Option<StartTls>) -> Endpoint {
    Endpoint { starttls, ..Endpoint::tcp(host.address, ServerName::parse("a.example").ok()) }
}

async fn measure(depth: Depth, host: &Host, starttls: Option<StartTls>, choice: StartTlsChoice) -> Measured {
    prober(depth).visit_expecting(&endpoint(host, starttls), Expectation::Answer, choice).await
}

/// What an SMTP visit fails with, by the scan's own choice.
async fn failing(host: &Host, starttls: Option<StartTls>) -> (Option<StartTls>, Failure) {
    let measured = measure(Depth::Sweep, host, starttls, StartTlsChoice::Auto).await;
    match measured.outcome {
        Outcome::Failure(failure) => (measured.starttls, failure),
        other => panic!("not a failure: {other:?}"),
    }
}

fn is_handshake(measured: &Measured) -> bool {
    matches!(&measured.outcome, Outcome::Handshake(handshake)
        if handshake.presented.ders().next() == Some(ECDSA.cert[0].as_ref()))
}

#[tokio::test]
async fn a_mail_server_is_upgraded_at_every_depth() {
    for depth in [Depth::Sweep, Depth::Standard, Depth::Deep] {
        for choice in [StartTlsChoice::Auto, StartTlsChoice::Always(StartTls::Smtp)] {
            let host = Host::upgraded(SMTP.0, SMTP.1, Tls::new(&[&ECDSA])).await;
            let measured = measure(depth, &host, Some(StartTls::Smtp), choice).await;
            assert!(is_handshake(&measured), "{measured:?}");
            assert_eq!(measured.starttls, Some(StartTls::Smtp));
            if depth != Depth::Deep {
                assert_eq!(host.accepted(), 1);
            }
        }
    }
}

#[tokio::test]
async fn what_greets_in_the_place_of_tls_is_upgraded_by_its_protocol() {
    for depth in [Depth::Sweep, Depth::Standard] {
        let host = Host::upgraded(SMTP.0, SMTP.1, Tls::new(&[&ECDSA])).await;
        let measured = measure(depth, &host, None, StartTlsChoice::Auto).await;
        assert!(is_handshake(&measured), "{measured:?}");
        assert_eq!((measured.starttls, host.accepted()), (Some(StartTls::Smtp), 2));
    }
}

#[tokio::test]
async fn another_protocol_than_the_expected_one_is_upgraded_by_its_own() {
    let host = Host::upgraded(SMTP.0, SMTP.1, Tls::new(&[&ECDSA])).await;
    let measured = measure(Depth::Sweep, &host, Some(StartTls::Imap), StartTlsChoice::Auto).await;
    assert!(is_handshake(&measured), "{measured:?}");
    assert_eq!((measured.starttls, host.accepted()), (Some(StartTls::Smtp), 2));
}

#[tokio::test]
async fn a_choice_is_not_departed_from() {
    let host = Host::upgraded(SMTP.0, SMTP.1, Tls::new(&[&ECDSA])).await;
    let measured = measure(Depth::Sweep, &host, None, StartTlsChoice::Never).await;
    assert!(matches!(&measured.outcome, Outcome::Failure(failure) if failure.code() == "handshake.not_tls"));
    let imap = StartTls::Imap;
    let measured = measure(Depth::Sweep, &host, Some(imap), StartTlsChoice::Always(imap)).await;
    assert!(
        matches!(&measured.outcome, Outcome::Failure(failure) if failure.code() == "upgrade.wrong_protocol")
    );
    assert_eq!((measured.starttls, host.accepted()), (Some(imap), 2));
}

#[tokio::test]
async fn tls_without_an_upgrade_is_found_where_one_is_expected() {
    // SMTP waits for a greeting that never comes; LDAP speaks first, and TLS answers by an alert.
    for (protocol, connections) in [(StartTls::Smtp, 3), (StartTls::Ldap, 2)] {
        let host = Host::tls(Tls::new(&[&ECDSA])).await;
        let start = Instant::now();
        let measured = measure(Depth::Sweep, &host, Some(protocol), StartTlsChoice::Auto).await;
        assert!(is_handshake(&measured), "{measured:?}");
        assert_eq!((measured.starttls, host.accepted()), (None, connections));
        assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_host_costs_one_wait_and_keeps_its_identity() {
    for (expectation, seconds) in [(Expectation::Answer, 10), (Expectation::Nothing, 7)] {
        let host = Host::silent().await;
        let start = Instant::now();
        let endpoint = endpoint(&host, Some(StartTls::Smtp));
        let measured =
            prober(Depth::Sweep).visit_expecting(&endpoint, expectation, StartTlsChoice::Auto).await;
        assert_eq!(start.elapsed().as_secs(), seconds);
        assert_eq!((measured.starttls, host.accepted()), (Some(StartTls::Smtp), 2));
        let Outcome::Failure(failure) = measured.outcome else { panic!() };
        assert_eq!(
            (failure.code().as_str(), failure.detail.raw()),
            ("upgrade.timeout", "no word of smtp in time")
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_greeting_that_takes_its_time_is_waited_for() {
    let host = Host::start(|mut stream| async move {
        tokio::time::sleep(Duration::from_secs(6)).await;
        let _ = stream.write_all(b"220 mail.example ESMTP\r\n").await;
        let _ = stream.read(&mut [0; 512]).await;
        let _ = stream.write_all(b"250 mail.example\r\n").await;
        let _ = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    let (starttls, failure) = failing(&host, Some(StartTls::Smtp)).await;
    assert_eq!((starttls, failure.code().as_str()), (Some(StartTls::Smtp), "upgrade.not_offered"));
}

#[tokio::test]
async fn a_refusal_has_its_reason_and_the_server_s_words() {
    const EHLO: (&str, &str) = ("EHLO ", "250-mail\r\n250 STARTTLS\r\n");
    let cases: [(&str, Script, &str, &str); 6] = [
        ("220 x ESMTP\r\n", &[("EHLO ", "250 mail\r\n")], "upgrade.not_offered", "does not offer TLS"),
        ("220 x ESMTP\r\n", &[EHLO, ("STARTTLS", "454 no key\r\n")], "upgrade.refused", "no key"),
        ("421 too many connections\r\n", &[], "upgrade.throttled", "too many connections"),
        (
            "220 x ESMTP\r\n",
            &[EHLO, ("STARTTLS", "220 go\r\n250 injected\r\n")],
            "upgrade.injected",
            "injected",
        ),
        ("SSH-2.0-OpenSSH_9.2\r\n", &[], "upgrade.wrong_protocol", "SSH"),
        ("220 x\0y\r\n250", &[("EHLO ", "25O\r\n")], "upgrade.malformed", ""),
    ];
    for (greeting, script, code, words) in cases {
        let host = Host::refusing(greeting, script).await;
        let (starttls, failure) = failing(&host, Some(StartTls::Smtp)).await;
        assert_eq!((starttls, failure.code().as_str()), (Some(StartTls::Smtp), code));
        assert!(failure.detail.raw().contains(words), "{:?}", failure.detail);
        assert_eq!(host.accepted(), 1, "{code}");
    }
}

#[tokio::test]
async fn a_host_that_hangs_up_is_no_refusal() {
    for (bytes, code) in [(b"".as_slice(), "upgrade.closed"), (b"220-mail", "upgrade.closed")] {
        let host = Host::start(move |mut stream| async move {
            let _ = stream.write_all(bytes).await;
            let _ = stream.shutdown().await;
            let _ = stream.read_to_end(&mut Vec::new()).await;
        })
        .await;
        assert_eq!(failing(&host, Some(StartTls::Smtp)).await.1.code(), code);
    }
}

#[tokio::test]
async fn a_greeting_without_an_end_is_cut_off() {
    let host =
        Host::start(|mut stream| async move { while stream.write_all(&[b'x'; 4_096]).await.is_ok() {} })
            .await;
    // FTP may say anything after its number; the line never ends.
    let greeting = Host::start(|mut stream| async move {
        let _ = stream.write_all(b"220-").await;
        while stream.write_all(&[b'x'; 4_096]).await.is_ok() {}
    })
    .await;
    for host in [host, greeting] {
        let code = failing(&host, Some(StartTls::Ftp)).await.1.code();
        assert!(matches!(code.as_str(), "upgrade.malformed" | "upgrade.wrong_protocol"), "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_asks_to_come_back_later_is_asked_later_and_once() {
    let host = Host::refusing("421 too many connections\r\n", &[]).await;
    let polite = Prober::new(settings(Depth::Sweep), Pace::default()).unwrap();
    let start = Instant::now();
    let endpoint = endpoint(&host, Some(StartTls::Smtp));
    let measured = polite.visit_expecting(&endpoint, Expectation::Answer, StartTlsChoice::Auto).await;
    assert!(matches!(&measured.outcome, Outcome::Failure(failure) if failure.code() == "upgrade.throttled"));
    assert_eq!((host.accepted(), start.elapsed().as_secs()), (2, 5));
    assert_eq!((polite.statistics().retries, polite.statistics().networks_slowed), (1, 2));
}

#[tokio::test]
async fn tls_inside_tds_packets_is_read_and_completed() {
    for depth in [Depth::Sweep, Depth::Standard] {
        for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
            let host = tds_host(Tls { versions: vec![version], ..Tls::new(&[&ECDSA]) }).await;
            let measured = measure(depth, &host, Some(StartTls::Mssql), StartTlsChoice::Auto).await;
            assert!(is_handshake(&measured), "{measured:?}");
            let Outcome::Handshake(handshake) = measured.outcome else { panic!() };
            assert_eq!(handshake.tls.version, Some(ProtocolVersion(u16::from(version.version))));
            assert_eq!(handshake.tls.completed, Some(depth == Depth::Standard));
            assert_eq!(host.accepted(), 1);
        }
    }
}

#[tokio::test]
async fn what_is_no_tds_inside_tds_is_malformed() {
    let host = Host::start(|mut stream| async move {
        let _ = read_packet(&mut stream).await;
        let _ = stream.write_all(&packet(4, &PRE_LOGIN_ANSWER)).await;
        let _ = read_packet(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        let _ = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    for depth in [Depth::Sweep, Depth::Standard] {
        let measured = measure(depth, &host, Some(StartTls::Mssql), StartTlsChoice::Auto).await;
        assert!(
            matches!(&measured.outcome, Outcome::Failure(f) if f.code() == "handshake.malformed"),
            "{measured:?}"
        );
    }
}

/// Encryption on: option 1 with one byte, behind the terminator.
const PRE_LOGIN_ANSWER: [u8; 7] = [1, 0, 6, 0, 1, 0xff, 1];

/// Agrees on encryption, then shakes hands inside packets; what comes after the handshake is bare.
async fn tds_host(tls: Tls) -> Host {
    let config = Arc::new(tls.config());
    Host::start(move |mut stream| {
        let config = Arc::clone(&config);
        async move {
            let _ = read_packet(&mut stream).await;
            let _ = stream.write_all(&packet(4, &PRE_LOGIN_ANSWER)).await;
            let mut session = rustls::ServerConnection::new(config).unwrap();
            while session.is_handshaking() {
                let Some(payload) = read_packet(&mut stream).await else { return };
                let mut payload = payload.as_slice();
                while !payload.is_empty() {
                    session.read_tls(&mut payload).unwrap();
                    session.process_new_packets().unwrap();
                }
                let mut answer = Vec::new();
                while session.wants_write() {
                    session.write_tls(&mut answer).unwrap();
                }
                // Smaller packets than records.
                for part in answer.chunks(300) {
                    let _ = stream.write_all(&packet(0x12, part)).await;
                }
            }
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    })
    .await
}

fn packet(kind: u8, payload: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(payload.len() + 8).unwrap().to_be_bytes();
    [&[kind, 1, high, low, 0, 0, 1, 0], payload].concat()
}

async fn read_packet(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut header = [0; 8];
    stream.read_exact(&mut header).await.ok()?;
    assert_eq!(header[0], 0x12);
    let mut payload = vec![0; usize::from(u16::from_be_bytes([header[2], header[3]])) - 8];
    stream.read_exact(&mut payload).await.ok()?;
    Some(payload)
}
