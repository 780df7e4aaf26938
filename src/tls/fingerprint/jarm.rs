//! JARM: ten hellos that no client sends, and what a server chose in answer to each, in 62 hexadecimal digits: three for
//! each answer's suite and version, and the first half of a SHA-256 over the protocols and extensions of all of them. Two
//! servers with one JARM run the same software with the same settings, most often. Never decrypts, never judges.
//!
//! Follows salesforce/jarm 1.0 (2020, BSD 3-clause) to the byte, its oddities included: other scanners' databases hold
//! what comes of them.

use crate::tls::VisitRandom;
use crate::tls::codec;
use crate::x509::Fingerprint;

/// What a hello offers.
#[derive(Debug, Clone, Copy)]
struct Recipe {
    /// In the record and in the hello.
    versions: [u16; 2],
    suites: Order,
    /// With the suites of TLS 1.3.
    with_tls13: bool,
    grease: bool,
    /// Without `h2` and `http/1.1`.
    rare_alpn: bool,
    /// The newest of the versions in `supported_versions`, which begin with TLS 1.0; `None` leaves it out.
    supported: Option<u16>,
    /// Protocols and versions, from the oldest on or backwards.
    reverse: bool,
}

/// In which order the suites go, or a part of them.
#[derive(Debug, Clone, Copy)]
enum Order {
    Forward,
    Reverse,
    TopHalf,
    BottomHalf,
    MiddleOut,
}

const TLS12: [u16; 2] = [0x0303, 0x0303];
const TLS13: [u16; 2] = [0x0301, 0x0303];
const FORWARD_13: Recipe = Recipe {
    versions: TLS13,
    suites: Order::Forward,
    with_tls13: true,
    grease: false,
    rare_alpn: false,
    supported: Some(0x0304),
    reverse: true,
};
const FORWARD_12: Recipe = Recipe { versions: TLS12, supported: Some(0x0303), ..FORWARD_13 };

const RECIPES: [Recipe; HELLOS] = [
    FORWARD_12,
    Recipe { suites: Order::Reverse, reverse: false, ..FORWARD_12 },
    Recipe { suites: Order::TopHalf, supported: None, reverse: false, ..FORWARD_12 },
    Recipe { suites: Order::BottomHalf, rare_alpn: true, supported: None, reverse: false, ..FORWARD_12 },
    Recipe { suites: Order::MiddleOut, grease: true, rare_alpn: true, supported: None, ..FORWARD_12 },
    Recipe { versions: [0x0302, 0x0302], supported: None, reverse: false, ..FORWARD_12 },
    FORWARD_13,
    Recipe { suites: Order::Reverse, reverse: false, ..FORWARD_13 },
    Recipe { with_tls13: false, reverse: false, ..FORWARD_13 },
    Recipe { suites: Order::MiddleOut, grease: true, ..FORWARD_13 },
];

/// Hellos to send, each on a connection of its own.
pub const HELLOS: usize = 10;

/// The first of the reserved values (RFC 8701): the method draws one of sixteen, and servers ignore all of them alike.
const GREASE: u16 = 0x0a0a;

const SUITES: [u16; 69] = [
    0x0016, 0x0033, 0x0067, 0xc09e, 0xc0a2, 0x009e, 0x0039, 0x006b, 0xc09f, 0xc0a3, 0x009f, 0x0045, 0x00be,
    0x0088, 0x00c4, 0x009a, 0xc008, 0xc009, 0xc023, 0xc0ac, 0xc0ae, 0xc02b, 0xc00a, 0xc024, 0xc0ad, 0xc0af,
    0xc02c, 0xc072, 0xc073, 0xcca9, 0x1302, 0x1301, 0xcc14, 0xc007, 0xc012, 0xc013, 0xc027, 0xc02f, 0xc014,
    0xc028, 0xc030, 0xc060, 0xc061, 0xc076, 0xc077, 0xcca8, 0x1305, 0x1304, 0x1303, 0xcc13, 0xc011, 0x000a,
    0x002f, 0x003c, 0xc09c, 0xc0a0, 0x009c, 0x0035, 0x003d, 0xc09d, 0xc0a1, 0x009d, 0x0041, 0x00ba, 0x0084,
    0x00c0, 0x0007, 0x0004, 0x0005,
];

