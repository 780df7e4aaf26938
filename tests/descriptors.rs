//! A process without a free descriptor waits for one. Alone in its binary, as the limit holds for the whole process.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::fs::File;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use certvigil::dns::{DnsError, HickoryResolver, Resolve};
use certvigil::model::ServerName;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Says of every name that it does not exist: the question with QR, RA and NXDOMAIN set (RFC 1035 section 4.1.1).
fn denying_server() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 512];
        while let Ok((length, client)) = socket.recv_from(&mut buffer) {
            let [_, _, flags, code, ..] = &mut buffer;
            *flags |= 0x80;
            *code = 0x83;
            if socket.send_to(buffer.get(..length).unwrap_or_default(), client).is_err() {
                return;
            }
        }
    });
    address
}

#[tokio::test]
async fn a_look_up_waits_for_a_free_descriptor() {
    let server = denying_server();
    let resolver = HickoryResolver::at(server, Duration::from_secs(30)).unwrap();
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, 64, hard).unwrap();
    let mut hoard = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        hoard.push(file);
    }
    let name = ServerName::parse("a.example").unwrap();
    let mut look_up = resolver.addresses(&name);
    tokio::select! {
        biased;
        answer = &mut look_up => panic!("answered without a socket: {answer:?}"),
        () = tokio::time::sleep(Duration::from_millis(300)) => {}
    }
    drop(hoard);
    assert_eq!(look_up.await, Err(DnsError::NoSuchName));
}
