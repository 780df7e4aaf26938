//! Suites and groups of TLS 1.3, both at once: a hello with an empty key share makes the server name what it would take
//! of each in a HelloRetryRequest (RFC 8446 section 4.1.4), without a key exchange on either side. Never answers it.

use super::ear::{Ear, Verdict};
use super::order::Order;
use super::{Aim, Enumeration, lists};
use crate::tls::{
    AlertDescription, Answer, CipherSuite, NamedGroup, Offer, OfferKind, ProtocolVersion, Question,
    ServerAnswer, Until,
};

/// What is known of TLS 1.3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls13Found {
    /// `None` where it could not be told.
    pub offered: Option<bool>,
    /// In the server's order where it has one, else strongest first.
    pub cipher_suites: Vec<CipherSuite>,
    pub suites_complete: bool,
    pub server_order: Option<bool>,
    pub chacha_prioritised: Option<bool>,
    /// In the server's order where it has one, else as asked.
    pub groups: Vec<NamedGroup>,
    pub groups_complete: bool,
    pub group_order: Option<bool>,
}

/// The enumeration of TLS 1.3.
#[derive(Debug)]
pub struct Tls13 {
    ear: Ear,
    stage: Stage,
    /// The server wants a hello that is shorter, or has a key share in it: the groups' order does not show then.
    is_second_best: bool,
    /// Groups came once the suites were those that the server takes: so it was the suites that had run out.
    suites_ran_out: bool,
    suites: Vec<CipherSuite>,
    groups: Vec<NamedGroup>,
    order: Order,
    found: Tls13Found,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Both shrink together.
    Both,
    /// The suites may have run out: the groups alone.
    Groups,
    /// The groups have run out: the suites alone.
    Suites,
    /// Whose order of suites, and of groups by the way.
    Ordering,
    /// Whose order of groups.
    GroupOrder,
    Done,
}

impl Default for Tls13 {
    /// Every suite and group.
    fn default() -> Self {
        Self {
            ear: Ear::default(),
            stage: Stage::Both,
            is_second_best: false,
            suites_ran_out: false,
            suites: lists::TLS13_SUITES.to_vec(),
            groups: lists::TLS13_GROUPS.to_vec(),
            order: Order::settled(),
            found: Tls13Found {
                offered: None,
                cipher_suites: Vec::new(),
                suites_complete: false,
                server_order: None,
                chacha_prioritised: None,
                groups: Vec::new(),
                groups_complete: false,
                group_order: None,
            },
        }
    }
}

impl Tls13 {
    /// Every suite; of the groups the one that the server chooses with them.
    pub fn suites_only() -> Self {
        Self { stage: Stage::Suites, ..Self::default() }
    }

    /// What was found.
    pub fn finish(self) -> Tls13Found {
        let mut found = self.found;
        found.server_order = self.order.server_order;
        found.chacha_prioritised = self.order.chacha_prioritised;
        if found.server_order == Some(false) {
            lists::sort_strongest_first(&mut found.cipher_suites);
        }
        found
    }

    fn worked(&self) -> bool {
        self.found.offered == Some(true)
    }

    fn chosen(&mut self, answer: &ServerAnswer) {
        if answer.version != ProtocolVersion::TLSv1_3 {
            // Older servers, and some of today, answer with what they have (RFC 8446 appendix D).
            return self.refused();
        }
        let is_new_suite = take(&mut self.suites, answer.cipher_suite, &mut self.found.cipher_suites);
        let is_new_group =
            answer.group.is_some_and(|group| take(&mut self.groups, group, &mut self.found.groups));
        self.found.offered = Some(true);
        self.suites_ran_out |= self.stage == Stage::Groups && is_new_group;
        let goes_on = match self.stage {
            Stage::Both => is_new_suite || is_new_group,
            Stage::Groups => is_new_group,
            _ => is_new_suite,
        };
        if !goes_on {
            // It chooses what it was not offered: there is no end to that.
            self.stage = Stage::Done;
        } else if self.nothing_is_left() {
            self.refused();
        }
    }

    fn nothing_is_left(&self) -> bool {
        match self.stage {
            Stage::Both => self.suites.is_empty() || self.groups.is_empty(),
            Stage::Groups => self.groups.is_empty(),
            Stage::Suites => self.suites.is_empty(),
            _ => false,
        }
    }

    fn refused(&mut self) {
        if !self.worked() {
            self.found.offered = Some(false);
            self.found.suites_complete = true;
            self.found.groups_complete = true;
            self.stage = Stage::Done;
            return;
        }
        match self.stage {
            Stage::Both if !self.found.groups.is_empty() && !self.groups.is_empty() => {
                self.stage = Stage::Groups;
                return;
            }
            Stage::Both | Stage::Groups => {
                self.found.groups_complete = !self.found.groups.is_empty() && !self.is_second_best;
                self.found.suites_complete = self.suites_ran_out || self.suites.is_empty();
            }
            Stage::Suites => self.found.suites_complete = true,
            Stage::Ordering | Stage::GroupOrder | Stage::Done => {}
        }
        if self.found.suites_complete {
            self.ask_for_order();
        } else {
            self.stage = Stage::Suites;
        }
    }

    fn ask_for_order(&mut self) {
        self.order = Order::new(&self.found.cipher_suites, lists::TLS13_SUITES);
        self.stage = Stage::Ordering;
        self.go_on_with_order();
    }

