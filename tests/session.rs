//! The session layer of `tls/` against real servers: every suite it speaks in every version, data both ways,
//! resumption, renegotiation, and records that a server must refuse.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up has failed"
)]

mod support;

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use certvigil::estate::{Identity, Leaf, LeafKey};
use certvigil::model::{Depth, Endpoint, Features, Inspection, Outcome, ProbeName, Reaction, ServerName};
use certvigil::probe::{Pace, ProbeSettings, Prober};
use certvigil::tls::session::{Alert, Client, Event, Malformation, Resumable, SessionError, Terms, speaks};
use certvigil::tls::{AlertDescription, CipherSuite, Limits, ProtocolVersion};
use support::nginx::Nginx;
use support::openssl::s_server;
use support::{Peer, authority, gnutls};

const NAME: &str = "a.test";
const APPLICATION_DATA: u8 = 23;
const REQUEST: &[u8] = b"GET / HTTP/1.0\r\n\r\n";

const OLD: [&str; 2] = ["-cipher", "ALL:@SECLEVEL=0"];

const WITH_RSA_KEY: [CipherSuite; 21] = [
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_DHE_RSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_DHE_RSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_RSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_RSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384,
    CipherSuite::TLS_DHE_RSA_WITH_AES_128_CBC_SHA256,
    CipherSuite::TLS_DHE_RSA_WITH_AES_256_CBC_SHA256,
    CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA256,
    CipherSuite::TLS_RSA_WITH_AES_256_CBC_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
    CipherSuite::TLS_DHE_RSA_WITH_AES_128_CBC_SHA,
    CipherSuite::TLS_DHE_RSA_WITH_AES_256_CBC_SHA,
    CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA,
    CipherSuite::TLS_RSA_WITH_AES_256_CBC_SHA,
    CipherSuite::TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA,
    CipherSuite::TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA,
    CipherSuite::TLS_RSA_WITH_3DES_EDE_CBC_SHA,
];

const VERSIONS: [(ProtocolVersion, &str); 3] = [
    (ProtocolVersion::TLSv1_0, "-tls1"),
    (ProtocolVersion::TLSv1_1, "-tls1_1"),
    (ProtocolVersion::TLSv1_2, "-tls1_2"),
];

fn rsa() -> Identity {
    authority().issue(&Leaf::new(NAME).key(LeafKey::Rsa2048)).unwrap()
}

fn ecdsa() -> Identity {
    authority().issue(&Leaf::new(NAME)).unwrap()
}

fn random() -> [u8; 96] {
    let mut random = [0; 96];
    aws_lc_rs::rand::fill(&mut random).unwrap();
    random
}

fn terms(version: ProtocolVersion, suite: CipherSuite) -> Terms {
    Terms::new(version, vec![suite], Some(NAME))
}

/// One connection and the client on it.
struct Line {
    stream: TcpStream,
    client: Client,
    events: Vec<Event>,
    closed: bool,
}

impl Line {
    fn open(address: SocketAddr, terms: Terms) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let client = Client::new(terms, &random(), Limits::default());
        Self { stream, client, events: Vec::new(), closed: false }
    }

    /// A line whose handshake has come to its end.
    fn established(address: SocketAddr, terms: Terms) -> Self {
        let mut line = Self::open(address, terms);
        line.until(|line| line.client.is_established()).unwrap_or_else(|error| panic!("{error}"));
        line
    }

    fn flush(&mut self) {
        let output = self.client.take_output();
        self.stream.write_all(&output).unwrap();
    }

    /// Goes on until `is_over`, or the server hangs up.
    fn until(&mut self, is_over: impl Fn(&Self) -> bool) -> Result<(), SessionError> {
        loop {
            self.flush();
            while let Some(event) = self.client.next_event() {
                self.events.push(event);
            }
            if self.closed || is_over(self) {
                return Ok(());
            }
            let mut buffer = [0; 4096];
            let count = match self.stream.read(&mut buffer) {
                Ok(count) => count,
                // An end like another.
                Err(error) if error.kind() == ErrorKind::ConnectionReset => 0,
                Err(error) => panic!("{error}, after {:?}", self.events),
            };
            self.closed = count == 0;
            self.client.feed(&buffer[..count])?;
        }
    }

    fn data(&self) -> String {
        let data = self.events.iter().filter_map(|event| match event {
            Event::Data(data) => Some(data.as_slice()),
            _ => None,
        });
        String::from_utf8_lossy(&data.collect::<Vec<_>>().concat()).into_owned()
    }

    fn alerts(&self) -> Vec<(bool, AlertDescription)> {
        let alerts = self.events.iter().filter_map(|event| match event {
            Event::Alert(Alert { fatal, description, .. }) => Some((*fatal, *description)),
            _ => None,
        });
        alerts.collect()
    }

    /// The answer to a request of HTTP.
    fn request(&mut self) -> String {
        self.client.send(APPLICATION_DATA, REQUEST);
        self.until(|line| line.data().contains("\r\n\r\n")).unwrap();
        self.data()
    }

    /// Takes leave as one does from a session that is to go on later.
    fn leave(mut self) -> Resumable {
        let session = self.client.resumable().unwrap();
        self.client.send_close_notify();
        self.until(|line| line.closed).unwrap();
        session
    }
}

