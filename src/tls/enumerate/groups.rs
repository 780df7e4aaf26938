//! Groups up to TLS 1.2, as the ServerKeyExchange names them (RFC 8422 section 5.4), and finite-field groups negotiated
//! by RFC 7919. Goes on from what the enumeration of suites saw by the way. Never asks about TLS 1.3.

use super::ear::{Ear, Verdict};
use super::suites::{self, SuitesFound};
use super::{Aim, Enumeration, lists};
use crate::tls::registry::Authentication;
use crate::tls::{Answer, CipherSuite, KeyExchange, NamedGroup, Offer, ProtocolVersion, Question, Until};

/// The finite-field groups, in an order that is not a server's.
const FINITE_FIELDS: [NamedGroup; 5] = [
    NamedGroup::ffdhe4096,
    NamedGroup::ffdhe3072,
    NamedGroup::ffdhe6144,
    NamedGroup::ffdhe8192,
    NamedGroup::ffdhe2048,
];

/// The enumeration of one version's groups.
#[derive(Debug)]
pub struct OldGroups {
    ear: Ear,
    version: ProtocolVersion,
    stage: Stage,
    /// Suites to ask with.
    curves_with: Vec<CipherSuite>,
    fields_with: Vec<CipherSuite>,
    /// The server's certificate has a curve of its own, which has to be offered (RFC 8422 section 5.1): what was found
    /// goes behind what is left instead of away.
    keeps: bool,
    left: Vec<NamedGroup>,
    found: Vec<NamedGroup>,
    /// Found, and still offered.
    kept: Vec<NamedGroup>,
    fields_left: Vec<NamedGroup>,
    fields: Vec<NamedGroup>,
    follows_client: Option<bool>,
    complete: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Curves,
    Order,
    Fields,
    Done,
}

impl OldGroups {
    /// Goes on from the suites of one version. Asks nothing if those took small hellos: its own are long.
    pub fn new(suites: &SuitesFound) -> Self {
        let with = |part: &str| -> Vec<CipherSuite> {
            let has = |suite: &&CipherSuite| suite.known_name().is_some_and(|name| name.contains(part));
            suites.cipher_suites.iter().filter(has).copied().collect()
        };
        let ephemeral = [with("_ECDHE_"), with("_ECDH_anon_")].concat();
        let is_bound = |suite: &CipherSuite| suite.authentication() == Some(Authentication::Ecdsa);
        let (bound, free): (Vec<_>, Vec<_>) = ephemeral.into_iter().partition(is_bound);
        let keeps = free.is_empty();
        let found = suites.groups.clone();
        let repeats = suites.group_answers > found.len();
        let follows_client = match found.len() {
            0 => None,
            // One was chosen again although others stood before it.
            1 => repeats.then_some(false),
            _ => Some(true),
        };
        let mut groups = Self {
            ear: Ear::default(),
            version: suites.version,
            stage: Stage::Curves,
            curves_with: if keeps { bound } else { free },
            fields_with: with("_DHE_"),
            keeps,
            left: lists::OLD_GROUPS.iter().filter(|group| !found.contains(group)).copied().collect(),
            kept: found.clone(),
            found,
            fields_left: FINITE_FIELDS.to_vec(),
            fields: Vec::new(),
            follows_client,
            complete: false,
        };
        if suites.is_small {
            groups.follows_client = None;
            groups.stage = Stage::Done;
        } else if groups.curves_with.is_empty() {
            groups.complete = true;
            groups.curves_are_over();
        }
        groups
    }

    /// The groups, whether these are all, and whether the server's order decides.
    pub fn finish(self) -> (Vec<NamedGroup>, bool, Option<bool>) {
        let mut found = self.found;
        let several = found.len() > 1;
        if self.follows_client == Some(true) {
            found.sort_by_key(|group| lists::OLD_GROUPS.iter().position(|other| other == group));
        }
        found.extend(self.fields);
        (found, self.complete, self.follows_client.filter(|_| several).map(|follows| !follows))
    }

    fn curves_are_over(&mut self) {
        let is_open = self.found.len() > 1 && self.follows_client.is_none();
        self.stage = if is_open { Stage::Order } else { Stage::Fields };
        if self.stage == Stage::Fields && self.fields_with.is_empty() {
            self.stage = Stage::Done;
        }
    }

    fn order_is_over(&mut self) {
        self.stage = if self.fields_with.is_empty() { Stage::Done } else { Stage::Fields };
    }

