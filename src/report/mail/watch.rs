//! Lines of the mail about the watch itself: what is wrong with it, or that somebody is looking.

use std::collections::BTreeMap;

use super::MailOptions;
use super::document::{Block, Tone, Value};
use super::gather::Id;
use super::group::{NAMES, count, cut};
use super::words::{by_severity, distance, listed, moment, quoted, span};
use crate::model::{Alert, ProfileSummary, SeverityCounts, WatchNews};
use crate::report::phrases::{counted, number};
use crate::text::Untrusted;
use crate::time::UnixTime;

/// Pieces of news about the watch that one mail shows.
const MOST_NEWS: usize = 50;

/// Names of a certificate that are kept to be counted.
const MOST_NAMES: usize = 1_000;

/// Profiles and reasons listed in one of them.
const MOST_LISTED: usize = 50;

/// Lines of a program's output that are shown, the last ones.
const OUTPUT_LINES: usize = 12;

/// Characters of each of them.
const OUTPUT_LINE: usize = 200;

/// Characters of a name, an address or an error.
const LONGEST_TEXT: usize = 300;

/// News about the watch on its way into one mail: the last of each kind for each profile, hook or address.
#[derive(Debug, Default)]
pub(super) struct WatchLines {
    lines: BTreeMap<(Kind, Id), WatchLine>,
    /// What there was no room for.
    pub(super) more: u64,
}

/// The last news of its kind.
#[derive(Debug, Clone)]
pub(super) struct WatchLine {
    pub(super) kind: Kind,
    pub(super) news: WatchNews,
    pub(super) profile: Option<String>,
    vantage: String,
    at: UnixTime,
    /// How often it came.
    times: u64,
    pub(super) thread: Id,
}

/// What is told. The order is the order of the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    CutOff,
    ClockJumped,
    ScanMissed,
    Undeliverable,
    HookFailed,
    Baseline,
    StillWatching,
    Test,
}

impl Kind {
    fn of(news: &WatchNews) -> Self {
        match news {
            WatchNews::CutOff { .. } => Self::CutOff,
            WatchNews::ClockJumped { .. } => Self::ClockJumped,
            WatchNews::ScanMissed { .. } => Self::ScanMissed,
            WatchNews::Undeliverable { .. } => Self::Undeliverable,
            WatchNews::HookFailed { .. } => Self::HookFailed,
            WatchNews::Baseline { .. } => Self::Baseline,
            WatchNews::StillWatching { .. } => Self::StillWatching,
            WatchNews::Test { .. } => Self::Test,
        }
    }

    /// Nothing is to be done about it.
    pub(super) fn is_calm(self) -> bool {
        matches!(self, Self::StillWatching | Self::Test)
    }

    /// Part of what a thread's root is made of: never changes.
    fn name(self) -> &'static [u8] {
        match self {
            Self::CutOff => b"cut_off",
            Self::ClockJumped => b"clock_jumped",
            Self::ScanMissed => b"scan_missed",
            Self::Undeliverable => b"undeliverable",
            Self::HookFailed => b"hook_failed",
            Self::Baseline => b"baseline",
            Self::StillWatching => b"still_watching",
            Self::Test => b"test",
        }
    }
}

impl WatchLines {
    /// Takes one piece of news.
    pub(super) fn add(&mut self, alert: &Alert, news: &WatchNews) {
        let kind = Kind::of(news);
        let profile = alert.profile.as_deref().unwrap_or_default();
        let id = Id::of(&[profile.as_bytes(), &subject_of(news)]);
        let is_known = self.lines.contains_key(&(kind, id));
        if !is_known && self.lines.len() >= MOST_NEWS {
            self.more += 1;
            return;
        }
        let times = self.lines.get(&(kind, id)).map_or(0, |line| line.times) + 1;
        let line = WatchLine {
            kind,
            news: bounded(news),
            profile: alert.profile.as_deref().map(|profile| cut(profile, LONGEST_TEXT)),
            vantage: cut(&alert.vantage, LONGEST_TEXT),
            at: alert.at,
            times,
            thread: Id::of(&[b"watch", kind.name(), profile.as_bytes()]),
        };
        self.lines.insert((kind, id), line);
    }

