//! Every dialogue: conversations gone bad, in pieces of any size.

use certvigil::tls::StartTls;
use certvigil::tls::starttls::UpgradeStep;

use crate::input::{Random, runs};

/// More than this no dialogue takes without an end.
const MOST_BYTES: usize = 64 * 1024 + 1;

/// What servers say on the way to TLS or away from it, one speech after the other.
fn speeches(protocol: StartTls) -> Vec<Vec<u8>> {
    let file = format!("{}/fixtures/starttls/{}.txt", env!("CARGO_MANIFEST_DIR"), protocol.name());
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(unescape).collect()
}

/// `\r`, `\n`, `\\` and `\xNN`.
fn unescape(line: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = line.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match (byte, byte == b'\\') {
            (_, true) => match rest.next().unwrap() {
                b'r' => b'\r',
                b'n' => b'\n',
                b'x' => {
                    let digits = [rest.next().unwrap(), rest.next().unwrap()];
                    u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
                }
                other => other,
            },
            (plain, false) => plain,
        });
    }
    bytes
}

fn fuzz(protocol: StartTls) {
    let speeches = speeches(protocol);
    let mut random = Random::new(protocol.name());
    let mut ready = 0_u64;
    for _ in 0..runs() {
        let mut said = Vec::new();
        for _ in 0..=random.below(5) {
            said.extend(random.pick(&speeches));
        }
        random.spoil(&mut said);
        if random.below(1000) == 0 {
            said = said.repeat(MOST_BYTES / said.len().max(1) + 1);
        }
        ready += u64::from(converse(protocol, &random.pieces(&said), said.len()));
    }
    assert!(ready > 0, "no conversation of {runs} with {protocol:?} came to TLS", runs = runs());
}

/// Feeds a dialogue; true where TLS came next at some time. An end is an end, and so is the cap.
fn converse(protocol: StartTls, pieces: &[&[u8]], length: usize) -> bool {
    let mut dialogue = protocol.dialogue(Some("a.example"));
    let mut sent = dialogue.open().len();
    let mut ready = false;
    let mut end = None;
    for piece in pieces {
        let mut step = dialogue.feed(piece);
        if let Some(end) = &end {
            assert_eq!(step.as_ref(), Err(end), "an error is no end");
        }
        while let Ok(UpgradeStep::Send(bytes)) = step {
            assert!(!bytes.is_empty());
            sent += bytes.len();
            step = dialogue.feed(&[]);
        }
        ready |= matches!(step, Ok(UpgradeStep::Ready(_) | UpgradeStep::SendThenReady(..)));
        end = step.err();
    }
    assert!(sent < 1024, "{protocol:?} sent {sent} bytes");
    assert!(length < MOST_BYTES || end.is_some(), "{protocol:?} holds {length} bytes");
    ready
}

/// One test for each, so that they run side by side.
macro_rules! targets {
    ($($name:ident: $protocol:ident,)*) => {
        $(#[test]
        fn $name() {
            fuzz(StartTls::$protocol);
        })*

        #[test]
        fn every_protocol_is_a_target() {
            assert_eq!([$(StartTls::$protocol),*], StartTls::ALL);
        }
    };
}

targets! {
    smtp: Smtp,
    lmtp: Lmtp,
    imap: Imap,
    pop3: Pop3,
    sieve: Sieve,
    ftp: Ftp,
    ldap: Ldap,
    xmpp: Xmpp,
    xmpp_server: XmppServer,
    postgres: Postgres,
    mysql: Mysql,
    mssql: Mssql,
    rdp: Rdp,
    nntp: Nntp,
    irc: Irc,
    nats: Nats,
}

#[test]
fn greetings() {
    let speeches: Vec<Vec<u8>> = StartTls::ALL.into_iter().flat_map(speeches).collect();
    let mut random = Random::new("greetings");
    for _ in 0..runs() {
        let mut said = random.pick(&speeches).clone();
        random.spoil(&mut said);
        if let Some(protocol) = StartTls::by_greeting(&said) {
            assert!(protocol.speaks_first() || protocol == StartTls::Irc, "{protocol:?} greets");
        }
    }
}
