//! XMPP: `<starttls/>` in a stream (RFC 6120 section 5), between client and server or two servers. Reads tags only, as
//! many as lead to TLS.

use super::UpgradeError;
use super::inbox::{Inbox, refusal, words};
use super::tags::{self, Kind, Tag};
use super::talk::{Script, Turn};

const TLS_NAMESPACE: &str = "urn:ietf:params:xml:ns:xmpp-tls";

/// One server's conversation.
#[derive(Debug)]
pub(super) struct Xmpp {
    /// `jabber:client` or `jabber:server`.
    namespace: &'static str,
    server_name: Option<String>,
    state: State,
    /// Elements that are open below the stream and the element that is read.
    depth: usize,
}

#[derive(Debug)]
enum State {
    /// The stream header is out.
    Header,
    /// The server's header is in.
    Stream,
    /// Inside the list of features.
    Features { has_starttls: bool },
    /// `<starttls/>` is out.
    Starttls,
    /// `<proceed>` is open.
    Proceed,
    /// `<stream:error>` is open; the next element says why (section 4.9).
    StreamError,
}

impl Xmpp {
    /// Client to server. `server_name` is the domain that the stream is for; without one, servers may turn us away.
    pub(super) fn client(server_name: Option<&str>) -> Self {
        Self::new("jabber:client", server_name)
    }

    /// Server to server.
    pub(super) fn server(server_name: Option<&str>) -> Self {
        Self::new("jabber:server", server_name)
    }

    fn new(namespace: &'static str, server_name: Option<&str>) -> Self {
        // It becomes part of a document: what is not a name of DNS never does.
        let is_name = |name: &&str| {
            (1..=253).contains(&name.len())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
        };
        let server_name = server_name.filter(is_name).map(str::to_owned);
        Self { namespace, server_name, state: State::Header, depth: 0 }
    }

    fn read(&mut self, tag: &Tag) -> Result<Turn, UpgradeError> {
        let Tag { kind, name } = tag;
        let (kind, name) = (*kind, name.as_slice());
        match &mut self.state {
            State::Header if (kind, name) == (Kind::Start, b"stream") => self.state = State::Stream,
            State::Header => return Err(UpgradeError::Malformed("no stream of XMPP")),
            State::StreamError => return Err(self.stream_error(name)),
            State::Features { has_starttls } => {
                if (kind, name) == (Kind::End, b"features") {
                    return self.choose();
                }
                // Elements inside a feature may have any name.
                *has_starttls |= self.depth == 0 && name == b"starttls" && kind != Kind::End;
                match kind {
                    Kind::Start => self.depth += 1,
                    Kind::End => self.depth = self.depth.saturating_sub(1),
                    Kind::Empty | Kind::Declaration => {}
                }
            }
            State::Proceed if (kind, name) == (Kind::End, b"proceed") => return Ok(Turn::READY),
            State::Proceed => return Err(UpgradeError::Malformed("an element inside of <proceed>")),
            State::Stream | State::Starttls => return self.read_top(kind, name),
        }
        Ok(Turn::Heard)
    }

    /// An element right below the stream.
    fn read_top(&mut self, kind: Kind, name: &[u8]) -> Result<Turn, UpgradeError> {
        self.state = match (&self.state, kind, name) {
            (_, Kind::Start, b"error") => State::StreamError,
            (_, Kind::End, b"stream") => return Err(UpgradeError::Refused(words(b"</stream:stream>"))),
            (State::Stream, Kind::Start, b"features") => State::Features { has_starttls: false },
            (State::Stream, Kind::Empty, b"features") => return Err(UpgradeError::NotOffered),
            (State::Starttls, Kind::Empty, b"proceed") => return Ok(Turn::READY),
            (State::Starttls, Kind::Start, b"proceed") => State::Proceed,
            (State::Starttls, _, b"failure") => return Err(UpgradeError::Refused(words(b"<failure/>"))),
            _ => return Err(UpgradeError::Malformed("an element that nobody asked for")),
        };
        Ok(Turn::Heard)
    }

    /// A condition of section 4.9.3.
    fn stream_error(&self, condition: &[u8]) -> UpgradeError {
        match condition {
            b"resource-constraint" | b"system-shutdown" | b"reset" => {
                UpgradeError::Throttled(words(condition))
            }
            // There is no stream for an address (section 4.7.2): the domain is to be named.
            b"improper-addressing" | b"host-unknown" if self.server_name.is_none() => {
                UpgradeError::NameNeeded(words(condition))
            }
            _ => refusal(condition),
        }
    }

    fn choose(&mut self) -> Result<Turn, UpgradeError> {
        let State::Features { has_starttls: true } = self.state else { return Err(UpgradeError::NotOffered) };
        self.state = State::Starttls;
        Ok(Turn::Send(format!("<starttls xmlns='{TLS_NAMESPACE}'/>").into_bytes()))
    }
}

impl Script for Xmpp {
    fn open(&mut self) -> Vec<u8> {
        let to = self.server_name.as_ref().map(|name| format!(" to='{name}'")).unwrap_or_default();
        let namespace = self.namespace;
        format!(
            "<?xml version='1.0'?><stream:stream xmlns='{namespace}' \
             xmlns:stream='http://etherx.jabber.org/streams'{to} version='1.0'>"
        )
        .into_bytes()
    }

    fn next(&mut self, inbox: &mut Inbox) -> Result<Turn, UpgradeError> {
        if matches!(self.state, State::Header) {
            inbox.check_start("XMPP", |said| {
                said.trim_ascii_start().first().is_none_or(|byte| *byte == b'<')
            })?;
        }
        match tags::next(inbox)? {
            None => Ok(Turn::Wait),
            Some(Tag { kind: Kind::Declaration, .. }) if matches!(self.state, State::Header) => {
                Ok(Turn::Heard)
            }
            Some(tag) => self.read(&tag),
        }
    }
}
