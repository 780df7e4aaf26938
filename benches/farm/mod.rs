//! A farm of TLS servers in another process: this bench's own executable, started again with an argument.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::AsyncReadExt as _;
use tokio_rustls::TlsAcceptor;

const ARGUMENT: &str = "--serve-farm";
const CHAINS: usize = 100;
/// 127.16.0.0/20 has room for 4,096 addresses.
const FIRST: u32 = u32::from_be_bytes([127, 16, 0, 0]);

/// The `n`-th address of the farm.
pub fn address(n: usize) -> Ipv4Addr {
    Ipv4Addr::from(FIRST + u32::try_from(n).unwrap())
}

/// The farm's network.
pub fn network() -> String {
    format!("{}/20", Ipv4Addr::from(FIRST))
}

/// A running farm; it ends with this value.
pub struct Farm {
    child: Child,
    pub port: u16,
}

impl Farm {
    /// Starts the farm and waits until every address listens.
    pub fn start() -> Self {
        let port = free_port();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([ARGUMENT, &port.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line.trim(), "ready");
        Self { child, port }
    }

    /// A port where every address refuses.
    pub fn refusing_port(&self) -> u16 {
        free_port()
    }
}

impl Drop for Farm {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// The port to serve on, where this process is the farm.
pub fn asked_to_serve() -> Option<u16> {
    let mut arguments = std::env::args().skip_while(|argument| argument != ARGUMENT);
    arguments.nth(1)?.parse().ok()
}

/// Serves until standard input closes.
pub fn serve(hosts: usize, port: u16) {
    let limit = nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE).unwrap();
    nix::sys::resource::setrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE, limit.1, limit.1).unwrap();
    let acceptors = acceptors();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        for host in 0..hosts {
            let listener = TcpListener::bind(SocketAddr::from((address(host), port))).unwrap();
            listener.set_nonblocking(true).unwrap();
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let acceptor = acceptors[host % acceptors.len()].clone();
            tokio::spawn(answer(listener, acceptor));
        }
        println!("ready");
        tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await.unwrap().unwrap();
    });
}

async fn answer(listener: tokio::net::TcpListener, acceptor: TlsAcceptor) {
    while let Ok((stream, _)) = listener.accept().await {
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            if let Ok(mut stream) = acceptor.accept(stream).await {
                let _ = stream.read(&mut [0; 64]).await;
            }
        });
    }
}

fn acceptors() -> Vec<TlsAcceptor> {
    let (root_key, root) = authority("Farm Root");
    let root_issuer = Issuer::new(root, root_key);
    let (upper_key, upper) = authority("Farm Upper");
    let upper_der = upper.signed_by(&upper_key, &root_issuer).unwrap();
    let upper_issuer = Issuer::new(upper, upper_key);
    let (lower_key, lower) = authority("Farm Lower");
    let lower_der = lower.signed_by(&lower_key, &upper_issuer).unwrap();
    let lower_issuer = Issuer::new(lower, lower_key);
    let chain = [lower_der.der().clone(), upper_der.der().clone()];
    (0..CHAINS).map(|n| acceptor(n, &lower_issuer, &chain)).collect()
}

fn authority(name: &str) -> (KeyPair, CertificateParams) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    (KeyPair::generate().unwrap(), params)
}

fn acceptor(n: usize, issuer: &Issuer<'_, KeyPair>, chain: &[CertificateDer<'static>]) -> TlsAcceptor {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![format!("host-{n}.farm.test")]).unwrap();
    params.distinguished_name.push(DnType::CommonName, format!("host-{n}.farm.test"));
    let leaf = params.signed_by(&key, issuer).unwrap();
    let mut certificates = vec![leaf.der().clone()];
    certificates.extend_from_slice(chain);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(certificates, PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    config.send_tls13_tickets = 0;
    TlsAcceptor::from(Arc::new(config))
}
