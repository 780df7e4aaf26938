//! A year of daily scans over an estate that lives: certificates renewed in time, late and never, a flapping host, an
//! outage, a forgotten owner, maintenance with a silence, a timer that stood still, a mail server that was down. The
//! mailbox is read mail by mail.
//!
//! The days pass in a manual clock; hosts, scans and the mail server are real.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by a panic"
)]

mod support;

#[path = "year/reader.rs"]
mod reader;

use std::ops::Range;

use reader::{Event, Reader};
use support::days::Days;
use support::mailbox::Received;

const DAYS: i64 = 365;
const HOUR: i64 = 3_600;

/// Hosts without a name, in one network.
const BARE: Range<u8> = 16..28;
const NAMED: [(&str, u8); 4] = [("pay.test", 1), ("shop.test", 2), ("legacy.test", 3), ("flap.test", 4)];

/// Days on which a host is down, counted from the first scan.
const DOWN: [(u8, Range<i64>); 9] = [
    (4, 40..41),
    (4, 42..43),
    (4, 44..45),
    (4, 46..47),
    (4, 48..49),
    (16, 250..256),
    // Maintenance: one is over before its silence is, the other takes longer.
    (1, 275..277),
    (20, 280..287),
    (22, 331..334),
];
/// Everything is down, or so it seems.
const OUTAGE: Range<i64> = 150..152;
const TIMER_STANDS: Range<i64> = 300..304;
const MAIL_IS_DOWN: Range<i64> = 330..337;
/// Somebody says "I know" of the forgotten owner's certificate, and takes it from the profile in the end.
const ACKNOWLEDGED: Range<i64> = 130..200;
const LEGACY_LEAVES: i64 = 210;

const ROUTES: &str = "[[route]]\nname = \"default\"\ndefault = true\nto = [\"on-call@company.test\"]\n\
    [[route]]\nname = \"payments\"\nowner = \"payments\"\nto = [\"payments@company.test\"]\n\
    [[route]]\nname = \"shop\"\nowner = \"shop\"\nto = [\"shop@company.test\"]\ntime_zone = \"Europe/Berlin\"\n";

const OWNERS: &str = "[[owner]]\nnames = [\"pay.test\"]\nowner = \"payments\"\n\
    [[owner]]\nnames = [\"shop.test\"]\nowner = \"shop\"\n\
    [[owner]]\nnames = [\"legacy.test\"]\nowner = \"somebody who left\"\n";

struct Year {
    days: Days,
    /// When the certificate of each named host ends.
    ends: [i64; NAMED.len()],
    /// Mails by the day they came.
    mails: Vec<(i64, Received)>,
}

impl Year {
    fn new() -> Self {
        let mut days = Days::with(ROUTES);
        // Most have lived a little; one was bought for a year.
        let lives = [(-10, 80), (-30, 60), (-245, 120), (-10, 80)];
        for ((name, last), (from, to)) in NAMED.into_iter().zip(lives) {
            days.serve(last, name, from, to);
        }
        BARE.for_each(|last| days.serve_bare(last, -100, 1_900));
        let year = Self { days, ends: lives.map(|(_, to)| to), mails: Vec::new() };
        year.write_profile(|_| true);
        year
    }

    fn write_profile(&self, stays: impl Fn(&str) -> bool) {
        let bare = format!("{}-{}", self.days.address(BARE.start), self.days.address(BARE.end - 1));
        let names = NAMED.into_iter().map(|(name, _)| name).filter(|name| stays(name));
        let targets: Vec<&str> = names.chain([bare.as_str()]).collect();
        self.days.profile(&targets, "", OWNERS);
    }

    /// One day: what happens, the scan, and what people do when they have read their mail.
    fn live(&mut self, day: i64) {
        self.renew(day);
        self.go_down_and_up(day);
        if day == LEGACY_LEAVES {
            self.write_profile(|name| name != "legacy.test");
        }
        if MAIL_IS_DOWN.contains(&day) {
            self.days.mailbox.go_down();
        } else {
            self.days.mailbox.recover();
        }
        // A timer with some jitter.
        self.days.set_clock(day, day % 7 * 60);
        if !TIMER_STANDS.contains(&day) {
            let run = self.days.scan();
            assert!(run.left.is_empty() || MAIL_IS_DOWN.contains(&day), "day {day}: {:?}", run.left);
            self.mails.extend(run.mails.into_iter().map(|mail| (day, mail)));
        }
        self.decide(day);
    }

    fn renew(&mut self, day: i64) {
        for (place, (name, last)) in NAMED.into_iter().enumerate() {
            let renews_at = match name {
                "legacy.test" => continue,
                // The first time somebody wakes up two days before the end.
                "shop.test" if day <= 60 => 2,
                _ => 30,
            };
            if self.ends[place] - day <= renews_at {
                self.days.serve(last, name, day, day + 90);
                self.ends[place] = day + 90;
            }
        }
    }

