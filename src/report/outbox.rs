//! The table of `notify outbox list`.

use super::TableOptions;
use super::layout::{Cell, Column};
use super::listing::Listing;
use super::phrases::{counted, from_now, number};
use super::style::Style;
use crate::time::UnixTime;
use crate::wire::v1::{OutboxDocument, OutboxHook, OutboxLane, Timestamp};

const COLUMNS: [Column; 5] = [
    Column::new("STATE", 8, 10),
    Column::new("FOR", 16, 48).weight(2),
    Column::new("ITEMS", 5, 9).right(),
    Column::new("SINCE", 8, 22),
    Column::new("NEXT TRY", 24, 96).weight(2),
];

const HOOK_COLUMNS: [Column; 4] = [
    Column::new("HOOK", 8, 32),
    Column::new("CERTIFICATE OR FINDING", 16, 64).weight(2),
    Column::new("RUNS", 4, 6).right(),
    Column::new("LAST RUN", 24, 96).weight(2),
];

/// What waits for mail and hooks, the worst first, then what hooks have done.
pub fn outbox_table(document: &OutboxDocument<'_>, options: &TableOptions, next_command: &str) -> String {
    let mut out = String::new();
    if !document.hooks.is_empty() {
        let mut hooks = Listing::new(&HOOK_COLUMNS);
        for hook in &document.hooks {
            hooks.row(hook_row(hook, options));
        }
        out.push_str(&hooks.render(options, ""));
        out.push('\n');
    }
    let mut listing = Listing::new(&COLUMNS);
    for lane in &document.lanes {
        listing.row(row(lane, options));
    }
    listing.sentence(match document.waiting {
        0 => "Nothing waits: every alert was delivered.".to_owned(),
        waiting => {
            let verb = if waiting == 1 { "waits" } else { "wait" };
            format!("{} {verb}.", counted(waiting, "alert", "alerts"))
        }
    });
    out.push_str(&listing.render(options, next_command));
    out
}

fn row(lane: &OutboxLane<'_>, options: &TableOptions) -> [Cell; 5] {
    let kind = format!("{}, {}", lane.channel, lane.urgency);
    let kind = if lane.channel == "hook" { lane.channel.as_ref() } else { kind.as_str() };
    [
        Cell::styled(&lane.state, style(&lane.state)),
        Cell::styled(&lane.to, Style::Strong).and(kind, Style::Dim),
        Cell::new(&number(lane.waiting)),
        time(lane.oldest, options),
        next(lane, options.now),
    ]
}

fn next(lane: &OutboxLane<'_>, now: UnixTime) -> Cell {
    let Some(at) = lane.next_at else {
        return Cell::new(if lane.state == "sealed" { "at once: its fate is not known" } else { "at once" });
    };
    let when = match lane.attempts {
        // A hook's lane has none of its own: each of its runs has.
        0 => from_now(at.0, now),
        attempts => {
            format!("{} after {}", from_now(at.0, now), counted(attempts.into(), "failure", "failures"))
        }
    };
    Cell::new(&when).and(lane.error.as_deref().unwrap_or_default(), Style::Plain)
}

fn hook_row(hook: &OutboxHook<'_>, options: &TableOptions) -> [Cell; 4] {
    let mut outcome = Cell::new(&hook.outcome);
    if hook.failures > 0 {
        let failures = counted(hook.failures.into(), "failure", "failures");
        let next = format!("next try {} after {failures}", from_now(hook.next_at.0, options.now));
        outcome = outcome.and(&next, Style::Plain);
    }
    if let Some(verification) = &hook.verification {
        let until = from_now(verification.until.0, options.now);
        let late = verification.until.0 <= options.now;
        let said = if late {
            format!("the old certificate should have gone {until}")
        } else {
            format!("the old certificate should be gone {until}")
        };
        outcome = outcome.and(&said, if late { Style::High } else { Style::Plain });
    }
    [
        Cell::styled(&hook.hook, Style::Strong),
        Cell::new(&hook.subject),
        Cell::new(&number(u64::try_from(hook.tries.len()).unwrap_or(u64::MAX))),
        outcome,
    ]
}

fn time(time: Timestamp, options: &TableOptions) -> Cell {
    Cell::new(&time.0.to_string()).and(&from_now(time.0, options.now), Style::Dim)
}

fn style(state: &str) -> Style {
    match state {
        "refused" => Style::Critical,
        "sealed" | "deferred" => Style::Medium,
        _ => Style::Plain,
    }
}
