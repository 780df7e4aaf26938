//! Times, spans, quotes and commands as a mail says them.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::model::{Severity, SeverityCounts};
use crate::report::phrases::number;
use crate::text::shell_word;
use crate::time::{DAY_SECONDS, UnixTime};

const HOUR: i64 = 3_600;
const MINUTE: i64 = 60;

/// From here on hours say nothing any more.
const DAYS_WITHOUT_HOURS: i64 = 14;

/// From here on years say more.
const MANY_DAYS: i64 = 1_000;

/// Characters of a peer's text that one quotation carries.
const QUOTED: usize = 60;

/// `2 d 6 h`, `5 h 12 min`, `12 min`, `less than 1 min`, `23 d`, `9 y`.
pub(super) fn span(seconds: i64) -> String {
    let seconds = seconds.saturating_abs();
    let (days, hours) = (seconds / DAY_SECONDS, seconds % DAY_SECONDS / HOUR);
    let minutes = seconds % HOUR / MINUTE;
    match (days, hours, minutes) {
        (MANY_DAYS.., ..) => format!("{} y", days / 365),
        (DAYS_WITHOUT_HOURS.., ..) | (1.., 0, _) => format!("{days} d"),
        (1.., ..) => format!("{days} d {hours} h"),
        (_, 1.., 0) => format!("{hours} h"),
        (_, 1.., _) => format!("{hours} h {minutes} min"),
        (.., 1..) => format!("{minutes} min"),
        _ => "less than 1 min".to_owned(),
    }
}

/// `in 2 d 6 h`, `3 h ago`, `just now`.
pub(super) fn distance(time: UnixTime, now: UnixTime) -> String {
    let seconds = time.seconds_since(now);
    match seconds {
        MINUTE.. => format!("in {}", span(seconds)),
        0 => "just now".to_owned(),
        1.. => "in less than 1 min".to_owned(),
        _ if seconds > -MINUTE => "just now".to_owned(),
        _ => format!("{} ago", span(seconds)),
    }
}

/// `expires in 2 d 6 h`, `expired 3 h ago`; by the time of the mail, not of the scan.
pub(super) fn expiry(not_after: UnixTime, now: UnixTime, many: bool) -> String {
    match (now > not_after, many) {
        (true, _) => format!("expired {}", distance(not_after, now)),
        (false, true) => format!("expire in {}", span(not_after.seconds_since(now))),
        (false, false) => format!("expires in {}", span(not_after.seconds_since(now))),
    }
}

/// `2 % of its life left`; `None` once it is over, or without a beginning.
pub(super) fn life_left(not_before: Option<UnixTime>, not_after: UnixTime, now: UnixTime) -> Option<String> {
    let life = i128::from(not_after.seconds_since(not_before?));
    let left = i128::from(not_after.seconds_since(now));
    if life <= 0 || left < 0 {
        return None;
    }
    let percent = (left * 100 / life).min(100);
    Some(if percent == 0 {
        "less than 1 % of its life left".to_owned()
    } else {
        format!("{percent} % of its life left")
    })
}

/// `Thu 2026-11-26 15:00 UTC (16:00 CET)`: the day is said again where the zone has another one.
pub(super) fn moment(time: UnixTime, zone: &TimeZone) -> String {
    in_both(time, zone, "%a ")
}

/// As [`moment`], without the day of the week.
pub(super) fn date_and_time(time: UnixTime, zone: &TimeZone) -> String {
    in_both(time, zone, "")
}

fn in_both(time: UnixTime, zone: &TimeZone, weekday: &str) -> String {
    let Ok(timestamp) = Timestamp::from_second(time.0) else { return time.to_string() };
    let utc = timestamp.to_zoned(TimeZone::UTC);
    let local = timestamp.to_zoned(zone.clone());
    let here = utc.strftime(&format!("{weekday}%Y-%m-%d %H:%M UTC")).to_string();
    if is_utc(zone) {
        here
    } else if local.date() == utc.date() {
        format!("{here} ({})", local.strftime("%H:%M %Z"))
    } else {
        format!("{here} ({})", local.strftime(&format!("{weekday}%Y-%m-%d %H:%M %Z")))
    }
}

/// The zone's name where it says more than UTC.
pub(super) fn zone_name(zone: &TimeZone) -> Option<&str> {
    if is_utc(zone) { None } else { zone.iana_name() }
}

fn is_utc(zone: &TimeZone) -> bool {
    *zone == TimeZone::UTC || matches!(zone.iana_name(), Some("UTC" | "Etc/UTC"))
}

/// A peer's text between quotes that it cannot close, cut. It is still raw: each sink escapes.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for (at, c) in text.chars().enumerate() {
        match c {
            _ if at == QUOTED => {
                out.push('…');
                break;
            }
            '"' => out.push_str("\\\""),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A sentence's first word in the middle of another: `No certificate` becomes `no certificate`, `RSA key` stays.
pub(super) fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    match (letters.next(), letters.clone().next()) {
        (Some(first), second) if !second.is_some_and(char::is_uppercase) => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => text.to_owned(),
    }
}

