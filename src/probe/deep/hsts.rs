//! One request by HTTP, for the header of strict transport security (RFC 6797): a HEAD of `/` on a connection of its
//! own, by name only, without ALPN, so that it is HTTP/1.1 (RFC 9112). Follows no redirect, sends no cookie, keeps nothing
//! but the one header. Asks nobody who is known to speak something else. Never judges.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::host::Host;
use super::inside_tls::InsideTls;
use crate::model::{Features, Hsts, Purpose, TlsFacts};
use crate::text::Untrusted;

/// For the whole exchange: whoever speaks something else often says nothing at all.
const PATIENCE: Duration = Duration::from_secs(3);
/// Bytes of an answer's header.
const LONGEST_HEADER: usize = 16 * 1024;
/// Interim answers (RFC 9110 section 15.2) before the one that counts.
const MOST_INTERIM: usize = 4;
/// The port that a name stands for by itself.
const HTTPS: u16 = 443;

/// Ports on which TLS carries something else than HTTP, by their registration with IANA: news, LDAP, DNS, FTP, Telnet,
/// IMAP, POP3, mail submission, global catalogue, SIP, XMPP, AMQP, syslog, IRC, MQTT.
const NOT_HTTP: [u16; 20] = [
    465, 563, 636, 853, 989, 990, 992, 993, 994, 995, 2_484, 3_269, 5_061, 5_223, 5_270, 5_671, 6_514, 6_697,
    8_883, 11_207,
];

/// The header that the server answers with; `None` where it was not asked, and where no HTTP answered.
pub(super) async fn ask(host: &Host<'_>, tls: &TlsFacts, features: &Features) -> Option<Hsts> {
    let connector = host.connector();
    // An address cannot have such a policy (RFC 6797 section 8.1.1).
    let name = host.server_name()?;
    let port = connector.address().port();
    if connector.starttls().is_some() || !may_speak_http(tls, features, port) {
        return None;
    }
    let session = connector.prober().standard.plain_session(connector.address().ip(), Some(name)).ok()?;
    let (permit, link) = host.open(Purpose::Http).await.ok()?;
    let deadline = connector.handshake_deadline().min(Instant::now() + PATIENCE);
    let mut talk = InsideTls::new(&link, session);
    let authority = if port == HTTPS { name.to_string() } else { format!("{name}:{port}") };
    let request = format!(
        "HEAD / HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: certvigil\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    );
    let mut said = Vec::new();
    let exchange = async {
        talk.shake_hands().await?;
        talk.converse(&request, &mut said, |said| said.len() >= LONGEST_HEADER || !is_open(said)).await
    };
    // What came before the connection broke or time ran out counts if it is whole.
    let _ = timeout_at(deadline, exchange).await;
    talk.say_goodbye();
    drop(link);
    connector.account(&permit, false, None);
    read_answer(&said)
}

/// What the server chose, would choose, or its port says.
fn may_speak_http(tls: &TlsFacts, features: &Features, port: u16) -> bool {
    let is_http = |protocol: &Untrusted| protocol.raw() == "h2" || protocol.raw().starts_with("http/1");
    match (&tls.alpn, features.alpn.as_deref()) {
        (Some(chosen), _) => is_http(chosen),
        (None, Some(taken)) if !taken.is_empty() => taken.iter().any(is_http),
        (None, _) => !NOT_HTTP.contains(&port),
    }
}

/// More is needed to tell what the server answers.
fn is_open(said: &[u8]) -> bool {
    let mut rest = said;
    for _ in 0..MOST_INTERIM {
        match Answer::read(rest) {
            Step::Open => return true,
            Step::NotHttp => return false,
            Step::Answer(answer) if answer.is_interim() => rest = answer.rest,
            Step::Answer(_) => return false,
        }
    }
    false
}

/// The header of the answer that counts. An error may come from something in front of the server and leave out what the
/// server itself would say: the want of the header in it says nothing.
fn read_answer(said: &[u8]) -> Option<Hsts> {
    let mut rest = said;
    for _ in 0..MOST_INTERIM {
        let Step::Answer(answer) = Answer::read(rest) else { return None };
        if answer.is_interim() {
            rest = answer.rest;
            continue;
        }
        return match answer.hsts {
            Some(hsts) => Some(hsts),
            None => (200..400).contains(&answer.status).then_some(Hsts::Absent),
        };
    }
    None
}

/// How far an answer got.
#[derive(Debug, PartialEq, Eq)]
enum Step<'a> {
    /// Its header has not ended yet.
    Open,
    NotHttp,
    Answer(Answer<'a>),
}

/// The header of one answer (RFC 9112 sections 4 and 5).
#[derive(Debug, PartialEq, Eq)]
struct Answer<'a> {
    status: u16,
    /// Of the first such field: the others do not count (RFC 6797 section 8.1).
    hsts: Option<Hsts>,
    rest: &'a [u8],
}

impl<'a> Answer<'a> {
    fn is_interim(&self) -> bool {
        (100..200).contains(&self.status)
    }

