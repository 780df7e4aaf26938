//! URLs out of certificates: http and https with a host, an optional port and a path; nothing else.

use std::net::IpAddr;

use hyper::Uri;

use super::{FetchError, LONGEST_URL};
use crate::model::ServerName;

/// Whom to ask.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Host {
    Name(ServerName),
    Address(IpAddr),
}

/// A URL that was taken apart and put together again: only what is understood is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Url {
    pub(super) is_https: bool,
    pub(super) host: Host,
    pub(super) port: u16,
    /// Path and query.
    pub(super) path: Uri,
}

impl Url {
    pub(super) fn parse(text: &str) -> Result<Self, FetchError> {
        if text.len() > LONGEST_URL {
            return Err(FetchError::Url("it is too long"));
        }
        let wrong = |_| FetchError::Url("it cannot be read");
        let uri: Uri = text.parse().map_err(wrong)?;
        let is_https = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(FetchError::Url("its scheme is neither http nor https")),
        };
        let authority = uri.authority().ok_or(FetchError::Url("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(FetchError::Url("it has a user or password in it"));
        }
        let written = authority.host();
        let literal = written.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(written);
        let host = match literal.parse::<IpAddr>() {
            Ok(address) => Host::Address(address.to_canonical()),
            Err(_) => Host::Name(
                ServerName::parse(written).map_err(|_| FetchError::Url("its host is no host name"))?,
            ),
        };
        let has_port = authority.as_str().len() > written.len();
        let port = match authority.port_u16() {
            Some(0) => return Err(FetchError::Url("its port is 0")),
            Some(port) => port,
            None if has_port => return Err(FetchError::Url("its port cannot be read")),
            None if is_https => 443,
            None => 80,
        };
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        // A question mark right behind the host.
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(Self { is_https, host, port, path: path.parse().map_err(wrong)? })
    }

    /// The `Host` field (RFC 9110 section 7.2).
    pub(super) fn host_field(&self) -> String {
        let host = match &self.host {
            Host::Name(name) => name.as_str().to_owned(),
            Host::Address(IpAddr::V6(address)) => format!("[{address}]"),
            Host::Address(address) => address.to_string(),
        };
        match (self.is_https, self.port) {
            (false, 80) | (true, 443) => host,
            (_, port) => format!("{host}:{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_port_and_path_are_taken_apart() {
        let url = Url::parse("http://OCSP.example.com/a/b?c=d#e").unwrap();
        assert_eq!((url.is_https, url.port, url.path.to_string().as_str()), (false, 80, "/a/b?c=d"));
        assert_eq!(url.host_field(), "ocsp.example.com");
        let url = Url::parse("https://[::ffff:127.0.0.1]:8443").unwrap();
        assert_eq!(url.host, Host::Address("127.0.0.1".parse().unwrap()));
        assert_eq!((url.host_field().as_str(), url.path.to_string().as_str()), ("127.0.0.1:8443", "/"));
        assert_eq!(Url::parse("http://a.test?x").unwrap().path.to_string(), "/?x");
        assert_eq!(Url::parse("http://[2600::1]/").unwrap().host_field(), "[2600::1]");
    }

    #[test]
    fn what_is_no_plain_url_is_refused() {
        let long = format!("http://a.test/{}", "a".repeat(LONGEST_URL));
        for text in [
            "",
            "/",
            "a.test/x",
            "ldap://a.test/cn=x",
            "file:///etc/passwd",
            "gopher://a.test:70/x",
            "http://",
            "http:///x",
            "http://user:secret@a.test/",
            "http://a.test:0/",
            "http://a.test:99999/",
            "http://a.test:x/",
            "http://a b/",
            "http://a.test/\r\nX: y",
            "http://a.test/\u{0}",
            "http://-a-/",
            "http://a..test/",
            "http://%31%32%37.0.0.1/",
            "http://a.test:/",
            &long,
        ] {
            assert!(matches!(Url::parse(text), Err(FetchError::Url(_))), "{text}");
        }
    }
}
