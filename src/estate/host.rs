//! One running host: a listener on loopback and what it does with each connection.
//! Invariants: is reached over loopback only; holds at most [`Limits::connections`] connections, each at most
//! [`Limits::deadline`]; dropping it closes the port and every connection.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use socket2::{Domain, Socket, Type};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use super::EstateError;
use super::script::{Script, farewell};

/// Connections the kernel keeps for a host that has no hand free.
const BACKLOG: i32 = 1_024;

/// A queue of length 0 holds one or two connections.
const QUEUE_ATTEMPTS: usize = 16;

/// What a host is.
#[derive(Debug, Clone)]
pub enum Role {
    /// Speaks TLS 1.2 or 1.3 to the end of the handshake, then waits for the client to leave.
    Tls(Arc<rustls::ServerConfig>),
    /// Says fixed things.
    Script(Script),
    /// The port is taken but nobody listens: connections are refused.
    Refused,
    /// Every SYN is dropped, as by a host that is switched off. Linux only: elsewhere a full queue refuses.
    Dead,
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
    /// Sockets that make the kernel refuse or drop, and keep the port from others.
    Holding {
        _held: Vec<Socket>,
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
        let socket = Socket::new(Domain::for_address(at), Type::STREAM, None).map_err(bind)?;
        Self::on(socket, at, at, [role].into(), limits).map_err(bind)
    }

    /// Starts a farm: one listener for every address in 127.0.0.0/8, the role chosen by the address modulo the
    /// number of roles. Bound to the loopback interface, so no other machine reaches it.
    /// [`Role::Refused`] and [`Role::Dead`] only alone.
    ///
    /// # Errors
    /// [`EstateError::Bind`] where the port is taken or the kernel (before Linux 5.7) wants a privilege.
    #[cfg(target_os = "linux")]
    pub fn start_everywhere(port: u16, roles: Vec<Role>, limits: Limits) -> Result<Self, EstateError> {
        let at = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
        let bind = |source| EstateError::Bind { address: at, source };
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).map_err(bind)?;
        socket.bind_device(Some(b"lo")).map_err(bind)?;
        Self::on(socket, at, (Ipv4Addr::LOCALHOST, port).into(), roles.into(), limits).map_err(bind)
    }

    fn on(
        socket: Socket,
        bound: SocketAddr,
        reached: SocketAddr,
        roles: Arc<[Role]>,
        limits: Limits,
    ) -> io::Result<Self> {
        let is_silent = matches!(*roles, [Role::Refused | Role::Dead]);
        if !is_silent {
            // Connections of an earlier run in TIME_WAIT do not matter; a listener still does.
            socket.set_reuse_address(true)?;
        }
        socket.bind(&bound.into())?;
        let port = socket.local_addr()?.as_socket().map_or(reached.port(), |address| address.port());
        let address = SocketAddr::new(reached.ip(), port);
        let accepted = Arc::new(AtomicU64::new(0));
        let work = match *roles {
            [Role::Refused] => Work::Holding { _held: vec![socket] },
            [Role::Dead] => Work::Holding { _held: fill_the_queue(socket, address)? },
            _ => {
                socket.listen(BACKLOG)?;
                socket.set_nonblocking(true)?;
                let listener = TcpListener::from_std(socket.into())?;
                Work::Serving(tokio::spawn(serve(listener, roles, limits, Arc::clone(&accepted))))
            }
        };
        Ok(Self { address, accepted, work })
    }

    /// Where it is reached.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Connections accepted since the start; always 0 for [`Role::Refused`] and [`Role::Dead`].
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

/// A listener that nobody accepts from and whose queue is full drops every further SYN.
fn fill_the_queue(listener: Socket, address: SocketAddr) -> io::Result<Vec<Socket>> {
    listener.listen(0)?;
    let mut held = vec![listener];
    for _ in 0..QUEUE_ATTEMPTS {
        let filler = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        filler.set_nonblocking(true)?;
        // On loopback the handshake is over when `connect` returns; where it is not, the SYN was dropped.
        let _ = filler.connect(&address.into());
        let is_full = filler.peer_addr().is_err();
        held.push(filler);
        if is_full {
            return Ok(held);
        }
    }
    Err(io::Error::other("the kernel's queue never fills"))
}

async fn serve(listener: TcpListener, roles: Arc<[Role]>, limits: Limits, accepted: Arc<AtomicU64>) {
    let mut connections = JoinSet::new();
    loop {
        while connections.len() >= limits.connections.max(1) {
            connections.join_next().await;
        }
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, _)) => {
                accepted.fetch_add(1, Ordering::Relaxed);
                let Some(role) = role_at(&roles, &stream) else { continue };
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

fn role_at(roles: &[Role], stream: &TcpStream) -> Option<Role> {
    let place = match stream.local_addr().ok()?.ip() {
        IpAddr::V4(address) => usize::try_from(address.to_bits()).ok()?,
        IpAddr::V6(_) => 0,
    };
    roles.get(place.checked_rem(roles.len())?).cloned()
}

async fn attend(role: Role, stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    match role {
        Role::Tls(config) => serve_tls(config, stream).await,
        Role::Script(script) => {
            let _ = script.play(stream).await;
        }
        Role::Refused | Role::Dead => {}
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

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_dead_host_answers_no_connection() {
        let dead = Host::start(anywhere(), Role::Dead, Limits::default()).unwrap();
        let all_dead = Host::start_everywhere(0, vec![Role::Dead], Limits::default()).unwrap();
        let elsewhere = SocketAddr::from((Ipv4Addr::new(127, 99, 1, 2), all_dead.address().port()));
        for address in [dead.address(), all_dead.address(), elsewhere] {
            let connect = TcpStream::connect(address);
            assert!(tokio::time::timeout(Duration::from_millis(200), connect).await.is_err());
        }
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_farm_chooses_the_role_by_the_address() {
        let roles = [b"even".as_slice(), b"odd."].map(|text| Role::Script(Script::banner(text)));
        let farm = Host::start_everywhere(0, roles.into(), Limits::default()).unwrap();
        for last in 1..=4 {
            let address = (Ipv4Addr::new(127, 16, 3, last), farm.address().port());
            let mut text = [0; 4];
            TcpStream::connect(address).await.unwrap().read_exact(&mut text).await.unwrap();
            assert_eq!(&text, if last % 2 == 0 { b"even" } else { b"odd." });
        }
    }
}
