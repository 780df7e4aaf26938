//! ClientHello on the wire (RFC 8446 section 4.1.2): templates made once per scan, patched once per visit.
//! Never draws random bytes.

use super::codec::{self, Reader, extension, handshake};
use super::share::{self, Keys};
use super::{CipherSuite, KeyShares, NamedGroup, Offer, OfferKind, ProtocolVersion, SignatureScheme};

/// Random bytes of one visit: the hello's random, its session id, and the seed of fresh keys.
pub type VisitRandom = [u8; 96];

/// One template per [`OfferKind`], built once per scan.
#[derive(Debug)]
pub struct HelloTemplates {
    everything: HelloTemplate,
    others: Vec<(OfferKind, HelloTemplate)>,
}

impl HelloTemplates {
    /// Builds every template.
    pub fn new(key_shares: KeyShares) -> Self {
        let template = |kind| HelloTemplate::new(&Offer::new(kind), key_shares);
        Self {
            everything: template(OfferKind::Everything),
            others: OfferKind::ALL.into_iter().skip(1).map(|kind| (kind, template(kind))).collect(),
        }
    }

    /// The template of this kind.
    pub fn get(&self, kind: OfferKind) -> &HelloTemplate {
        self.others.iter().find(|(k, _)| *k == kind).map_or(&self.everything, |(_, template)| template)
    }
}

/// A hello but for its random bytes, its server name and what depends on their lengths.
#[derive(Debug)]
pub struct HelloTemplate {
    record_version: [u8; 2],
    legacy_version: [u8; 2],
    session_id: bool,
    /// Cipher suites and compression methods, each with their length.
    suites: Box<[u8]>,
    /// Extensions after the server name.
    extensions: Box<[u8]>,
    /// Where in `extensions` the public values of fresh keys go.
    fresh: Vec<(NamedGroup, usize)>,
    key_shares: KeyShares,
    stapling: bool,
}

impl HelloTemplate {
    /// A template for `offer`. Groups that have no key share here are not sent one.
    pub fn new(offer: &Offer, key_shares: KeyShares) -> Self {
        let suites: Vec<u8> = offer.cipher_suites.iter().flat_map(|s| s.0.to_be_bytes()).collect();
        let mut suite_block = Vec::with_capacity(suites.len() + 4);
        codec::put_vector16(&mut suite_block, &suites);
        codec::put_vector8(&mut suite_block, &[&offer.compression[..], &[0]].concat());
        let (extensions, fresh) = extensions(offer, key_shares);
        // The record version is TLS 1.0 for old servers' sake (RFC 8446 section 5.1), SSL 3 where that is meant
        // to be answered too (RFC 5246 appendix E.1).
        let record_version = if offer.legacy_version.0 >= ProtocolVersion::TLSv1_2.0 || offer.modern {
            ProtocolVersion::TLSv1_0
        } else {
            ProtocolVersion::SSLv3
        };
        Self {
            record_version: record_version.0.to_be_bytes(),
            legacy_version: offer.legacy_version.0.to_be_bytes(),
            session_id: offer.modern,
            suites: suite_block.into(),
            extensions: extensions.into(),
            fresh,
            key_shares,
            stapling: offer.stapling,
        }
    }

