//! One running host: a listener on loopback and what it does with each connection.
//! Invariants: listens on loopback only; holds at most [`Limits::connections`] connections, each at most
//! [`Limits::deadline`]; dropping it closes the port and every connection.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use super::EstateError;
use super::script::{Script, farewell};

/// What a host is.
#[derive(Debug, Clone)]
pub enum Role {
    /// Speaks TLS 1.2 or 1.3 to the end of the handshake, then waits for the client to leave.
    Tls(Arc<rustls::ServerConfig>),
    /// Says fixed things.
    Script(Script),
    /// The port is taken but nobody listens: connections are refused.
    Refused,
}

/// What a host allows itself, so that a demonstration can never hang.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at once; more wait in the kernel's queue.
    pub connections: usize,
    /// Longest life of a connection.
    pub deadline: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 64, deadline: Duration::from_secs(30) }
    }
}

/// A running host.
#[derive(Debug)]
pub struct Host {
    address: SocketAddr,
    accepted: Arc<AtomicU64>,
    work: Work,
}

#[derive(Debug)]
enum Work {
    Serving(JoinHandle<()>),
    /// A bound socket that does not listen: the kernel refuses, and nobody else gets the port.
    Refusing {
        _held: socket2::Socket,
    },
}

impl Host {
    /// Starts a host at a loopback address; port 0 takes a free one. Needs a tokio runtime.
    ///
    /// # Errors
    /// [`EstateError::NotLoopback`], or [`EstateError::Bind`] where the address or the port is taken.
    pub fn start(at: SocketAddr, role: Role, limits: Limits) -> Result<Self, EstateError> {
        if !at.ip().is_loopback() {
            return Err(EstateError::NotLoopback { address: at });
        }
        let bind = |source| EstateError::Bind { address: at, source };
        let accepted = Arc::new(AtomicU64::new(0));
        if matches!(role, Role::Refused) {
            let held = hold(at).map_err(bind)?;
            let address = held.local_addr().ok().and_then(|address| address.as_socket()).unwrap_or(at);
            return Ok(Self { address, accepted, work: Work::Refusing { _held: held } });
        }
        let listener = listen(at).map_err(bind)?;
        let address = listener.local_addr().map_err(bind)?;
        let serving = serve(listener, role, limits, Arc::clone(&accepted));
        Ok(Self { address, accepted, work: Work::Serving(tokio::spawn(serving)) })
    }

    /// Where it is reached.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Connections accepted since the start; always 0 for [`Role::Refused`].
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Work::Serving(task) = &self.work {
            task.abort(); // takes the listener and all connections with it
        }
    }
}

fn hold(at: SocketAddr) -> io::Result<socket2::Socket> {
    let socket = socket2::Socket::new(socket2::Domain::for_address(at), socket2::Type::STREAM, None)?;
    socket.bind(&at.into())?;
    Ok(socket)
}

fn listen(at: SocketAddr) -> io::Result<TcpListener> {
    let listener = std::net::TcpListener::bind(at)?;
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

async fn serve(listener: TcpListener, role: Role, limits: Limits, accepted: Arc<AtomicU64>) {
    let mut connections = JoinSet::new();
    loop {
        while connections.len() >= limits.connections.max(1) {
            connections.join_next().await;
        }
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, _)) => {
                accepted.fetch_add(1, Ordering::Relaxed);
                let role = role.clone();
                connections.spawn(async move {
                    // What a peer does to its own connection is its affair.
                    let _ = tokio::time::timeout(limits.deadline, attend(role, stream)).await;
                });
            }
            // Out of descriptors, or the peer left the queue: others may still be served.
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

async fn attend(role: Role, stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    match role {
        Role::Tls(config) => serve_tls(config, stream).await,
        Role::Script(script) => {
            let _ = script.play(stream).await;
        }
        Role::Refused => {}
    }
}

async fn serve_tls(config: Arc<rustls::ServerConfig>, stream: TcpStream) {
    match TlsAcceptor::from(config).accept(stream).into_fallible().await {
        Ok(mut stream) => {
            let mut buffer = [0; 4_096];
            while let Ok(1..) = stream.read(&mut buffer).await {}
            let _ = stream.shutdown().await;
        }
        // The alert is on its way; let it arrive.
        Err((_, mut stream)) => farewell(&mut stream).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn anywhere() -> SocketAddr {
        (Ipv4Addr::LOCALHOST, 0).into()
    }

    #[tokio::test]
    async fn a_host_never_leaves_loopback() {
        let outside = (Ipv4Addr::UNSPECIFIED, 0).into();
        let result = Host::start(outside, Role::Script(Script::silent()), Limits::default());
        assert!(matches!(result, Err(EstateError::NotLoopback { .. })));
    }

    #[tokio::test]
    async fn a_taken_port_is_refused_to_others_and_to_clients() {
        let host = Host::start(anywhere(), Role::Refused, Limits::default()).unwrap();
        let error = TcpStream::connect(host.address()).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        assert!(Host::start(host.address(), Role::Script(Script::silent()), Limits::default()).is_err());
    }

    #[tokio::test]
    async fn a_dropped_host_closes_its_port_and_its_connections() {
        let host = Host::start(anywhere(), Role::Script(Script::silent()), Limits::default()).unwrap();
        let address = host.address();
        let mut stream = TcpStream::connect(address).await.unwrap();
        while host.accepted() == 0 {
            tokio::task::yield_now().await;
        }
        drop(host);
        assert!(matches!(stream.read(&mut [0]).await, Ok(0) | Err(_)));
        assert!(TcpStream::connect(address).await.is_err());
    }

    #[tokio::test]
    async fn a_connection_ends_at_its_deadline() {
        let limits = Limits { deadline: Duration::from_millis(50), ..Limits::default() };
        let host = Host::start(anywhere(), Role::Script(Script::silent()), limits).unwrap();
        let mut stream = TcpStream::connect(host.address()).await.unwrap();
        assert!(matches!(stream.read(&mut [0]).await, Ok(0) | Err(_)));
    }

    #[tokio::test]
    async fn connections_above_the_limit_wait_for_their_turn() {
        let limits = Limits { connections: 1, ..Limits::default() };
        let banner = Role::Script(Script::ssh_banner());
        let host = Host::start(anywhere(), banner, limits).unwrap();
        let mut first = TcpStream::connect(host.address()).await.unwrap();
        let mut second = TcpStream::connect(host.address()).await.unwrap();
        first.read_exact(&mut [0; 4]).await.unwrap();
        assert_eq!(host.accepted(), 1);
        drop(first);
        second.read_exact(&mut [0; 4]).await.unwrap();
        assert_eq!(host.accepted(), 2);
    }
}
