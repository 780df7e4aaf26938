//! Servers that mean harm, on loopback, and names that lead where nobody should go.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::dns::{Answer, FixedResolver};
use crate::model::ServerName;

/// Serves each connection what `answer` does with it, once it has sent a request's head.
async fn server<F>(answer: impl Fn(TcpStream, String) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            // A TLS hello has no end of head; it is answered at once.
            while head.first() != Some(&0x16) && !head.windows(4).any(|w| w == b"\r\n\r\n") {
                let mut byte = [0; 512];
                let read = stream.read(&mut byte).await.unwrap_or(0);
                if read == 0 {
                    break;
                }
                head.extend_from_slice(&byte[..read]);
            }
            tokio::spawn(answer(stream, String::from_utf8_lossy(&head).into_owned()));
        }
    });
    address
}

async fn serving(answer: impl Into<Vec<u8>>) -> SocketAddr {
    let answer: Vec<u8> = answer.into();
    server(move |mut stream, _| {
        let answer = answer.clone();
        async move {
            let _ = stream.write_all(&answer).await;
        }
    })
    .await
}

const LIMITS: Limits = Limits { bytes: 1_000, timeout: Duration::from_millis(1_500) };

fn open() -> Policy {
    Policy { allow: vec!["127.0.0.0/8".parse().unwrap()], per_host_rate: 1_000, ..Policy::default() }
}

fn fetcher(policy: Policy) -> Fetcher {
    Fetcher::new(policy, Arc::new(FixedResolver::new())).unwrap()
}

async fn get(fetcher: &Fetcher, url: &str) -> Result<Vec<u8>, FetchError> {
    fetcher.ask(url, Question::Get, LIMITS).await?.whole().await
}

#[tokio::test]
async fn an_answer_is_brought_with_the_question_that_was_asked() {
    let address = server(|mut stream, head| async move {
        let text = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{head}", head.len());
        stream.write_all(text.as_bytes()).await.unwrap();
    })
    .await;
    let fetcher = fetcher(open());
    let url = format!("http://{address}/crl?x");
    let echo = String::from_utf8(get(&fetcher, &url).await.unwrap()).unwrap();
    assert!(echo.starts_with("GET /crl?x HTTP/1.1\r\n"), "{echo}");
    assert!(
        echo.contains(&format!("host: {address}\r\n")) && echo.contains("user-agent: certvigil/"),
        "{echo}"
    );
    let body = [7; 3];
    let question = Question::Post { content_type: "application/ocsp-request", body: &body };
    let response = fetcher.ask(&url, question, LIMITS).await.unwrap();
    assert_eq!(response.status, 200);
    let echo = String::from_utf8(response.whole().await.unwrap()).unwrap();
    assert!(echo.starts_with("POST ") && echo.contains("content-length: 3\r\n"), "{echo}");
}

#[tokio::test]
async fn special_addresses_are_refused_unless_named_and_nothing_is_sent() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let address = server(move |_, _| {
        count.fetch_add(1, Ordering::SeqCst);
        async {}
    })
    .await;
    let name = |text: &str| ServerName::parse(text).unwrap();
    let resolver = FixedResolver::new()
        .with(name("private.test"), ["127.0.0.1".parse().unwrap(), "10.0.0.1".parse().unwrap()])
        .with(name("mapped.test"), ["::ffff:127.0.0.1".parse().unwrap()]);
    let fetcher = Fetcher::new(Policy::default(), Arc::new(resolver)).unwrap();
    let port = address.port();
    for url in [
        format!("http://127.0.0.1:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        format!("http://private.test:{port}/"),
        format!("http://mapped.test:{port}/"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "http://[fd00:ec2::254]/".to_owned(),
        "http://[64:ff9b::7f00:1]/".to_owned(),
        "https://0.0.0.0/".to_owned(),
    ] {
        let error = get(&fetcher, &url).await.unwrap_err();
        assert!(matches!(error, FetchError::Special { .. }), "{url}: {error}");
    }
    assert_eq!(get(&fetcher, "http://8.8.8.8:25/").await, Err(FetchError::Port(25)));
    let closed = Policy { excludes: Arc::new(|address| address.is_loopback()), ..open() };
    let error = get(&super::tests::fetcher(closed), &format!("http://{address}/")).await;
    assert_eq!(error, Err(FetchError::Excluded("127.0.0.1".parse().unwrap())));
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

/// Says something else each time it is asked.
#[derive(Debug, Default)]
struct Rebinding(AtomicUsize);

impl Resolve for Rebinding {
    fn addresses(&self, _: &ServerName) -> Answer<'_, Vec<IpAddr>> {
        let times = self.0.fetch_add(1, Ordering::SeqCst);
        let address = if times == 0 { "127.0.0.1" } else { "127.9.9.9" };
        Box::pin(std::future::ready(Ok(vec![address.parse().unwrap()])))
    }

    fn names(&self, _: IpAddr) -> Answer<'_, Vec<ServerName>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }
}

#[tokio::test]
async fn a_name_is_resolved_once_and_its_address_is_what_is_connected_to() {
    let address = serving("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
    let resolver = Arc::new(Rebinding::default());
    let fetcher = Fetcher::new(open(), resolver.clone()).unwrap();
    assert_eq!(get(&fetcher, &format!("http://a.test:{}/", address.port())).await.unwrap(), b"ok");
    assert_eq!(resolver.0.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let address = serving(
        "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest/\r\nContent-Length: 0\r\n\r\n",
    )
    .await;
    assert_eq!(get(&fetcher(open()), &format!("http://{address}/")).await, Err(FetchError::Redirect(302)));
}

#[tokio::test]
async fn a_body_without_end_is_cut_whether_it_is_announced_or_not() {
    let announced = serving("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n").await;
    let fetcher = fetcher(open());
    assert_eq!(get(&fetcher, &format!("http://{announced}/")).await, Err(FetchError::TooLarge(1_000)));
    let endless = server(|mut stream, _| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        while stream.write_all(&[0; 4_096]).await.is_ok() {}
    })
    .await;
    assert_eq!(get(&fetcher, &format!("http://{endless}/")).await, Err(FetchError::TooLarge(1_000)));
}

#[tokio::test]
async fn a_slow_drip_and_silence_end_at_the_deadline() {
    let drip = server(|mut stream, _| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n").await;
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let silent = server(|stream, _| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let fetcher = fetcher(open());
    let limits = Limits { timeout: Duration::from_millis(300), ..LIMITS };
    for address in [drip, silent] {
        let url = format!("http://{address}/");
        let error = match fetcher.ask(&url, Question::Get, limits).await {
            Ok(response) => response.whole().await,
            Err(error) => Err(error),
        };
        assert_eq!(error, Err(FetchError::Timeout(Duration::from_millis(300))));
    }
}

#[tokio::test]
async fn what_is_no_http_and_heads_without_end_are_refused() {
    let fetcher = fetcher(open());
    let long = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "y".repeat(100_000));
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: y\r\n".repeat(1_000));
    for answer in
        ["SSH-2.0-OpenSSH_9.9\r\n", "", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", &long, &many]
    {
        let address = serving(answer).await;
        let error = get(&fetcher, &format!("http://{address}/")).await.unwrap_err();
        assert!(matches!(error, FetchError::Protocol(_)), "{error}");
    }
    let plain = serving("HTTP/1.1 400 Bad Request\r\n\r\n").await;
    let error = get(&fetcher, &format!("https://{plain}/")).await.unwrap_err();
    assert!(matches!(error, FetchError::Connect(_)), "{error}");
}
