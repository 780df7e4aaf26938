//! An end-entity certificate as the Baseline Requirements want it, field by field, to be spoilt by a test: with faults that
//! no tool will write, and yet properly signed.

use std::rc::Rc;

use rcgen::SigningKey;

use super::pki::{Entity, Judge, NOW, Recipe, rules, served, store, verdict};
use crate::assess::tests::pki::chain;
use crate::model::{Assessment, Outcome, Rule, TlsFacts, Verdict};
use crate::time::{DAY_SECONDS, UnixTime};
use crate::x509::testing::{Draft, GENERALIZED_TIME, UTC_TIME, element, sequence};

pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const OID: u8 = 0x06;
pub(crate) const OCTETS: u8 = 0x04;
pub(crate) const BITS: u8 = 0x03;
pub(crate) const UTF8: u8 = 0x0c;
/// GeneralName kinds.
pub(crate) const DNS: u8 = 0x82;
pub(crate) const URI: u8 = 0x86;
pub(crate) const IP: u8 = 0x87;

pub(crate) const ECDSA_WITH_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
pub(crate) const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
pub(crate) const COMMON_NAME: &[u8] = &[0x55, 4, 3];
pub(crate) const ORGANIZATIONAL_UNIT: &[u8] = &[0x55, 4, 11];

const EC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
const RSA_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
/// The base point of P-256 (SEC 2 section 2.4.2), uncompressed: on the curve.
const POINT: &str = "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296\
                     4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";

pub(crate) const SECP256K1: &[u8] = &[0x2b, 0x81, 4, 0, 10];
/// Its base point (SEC 2 section 2.4.1), uncompressed.
pub(crate) const SECP256K1_POINT: &str = "0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798\
                                          483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8";

/// Extensions, by their identifiers' content octets.
pub(crate) const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
pub(crate) const SAN: &[u8] = &[0x55, 0x1d, 17];
pub(crate) const CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];
pub(crate) const CRL: &[u8] = &[0x55, 0x1d, 31];
pub(crate) const POLICIES: &[u8] = &[0x55, 0x1d, 32];
pub(crate) const AKI: &[u8] = &[0x55, 0x1d, 35];
pub(crate) const EKU: &[u8] = &[0x55, 0x1d, 37];
pub(crate) const AIA: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 1, 1];
pub(crate) const SCTS: &[u8] = &[0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 2];
pub(crate) const POISON: &[u8] = &[0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 3];

pub(crate) const SERVER_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];
pub(crate) const CLIENT_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 2];

