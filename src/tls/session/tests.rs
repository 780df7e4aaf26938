//! The client against the server of the tests, and against one whose bytes were tampered with.

use proptest::prelude::*;

use super::test_server::{Does, Manners, Server, Sessions};
use super::{Alert, Client, Event, Malformation, SessionError, Terms, speaks};
use crate::tls::{AlertDescription, CipherSuite, Limits, ProtocolVersion};

const APPLICATION_DATA: u8 = 23;
const CBC: CipherSuite = CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA;
const GCM: CipherSuite = CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256;
const VERSIONS: [ProtocolVersion; 3] =
    [ProtocolVersion::TLSv1_0, ProtocolVersion::TLSv1_1, ProtocolVersion::TLSv1_2];

fn terms(version: ProtocolVersion, suite: CipherSuite) -> Terms {
    Terms::new(version, vec![suite], Some("a.example"))
}

/// A client and its server, in one process.
struct Pair {
    client: Client,
    server: Server,
    events: Vec<Event>,
}

impl Pair {
    fn new(terms: Terms, manners: Manners) -> Self {
        Self::on(terms, manners, &Sessions::default(), 1)
    }

    fn on(terms: Terms, manners: Manners, sessions: &Sessions, number: u8) -> Self {
        let client = Client::new(terms, &[number ^ 0x55; 96], Limits::default());
        Self { client, server: Server::new(manners, sessions.clone(), number), events: Vec::new() }
    }

    /// Carries bytes to and fro until neither has any.
    fn run(&mut self) -> Result<(), SessionError> {
        loop {
            let output = self.client.take_output();
            let answer = self.server.feed(&output);
            self.client.feed(&answer)?;
            while let Some(event) = self.client.next_event() {
                self.events.push(event);
            }
            if output.is_empty() && answer.is_empty() {
                return Ok(());
            }
        }
    }

    fn established(mut self) -> Self {
        self.run().unwrap();
        assert!(self.client.is_established() && self.server.established);
        assert_eq!(std::mem::take(&mut self.events), [Event::Chose, Event::Established]);
        self
    }

    fn alerts(&self) -> Vec<Alert> {
        let alert = |event: &Event| if let Event::Alert(alert) = event { Some(*alert) } else { None };
        self.events.iter().filter_map(alert).collect()
    }
}

#[test]
fn data_goes_both_ways_in_every_version_and_suite() {
    for suite in (0..=u16::MAX).map(CipherSuite).filter(|suite| suite.to_string().contains("_ECDHE_")) {
        for version in VERSIONS.into_iter().filter(|version| speaks(suite, *version)) {
            for (extended_master_secret, encrypt_then_mac) in [(true, false), (false, true), (true, true)] {
                let terms = Terms { extended_master_secret, encrypt_then_mac, ..terms(version, suite) };
                let mut pair = Pair::new(terms, Manners::sound(version, suite)).established();
                let long = vec![7; 20_000];
                for content in [b"".as_slice(), b"hello", &long] {
                    pair.client.send(APPLICATION_DATA, content);
                    pair.run().unwrap();
                    assert_eq!(pair.server.taken.concat(), content, "{version} {suite}");
                    pair.server.taken.clear();
                    let said = pair.server.say(&content[..content.len().min(9)]);
                    pair.client.feed(&said).unwrap();
                    assert_eq!(
                        pair.client.next_event(),
                        Some(Event::Data(content[..content.len().min(9)].into()))
                    );
                }
            }
        }
    }
}

#[test]
fn what_was_agreed_on_is_known() {
    let terms =
        Terms { encrypt_then_mac: true, session_tickets: true, ..terms(ProtocolVersion::TLSv1_2, CBC) };
    let pair = Pair::new(terms.clone(), Manners::sound(ProtocolVersion::TLSv1_2, CBC)).established();
    let negotiated = pair.client.negotiated().unwrap();
    assert_eq!((negotiated.version, negotiated.cipher_suite), (ProtocolVersion::TLSv1_2, CBC));
    assert!(negotiated.secure_renegotiation() && negotiated.extended_master_secret());
    assert!(negotiated.encrypt_then_mac() && !negotiated.client_auth);
    assert_eq!(negotiated.ticket_lifetime_seconds, Some(7200));
    let plain = Manners {
        extended_master_secret: false,
        encrypt_then_mac: false,
        secure_renegotiation: false,
        tickets: None,
        asks_for_certificate: true,
        ..Manners::sound(ProtocolVersion::TLSv1_2, CBC)
    };
    let pair = Pair::new(terms, plain).established();
    let negotiated = pair.client.negotiated().unwrap();
    assert!(!negotiated.secure_renegotiation() && !negotiated.extended_master_secret());
    assert!(!negotiated.encrypt_then_mac() && negotiated.client_auth);
    assert_eq!(negotiated.ticket_lifetime_seconds, None);
}

