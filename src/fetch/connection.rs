//! One connection to one checked address, one question over it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::{Method, Request, header};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::url::{Host, Url};
use super::{FetchError, Question};
use crate::text::Untrusted;

/// Octets of the answer's head.
const MOST_HEADER_BYTES: usize = 16 * 1024;
/// Fields of the answer's head.
const MOST_HEADERS: usize = 64;
/// Addresses of a name that are tried.
const MOST_TRIES: usize = 3;

const USER_AGENT: &str = concat!("certvigil/", env!("CARGO_PKG_VERSION"));

/// What drives a connection; it ends with this value.
#[derive(Debug)]
pub(super) struct Connection(JoinHandle<()>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

pub(super) fn client_config() -> Result<Arc<ClientConfig>, FetchError> {
    let mut anchors = RootCertStore::empty();
    anchors.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    // One that cannot be used is the system's matter: the others still count.
    anchors.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| FetchError::Tls(error.to_string()))?
        .with_root_certificates(anchors)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Asks the first of `addresses` that can be connected to. The caller sets the deadline.
pub(super) async fn ask(
    url: &Url,
    addresses: &[IpAddr],
    question: Question<'_>,
    tls: &Arc<ClientConfig>,
) -> Result<(hyper::Response<Incoming>, Connection), FetchError> {
    let stream = connect(addresses, url.port).await?;
    if !url.is_https {
        return converse(TokioIo::new(stream), url, question).await;
    }
    let name = match &url.host {
        Host::Address(address) => rustls_pki_types::ServerName::IpAddress((*address).into()),
        Host::Name(name) => rustls_pki_types::ServerName::try_from(name.as_str().to_owned())
            .map_err(|_| FetchError::Url("its host is no host name"))?,
    };
    let connector = tokio_rustls::TlsConnector::from(Arc::clone(tls));
    let stream = connector
        .connect(name, stream)
        .await
        .map_err(|error| FetchError::Connect(crate::text::escape_for_terminal(&error.to_string())))?;
    converse(TokioIo::new(stream), url, question).await
}

async fn connect(addresses: &[IpAddr], port: u16) -> Result<TcpStream, FetchError> {
    let mut last = FetchError::Connect("the name has no address".to_owned());
    for address in addresses.iter().take(MOST_TRIES) {
        match TcpStream::connect(SocketAddr::new(*address, port)).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = FetchError::Connect(error.to_string()),
        }
    }
    Err(last)
}

async fn converse<T>(
    io: TokioIo<T>,
    url: &Url,
    question: Question<'_>,
) -> Result<(hyper::Response<Incoming>, Connection), FetchError>
where
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
{
    let broken = |error: hyper::Error| FetchError::Protocol(Untrusted::from(full_text(&error)));
    let mut builder = http1::Builder::new();
    builder.max_buf_size(MOST_HEADER_BYTES).max_headers(MOST_HEADERS);
    let (mut sender, connection) = builder.handshake::<_, Full<Bytes>>(io).await.map_err(broken)?;
    let driver = Connection(tokio::spawn(async move {
        // What goes wrong is told to whoever asked.
        let _ = connection.await;
    }));
    let response = sender.send_request(request(url, question)?).await.map_err(broken)?;
    Ok((response, driver))
}

fn request(url: &Url, question: Question<'_>) -> Result<Request<Full<Bytes>>, FetchError> {
    let builder = Request::builder()
        .uri(url.path.clone())
        .header(header::HOST, url.host_field())
        .header(header::USER_AGENT, USER_AGENT)
        .header(header::CONNECTION, "close");
    let request = match question {
        Question::Get => builder.method(Method::GET).body(Full::default()),
        Question::Post { content_type, body } => builder
            .method(Method::POST)
            .header(header::CONTENT_TYPE, content_type)
            .body(Full::new(Bytes::copy_from_slice(body))),
    };
    request.map_err(|_| FetchError::Url("it cannot be sent"))
}

/// An error with its causes.
pub(super) fn full_text(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
