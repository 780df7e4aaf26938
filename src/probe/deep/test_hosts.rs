//! Hosts with and without the weaknesses of old TLS servers, for the tests: up to the ServerHelloDone like any server,
//! then as their manner is. On loopback, in this process.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use num_bigint::BigUint;
use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use std::sync::LazyLock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use x509_parser::asn1_rs::{FromDer, Integer, OctetString, Sequence};

use super::host::Host;
use crate::probe::connector::Connector;
use crate::probe::test_hosts::{self, Identity};
use crate::probe::{Expectation, Pace, ProbeSettings, Prober};
use crate::tls::{CipherSuite, ProtocolVersion};

const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const CHANGE_CIPHER_SPEC: u8 = 20;
const HEARTBEAT: u8 = 24;
const UNEXPECTED_MESSAGE: u8 = 10;
const BAD_RECORD_MAC: u8 = 20;
const HANDSHAKE_FAILURE: u8 = 40;

/// How a host behaves after its first flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// As TLS wants it.
    Sound,
    /// Answers every heartbeat with as much as it claims.
    Bleeds,
    /// The same, on the first connection only.
    BleedsOnce,
    /// Passes over false heartbeats and answers true ones.
    AnswersHeartbeats,
    /// Says that it knows heartbeats, and never answers one.
    IgnoresHeartbeats,
    /// Answers a heartbeat with bytes of its own.
    AnswersNonsense,
    /// Takes a ChangeCipherSpec at any time.
    TakesEarlyCcs,
    /// Says nothing to a ChangeCipherSpec, and refuses what comes next.
    RefusesLate,
    /// Says nothing at all after its first flight.
    Dumb,
    /// Hangs up on everything.
    HangsUp,
    /// Says at the ClientKeyExchange whether the first two bytes of the padding are right.
    TellsStart,
    /// Says at the end whether the whole padding is right.
    TellsPadding,
    /// Says so only where nothing follows the ClientKeyExchange.
    TellsEarly,
    /// One alert on every fifth connection, another one on the others, whatever comes.
    TakesTurns,
    /// Wants a client certificate, and has an oracle behind it.
    WantsCertificate,
    /// Refuses every hello.
    RefusesHello,
}

/// An RSA key that can be used by hand.
struct Rsa {
    identity: Identity,
    modulus: BigUint,
    private: BigUint,
}

static RSA: LazyLock<Rsa> = LazyLock::new(|| {
    let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let pkcs8 = key.serialize_der();
    let (_, outer) = Sequence::from_der(&pkcs8).unwrap();
    let (rest, _) = Integer::from_der(&outer.content).unwrap();
    let (rest, _) = Sequence::from_der(rest).unwrap();
    let (_, inner) = OctetString::from_der(rest).unwrap();
    let (_, fields) = Sequence::from_der(inner.as_ref()).unwrap();
    let (rest, _) = Integer::from_der(&fields.content).unwrap();
    let (rest, modulus) = Integer::from_der(rest).unwrap();
    let (rest, _) = Integer::from_der(rest).unwrap();
    let (_, private) = Integer::from_der(rest).unwrap();
    Rsa {
        identity: test_hosts::identity(&key),
        modulus: BigUint::from_bytes_be(modulus.as_ref()),
        private: BigUint::from_bytes_be(private.as_ref()),
    }
});

/// A host of this manner that speaks TLS 1.2 with an RSA key exchange.
pub(super) async fn host(manner: Manner) -> test_hosts::Host {
    speaking(manner, ProtocolVersion::TLSv1_2).await
}

/// A host of this manner and version.
pub(super) async fn speaking(manner: Manner, version: ProtocolVersion) -> test_hosts::Host {
    LazyLock::force(&RSA);
    let connections = Arc::new(AtomicUsize::new(0));
    test_hosts::Host::start(move |stream| {
        let number = connections.fetch_add(1, Ordering::Relaxed);
        async move {
            let mut connection = Connection { stream, version, manner, number, switched: false };
            // `None`: the client has left.
            let _ = connection.serve().await;
        }
    })
    .await
}

struct Connection {
    stream: TcpStream,
    version: ProtocolVersion,
    manner: Manner,
    number: usize,
    /// It has taken a ChangeCipherSpec.
    switched: bool,
}

impl Connection {
    async fn serve(&mut self) -> Option<()> {
        self.record().await?;
        if self.manner == Manner::RefusesHello {
            return self.alert(HANDSHAKE_FAILURE).await;
        }
        let flight = self.first_flight();
        self.say(HANDSHAKE, &flight).await?;
        loop {
            let (content_type, body) = self.record().await?;
            match (self.manner, content_type) {
                (Manner::Dumb, _) => {}
                (Manner::HangsUp, _) => return None,
                (Manner::TakesTurns, _) => {
                    let alert =
                        if self.number.is_multiple_of(5) { BAD_RECORD_MAC } else { HANDSHAKE_FAILURE };
                    return self.alert(alert).await;
                }
                (_, HEARTBEAT) => self.heartbeat(&body).await?,
                (_, CHANGE_CIPHER_SPEC) if self.switched => return self.alert(BAD_RECORD_MAC).await,
                (Manner::TakesEarlyCcs, CHANGE_CIPHER_SPEC) => self.switched = true,
                (Manner::RefusesLate, CHANGE_CIPHER_SPEC) => {}
                (_, CHANGE_CIPHER_SPEC) => return self.alert(UNEXPECTED_MESSAGE).await,
                _ if self.switched => return self.alert(BAD_RECORD_MAC).await,
                (Manner::WantsCertificate, HANDSHAKE) if body.first() == Some(&11) => {
                    return self.alert(HANDSHAKE_FAILURE).await;
                }
                (_, HANDSHAKE) if body.first() == Some(&16) => return self.key_exchange(&body).await,
                _ => return self.alert(UNEXPECTED_MESSAGE).await,
            }
        }
    }