/// The suites of an answer by their place: as [`SUITES`], sorted, but that TLS 1.3 comes last.
const PLACES: [u16; 69] = [
    0x0004, 0x0005, 0x0007, 0x000a, 0x0016, 0x002f, 0x0033, 0x0035, 0x0039, 0x003c, 0x003d, 0x0041, 0x0045,
    0x0067, 0x006b, 0x0084, 0x0088, 0x009a, 0x009c, 0x009d, 0x009e, 0x009f, 0x00ba, 0x00be, 0x00c0, 0x00c4,
    0xc007, 0xc008, 0xc009, 0xc00a, 0xc011, 0xc012, 0xc013, 0xc014, 0xc023, 0xc024, 0xc027, 0xc028, 0xc02b,
    0xc02c, 0xc02f, 0xc030, 0xc060, 0xc061, 0xc072, 0xc073, 0xc076, 0xc077, 0xc09c, 0xc09d, 0xc09e, 0xc09f,
    0xc0a0, 0xc0a1, 0xc0a2, 0xc0a3, 0xc0ac, 0xc0ad, 0xc0ae, 0xc0af, 0xcc13, 0xcc14, 0xcca8, 0xcca9, 0x1301,
    0x1302, 0x1303, 0x1304, 0x1305,
];

/// Protocols from the weakest on. `spdy/3` and `h2` are one entry to the method, and stay together when it turns round.
const ALPN: [&[u8]; 8] = [
    b"\x08http/0.9",
    b"\x08http/1.0",
    b"\x08http/1.1",
    b"\x06spdy/1",
    b"\x06spdy/2",
    b"\x06spdy/3\x02h2",
    b"\x03h2c",
    b"\x02hq",
];

const RARE_ALPN: [&[u8]; 7] =
    [b"\x08http/0.9", b"\x08http/1.0", b"\x06spdy/1", b"\x06spdy/2", b"\x06spdy/3", b"\x03h2c", b"\x02hq"];

/// The ten hellos, in their order. `host` is what the user would name: a DNS name, else the address as text, which the
/// method sends as server name, too. The random bytes serve all ten.
pub fn hellos(random: &VisitRandom, host: &str) -> [Vec<u8>; HELLOS] {
    RECIPES.map(|recipe| recipe.hello(random, host))
}

impl Recipe {
    fn hello(self, random: &VisitRandom, host: &str) -> Vec<u8> {
        let [record_version, version] = self.versions;
        let (client_random, rest) = random.split_at(32);
        let (session_id, share) = rest.split_at(32);
        let mut body = version.to_be_bytes().to_vec();
        body.extend_from_slice(client_random);
        codec::put_vector8(&mut body, session_id);
        codec::put_vector16(&mut body, &be(self.suites()));
        body.extend_from_slice(&[1, 0]);
        codec::put_vector16(&mut body, &self.extensions(host, share));
        let mut message = vec![1, 0];
        codec::put_vector16(&mut message, &body);
        let mut record = vec![22];
        record.extend_from_slice(&record_version.to_be_bytes());
        codec::put_vector16(&mut record, &message);
        record
    }

    fn suites(self) -> Vec<u16> {
        let is_meant = |suite: &u16| self.with_tls13 || suite.to_be_bytes()[0] != 0x13;
        let suites: Vec<u16> = SUITES.into_iter().filter(is_meant).collect();
        let mut suites = self.suites.apply(&suites);
        if self.grease {
            suites.insert(0, GREASE);
        }
        suites
    }