fn assert_speaks(peer: &Peer, terms: Terms) {
    let (version, suite) = (terms.version, terms.cipher_suites[0]);
    let mut line = Line::established(peer.address, terms);
    let negotiated = line.client.negotiated().unwrap().clone();
    assert_eq!((negotiated.version, negotiated.cipher_suite), (version, suite));
    assert!(!negotiated.resumed);
    assert_eq!(line.events, [Event::Chose, Event::Established]);
    let answer = line.request();
    assert!(answer.starts_with("HTTP/1."), "{version} {suite}: {answer}");
}

#[test]
fn every_suite_is_spoken_with_openssl_in_every_version_that_has_it() {
    let identity = rsa();
    for (version, argument) in VERSIONS {
        let server = s_server(&identity, &[&OLD[..], &[argument, "-groups", "P-256:P-521:X25519"]].concat());
        let suites = WITH_RSA_KEY.into_iter().filter(|s| speaks(*s, version));
        // Debian's OpenSSL has no 3DES.
        for suite in suites.filter(|suite| !suite.to_string().contains("3DES")) {
            assert_speaks(&server, terms(version, suite));
        }
    }
}

#[test]
fn every_suite_is_spoken_with_gnutls() {
    let identity = rsa();
    for (version, name) in VERSIONS.into_iter().zip(["TLS1.0", "TLS1.1", "TLS1.2"]).map(|((v, _), n)| (v, n))
    {
        let priority = format!("NORMAL:-VERS-ALL:+VERS-{name}:+3DES-CBC:+RSA:+DHE-RSA:+SHA256:+SHA384");
        let server = gnutls::gnutls_serv(&identity, &priority);
        for suite in WITH_RSA_KEY.into_iter().filter(|suite| speaks(*suite, version)) {
            assert_speaks(&server, terms(version, suite));
        }
    }
}

#[test]
fn every_curve_and_an_ecdsa_key_are_spoken() {
    let identity = ecdsa();
    for groups in ["X25519", "P-256", "P-384", "P-521"] {
        let server = s_server(&identity, &["-tls1_2", "-groups", groups]);
        let suite = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
        assert_speaks(&server, terms(ProtocolVersion::TLSv1_2, suite));
    }
}

#[test]
fn encrypt_then_mac_and_both_master_secrets_are_spoken() {
    let identity = rsa();
    for (version, argument) in VERSIONS {
        let server = s_server(&identity, &[&OLD[..], &[argument]].concat());
        for (extended_master_secret, encrypt_then_mac) in [(false, false), (false, true), (true, true)] {
            let suite = CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA;
            let terms = Terms { extended_master_secret, encrypt_then_mac, ..terms(version, suite) };
            let line = Line::established(server.address, terms.clone());
            let negotiated = line.client.negotiated().unwrap();
            assert_eq!(negotiated.extended_master_secret(), extended_master_secret);
            assert_eq!(negotiated.encrypt_then_mac(), encrypt_then_mac);
            // `s_server` serves one connection at a time.
            drop(line);
            assert_speaks(&server, terms);
        }
    }
}

