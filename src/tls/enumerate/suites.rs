//! Suites of one version up to TLS 1.2, and whether the server speaks that version at all: the first question asks for
//! both. Groups, signature schemes and parameters come with the answers. Never asks about TLS 1.3 and SSL 2.
//! RFC 5246, RFC 4346, RFC 2246, RFC 6101.

use super::ear::{Ear, Verdict};
use super::order::Order;
use super::sights::Sights;
use super::{Aim, Enumeration, lists};
use crate::tls::codec::extension;
use crate::tls::{
    AlertDescription, Answer, CipherSuite, KeyExchange, NamedGroup, Offer, OfferKind, ProtocolVersion,
    Question, ServerAnswer, SignatureScheme, Until,
};

/// DEFLATE (RFC 3749).
const DEFLATE: u8 = 1;
/// Suites in a hello of at most 255 bytes.
const SMALL_CHUNK: usize = 56;

/// What is known of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuitesFound {
    pub version: ProtocolVersion,
    /// `None` where it could not be told.
    pub offered: Option<bool>,
    /// In the server's order where it has one, else strongest first.
    pub cipher_suites: Vec<CipherSuite>,
    /// Everything else is refused.
    pub complete: bool,
    /// Found with hellos of at most 255 bytes: the server, or what stands before it, may take no longer ones, so that
    /// what refuses those says nothing.
    pub is_small: bool,
    pub server_order: Option<bool>,
    pub chacha_prioritised: Option<bool>,
    /// Groups chosen along the way, in that order.
    pub groups: Vec<NamedGroup>,
    /// Answers with a group.
    pub group_answers: usize,
    /// Signature schemes chosen along the way, in that order.
    pub schemes: Vec<SignatureScheme>,
    pub sights: Sights,
    /// The server has nothing at or below this version: it answered `protocol_version` (RFC 5246 appendix E.1).
    pub nothing_older: bool,
    /// The server answered with this older version.
    pub fell_back: Option<Box<ServerAnswer>>,
}

/// The enumeration of one version's suites.
#[derive(Debug)]
pub struct Suites {
    ear: Ear,
    stage: Stage,
    /// Small hellos only: the server took no other.
    is_small: bool,
    /// No answer came to the long hello: what refuses it may not be the server.
    long_went_unanswered: bool,
    /// Suites of the current chunk that were not chosen yet.
    left: Vec<CipherSuite>,
    /// Chunks to come.
    chunks: Vec<Vec<CipherSuite>>,
    /// All that was offered, in the order it was.
    offered: Vec<CipherSuite>,
    /// Chunks in which something was found.
    chunks_with: usize,
    chunk_had: bool,
    /// Found in several chunks, without a word on which comes first.
    order_is_lost: bool,
    /// What was chosen goes to the end, so that a server that follows us shows another next time.
    groups: Vec<NamedGroup>,
    schemes: Vec<SignatureScheme>,
    order: Order,
    found: SuitesFound,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Choosing,
    /// Found in several chunks: once more with what was found, for the order.
    Merging,
    Ordering,
    Done,
}

impl Suites {
    /// Every suite of SSL 3 to TLS 1.2.
    pub fn new(version: ProtocolVersion) -> Self {
        let suites = lists::OLD_SUITES.clone();
        let has_groups = version >= ProtocolVersion::TLSv1_0;
        let has_schemes = version == ProtocolVersion::TLSv1_2;
        Self {
            ear: Ear::default(),
            stage: Stage::Choosing,
            is_small: false,
            long_went_unanswered: false,
            left: suites.clone(),
            chunks: Vec::new(),
            offered: suites,
            chunks_with: 0,
            chunk_had: false,
            order_is_lost: false,
            groups: if has_groups { lists::OLD_GROUPS.to_vec() } else { Vec::new() },
            schemes: if has_schemes { lists::SCHEMES.to_vec() } else { Vec::new() },
            order: Order::settled(),
            found: SuitesFound {
                version,
                offered: None,
                cipher_suites: Vec::new(),
                complete: false,
                is_small: false,
                server_order: None,
                chacha_prioritised: None,
                groups: Vec::new(),
                group_answers: 0,
                schemes: Vec::new(),
                sights: Sights::default(),
                nothing_older: false,
                fell_back: None,
            },
        }
    }

    /// What was found.
    pub fn finish(self) -> SuitesFound {
        let mut found = self.found;
        found.server_order = self.order.server_order;
        found.is_small = self.is_small;
        found.chacha_prioritised = self.order.chacha_prioritised;
        if found.server_order == Some(false) || self.order_is_lost {
            lists::sort_strongest_first(&mut found.cipher_suites);
        }
        found
    }

