//! Hosts for the tests of this room, in this process and on loopback.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PKCS_RSA_SHA256, RsaKeySize};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::{ClientHello, NoClientAuth, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig, SignatureScheme, SupportedProtocolVersion};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use socket2::{Domain, SockRef, Socket, Type};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// A certificate with its key, as a server holds it.
pub(super) type Identity = Arc<CertifiedKey>;

pub(super) static ECDSA: LazyLock<Identity> =
    LazyLock::new(|| identity(&KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap()));
pub(super) static ED25519: LazyLock<Identity> =
    LazyLock::new(|| identity(&KeyPair::generate_for(&PKCS_ED25519).unwrap()));
pub(super) static RSA: LazyLock<Identity> =
    LazyLock::new(|| identity(&KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap()));

/// Self-signed, for `a.example`.
pub(super) fn identity(key: &KeyPair) -> Identity {
    let certificate = CertificateParams::new(["a.example".to_owned()]).unwrap().self_signed(key).unwrap();
    with_certificates(key, vec![certificate.der().clone()])
}

/// `key` behind certificates that need not be its own.
pub(super) fn with_certificates(key: &KeyPair, certificates: Vec<CertificateDer<'static>>) -> Identity {
    let der = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    Arc::new(CertifiedKey::new(certificates, aws_lc_rs::sign::any_supported_type(&der).unwrap()))
}

/// How a TLS host behaves.
pub(super) struct Tls {
    pub(super) identities: Vec<Identity>,
    /// Served where the hello has no server name.
    pub(super) without_name: Option<Identity>,
    pub(super) versions: Vec<&'static SupportedProtocolVersion>,
    pub(super) groups: Vec<&'static dyn rustls::crypto::SupportedKxGroup>,
    pub(super) alpn: Vec<Vec<u8>>,
    pub(super) tickets: usize,
    pub(super) client_auth: Asks,
}

/// For a client certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Asks {
    Never,
    Politely,
    Strictly,
}

impl Tls {
    pub(super) fn new(identities: &[&LazyLock<Identity>]) -> Self {
        Self {
            identities: identities.iter().map(|identity| Arc::clone(identity)).collect(),
            without_name: None,
            versions: vec![&rustls::version::TLS13, &rustls::version::TLS12],
            groups: aws_lc_rs::default_provider().kx_groups,
            alpn: Vec::new(),
            tickets: 2,
            client_auth: Asks::Never,
        }
    }

    pub(super) fn config(self) -> ServerConfig {
        let provider = Arc::new(CryptoProvider { kx_groups: self.groups, ..aws_lc_rs::default_provider() });
        let verifier = match self.client_auth {
            Asks::Never => Arc::new(NoClientAuth) as Arc<dyn rustls::server::danger::ClientCertVerifier>,
            asks => {
                let mut roots = RootCertStore::empty();
                roots.add(ECDSA.cert[0].clone()).unwrap();
                let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
                let builder = if asks == Asks::Politely { builder.allow_unauthenticated() } else { builder };
                builder.build().unwrap()
            }
        };
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&self.versions)
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(Arc::new(ByHello {
                identities: self.identities,
                without_name: self.without_name,
            }));
        config.alpn_protocols = self.alpn;
        config.send_tls13_tickets = self.tickets;
        config
    }
}

/// Serves the first identity whose key the client can check.
#[derive(Debug)]
struct ByHello {
    identities: Vec<Identity>,
    without_name: Option<Identity>,
}

impl ResolvesServerCert for ByHello {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Identity> {
        if hello.server_name().is_none()
            && let Some(identity) = &self.without_name
        {
            return Some(identity.clone());
        }
        let schemes: Vec<SignatureScheme> = hello.signature_schemes().to_vec();
        self.identities.iter().find(|identity| identity.key.choose_scheme(&schemes).is_some()).cloned()
    }
}

