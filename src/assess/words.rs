//! How verdicts speak of names, times and lives: short, in UTC, safe for a terminal.

use crate::text::Untrusted;
use crate::time::{DAY_SECONDS, UnixTime};
use crate::x509::{Certificate, Fingerprint};

/// Characters of somebody else's text that a sentence carries at most.
const SHOWN_CHARACTERS: usize = 120;

/// Somebody else's text inside a sentence: escaped, cut, in quotes.
pub(crate) fn quoted(text: &Untrusted) -> String {
    let mut short: String = text.raw().chars().take(SHOWN_CHARACTERS).collect();
    if short.len() < text.raw().len() {
        short.push('…');
    }
    format!("\"{}\"", Untrusted::new(short).terminal())
}

/// `a`, `a and b`, `a, b and c`, `a, b, c, d and 3 more`.
pub(crate) fn listed(items: &[String]) -> String {
    const SHOWN: usize = 4;
    let (last, others) = match items {
        [] => return String::new(),
        [only] => return only.clone(),
        [others @ .., last] if items.len() <= SHOWN => (last.clone(), others),
        _ => {
            let (shown, rest) = items.split_at(SHOWN);
            (format!("{} more", rest.len()), shown)
        }
    };
    format!("{} and {last}", others.join(", "))
}

/// What a certificate is called in a sentence: its label and the start of its SHA-256.
pub(crate) fn certificate(certificate: &Certificate) -> String {
    format!("{} ({})", quoted(&certificate.label()), certificate.sha256.short())
}

/// What the issuer is called in a sentence.
pub(crate) fn issuer(certificate: &Certificate) -> String {
    if certificate.issuer.text.raw().is_empty() {
        "an issuer without a name".to_owned()
    } else {
        quoted(certificate.issuer.label())
    }
}

/// A length of time in the unit a person would use: `3 d`, `5 h`, `40 min`, `10 s`.
pub(crate) fn duration(seconds: i64) -> String {
    let seconds = seconds.max(0);
    match seconds {
        DAY_SECONDS.. => format!("{} d", seconds / DAY_SECONDS),
        3_600.. => format!("{} h", seconds / 3_600),
        60.. => format!("{} min", seconds / 60),
        _ => format!("{seconds} s"),
    }
}

/// `2026-12-01T00:00:00Z (in 6 d, 7 % of its life left)`.
pub(crate) fn time_left(not_before: Option<UnixTime>, not_after: UnixTime, now: UnixTime) -> String {
    let left = not_after.seconds_since(now);
    let share = not_before
        .map(|start| not_after.seconds_since(start))
        .filter(|life| *life > 0)
        .map(|life| format!(", {} % of its life left", percent(left, life)))
        .unwrap_or_default();
    format!("{not_after} (in {}{share})", duration(left))
}

/// Whole percent of `part` in `whole`, rounded down, 0 to 100.
pub(crate) fn percent(part: i64, whole: i64) -> i64 {
    let share = i128::from(part.max(0)) * 100 / i128::from(whole.max(1));
    i64::try_from(share.min(100)).unwrap_or(100)
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Which authority a certificate names as its issuer: the key identifier where there is one, else the name.
/// Equal for every certificate of one issuer, so that forty endpoints make one line.
pub(crate) fn issuer_group(certificate: &Certificate) -> String {
    match &certificate.aki {
        Some(key) if !key.is_empty() => format!("issuer:{}", hex(key)),
        _ => format!("issuer:{}", Fingerprint::of(&certificate.issuer.der)),
    }
}

/// The same group as [`issuer_group`], from the authority's own certificate.
pub(crate) fn authority_group(certificate: &Certificate) -> String {
    match &certificate.ski {
        Some(key) if !key.is_empty() => format!("issuer:{}", hex(key)),
        _ => format!("issuer:{}", Fingerprint::of(&certificate.subject.der)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_is_cut_and_escaped() {
        let text = quoted(&Untrusted::new(format!("\u{1b}[2J{}", "x".repeat(5_000))));
        assert!(text.starts_with("\"\\u{1b}[2J"));
        assert!(text.ends_with("…\""));
        assert!(text.chars().count() < 140);
    }

    #[test]
    fn a_list_names_four_and_counts_the_rest() {
        let names = |count: usize| -> Vec<String> { (1..=count).map(|n| n.to_string()).collect() };
        assert_eq!(listed(&names(0)), "");
        assert_eq!(listed(&names(1)), "1");
        assert_eq!(listed(&names(2)), "1 and 2");
        assert_eq!(listed(&names(4)), "1, 2, 3 and 4");
        assert_eq!(listed(&names(9)), "1, 2, 3, 4 and 5 more");
    }

    #[test]
    fn times_left_carry_days_and_share() {
        let text = time_left(Some(UnixTime(0)), UnixTime(100 * DAY_SECONDS), UnixTime(93 * DAY_SECONDS));
        assert_eq!(text, "1970-04-11T00:00:00Z (in 7 d, 7 % of its life left)");
        let no_life = time_left(Some(UnixTime(10)), UnixTime(10), UnixTime(10));
        assert_eq!(no_life, "1970-01-01T00:00:10Z (in 0 s)");
        assert_eq!(percent(i64::MAX, 1), 100);
    }
}
