//! A server that is nothing but a table: answers questions as its configuration says. For the tests of this room.

use proptest::strategy::Strategy;

use super::{Enumeration, lists};
use crate::tls::codec::{self, extension};
use crate::tls::registry::Authentication;
use crate::tls::{
    AlertDescription, Answer, CipherSuite, KeyExchange, NamedGroup, Offer, ProtocolVersion, Question,
    ServerAnswer, SignatureScheme,
};

/// A choice without extensions.
pub(super) fn answer(version: ProtocolVersion, cipher_suite: CipherSuite) -> ServerAnswer {
    ServerAnswer {
        is_retry_request: false,
        version,
        cipher_suite,
        group: None,
        session_id: Vec::new(),
        compression: 0,
        extensions: Vec::new(),
        certificates: None,
        key_exchange: None,
        client_auth: None,
    }
}

/// The choice of a finite-field suite with these parameters.
pub(super) fn dhe_answer(prime: &[u8], public: &[u8]) -> ServerAnswer {
    let key_exchange =
        KeyExchange::Dhe { prime: prime.to_vec(), generator: vec![2], public: public.to_vec(), scheme: None };
    ServerAnswer {
        key_exchange: Some(key_exchange),
        ..answer(ProtocolVersion::TLSv1_2, CipherSuite::TLS_DHE_RSA_WITH_AES_128_GCM_SHA256)
    }
}

/// A server's configuration.
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// What it accepts, in its own order, with the versions oldest first.
    pub(super) versions: Vec<(ProtocolVersion, Vec<CipherSuite>)>,
    /// Its order decides, not the client's.
    pub(super) server_order: bool,
    /// ChaCha20 first for clients that have it in front of what the server knows.
    pub(super) prioritises_chacha: bool,
    /// Up to TLS 1.2 and in TLS 1.3, in its own order.
    pub(super) groups: Vec<NamedGroup>,
    pub(super) group_order: bool,
    /// The curve of its ECDSA certificate, which up to TLS 1.2 the client has to list.
    pub(super) ecdsa_curve: Option<NamedGroup>,
    /// In its own order; it follows the client's.
    pub(super) schemes: Vec<SignatureScheme>,
    pub(super) alpn: Vec<&'static [u8]>,
    pub(super) prime: Vec<u8>,
    pub(super) quirk: Quirk,
}

/// How a server departs from the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quirk {
    None,
    /// Says nothing at all.
    Silent,
    /// Says nothing to, or resets, hellos of more than 255 bytes.
    SilentOnLong,
    ResetsLong,
    /// Refuses 128 suites and more with an alert.
    FewSuites,
    /// Resets instead of sending alerts.
    ResetsToRefuse,
    /// Answers everything with this suite, offered or not.
    Stubborn(CipherSuite),
    /// Takes no TLS 1.3 hello without a key share.
    WantsShare,
    /// Refuses reserved values.
    HatesGrease,
    /// Is not heard of again after so many answers.
    SilentAfter(usize),
    /// Says `internal_error` to every fourth hello, whatever it is.
    Moody,
    /// Refuses versions that it does not speak with `handshake_failure`.
    Vague,
    /// Signs with SHA-1 whatever is offered.
    SignsAsItLikes,
}

impl Table {
    /// TLS 1.2 and 1.3 as servers of today are set up, with an RSA key.
    pub(super) fn modern() -> Self {
        Self {
            versions: vec![
                (
                    ProtocolVersion::TLSv1_2,
                    vec![
                        CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
                        CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
                        CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
                    ],
                ),
                (
                    ProtocolVersion::TLSv1_3,
                    vec![
                        CipherSuite::TLS_AES_256_GCM_SHA384,
                        CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
                        CipherSuite::TLS_AES_128_GCM_SHA256,
                    ],
                ),
            ],
            server_order: true,
            prioritises_chacha: false,
            groups: vec![NamedGroup::x25519, NamedGroup::secp256r1, NamedGroup::secp384r1],
            group_order: false,
            ecdsa_curve: None,
            schemes: vec![SignatureScheme::rsa_pss_rsae_sha256, SignatureScheme::rsa_pkcs1_sha256],
            alpn: Vec::new(),
            prime: vec![0xfb; 32],
            quirk: Quirk::None,
        }
    }

    /// TLS 1.0 to 1.2 with CBC, and RC4 in the oldest.
    pub(super) fn legacy() -> Self {
        let cbc = [CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA, CipherSuite::TLS_DHE_RSA_WITH_AES_256_CBC_SHA];
        let with_rc4 = [&cbc[..], &[CipherSuite::TLS_RSA_WITH_RC4_128_SHA]].concat();
        Self {
            versions: vec![
                (ProtocolVersion::TLSv1_0, with_rc4),
                (ProtocolVersion::TLSv1_1, cbc.to_vec()),
                (ProtocolVersion::TLSv1_2, cbc.to_vec()),
            ],
            ..Self::modern()
        }
    }