#[test]
fn a_session_is_resumed_by_its_id_and_by_its_ticket() {
    for version in VERSIONS {
        let sessions = Sessions::default();
        let manners = Manners::sound(version, CBC);
        let first = Pair::on(terms(version, CBC), manners.clone(), &sessions, 1).established();
        let resume = first.client.resumable().unwrap().by_id();
        let again = Terms { resume: Some(resume), ..terms(version, CBC) };
        let second = Pair::on(again.clone(), manners.clone(), &sessions, 2).established();
        assert!(second.client.negotiated().unwrap().resumed, "{version}");
        let forgetful = Manners { resumes_by_id: false, ..manners.clone() };
        let third = Pair::on(again, forgetful, &sessions, 3).established();
        assert!(!third.client.negotiated().unwrap().resumed);

        let ticketed = Terms { session_tickets: true, ..terms(version, CBC) };
        let first = Pair::on(ticketed.clone(), manners.clone(), &sessions, 4).established();
        let session = first.client.resumable().unwrap();
        assert!(session.session_id.is_empty() && session.ticket.is_some());
        for session_id in [vec![], vec![9], vec![8; 32]] {
            let resume = Some(session.clone().by_ticket(session_id.clone()));
            let again = Terms { resume, ..ticketed.clone() };
            let second = Pair::on(again, manners.clone(), &sessions, 5).established();
            let negotiated = second.client.negotiated().unwrap();
            assert!(negotiated.resumed && negotiated.session_id == session_id);
            // The new ticket of a resumed session is good for the next one.
            assert_ne!(second.client.resumable().unwrap().ticket, session.ticket);
        }
    }
}

#[test]
fn a_renegotiation_is_done_refused_or_left_unanswered() {
    for (does, alerts) in [
        (Does::Warn(100), vec![Alert { fatal: false, description: AlertDescription(100), in_clear: false }]),
        (Does::Alert(40), vec![Alert { fatal: true, description: AlertDescription(40), in_clear: false }]),
        (Does::Ignore, vec![]),
    ] {
        for suite in [CBC, GCM] {
            let manners =
                Manners { on_renegotiation: does, ..Manners::sound(ProtocolVersion::TLSv1_2, suite) };
            let mut pair = Pair::new(terms(ProtocolVersion::TLSv1_2, suite), manners).established();
            pair.client.renegotiate(&[9; 96]);
            pair.run().unwrap();
            assert_eq!(pair.alerts(), alerts);
            assert!(!pair.events.contains(&Event::Chose));
        }
    }
    for version in VERSIONS {
        let manners = Manners { on_renegotiation: Does::Accept, ..Manners::sound(version, CBC) };
        let mut pair = Pair::new(terms(version, CBC), manners).established();
        pair.client.renegotiate(&[9; 96]);
        let mut pair = pair.established();
        pair.client.send(APPLICATION_DATA, b"after");
        pair.run().unwrap();
        assert_eq!(pair.server.taken, [b"after"]);
    }
}

#[test]
fn a_malformed_record_is_malformed_in_its_own_way() {
    let per_fault = |version| Manners {
        on_bad_mac: Does::Alert(20),
        on_bad_padding: Does::Alert(21),
        on_overlong_padding: Does::AlertInClear(22),
        ..Manners::sound(version, CBC)
    };
    for version in VERSIONS {
        for suite in [CBC, CipherSuite::TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA] {
            for content in [b"".as_slice(), b"some content"] {
                for (malformation, description, in_clear) in [
                    (Malformation::Mac, 20, false),
                    (Malformation::Padding, 21, false),
                    (Malformation::OverlongPadding, 22, true),
                ] {
                    let manners = Manners { suite, ..per_fault(version) };
                    let mut pair = Pair::new(terms(version, suite), manners).established();
                    assert!(pair.client.send_malformed(content, malformation));
                    pair.run().unwrap();
                    let description = AlertDescription(description);
                    assert_eq!(pair.alerts(), [Alert { fatal: true, description, in_clear }]);
                    assert!(pair.server.taken.is_empty());
                }
            }
        }
    }
}

#[test]
fn a_malformed_finished_ends_the_handshake_unless_the_server_takes_it() {
    for (on_bad_padding, is_taken) in [(Does::Accept, true), (Does::Alert(20), false)] {
        let version = ProtocolVersion::TLSv1_2;
        let manners = Manners { on_bad_padding, ..Manners::sound(version, CBC) };
        let mut pair = Pair::new(terms(version, CBC), manners);
        pair.client = Client::new(terms(version, CBC), &[3; 96], Limits::default())
            .with_malformed_finished(Malformation::Padding);
        let outcome = pair.run();
        assert_eq!(pair.client.is_established(), is_taken);
        let refused = Err(SessionError::Refused(AlertDescription::bad_record_mac));
        assert_eq!(outcome, if is_taken { Ok(()) } else { refused });
    }
}