    /// The lines in their order.
    pub(super) fn finish(self) -> Vec<WatchLine> {
        self.lines.into_values().collect()
    }
}

impl WatchLine {
    /// The news in a sentence without an end.
    pub(super) fn what(&self) -> String {
        let profile = self.profile.as_deref().unwrap_or("the watch");
        match &self.news {
            WatchNews::CutOff { lost, answered_before, .. } => format!(
                "the scanner may be cut off: {} of {} silent",
                number(*lost),
                counted(*answered_before, "endpoint", "endpoints")
            ),
            WatchNews::ClockJumped { trusted, now } => {
                let way = if now < trusted { "back" } else { "ahead" };
                format!("the clock of {} jumped {} {way}", self.vantage, span(now.seconds_since(*trusted)))
            }
            WatchNews::ScanMissed { last_finished, every_seconds } => format!(
                "no scan of {profile} for {}: one is due every {}",
                span(self.at.seconds_since(*last_finished)),
                span(*every_seconds)
            ),
            WatchNews::Undeliverable { to, .. } => format!("mail to {to} is refused"),
            WatchNews::HookFailed { hook, names, .. } => match names.first() {
                Some(name) => {
                    let names = listed(&[name.raw().to_owned()], count(names.len()));
                    format!("hook {hook} failed for {names}")
                }
                None => format!("hook {hook} failed"),
            },
            WatchNews::Baseline { endpoints, open, .. } => format!(
                "baseline of {profile}: {} at {}",
                severities(open),
                counted(*endpoints, "endpoint", "endpoints")
            ),
            WatchNews::StillWatching { profiles } => still_watching(profiles),
            WatchNews::Test { .. } => "test".to_owned(),
        }
    }

    /// The block of the line.
    pub(super) fn block(&self, options: &MailOptions<'_>) -> Block {
        let (badge, tone) = match self.kind {
            Kind::Baseline => ("BASELINE", Tone::Watch),
            Kind::StillWatching => ("STILL WATCHING", Tone::Good),
            Kind::Test => ("TEST", Tone::Good),
            Kind::HookFailed => ("HOOK FAILED", Tone::High),
            Kind::CutOff => ("CUT OFF", Tone::Critical),
            Kind::ClockJumped => ("CLOCK", Tone::Critical),
            Kind::ScanMissed => ("NOT SCANNED", Tone::Critical),
            Kind::Undeliverable => ("MAIL REFUSED", Tone::Critical),
        };
        let block = Block::new(badge, tone, self.headline());
        let block = match &self.news {
            WatchNews::CutOff { lost, reasons, .. } => self.cut_off(block, *lost, reasons),
            WatchNews::ClockJumped { trusted, now } => self.clock_jumped(block, *trusted, *now, options),
            WatchNews::ScanMissed { last_finished, .. } => self.scan_missed(block, *last_finished, options),
            WatchNews::Undeliverable { error, waiting, .. } => undeliverable(block, error, *waiting),
            WatchNews::HookFailed { .. } => self.hook_failed(block, options),
            WatchNews::Baseline { is_first, with_chain, endpoints, .. } => {
                baseline(block, *is_first, *endpoints, *with_chain)
            }
            WatchNews::StillWatching { profiles } => watched(block, profiles, options),
            WatchNews::Test { by } => self.test(block, by, options),
        };
        let block = match self.times {
            ..=1 => block,
            times => block
                .text("Again", format!("It came {} since the last mail.", counted(times, "time", "times"))),
        };
        let told = format!("{}, {}", moment(self.at, options.zone), distance(self.at, options.now));
        block.text("Seen", format!("{told}, from {}", self.vantage))
    }

    fn headline(&self) -> String {
        let what = self.what();
        match self.kind {
            Kind::Baseline => what.trim_start_matches("baseline of ").to_owned(),
            Kind::StillWatching => what.trim_start_matches("still watching: ").to_owned(),
            Kind::Test => "mail works".to_owned(),
            Kind::HookFailed => what.trim_start_matches("hook ").to_owned(),
            _ => what,
        }
    }