    /// The hello of one visit. `server_name` is an ASCII DNS name of at most 255 characters.
    pub fn hello(&self, random: &VisitRandom, server_name: Option<&str>) -> Hello {
        let (client_random, rest) = random.split_at(32);
        let (session_id, seed) = rest.split_at(32);
        let session_id = if self.session_id { session_id } else { &[] };
        let name = server_name.map_or(&[][..], str::as_bytes);
        let name_extension = if name.is_empty() { 0 } else { name.len() + 9 };
        let before_extensions = 2 + 32 + 1 + session_id.len() + self.suites.len() + 2;
        let mut extensions = name_extension + self.extensions.len();
        let padding = padding(4 + before_extensions + extensions);
        extensions += padding.map_or(0, |zeros| zeros + 4);
        // Without extensions their length is left out too: SSL 3 has none.
        let body = before_extensions + extensions - if extensions == 0 { 2 } else { 0 };

        let mut record = Vec::with_capacity(5 + 4 + body);
        record.push(22);
        record.extend_from_slice(&self.record_version);
        codec::put_length16(&mut record, 4 + body);
        record.extend_from_slice(&[handshake::CLIENT_HELLO, 0]);
        codec::put_length16(&mut record, body);
        record.extend_from_slice(&self.legacy_version);
        record.extend_from_slice(client_random);
        codec::put_vector8(&mut record, session_id);
        record.extend_from_slice(&self.suites);
        if extensions > 0 {
            codec::put_length16(&mut record, extensions);
        }
        if !name.is_empty() {
            record.extend_from_slice(&extension::SERVER_NAME.to_be_bytes());
            codec::put_length16(&mut record, name.len() + 5);
            codec::put_length16(&mut record, name.len() + 3);
            record.push(0);
            codec::put_length16(&mut record, name.len());
            record.extend_from_slice(name);
        }
        let extensions_at = record.len();
        record.extend_from_slice(&self.extensions);
        let keys = self.patch_fresh_shares(record.get_mut(extensions_at..).unwrap_or_default(), seed);
        if let Some(zeros) = padding {
            record.extend_from_slice(&extension::PADDING.to_be_bytes());
            codec::put_length16(&mut record, zeros);
            record.resize(record.len() + zeros, 0);
        }
        Hello { record, keys, stapling: self.stapling }
    }

    fn patch_fresh_shares(&self, extensions: &mut [u8], seed: &[u8]) -> Keys {
        let (KeyShares::Fresh, Some(seed)) = (self.key_shares, seed.first_chunk()) else {
            return Keys::BasePoint;
        };
        let keys = Keys::Fresh(*seed);
        for (group, at) in &self.fresh {
            if let Some(share) = share::key_share(*group, &keys)
                && let Some(slot) = extensions.get_mut(*at..at + share.len())
            {
                slot.copy_from_slice(&share);
            }
        }
        keys
    }
}

/// The hello of one visit, with what is needed to read the answer.
#[derive(Debug, Clone)]
pub struct Hello {
    record: Vec<u8>,
    pub(super) keys: Keys,
    pub(super) stapling: bool,
}

impl Hello {
    /// The record to send.
    pub fn as_bytes(&self) -> &[u8] {
        &self.record
    }

    /// A hello sent earlier, as recorded.
    #[cfg(test)]
    pub(super) fn from_record(record: Vec<u8>) -> Self {
        Self { record, keys: Keys::BasePoint, stapling: false }
    }

    /// The handshake message in it.
    pub(super) fn message(&self) -> &[u8] {
        self.record.get(5..).unwrap_or_default()
    }

    /// Whether this suite is on its list.
    pub(super) fn lists_suite(&self, suite: CipherSuite) -> bool {
        suites_of(self.message())
            .is_some_and(|suites| suites.chunks_exact(2).any(|s| s == suite.0.to_be_bytes()))
    }

    /// The groups it lists.
    pub(super) fn lists_group(&self, group: NamedGroup) -> bool {
        extension_of(self.message(), extension::SUPPORTED_GROUPS)
            .and_then(|content| Reader::new(content).vector16())
            .is_some_and(|groups| groups.chunks_exact(2).any(|g| g == group.0.to_be_bytes()))
    }
}

/// The second hello, in answer to a HelloRetryRequest: the first one with one key share for `group` if the server
/// chose one, its cookie, and no padding (RFC 8446 section 4.1.2). A whole handshake message; `None` if `first`
/// is not a hello or `group` has no key share.
pub(super) fn second_hello(
    first: &Hello,
    group: Option<NamedGroup>,
    cookie: Option<&[u8]>,
) -> Option<Vec<u8>> {
    let mut reader = Reader::new(first.message());
    reader.take(4 + 2 + 32)?;
    reader.vector8()?;
    reader.vector16()?;
    reader.vector8()?;
    let mut old = Reader::new(reader.vector16()?);
    let mut extensions = Vec::with_capacity(512);
    while !old.is_empty() {
        match (old.extension()?, group) {
            ((extension::PADDING, _), _) => {}
            ((extension::KEY_SHARE, _), Some(group)) => {
                let share = share::key_share(group, &first.keys)?;
                let mut entry = group.0.to_be_bytes().to_vec();
                codec::put_vector16(&mut entry, &share);
                let mut list = Vec::with_capacity(entry.len() + 2);
                codec::put_vector16(&mut list, &entry);
                codec::put_extension(&mut extensions, extension::KEY_SHARE, &list);
            }
            ((number, content), _) => codec::put_extension(&mut extensions, number, content),
        }
    }
    if let Some(cookie) = cookie {
        let mut content = Vec::with_capacity(cookie.len() + 2);
        codec::put_vector16(&mut content, cookie);
        codec::put_extension(&mut extensions, extension::COOKIE, &content);
    }
    let fixed = before_extensions(first.message())?;
    let body = fixed.len() + 2 + extensions.len();
    let mut message = vec![handshake::CLIENT_HELLO, 0];
    message.extend_from_slice(&u16::try_from(body).ok()?.to_be_bytes());
    message.extend_from_slice(fixed);
    codec::put_vector16(&mut message, &extensions);
    Some(message)
}

