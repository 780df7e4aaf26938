//! One thing to connect to, and its identity over scans and stores.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use crate::tls::StartTls;
use crate::x509::Fingerprint;

/// How bytes reach the endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transport {
    Tcp,
    /// TLS 1.3 inside QUIC (RFC 9001), over UDP.
    Quic,
    /// DTLS 1.2 (RFC 6347), over UDP.
    Dtls,
    /// A chain read from a file, judged as if it were served.
    File,
}

impl Transport {
    /// The report's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Quic => "quic",
            Self::Dtls => "dtls",
            Self::File => "file",
        }
    }

    /// Reads the command line's name; files have none there.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Tcp, Self::Quic, Self::Dtls].into_iter().find(|transport| transport.name() == name)
    }

    /// Nobody says that a server is there, where these transports are asked for: every target is asked over TCP, and
    /// over the others beside it.
    pub fn is_beside_tcp(self, asked: &[Self]) -> bool {
        matches!(self, Self::Quic | Self::Dtls) && asked.contains(&Self::Tcp)
    }
}

impl std::str::FromStr for Transport {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::from_name(text).ok_or_else(|| "expected tcp, quic or dtls".to_owned())
    }
}

/// A DNS name to ask for: lower case, A-labels, no trailing dot. Validated by `discover/`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServerName(Arc<str>);

impl ServerName {
    /// Reads a host name: letters in any script, `*` excluded, labels of 1-63 octets, 253 in all (RFC 1035
    /// section 2.3.4). Underscores are allowed: service names carry them.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the name.
    pub fn parse(text: &str) -> Result<Self, String> {
        let name = text.strip_suffix('.').unwrap_or(text);
        let ascii = if name.is_ascii() {
            name.to_ascii_lowercase()
        } else {
            idna::domain_to_ascii(name).map_err(|_| "not a valid internationalised name".to_owned())?
        };
        if ascii.is_empty() || ascii.len() > 253 {
            return Err("a name has 1 to 253 characters".to_owned());
        }
        for label in ascii.split('.') {
            if label.is_empty() || label.len() > 63 {
                return Err("a label has 1 to 63 characters".to_owned());
            }
            if !label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
                return Err("a label has letters, digits, `-` and `_` only".to_owned());
            }
            if label.starts_with('-') || label.ends_with('-') {
                return Err("a label neither starts nor ends with `-`".to_owned());
            }
        }
        Ok(Self(ascii.into()))
    }

    /// The name in A-labels.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same text without a copy.
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One thing to connect to. `address` is `None` where a name did not resolve, and for files.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Endpoint {
    pub transport: Transport,
    pub address: Option<IpAddr>,
    /// `None` for files only.
    pub port: Option<u16>,
    /// The name sent as server name indication and matched against the certificate; `None` for a bare address.
    pub server_name: Option<ServerName>,
    pub starttls: Option<StartTls>,
    /// Path of the file, for [`Transport::File`] only.
    pub path: Option<Arc<str>>,
}

impl Endpoint {
    /// A TCP endpoint with implicit TLS.
    pub fn tcp(address: SocketAddr, server_name: Option<ServerName>) -> Self {
        Self::over(Transport::Tcp, address, server_name)
    }

    /// An endpoint with implicit TLS over this transport.
    pub fn over(transport: Transport, address: SocketAddr, server_name: Option<ServerName>) -> Self {
        Self {
            transport,
            address: Some(address.ip()),
            port: Some(address.port()),
            server_name,
            starttls: None,
            path: None,
        }
    }

    /// Where to connect; `None` where nothing resolved.
    pub fn socket_address(&self) -> Option<SocketAddr> {
        Some(SocketAddr::new(self.address?, self.port?))
    }

    /// Identity over scans and stores: SHA-256, cut to 16 bytes, over the fields in a fixed text form.
    pub fn id(&self) -> EndpointId {
        let text = format!(
            "{}\n{}\n{}\n{}\n{}\n{}",
            self.transport.name(),
            self.address.map(|a| a.to_string()).unwrap_or_default(),
            self.port.map(|p| p.to_string()).unwrap_or_default(),
            self.server_name.as_ref().map_or("", |n| n.as_str()),
            self.starttls.map_or("", StartTls::name),
            self.path.as_deref().unwrap_or_default(),
        );
        let mut id = [0; 16];
        id.copy_from_slice(&Fingerprint::of(text.as_bytes()).0[..16]);
        EndpointId(id)
    }

    /// A file's path, else `name:port`, else `address:port`, with the transport behind a slash where it is not TCP:
    /// what findings are keyed by.
    pub fn label(&self) -> String {
        if let Some(path) = &self.path {
            return path.to_string();
        }
        let host = match (&self.server_name, self.address) {
            (Some(name), _) => name.to_string(),
            (None, Some(IpAddr::V6(address))) => format!("[{address}]"),
            (None, Some(address)) => address.to_string(),
            (None, None) => "?".to_owned(),
        };
        match (self.port, self.transport) {
            (Some(port), Transport::Quic | Transport::Dtls) => {
                format!("{host}:{port}/{}", self.transport.name())
            }
            (Some(port), Transport::Tcp | Transport::File) => format!("{host}:{port}"),
            (None, _) => host,
        }
    }
}

/// Stable identity of an endpoint; 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EndpointId(pub [u8; 16]);

impl fmt::Display for EndpointId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for EndpointId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_normalised() {
        assert_eq!(ServerName::parse("WWW.Example.com.").unwrap().as_str(), "www.example.com");
        assert_eq!(ServerName::parse("bücher.example").unwrap().as_str(), "xn--bcher-kva.example");
        for bad in ["", ".", "a..b", "-a.example", "a b", "*.example", &"a".repeat(64), "a\u{1b}b"] {
            assert!(ServerName::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_transports_of_one_port_are_told_apart() {
        let over = |transport| Endpoint::over(transport, "127.0.0.1:443".parse().unwrap(), None);
        assert_eq!(over(Transport::Tcp).label(), "127.0.0.1:443");
        assert_eq!(over(Transport::Quic).label(), "127.0.0.1:443/quic");
        assert_eq!(over(Transport::Dtls).label(), "127.0.0.1:443/dtls");
        assert_ne!(over(Transport::Tcp).id(), over(Transport::Quic).id());
    }

    #[test]
    fn an_endpoint_keeps_its_identity() {
        let with_name = Endpoint::tcp("127.0.0.1:443".parse().unwrap(), ServerName::parse("a.example").ok());
        let bare = Endpoint::tcp("127.0.0.1:443".parse().unwrap(), None);
        assert_eq!(with_name.id(), with_name.clone().id());
        assert_ne!(with_name.id(), bare.id());
        assert_eq!(bare.id().to_string().len(), 32);
        assert_eq!(Endpoint::tcp("[::1]:443".parse().unwrap(), None).label(), "[::1]:443");
    }
}