    /// This server with a quirk.
    pub(super) fn but(self, quirk: Quirk) -> Self {
        Self { quirk, ..self }
    }

    fn suites(&self, version: ProtocolVersion) -> &[CipherSuite] {
        self.versions.iter().find(|(v, _)| *v == version).map_or(&[], |(_, suites)| suites)
    }

    /// Its answer to the question that is the `number`th one, counted from one.
    fn answer(&self, question: &Question, number: usize) -> Answer {
        let offer = &question.offer;
        let length = question.hello(&[7; 96], Some("a.example")).as_bytes().len();
        let share = offer.key_shares.as_ref().is_some_and(|shares| !shares.is_empty());
        match self.quirk {
            Quirk::Silent => return Answer::Timeout,
            Quirk::SilentOnLong if length > 255 => return Answer::Timeout,
            Quirk::ResetsLong if length > 255 => return Answer::Reset,
            Quirk::SilentAfter(answers) if number > answers => return Answer::Timeout,
            Quirk::Moody if number.is_multiple_of(4) => {
                return Answer::Alert(AlertDescription::internal_error);
            }
            Quirk::FewSuites if offer.cipher_suites.len() >= 128 => {
                return Answer::Alert(AlertDescription::decode_error);
            }
            Quirk::HatesGrease if offer.cipher_suites.contains(&CipherSuite(0x4a4a)) => {
                return Answer::Alert(AlertDescription::illegal_parameter);
            }
            Quirk::WantsShare if offer.key_shares.is_some() && !share => {
                return Answer::Alert(AlertDescription::missing_extension);
            }
            Quirk::Stubborn(suite) => return chose(answer(offer.legacy_version, suite)),
            _ => {}
        }
        match self.choose(offer) {
            Ok(answer) => chose(answer),
            Err(_) if self.quirk == Quirk::ResetsToRefuse => Answer::Reset,
            Err(AlertDescription::protocol_version) if self.quirk == Quirk::Vague => {
                Answer::Alert(AlertDescription::handshake_failure)
            }
            Err(alert) => Answer::Alert(alert),
        }
    }

    fn choose(&self, offer: &Offer) -> Result<ServerAnswer, AlertDescription> {
        let speaks = |version: &ProtocolVersion| !self.suites(*version).is_empty();
        let knows_13 = speaks(&ProtocolVersion::TLSv1_3);
        let version = if knows_13 && !offer.supported_versions.is_empty() {
            offer.supported_versions.iter().copied().filter(speaks).max()
        } else {
            let below = self.versions.iter().map(|(version, _)| *version);
            below.filter(|v| *v <= offer.legacy_version && *v < ProtocolVersion::TLSv1_3).max()
        };
        let version = version.ok_or(AlertDescription::protocol_version)?;
        let newest = self.versions.last().map(|(version, _)| *version);
        if offer.cipher_suites.contains(&CipherSuite::TLS_FALLBACK_SCSV) && Some(version) != newest {
            return Err(AlertDescription::inappropriate_fallback);
        }
        let suite = self.suite(version, offer).ok_or(AlertDescription::handshake_failure)?;
        let mut answer = answer(version, suite);
        let group = self.group(offer);
        if version == ProtocolVersion::TLSv1_3 {
            answer.is_retry_request = offer.key_shares.as_ref().is_some_and(Vec::is_empty);
            answer.group = group;
        } else {
            self.exchange_keys(&mut answer, offer);
        }
        if !offer.alpn.is_empty() && !self.alpn.is_empty() {
            let chosen = self.alpn.iter().find(|name| offer.alpn.iter().any(|other| other == *name));
            let name = *chosen.ok_or(AlertDescription::no_application_protocol)?;
            let mut list = Vec::new();
            codec::put_vector8(&mut list, name);
            let mut content = Vec::new();
            codec::put_vector16(&mut content, &list);
            answer.extensions.push((extension::ALPN, content));
        }
        Ok(answer)
    }

    fn suite(&self, version: ProtocolVersion, offer: &Offer) -> Option<CipherSuite> {
        let usable = |suite: &CipherSuite| self.is_usable(*suite, version, offer);
        let mine = || self.suites(version).iter().copied();
        let first_known = offer.cipher_suites.iter().find(|suite| suite.known_name().is_some());
        if self.prioritises_chacha
            && first_known.is_some_and(|suite| lists::is_chacha(*suite))
            && let Some(suite) = mine().filter(|suite| lists::is_chacha(*suite)).find(usable)
        {
            return Some(suite);
        }
        if self.server_order {
            mine().find(usable)
        } else {
            offer.cipher_suites.iter().copied().filter(|suite| mine().any(|m| m == *suite)).find(usable)
        }
    }