#[test]
fn only_cbc_sessions_can_send_malformed_records() {
    let version = ProtocolVersion::TLSv1_2;
    let mut pair = Pair::new(terms(version, GCM), Manners::sound(version, GCM)).established();
    assert!(!pair.client.send_malformed(b"", Malformation::Mac));
    let terms = Terms { encrypt_then_mac: true, ..terms(version, CBC) };
    let mut pair = Pair::new(terms, Manners::sound(version, CBC)).established();
    assert!(!pair.client.send_malformed(b"", Malformation::Mac));
    assert!(pair.client.take_output().is_empty());
}

#[test]
fn a_choice_that_was_not_offered_is_an_error() {
    let manners = Manners::sound(ProtocolVersion::TLSv1_2, CBC);
    let mut pair = Pair::new(terms(ProtocolVersion::TLSv1_1, CBC), manners.clone());
    assert_eq!(pair.run(), Err(SessionError::Version(ProtocolVersion::TLSv1_2)));
    let mut pair = Pair::new(terms(ProtocolVersion::TLSv1_2, GCM), manners);
    assert!(matches!(pair.run(), Err(SessionError::Malformed(_))));
}

#[test]
fn a_text_protocol_is_known_as_such() {
    let mut client = Client::new(terms(ProtocolVersion::TLSv1_2, GCM), &[1; 96], Limits::default());
    let error = client.feed(b"220 mail.example ESMTP\r\n").unwrap_err();
    assert!(matches!(error, SessionError::NotTls { protocol: "SMTP or FTP", .. }));
}

#[test]
fn a_flood_is_cut_off() {
    let limits = Limits { bytes: 10_000, records: 40, idle_records: 1 };
    let manners = Manners::sound(ProtocolVersion::TLSv1_2, GCM);
    for record in [[22, 3, 3, 0, 0].as_slice(), &[21, 3, 3, 0, 2, 1, 112], &[22, 3, 3, 0, 4, 11, 0, 255, 255]]
    {
        let mut client = Client::new(terms(ProtocolVersion::TLSv1_2, GCM), &[1; 96], limits);
        let errors = (0..2_000).find_map(|_| client.feed(record).err());
        assert!(matches!(errors, Some(SessionError::Malformed(_))));
    }
    let mut pair = Pair::new(terms(ProtocolVersion::TLSv1_2, GCM), manners).established();
    let said = (0..5_000).find_map(|_| {
        let said = pair.server.say(&[1; 1000]);
        pair.client.feed(&said).err()
    });
    assert!(matches!(said, Some(SessionError::Malformed(_))));
}

/// The server's bytes in one handshake, flight by flight, and what it says after it.
fn recorded(version: ProtocolVersion, suite: CipherSuite) -> (Terms, Vec<Vec<u8>>) {
    let terms = Terms { session_tickets: true, ..terms(version, suite) };
    let mut pair = Pair::new(terms.clone(), Manners::sound(version, suite));
    let mut flights = Vec::new();
    while !pair.client.is_established() {
        let output = pair.client.take_output();
        let answer = pair.server.feed(&output);
        pair.client.feed(&answer).unwrap();
        flights.push(answer);
    }
    flights.push(pair.server.say(b"hello"));
    (terms, flights)
}

proptest! {
    #[test]
    fn arbitrary_bytes_do_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        let mut client = Client::new(terms(ProtocolVersion::TLSv1_2, CBC), &[1; 96], Limits::default());
        let _ = client.feed(&bytes);
        let mut client = Client::new(terms(ProtocolVersion::TLSv1_2, CBC), &[1; 96], Limits::default());
        let record = [&[22, 3, 3], &u16::try_from(bytes.len()).unwrap().to_be_bytes()[..], &bytes].concat();
        let _ = client.feed(&record);
    }

    /// Byte for byte the same server, but for some bytes in one place; and cut into pieces of any size.
    #[test]
    fn a_tampered_answer_does_no_harm_and_adds_nothing(
        version in 0..3_usize,
        suite in 0..2_usize,
        at in any::<prop::sample::Index>(),
        with in proptest::collection::vec(any::<u8>(), 1..4),
        piece in 1..400_usize,
    ) {
        let version = VERSIONS[version];
        let suite = if speaks([CBC, GCM][suite], version) { [CBC, GCM][suite] } else { CBC };
        let (terms, flights) = recorded(version, suite);
        let mut all = flights.concat();
        let at = at.index(all.len());
        let mut changed = false;
        for (byte, with) in all[at..].iter_mut().zip(with) {
            changed |= *byte != with;
            *byte = with;
        }
        let mut client = Client::new(terms, &[1 ^ 0x55; 96], Limits::default());
        let outcome = all.chunks(piece).try_for_each(|piece| client.feed(piece));
        let events: Vec<_> = std::iter::from_fn(|| client.next_event()).collect();
        let data = |event: &Event| matches!(event, Event::Data(data) if data != b"hello");
        prop_assert!(!events.iter().any(data), "what comes out is what the server said");
        if !changed {
            prop_assert!(outcome.is_ok() && events.contains(&Event::Data(b"hello".to_vec())));
        }
    }
}
