//! One line of a mail in the making: what its findings have in common, and where they are. Bounded: texts are cut,
//! lists are short.

use super::gather::{Id, first_label};
use crate::model::{Alert, AlertEndpoint, CertificateBrief, FindingNews, Occasion, Rule};
use crate::text::Untrusted;
use crate::time::UnixTime;

/// Places listed one by one; the others are counted.
pub(super) const PLACES: usize = 8;

/// Addresses listed for one name.
pub(super) const ADDRESSES: usize = 4;

/// Names of a certificate that are listed.
pub(super) const NAMES: usize = 6;

/// Findings whose keys are kept, which is also how many threads a mail joins at most.
pub(super) const MEMBERS: usize = 10;

/// Owners, and tags, that are listed.
const OWNERS: usize = 6;

/// Characters kept of a text.
const LONGEST_TEXT: usize = 1_000;

/// Characters kept of a name or a label.
const LONGEST_NAME: usize = 300;

/// Why a line is told. The order is the order of lines that are equally bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// Opened, worse, or no longer silenced.
    New,
    Baseline,
    Reminder,
    Resolved,
    Retired,
}

impl Class {
    pub(super) const ALL: [Self; 5] =
        [Self::New, Self::Baseline, Self::Reminder, Self::Resolved, Self::Retired];

    pub(super) fn of(occasion: Occasion) -> Self {
        match occasion {
            Occasion::Opened | Occasion::Worse | Occasion::SilenceEnded => Self::New,
            Occasion::Baseline => Self::Baseline,
            Occasion::Reminder => Self::Reminder,
            Occasion::Resolved => Self::Resolved,
            Occasion::Retired => Self::Retired,
        }
    }

    pub(super) fn is_over(self) -> bool {
        matches!(self, Self::Resolved | Self::Retired)
    }
}

/// A name with its port, and the addresses behind it.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) label: String,
    /// The first [`ADDRESSES`].
    pub(super) addresses: Vec<String>,
    /// All of them.
    pub(super) address_count: u64,
    finding: Id,
}

impl Place {
    /// A label that is not longer than any real one.
    pub(super) fn short(label: &str) -> String {
        cut(label, LONGEST_NAME)
    }

    fn add(&mut self, finding: Id, endpoint: &AlertEndpoint) {
        let address = endpoint.address.map(|address| address.to_string());
        let Some(address) = address.filter(|address| !self.addresses.contains(address)) else { return };
        let has_room = self.addresses.len() < ADDRESSES;
        if has_room {
            self.addresses.push(address);
        }
        // The other chains of an endpoint bring the same addresses once more.
        if has_room || self.finding == finding {
            self.address_count += 1;
        }
    }
}

/// A finding of the line.
#[derive(Debug, Clone)]
pub(super) struct Member {
    finding: Id,
    pub(super) key: String,
    /// What all mails about it refer to.
    pub(super) thread: Id,
}

/// One line.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) id: Id,
    pub(super) class: Class,
    /// `None`: its findings are told for several reasons of its class.
    pub(super) occasion: Option<Occasion>,
    pub(super) rule: Rule,
    pub(super) profile: Option<String>,
    pub(super) title: String,
    pub(super) detail: String,
    pub(super) remediation: String,
    /// The finding that title, detail and remediation are of; others of the line may say something else.
    pub(super) example: String,
    pub(super) details_differ: bool,
    pub(super) remedies_differ: bool,
    pub(super) certificate: Option<CertificateBrief>,
    /// All names of the certificate.
    pub(super) name_count: u64,
    pub(super) owners: Vec<String>,
    pub(super) tags: Vec<String>,
    pub(super) places: Vec<Place>,
    /// The first [`MEMBERS`].
    pub(super) members: Vec<Member>,
    pub(super) first_seen: UnixTime,
    pub(super) last_seen: UnixTime,
    /// When the one that was not seen for longest was seen.
    pub(super) least_seen: UnixTime,
    /// When the last of them was told.
    pub(super) told_at: UnixTime,
    pub(super) vantage: String,
    pub(super) returns: u32,
}

