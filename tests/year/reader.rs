//! Somebody who reads all mail of the year, and knows what there is to hear.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::lines::Line;
use crate::support::mailbox::Received;
use crate::{ACKNOWLEDGED, LEGACY_LEAVES, MAIL_IS_DOWN, OUTAGE};

/// Something that somebody must hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    day: i64,
    to: String,
    /// How its line begins.
    line: String,
}

impl Event {
    pub(crate) fn new(day: i64, to: &str, line: &str) -> Self {
        Self { day, to: to.to_owned(), line: line.to_owned() }
    }
}

/// What the reader was told to be there.
#[derive(Debug)]
struct Known {
    badge: String,
    told: i64,
    /// Threads of the mails that told it.
    threads: BTreeSet<String>,
}

pub(crate) struct Reader {
    /// Not heard of yet.
    events: Vec<Event>,
    message_ids: BTreeSet<String>,
    /// What is there, by place and what it is.
    known: BTreeMap<(String, &'static str), Known>,
}

impl Reader {
    pub(crate) fn new(events: Vec<Event>) -> Self {
        Self { events, message_ids: BTreeSet::new(), known: BTreeMap::new() }
    }

    /// Reads the mail of one day; `normalise` takes this run's addresses out of a text.
    pub(crate) fn read_day<'m>(
        &mut self,
        day: i64,
        mails: impl Iterator<Item = &'m Received>,
        normalise: impl Fn(&str) -> String,
    ) {
        let mut kinds = BTreeSet::new();
        for mail in mails {
            let subject = mail.subject();
            assert!(self.message_ids.insert(mail.header("Message-ID").to_owned()), "twice: {subject}");
            assert!(mail.defects.is_empty(), "{:?}", mail.defects);
            assert_eq!(mail.rcpt_to.len(), 1, "{:?}", mail.rcpt_to);
            let to = mail.rcpt_to[0].clone();
            let is_urgent = subject.starts_with("[certvigil] CRITICAL ");
            assert!(kinds.insert((to.clone(), is_urgent)), "day {day}: two of a kind to {to}: {subject}");
            // Times are also those of the route's zone.
            let has_zone = mail.text.contains("CET)") || mail.text.contains("CEST)");
            assert_eq!(has_zone, to == "shop@company.test", "{}", mail.text);
            let lines = mail.lines();
            assert!(!lines.is_empty(), "day {day}: nothing in {subject}");
            for line in lines {
                let label = line.headline.split(' ').next().unwrap().trim_end_matches(':');
                assert!(mail.html.contains(label), "{}", mail.html);
                let threads = mail.header("References").split_whitespace().map(str::to_owned).collect();
                let text = normalise(&format!("{} {}", line.badge, line.headline));
                self.read_line(day, &to, &line, &text, threads);
            }
        }
        self.miss(day);
    }

    fn read_line(&mut self, day: i64, to: &str, line: &Line, text: &str, threads: BTreeSet<String>) {
        if line.is_finding() && !line.is_news() {
            return self.be_reminded(day, text);
        }
        let is_it = |event: &Event| event.day == day && event.to == to && text.starts_with(&event.line);
        let place = self.events.iter().position(is_it);
        let place = place.unwrap_or_else(|| panic!("day {day}: unnecessary to {to}: {text}"));
        self.events.remove(place);
        if line.is_over() {
            let (label, what) = thing(text);
            self.known.retain(|(place, kind), known| {
                let is_over = *place == label && (what.is_empty() || *kind == what);
                // What flapped was told when it began, and ends as it came last.
                let is_thread = label == "flap.test" || !known.threads.is_disjoint(&threads);
                assert!(!is_over || is_thread, "day {day}: a thread of its own: {text}");
                !is_over
            });
        } else if line.is_finding() {
            let thing = thing(text);
            if thing.1 == "expired" {
                self.known.remove(&(thing.0.clone(), "expiring"));
            }
            let known = Known { badge: line.badge.clone(), told: day, threads };
            let before = self.known.insert(thing, known);
            let is_worse = text.contains("(got worse)") || text.contains("(no longer silenced)");
            assert!(before.is_none() || is_worse, "day {day}: told twice: {text}");
        }
    }

    /// A reminder is of something that was told, and comes in its time.
    fn be_reminded(&mut self, day: i64, text: &str) {
        let thing = thing(text);
        let known = self.known.get_mut(&thing).unwrap_or_else(|| panic!("day {day}: never told: {text}"));
        let least = if known.badge == "CRITICAL" { 1 } else { 7 };
        assert!(day - known.told >= least, "day {day}: too early: {text}");
        assert!(text.starts_with(&known.badge), "day {day}: {text}");
        known.told = day;
    }

    /// What must have been repeated by now, and was not; what must have been told today.
    fn miss(&mut self, day: i64) {
        for ((label, what), known) in &self.known {
            let is_known = label == "legacy.test" && (ACKNOWLEDGED.contains(&day) || day == ACKNOWLEDGED.end);
            let is_leaving = label == "legacy.test" && day >= LEGACY_LEAVES;
            let is_flapping = label == "flap.test";
            if is_known || is_leaving || is_flapping || OUTAGE.contains(&day) || MAIL_IS_DOWN.contains(&day) {
                continue;
            }
            let most = if known.badge == "CRITICAL" { 1 } else { 7 };
            assert!(day - known.told < most + 1, "day {day}: no reminder of {what} at {label}: {known:?}");
        }
        let missing: Vec<&Event> = self.events.iter().filter(|event| event.day <= day).collect();
        assert!(missing.is_empty(), "day {day}: not told: {missing:#?}");
    }

    /// The year is over: what was told to be there and not to be gone is open in the record.
    pub(crate) fn close(&self, open: &[String]) {
        assert!(self.events.is_empty(), "not told: {:#?}", self.events);
        let known: Vec<&(String, &str)> = self.known.keys().collect();
        assert_eq!(known.len(), open.len(), "told: {known:?}; in the record: {open:?}");
        for (label, what) in known {
            let is_there = open.iter().any(|key| key.starts_with(label) && key.contains(what));
            assert!(is_there, "{label} {what}: {open:?}");
        }
    }
}

/// Where, and what: empty where a line says that all of a place is gone.
fn thing(text: &str) -> (String, &'static str) {
    let words = [
        ("expires", "expiring"),
        ("expired", "expired"),
        ("no certificate was seen", "not_measured"),
        ("gave no certificate", "unreachable"),
        ("no longer a target", ""),
    ];
    let found = words.iter().find(|(words, _)| text.contains(words));
    let (_, what) = found.unwrap_or_else(|| panic!("what is {text}?"));
    let label = text.split(' ').nth(1).unwrap_or_default().trim_end_matches(':');
    (label.to_owned(), what)
}
