//! The resolver against a real DNS server: Knot, from Debian, on loopback.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

use std::io::{BufRead, BufReader};
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

use certvigil::dns::{DnsError, HickoryResolver, MAX_ADDRESSES, Resolve};
use certvigil::model::ServerName;

const PATIENCE: Duration = Duration::from_secs(20);

const ZONE: &str = "\
$ORIGIN example.test.
$TTL 300
@        SOA   ns hostmaster 1 3600 600 86400 60
         NS    ns
ns       A     127.0.0.1
both     A     127.0.0.2
         A     127.0.0.1
         AAAA  ::1
alias    CNAME both
twice    CNAME alias
dangling CNAME missing
text     TXT   \"no address\"
*.wild   A     127.0.0.9
_service A     127.0.0.3
";

const REVERSE: &str = "\
$ORIGIN 2.0.192.in-addr.arpa.
$TTL 300
@  SOA ns.example.test. hostmaster.example.test. 1 3600 600 86400 60
   NS  ns.example.test.
1  PTR both.example.test.
";

/// A running server; stopped when dropped.
struct Knot {
    child: Child,
    address: SocketAddr,
    /// Kept open: it goes on logging.
    _log: BufReader<ChildStderr>,
    _folder: tempfile::TempDir,
}

impl Drop for Knot {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Knot {
    /// Starts on a free port; another one if somebody takes it in between.
    fn start() -> Self {
        let mut said = String::new();
        for _ in 0..5 {
            match Self::try_start() {
                Ok(knot) => return knot,
                Err(log) => said = log,
            }
        }
        panic!("knotd does not start: {said}");
    }

    fn try_start() -> Result<Self, String> {
        let folder = tempfile::tempdir().unwrap();
        let crowd: String = (0..200).map(|i| format!("crowd A 127.0.1.{i}\n")).collect();
        std::fs::write(folder.path().join("example.test.zone"), format!("{ZONE}{crowd}")).unwrap();
        std::fs::write(folder.path().join("2.0.192.in-addr.arpa.zone"), REVERSE).unwrap();
        let address = free_port();
        std::fs::write(folder.path().join("knot.conf"), settings(folder.path(), address)).unwrap();
        let mut child =
            Command::new(if Path::new("/usr/sbin/knotd").exists() { "/usr/sbin/knotd" } else { "knotd" })
                .arg("-c")
                .arg(folder.path().join("knot.conf"))
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .expect("knotd is installed by tests/install-peers");
        // Its log tells when it serves; a line is always to come, or the end.
        let mut log = String::new();
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        while lines.read_line(&mut log).unwrap() > 0 {
            if log.contains("server started") {
                return Ok(Self { child, address, _log: lines, _folder: folder });
            }
        }
        let _ = child.wait();
        Err(log)
    }

    fn resolver(&self) -> HickoryResolver {
        HickoryResolver::at(self.address, PATIENCE).unwrap()
    }
}

/// Free for both transports a moment ago.
fn free_port() -> SocketAddr {
    loop {
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = udp.local_addr().unwrap();
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}

fn settings(folder: &Path, address: SocketAddr) -> String {
    let folder = folder.display();
    format!(
        "server:
  rundir: {folder}
  listen: {}@{}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
database:
  storage: {folder}
log:
- target: stderr
  any: info
template:
- id: default
  storage: {folder}
  journal-content: none
zone:
- domain: example.test
- domain: 2.0.192.in-addr.arpa
",
        address.ip(),
        address.port()
    )
}

async fn ask(resolver: &HickoryResolver, name: &str) -> Result<Vec<String>, DnsError> {
    let found = resolver.addresses(&ServerName::parse(name).unwrap()).await?;
    Ok(found.iter().map(IpAddr::to_string).collect())
}

#[tokio::test]
async fn knot_answers_as_the_zone_says() {
    let knot = Knot::start();
    let resolver = knot.resolver();
    assert_eq!(ask(&resolver, "both.example.test").await.unwrap(), ["127.0.0.1", "127.0.0.2", "::1"]);
    assert_eq!(ask(&resolver, "twice.example.test").await.unwrap(), ["127.0.0.1", "127.0.0.2", "::1"]);
    assert_eq!(ask(&resolver, "any.wild.example.test").await.unwrap(), ["127.0.0.9"]);
    assert_eq!(ask(&resolver, "_service.example.test").await.unwrap(), ["127.0.0.3"]);
    assert_eq!(ask(&resolver, "missing.example.test").await, Err(DnsError::NoSuchName));
    assert_eq!(ask(&resolver, "dangling.example.test").await, Err(DnsError::NoSuchName));
    assert_eq!(ask(&resolver, "text.example.test").await, Err(DnsError::NoAddress));
    // Not its zone: it refuses, which is no statement about the name.
    assert!(matches!(ask(&resolver, "elsewhere.test").await, Err(DnsError::Failure(_))));
}

#[tokio::test]
async fn a_long_answer_of_knot_comes_over_tcp() {
    let knot = Knot::start();
    let all = ask(&knot.resolver(), "crowd.example.test").await.unwrap();
    assert_eq!(all.len(), MAX_ADDRESSES);
    assert_eq!(all[0], "127.0.1.0");
}

#[tokio::test]
async fn knot_knows_the_names_of_addresses() {
    let knot = Knot::start();
    let resolver = knot.resolver();
    let names = resolver.names("192.0.2.1".parse().unwrap()).await.unwrap();
    assert_eq!(names.iter().map(ServerName::as_str).collect::<Vec<_>>(), ["both.example.test"]);
    assert_eq!(resolver.names("192.0.2.2".parse().unwrap()).await, Err(DnsError::NoSuchName));
}
