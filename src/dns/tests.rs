//! Look-ups against a DNS server on loopback that answers by a script, honest and hostile.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::rdata::{CNAME, PTR, SOA};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

use super::*;

/// Long enough for a loaded machine; only look-ups that must time out use less.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server with how many questions it got.
struct Server {
    address: SocketAddr,
    questions: Arc<AtomicUsize>,
    tcp_questions: Arc<AtomicUsize>,
}

impl Server {
    async fn start() -> Self {
        let (udp, tcp) = bind().await;
        let address = udp.local_addr().unwrap();
        let (questions, tcp_questions) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        tokio::spawn(over_udp(udp, Arc::clone(&questions)));
        tokio::spawn(over_tcp(tcp, Arc::clone(&tcp_questions)));
        Self { address, questions, tcp_questions }
    }

    fn questions(&self) -> usize {
        self.questions.load(Ordering::SeqCst)
    }
}

/// One port for both transports.
async fn bind() -> (UdpSocket, TcpListener) {
    loop {
        let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()).await {
            return (udp, tcp);
        }
    }
}

async fn over_udp(socket: UdpSocket, questions: Arc<AtomicUsize>) {
    let mut buffer = [0; 4_096];
    while let Ok((length, client)) = socket.recv_from(&mut buffer).await {
        questions.fetch_add(1, Ordering::SeqCst);
        let Some(answer) = answer(&buffer[..length]) else { continue };
        let mut bytes = answer.to_vec().unwrap();
        if bytes.len() > 1_232 {
            bytes = answer.truncate().to_vec().unwrap();
        }
        socket.send_to(&bytes, client).await.unwrap();
    }
}

async fn over_tcp(listener: TcpListener, questions: Arc<AtomicUsize>) {
    while let Ok((stream, _)) = listener.accept().await {
        questions.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(one_client(stream));
    }
}

async fn one_client(mut stream: TcpStream) {
    while let Ok(length) = stream.read_u16().await {
        let mut bytes = vec![0; usize::from(length)];
        stream.read_exact(&mut bytes).await.unwrap();
        let Some(answer) = answer(&bytes) else { continue };
        let bytes = answer.to_vec().unwrap();
        stream.write_u16(u16::try_from(bytes.len()).unwrap()).await.unwrap();
        stream.write_all(&bytes).await.unwrap();
    }
}

/// The script: `None` is silence.
fn answer(question: &[u8]) -> Option<Message> {
    let question = Message::from_vec(question).ok()?;
    let query = question.queries.first()?.clone();
    let mut answer = Message::response(question.metadata.id, question.metadata.op_code);
    answer.metadata.recursion_available = true;
    answer.add_query(query.clone());
    let name = query.name().to_ascii().to_ascii_lowercase();
    let v4 = query.query_type() == RecordType::A;
    let mut add = |owner: &str, data: RData| {
        answer.add_answer(Record::from_rdata(Name::from_ascii(owner).unwrap(), 300, data));
    };
    let code = match name.as_str() {
        "both.example." if v4 => {
            for last in [3, 1, 2, 1] {
                add(&name, address(last));
            }
            ResponseCode::NoError
        }
        "both.example." => {
            add(&name, RData::from("2001:db8::1".parse::<IpAddr>().unwrap()));
            ResponseCode::NoError
        }
        "half.example." if v4 => {
            add(&name, address(4));
            ResponseCode::NoError
        }
        "half.example." => ResponseCode::ServFail,
        "silent6.example." if v4 => {
            add(&name, address(5));
            ResponseCode::NoError
        }
        "silent6.example." | "silent.example." => return None,
        "alias.example." if v4 => {
            add(&name, alias("other.example."));
            add("other.example.", address(6));
            ResponseCode::NoError
        }
        "far.example." => {
            add(&name, alias("both.example."));
            ResponseCode::NoError
        }
        "dangling.example." => {
            add(&name, alias("missing.example."));
            ResponseCode::NXDomain
        }
        "loop-a.example." => {
            add(&name, alias("loop-b.example."));
            ResponseCode::NoError
        }
        "loop-b.example." => {
            add(&name, alias("loop-a.example."));
            ResponseCode::NoError
        }
        "self.example." => {
            add(&name, alias("self.example."));
            ResponseCode::NoError
        }
        "crowd.example." if v4 => {
            for i in 0..1_000_u32 {
                add(&name, RData::from(IpAddr::from(Ipv4Addr::from(0x0a00_0000 + 999 - i))));
            }
            ResponseCode::NoError
        }
        "stranger.example." if v4 => {
            add("victim.example.", address(9));
            ResponseCode::NoError
        }
        "nodata.example." | "crowd.example." | "alias.example." | "stranger.example." => {
            ResponseCode::NoError
        }
        "broken.example." => ResponseCode::ServFail,
        "refused.example." => ResponseCode::Refused,
        "1.0.0.10.in-addr.arpa." => {
            let hostile = Name::from_labels([b"x\x1b[2Jy".as_slice(), b"example"]).unwrap();
            add(&name, RData::PTR(PTR(hostile)));
            for pointed in ["Host.Example.", "a.example.", "*.example.", "a.example."] {
                add(&name, RData::PTR(PTR(Name::from_ascii(pointed).unwrap())));
            }
            for i in 0..50 {
                add(&name, RData::PTR(PTR(Name::from_ascii(format!("n{i}.example.")).unwrap())));
            }
            ResponseCode::NoError
        }
        _ => ResponseCode::NXDomain,
    };
    answer.metadata.response_code = code;
    if answer.answers.is_empty() && matches!(code, ResponseCode::NoError | ResponseCode::NXDomain) {
        let zone = Name::from_ascii("example.").unwrap();
        let soa = SOA::new(zone.clone(), zone.clone(), 1, 3_600, 600, 86_400, 60);
        answer.add_authority(Record::from_rdata(zone, 60, RData::SOA(soa)));
    }
    Some(answer)
}