    fn extensions(self, host: &str, share: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        if self.grease {
            codec::put_extension(&mut out, GREASE, &[]);
        }
        let mut name = vec![0];
        codec::put_vector16(&mut name, host.as_bytes());
        codec::put_extension(&mut out, 0, &vector16(&name));
        // Extended master secret, maximum fragment length (512), secure renegotiation.
        codec::put_extension(&mut out, 23, &[]);
        codec::put_extension(&mut out, 1, &[1]);
        codec::put_extension(&mut out, 0xff01, &[0]);
        codec::put_extension(&mut out, 10, &vector16(&be([0x001d, 0x0017, 0x0018, 0x0019])));
        codec::put_extension(&mut out, 11, &[1, 0]);
        codec::put_extension(&mut out, 35, &[]);
        let protocols: &[&[u8]] = if self.rare_alpn { &RARE_ALPN } else { &ALPN };
        codec::put_extension(&mut out, 16, &vector16(&self.turned(protocols).concat()));
        let schemes = [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601, 0x0201];
        codec::put_extension(&mut out, 13, &vector16(&be(schemes)));
        let mut shares = if self.grease { [&be([GREASE])[..], &[0, 1, 0]].concat() } else { Vec::new() };
        shares.extend_from_slice(&[0, 29]);
        codec::put_vector16(&mut shares, share);
        codec::put_extension(&mut out, 51, &vector16(&shares));
        codec::put_extension(&mut out, 45, &[1, 1]);
        if let Some(newest) = self.supported {
            let versions: Vec<u16> = (0x0301..=newest).collect();
            let mut list = if self.grease { vec![GREASE] } else { Vec::new() };
            list.extend(self.turned(&versions));
            let mut content = Vec::new();
            codec::put_vector8(&mut content, &be(list));
            codec::put_extension(&mut out, 43, &content);
        }
        out
    }

    fn turned<T: Copy>(self, items: &[T]) -> Vec<T> {
        if self.reverse { Order::Reverse } else { Order::Forward }.apply(items)
    }
}

impl Order {
    /// Of an odd number, the one in the middle goes with the top half, and comes first when going outwards; the bottom
    /// half goes ahead of the top half.
    fn apply<T: Copy>(self, items: &[T]) -> Vec<T> {
        let (top, rest) = items.split_at(items.len() / 2);
        let (middle, bottom) = rest.split_at(items.len() % 2);
        let upwards = top.iter().rev().copied();
        match self {
            Self::Forward => items.to_vec(),
            Self::Reverse => items.iter().rev().copied().collect(),
            Self::TopHalf => middle.iter().copied().chain(upwards).collect(),
            Self::BottomHalf => bottom.to_vec(),
            Self::MiddleOut => {
                let pairs = bottom.iter().copied().zip(upwards).flat_map(|(below, above)| [below, above]);
                middle.iter().copied().chain(pairs).collect()
            }
        }
    }
}

fn be(values: impl IntoIterator<Item = u16>) -> Vec<u8> {
    values.into_iter().flat_map(u16::to_be_bytes).collect()
}

fn vector16(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 2);
    codec::put_vector16(&mut out, content);
    out
}

/// What the method reads of an answer.
const READ_AT_MOST: usize = 1_484;
/// Where a ServerHello's session id begins, after the headers of record and message, version and random.
const SESSION_ID: usize = 43;
/// What is looked at of an answer whose ServerHello has no extensions, after its session id.
const LOOK_AHEAD: usize = 53;

/// The first bytes of one answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Response(Vec<u8>);

impl Response {
    /// Takes more bytes off the wire; whether that is all that is wanted.
    pub fn feed(&mut self, bytes: &[u8]) -> bool {
        let room = READ_AT_MOST.saturating_sub(self.0.len());
        self.0.extend(bytes.iter().take(room));
        self.0.len() >= READ_AT_MOST || self.is_complete().unwrap_or(false)
    }

    /// A whole ServerHello is in, as far as its record goes.
    pub fn has_hello(&self) -> bool {
        self.record_length().is_some_and(|record| self.0.len() >= record)
    }

    fn record_length(&self) -> Option<usize> {
        let &[22, _, _, high, low, ..] = self.0.as_slice() else { return None };
        Some(5 + usize::from(u16::from_be_bytes([high, low])))
    }

