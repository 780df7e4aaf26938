//! The run dies somewhere: the next one catches up, and nothing is missed or told twice.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use certvigil::clock::Clock;
use certvigil::model::ScanState;
use certvigil::time::UnixTime;

use crate::QUIET;
use crate::support::days::{Days, PROFILE};
use crate::support::mailbox::Received;

/// A clock that ends whoever looks at it once too often.
#[derive(Debug)]
struct Mortal {
    clock: Arc<dyn Clock>,
    looks_left: AtomicI64,
}

impl Clock for Mortal {
    fn now(&self) -> UnixTime {
        assert_ne!(self.looks_left.fetch_sub(1, Ordering::Relaxed), 1, "the run ends here");
        self.clock.now()
    }
}

/// Mails by Message-ID: a mail that came twice is one mail.
fn unique(mails: Vec<Received>) -> BTreeMap<String, Received> {
    mails.into_iter().map(|mail| (mail.header("Message-ID").to_owned(), mail)).collect()
}

#[test]
fn a_run_that_dies_at_any_look_at_the_clock_is_made_up_for_by_the_next() {
    const HOSTS: u8 = 10;
    let mut days = Days::with(QUIET);
    let clock = Arc::clone(&days.parts.clock);
    let mortal = Arc::new(Mortal { clock, looks_left: AtomicI64::new(0) });
    days.parts.clock = Arc::clone(&mortal) as Arc<dyn Clock>;
    let names: Vec<String> = (0..HOSTS).map(|last| format!("host-{last}.test")).collect();
    for (last, name) in (0..).zip(&names) {
        days.serve(last, name, -100, 1_000);
    }
    let targets: Vec<&str> = names.iter().map(String::as_str).collect();
    days.profile(&targets, "", "");
    days.day(0);
    let mut is_broken = [false; HOSTS as usize];
    let mut died = 0;
    for (looks, last) in (1..).zip((0..HOSTS).cycle()) {
        // One host each day breaks, or is repaired; none so soon again that it would be flapping.
        let (day, host) = (looks, usize::from(last));
        let name = &names[host];
        is_broken[host] = !is_broken[host];
        let (from, to) = if is_broken[host] { (-100, day - 1) } else { (day - 1, day + 1_000) };
        days.serve(last, name, from, to);
        days.set_clock(day, 0);
        mortal.looks_left.store(looks, Ordering::Relaxed);
        let run = std::panic::catch_unwind(AssertUnwindSafe(|| {
            let finished = days.try_finish(&Arc::default());
            finished.is_ok_and(|finished| {
                days.deliver(&finished);
                true
            })
        }));
        let survived = run.unwrap_or(false);
        mortal.looks_left.store(0, Ordering::Relaxed);
        days.set_clock(day, 600);
        let next = days.finish(&Arc::default());
        assert!(days.deliver(&next).is_empty());
        drop(next);
        let mails = unique(days.new_mails());
        let label = days.label(name);
        let news: Vec<_> = mails
            .values()
            .flat_map(Received::lines)
            .filter(|line| line.is_over() || (line.is_finding() && line.is_news()))
            .collect();
        let (badge, what) = if is_broken[host] { ("CRITICAL", "expired") } else { ("RESOLVED", "(cert") };
        assert_eq!(news.len(), 1, "look {looks}: {news:?}");
        assert_eq!(news[0].badge, badge, "look {looks}: {news:?}");
        assert!(news[0].headline.starts_with(&format!("{label} {what}")), "look {looks}: {news:?}");
        if survived {
            break;
        }
        died += 1;
        assert!(died < 500, "a run does not look so often at the clock");
    }
    assert!(died > 20, "only {died} places to die");
}

#[test]
fn a_scan_that_ended_before_it_was_judged_is_judged_by_the_next_run_although_all_is_well_again() {
    let mut days = Days::with(QUIET);
    let clock = Arc::clone(&days.parts.clock);
    let mortal = Arc::new(Mortal { clock, looks_left: AtomicI64::new(0) });
    days.parts.clock = Arc::clone(&mortal) as Arc<dyn Clock>;
    days.serve(1, "a.test", -100, 1_000);
    days.profile(&["a.test"], "", "");
    days.day(0);
    days.serve(1, "a.test", -100, 0);
    // Dies later and later, until its scan has ended; each is of a day of its own.
    let is_unjudged = |days: &Days| {
        let store = days.store();
        let last = store.scans().unwrap().pop().unwrap();
        last.scan.state == ScanState::Complete
            && last.scan.finished_at > store.profile_watch(PROFILE).unwrap().last_finished
    };
    let day = (1..100).find(|looks| {
        days.set_clock(*looks, 0);
        mortal.looks_left.store(*looks, Ordering::Relaxed);
        let run = std::panic::catch_unwind(AssertUnwindSafe(|| days.try_finish(&Arc::default()).map(drop)));
        mortal.looks_left.store(0, Ordering::Relaxed);
        let is_found = is_unjudged(&days) && run.is_err();
        assert!(run.is_err() || !is_found);
        is_found
    });
    let day = day.unwrap();
    days.serve(1, "a.test", 0, 1_000);
    days.set_clock(day, 600);
    let run = days.scan();
    let lines: Vec<_> = run.mails.iter().flat_map(Received::lines).collect();
    let label = days.label("a.test");
    let has = |start: String| {
        lines.iter().any(|line| format!("{} {}", line.badge, line.headline).starts_with(&start))
    };
    assert!(has(format!("CRITICAL {label} expired")), "{lines:?}");
    assert!(has(format!("RESOLVED {label} ")), "{lines:?}");
    days.quiet(day + 1..day + 3);
}

#[test]
fn what_was_found_and_not_sent_is_sent_by_the_next_run() {
    let mut days = Days::with(QUIET);
    days.serve(1, "a.test", -10, 80);
    days.serve(2, "b.test", -10, 80);
    days.profile(&["a.test", "b.test"], "", "");
    days.day(0);
    days.serve(1, "a.test", -89, 2);
    days.set_clock(1, 0);
    drop(days.finish(&Arc::default()));
    assert!(days.new_mails().is_empty());
    days.serve(2, "b.test", -89, 2);
    days.set_clock(1, 600);
    let run = days.scan();
    let lines: Vec<_> = run.mails.iter().flat_map(Received::lines).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    for (line, name) in lines.iter().zip(["a.test", "b.test"]) {
        assert!(line.badge == "CRITICAL" && line.headline.starts_with(name), "{lines:?}");
    }
}