    fn is_usable(&self, suite: CipherSuite, version: ProtocolVersion, offer: &Offer) -> bool {
        let name = suite.known_name().unwrap_or_default();
        let needs_group = version == ProtocolVersion::TLSv1_3 || is_ecdhe(suite);
        // Up to TLS 1.2 no list of groups means any group.
        let has_group =
            self.group(offer).is_some() || (offer.groups.is_empty() && version < ProtocolVersion::TLSv1_3);
        let curve = self.ecdsa_curve.filter(|_| name.contains("_ECDSA_"));
        let has_curve = curve.is_none_or(|curve| offer.groups.contains(&curve));
        let signs = suite.forward_secrecy() == Some(true) && version >= ProtocolVersion::TLSv1_2;
        let has_scheme = !signs || self.quirk == Quirk::SignsAsItLikes || self.scheme(suite, offer).is_some();
        offer.cipher_suites.contains(&suite) && (!needs_group || has_group) && has_curve && has_scheme
    }

    fn group(&self, offer: &Offer) -> Option<NamedGroup> {
        if self.group_order {
            self.groups.iter().copied().find(|group| offer.groups.contains(group))
        } else {
            offer.groups.iter().copied().find(|group| self.groups.contains(group))
        }
    }

    fn scheme(&self, suite: CipherSuite, offer: &Offer) -> Option<SignatureScheme> {
        let fits = |scheme: &SignatureScheme| {
            let is_rsa = scheme.known_name().is_some_and(|name| name.starts_with("rsa_"));
            suite.authentication() == Some(Authentication::Negotiated)
                || is_rsa == (suite.authentication() == Some(Authentication::Rsa))
        };
        offer.signature_schemes.iter().copied().filter(|s| self.schemes.contains(s)).find(fits)
    }

    fn exchange_keys(&self, answer: &mut ServerAnswer, offer: &Offer) {
        let name = answer.cipher_suite.known_name().unwrap_or_default();
        let is_12 = answer.version == ProtocolVersion::TLSv1_2;
        let scheme = match self.quirk {
            Quirk::SignsAsItLikes => Some(SignatureScheme::rsa_pkcs1_sha1),
            _ => self.scheme(answer.cipher_suite, offer),
        };
        let scheme = scheme.filter(|_| is_12);
        if is_ecdhe(answer.cipher_suite) {
            let group = self.group(offer).or(self.groups.first().copied()).unwrap();
            answer.group = Some(group);
            answer.key_exchange = Some(KeyExchange::Ecdhe { group, public: vec![4], scheme });
        } else if name.contains("_DHE_") {
            let (prime, public) = (self.prime.clone(), vec![9]);
            answer.key_exchange = Some(KeyExchange::Dhe { prime, generator: vec![2], public, scheme });
        }
    }
}

/// Names a curve in its key exchange.
fn is_ecdhe(suite: CipherSuite) -> bool {
    let name = suite.known_name().unwrap_or_default();
    name.contains("_ECDHE_") || name.contains("_ECDH_anon_")
}

fn chose(answer: ServerAnswer) -> Answer {
    Answer::Chose(Box::new(answer))
}

/// The server's answer to its `number`th question.
pub(super) fn answered(server: &Table, question: &Question, number: usize) -> Answer {
    server.answer(question, number)
}

/// Asks until there is nothing more to ask, and counts the questions.
pub(super) fn interrogate(server: &Table, enumeration: &mut impl Enumeration) -> usize {
    let mut asked = 0;
    while let Some((_, question)) = enumeration.question() {
        asked += 1;
        assert!(asked < 1_000, "there is no end to it");
        enumeration.hear(&server.answer(&question, asked));
    }
    asked
}

/// What an enumeration asks next, for a look at the hello.
pub(super) fn next_offer(enumeration: &impl Enumeration) -> Offer {
    enumeration.question().unwrap().1.offer
}

proptest::prop_compose! {
    /// Some of these, in some order; at least one.
    pub(super) fn some_of(all: Vec<CipherSuite>, most: usize)
        (chosen in proptest::sample::subsequence(all, 1..=most).prop_shuffle()) -> Vec<CipherSuite> {
        chosen
    }
}

proptest::prop_compose! {
    /// A server by the book that speaks one version up to TLS 1.2 and TLS 1.3.
    pub(super) fn any_server()(
        old in some_of(lists::OLD_SUITES.clone(), 40),
        new in some_of(lists::TLS13_SUITES.to_vec(), 5),
        groups in proptest::sample::subsequence(common_groups(), 1..=9).prop_shuffle(),
        server_order: bool,
        prioritises: bool,
        group_order: bool,
    ) -> Table {
        Table {
            versions: vec![(ProtocolVersion::TLSv1_2, old), (ProtocolVersion::TLSv1_3, new)],
            server_order,
            prioritises_chacha: prioritises && server_order,
            groups,
            group_order,
            schemes: lists::SCHEMES.to_vec(),
            ..Table::modern()
        }
    }
}

/// Groups of TLS 1.2 and 1.3 alike.
fn common_groups() -> Vec<NamedGroup> {
    lists::OLD_GROUPS.iter().filter(|group| lists::TLS13_GROUPS.contains(group)).copied().collect()
}
