//! Opens a TCP connection, or a UDP socket towards one address, and says exactly why it could not. Never sends a byte.
//!
//! Every connection is set to close by RST (`SO_LINGER` 0): a finished visit leaves no TIME_WAIT behind, so that
//! ports do not run out however often one host is visited. `TCP_NODELAY` would do nothing: a visit never writes
//! twice without an answer in between.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::pin;
use std::time::Duration;

use nix::errno::Errno;
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{Instant, sleep, timeout};

use crate::model::{Failure, Reason, Stage};

/// First pause where this machine has nothing left for another connection; doubled up to 32 times.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// Longest time to wait for a descriptor, a port or memory. Connections end within seconds and give theirs back;
/// what takes longer is not of our making.
const PATIENCE: Duration = Duration::from_secs(60);
/// Ports below this are never given to the client side, so no connection can meet itself there.
const FIRST_CLIENT_PORT: u16 = 1_024;

/// Connects to `address`, waiting at most `within` for an answer. Where this machine is short of descriptors,
/// ports or memory, pauses and tries again; each pause is told to `on_shortage` before it begins.
///
/// # Errors
/// Stage `connect` with the reason; `local` only where this machine is at fault.
pub(crate) async fn connect(
    address: SocketAddr,
    within: Duration,
    on_shortage: impl FnMut(Duration),
) -> Result<TcpStream, Failure> {
    let stream = connect_by(|| TcpStream::connect(address), within, on_shortage).await?;
    prepare(stream, address)
}