    async fn heartbeat(&mut self, body: &[u8]) -> Option<()> {
        let claimed = usize::from(u16::from_be_bytes([body[1], body[2]]));
        let is_true = 3 + claimed + 16 <= body.len();
        let answers = match self.manner {
            Manner::Bleeds => true,
            Manner::BleedsOnce => is_true || self.number == 0,
            Manner::AnswersHeartbeats => is_true,
            Manner::AnswersNonsense => {
                let nonsense = [&[2, 0, 70][..], &[1; 70 + 16]].concat();
                return self.say(HEARTBEAT, &nonsense).await;
            }
            Manner::IgnoresHeartbeats => false,
            _ => return self.alert(UNEXPECTED_MESSAGE).await,
        };
        if !answers {
            return Some(());
        }
        let mut payload = body[3..].to_vec();
        payload.resize(claimed, 0xaa);
        self.say(HEARTBEAT, &[&[2, body[1], body[2]][..], &payload, &[0; 16]].concat()).await
    }

    async fn key_exchange(&mut self, body: &[u8]) -> Option<()> {
        let cipher = BigUint::from_bytes_be(&body[6..]);
        let mut block = cipher.modpow(&RSA.private, &RSA.modulus).to_bytes_be();
        block.insert(0, 0);
        block.splice(0..0, vec![0; 256 - block.len().min(256)]);
        let starts = block[..2] == [0, 2];
        let is_padded = starts && block[207] == 0 && !block[2..207].contains(&0);
        match self.manner {
            Manner::TellsStart if !starts => return self.alert(HANDSHAKE_FAILURE).await,
            Manner::TellsEarly if !is_padded => {
                // Nothing follows for as long as a client that has more to say would never need.
                if timeout(Duration::from_millis(100), self.record()).await.is_err() {
                    return self.alert(HANDSHAKE_FAILURE).await;
                }
            }
            _ => {
                self.record().await?;
            }
        }
        self.record().await?;
        let alert = if self.manner == Manner::TellsPadding && !is_padded {
            HANDSHAKE_FAILURE
        } else {
            BAD_RECORD_MAC
        };
        self.alert(alert).await
    }

    fn first_flight(&self) -> Vec<u8> {
        let message = |kind: u8, body: &[u8]| {
            let length = u32::try_from(body.len()).unwrap().to_be_bytes();
            [&[kind], &length[1..], body].concat()
        };
        let length = |body: &[u8]| u32::try_from(body.len()).unwrap().to_be_bytes()[1..].to_vec();
        let mut hello = self.version.0.to_be_bytes().to_vec();
        hello.extend_from_slice(&[7; 32]);
        hello.push(0);
        hello.extend_from_slice(&CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA.0.to_be_bytes());
        hello.push(0);
        let knows_heartbeats = matches!(
            self.manner,
            Manner::Bleeds
                | Manner::BleedsOnce
                | Manner::AnswersHeartbeats
                | Manner::IgnoresHeartbeats
                | Manner::AnswersNonsense
                | Manner::HangsUp
        );
        if knows_heartbeats {
            hello.extend_from_slice(&[0, 5, 0, 15, 0, 1, 1]);
        }
        let der = RSA.identity.cert[0].as_ref();
        let entry = [length(der), der.to_vec()].concat();
        let list = [length(&entry), entry].concat();
        let request: &[u8] = if self.manner == Manner::WantsCertificate {
            &[13, 0, 0, 8, 1, 1, 0, 2, 4, 1, 0, 0]
        } else {
            &[]
        };
        [message(2, &hello), message(11, &list), request.to_vec(), message(14, &[])].concat()
    }

    /// The next record of the client.
    async fn record(&mut self) -> Option<(u8, Vec<u8>)> {
        let mut header = [0; 5];
        self.stream.read_exact(&mut header).await.ok()?;
        let mut body = vec![0; usize::from(u16::from_be_bytes([header[3], header[4]]))];
        self.stream.read_exact(&mut body).await.ok()?;
        Some((header[0], body))
    }

    async fn say(&mut self, content_type: u8, body: &[u8]) -> Option<()> {
        let mut record = vec![content_type];
        record.extend_from_slice(&self.version.0.to_be_bytes());
        record.extend_from_slice(&u16::try_from(body.len()).unwrap().to_be_bytes());
        record.extend_from_slice(body);
        self.stream.write_all(&record).await.ok()
    }

    /// The last word.
    async fn alert(&mut self, description: u8) -> Option<()> {
        self.say(ALERT, &[2, description]).await
    }
}

/// Does `with` what needs a host under inspection.
pub(super) async fn inspecting<T>(host: &test_hosts::Host, with: impl AsyncFnOnce(&Host<'_>) -> T) -> T {
    inspecting_with(ProbeSettings::default(), host, with).await
}

/// The same with other settings.
pub(super) async fn inspecting_with<T>(
    settings: ProbeSettings,
    host: &test_hosts::Host,
    with: impl AsyncFnOnce(&Host<'_>) -> T,
) -> T {
    let prober = Prober::new(settings, Pace::unlimited()).unwrap();
    let connector = Connector::new(&prober, host.address, None, None, Expectation::Answer);
    with(&Host::new(&connector, None)).await
}
