//! What no server should say: text behind the go-ahead, floods, other protocols, any bytes at all.

use proptest::prelude::*;

use super::*;

/// What a server says up to its go-ahead, one speech after each of ours.
fn happy(protocol: StartTls) -> Vec<&'static [u8]> {
    const GREETING: &[u8] = b"\x4a\0\0\0\x0a8.0.36\0\x07\0\0\0abcdefgh\0\xff\xff\x21\x02\0\xff\xdf\x15\
        \0\0\0\0\0\0\0\0\0\0ijklmnopqrst\0caching_sha2_password\0";
    let starttls: &[u8] = b"250-x\r\n250 STARTTLS\r\n";
    match protocol {
        StartTls::Smtp | StartTls::Lmtp => vec![b"220 x\r\n", starttls, b"220 go\r\n"],
        StartTls::Imap => vec![b"* OK x\r\n", b"a1 OK go\r\n"],
        StartTls::Pop3 => vec![b"+OK x\r\n", b"+OK go\r\n"],
        StartTls::Sieve => vec![b"\"STARTTLS\"\r\nOK\r\n", b"OK go\r\n"],
        StartTls::Ftp => vec![b"220 x\r\n", b"234 go\r\n"],
        StartTls::Ldap => vec![b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\0\x04\0\x04\0"],
        StartTls::Xmpp | StartTls::XmppServer => {
            vec![b"<s:stream><s:features><starttls/></s:features>", b"<proceed/>"]
        }
        StartTls::Postgres => vec![b"S"],
        StartTls::Mysql => vec![GREETING],
        StartTls::Mssql => vec![b"\x04\x01\0\x0f\0\0\0\0\x01\0\x06\0\x01\xff\x01"],
        StartTls::Rdp => vec![b"\x03\0\0\x13\x0e\xd0\0\0\0\0\0\x02\0\x08\0\x01\0\0\0"],
        StartTls::Nntp => vec![b"200 x\r\n", b"382 go\r\n"],
        StartTls::Irc => vec![b":x 670 * :go\r\n"],
        StartTls::Nats => vec![b"INFO {\"tls_required\":true}\r\n"],
    }
}

/// How a dialogue stands after some bytes; errors but `Injected` count alike.
#[derive(Debug, PartialEq, Eq)]
enum Stand {
    Open,
    Ready,
    Injected,
    NoWay,
}

fn feed_all<'a>(protocol: StartTls, pieces: impl IntoIterator<Item = &'a [u8]>) -> Stand {
    let mut dialogue = protocol.dialogue(None);
    dialogue.open();
    let mut stand = Stand::Open;
    for piece in pieces {
        let mut step = dialogue.feed(piece);
        while let Ok(UpgradeStep::Send(_)) = step {
            step = dialogue.feed(&[]);
        }
        stand = match step {
            Ok(UpgradeStep::NeedMore | UpgradeStep::Send(_)) => Stand::Open,
            Ok(UpgradeStep::Ready(_) | UpgradeStep::SendThenReady(..)) => Stand::Ready,
            Err(UpgradeError::Injected(_)) => Stand::Injected,
            Err(_) => Stand::NoWay,
        };
    }
    stand
}

#[test]
fn nothing_may_stand_between_the_go_ahead_and_tls() {
    for protocol in StartTls::ALL {
        let happy = happy(protocol);
        assert_eq!(feed_all(protocol, happy.iter().copied()), Stand::Ready, "{protocol:?}");
        for injected in [b"250 EVIL\r\n".as_slice(), b"\x16\x03\x03\0\x05", b"\0", b" "] {
            let mut same_read = happy.iter().map(|speech| speech.to_vec()).collect::<Vec<_>>();
            same_read.last_mut().unwrap().extend(injected);
            let same_read = same_read.iter().map(Vec::as_slice);
            assert_eq!(feed_all(protocol, same_read), Stand::Injected, "{protocol:?} {injected:?}");
            let later_read = happy.iter().copied().chain([injected]);
            assert_eq!(feed_all(protocol, later_read), Stand::Injected, "{protocol:?} {injected:?}");
        }
    }
}

