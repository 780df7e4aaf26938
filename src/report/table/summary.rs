//! The sentences under the table: how much, how bad, from where, judged by which trust stores. They add up.

use super::super::phrases::{counted, date, duration, from_now, number};
use super::tally::Tally;
use crate::model::{Scan, ScanState};
use crate::time::UnixTime;
use crate::wire::v1::StoreView;

/// What the sentences are made from.
pub(super) struct Summary<'a> {
    pub(super) scan: &'a Scan,
    pub(super) stores: &'a [StoreView<'a>],
    pub(super) tally: &'a Tally,
    /// The endpoints without a finding are in the table.
    pub(super) lists_healthy: bool,
    /// How many take a post-quantum group, where somebody asked.
    pub(super) post_quantum: Option<String>,
}

impl Summary<'_> {
    /// Each is a paragraph of its own.
    pub(super) fn sentences(&self, now: UnixTime) -> Vec<String> {
        let sentences = [
            self.incomplete(),
            self.endpoints(),
            self.left_out(),
            self.findings(),
            self.healthy(now),
            self.post_quantum.clone(),
            self.origin(now),
            self.trust(),
        ];
        sentences.into_iter().flatten().collect()
    }

    fn incomplete(&self) -> Option<String> {
        (self.scan.state != ScanState::Complete).then(|| {
            "INCOMPLETE: the scan ended before every target was attempted; what is missing here is not gone."
                .to_owned()
        })
    }

    fn endpoints(&self) -> Option<String> {
        let tally = self.tally;
        let mut parts = Vec::new();
        let served = tally.handshake + tally.failed();
        if served > 0 || tally.read == 0 {
            let endpoints = counted(served, "endpoint", "endpoints");
            let without = match tally.failed() {
                0 => String::new(),
                failed => format!(", {} without ({})", number(failed), tally.failure_counts()),
            };
            parts.push(format!("{endpoints}: {} with a chain{without}", number(tally.handshake)));
        }
        if tally.read > 0 {
            parts.push(counted(tally.read, "chain read from a file", "chains read from files"));
        }
        let unlisted = self.scan.counts.unlisted;
        if unlisted > 0 {
            parts.push(counted(unlisted, "dead address not listed", "dead addresses not listed"));
        }
        Some(format!("{}.", parts.join("; ")))
    }

    fn left_out(&self) -> Option<String> {
        let counts = &self.scan.counts;
        let mut parts = Vec::new();
        if counts.known_not_reached > 0 {
            let endpoints = counted(counts.known_not_reached, "endpoint", "endpoints");
            parts.push(format!("{endpoints} seen before gave no chain this time"));
        }
        if counts.excluded > 0 {
            parts.push(format!("{} left out by exclusions", counted(counts.excluded, "probe", "probes")));
        }
        (!parts.is_empty()).then(|| format!("{}.", parts.join("; ")))
    }

    fn findings(&self) -> Option<String> {
        let certificates = counted(self.scan.counts.certificates, "certificate", "certificates");
        let findings = match self.tally.open_findings() {
            0 => "no findings".to_owned(),
            _ => format!("findings: {}", self.tally.severity_counts()),
        };
        let set_aside = match self.tally.set_aside {
            0 => String::new(),
            count => format!("; {} acknowledged or silenced", counted(count, "finding", "findings")),
        };
        Some(format!("{certificates}; {findings}{set_aside}."))
    }

    fn healthy(&self, now: UnixTime) -> Option<String> {
        if self.lists_healthy || self.tally.healthy == 0 {
            return None;
        }
        let healthy = counted(self.tally.healthy, "endpoint has", "endpoints have");
        let next = match &self.tally.next_expiry {
            Some((end, label)) => {
                format!("; of these {label} expires first, on {} ({})", date(*end), from_now(*end, now))
            }
            None => String::new(),
        };
        Some(format!("{healthy} no open finding of severity low or worse{next}."))
    }

    fn origin(&self, now: UnixTime) -> Option<String> {
        let scan = self.scan;
        if scan.counts.read > 0 && scan.counts.endpoints == 0 {
            return Some(format!("Judged as at {}.", now));
        }
        let mut sentence = format!("Scan {}", scan.id);
        if let Some(profile) = &scan.profile {
            sentence.push_str(&format!(", profile {profile}"));
        }
        sentence.push_str(&format!(", depth {}, from {}", scan.parameters.depth.name(), scan.vantage));
        sentence.push_str(&format!(", started {}", scan.started_at));
        if let Some(finished_at) = scan.finished_at {
            sentence.push_str(&format!(", took {}", duration(finished_at.seconds_since(scan.started_at))));
        }
        sentence.push('.');
        Some(sentence)
    }

    fn trust(&self) -> Option<String> {
        if self.stores.is_empty() {
            return Some("Trust was not checked: no trust store was chosen.".to_owned());
        }
        let stores = self.stores.iter().map(|store| {
            let anchors = counted(u64::try_from(store.anchors).unwrap_or(u64::MAX), "anchor", "anchors");
            let dated = match &store.info.date {
                Some(date) => format!("of {date}"),
                None => "undated".to_owned(),
            };
            format!("{} ({dated}, {anchors})", store.info.name)
        });
        Some(format!("Trust stores: {}.", stores.collect::<Vec<_>>().join(", ")))
    }
}