    fn worked(&self) -> bool {
        !self.found.cipher_suites.is_empty()
    }

    /// Takes to hellos of at most 255 bytes, the most common suites first, after this answer to a long one.
    fn shrink(&mut self, answer: &Answer) {
        let mut suites = self.offered.clone();
        lists::sort_strongest_first(&mut suites);
        suites.sort_by_key(|suite| !lists::COMMON_SUITES.contains(suite));
        let mut chunks = suites.chunks(SMALL_CHUNK).map(<[_]>::to_vec).rev().collect::<Vec<_>>();
        self.is_small = true;
        self.long_went_unanswered = !matches!(answer, Answer::Alert(_));
        self.left = chunks.pop().unwrap_or_default();
        self.chunks = chunks;
        self.offered = suites;
        self.ear = Ear::for_a_second_hearing(answer);
    }

    fn chosen(&mut self, answer: &ServerAnswer) {
        let version = self.found.version;
        if answer.version != version {
            if self.worked() {
                // Nothing of the rest in this version.
                return self.chunk_is_over();
            }
            self.found.offered = Some(false);
            self.found.complete = true;
            if answer.version < version {
                self.found.fell_back = Some(Box::new(answer.clone()));
            }
            self.stage = Stage::Done;
            return;
        }
        self.found.offered = Some(true);
        self.see(answer);
        let Some(at) = self.left.iter().position(|suite| *suite == answer.cipher_suite) else {
            // It chooses what it was not offered: there is no end to that.
            self.stage = Stage::Done;
            return;
        };
        self.left.remove(at);
        self.found.cipher_suites.push(answer.cipher_suite);
        self.chunk_had = true;
        if self.left.is_empty() {
            self.chunk_is_over();
        }
    }

    fn see(&mut self, answer: &ServerAnswer) {
        if self.is_small || self.found.version == ProtocolVersion::SSLv3 {
            self.found.sights.see_what_needs_no_extension(answer);
        } else {
            self.found.sights.see(answer);
        }
        let scheme = match &answer.key_exchange {
            Some(KeyExchange::Ecdhe { group, scheme, .. }) => {
                self.found.group_answers += 1;
                to_the_end(&mut self.groups, *group, &mut self.found.groups);
                *scheme
            }
            Some(KeyExchange::Dhe { scheme, .. }) => *scheme,
            _ => None,
        };
        if let Some(scheme) = scheme {
            to_the_end(&mut self.schemes, scheme, &mut self.found.schemes);
        }
    }

    fn refused(&mut self, alert: Option<AlertDescription>) {
        // An alert where the long hello had no answer is the server's word, but on these suites alone.
        let is_of_suites = alert.is_some_and(|alert| alert != AlertDescription::protocol_version);
        let has_more_to_say = self.long_went_unanswered && is_of_suites && !self.chunks.is_empty();
        if self.worked() || has_more_to_say {
            return self.chunk_is_over();
        }
        self.found.offered = Some(false);
        self.found.complete = true;
        self.found.nothing_older = alert == Some(AlertDescription::protocol_version);
        self.stage = Stage::Done;
    }

    fn chunk_is_over(&mut self) {
        self.chunks_with += usize::from(std::mem::take(&mut self.chunk_had));
        if self.stage == Stage::Merging {
            // What it took before and refuses now stays found.
            let left = std::mem::take(&mut self.left);
            self.found.cipher_suites.extend(left);
            return self.ask_for_order();
        }
        if let Some(next) = self.chunks.pop() {
            self.left = next;
            return;
        }
        self.found.complete = true;
        if self.chunks_with > 1 && self.found.cipher_suites.len() <= SMALL_CHUNK {
            self.stage = Stage::Merging;
            self.left = std::mem::take(&mut self.found.cipher_suites);
            self.left.sort_by_key(|suite| self.offered.iter().position(|other| other == suite));
            return;
        }
        self.ask_for_order();
    }

    fn ask_for_order(&mut self) {
        let suites = &self.found.cipher_suites;
        self.order_is_lost = self.chunks_with > 1 && self.stage != Stage::Merging;
        self.order = if self.order_is_lost { Order::settled() } else { Order::new(suites, &self.offered) };
        self.stage = Stage::Ordering;
        self.go_on_with_order();
    }

    fn go_on_with_order(&mut self) {
        if self.order.list().is_none() {
            self.stage = Stage::Done;
        }
    }