fn address(last: u8) -> RData {
    RData::from(IpAddr::from([10, 0, 0, last]))
}

fn alias(target: &str) -> RData {
    RData::CNAME(CNAME(Name::from_ascii(target).unwrap()))
}

fn name(text: &str) -> ServerName {
    ServerName::parse(text).unwrap()
}

async fn ask(resolver: &HickoryResolver, text: &str) -> Result<Vec<String>, DnsError> {
    Ok(resolver.addresses(&name(text)).await?.iter().map(IpAddr::to_string).collect())
}

#[tokio::test]
async fn both_families_are_found_sorted_and_once() {
    let server = Server::start().await;
    let resolver = HickoryResolver::at(server.address, PATIENCE).unwrap();
    let all = ask(&resolver, "both.example").await.unwrap();
    assert_eq!(all, ["10.0.0.1", "10.0.0.2", "10.0.0.3", "2001:db8::1"]);
    // Kept: asking again asks nobody.
    let before = server.questions();
    assert_eq!(ask(&resolver, "BOTH.example.").await.unwrap(), all);
    assert_eq!(server.questions(), before);
}

#[tokio::test]
async fn aliases_are_followed_within_an_answer_and_beyond() {
    let server = Server::start().await;
    let resolver = HickoryResolver::at(server.address, PATIENCE).unwrap();
    assert_eq!(ask(&resolver, "alias.example").await.unwrap(), ["10.0.0.6"]);
    assert_eq!(ask(&resolver, "far.example").await.unwrap().len(), 4);
    assert_eq!(ask(&resolver, "dangling.example").await, Err(DnsError::NoSuchName));
}

#[tokio::test]
async fn no_such_name_no_address_and_failure_are_told_apart() {
    let server = Server::start().await;
    let resolver = HickoryResolver::at(server.address, PATIENCE).unwrap();
    assert_eq!(ask(&resolver, "gone.example").await, Err(DnsError::NoSuchName));
    assert_eq!(ask(&resolver, "nodata.example").await, Err(DnsError::NoAddress));
    assert!(matches!(ask(&resolver, "broken.example").await, Err(DnsError::Failure(_))));
    assert!(matches!(ask(&resolver, "refused.example").await, Err(DnsError::Failure(_))));
    // Failures are kept for a while too (RFC 9520).
    let before = server.questions();
    assert!(ask(&resolver, "broken.example").await.is_err());
    assert_eq!(ask(&resolver, "gone.example").await, Err(DnsError::NoSuchName));
    assert_eq!(server.questions(), before);
}

#[tokio::test]
async fn one_family_is_enough() {
    let server = Server::start().await;
    let resolver = HickoryResolver::at(server.address, PATIENCE).unwrap();
    assert_eq!(ask(&resolver, "half.example").await.unwrap(), ["10.0.0.4"]);
    let hasty = HickoryResolver::at(server.address, Duration::from_secs(2)).unwrap();
    assert_eq!(ask(&hasty, "silent6.example").await.unwrap(), ["10.0.0.5"]);
}

#[tokio::test]
async fn silence_is_a_timeout() {
    let server = Server::start().await;
    let short = Duration::from_millis(200);
    let resolver = HickoryResolver::at(server.address, short).unwrap();
    assert_eq!(ask(&resolver, "silent.example").await, Err(DnsError::Timeout(short)));

    // A socket that never reads: bound for the whole test, so that nobody else gets the port.
    let deaf = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let resolver = HickoryResolver::at(deaf.local_addr().unwrap(), short).unwrap();
    assert_eq!(ask(&resolver, "both.example").await, Err(DnsError::Timeout(short)));
}

