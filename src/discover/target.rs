//! The grammar of targets: host, host:port, URL, address, network, range. Parsing looks nothing up.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnetwork::IpNetwork;

use super::AddressRange;
use super::ports::port;
use crate::model::{ServerName, StartTlsChoice};
use crate::text::Untrusted;
use crate::tls::StartTls;

/// What one piece of text names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// One place, with its port where the text names one, and with its way to TLS where a URL's scheme says it.
    Single { place: Place, port: Option<u16>, starttls: Option<StartTlsChoice> },
    /// Every address of a network or range. `note` says what was read into the text, if anything was.
    Range { range: AddressRange, note: Option<String> },
}

/// One address or one name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    Address(IpAddr),
    Name(ServerName),
}

impl Target {
    /// Reads one target. IPv4-mapped IPv6 addresses become IPv4, so that no exclusion is walked around.
    ///
    /// # Errors
    /// A sentence that says what is wrong and, where it can be guessed, what was meant.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.chars().any(char::is_control) {
            return Err("it holds control characters".to_owned());
        }
        if text.chars().any(char::is_whitespace) {
            return Err("it holds a blank; write one target on each line".to_owned());
        }
        if let Some((scheme, rest)) = text.split_once("://") {
            return url(scheme, rest);
        }
        if text.contains('@') {
            return Err("a target holds no user name; leave out what stands before the @".to_owned());
        }
        if text.starts_with('[') {
            return authority(text);
        }
        if text.contains('/') {
            return network(text);
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self::single(Place::Address(address.to_canonical()), None));
        }
        if let Some(range) = range(text) {
            return range;
        }
        authority(text)
    }

    fn single(place: Place, port: Option<u16>) -> Self {
        Self::Single { place, port, starttls: None }
    }
}

/// Schemes that start with TLS, and their ports (IANA service names; `wss` RFC 6455, `dot` RFC 7858).
const SCHEMES: &[(&str, u16)] = &[
    ("https", 443),
    ("wss", 443),
    ("smtps", 465),
    ("submissions", 465),
    ("nntps", 563),
    ("ldaps", 636),
    ("dot", 853),
    ("ftps", 990),
    ("imaps", 993),
    ("pop3s", 995),
    ("sips", 5061),
    ("amqps", 5671),
    ("ircs", 6697),
    ("mqtts", 8883),
];

/// Schemes of protocols that are upgraded to TLS, and their ports (IANA service names).
const UPGRADED: &[(&str, u16, StartTls)] = &[
    ("ftp", 21, StartTls::Ftp),
    ("lmtp", 24, StartTls::Lmtp),
    ("smtp", 25, StartTls::Smtp),
    ("pop3", 110, StartTls::Pop3),
    ("pop", 110, StartTls::Pop3),
    ("nntp", 119, StartTls::Nntp),
    ("imap", 143, StartTls::Imap),
    ("ldap", 389, StartTls::Ldap),
    ("submission", 587, StartTls::Smtp),
    ("mssql", 1433, StartTls::Mssql),
    ("sqlserver", 1433, StartTls::Mssql),
    ("mysql", 3306, StartTls::Mysql),
    ("mariadb", 3306, StartTls::Mysql),
    ("rdp", 3389, StartTls::Rdp),
    ("sieve", 4190, StartTls::Sieve),
    ("nats", 4222, StartTls::Nats),
    ("xmpp", 5222, StartTls::Xmpp),
    ("xmpp-server", 5269, StartTls::XmppServer),
    ("postgres", 5432, StartTls::Postgres),
    ("postgresql", 5432, StartTls::Postgres),
    ("irc", 6667, StartTls::Irc),
];

/// Schemes that speak in clear, and the one that was probably meant.
const CLEAR: &[(&str, &str)] =
    &[("http", "https"), ("ws", "wss"), ("sip", "sips"), ("amqp", "amqps"), ("mqtt", "mqtts")];

fn url(scheme: &str, rest: &str) -> Result<Target, String> {
    let scheme = scheme.to_ascii_lowercase();
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, _) = rest.split_at_checked(end).unwrap_or((rest, ""));
    if host.contains('@') {
        return Err("the URL holds a user name or password; leave it out".to_owned());
    }
    if let Some((_, secure)) = CLEAR.iter().find(|(name, _)| *name == scheme) {
        return Err(format!(
            "{scheme}:// speaks without TLS; did you mean {secure}://{}?",
            Untrusted::new(host).terminal()
        ));
    }
    let known = known_scheme(&scheme);
    match (authority(host)?, known) {
        (Target::Single { place, port, .. }, Some((usual, choice))) => {
            Ok(Target::Single { place, port: port.or(Some(usual)), starttls: Some(choice) })
        }
        (Target::Single { port: None, .. }, None) => {
            Err("its scheme has no known port; write host:port".to_owned())
        }
        (other, _) => Ok(other),
    }
}