/// A certificate in the making.
pub(crate) struct Leaf {
    pub(crate) draft: Draft,
    /// The signature algorithm outside, where it differs.
    pub(crate) outer_algorithm: Option<Vec<u8>>,
    issued: UnixTime,
    root: Rc<Entity>,
    extensions: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Leaf {
    /// One without fault, of 90 days, issued ten days ago, by an authority of its own.
    pub(crate) fn sound() -> Self {
        Self::under(&Rc::new(authority()))
    }

    /// The same by a given authority.
    pub(crate) fn under(root: &Rc<Entity>) -> Self {
        let certificate = root.certificate();
        let key_id = certificate.ski.clone().unwrap();
        let draft = Draft {
            serial: element(0x02, [0x11; 16]),
            algorithm: sequence([element(OID, ECDSA_WITH_SHA256)]),
            issuer: certificate.subject.der.to_vec(),
            subject: element(SEQUENCE, []),
            key: ec_key(P256, &bytes(POINT)),
            ..Draft::default()
        };
        let leaf =
            Self { draft, outer_algorithm: None, issued: NOW, root: Rc::clone(root), extensions: Vec::new() };
        leaf.valid(NOW.plus_seconds(-10 * DAY_SECONDS), 90)
            .with(KEY_USAGE, true, element(BITS, [7, 0x80]))
            .with(CONSTRAINTS, true, element(SEQUENCE, []))
            .with(SAN, true, general_names(&[(DNS, b"www.example.com")]))
            .with(EKU, false, purposes(&[SERVER_AUTH]))
            .with(AKI, false, element(SEQUENCE, element(0x80, &key_id)))
            .with(AIA, false, access(&["http://ca.example.com/ca.cer"], &["http://ocsp.example.com"]))
            .with(CRL, false, crl_points(&["http://crl.example.com/1.crl"]))
            .with(POLICIES, false, element(SEQUENCE, sequence([element(OID, [0x67, 0x81, 0x0c, 1, 2, 1])])))
            .with(SCTS, false, sct_list(2))
    }

    /// Valid from `issued` for this number of days, the last second included.
    pub(crate) fn valid(self, issued: UnixTime, days: i64) -> Self {
        self.valid_seconds(issued, days * DAY_SECONDS)
    }

    pub(crate) fn valid_seconds(mut self, issued: UnixTime, seconds: i64) -> Self {
        self.issued = issued;
        self.draft.not_before = time(issued);
        self.draft.not_after = time(issued.plus_seconds(seconds - 1));
        self
    }

    /// Issued on this day, for 40 days.
    pub(crate) fn issued(self, day: &str) -> Self {
        self.valid(UnixTime::parse(day).unwrap(), 40)
    }

    /// With this extension, in the place of one of its kind.
    pub(crate) fn with(mut self, oid: &[u8], is_critical: bool, value: Vec<u8>) -> Self {
        let critical = if is_critical { element(0x01, [0xff]) } else { Vec::new() };
        let extension = sequence([element(OID, oid), critical, element(OCTETS, value)]);
        match self.extensions.iter_mut().find(|(known, _)| known == oid) {
            Some((_, known)) => *known = extension,
            None => self.extensions.push((oid.to_vec(), extension)),
        }
        self
    }

    /// With an extension of a kind that is not there yet.
    pub(crate) fn with_more(mut self, oid: &[u8], value: Vec<u8>) -> Self {
        self.extensions.push((oid.to_vec(), sequence([element(OID, oid), element(OCTETS, value)])));
        self
    }

    pub(crate) fn without(mut self, oid: &[u8]) -> Self {
        self.extensions.retain(|(known, _)| known != oid);
        self
    }

    /// With a copy of an extension that is there.
    pub(crate) fn twice(mut self, oid: &[u8]) -> Self {
        let copy = self.extensions.iter().find(|(known, _)| known == oid).unwrap().clone();
        self.extensions.push(copy);
        self
    }

    pub(crate) fn dns(self, names: &[&str]) -> Self {
        let names: Vec<_> = names.iter().map(|name| (DNS, name.as_bytes())).collect();
        self.with(SAN, true, general_names(&names))
    }

    /// With its names in an extension that is not critical, as beside a subject (RFC 5280 section 4.2.1.6).
    pub(crate) fn with_names_uncritical(self) -> Self {
        self.with(SAN, false, general_names(&[(DNS, b"www.example.com")]))
    }

    pub(crate) fn subject(mut self, attributes: &[(&[u8], &str)]) -> Self {
        let rdns = attributes.iter().map(|(oid, value)| {
            element(0x31, sequence([element(OID, oid), element(UTF8, value.as_bytes())]))
        });
        self.draft.subject = element(SEQUENCE, rdns.collect::<Vec<_>>().concat());
        self
    }

    pub(crate) fn key(mut self, key: Vec<u8>) -> Self {
        self.draft.key = key;
        self
    }

    /// Signed by the root.
    pub(crate) fn der(&self) -> Vec<u8> {
        let extensions = self.extensions.iter().map(|(_, extension)| extension.clone()).collect();
        let draft = Draft {
            version: self.draft.version.clone(),
            serial: self.draft.serial.clone(),
            algorithm: self.draft.algorithm.clone(),
            issuer: self.draft.issuer.clone(),
            not_before: self.draft.not_before.clone(),
            not_after: self.draft.not_after.clone(),
            subject: self.draft.subject.clone(),
            key: self.draft.key.clone(),
            signature: Vec::new(),
            extensions,
        };
        let tbs = draft.tbs();
        let signature = self.root.key().sign(&tbs).unwrap();
        let algorithm = self.outer_algorithm.as_ref().unwrap_or(&self.draft.algorithm).clone();
        sequence([tbs, algorithm, element(BITS, [&[0], &*signature].concat())])
    }

    pub(crate) fn root_der(&self) -> &[u8] {
        &self.root.der
    }

    /// What is said the day after it was issued, where the root is in a public store or in none.
    pub(crate) fn judged(&self, is_public: bool) -> Assessment {
        let mut judge = Judge::with(vec![store("test", &[&self.root], is_public)]);
        judge.now = self.issued.plus_seconds(DAY_SECONDS);
        let mut observation = served(chain(&[&self.der()]), TlsFacts::default());
        observation.endpoint.server_name = None;
        observation.outcome = Outcome::Read(chain(&[&self.der()]));
        judge.assess(&observation)
    }

    /// Rules that a certificate of a public authority breaks.
    pub(crate) fn public(&self) -> Vec<Rule> {
        rules(&self.judged(true))
    }

    /// Rules that a certificate of a private authority breaks.
    pub(crate) fn private(&self) -> Vec<Rule> {
        rules(&self.judged(false))
    }

    /// The verdict under a public store.
    pub(crate) fn verdict(&self, rule: Rule) -> Verdict {
        verdict(&self.judged(true), rule).clone()
    }
}

/// A root that was there when the rules began, and outlives them.
pub(crate) fn authority() -> Entity {
    Recipe { days_ago: 9_000, days_left: 40_000, ..Recipe::ca("Root") }.self_signed()
}

/// UTCTime to 2049, GeneralizedTime from then on.
fn time(at: UnixTime) -> Vec<u8> {
    let digits: String = at.to_string().chars().filter(|c| c.is_ascii_digit()).collect();
    if at.0 < 2_524_608_000 {
        element(UTC_TIME, format!("{}Z", &digits[2..]))
    } else {
        element(GENERALIZED_TIME, format!("{digits}Z"))
    }
}

pub(crate) fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// SubjectPublicKeyInfo of an EC key.
pub(crate) fn ec_key(curve: &[u8], point: &[u8]) -> Vec<u8> {
    let algorithm = sequence([element(OID, EC_KEY), element(OID, curve)]);
    sequence([algorithm, element(BITS, [&[0], point].concat())])
}

/// SubjectPublicKeyInfo of an RSA key; both numbers positive and without leading zeros.
pub(crate) fn rsa_key(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let number = |octets: &[u8]| {
        element(0x02, if octets[0] < 0x80 { octets.to_vec() } else { [&[0], octets].concat() })
    };
    let key = sequence([number(modulus), number(exponent)]);
    let algorithm = sequence([element(OID, RSA_KEY), vec![5, 0]]);
    sequence([algorithm, element(BITS, [&[0], &*key].concat())])
}

/// A modulus of this number of bits without small factors: enough where nobody uses the key.
pub(crate) fn modulus(bits: usize) -> Vec<u8> {
    let mut start = vec![0xa7; bits.div_ceil(8)];
    start[0] = match bits % 8 {
        0 => 0xc5,
        rest => 0xff >> (8 - rest),
    };
    let mut modulus = num_bigint::BigUint::from_bytes_be(&start);
    while (3_u32..65_536).step_by(2).any(|factor| &modulus % factor == 0_u32.into()) {
        modulus += 2_u32;
    }
    modulus.to_bytes_be()
}

pub(crate) fn general_names(names: &[(u8, &[u8])]) -> Vec<u8> {
    let names: Vec<_> = names.iter().map(|(kind, value)| element(*kind, value)).collect();
    element(SEQUENCE, names.concat())
}

pub(crate) fn purposes(oids: &[&[u8]]) -> Vec<u8> {
    element(SEQUENCE, oids.iter().map(|oid| element(OID, oid)).collect::<Vec<_>>().concat())
}

/// authorityInfoAccess with URLs of the issuer's certificate and of its OCSP responder.
pub(crate) fn access(issuers: &[&str], ocsp: &[&str]) -> Vec<u8> {
    let describe = |method: u8, url: &&str| {
        sequence([element(OID, [0x2b, 6, 1, 5, 5, 7, 48, method]), element(URI, url.as_bytes())])
    };
    let ocsp = ocsp.iter().map(|url| describe(1, url));
    let all: Vec<_> = ocsp.chain(issuers.iter().map(|url| describe(2, url))).collect();
    element(SEQUENCE, all.concat())
}

pub(crate) fn crl_points(urls: &[&str]) -> Vec<u8> {
    let point = |url: &&str| element(SEQUENCE, element(0xa0, element(0xa0, element(URI, url.as_bytes()))));
    element(SEQUENCE, urls.iter().map(point).collect::<Vec<_>>().concat())
}

/// A list of this number of timestamps, with signatures that nobody checks.
pub(crate) fn sct_list(count: u8) -> Vec<u8> {
    let vector = |content: &[u8]| [&u16::try_from(content.len()).unwrap().to_be_bytes(), content].concat();
    let sct = |log: u8| {
        vector(
            &[&[0][..], &[log; 32], &1_790_000_000_000_u64.to_be_bytes(), &[0, 0, 4, 3], &vector(&[7; 70])]
                .concat(),
        )
    };
    element(OCTETS, vector(&(0..count).map(sct).collect::<Vec<_>>().concat()))
}

#[test]
fn a_sound_certificate_breaks_no_rule() {
    assert_eq!(Leaf::sound().public(), []);
    assert_eq!(Leaf::sound().private(), []);
}