/// Opens a UDP socket that sends to `address` and receives from nobody else. Whether anybody is there shows later.
///
/// # Errors
/// As [`connect`].
pub(crate) async fn connect_datagrams(
    address: SocketAddr,
    within: Duration,
    on_shortage: impl FnMut(Duration),
) -> Result<UdpSocket, Failure> {
    let own: SocketAddr = match address {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let dial = async || {
        let socket = UdpSocket::bind(own).await?;
        socket.connect(address).await?;
        Ok(socket)
    };
    connect_by(dial, within, on_shortage).await
}

/// [`connect`] with another way to dial.
async fn connect_by<T, F>(
    dial: impl Fn() -> F,
    within: Duration,
    mut on_shortage: impl FnMut(Duration),
) -> Result<T, Failure>
where
    F: Future<Output = io::Result<T>>,
{
    let mut pause = FIRST_PAUSE;
    let mut given_up = None;
    loop {
        let (error, at_once) = match timeout(within, at_once_or_later(dial())).await {
            Err(_) => return Err(failure(Reason::Timeout, "no answer to the connection request in time")),
            Ok((Ok(opened), _)) => return Ok(opened),
            Ok((Err(error), at_once)) => (error, at_once),
        };
        if !is_shortage(&error) {
            return Err(explain(&error, at_once));
        }
        let until = *given_up.get_or_insert_with(|| Instant::now() + PATIENCE);
        if Instant::now() >= until {
            let detail = format!("{error}: raise `ulimit -n` or lower `--concurrency`");
            return Err(failure(Reason::Local, detail));
        }
        on_shortage(pause);
        sleep(pause).await;
        pause = (pause * 2).min(FIRST_PAUSE * 32);
    }
}

/// The result, and whether it was there at once: then it came from this machine and not from the network.
async fn at_once_or_later<T>(future: impl Future<Output = T>) -> (T, bool) {
    let mut future = pin!(future);
    let mut polls = 0u32;
    let result = std::future::poll_fn(|cx| {
        polls = polls.saturating_add(1);
        future.as_mut().poll(cx)
    })
    .await;
    (result, polls == 1)
}

fn prepare(stream: TcpStream, address: SocketAddr) -> Result<TcpStream, Failure> {
    // A client port that equals the port asked for on an own address: TCP's simultaneous open with oneself.
    if address.port() >= FIRST_CLIENT_PORT && stream.local_addr().is_ok_and(|own| own == address) {
        let _ = stream.set_zero_linger();
        return Err(failure(Reason::Refused, "nothing listens on this port"));
    }
    // A peer that has gone already may make this fail; the handshake will meet the same fate and tell it.
    let _ = stream.set_zero_linger();
    Ok(stream)
}

/// Descriptors, ports or memory have run out on this machine: a reason to wait, never the peer's answer.
fn is_shortage(error: &io::Error) -> bool {
    matches!(
        errno(error),
        Some(
            Errno::EMFILE
                | Errno::ENFILE
                | Errno::ENOBUFS
                | Errno::ENOMEM
                | Errno::EADDRNOTAVAIL
                | Errno::EAGAIN
        )
    )
}

/// What a failed operation on a socket says about the way to the peer. `at_once`: this machine failed it by itself.
pub(crate) fn explain(error: &io::Error, at_once: bool) -> Failure {
    match errno(error) {
        Some(Errno::ECONNREFUSED) => failure(Reason::Refused, "nothing listens on this port"),
        Some(Errno::ETIMEDOUT) => failure(Reason::Timeout, "no answer to the connection request in time"),
        Some(Errno::ECONNRESET) => failure(Reason::Reset, "the connection request was reset"),
        Some(Errno::ECONNABORTED | Errno::EPIPE) => {
            failure(Reason::Closed, "the connection was closed as soon as it was made")
        }
        // From the network: ICMP destination unreachable in its forms (RFC 1122 section 3.2.2.1, RFC 4443
        // section 3.1). At once: this machine's own routes and rules.
        Some(
            Errno::EHOSTUNREACH
            | Errno::ENETUNREACH
            | Errno::EHOSTDOWN
            | Errno::ENETDOWN
            | Errno::ENOPROTOOPT
            | Errno::EPROTO
            | Errno::EACCES
            | Errno::EPERM,
        ) if !at_once => failure(Reason::Unreachable, format!("the network reports: {error}")),
        _ => failure(Reason::Local, format!("this machine cannot connect there: {error}")),
    }
}

fn errno(error: &io::Error) -> Option<Errno> {
    error.raw_os_error().map(Errno::from_raw)
}

fn failure(reason: Reason, detail: impl Into<crate::text::Untrusted>) -> Failure {
    Failure::new(Stage::Connect, reason, detail)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tokio::net::TcpListener;

    use super::*;

    const PLENTY: Duration = Duration::from_secs(30);

    async fn failing_with(errno: Errno, at_once: bool) -> Failure {
        let dial = || async {
            if !at_once {
                tokio::task::yield_now().await;
            }
            Err::<(), _>(io::Error::from_raw_os_error(errno as i32))
        };
        connect_by(dial, PLENTY, |_| {}).await.unwrap_err()
    }

    #[tokio::test]
    async fn each_error_has_its_reason() {
        let from_the_network = [
            (Errno::ECONNREFUSED, Reason::Refused),
            (Errno::ETIMEDOUT, Reason::Timeout),
            (Errno::ECONNRESET, Reason::Reset),
            (Errno::ECONNABORTED, Reason::Closed),
            (Errno::EHOSTUNREACH, Reason::Unreachable),
            (Errno::ENETUNREACH, Reason::Unreachable),
            (Errno::EACCES, Reason::Unreachable),
            (Errno::EINVAL, Reason::Local),
        ];
        for (errno, reason) in from_the_network {
            let failure = failing_with(errno, false).await;
            assert_eq!((failure.stage, failure.reason), (Stage::Connect, reason), "{errno}");
        }
        let from_this_machine = [
            (Errno::ECONNREFUSED, Reason::Refused),
            (Errno::ENETUNREACH, Reason::Local),
            (Errno::EHOSTUNREACH, Reason::Local),
            (Errno::EACCES, Reason::Local),
            (Errno::EPERM, Reason::Local),
            (Errno::EAFNOSUPPORT, Reason::Local),
        ];
        for (errno, reason) in from_this_machine {
            assert_eq!(failing_with(errno, true).await.reason, reason, "{errno}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_shortage_is_waited_out() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        for errno in [Errno::EMFILE, Errno::ENFILE, Errno::ENOBUFS, Errno::ENOMEM, Errno::EADDRNOTAVAIL] {
            let tries = Cell::new(0);
            let pauses = Cell::new(0);
            let dial = || async {
                tries.set(tries.get() + 1);
                match tries.get() {
                    1..=3 => Err(io::Error::from_raw_os_error(errno as i32)),
                    _ => TcpStream::connect(address).await,
                }
            };
            let stream = connect_by(dial, PLENTY, |_| pauses.set(pauses.get() + 1)).await;
            assert!(stream.is_ok(), "{errno}");
            assert_eq!(pauses.get(), 3, "{errno}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_shortage_without_end_is_this_machines_fault() {
        let failure = failing_with(Errno::EMFILE, true).await;
        assert_eq!(failure.reason, Reason::Local);
        assert!(failure.detail.raw().contains("ulimit -n"), "{:?}", failure.detail);
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_a_timeout() {
        let dial = std::future::pending::<io::Result<()>>;
        let failure = connect_by(dial, Duration::from_secs(5), |_| {}).await.unwrap_err();
        assert_eq!(failure.code(), "connect.timeout");
    }

    #[tokio::test]
    async fn a_real_port_without_a_listener_is_refused() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let failure = connect(address, PLENTY, |_| {}).await.unwrap_err();
        assert_eq!(failure.code(), "connect.refused");
    }

    #[tokio::test]
    async fn a_connection_closes_by_reset() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = connect(listener.local_addr().unwrap(), PLENTY, |_| {}).await.unwrap();
        let (peer, _) = listener.accept().await.unwrap();
        drop(stream);
        peer.readable().await.unwrap();
        let error = peer.try_read(&mut [0; 1]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    }

    #[tokio::test]
    async fn a_connection_with_oneself_is_a_refusal() {
        // Binding and connecting one socket to its own address is how the kernel's accident looks from outside.
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let own = socket.local_addr().unwrap();
        let stream = socket.connect(own).await.unwrap();
        assert_eq!(prepare(stream, own).unwrap_err().code(), "connect.refused");
    }
}