#[test]
fn sessions_go_on_by_id_and_by_ticket() {
    let identity = rsa();
    for (version, argument) in VERSIONS {
        let suite = CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA;
        let server = s_server(&identity, &[&OLD[..], &[argument]].concat());
        let session = Line::established(server.address, terms(version, suite)).leave();
        assert_eq!((session.session_id.len(), session.ticket.is_some()), (32, false));
        let again = Terms { resume: Some(session.by_id()), ..terms(version, suite) };
        let mut line = Line::established(server.address, again);
        assert!(line.client.negotiated().unwrap().resumed, "{version}");
        assert!(line.request().contains("Reused"), "openssl says so too");
        drop(line);

        let ticketed = Terms { session_tickets: true, ..terms(version, suite) };
        let session = Line::established(server.address, ticketed.clone()).leave();
        assert!(session.ticket.is_some());
        for session_id in [vec![7], vec![8; 32]] {
            let resume = Some(session.clone().by_ticket(session_id.clone()));
            let line = Line::established(server.address, Terms { resume, ..ticketed.clone() });
            let negotiated = line.client.negotiated().unwrap();
            assert!(negotiated.resumed && negotiated.session_id == session_id, "{version}");
        }
    }
}

#[test]
fn a_renegotiation_is_done_or_refused() {
    let identity = rsa();
    let suite = CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA;
    for (version, argument) in VERSIONS {
        let arguments = [&OLD[..], &[argument, "-client_renegotiation"]].concat();
        let server = s_server(&identity, &arguments);
        let mut line = Line::established(server.address, terms(version, suite));
        line.client.renegotiate(&random());
        line.until(|line| line.client.is_established()).unwrap();
        assert_eq!(line.events, [Event::Chose, Event::Established, Event::Chose, Event::Established]);
        assert!(line.request().starts_with("HTTP/1."));

        let server = s_server(&identity, &[&OLD[..], &[argument]].concat());
        let mut line = Line::established(server.address, terms(version, suite));
        line.client.renegotiate(&random());
        line.until(|line| !line.alerts().is_empty()).unwrap();
        assert_eq!(line.alerts(), [(false, AlertDescription::no_renegotiation)]);
    }
}

#[test]
fn a_client_without_a_certificate_says_so() {
    let identity = rsa();
    for (version, argument) in VERSIONS {
        let server = s_server(&identity, &[&OLD[..], &[argument, "-verify", "1"]].concat());
        let suite = CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA;
        assert_speaks(&server, terms(version, suite));
        let line = Line::established(server.address, terms(version, suite));
        assert!(line.client.negotiated().unwrap().client_auth);
    }
}

#[test]
fn every_malformed_record_is_refused_alike_by_sound_servers() {
    let identity = rsa();
    let nginx = Nginx { ciphers: "ALL:@SECLEVEL=0", ..Nginx::modern(vec![&identity]) }.start();
    let openssl = s_server(&identity, &OLD);
    let gnutls = gnutls::gnutls_serv(&identity, "NORMAL:-VERS-ALL:+VERS-TLS1.2");
    for server in [&nginx, &openssl, &gnutls] {
        for suite in
            [CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA]
        {
            for malformation in [Malformation::Mac, Malformation::Padding, Malformation::OverlongPadding] {
                for content in [b"".as_slice(), b"GET / HTTP/1.0\r\n\r\n"] {
                    let mut line = Line::established(server.address, terms(ProtocolVersion::TLSv1_2, suite));
                    assert!(line.client.send_malformed(content, malformation));
                    line.until(|line| line.closed).unwrap();
                    assert_eq!(line.alerts(), [(true, AlertDescription::bad_record_mac)], "{malformation:?}");
                    assert_eq!(line.data(), "");
                }
                let client =
                    Client::new(terms(ProtocolVersion::TLSv1_2, suite), &random(), Limits::default());
                let mut line = Line::open(server.address, terms(ProtocolVersion::TLSv1_2, suite));
                line.client = client.with_malformed_finished(malformation);
                let refused = SessionError::Refused(AlertDescription::bad_record_mac);
                assert_eq!(line.until(|line| line.client.is_established()), Err(refused));
            }
        }
    }
}