#[test]
fn what_was_injected_is_quoted() {
    let mut dialogue = StartTls::Pop3.dialogue(None);
    dialogue.feed(b"+OK\r\n").unwrap();
    let error = dialogue.feed(b"+OK\r\n+OK logged in\r\n").unwrap_err();
    assert_eq!(error, UpgradeError::Injected("+OK logged in\r\n".into()));
    assert_eq!(dialogue.feed(b"x"), Err(error));
}

#[test]
fn a_flood_ends_at_the_limit() {
    for protocol in StartTls::ALL {
        for pattern in
            [b"x".as_slice(), b"220-x\r\n", b"* x\r\n", b"\"a\" \"b\"\r\n", b":x NOTICE y\r\n", b"<a>", b"\n"]
        {
            let mut dialogue = protocol.dialogue(None);
            let flood = pattern.repeat(1000);
            let mut fed = 0;
            let error = loop {
                match dialogue.feed(&flood) {
                    Ok(_) => fed += flood.len(),
                    Err(error) => break error,
                }
                assert!(fed <= 65 * 1024 + flood.len(), "{protocol:?} holds {fed} bytes");
            };
            assert_eq!(dialogue.feed(&[]), Err(error));
        }
    }
}

#[test]
fn another_protocol_is_named() {
    let named = |protocol: StartTls, said: &[u8]| {
        let mut dialogue = protocol.dialogue(None);
        dialogue.open();
        match dialogue.feed(said) {
            Err(UpgradeError::WrongProtocol { protocol, .. }) => protocol,
            other => panic!("{protocol:?} took {said:?} for its own: {other:?}"),
        }
    };
    for protocol in StartTls::ALL {
        assert_eq!(named(protocol, b"\x15\x03\x01\0\x02\x02\x0a"), "TLS", "{protocol:?}");
        if !matches!(protocol, StartTls::Postgres | StartTls::Irc) {
            assert_eq!(named(protocol, b"SSH-2.0-OpenSSH_9.2\r\n"), "SSH", "{protocol:?}");
        }
        assert_eq!(named(protocol, b"\xff\xfd\x18\xff\xfd\x20"), "Telnet", "{protocol:?}");
    }
    assert_eq!(named(StartTls::Smtp, b"\x4a\0\0\0\x0a10.11.19-MariaDB\0"), "MySQL");
    assert_eq!(named(StartTls::Irc, b"HTTP/1.1 400 Bad Request\r\n"), "HTTP");
    assert_eq!(named(StartTls::Imap, b"+OK ready\r\n"), "POP3");
}

/// Bytes that look like some server's, like nobody's, and mixtures.
fn said() -> impl Strategy<Value = Vec<u8>> {
    let likely: Vec<Vec<u8>> =
        StartTls::ALL.iter().flat_map(|protocol| happy(*protocol)).map(<[u8]>::to_vec).collect();
    let piece = prop_oneof![
        3 => proptest::sample::select(likely),
        1 => proptest::collection::vec(any::<u8>(), 0..20),
        1 => "[ -~]{0,12}(\r\n)?".prop_map(String::into_bytes),
    ];
    proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn pieces_of_any_size_come_to_the_same(said in said(), first in 0_usize..100) {
        for protocol in StartTls::ALL {
            let whole = feed_all(protocol, [said.as_slice()]);
            let (front, back) = said.split_at(first.min(said.len()));
            // A peer that is known by its first byte is known no better by more.
            prop_assert_eq!(feed_all(protocol, [front, back]), feed_all(protocol, [front, back, &[]]));
            let bytes = feed_all(protocol, said.chunks(1));
            if !said.is_empty() {
                prop_assert_eq!(bytes, whole, "{:?}", protocol);
            }
        }
    }
}
