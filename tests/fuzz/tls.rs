//! Every reader of what a TLS server says: recorded flights gone bad, in pieces of any size.

use certvigil::tls::quic::versions_offered;
use certvigil::tls::session::{Client, Terms};
use certvigil::tls::weakness::ccs_injection::EarlyCcs;
use certvigil::tls::weakness::heartbleed::Heartbeats;
use certvigil::tls::weakness::robot::{End, RobotListener};
use certvigil::tls::{
    CipherSuite, DtlsFlight, DtlsStep, Flight, HelloTemplates, KeyShares, Leave, Limits, OfferKind,
    ProtocolVersion, Reply, Ssl2Reply, Step, Until,
};

use crate::input::{Random, runs};

const VISIT: [u8; 96] = [7; 96];

/// Flights of `openssl s_server`, each a few records.
fn flights() -> Vec<Vec<u8>> {
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/flights")).unwrap();
    let mut paths: Vec<_> = folder.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.retain(|path| path.file_name().unwrap() != "hello.bin");
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// Further answers: alerts, a HelloRetryRequest, an SSL 2 hello, a heartbeat.
fn answers() -> Vec<Vec<u8>> {
    let retry_random = [
        0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2,
        0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
    ];
    let extensions = [0, 0x2b, 0, 2, 3, 4, 0, 0x33, 0, 2, 0, 0x18];
    let body = [&[3, 3][..], &retry_random, &[0, 0x13, 1, 0, 0, 12], &extensions].concat();
    let length = u8::try_from(body.len()).unwrap();
    let retry = [&[22, 3, 3, 0, length + 4, 2, 0, 0, length][..], &body].concat();
    let ssl2 = [&[0x80, 30, 4, 0, 1, 0, 2, 0, 0, 0, 3, 0, 16, 1, 0, 0x80][..], &[5; 16]].concat();
    vec![
        vec![21, 3, 3, 0, 2, 2, 40],
        vec![21, 3, 0, 0, 2, 1, 112],
        retry,
        ssl2,
        vec![24, 3, 3, 0, 6, 2, 0, 3, 1, 2, 3],
        vec![20, 3, 3, 0, 1, 1],
    ]
}

/// One spoilt conversation after the other.
fn each(target: &str, mut feed: impl FnMut(&[&[u8]])) {
    let seeds = [flights(), answers()].concat();
    let mut random = Random::new(target);
    for _ in 0..runs() {
        let mut said = Vec::new();
        for _ in 0..=random.below(3) {
            said.extend(random.pick(&seeds));
        }
        random.spoil(&mut said);
        feed(&random.pieces(&said));
    }
}

#[test]
fn captures() {
    let templates = HelloTemplates::new(KeyShares::BasePoint);
    for leave in [Leave::Reset, Leave::Polite] {
        each("captures", |pieces| {
            let hello = templates.get(OfferKind::Everything).hello(&VISIT, Some("a.example"));
            let mut flight = Flight::new(hello, Limits::default(), leave);
            for piece in pieces {
                if !matches!(flight.feed(&mut piece.to_vec()), Ok(Step::NeedMore | Step::Send(_))) {
                    break;
                }
            }
        });
    }
}

#[test]
fn replies() {
    let mut chosen = 0_u64;
    for until in [Until::ServerHello, Until::KeyExchange, Until::Done] {
        each("replies", |pieces| {
            let mut reply = Reply::new(until, Limits::default());
            let answer = pieces.iter().find_map(|piece| reply.feed(piece)).or_else(|| reply.give_up());
            chosen += u64::from(answer.is_some_and(|answer| answer.chosen().is_some()));
        });
    }
    assert!(chosen > 0);
}

#[test]
fn ssl2() {
    let mut offered = 0_u64;
    each("ssl2", |pieces| {
        let mut reply = Ssl2Reply::default();
        let answer = pieces.iter().find_map(|piece| reply.feed(piece)).unwrap_or_else(|| reply.hang_up());
        offered += u64::from(answer.is_offered() == Some(true));
    });
    assert!(offered > 0);
}

#[test]
fn sessions() {
    let suites = vec![
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA,
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
    ];
    for version in [ProtocolVersion::TLSv1_0, ProtocolVersion::TLSv1_2] {
        each("sessions", |pieces| {
            let terms = Terms::new(version, suites.clone(), Some("a.example"));
            let mut client = Client::new(terms, &VISIT, Limits::default());
            let mut sent = client.take_output().len();
            for piece in pieces {
                let fed = client.feed(piece);
                sent += client.take_output().len();
                if fed.is_err() {
                    break;
                }
            }
            assert!(sent < 8 * 1024, "{sent} bytes were sent");
        });
    }
}

#[test]
fn weakness_probes() {
    each("weakness probes", |pieces| {
        let mut heartbeats = Heartbeats::new(ProtocolVersion::TLSv1_2, [1; 16]);
        let _ = pieces.iter().find_map(|piece| heartbeats.feed(piece));
        let mut early = EarlyCcs::new(ProtocolVersion::TLSv1_2);
        let _ = pieces.iter().find_map(|piece| early.feed(piece));
        let mut listener = RobotListener::default();
        let heard = pieces.iter().find_map(|piece| listener.feed(piece));
        let _ = heard.unwrap_or_else(|| listener.end(End::Silence)).to_string();
    });
}

/// Recorded flights of TLS 1.2 as a DTLS server sends them, each message in a datagram; and a flight of other answers.
fn datagram_flights() -> Vec<Vec<Vec<u8>>> {
    let cookie = [&[0xfe, 0xff, 4][..], &[9; 4]].concat();
    let mut all = vec![vec![
        datagram(3, 0, &cookie),
        vec![21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 112],
        vec![21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 40],
    ]];
    for flight in flights() {
        let mut rest = flight.as_slice();
        let mut datagrams = Vec::new();
        while let [22, 3, 3, high, low, content @ ..] = rest {
            let length = usize::from(u16::from_be_bytes([*high, *low])).min(content.len());
            let (mut messages, after) = content.split_at(length);
            while let [kind, 0, a, b, more @ ..] = messages {
                let length = usize::from(u16::from_be_bytes([*a, *b])).min(more.len());
                let mut body = more[..length].to_vec();
                if let (2, [3, 3, ..]) = (*kind, body.as_slice()) {
                    body[..2].copy_from_slice(&[0xfe, 0xfd]);
                }
                datagrams.push(datagram(*kind, u8::try_from(datagrams.len()).unwrap(), &body));
                messages = &more[length..];
            }
            rest = after;
        }
        if datagrams.len() > 2 {
            all.push(datagrams);
        }
    }
    assert!(all.len() > 1, "no recorded flight is of TLS 1.2");
    all
}

fn datagram(kind: u8, number: u8, body: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(body.len()).unwrap().to_be_bytes();
    let message = [&[kind, 0, high, low, 0, number, 0, 0, 0, 0, high, low][..], body].concat();
    let [high, low] = u16::try_from(message.len()).unwrap().to_be_bytes();
    [&[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, number, high, low][..], &message].concat()
}

fn one_of_all(random: &mut Random, flights: &[Vec<Vec<u8>>]) -> Vec<u8> {
    let flight = random.pick(flights);
    random.pick(flight).clone()
}

#[test]
fn dtls() {
    let flights = datagram_flights();
    let mut random = Random::new("dtls");
    let (mut hellos, mut captured) = (0_u64, 0_u64);
    for _ in 0..runs() {
        let mut flight = DtlsFlight::new(&VISIT, Some("a.example"), Limits::default());
        let mut datagrams = random.pick(&flights).clone();
        for _ in 0..random.below(4) {
            let at = random.below(datagrams.len());
            match random.below(3) {
                0 => random.spoil(&mut datagrams[at]),
                1 => datagrams.push(one_of_all(&mut random, &flights)),
                _ => datagrams.rotate_left(at),
            }
        }
        for said in &datagrams {
            match flight.feed(said) {
                Ok(DtlsStep::NeedMore) => {}
                Ok(DtlsStep::SayHello) => {
                    hellos += 1;
                    assert!(flight.hello().len() < 2_048);
                }
                Ok(DtlsStep::Done(_)) => {
                    captured += 1;
                    break;
                }
                Err(_) => break,
            }
        }
    }
    assert!(hellos > 0 && captured > 0, "{hellos} hellos, {captured} chains");
}

#[test]
fn quic_version_negotiation() {
    let seed = [&[0xc0, 0, 0, 0, 0, 2, 7, 7, 1, 9][..], &[0x6b, 0x33, 0x43, 0xcf, 0xff, 0, 0, 29]].concat();
    let mut random = Random::new("quic");
    let mut read = 0_u64;
    for _ in 0..runs() {
        let mut packet = seed.repeat(1 + random.below(9));
        random.spoil(&mut packet);
        if let Some(versions) = versions_offered(&packet) {
            read += 1;
            assert!(versions.len() <= 16);
        }
    }
    assert!(read > 0);
}