fn suites_of(message: &[u8]) -> Option<&[u8]> {
    let mut reader = Reader::new(message.get(4..)?);
    reader.take(2 + 32)?;
    reader.vector8()?;
    reader.vector16()
}

/// A hello's body up to the length of its extensions.
fn before_extensions(message: &[u8]) -> Option<&[u8]> {
    let body = message.get(4..)?;
    let mut reader = Reader::new(body);
    reader.take(2 + 32)?;
    let session_id = reader.vector8()?.len();
    let suites = reader.vector16()?.len();
    let compression = reader.vector8()?.len();
    body.get(..2 + 32 + 1 + session_id + 2 + suites + 1 + compression)
}

fn extension_of(message: &[u8], wanted: u16) -> Option<&[u8]> {
    let fixed = before_extensions(message)?.len();
    let mut extensions = Reader::new(Reader::new(message.get(4 + fixed..)?).vector16()?);
    loop {
        let (number, content) = extensions.extension()?;
        if number == wanted {
            return Some(content);
        }
    }
}

/// Zeros of a padding extension, if a hello of this length needs one: some load balancers hang on hellos of 256
/// to 511 bytes (RFC 7685 section 1). At least one zero: some servers dislike an empty last extension.
pub(super) fn padding(length: usize) -> Option<usize> {
    (256..512).contains(&length).then(|| 512_usize.saturating_sub(length + 4).max(1))
}

/// The extensions of an offer, and where the shares of fresh keys stand in them.
fn extensions(offer: &Offer, key_shares: KeyShares) -> (Vec<u8>, Vec<(NamedGroup, usize)>) {
    let mut out = Vec::new();
    if offer.modern {
        codec::put_extension(&mut out, extension::EXTENDED_MASTER_SECRET, &[]);
        codec::put_extension(&mut out, extension::RENEGOTIATION_INFO, &[0]);
    }
    if !offer.groups.is_empty() {
        put_list(&mut out, extension::SUPPORTED_GROUPS, offer.groups.iter().map(|g| g.0));
        codec::put_extension(&mut out, extension::EC_POINT_FORMATS, &[1, 0]);
    }
    put_schemes(&mut out, extension::SIGNATURE_ALGORITHMS, &offer.signature_schemes);
    put_schemes(&mut out, extension::SIGNATURE_ALGORITHMS_CERT, &offer.certificate_signature_schemes);
    if !offer.alpn.is_empty() {
        let mut names = Vec::new();
        offer.alpn.iter().for_each(|name| codec::put_vector8(&mut names, name));
        let mut list = Vec::new();
        codec::put_vector16(&mut list, &names);
        codec::put_extension(&mut out, extension::ALPN, &list);
    }
    if offer.stapling {
        codec::put_extension(&mut out, extension::STATUS_REQUEST, &[1, 0, 0, 0, 0]);
        codec::put_extension(&mut out, extension::SIGNED_CERTIFICATE_TIMESTAMP, &[]);
    }
    if !offer.supported_versions.is_empty() {
        let versions: Vec<u8> = offer.supported_versions.iter().flat_map(|v| v.0.to_be_bytes()).collect();
        let mut list = Vec::new();
        codec::put_vector8(&mut list, &versions);
        codec::put_extension(&mut out, extension::SUPPORTED_VERSIONS, &list);
    }
    let fresh = match &offer.key_shares {
        Some(groups) => put_key_shares(&mut out, groups, key_shares),
        None => Vec::new(),
    };
    for (number, content) in &offer.further_extensions {
        codec::put_extension(&mut out, *number, content);
    }
    (out, fresh)
}