/// A host that runs until it is dropped.
pub(super) struct Host {
    pub(super) address: SocketAddr,
    accepted: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Host {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Host {
    /// Connections accepted so far.
    pub(super) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }

    /// A TLS host that keeps each connection until the client leaves.
    pub(super) async fn tls(tls: Tls) -> Self {
        let acceptor = TlsAcceptor::from(Arc::new(tls.config()));
        Self::start(move |stream| {
            let acceptor = acceptor.clone();
            async move {
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    let _ = stream.read_to_end(&mut Vec::new()).await;
                }
            }
        })
        .await
    }

    /// A TLS host behind a line protocol's upgrade: says `greeting`, then to each line of the client, which must begin as
    /// `script` says, the answer; after the last one TLS follows.
    pub(super) async fn upgraded(greeting: &'static str, script: Script, tls: Tls) -> Self {
        let acceptor = TlsAcceptor::from(Arc::new(tls.config()));
        Self::start(move |mut stream| {
            let acceptor = acceptor.clone();
            async move {
                if play(&mut stream, greeting, script).await.is_none() {
                    return;
                }
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    let _ = stream.read_to_end(&mut Vec::new()).await;
                }
            }
        })
        .await
    }

    /// A host that says `greeting` and answers by `script`, then waits for the client to leave.
    pub(super) async fn refusing(greeting: &'static str, script: Script) -> Self {
        Self::start(move |mut stream| async move {
            let _ = play(&mut stream, greeting, script).await;
            let _ = stream.read_to_end(&mut Vec::new()).await;
        })
        .await
    }

    /// A host that does `serve` with each connection.
    pub(super) async fn start<S, F>(serve: S) -> Self
    where
        S: Fn(TcpStream) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepted = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&accepted);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(serve(stream));
            }
        });
        Self { address, accepted, task }
    }

    /// Accepts and never says a word.
    pub(super) async fn silent() -> Self {
        Self::start(|mut stream| async move {
            let _ = stream.read_to_end(&mut Vec::new()).await;
        })
        .await
    }

    /// Reads the hello and resets the connection.
    pub(super) async fn resetting() -> Self {
        Self::start(|mut stream| async move {
            let _ = stream.read(&mut [0; 4_096]).await;
            let _ = stream.set_zero_linger();
        })
        .await
    }

    /// Reads the hello, answers with `bytes` and waits for the client to leave.
    pub(super) async fn saying(bytes: &'static [u8]) -> Self {
        Self::start(move |mut stream| async move {
            let _ = stream.read(&mut [0; 4_096]).await;
            let _ = stream.write_all(bytes).await;
            let _ = stream.read_to_end(&mut Vec::new()).await;
        })
        .await
    }

    /// Answers every hello like a server of TLS 1.0 with RSA key exchange, up to its ServerHelloDone.
    pub(super) async fn ancient(chain: &[CertificateDer<'static>]) -> Self {
        let flight = ancient_flight(chain);
        Self::start(move |mut stream| {
            let flight = flight.clone();
            async move {
                let _ = stream.read(&mut [0; 4_096]).await;
                let _ = stream.write_all(&flight).await;
                let _ = stream.read_to_end(&mut Vec::new()).await;
            }
        })
        .await
    }

    /// Reads the hello and answers with `bytes`, one in each `pause`, over and over.
    pub(super) async fn dripping(bytes: &'static [u8], pause: std::time::Duration) -> Self {
        Self::start(move |mut stream| async move {
            let _ = stream.read(&mut [0; 4_096]).await;
            for byte in bytes.iter().cycle() {
                if stream.write_all(&[*byte]).await.is_err() {
                    return;
                }
                tokio::time::sleep(pause).await;
            }
        })
        .await
    }
}

/// How a client's line begins, and the answer to it.
pub(super) type Script = &'static [(&'static str, &'static str)];

/// The way to TLS of a mail server.
pub(super) const SMTP: (&str, Script) = (
    "220 mail.example ESMTP\r\n",
    &[("EHLO ", "250-mail.example\r\n250 STARTTLS\r\n"), ("STARTTLS\r\n", "220 go ahead\r\n")],
);