    fn cut_off(&self, block: Block, lost: u64, reasons: &[(String, u64)]) -> Block {
        let reasons: Vec<String> =
            reasons.iter().map(|(reason, count)| format!("{} {reason}", number(*count))).collect();
        block
            .text("Why", "They answered at the last scan and gave no certificate at this one.")
            .text("Reasons", listed(&reasons, count(reasons.len())))
            .text(
                "So",
                format!("Nothing is told of these {}, neither as unreachable nor as resolved.", number(lost)),
            )
            .text(
                "Do",
                format!(
                    "Look at the network, the name resolution and the firewall of {} first. If the hosts are \
                     really down, the next scans will say so.",
                    self.vantage
                ),
            )
            .values("Check", vec![Value::Command("certvigil doctor".to_owned())])
            .text("Profile", self.profile.clone().unwrap_or_default())
    }

    fn clock_jumped(
        &self,
        block: Block,
        trusted: UnixTime,
        now: UnixTime,
        options: &MailOptions<'_>,
    ) -> Block {
        block
            .text("From", moment(trusted, options.zone))
            .text("To", moment(now, options.zone))
            .text("So", "Nothing that depends on the time was told: no expiry, no reminder, no missed scan.")
            .text("Do", format!("Look at the clock of {} and at what sets it (NTP).", self.vantage))
            .values("Check", vec![Value::Command("date -u".to_owned())])
    }

    fn scan_missed(&self, block: Block, last_finished: UnixTime, options: &MailOptions<'_>) -> Block {
        let last = moment(last_finished, options.zone);
        block
            .text("Last scan", format!("{last}, {}", distance(last_finished, options.now)))
            .text("So", "Nobody looked in the meantime. The scan that tells you this has made up for it.")
            .text("Do", format!("Look at the timer that starts the scans on {}.", self.vantage))
            .values("Check", vec![Value::Command("systemctl list-timers".to_owned())])
    }

    fn hook_failed(&self, block: Block, options: &MailOptions<'_>) -> Block {
        let WatchNews::HookFailed { outcome, output, tries, next_try, names, .. } = &self.news else {
            return block;
        };
        let quotes: Vec<String> = names.iter().take(NAMES).map(|name| quoted(name.raw())).collect();
        let lines: Vec<&str> = output.raw().lines().filter(|line| !line.trim().is_empty()).collect();
        let shown = lines.iter().skip(lines.len().saturating_sub(OUTPUT_LINES));
        let output = shown.map(|line| Value::Output(cut(line, OUTPUT_LINE))).collect();
        let next = format!("{}, {}", moment(*next_try, options.zone), distance(*next_try, options.now));
        block
            .text("Why", outcome.as_str())
            .values("Output", output)
            .text("Tried", counted((*tries).into(), "time", "times"))
            .text("Next try", next)
            .text(
                "Do",
                format!("Mend what the output names; it is tried again on {} by itself.", self.vantage),
            )
            .text("Names", listed(&quotes, count(names.len())))
    }

    fn test(&self, block: Block, by: &str, options: &MailOptions<'_>) -> Block {
        block
            .text("Why", format!("{by} asked for it by: certvigil notify test"))
            .text("So", format!("Mail from {} reaches {}. Nothing is to be done.", self.vantage, options.to))
    }
}

fn undeliverable(block: Block, error: &Untrusted, waiting: u64) -> Block {
    block
        .text("Why", quoted_whole(error.raw()))
        .text("So", format!("{} wait and are kept.", counted(waiting, "piece of news", "pieces of news")))
        .text("Do", "Mend the address in the settings, or ask whoever runs the mail server. Then:")
        .values("Check", vec![Value::Command("certvigil notify outbox list".to_owned())])
        .values("Send", vec![Value::Command("certvigil notify outbox flush".to_owned())])
}

fn baseline(block: Block, is_first: bool, endpoints: u64, with_chain: u64) -> Block {
    let why = if is_first {
        "This profile was judged for the first time."
    } else {
        "This profile is judged by other rules, policies, thresholds or trust stores than before."
    };
    let reach = match endpoints.saturating_sub(with_chain) {
        0 => "Every endpoint showed a certificate.".to_owned(),
        silent => format!("{} showed no certificate.", counted(silent, "endpoint", "endpoints")),
    };
    block
        .text("Why", why)
        .text("So", "What there is now is told once, here. From now on you hear of what changes.")
        .text("Reach", reach)
}

