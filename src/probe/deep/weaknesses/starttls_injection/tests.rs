//! The probe against a mail server that keeps what comes behind STARTTLS, and against servers that do not.

use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::model::Reaction;
use crate::probe::connector::Connector;
use crate::probe::test_hosts::{self, ECDSA, Tls};
use crate::probe::{Expectation, Pace, ProbeSettings, Prober};

/// What a mail server does with what comes behind STARTTLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// Throws it away.
    Discards,
    /// Carries it out inside TLS.
    Keeps,
    /// The same, on the first connection only.
    KeepsOnce,
    /// Refuses it.
    Refuses,
    /// Takes it for TLS.
    FeedsTls,
    /// Greets once more inside TLS.
    GreetsAgain,
    /// Says nothing inside TLS.
    Dumb,
    /// Answers it, and then begins TLS.
    AnswersEarly,
}

async fn host(manner: Manner) -> test_hosts::Host {
    let acceptor = TlsAcceptor::from(Arc::new(Tls::new(&[&ECDSA]).config()));
    let connections = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    test_hosts::Host::start(move |stream| {
        let acceptor = acceptor.clone();
        let is_first = connections.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0;
        async move {
            let _ = serve(stream, manner, is_first, &acceptor).await;
        }
    })
    .await
}

async fn serve(
    stream: TcpStream,
    manner: Manner,
    is_first: bool,
    acceptor: &TlsAcceptor,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.write_all(b"220 mail.example ESMTP\r\n").await?;
    stream.read_line(&mut line).await?;
    stream.write_all(b"250-mail.example\r\n250 STARTTLS\r\n").await?;
    line.clear();
    stream.read_line(&mut line).await?;
    assert_eq!(line, "STARTTLS\r\n");
    let behind = String::from_utf8(stream.buffer().to_vec()).unwrap();
    if manner == Manner::Refuses && !behind.is_empty() {
        return stream.write_all(b"503 5.5.0 Error: SMTP protocol synchronization\r\n").await;
    }
    if manner == Manner::FeedsTls && !behind.is_empty() {
        stream.write_all(b"220 go ahead\r\n").await?;
        let _ = stream.read(&mut [0; 4_096]).await;
        return stream.write_all(&[21, 3, 3, 0, 2, 2, 10]).await;
    }
    stream.write_all(b"220 go ahead\r\n").await?;
    if manner == Manner::AnswersEarly && !behind.is_empty() {
        stream.write_all(b"250 ok\r\n").await?;
    }
    let mut inside = BufReader::new(acceptor.accept(stream.into_inner()).await?);
    let keeps = manner == Manner::Keeps || manner == Manner::KeepsOnce && is_first;
    if keeps && behind == "NOOP\r\n" {
        inside.write_all(b"250 2.0.0 Ok\r\n").await?;
    }
    if manner == Manner::GreetsAgain {
        inside.write_all(b"220 mail.example ESMTP\r\n").await?;
    }
    line.clear();
    inside.read_line(&mut line).await?;
    assert_eq!(line, "QUIT\r\n");
    if manner != Manner::Dumb {
        inside.write_all(b"221-2.0.0 Bye\r\n221 2.0.0 and good night\r\n").await?;
    }
    inside.shutdown().await
}

async fn probed_as(manner: Manner, starttls: Option<StartTls>) -> (Probe, usize) {
    let host = host(manner).await;
    let prober = Prober::new(ProbeSettings::default(), Pace::unlimited()).unwrap();
    let connector = Connector::new(&prober, host.address, None, starttls, Expectation::Answer);
    let probe = probe(&Host::new(&connector, None)).await;
    (probe, host.accepted())
}

async fn probed(manner: Manner) -> (Reaction, usize) {
    let (probe, connections) = probed_as(manner, Some(StartTls::Smtp)).await;
    (probe.reaction, connections)
}

#[tokio::test]
async fn a_server_that_answers_what_was_injected_is_weak() {
    let (probe, connections) = probed_as(Manner::Keeps, Some(StartTls::Smtp)).await;
    assert_eq!((probe.reaction, connections), (Reaction::Weak, 3));
    let expected =
        Evidence::from([("protocol", "smtp".into()), ("injected", "NOOP".into()), ("answers", 1.into())]);
    assert_eq!(probe.evidence, expected);
}

#[tokio::test]
async fn a_server_that_throws_it_away_or_refuses_it_is_sound() {
    for (manner, connections) in [(Manner::Discards, 1), (Manner::Refuses, 1), (Manner::FeedsTls, 2)] {
        assert_eq!(probed(manner).await, (Reaction::Sound, connections), "{manner:?}");
    }
}

#[tokio::test]
async fn a_doubtful_answer_is_not_a_finding() {
    for (manner, connections) in
        [(Manner::KeepsOnce, 3), (Manner::GreetsAgain, 3), (Manner::Dumb, 1), (Manner::AnswersEarly, 1)]
    {
        let (reaction, made) = probed(manner).await;
        assert!(matches!(reaction, Reaction::NotDetermined(_)), "{manner:?}: {reaction:?}");
        assert_eq!(made, connections, "{manner:?}");
    }
}

#[tokio::test]
async fn only_protocols_of_lines_are_asked() {
    for starttls in [None, Some(StartTls::Ldap), Some(StartTls::Postgres), Some(StartTls::Xmpp)] {
        let (probe, connections) = probed_as(Manner::Keeps, starttls).await;
        assert_eq!((probe.reaction, connections), (Reaction::NotApplicable, 0));
    }
}

#[test]
fn answers_are_counted_and_marks_are_found() {
    for (said, mark, unasked_answers) in [
        ("221 bye\r\n", None, Some(0)),
        ("250 ok\r\n221 bye\r\n", None, Some(1)),
        ("221-good\r\n221-bye\r\n221 now\r\n", None, Some(0)),
        ("-ERR unknown\r\n+OK bye\r\n", None, Some(1)),
        ("", None, None),
        ("", Some(b"certvigil ".as_slice()), None),
        ("* BYE\r\na9 OK done\r\n", Some(b"certvigil ".as_slice()), Some(0)),
        ("certvigil OK NOOP done\r\n* BYE\r\na9 OK\r\n", Some(b"certvigil ".as_slice()), Some(1)),
        ("\"SIEVE\" \"x\"\r\nOK\r\nOK \"bye\"\r\n", Some(b"certvigil".as_slice()), Some(0)),
        ("OK (TAG {9}\r\ncertvigil) \"Done\"\r\n", Some(b"certvigil".as_slice()), Some(1)),
    ] {
        assert_eq!(unasked(said.as_bytes(), mark), unasked_answers, "{said}");
    }
}