/// Plays a script; `None` where the client left or said something else.
async fn play(stream: &mut TcpStream, greeting: &str, script: Script) -> Option<()> {
    stream.write_all(greeting.as_bytes()).await.ok()?;
    for (expected, answer) in script {
        let mut line = Vec::new();
        while !line.ends_with(b"\n") {
            line.push(stream.read_u8().await.ok()?);
        }
        if !line.starts_with(expected.as_bytes()) {
            return None;
        }
        stream.write_all(answer.as_bytes()).await.ok()?;
    }
    Some(())
}

/// ServerHello, Certificate and ServerHelloDone of TLS 1.0 (RFC 2246 section 7.4), in records of 16 KiB.
fn ancient_flight(chain: &[CertificateDer<'static>]) -> Vec<u8> {
    let length = |n: usize| u32::try_from(n).unwrap().to_be_bytes()[1..].to_vec();
    let message = |kind: u8, body: &[u8]| [&[kind], &length(body.len())[..], body].concat();
    let list: Vec<u8> = chain.iter().flat_map(|der| [length(der.len()), der.to_vec()].concat()).collect();
    let hello = [&[3, 1][..], &[7; 32], &[0], &[0x00, 0x2f], &[0]].concat();
    let flight =
        [message(2, &hello), message(11, &[length(list.len()), list].concat()), message(14, &[])].concat();
    let record = |part: &[u8]| {
        let length = u16::try_from(part.len()).unwrap().to_be_bytes();
        [&[22, 3, 1][..], &length, part].concat()
    };
    flight.chunks(16_384).flat_map(record).collect()
}

/// A certificate of version 1 with the key of `identity`: its own without version and extensions. Nobody checks
/// the signature.
pub(super) fn version_1(identity: &CertifiedKey) -> CertificateDer<'static> {
    let wrap = |content: &[u8]| {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[0x30, 0x82][..], &length, content].concat()
    };
    let whole = split(&identity.cert[0])[0].1;
    let parts = split(whole);
    let tbs: Vec<u8> = split(parts[0].1)
        .into_iter()
        .filter(|(part, _)| part[0] != 0xa0 && part[0] != 0xa3)
        .flat_map(|(part, _)| part.to_vec())
        .collect();
    wrap(&[&wrap(&tbs)[..], parts[1].0, parts[2].0].concat()).into()
}

/// Elements of DER side by side: each whole, and its content.
fn split(mut der: &[u8]) -> Vec<(&[u8], &[u8])> {
    let mut elements = Vec::new();
    while der.len() > 1 {
        let (header, length) = match der[1] {
            short @ 0..=0x7f => (2, usize::from(short)),
            0x81 => (3, usize::from(der[2])),
            _ => (4, usize::from(u16::from_be_bytes([der[2], der[3]]))),
        };
        let (element, rest) = der.split_at(header + length);
        elements.push((element, &element[header..]));
        der = rest;
    }
    elements
}

/// A port that drops every SYN: its accept queue is full. Keeps the sockets that fill it.
pub(super) fn dead_port() -> (SocketAddr, Vec<Socket>) {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let mut sockets: Vec<Socket> = (0..4)
        .map(|_| {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            socket.set_nonblocking(true).unwrap();
            let _ = socket.connect(&address);
            socket
        })
        .collect();
    sockets.push(listener);
    (sockets[4].local_addr().unwrap().as_socket().unwrap(), sockets)
}

/// A host that holds every connection, and knows how many the clients have open whenever one more comes.
pub(super) async fn counting_host() -> (Host, Arc<AtomicUsize>) {
    let most = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&most);
    let open = Arc::new(std::sync::Mutex::new(Vec::<TcpStream>::new()));
    let host = Host::start(move |stream| {
        let mut open = open.lock().unwrap();
        // A client that left has reset its connection, and the kernel knows before the next one comes.
        open.retain(|stream| {
            let socket = SockRef::from(stream);
            socket.take_error().unwrap().is_none() && stream.peer_addr().is_ok()
        });
        open.push(stream);
        seen.fetch_max(open.len(), Ordering::Relaxed);
        std::future::ready(())
    })
    .await;
    (host, most)
}