    fn go_on_with_order(&mut self) {
        if self.order.list().is_none() {
            let is_open =
                self.found.groups.len() > 1 && self.found.group_order.is_none() && !self.is_second_best;
            self.stage =
                if is_open && self.stage == Stage::Ordering { Stage::GroupOrder } else { Stage::Done };
        }
    }

    fn hear_order(&mut self, answer: Option<&ServerAnswer>) {
        let answer = answer.filter(|answer| answer.version == ProtocolVersion::TLSv1_3);
        if self.stage == Stage::Ordering {
            self.order.hear(answer.map(|answer| answer.cipher_suite));
        }
        let groups = &self.found.groups;
        let chosen = answer.and_then(|answer| answer.group);
        let is_open = groups.len() > 1 && self.found.group_order.is_none() && !self.is_second_best;
        if is_open && chosen.is_some() {
            self.found.group_order = match chosen {
                _ if chosen == groups.first().copied() => Some(true),
                _ if chosen == groups.last().copied() => Some(false),
                _ => None,
            };
        }
        match self.stage {
            Stage::Ordering => self.go_on_with_order(),
            _ => self.stage = Stage::Done,
        }
    }
}

impl Enumeration for Tls13 {
    fn question(&self) -> Option<(Aim, Question)> {
        let (suites, groups) = (&self.found.cipher_suites, &self.found.groups);
        let reversed = || groups.iter().rev().copied().collect::<Vec<_>>();
        let (aim, suites, groups) = match self.stage {
            Stage::Both => (Aim::Suites, self.suites.clone(), self.groups.clone()),
            Stage::Groups => (Aim::Groups, suites.clone(), self.groups.clone()),
            // A server that names no group is one that was given a share it takes.
            Stage::Suites if groups.is_empty() => (Aim::Suites, self.suites.clone(), self.groups.clone()),
            Stage::Suites => (Aim::Suites, self.suites.clone(), groups.clone()),
            Stage::Ordering if groups.is_empty() => (Aim::Suites, self.order.list()?, self.groups.clone()),
            Stage::Ordering => (Aim::Suites, self.order.list()?, reversed()),
            Stage::GroupOrder => (Aim::Groups, suites.clone(), reversed()),
            Stage::Done => return None,
        };
        let mut offer = if self.is_second_best { small_offer(suites, groups) } else { offer(suites, groups) };
        if !self.worked() {
            // For servers without TLS 1.3 to answer with what they have, instead of an alert that may mean anything.
            let count = if self.is_second_best { 2 } else { lists::COMMON_SUITES.len() };
            offer.cipher_suites.extend(lists::COMMON_SUITES.iter().take(count));
        }
        Some((aim, Question { offer, until: Until::ServerHello }))
    }

    fn hear(&mut self, answer: &Answer) {
        let settles = matches!(answer, Answer::Chose(_) | Answer::Alert(AlertDescription::protocol_version));
        if !self.worked() && !self.is_second_best && !settles {
            // Some servers take offence at a hello without a share, some middleboxes at a long one.
            self.is_second_best = true;
            self.ear = Ear::for_a_second_hearing(answer);
            return;
        }
        let Some(verdict) = self.ear.hear(answer) else { return };
        match (self.stage, verdict) {
            (Stage::Ordering | Stage::GroupOrder, Verdict::Chose(answer)) => self.hear_order(Some(answer)),
            (Stage::Ordering | Stage::GroupOrder, _) => self.hear_order(None),
            (_, Verdict::Chose(answer)) => self.chosen(answer),
            (_, Verdict::Refused(_)) => self.refused(),
            (_, Verdict::Unheard) => self.stage = Stage::Done,
        }
    }
}

/// Moves what was chosen from what is left to what was found.
fn take<T: Copy + PartialEq>(left: &mut Vec<T>, chosen: T, found: &mut Vec<T>) -> bool {
    let Some(at) = left.iter().position(|other| *other == chosen) else { return false };
    left.remove(at);
    found.push(chosen);
    true
}

/// A hello of TLS 1.3 alone, without a share.
pub(super) fn offer(suites: Vec<CipherSuite>, groups: Vec<NamedGroup>) -> Offer {
    Offer {
        supported_versions: vec![ProtocolVersion::TLSv1_3],
        cipher_suites: suites,
        groups,
        key_shares: Some(Vec::new()),
        signature_schemes: lists::SCHEMES.to_vec(),
        ..Offer::new(OfferKind::Everything)
    }
}

/// Groups in a hello of at most 255 bytes.
pub(super) const FEW_GROUPS: usize = 16;

/// A hello of at most 255 bytes with a share of one group, if there is one that is short. Groups beyond
/// [`FEW_GROUPS`] are left out.
pub(super) fn small_offer(suites: Vec<CipherSuite>, mut groups: Vec<NamedGroup>) -> Offer {
    const WITH_SHARE: [NamedGroup; 2] = [NamedGroup::x25519, NamedGroup::secp256r1];
    groups.truncate(FEW_GROUPS);
    let share = WITH_SHARE.into_iter().find(|group| groups.contains(group));
    Offer {
        key_shares: Some(share.into_iter().collect()),
        signature_schemes: lists::COMMON_SCHEMES.to_vec(),
        modern: false,
        ..offer(suites, groups)
    }
}

#[cfg(test)]
mod tests;