fn still_watching(profiles: &[ProfileSummary]) -> String {
    let endpoints = profiles.iter().map(|profile| profile.endpoints).sum();
    let mut open = [0; 5];
    for profile in profiles {
        open.iter_mut().zip(profile.open.to_array()).for_each(|(sum, more)| *sum += more);
    }
    format!(
        "still watching: {}, {}, {}",
        counted(count(profiles.len()), "profile", "profiles"),
        counted(endpoints, "endpoint", "endpoints"),
        open_words(&SeverityCounts::from_array(open))
    )
}

fn watched(block: Block, profiles: &[ProfileSummary], options: &MailOptions<'_>) -> Block {
    let mut lines: Vec<Value> =
        profiles.iter().take(MOST_LISTED).map(|profile| watched_profile(profile, options)).collect();
    if let Some(more) = profiles.len().checked_sub(MOST_LISTED).filter(|more| *more > 0) {
        lines.push(Value::Text(format!("and {} more", number(count(more)))));
    }
    block
        .text("Why", "This mail comes every week, or as often as the settings say. If it stops coming, look after the watch.")
        .values("Profiles", lines)
        .values("Check", vec![Value::Command("certvigil findings list".to_owned())])
}

fn watched_profile(profile: &ProfileSummary, options: &MailOptions<'_>) -> Value {
    let silenced = match profile.silenced {
        0 => String::new(),
        silenced => format!(", {} silenced", number(silenced)),
    };
    Value::Text(format!(
        "{}: {}, {} with a certificate; {}{silenced}; last scan {}",
        profile.name,
        counted(profile.endpoints, "endpoint", "endpoints"),
        number(profile.with_chain),
        open_words(&profile.open),
        distance(profile.last_finished, options.now),
    ))
}

fn open_words(open: &SeverityCounts) -> String {
    match by_severity(open) {
        none if none.is_empty() => "nothing open".to_owned(),
        some => format!("{some} open"),
    }
}

fn severities(open: &SeverityCounts) -> String {
    match by_severity(open) {
        none if none.is_empty() => "nothing found".to_owned(),
        some => some,
    }
}

/// What tells two pieces of news of one kind and profile apart.
fn subject_of(news: &WatchNews) -> Vec<u8> {
    match news {
        WatchNews::HookFailed { hook, names, .. } => {
            let mut parts = vec![hook.as_bytes()];
            parts.extend(names.iter().map(|name| name.raw().as_bytes()));
            Id::of(&parts).0.to_be_bytes().to_vec()
        }
        WatchNews::Undeliverable { to, .. } => to.as_bytes().to_vec(),
        _ => Vec::new(),
    }
}

/// The news with its texts and lists cut.
fn bounded(news: &WatchNews) -> WatchNews {
    let mut news = news.clone();
    match &mut news {
        WatchNews::CutOff { reasons, .. } => {
            reasons.truncate(MOST_LISTED);
            reasons.iter_mut().for_each(|(reason, _)| *reason = cut(reason, LONGEST_TEXT));
        }
        WatchNews::StillWatching { profiles } => {
            profiles.iter_mut().for_each(|profile| profile.name = cut(&profile.name, LONGEST_TEXT));
        }
        WatchNews::HookFailed { hook, outcome, output, names, .. } => {
            (*hook, *outcome) = (cut(hook, LONGEST_TEXT), cut(outcome, LONGEST_TEXT));
            let skipped = output.raw().chars().count().saturating_sub(OUTPUT_LINES * OUTPUT_LINE);
            *output = Untrusted::new(output.raw().chars().skip(skipped).collect::<String>());
            names.truncate(MOST_NAMES);
            names.iter_mut().for_each(|name| *name = Untrusted::new(cut(name.raw(), LONGEST_TEXT)));
        }
        WatchNews::Undeliverable { to, error, .. } => {
            *to = cut(to, LONGEST_TEXT);
            *error = Untrusted::new(cut(error.raw(), LONGEST_TEXT));
        }
        WatchNews::Test { by } => *by = cut(by, LONGEST_TEXT),
        WatchNews::Baseline { .. } | WatchNews::ScanMissed { .. } | WatchNews::ClockJumped { .. } => {}
    }
    news
}

/// As [`quoted`], and not cut any further.
fn quoted_whole(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\\\""))
}