fn put_key_shares(
    out: &mut Vec<u8>,
    groups: &[NamedGroup],
    key_shares: KeyShares,
) -> Vec<(NamedGroup, usize)> {
    let mut entries = Vec::new();
    let mut fresh = Vec::new();
    for group in groups {
        if let Some(share) = share::key_share(*group, &Keys::BasePoint) {
            if key_shares == KeyShares::Fresh {
                // Before this share: extension header, list length, earlier entries, group and length.
                fresh.push((*group, out.len() + 4 + 2 + entries.len() + 4));
            }
            entries.extend_from_slice(&group.0.to_be_bytes());
            codec::put_vector16(&mut entries, &share);
        }
    }
    let mut list = Vec::new();
    codec::put_vector16(&mut list, &entries);
    codec::put_extension(out, extension::KEY_SHARE, &list);
    fresh
}

fn put_schemes(out: &mut Vec<u8>, number: u16, schemes: &[SignatureScheme]) {
    if !schemes.is_empty() {
        put_list(out, number, schemes.iter().map(|s| s.0));
    }
}

fn put_list(out: &mut Vec<u8>, number: u16, values: impl Iterator<Item = u16>) {
    let values: Vec<u8> = values.flat_map(u16::to_be_bytes).collect();
    let mut list = Vec::new();
    codec::put_vector16(&mut list, &values);
    codec::put_extension(out, number, &list);
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANDOM: VisitRandom = {
        let mut random = [0; 96];
        let mut rest: &mut [u8] = &mut random;
        let mut value = 0;
        while let [byte, others @ ..] = rest {
            *byte = value;
            value += 1;
            rest = others;
        }
        random
    };

    type Extensions<'a> = Vec<(u16, &'a [u8])>;

    /// Reads a hello back: old version, session id, suites and extensions.
    fn read(record: &[u8]) -> (u16, &[u8], &[u8], Extensions<'_>) {
        let mut reader = Reader::new(record);
        assert_eq!(reader.u8(), Some(22));
        reader.u16().unwrap();
        let message = reader.vector16().unwrap();
        assert!(reader.is_empty());
        let mut reader = Reader::new(message);
        assert_eq!(reader.u8(), Some(1));
        let body = reader.vector24().unwrap();
        assert!(reader.is_empty());
        let mut reader = Reader::new(body);
        let version = reader.u16().unwrap();
        assert_eq!(reader.take(32).unwrap(), &RANDOM[..32]);
        let session_id = reader.vector8().unwrap();
        let suites = reader.vector16().unwrap();
        assert_eq!(reader.vector8().unwrap(), [0]);
        let mut extensions = Vec::new();
        if !reader.is_empty() {
            let mut list = Reader::new(reader.vector16().unwrap());
            while !list.is_empty() {
                extensions.push(list.extension().unwrap());
            }
        }
        assert!(reader.is_empty());
        (version, session_id, suites, extensions)
    }

    fn content<'a>(extensions: &[(u16, &'a [u8])], wanted: u16) -> Option<&'a [u8]> {
        extensions.iter().find(|(number, _)| *number == wanted).map(|(_, content)| *content)
    }

    #[test]
    fn every_template_makes_a_hello_that_reads_back() {
        for key_shares in [KeyShares::BasePoint, KeyShares::Fresh] {
            let templates = HelloTemplates::new(key_shares);
            for kind in OfferKind::ALL {
                for name in [None, Some("a.example"), Some(&*"n".repeat(253))] {
                    let hello = templates.get(kind).hello(&RANDOM, name);
                    let (version, session_id, suites, extensions) = read(hello.as_bytes());
                    let offer = Offer::new(kind);
                    assert_eq!(version, offer.legacy_version.0);
                    assert_eq!(session_id.len(), if offer.modern { 32 } else { 0 });
                    assert_eq!(suites.len(), offer.cipher_suites.len() * 2);
                    let sent = content(&extensions, extension::SERVER_NAME).map(|c| c[5..].to_vec());
                    assert_eq!(sent, name.map(|n| n.as_bytes().to_vec()));
                    let length = hello.message().len();
                    assert!(!(256..512).contains(&length), "{kind:?} has {length} bytes");
                }
            }
        }
    }

    #[test]
    fn the_small_hello_is_small() {
        let templates = HelloTemplates::new(KeyShares::BasePoint);
        let hello = templates.get(OfferKind::Small).hello(&RANDOM, Some(&"n".repeat(90)));
        assert!(hello.as_bytes().len() <= 255);
    }

    #[test]
    fn the_oldest_hello_has_no_extensions_without_a_name() {
        let templates = HelloTemplates::new(KeyShares::BasePoint);
        let hello = templates.get(OfferKind::Legacy).hello(&RANDOM, None);
        assert_eq!(&hello.as_bytes()[..3], [22, 3, 0]);
        assert!(hello.as_bytes().ends_with(&[0x00, 0xff, 1, 0]));
    }

    #[test]
    fn the_first_hello_sends_the_base_points_of_two_groups() {
        let templates = HelloTemplates::new(KeyShares::BasePoint);
        let hello = templates.get(OfferKind::Everything).hello(&RANDOM, None);
        let (.., extensions) = read(hello.as_bytes());
        let mut shares = Reader::new(content(&extensions, extension::KEY_SHARE).unwrap());
        let mut shares = Reader::new(shares.vector16().unwrap());
        assert_eq!(shares.extension().unwrap().0, NamedGroup::secp256r1.0);
        let (group, share) = shares.extension().unwrap();
        assert_eq!((group, share[0]), (NamedGroup::x25519.0, 9));
        assert!(shares.is_empty());
    }

    #[test]
    fn fresh_shares_differ_from_visit_to_visit() {
        let templates = HelloTemplates::new(KeyShares::Fresh);
        let share = |random: &VisitRandom| {
            let hello = templates.get(OfferKind::Everything).hello(random, Some("a.example"));
            extension_of(hello.message(), extension::KEY_SHARE).unwrap().to_vec()
        };
        let mut other = RANDOM;
        other[95] ^= 1;
        assert_ne!(share(&RANDOM), share(&other));
        let base = HelloTemplates::new(KeyShares::BasePoint);
        let base = base.get(OfferKind::Everything).hello(&RANDOM, None);
        let base = extension_of(base.message(), extension::KEY_SHARE).unwrap().to_vec();
        assert_eq!(share(&RANDOM).len(), base.len());
        assert_ne!(share(&RANDOM), base);
    }

    #[test]
    fn an_offer_carries_protocols_and_stapling_when_asked() {
        let offer = Offer { alpn: vec![b"h2".to_vec()], stapling: true, ..Offer::new(OfferKind::Everything) };
        let hello = HelloTemplate::new(&offer, KeyShares::BasePoint).hello(&RANDOM, None);
        let (.., extensions) = read(hello.as_bytes());
        assert_eq!(content(&extensions, extension::ALPN), Some([0, 3, 2, b'h', b'2'].as_slice()));
        assert_eq!(content(&extensions, extension::STATUS_REQUEST), Some([1, 0, 0, 0, 0].as_slice()));
        assert_eq!(content(&extensions, extension::SIGNED_CERTIFICATE_TIMESTAMP), Some([].as_slice()));
    }

    #[test]
    fn the_second_hello_is_the_first_with_the_share_and_the_cookie_asked_for() {
        let templates = HelloTemplates::new(KeyShares::BasePoint);
        let first = templates.get(OfferKind::Everything).hello(&RANDOM, Some("a.example"));
        let message = second_hello(&first, Some(NamedGroup::secp384r1), Some(b"cookie")).unwrap();
        let mut record = vec![22, 3, 3];
        codec::put_vector16(&mut record, &message);
        let (_, session_id, suites, extensions) = read(&record);
        let (_, first_session_id, first_suites, first_extensions) = read(first.as_bytes());
        assert_eq!((session_id, suites), (first_session_id, first_suites));
        let cookie = content(&extensions, extension::COOKIE);
        assert_eq!(cookie, Some([0, 6, b'c', b'o', b'o', b'k', b'i', b'e'].as_slice()));
        let share = content(&extensions, extension::KEY_SHARE).unwrap();
        assert_eq!(share[..7], [0, 101, 0, 0x18, 0, 97, 4]);
        for (number, content_before) in first_extensions {
            match number {
                extension::PADDING => assert_eq!(content(&extensions, number), None),
                extension::KEY_SHARE => {}
                _ => assert_eq!(content(&extensions, number), Some(content_before)),
            }
        }
        assert_eq!(second_hello(&first, Some(NamedGroup::sect571r1), None), None);
    }
}