#[tokio::test]
async fn alias_loops_end() {
    let server = Server::start().await;
    let resolver = HickoryResolver::at(server.address, PATIENCE).unwrap();
    for looping in ["loop-a.example", "self.example"] {
        let answer = ask(&resolver, looping).await;
        assert!(matches!(answer, Err(DnsError::Failure(_) | DnsError::NoAddress)), "{looping}: {answer:?}");
    }
    assert!(server.questions() < 200, "{}", server.questions());
}

#[tokio::test]
async fn a_crowd_of_addresses_comes_over_tcp_and_is_capped() {
    let server = Server::start().await;
    let resolver = HickoryResolver::at(server.address, PATIENCE).unwrap();
    let all = ask(&resolver, "crowd.example").await.unwrap();
    assert_eq!(all.len(), MAX_ADDRESSES);
    assert_eq!((all[0].as_str(), all[63].as_str()), ("10.0.0.0", "10.0.0.63"));
    assert!(server.tcp_questions.load(Ordering::SeqCst) > 0);
}

#[tokio::test]
async fn records_of_another_name_are_no_answer() {
    let server = Server::start().await;
    let resolver = HickoryResolver::at(server.address, PATIENCE).unwrap();
    assert!(ask(&resolver, "stranger.example").await.is_err());
}

#[tokio::test]
async fn pointers_are_checked_sorted_and_capped() {
    let server = Server::start().await;
    let resolver = HickoryResolver::at(server.address, PATIENCE).unwrap();
    let names = resolver.names("10.0.0.1".parse().unwrap()).await.unwrap();
    assert_eq!(names.len(), MAX_NAMES);
    assert_eq!((names[0].as_str(), names[1].as_str()), ("a.example", "host.example"));
    assert_eq!(resolver.names("10.0.0.2".parse().unwrap()).await, Err(DnsError::NoSuchName));
}

#[tokio::test]
async fn many_look_ups_at_once_all_end() {
    let server = Server::start().await;
    let resolver = Arc::new(HickoryResolver::at(server.address, PATIENCE).unwrap());
    let mut tasks = tokio::task::JoinSet::new();
    for i in 0..1_000 {
        let resolver = Arc::clone(&resolver);
        tasks.spawn(async move {
            let asked = if i % 2 == 0 { "both.example".to_owned() } else { format!("h{i}.example") };
            ask(&resolver, &asked).await.map(|all| all.len())
        });
    }
    let answers = tasks.join_all().await;
    assert_eq!(answers.iter().filter(|a| **a == Ok(4)).count(), 500);
    assert_eq!(answers.iter().filter(|a| **a == Err(DnsError::NoSuchName)).count(), 500);
}

#[tokio::test]
async fn errors_become_failures_of_the_resolve_stage() {
    for (error, code) in [
        (DnsError::NoSuchName, "resolve.no_such_name"),
        (DnsError::NoAddress, "resolve.no_address"),
        (DnsError::Failure("x\u{1b}".into()), "resolve.dns_failure"),
        (DnsError::Timeout(PATIENCE), "resolve.timeout"),
        (DnsError::Local("x".into()), "resolve.local"),
        (DnsError::Settings("x".into()), "resolve.local"),
    ] {
        let failure = Failure::from(error);
        assert_eq!(failure.code(), code);
        assert!(!failure.detail.raw().contains('\u{1b}'));
    }
}

#[tokio::test]
async fn a_fixed_resolver_knows_what_it_was_told() {
    let fixed = FixedResolver::new()
        .with(name("a.example"), ["10.0.0.2", "10.0.0.1", "10.0.0.1"].map(|a| a.parse().unwrap()))
        .with(name("none.example"), [])
        .with_ptr("10.0.0.1".parse().unwrap(), name("a.example"));
    let resolver: &dyn Resolve = &fixed;
    let addresses: Vec<IpAddr> = ["10.0.0.1", "10.0.0.2"].map(|a| a.parse().unwrap()).into();
    assert_eq!(resolver.addresses(&name("a.example")).await, Ok(addresses));
    assert_eq!(resolver.addresses(&name("none.example")).await, Err(DnsError::NoAddress));
    assert_eq!(resolver.addresses(&name("b.example")).await, Err(DnsError::NoSuchName));
    assert_eq!(resolver.names("10.0.0.1".parse().unwrap()).await, Ok(vec![name("a.example")]));
    assert_eq!(resolver.names("10.0.0.2".parse().unwrap()).await, Err(DnsError::NoSuchName));
}