/// `3 critical, 5 high`, the worst first; empty where there is none.
pub(super) fn by_severity(counts: &SeverityCounts) -> String {
    let counted = Severity::ALL.into_iter().rev().filter(|severity| counts.of(*severity) > 0);
    let words: Vec<String> =
        counted.map(|severity| format!("{} {}", number(counts.of(severity)), severity.name())).collect();
    words.join(", ")
}

/// `a, b and 3 more` of `total`.
pub(super) fn listed(items: &[String], total: u64) -> String {
    let shown = items.join(", ");
    match total.saturating_sub(u64::try_from(items.len()).unwrap_or(u64::MAX)) {
        0 => shown,
        more if shown.is_empty() => number(more),
        more => format!("{shown} and {} more", number(more)),
    }
}

/// A command with one operand that is not ours, quoted for a POSIX shell; an operand that looks like a flag stands
/// behind `--`.
pub(super) fn command(start: &str, operand: &str, rest: &str) -> String {
    let mut out = start.to_owned();
    let last = if operand.starts_with('-') {
        ["", rest, "--", &shell_word(operand)].join(" ")
    } else {
        [shell_word(operand).as_str(), rest].join(" ")
    };
    out.push(' ');
    out.push_str(last.trim());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_two_units_while_the_second_one_matters() {
        for (seconds, expected) in [
            (2 * DAY_SECONDS + 6 * HOUR + 59, "2 d 6 h"),
            (DAY_SECONDS, "1 d"),
            (5 * HOUR + 12 * MINUTE, "5 h 12 min"),
            (5 * HOUR, "5 h"),
            (12 * MINUTE + 5, "12 min"),
            (59, "less than 1 min"),
            (23 * DAY_SECONDS + 5 * HOUR, "23 d"),
            (3_650 * DAY_SECONDS, "10 y"),
            (i64::MIN, "292471208677 y"),
        ] {
            assert_eq!(span(seconds), expected);
        }
    }

    #[test]
    fn expiry_is_told_as_of_the_mail() {
        let end = UnixTime(1_795_510_800);
        assert_eq!(expiry(end, end.plus_seconds(-HOUR), false), "expires in 1 h");
        assert_eq!(expiry(end, end.plus_seconds(-HOUR), true), "expire in 1 h");
        assert_eq!(expiry(end, end.plus_seconds(3 * HOUR), false), "expired 3 h ago");
        assert_eq!(life_left(None, end, end), None);
        let begin = Some(end.plus_seconds(-100 * DAY_SECONDS));
        assert_eq!(
            life_left(begin, end, end.plus_seconds(-2 * DAY_SECONDS)).unwrap(),
            "2 % of its life left"
        );
        assert_eq!(life_left(begin, end, end.plus_seconds(-1)).unwrap(), "less than 1 % of its life left");
        assert_eq!(life_left(begin, end, end.plus_seconds(1)), None);
        assert_eq!(
            life_left(Some(UnixTime(i64::MIN)), UnixTime(i64::MAX), UnixTime(i64::MIN)).unwrap(),
            "100 % of its life left"
        );
    }

    #[test]
    fn times_are_in_utc_and_in_the_zone() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let time = UnixTime(1_795_510_800);
        assert_eq!(moment(time, &berlin), "Tue 2026-11-24 09:00 UTC (10:00 CET)");
        assert_eq!(moment(time, &TimeZone::UTC), "Tue 2026-11-24 09:00 UTC");
        let late = time.plus_seconds(14 * HOUR + 30 * MINUTE);
        assert_eq!(moment(late, &berlin), "Tue 2026-11-24 23:30 UTC (Wed 2026-11-25 00:30 CET)");
        for extreme in [i64::MIN, i64::MAX, -377_705_023_201, 253_402_207_200] {
            assert!(!moment(UnixTime(extreme), &berlin).is_empty());
        }
    }

    #[test]
    fn a_quotation_cannot_be_closed_from_inside() {
        assert_eq!(quoted("a\" Do: b"), "\"a\\\" Do: b\"");
        assert!(quoted(&"x".repeat(1_000)).ends_with("…\""));
    }

    #[test]
    fn commands_are_safe_to_paste() {
        let scan = |operand| command("certvigil scan", operand, "");
        assert_eq!(scan("pay.example.com:443"), "certvigil scan pay.example.com:443");
        assert_eq!(scan("[::1]:443"), "certvigil scan '[::1]:443'");
        assert_eq!(scan("a'; rm -rf ~; '"), "certvigil scan 'a'\\''; rm -rf ~; '\\'''");
        assert_eq!(scan("--output"), "certvigil scan -- --output");
        let ack = command("certvigil findings ack", "-x", "--reason TEXT");
        assert_eq!(ack, "certvigil findings ack --reason TEXT -- -x");
    }

    #[test]
    fn words_are_joined() {
        assert_eq!(lower_first("No certificate"), "no certificate");
        assert_eq!(lower_first("RSA key"), "RSA key");
        assert_eq!(lower_first("A CA certificate"), "a CA certificate");
        assert_eq!(listed(&["a".into(), "b".into()], 40), "a, b and 38 more");
        assert_eq!(listed(&["a".into()], 1), "a");
    }
}