/// The usual port of a scheme, and the way to TLS that it stands for.
fn known_scheme(scheme: &str) -> Option<(u16, StartTlsChoice)> {
    let direct = SCHEMES.iter().find(|(name, _)| *name == scheme);
    let upgraded = || UPGRADED.iter().find(|(name, ..)| *name == scheme);
    direct
        .map(|(_, port)| (*port, StartTlsChoice::Never))
        .or_else(|| upgraded().map(|(_, port, protocol)| (*port, StartTlsChoice::Always(*protocol))))
}

/// `host`, `host:port`, `[v6]`, `[v6]:port`.
fn authority(text: &str) -> Result<Target, String> {
    if let Some(rest) = text.strip_prefix('[') {
        let (inside, after) = rest.split_once(']').ok_or("the bracket is not closed")?;
        let address: Ipv6Addr = inside.parse().map_err(|_| not_ipv6(inside))?;
        let port = match after.strip_prefix(':') {
            Some(digits) => Some(port(digits)?),
            None if after.is_empty() => None,
            None => return Err("after the bracket comes nothing or :port".to_owned()),
        };
        return Ok(Target::single(Place::Address(address.to_canonical()), port));
    }
    match text.split_once(':') {
        None => Ok(Target::single(place(text)?, None)),
        Some((_, rest)) if rest.contains(':') => Err(not_ipv6(text)),
        Some((host, digits)) => {
            let place = place(host)?;
            Ok(Target::single(place, Some(port(digits)?)))
        }
    }
}

fn place(text: &str) -> Result<Place, String> {
    if let Ok(address) = text.parse::<Ipv4Addr>() {
        return Ok(Place::Address(address.into()));
    }
    name(text).map(Place::Name)
}

/// Reads a host name; a number as its last label is a mistyped address (RFC 3696 section 2).
pub(super) fn name(text: &str) -> Result<ServerName, String> {
    if text.contains('*') {
        return Err("a wildcard names no host; name the hosts".to_owned());
    }
    let name = ServerName::parse(text)?;
    let last = name.as_str().rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|b| b.is_ascii_digit()) {
        return Err("an IPv4 address has four numbers from 0 to 255, without leading zeros".to_owned());
    }
    Ok(name)
}

fn not_ipv6(text: &str) -> String {
    if text.contains('%') {
        return "an address with a zone (%) belongs to one machine's link; it cannot be scanned".to_owned();
    }
    // `2001:db8::1:443` is an address by itself and never comes here; what does is most often a forgotten bracket.
    match text.rsplit_once(':') {
        Some((address, digits)) if address.parse::<Ipv6Addr>().is_ok() && port(digits).is_ok() => {
            format!("did you mean [{address}]:{digits}?")
        }
        _ => "it is neither host:port nor an IPv6 address; write [address]:port".to_owned(),
    }
}

fn network(text: &str) -> Result<Target, String> {
    let network: IpNetwork = text.parse().map_err(|_| not_network(text))?;
    let range = unmapped(network.network(), network.broadcast())?;
    let note = (network.ip() != network.network()).then(|| {
        format!("{text} has host bits set; all of {}/{} is meant", network.network(), network.prefix())
    });
    Ok(Target::Range { range, note })
}

fn not_network(text: &str) -> String {
    let (address, prefix) = text.split_once('/').unwrap_or((text, ""));
    if let Some((prefix, port)) = prefix.split_once(':')
        && prefix.parse::<u8>().is_ok()
    {
        return format!(
            "a network takes its ports from --ports; write {address}/{prefix} and --ports {port}"
        );
    }
    if address.contains('%') {
        return not_ipv6(address);
    }
    if address.parse::<Ipv6Addr>().is_ok() {
        return format!("an IPv6 prefix is 0 to 128 bits; did you mean {address}/64?");
    }
    if let Ok(v4) = address.parse::<Ipv4Addr>() {
        let bits = match v4.octets() {
            [_, 0, 0, 0] => 8,
            [_, _, 0, 0] => 16,
            [_, _, _, 0] => 24,
            _ => 32,
        };
        return format!("an IPv4 prefix is 0 to 32 bits; did you mean {address}/{bits}?");
    }
    let octets: Vec<&str> = address.split('.').collect();
    if octets.len() < 4 && octets.iter().all(|o| o.parse::<u8>().is_ok()) {
        let padded =
            [address].into_iter().chain(std::iter::repeat_n("0", 4 - octets.len())).collect::<Vec<_>>();
        return format!("an IPv4 address has four numbers; did you mean {}/{prefix}?", padded.join("."));
    }
    if name(address).is_ok() {
        return format!("a name has no path; did you mean https://{}?", Untrusted::new(text).terminal());
    }
    "it is no network in the form address/bits".to_owned()
}