    fn unheard(&mut self) {
        match self.stage {
            Stage::Merging => {
                // What was found stays found, only its order is not known.
                let left = std::mem::take(&mut self.left);
                self.found.cipher_suites.extend(left);
                self.order_is_lost = true;
            }
            Stage::Ordering => self.order.hear(None),
            Stage::Choosing | Stage::Done => {}
        }
        self.stage = Stage::Done;
    }
}

impl Enumeration for Suites {
    fn question(&self) -> Option<(Aim, Question)> {
        let suites = match self.stage {
            Stage::Choosing | Stage::Merging => self.left.clone(),
            Stage::Ordering => self.order.list()?,
            Stage::Done => return None,
        };
        let version = self.found.version;
        let offer = if self.is_small {
            small_offer(version, suites)
        } else {
            Offer {
                groups: self.groups.clone(),
                signature_schemes: self.schemes.clone(),
                ..offer(version, suites)
            }
        };
        Some((Aim::Suites, Question { offer, until: Until::KeyExchange }))
    }

    fn hear(&mut self, answer: &Answer) {
        let is_first = self.stage == Stage::Choosing && !self.worked() && !self.is_small;
        let settles = matches!(answer, Answer::Chose(_) | Answer::Alert(AlertDescription::protocol_version));
        if is_first && !settles {
            return self.shrink(answer);
        }
        let Some(verdict) = self.ear.hear(answer) else { return };
        match (self.stage, verdict) {
            (Stage::Ordering, Verdict::Chose(answer)) => {
                self.see(answer);
                let is_ours = answer.version == self.found.version;
                self.order.hear(is_ours.then_some(answer.cipher_suite));
                self.go_on_with_order();
            }
            (Stage::Ordering, Verdict::Refused(_)) => {
                self.order.hear(None);
                self.go_on_with_order();
            }
            (_, Verdict::Chose(answer)) => self.chosen(answer),
            (_, Verdict::Refused(alert)) => self.refused(alert),
            (_, Verdict::Unheard) => self.unheard(),
        }
    }
}

/// Moves what was chosen to the end of what is offered; notes it if it is new.
fn to_the_end<T: Copy + PartialEq>(offered: &mut Vec<T>, chosen: T, found: &mut Vec<T>) {
    if let Some(at) = offered.iter().position(|other| *other == chosen) {
        offered.remove(at);
        offered.push(chosen);
        if !found.contains(&chosen) {
            found.push(chosen);
        }
    }
}

/// A hello of this version with everything there is to see by the way.
pub(super) fn offer(version: ProtocolVersion, cipher_suites: Vec<CipherSuite>) -> Offer {
    let has_extensions = version >= ProtocolVersion::TLSv1_0;
    let has_schemes = version >= ProtocolVersion::TLSv1_2;
    let mut offer = Offer {
        legacy_version: version,
        supported_versions: Vec::new(),
        cipher_suites,
        groups: if has_extensions { lists::OLD_GROUPS.to_vec() } else { Vec::new() },
        key_shares: None,
        signature_schemes: if has_schemes { lists::SCHEMES.to_vec() } else { Vec::new() },
        modern: has_extensions,
        compression: vec![DEFLATE],
        ..Offer::new(OfferKind::Legacy)
    };
    if has_extensions {
        offer.further_extensions = vec![
            (extension::SESSION_TICKET, Vec::new()),
            (extension::ENCRYPT_THEN_MAC, Vec::new()),
            (extension::HEARTBEAT, vec![1]),
            (extension::STATUS_REQUEST, vec![1, 0, 0, 0, 0]),
        ];
    } else {
        offer.cipher_suites.push(CipherSuite::TLS_EMPTY_RENEGOTIATION_INFO_SCSV);
    }
    offer
}

/// A hello of at most 255 bytes.
pub(super) fn small_offer(version: ProtocolVersion, cipher_suites: Vec<CipherSuite>) -> Offer {
    let small = Offer::new(OfferKind::Small);
    let has_extensions = version >= ProtocolVersion::TLSv1_0;
    let has_schemes = version >= ProtocolVersion::TLSv1_2;
    Offer {
        legacy_version: version,
        cipher_suites,
        groups: if has_extensions { small.groups.clone() } else { Vec::new() },
        signature_schemes: if has_schemes { small.signature_schemes.clone() } else { Vec::new() },
        compression: vec![DEFLATE],
        ..small
    }
}

#[cfg(test)]
mod tests;