    fn go_down_and_up(&mut self, day: i64) {
        for last in NAMED.into_iter().map(|(_, last)| last).chain(BARE) {
            let is_down = |(host, when): &(u8, Range<i64>)| *host == last && when.contains(&day);
            if OUTAGE.contains(&day) || DOWN.iter().any(is_down) {
                self.days.stop(last);
            } else {
                self.days.restart(last);
            }
        }
    }

    fn decide(&self, day: i64) {
        self.days.set_clock(day, 6 * HOUR);
        let until = |end: i64| u64::try_from((end - day) * 24 * HOUR).unwrap();
        match day {
            130 => {
                let key = format!("{}/x509.validity.expired", self.days.label("legacy.test"));
                self.days.acknowledge(&key, until(ACKNOWLEDGED.end));
            }
            274 => self.days.silence("pay.test:*", until(278)),
            279 => self.days.silence(&self.days.bare(20), until(284)),
            _ => {}
        }
    }

    /// A text in which this run's addresses and port are those of any other.
    fn normalised(&self, text: &str) -> String {
        let network = self.days.address(0).to_string();
        let network = network.strip_suffix('0').unwrap();
        text.replace(network, "127.0.0.").replace(&format!(":{}", self.days.stage.port), "")
    }
}

/// All that happens in the year and somebody must hear of: day, who, and how the line begins.
fn events() -> Vec<Event> {
    let mut events = Vec::new();
    let mut to = |who: &str, lines: &[(i64, &str)]| {
        let who = format!("{who}@company.test");
        events.extend(lines.iter().map(|(day, line)| Event::new(*day, &who, line)));
    };
    to(
        "shop",
        &[
            (38, "MEDIUM shop.test expires in 21 d"),
            (47, "HIGH shop.test expires in 12 d 23 h (got worse)"),
            (57, "CRITICAL shop.test expires in 2 d 23 h (got worse)"),
            (58, "RESOLVED shop.test (certificate expires soon)"),
        ],
    );
    to(
        "on-call",
        &[
            (0, "BASELINE days: nothing found at 16 endpoints"),
            (40, "HIGH flap.test: no certificate was seen"),
            (41, "RESOLVED flap.test (no certificate was seen"),
            (42, "HIGH flap.test: no certificate was seen"),
            (43, "RESOLVED flap.test (no certificate was seen"),
            // From now on it is flapping: not told each time, and its end when it has been calm.
            (44, "HIGH flap.test: no certificate was seen"),
            (56, "RESOLVED flap.test (no certificate was seen"),
            (90, "MEDIUM legacy.test expires in 29 d"),
            (106, "HIGH legacy.test expires in 13 d 23 h (got worse)"),
            (117, "CRITICAL legacy.test expires in 2 d 23 h (got worse)"),
            (120, "CRITICAL legacy.test expired 1 min ago"),
            (150, "CUT OFF the scanner may be cut off: 16 of 16 endpoints silent"),
            (151, "CUT OFF the scanner may be cut off: 16 of 16 endpoints silent"),
            (201, "CRITICAL legacy.test expired 81 d ago (no longer silenced)"),
            (211, "RETIRED legacy.test is no longer a target"),
            (251, "MEDIUM 127.0.0.16: endpoint gave no certificate this time"),
            (256, "RESOLVED 127.0.0.16 (endpoint gave no certificate this time)"),
            (285, "MEDIUM 127.0.0.20: endpoint gave no certificate this time (no longer silenced)"),
            (287, "RESOLVED 127.0.0.20 (endpoint gave no certificate this time)"),
            (304, "NOT SCANNED no scan of days for 4 d 23 h"),
            // It came and went while no mail could be sent.
            (337, "RESOLVED 127.0.0.22 (endpoint gave no certificate this time)"),
        ],
    );
    let mut week = 7;
    while week < DAYS {
        // Nobody looked, nobody could say so: then at the next opportunity.
        week = if TIMER_STANDS.contains(&week) { TIMER_STANDS.end } else { week };
        let told = if MAIL_IS_DOWN.contains(&week) { MAIL_IS_DOWN.end } else { week };
        to("on-call", &[(told, "STILL WATCHING 1 profile")]);
        week += 7;
    }
    events
}

#[test]
fn a_year_leaves_a_mailbox_in_which_each_mail_is_necessary_none_is_missing_and_none_is_there_twice() {
    let mut year = Year::new();
    for day in 0..DAYS {
        year.live(day);
    }
    let mut listed = String::new();
    for (day, mail) in &year.mails {
        let line = format!("{day:>3} {} {}\n", mail.rcpt_to.join(","), mail.subject());
        listed.push_str(&year.normalised(&line));
    }
    support::program::golden("year.txt", &listed);
    let mut reader = Reader::new(events());
    for day in 0..DAYS {
        let mails = year.mails.iter().filter(|(came, _)| *came == day).map(|(_, mail)| mail);
        reader.read_day(day, mails, |text| year.normalised(text));
    }
    let open = year.days.findings().into_values();
    let open = open.filter(|finding| finding.state != certvigil::model::FindingState::Resolved);
    let open: Vec<String> = open.map(|finding| year.normalised(&finding.key.0)).collect();
    reader.close(&open);
}
