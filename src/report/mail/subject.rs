//! The subject: the worst line, and how many others there are. One line of at most 150 characters.

use super::MailOptions;
use super::finding::{badge, badge_over, what, what_was};
use super::gather::{Shown, Tally};
use super::group::{Class, Group};
use super::watch::{Kind, WatchLine};
use crate::model::Severity;
use crate::report::layout::clean;
use crate::report::phrases::{date, number};
use crate::text::mail_header;

/// Characters of a subject.
const LONGEST: usize = 150;

/// What filters and eyes look for.
const PREFIX: &str = "[certvigil] ";

/// The subject of a mail with this news; `more_watch` counts news about the watch that is not among `watch`.
pub(super) fn subject(
    watch: &[WatchLine],
    more_watch: u64,
    shown: &Shown,
    options: &MailOptions<'_>,
) -> String {
    let watched = u64::try_from(watch.len()).unwrap_or(u64::MAX).saturating_add(more_watch);
    let all = watched.saturating_add(shown.line_count);
    let (first, others) = match (news_of_watch(watch, shown), shown.lines.first()) {
        // Its counts are those of the lines below it.
        (Some(line), _) if line.kind == Kind::Baseline => (line.what(), watched.saturating_sub(1)),
        (Some(line), _) => (line.what(), all.saturating_sub(1)),
        (None, Some((severity, tally, group))) => {
            (of_group(*severity, tally, group, options), all.saturating_sub(1))
        }
        (None, None) => ("nothing to tell".to_owned(), 0),
    };
    let suffix = if others > 0 { format!(" (+{} more)", number(others)) } else { String::new() };
    let room = LONGEST - PREFIX.len() - suffix.len();
    format!("{PREFIX}{}{suffix}", mail_header(&clean(&first), room))
}

/// The news about the watch that comes before any finding.
fn news_of_watch<'a>(watch: &'a [WatchLine], shown: &Shown) -> Option<&'a WatchLine> {
    let first = watch.first()?;
    let worst = shown.lines.first();
    let is_critical =
        worst.is_some_and(|(severity, _, group)| !group.class.is_over() && *severity == Severity::Critical);
    match first.kind {
        kind if kind.is_calm() => worst.is_none().then_some(first),
        // One certificate that is not renewed weighs less than one that hurts already.
        Kind::HookFailed if is_critical => None,
        _ => Some(first),
    }
}

fn of_group(severity: Severity, tally: &Tally, group: &Group, options: &MailOptions<'_>) -> String {
    let severity = badge(severity);
    match group.class {
        Class::New | Class::Baseline => format!("{severity} {}", what(tally, group, options)),
        Class::Reminder => {
            format!("still {severity} since {}: {}", date(group.first_seen), what(tally, group, options))
        }
        Class::Resolved | Class::Retired => {
            format!("{}: {}", badge_over(group).to_lowercase(), what_was(tally, group))
        }
    }
}