async fn inspect(server: &Peer) -> Inspection {
    // `s_server` serves one connection after another.
    let settings = ProbeSettings {
        handshake_timeout: Duration::from_secs(20),
        total_timeout: Duration::from_secs(120),
        ..ProbeSettings::at(Depth::Deep)
    };
    let prober = Prober::new(settings, Pace::unlimited()).unwrap();
    let endpoint = Endpoint::tcp(server.address, Some(ServerName::parse(NAME).unwrap()));
    match prober.visit(&endpoint).await {
        Outcome::Handshake(handshake) => *handshake.inspection.unwrap(),
        other => panic!("{other:?}"),
    }
}

/// What Ticketbleed, POODLE against TLS and the padding oracles came to.
fn reactions(inspection: &Inspection) -> [Reaction; 3] {
    [ProbeName::Ticketbleed, ProbeName::PoodleTls, ProbeName::PaddingOracle]
        .map(|name| inspection.probes.iter().find(|probe| probe.name == name).unwrap().reaction.clone())
}

/// Every feature of sessions: tickets, by id, by ticket, in TLS 1.3, early data, renegotiation by the client.
fn sessions(features: &Features) -> [Option<bool>; 6] {
    [
        features.session_tickets,
        features.resumption_by_id,
        features.resumption_by_ticket,
        features.resumption_tls13,
        features.early_data_bytes.map(|bytes| bytes > 0),
        features.client_renegotiation,
    ]
}

#[tokio::test]
async fn nginx_has_tickets_but_no_memory_and_is_sound() {
    let (yes, no) = (Some(true), Some(false));
    let identity = rsa();
    let not_applicable = Reaction::NotApplicable;
    for (ciphers, reactions_expected) in [
        ("ALL:@SECLEVEL=0", [Reaction::Sound, Reaction::Sound, Reaction::Sound]),
        ("ECDHE+AESGCM", [Reaction::Sound, not_applicable.clone(), not_applicable]),
    ] {
        let nginx = Nginx { ciphers, ..Nginx::modern(vec![&identity]) }.start();
        let inspection = inspect(&nginx).await;
        assert_eq!(sessions(&inspection.features), [yes, no, yes, yes, no, no]);
        assert_eq!(inspection.features.ticket_lifetime_seconds, Some(300), "nginx's ssl_session_timeout");
        assert_eq!(inspection.features.secure_renegotiation, yes);
        assert_eq!(reactions(&inspection), reactions_expected);
    }
}

#[tokio::test]
async fn nginx_takes_early_data_where_it_is_told() {
    // The directive rides along with that of the protocols.
    let protocols = "TLSv1.3;\nssl_early_data on";
    let nginx = Nginx { protocols, ..Nginx::modern(vec![&ecdsa()]) }.start();
    let inspection = inspect(&nginx).await;
    assert_eq!(inspection.features.early_data_bytes, Some(16_384), "OpenSSL's default");
    assert_eq!(reactions(&inspection), [const { Reaction::NotApplicable }; 3]);
    assert_eq!(inspection.features.client_renegotiation, None, "nothing up to TLS 1.2");
}

#[tokio::test]
async fn gnutls_lets_the_client_renegotiate_and_is_sound() {
    let (yes, no) = (Some(true), Some(false));
    let server = gnutls::gnutls_serv(&rsa(), "NORMAL:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.3");
    let inspection = inspect(&server).await;
    assert_eq!(sessions(&inspection.features), [yes, yes, yes, yes, no, yes]);
    assert_eq!(reactions(&inspection), [Reaction::Sound, Reaction::Sound, Reaction::Sound]);
}

#[tokio::test]
async fn openssl_does_as_it_is_told() {
    let (yes, no) = (Some(true), Some(false));
    let identity = rsa();
    let told: [(&[&str], _); 2] = [
        (&["-client_renegotiation"], [yes, yes, yes, yes, no, yes]),
        (&["-no_ticket", "-no_cache", "-num_tickets", "0"], [no, no, no, no, no, no]),
    ];
    for (arguments, expected) in told {
        let server = s_server(&identity, arguments);
        let inspection = inspect(&server).await;
        assert_eq!(sessions(&inspection.features), expected, "{arguments:?}");
        let bleeds = if expected[0] == yes { Reaction::Sound } else { Reaction::NotApplicable };
        assert_eq!(reactions(&inspection), [bleeds, Reaction::Sound, Reaction::Sound]);
    }
}
