//! Where the news came from, and how to hear less of it.

use super::MailOptions;
use super::gather::Shown;
use super::group::{Class, cut};
use super::words::{distance, moment, zone_name};
use crate::model::Alert;
use crate::time::UnixTime;

/// News older than this is late: mail could not be sent before.
const LATE_SECONDS: i64 = 2 * 3_600;

/// Scans that are named.
const MOST_SCANS: usize = 4;

/// Characters of a name.
const LONGEST_NAME: usize = 120;

/// Which scans brought the news.
#[derive(Debug, Default)]
pub(super) struct Sources {
    scans: Vec<String>,
    has_more: bool,
    oldest: Option<UnixTime>,
}

impl Sources {
    pub(super) fn add(&mut self, alert: &Alert) {
        self.oldest = Some(self.oldest.map_or(alert.at, |oldest| oldest.min(alert.at)));
        let name = |name: &str| cut(name, LONGEST_NAME);
        let source = match (&alert.profile, &alert.scan) {
            (Some(profile), Some(scan)) => format!("profile {}, scan {}", name(profile), name(&scan.0)),
            (Some(profile), None) => format!("profile {}", name(profile)),
            (None, Some(scan)) => format!("scan {}", name(&scan.0)),
            (None, None) => return,
        };
        if self.scans.contains(&source) {
            return;
        }
        if self.scans.len() < MOST_SCANS {
            self.scans.push(source);
        } else {
            self.has_more = true;
        }
    }

    /// Said above everything else: what is below may be over.
    pub(super) fn late(&self, options: &MailOptions<'_>) -> Option<String> {
        let oldest = self.oldest.filter(|oldest| options.now.seconds_since(*oldest) > LATE_SECONDS)?;
        Some(format!(
            "Late: the oldest of this news is of {}, {}, and could not be sent before. Check before you act.",
            moment(oldest, options.zone),
            distance(oldest, options.now)
        ))
    }

    /// The sentences below the lines.
    pub(super) fn footer(&self, shown: &Shown, options: &MailOptions<'_>) -> Vec<String> {
        let mut sentences = vec![format!(
            "Sent by certvigil {} on {} to {} at {}.",
            env!("CARGO_PKG_VERSION"),
            options.vantage,
            options.to,
            moment(options.now, options.zone)
        )];
        if !self.scans.is_empty() {
            let more = if self.has_more { "; and others" } else { "" };
            sentences.push(format!("From {}{more}.", self.scans.join("; ")));
        }
        if !options.flags.is_empty() {
            let flags = crate::text::escape_for_terminal(options.flags);
            sentences.push(format!("Commands are for {}, and want {flags} there.", options.vantage));
        }
        if let Some(zone) = zone_name(options.zone) {
            sentences.push(format!("Times in brackets are those of {zone}."));
        }
        let open = [Class::New, Class::Baseline, Class::Reminder];
        if open.into_iter().any(|class| shown.all.of(class).total() > 0) {
            sentences.push(
                "What stays open is told again, critical daily, high and medium weekly, until it is gone, \
                 acknowledged (certvigil findings ack) or silenced (certvigil findings silence, for many at \
                 once or for a time)."
                    .to_owned(),
            );
        }
        sentences
    }
}