    fn is_complete(&self) -> Option<bool> {
        if *self.0.first()? != 22 {
            return Some(true);
        }
        let record = self.record_length()?;
        let session_id = usize::from(*self.0.get(SESSION_ID)?);
        // Without extensions, what comes after it is read as if they were there.
        Some(self.0.len() >= record.max(session_id + LOOK_AHEAD))
    }

    /// `suite|version|protocol|extensions`, each empty where there was nothing to read.
    fn read(&self) -> [String; 4] {
        self.read_hello().unwrap_or_default()
    }

    fn read_hello(&self) -> Option<[String; 4]> {
        let data = &self.0;
        if *data.first()? != 22 || *data.get(5)? != 2 {
            return None;
        }
        let session_id = usize::from(*data.get(SESSION_ID)?);
        let suite = hex(data.get(session_id + 44..session_id + 46).unwrap_or_default());
        let version = hex(data.get(9..11).unwrap_or_default());
        let [protocol, extensions] = match data.get(session_id + 47) {
            // Nothing follows, or another message or certain records do: a ServerHello without extensions.
            None | Some(11) => Default::default(),
            Some(_) if self.is_bare(session_id) => Default::default(),
            Some(_) => self.read_extensions(session_id)?,
        };
        Some([suite, version, protocol, extensions])
    }

    fn is_bare(&self, session_id: usize) -> bool {
        self.0.get(session_id + 50..session_id + 53) == Some(&[0x0e, 0xac, 0x0b])
            || self.0.get(82..85) == Some(&[0x0f, 0xf0, 0x0b])
    }

    /// The chosen protocol and the extensions' numbers. `None` where the bytes end too early, as they do when what
    /// follows are no extensions.
    fn read_extensions(&self, session_id: usize) -> Option<[String; 2]> {
        let number = |at: usize| {
            let bytes = self.0.get(at..at + 2).and_then(|bytes| bytes.first_chunk::<2>());
            bytes.map(|bytes| u16::from_be_bytes(*bytes))
        };
        let mut at = session_id + 49;
        let end = at - 1 + usize::from(number(session_id + 47)?);
        let (mut protocol, mut numbers) = (None, Vec::new());
        while at < end {
            let kind = number(at)?;
            let length = usize::from(number(at + 2)?);
            numbers.push(hex(&kind.to_be_bytes()));
            if kind == 16 && protocol.is_none() {
                let content = self.0.get(at + 4..).unwrap_or_default();
                let content = content.get(..length).unwrap_or(content);
                protocol = Some(str::from_utf8(content.get(3..).unwrap_or_default()).ok()?.to_owned());
            }
            at += 4 + length;
        }
        Some([protocol.unwrap_or_default(), numbers.join("-")])
    }
}

/// The fingerprint of ten answers, in the order of the hellos; an answer that is an alert or a hang-up counts as it is.
/// An answer that did not come in time is none: there is no fingerprint then.
pub fn fingerprint(responses: &[Response; HELLOS]) -> String {
    let answers = responses.each_ref().map(Response::read);
    if answers.iter().flatten().all(String::is_empty) {
        return "0".repeat(62);
    }
    let mut digits = String::with_capacity(62);
    let mut rest = String::new();
    for [suite, version, protocol, extensions] in &answers {
        digits.push_str(&suite_digits(suite));
        digits.push(version_digit(version));
        rest.push_str(protocol);
        rest.push_str(extensions);
    }
    let hash = Fingerprint::of(rest.as_bytes()).to_string();
    digits.extend(hash.chars().take(32));
    digits
}

fn suite_digits(suite: &str) -> String {
    if suite.is_empty() {
        return "00".to_owned();
    }
    let place = PLACES.iter().position(|known| hex(&known.to_be_bytes()) == suite).unwrap_or(PLACES.len());
    format!("{:02x}", place + 1)
}

