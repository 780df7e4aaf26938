//! Events that hooks wait for, and which of them a piece of news is.

use super::{News, Occasion, Rule, WatchNews};

/// What a hook is started for. Later releases may add some, and a hook must tolerate those it does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventName {
    FindingOpened,
    FindingWorse,
    FindingResolved,
    /// A certificate expires soon or has expired, and nobody has renewed it yet.
    CertificateExpiring,
    /// Another certificate is served where one was expiring. Only who compares the two can say so.
    CertificateRenewed,
    /// A hook failed.
    RenewalFailed,
    /// The scanner may be cut off.
    ScannerBlind,
}

impl EventName {
    /// Every event that occurs.
    pub const ALL: [Self; 7] = [
        Self::FindingOpened,
        Self::FindingWorse,
        Self::FindingResolved,
        Self::CertificateExpiring,
        Self::CertificateRenewed,
        Self::RenewalFailed,
        Self::ScannerBlind,
    ];

    /// The public name.
    pub fn name(self) -> &'static str {
        match self {
            Self::FindingOpened => "finding.opened",
            Self::FindingWorse => "finding.worse",
            Self::FindingResolved => "finding.resolved",
            Self::CertificateExpiring => "certificate.expiring",
            Self::CertificateRenewed => "certificate.renewed",
            Self::RenewalFailed => "renewal.failed",
            Self::ScannerBlind => "scanner.blind",
        }
    }

    /// Reads the public name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.name() == name)
    }

    /// The events that `news` is, the most telling first; a hook that waits for several of them is started once.
    ///
    /// A reminder of an expiring certificate asks again, because the renewal has not happened. What a profile's first
    /// look finds is no news, except that a certificate expiring then must be renewed like any other.
    pub fn of(news: &News) -> &'static [Self] {
        match news {
            News::Finding(news) => {
                let expires = matches!(news.rule, Rule::Expiring | Rule::Expired);
                match (news.occasion, expires) {
                    (Occasion::Opened | Occasion::SilenceEnded, true) => {
                        &[Self::CertificateExpiring, Self::FindingOpened]
                    }
                    (Occasion::Opened | Occasion::SilenceEnded, false) => &[Self::FindingOpened],
                    (Occasion::Worse, true) => &[Self::CertificateExpiring, Self::FindingWorse],
                    (Occasion::Worse, false) => &[Self::FindingWorse],
                    (Occasion::Baseline | Occasion::Reminder, true) => &[Self::CertificateExpiring],
                    (Occasion::Baseline | Occasion::Reminder, false) => &[],
                    (Occasion::Resolved | Occasion::Retired, _) => &[Self::FindingResolved],
                }
            }
            News::Watch(WatchNews::CutOff { .. }) => &[Self::ScannerBlind],
            News::Watch(WatchNews::HookFailed { .. }) => &[Self::RenewalFailed],
            News::Watch(_) => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FindingKey, FindingNews, Severity};
    use crate::time::UnixTime;

    fn events(rule: Rule, occasion: Occasion) -> Vec<&'static str> {
        let news = FindingNews {
            occasion,
            finding: FindingKey(format!("a.example:443/{}", rule.id())),
            rule,
            severity: Severity::High,
            title: String::new(),
            detail: String::new(),
            remediation: String::new(),
            first_seen: UnixTime(0),
            last_seen: UnixTime(0),
            owner: None,
            tags: Vec::new(),
            endpoints: Vec::new(),
            endpoint_count: 0,
            certificate: None,
            returns: 0,
        };
        EventName::of(&News::Finding(Box::new(news))).iter().map(|event| event.name()).collect()
    }

    #[test]
    fn names_are_read_back() {
        for event in EventName::ALL {
            assert_eq!(EventName::from_name(event.name()), Some(event));
        }
        assert_eq!(EventName::from_name("certificate"), None);
    }

    #[test]
    fn a_reminder_of_an_expiring_certificate_asks_again() {
        assert_eq!(events(Rule::Expiring, Occasion::Reminder), ["certificate.expiring"]);
        assert_eq!(events(Rule::Expired, Occasion::Baseline), ["certificate.expiring"]);
        assert_eq!(events(Rule::Expiring, Occasion::Worse), ["certificate.expiring", "finding.worse"]);
        assert_eq!(events(Rule::Expiring, Occasion::Resolved), ["finding.resolved"]);
        assert_eq!(events(Rule::NameMismatch, Occasion::SilenceEnded), ["finding.opened"]);
        assert!(events(Rule::NameMismatch, Occasion::Reminder).is_empty());
    }

    #[test]
    fn news_of_the_watch_has_its_events() {
        let cut_off = WatchNews::CutOff { lost: 20, answered_before: 30, reasons: Vec::new() };
        assert_eq!(EventName::of(&News::Watch(cut_off)), [EventName::ScannerBlind]);
        assert!(EventName::of(&News::Watch(WatchNews::Test { by: String::new() })).is_empty());
    }
}