    fn curve(&mut self, group: Option<NamedGroup>) {
        let Some(group) = group else { return self.curves_are_over() };
        if let Some(at) = self.left.iter().position(|other| *other == group) {
            self.left.remove(at);
            self.found.push(group);
            self.kept.push(group);
            if self.left.is_empty() {
                self.complete = true;
                self.curves_are_over();
            }
            return;
        }
        let is_kept = self.keeps && self.kept.contains(&group);
        if is_kept && self.follows_client == Some(true) {
            // It passed over all that stood before.
            self.complete = true;
            self.curves_are_over();
        } else if is_kept {
            // Its favourite: what comes after it shows once it is gone, unless it is the certificate's own.
            self.kept.retain(|other| *other != group);
            self.follows_client = Some(false);
        } else {
            self.curves_are_over();
        }
    }

    fn curves_refused(&mut self) {
        // With an ECDSA key the refusal may be for the certificate's curve, which is not among those left.
        self.complete = !self.keeps;
        self.curves_are_over();
    }

    fn field(&mut self, exchange: Option<&KeyExchange>) {
        let group = match exchange {
            Some(KeyExchange::Dhe { prime, .. }) => named_field(prime),
            _ => None,
        };
        match group.and_then(|group| self.fields_left.iter().position(|other| *other == group)) {
            Some(at) => self.fields.push(self.fields_left.remove(at)),
            None => {
                // It sends the same parameters whatever is offered: its own, not negotiated ones.
                if group.is_some_and(|group| self.fields.contains(&group)) {
                    self.fields.clear();
                }
                self.stage = Stage::Done;
            }
        }
        if self.fields_left.is_empty() {
            self.stage = Stage::Done;
        }
    }
}

impl Enumeration for OldGroups {
    fn question(&self) -> Option<(Aim, Question)> {
        let kept = if self.keeps { self.kept.as_slice() } else { &[] };
        let (suites, groups) = match self.stage {
            Stage::Curves => (&self.curves_with, [self.left.as_slice(), kept].concat()),
            Stage::Order => (&self.curves_with, self.found.iter().rev().copied().collect()),
            Stage::Fields => (&self.fields_with, self.fields_left.clone()),
            Stage::Done => return None,
        };
        let offer = Offer { groups, ..suites::offer(self.version, suites.clone()) };
        Some((Aim::Groups, Question { offer, until: Until::KeyExchange }))
    }

    fn hear(&mut self, answer: &Answer) {
        let Some(verdict) = self.ear.hear(answer) else { return };
        let chosen = match verdict {
            Verdict::Chose(answer) if answer.version == self.version => Some(answer),
            Verdict::Chose(_) | Verdict::Refused(_) => None,
            Verdict::Unheard => {
                match self.stage {
                    Stage::Curves => self.curves_are_over(),
                    Stage::Fields => {
                        // However well the curves are known.
                        self.complete = false;
                        self.stage = Stage::Done;
                    }
                    Stage::Order => self.order_is_over(),
                    Stage::Done => {}
                }
                return;
            }
        };
        match (self.stage, chosen) {
            (Stage::Curves, Some(answer)) => self.curve(answer.group),
            (Stage::Curves, None) => self.curves_refused(),
            (Stage::Order, chosen) => {
                let group = chosen.and_then(|answer| answer.group);
                self.follows_client = match group {
                    Some(_) if group == self.found.last().copied() => Some(true),
                    Some(_) if group == self.found.first().copied() => Some(false),
                    _ => None,
                };
                self.order_is_over();
            }
            (Stage::Fields, chosen) => self.field(chosen.and_then(|answer| answer.key_exchange.as_ref())),
            (Stage::Done, _) => {}
        }
    }
}

/// The group of RFC 7919 with this prime. All of them begin and end alike and no other prime does, so that length and
/// beginning tell: 64 bits of ones, then the binary expansion of e (RFC 7919 appendix A).
fn named_field(prime: &[u8]) -> Option<NamedGroup> {
    const BEGINNING: [u8; 16] =
        [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xad, 0xf8, 0x54, 0x58, 0xa2, 0xbb, 0x4a, 0x9a];
    if !prime.starts_with(&BEGINNING) {
        return None;
    }
    match prime.len() {
        256 => Some(NamedGroup::ffdhe2048),
        384 => Some(NamedGroup::ffdhe3072),
        512 => Some(NamedGroup::ffdhe4096),
        768 => Some(NamedGroup::ffdhe6144),
        1024 => Some(NamedGroup::ffdhe8192),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