fn version_digit(version: &str) -> char {
    let digit = version.chars().nth(3).and_then(|digit| digit.to_digit(10));
    digit.and_then(|digit| "abcdef".chars().nth(usize::try_from(digit).ok()?)).unwrap_or('0')
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits = if hex == "-" { "" } else { hex };
        (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
    }

    /// The JARM that another implementation makes of ten recorded answers, and the answers.
    fn recorded(file: &str) -> (String, [Response; HELLOS]) {
        let mut lines = file.lines();
        let jarm = lines.next().unwrap().to_owned();
        let responses: Vec<_> = lines.map(|line| Response(bytes(line))).collect();
        (jarm, responses.try_into().unwrap())
    }

    #[test]
    fn the_hellos_are_those_of_another_implementation() {
        let random: VisitRandom = std::array::from_fn(|at| u8::try_from(at).unwrap());
        let expected: Vec<_> = include_str!("../../../fixtures/jarm/hellos.txt").lines().map(bytes).collect();
        let hellos = hellos(&random, "a.example");
        assert_eq!(expected.len(), HELLOS);
        for (number, (hello, expected)) in hellos.iter().zip(&expected).enumerate() {
            assert_eq!(hello, expected, "hello {number}");
        }
    }

    #[test]
    fn recorded_answers_give_the_fingerprints_that_another_implementation_makes_of_them() {
        for file in [
            include_str!("../../../fixtures/jarm/gnutls.txt"),
            include_str!("../../../fixtures/jarm/nginx.txt"),
            include_str!("../../../fixtures/jarm/openssl.txt"),
            include_str!("../../../fixtures/jarm/openssl-tls10.txt"),
            include_str!("../../../fixtures/jarm/openssl-tls12.txt"),
        ] {
            let (jarm, responses) = recorded(file);
            assert_eq!(fingerprint(&responses), jarm);
            assert_eq!(jarm.len(), 62);
        }
    }

    #[test]
    fn an_answer_in_single_bytes_is_taken_as_far_as_it_counts() {
        let (_, responses) = recorded(include_str!("../../../fixtures/jarm/openssl-tls12.txt"));
        let mut response = Response::default();
        let taken = responses[0].0.iter().take_while(|byte| !response.feed(&[**byte])).count();
        assert!(taken < responses[0].0.len(), "the end is noticed");
        assert_eq!(response.read(), responses[0].read());
    }

    #[test]
    fn nothing_but_refusals_is_62_zeros() {
        let refused: [Response; HELLOS] = std::array::from_fn(|_| Response(vec![21, 3, 3, 0, 2, 2, 40]));
        assert_eq!(fingerprint(&refused), "0".repeat(62));
        assert_eq!(fingerprint(&Default::default()), "0".repeat(62));
    }

    /// A ServerHello without extensions, and what follows it.
    fn bare(tail: &[u8]) -> Response {
        let mut data = vec![22, 3, 1, 0, 42, 2, 0, 0, 38, 3, 1];
        data.extend_from_slice(&[7; 32]);
        data.extend_from_slice(&[0, 0, 0x2f, 0]);
        data.extend_from_slice(tail);
        Response(data)
    }

    #[test]
    fn a_server_hello_without_extensions_is_read_as_the_method_reads_it() {
        let chosen = ["002f", "0301", "", ""].map(str::to_owned);
        assert_eq!(bare(&[]).read(), chosen);
        assert_eq!(bare(&[11, 0, 3, 0]).read(), chosen);
        // A record of 3,756 bytes with the certificates: one of the two lengths that the method knows.
        assert_eq!(bare(&[22, 3, 1, 0x0e, 0xac, 11, 0, 0]).read(), chosen);
        // Of any other length, what follows is read as extensions, which end too early.
        let mut other = vec![22, 3, 1, 4, 0, 11, 0, 3, 0xfc];
        other.extend_from_slice(&[1; 1_000]);
        assert_eq!(bare(&other).read(), <[String; 4]>::default());
    }

    #[test]
    fn hostile_bytes_end_in_some_fingerprint() {
        let (_, responses) = recorded(include_str!("../../../fixtures/jarm/nginx.txt"));
        for cut in 0..responses[0].0.len() {
            let mut garbled = responses.clone();
            garbled[0].0.truncate(cut);
            garbled[1].0[cut] ^= 0xff;
            assert_eq!(fingerprint(&garbled).len(), 62);
        }
    }
}