impl Group {
    pub(super) fn new(id: Id, finding: Id, alert: &Alert, news: &FindingNews) -> Self {
        let mut group = Self {
            id,
            class: Class::of(news.occasion),
            occasion: Some(news.occasion),
            rule: news.rule,
            profile: alert.profile.as_deref().map(|profile| cut(profile, LONGEST_NAME)),
            title: cut(&news.title, LONGEST_TEXT),
            detail: cut(&news.detail, LONGEST_TEXT),
            remediation: cut(&news.remediation, LONGEST_TEXT),
            example: first_label(news),
            details_differ: false,
            remedies_differ: false,
            certificate: news.certificate.as_ref().map(brief),
            name_count: news.certificate.as_ref().map_or(0, |certificate| count(certificate.names.len())),
            owners: Vec::new(),
            tags: Vec::new(),
            places: Vec::new(),
            members: Vec::new(),
            first_seen: news.first_seen,
            last_seen: news.last_seen,
            least_seen: news.last_seen,
            told_at: alert.at,
            vantage: cut(&alert.vantage, LONGEST_NAME),
            returns: news.returns,
        };
        group.add(finding, alert, news);
        group
    }

    /// Takes a further finding of the same line, or the same once more.
    pub(super) fn add(&mut self, finding: Id, alert: &Alert, news: &FindingNews) {
        if self.occasion != Some(news.occasion) {
            self.occasion = None;
        }
        self.details_differ |= self.detail != cut(&news.detail, LONGEST_TEXT);
        self.remedies_differ |= self.remediation != cut(&news.remediation, LONGEST_TEXT);
        self.first_seen = self.first_seen.min(news.first_seen);
        self.last_seen = self.last_seen.max(news.last_seen);
        self.least_seen = self.least_seen.min(news.last_seen);
        self.told_at = self.told_at.max(alert.at);
        self.returns = self.returns.max(news.returns);
        if let Some(owner) = &news.owner {
            insert(&mut self.owners, owner);
        }
        news.tags.iter().for_each(|tag| insert(&mut self.tags, tag));
        self.place(finding, news);
        if self.members.len() < MEMBERS && !self.members.iter().any(|member| member.finding == finding) {
            let profile = alert.profile.as_deref().unwrap_or_default();
            let key = cut(&news.finding.0, LONGEST_TEXT);
            self.members.push(Member { finding, key, thread: thread(profile, news) });
        }
    }

    /// The finding is told in another line.
    pub(super) fn remove(&mut self, finding: Id) {
        self.places.retain(|place| place.finding != finding);
        self.members.retain(|member| member.finding != finding);
    }

    /// What the line is called.
    pub(super) fn label(&self) -> &str {
        match (self.places.first(), self.members.first()) {
            (Some(place), _) => &place.label,
            (None, Some(member)) => member.key.rsplit_once('/').map_or(&member.key, |(label, _)| label),
            (None, None) => self.rule.id(),
        }
    }

    /// When the certificate ends, for sorting.
    pub(super) fn not_after(&self) -> i64 {
        self.certificate.as_ref().and_then(|certificate| certificate.not_after).map_or(i64::MAX, |end| end.0)
    }

    /// As [`Group::not_after`], of news.
    pub(super) fn end(news: &FindingNews) -> i64 {
        news.certificate.as_ref().and_then(|certificate| certificate.not_after).map_or(i64::MAX, |end| end.0)
    }

    fn place(&mut self, finding: Id, news: &FindingNews) {
        let new = |label| Place { label, addresses: Vec::new(), address_count: 0, finding };
        if news.endpoints.is_empty() && self.places.is_empty() {
            self.places.push(new(first_label(news)));
        }
        for endpoint in &news.endpoints {
            let label = Place::short(&endpoint.label);
            if self.places.len() < PLACES && !self.places.iter().any(|place| place.label == label) {
                self.places.push(new(label.clone()));
            }
            if let Some(place) = self.places.iter_mut().find(|place| place.label == label) {
                place.add(finding, endpoint);
            }
        }
    }
}

/// The root of all mails about a finding, from its opening to its end.
fn thread(profile: &str, news: &FindingNews) -> Id {
    let since = news.first_seen.0.to_be_bytes();
    Id::of(&[b"finding", profile.as_bytes(), news.finding.0.as_bytes(), &since])
}

fn brief(certificate: &CertificateBrief) -> CertificateBrief {
    let name = |name: &Untrusted| Untrusted::new(cut(name.raw(), LONGEST_NAME));
    CertificateBrief {
        names: certificate.names.iter().take(NAMES).map(name).collect(),
        issuer: name(&certificate.issuer),
        ..*certificate
    }
}

fn insert(list: &mut Vec<String>, text: &str) {
    let text = cut(text, LONGEST_NAME);
    if list.len() < OWNERS && !list.contains(&text) {
        list.push(text);
    }
}

pub(super) fn cut(text: &str, most: usize) -> String {
    let mut out: String = text.chars().take(most).collect();
    if out.len() < text.len() {
        out.push('…');
    }
    out
}

pub(super) fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}