    fn read(said: &'a [u8]) -> Step<'a> {
        let Some((line, mut rest)) = split_line(said) else {
            let is_like_http = said.iter().zip(b"HTTP/1.").all(|(said, expected)| said == expected);
            return if is_like_http { Step::Open } else { Step::NotHttp };
        };
        let Some(status) = status(line) else { return Step::NotHttp };
        let mut hsts = None;
        loop {
            let Some((line, after)) = split_line(rest) else { return Step::Open };
            rest = after;
            if line.is_empty() {
                return Step::Answer(Self { status, hsts, rest });
            }
            let Some(at) = line.iter().position(|byte| *byte == b':') else { return Step::NotHttp };
            let (name, value) = line.split_at(at);
            if hsts.is_none() && name.eq_ignore_ascii_case(b"strict-transport-security") {
                hsts = Some(Hsts::parse(value.get(1..).unwrap_or_default().trim_ascii()));
            }
        }
    }
}

/// A line without its end, and what follows it.
fn split_line(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = text.iter().position(|byte| *byte == b'\n')?;
    let (line, rest) = (text.get(..end)?, text.get(end + 1..)?);
    Some((line.strip_suffix(b"\r").unwrap_or(line), rest))
}

/// `HTTP/1.1 200 …`.
fn status(line: &[u8]) -> Option<u16> {
    let rest = line.strip_prefix(b"HTTP/1.")?;
    let digits = rest.get(2..5).filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
    let is_formed =
        matches!(rest.get(..2), Some([b'0' | b'1', b' '])) && matches!(rest.get(5), None | Some(b' '));
    let status = std::str::from_utf8(digits).ok()?.parse().ok()?;
    (is_formed && status >= 100).then_some(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    const YEAR: Hsts =
        Hsts::Policy { max_age_seconds: 31_536_000, include_subdomains: false, preload: false };

    fn facts(alpn: Option<&str>) -> TlsFacts {
        TlsFacts { alpn: alpn.map(Untrusted::from), ..TlsFacts::default() }
    }

    #[test]
    fn the_first_header_of_the_final_answer_counts() {
        let answer = "HTTP/1.1 103 Early Hints\r\nStrict-Transport-Security: max-age=1\r\n\r\n\
                      HTTP/1.1 301 Moved Permanently\r\nServer: a\r\nstrict-transport-security:max-age=31536000 \r\n\
                      Strict-Transport-Security: max-age=0\r\n\r\n";
        assert_eq!(read_answer(answer.as_bytes()), Some(YEAR));
        for end in 0..answer.len() {
            assert_eq!(read_answer(&answer.as_bytes()[..end]), None, "{end}");
            assert!(is_open(&answer.as_bytes()[..end]), "{end}");
        }
        assert!(!is_open(answer.as_bytes()));
    }

    #[test]
    fn the_want_of_a_header_says_something_only_where_all_is_well() {
        let of = |status| read_answer(format!("HTTP/1.1 {status}\r\nA: b\r\n\r\n").as_bytes());
        for status in ["200 OK", "204", "302 Found"] {
            assert_eq!(of(status), Some(Hsts::Absent), "{status}");
        }
        for status in ["404 Not Found", "405 Method Not Allowed", "502 Bad Gateway"] {
            assert_eq!(of(status), None, "{status}");
        }
        let refused = "HTTP/1.0 403 Forbidden\nStrict-Transport-Security: max-age=31536000\n\n";
        assert_eq!(read_answer(refused.as_bytes()), Some(YEAR));
        let odd = "HTTP/1.1 200 OK\r\nStrict-Transport-Security: forever\r\n\r\n";
        assert_eq!(read_answer(odd.as_bytes()), Some(Hsts::Invalid));
    }

    #[test]
    fn other_protocols_and_broken_answers_are_no_http() {
        for said in [
            "220 mail.example ESMTP\r\n",
            "* OK IMAP\r\n",
            "HTTP/2 200\r\n\r\n",
            "HTTP/1.1 20\r\n\r\n",
            "HTTP/1.1 2000 OK\r\n\r\n",
            "HTTP/1.1 099 ?\r\n\r\n",
            "HTTP/1.1 200 OK\r\n folded\r\n\r\n",
            "\r\n\r\n",
        ] {
            assert_eq!(read_answer(said.as_bytes()), None, "{said}");
            assert!(!is_open(said.as_bytes()), "{said}");
        }
        assert!(is_open(b""));
        let interim = "HTTP/1.1 100 Continue\r\n\r\n".repeat(MOST_INTERIM);
        assert!(read_answer(interim.as_bytes()).is_none() && !is_open(interim.as_bytes()));
    }

    #[test]
    fn who_speaks_something_else_is_not_asked() {
        let takes = |names: &[&str]| Features {
            alpn: Some(names.iter().map(|name| Untrusted::from(*name)).collect()),
            ..Features::default()
        };
        let none = Features::default();
        assert!(may_speak_http(&facts(Some("h2")), &none, 8_443));
        assert!(!may_speak_http(&facts(Some("imap")), &none, 443));
        assert!(!may_speak_http(&facts(None), &takes(&["mqtt", "x-amzn-mqtt-ca"]), 443));
        assert!(may_speak_http(&facts(None), &takes(&["http/1.1"]), 993));
        assert!(may_speak_http(&facts(None), &takes(&[]), 443));
        assert!(may_speak_http(&facts(None), &none, 8_443) && !may_speak_http(&facts(None), &none, 993));
    }
}