/// `a.b.c.d-e.f.g.h`, `a.b.c.d-h`, and the first form in IPv6; `None` where the text starts with no address.
fn range(text: &str) -> Option<Result<Target, String>> {
    let (first, last) = text.split_once('-')?;
    let first: IpAddr = first.parse().ok()?;
    let end = match (first, last.parse::<IpAddr>()) {
        (_, Ok(last)) => Ok(last),
        (IpAddr::V4(first), Err(_)) => last_octet(first, last),
        (IpAddr::V6(_), Err(_)) => Err("the end of an IPv6 range is an address".to_owned()),
    };
    Some(end.and_then(|last| {
        let range = unmapped(first, last)?;
        Ok(Target::Range { range, note: None })
    }))
}

fn last_octet(first: Ipv4Addr, last: &str) -> Result<IpAddr, String> {
    if last.contains(':') {
        return Err("a range takes its ports from --ports".to_owned());
    }
    let octet: u8 = last
        .parse()
        .map_err(|_| "the end of a range is an address or a last number from 0 to 255".to_owned())?;
    let [a, b, c, _] = first.octets();
    Ok(Ipv4Addr::new(a, b, c, octet).into())
}

/// Orders the ends and turns IPv4-mapped addresses into IPv4.
fn unmapped(first: IpAddr, last: IpAddr) -> Result<AddressRange, String> {
    const MAPPED: (u128, u128) = (0xffff_0000_0000, 0xffff_ffff_ffff);
    if first.is_ipv4() != last.is_ipv4() {
        return Err("a range has both ends in one address family".to_owned());
    }
    if first > last {
        return Err(format!("the range runs backwards; did you mean {last}-{first}?"));
    }
    let (first, last) = match (first, last) {
        (IpAddr::V6(a), IpAddr::V6(b)) if a.to_ipv4_mapped().is_some() && b.to_ipv4_mapped().is_some() => {
            (first.to_canonical(), last.to_canonical())
        }
        (IpAddr::V6(a), IpAddr::V6(b)) if u128::from(a) <= MAPPED.1 && u128::from(b) >= MAPPED.0 => {
            return Err("it holds the IPv4-mapped addresses ::ffff:0:0/96; write those as IPv4".to_owned());
        }
        ends => (ends.0, ends.1),
    };
    AddressRange::new(first, last).ok_or_else(|| "a range has both ends in one address family".to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> String {
        match Target::parse(text) {
            Ok(Target::Single { place, port, starttls }) => {
                let place = match place {
                    Place::Address(address) => format!("address {address}"),
                    Place::Name(name) => format!("name {name}"),
                };
                let port = port.map_or(String::new(), |port| format!(" port {port}"));
                let starttls =
                    starttls.map_or(String::new(), |choice| format!(" starttls {}", choice.name()));
                format!("{place}{port}{starttls}")
            }
            Ok(Target::Range { range, note }) => {
                let (first, last) = range.bounds();
                let note = note.map_or(String::new(), |note| format!(" ({note})"));
                format!("{first} to {last}{note}")
            }
            Err(why) => format!("error: {why}"),
        }
    }

    #[test]
    fn every_form_of_target_is_read() {
        for (text, meaning) in [
            ("www.Example.com", "name www.example.com"),
            ("www.example.com.", "name www.example.com"),
            ("bücher.example:8443", "name xn--bcher-kva.example port 8443"),
            ("intranet", "name intranet"),
            ("a-b.example", "name a-b.example"),
            ("_dmarc.example", "name _dmarc.example"),
            ("10.0.0.1", "address 10.0.0.1"),
            ("10.0.0.1:8443", "address 10.0.0.1 port 8443"),
            ("2001:db8::1", "address 2001:db8::1"),
            ("[2001:db8::1]", "address 2001:db8::1"),
            ("[2001:db8::1]:8443", "address 2001:db8::1 port 8443"),
            ("::ffff:10.0.0.1", "address 10.0.0.1"),
            ("https://www.example.com/a?b#c", "name www.example.com port 443 starttls none"),
            ("HTTPS://10.0.0.1:8443", "address 10.0.0.1 port 8443 starttls none"),
            ("https://[::1]/", "address ::1 port 443 starttls none"),
            ("imaps://mail.example", "name mail.example port 993 starttls none"),
            ("smtps://mail.example", "name mail.example port 465 starttls none"),
            ("pop3s://mail.example", "name mail.example port 995 starttls none"),
            ("ldaps://dir.example", "name dir.example port 636 starttls none"),
            ("ftps://files.example", "name files.example port 990 starttls none"),
            ("smtp://mail.example", "name mail.example port 25 starttls smtp"),
            ("submission://mail.example", "name mail.example port 587 starttls smtp"),
            ("imap://10.0.0.1:1143/", "address 10.0.0.1 port 1143 starttls imap"),
            ("ldap://[::1]/dc=example", "address ::1 port 389 starttls ldap"),
            ("postgresql://db.example/orders", "name db.example port 5432 starttls postgres"),
            ("xmpp-server://talk.example", "name talk.example port 5269 starttls xmpp-server"),
            ("NATS://bus.example", "name bus.example port 4222 starttls nats"),
            ("rediss://cache.example:6379/0", "name cache.example port 6379"),
            ("10.0.0.0/30", "10.0.0.0 to 10.0.0.3"),
            ("10.0.0.0/255.255.255.252", "10.0.0.0 to 10.0.0.3"),
            ("10.0.0.5/32", "10.0.0.5 to 10.0.0.5"),
            (
                "10.0.0.5/24",
                "10.0.0.0 to 10.0.0.255 (10.0.0.5/24 has host bits set; all of 10.0.0.0/24 is meant)",
            ),
            ("0.0.0.0/0", "0.0.0.0 to 255.255.255.255"),
            ("2001:db8::/127", "2001:db8:: to 2001:db8::1"),
            ("10.0.0.250-10.0.1.5", "10.0.0.250 to 10.0.1.5"),
            ("10.0.0.1-20", "10.0.0.1 to 10.0.0.20"),
            ("10.0.0.7-10.0.0.7", "10.0.0.7 to 10.0.0.7"),
            ("2001:db8::1-2001:db8::f", "2001:db8::1 to 2001:db8::f"),
            ("::ffff:10.0.0.0/126", "10.0.0.0 to 10.0.0.3"),
        ] {
            assert_eq!(shown(text), meaning, "{text}");
        }
    }

    #[test]
    fn malformed_targets_come_with_a_remedy() {
        for (text, remedy) in [
            ("", "1 to 253"),
            ("10.0.0.0/33", "did you mean 10.0.0.0/8?"),
            ("10.1.2.0/33", "did you mean 10.1.2.0/24?"),
            ("10.0.0/24", "did you mean 10.0.0.0/24?"),
            ("10.0.0.0/", "0 to 32 bits"),
            ("10.0.0.0/24:8443", "--ports 8443"),
            ("2001:db8::/129", "did you mean 2001:db8::/64?"),
            ("example.com/login", "did you mean https://example.com/login?"),
            ("10.0.0.256", "0 to 255"),
            ("10.0.0", "0 to 255"),
            ("010.0.0.1", "leading zeros"),
            ("10.0.0.20-10.0.0.1", "did you mean 10.0.0.1-10.0.0.20?"),
            ("10.0.0.20-1", "did you mean 10.0.0.1-10.0.0.20?"),
            ("10.0.0.1-300", "0 to 255"),
            ("10.0.0.1-20:443", "--ports"),
            ("10.0.0.1-::1", "one address family"),
            ("::1-5", "an IPv6 range"),
            ("host:0", "1 to 65535"),
            ("host:", "a port is missing"),
            ("host:https", "`https` is not a port number"),
            ("host:1:2", "[address]:port"),
            (":443", "1 to 253"),
            ("1:2:3:4:5:6:7:8:443", "did you mean [1:2:3:4:5:6:7:8]:443?"),
            ("fe80::1%eth0", "zone"),
            ("[fe80::1%eth0]:443", "zone"),
            ("[::1", "not closed"),
            ("[::1]443", ":port"),
            ("[10.0.0.1]:443", "IPv6"),
            ("http://example.com/x", "did you mean https://example.com?"),
            ("ws://example.com", "did you mean wss://example.com?"),
            ("postgres://user:secret@db.example/orders", "leave it out"),
            ("gopher://example.com", "write host:port"),
            ("https://user:secret@example.com/", "leave it out"),
            ("user:secret@example.com", "leave out"),
            ("https://", "1 to 253"),
            ("*.example.com", "wildcard"),
            ("a b", "one target on each line"),
            ("a\u{1b}[2J", "control"),
            ("-", "neither starts nor ends"),
            ("::/0", "IPv4-mapped"),
            ("&", "letters, digits"),
        ] {
            let error = shown(text);
            assert!(error.starts_with("error: ") && error.contains(remedy), "{text:?}: {error}");
            assert!(!error.contains("secret"));
        }
    }

    #[test]
    fn every_protocol_that_is_upgraded_has_a_scheme() {
        for protocol in StartTls::ALL {
            assert!(
                UPGRADED.iter().any(|(name, _, p)| (*name, *p) == (protocol.name(), protocol)),
                "{protocol:?}"
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,60}") {
            let _ = Target::parse(&text);
        }

        #[test]
        fn nearly_right_text_does_not_panic(text in "[0-9a-f.:/\\-\\[\\]%@*]{0,40}") {
            let _ = Target::parse(&text);
        }
    }
}
