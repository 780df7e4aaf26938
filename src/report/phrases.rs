//! Words and numbers as a person reads them.

use crate::model::{Reason, Stage};
use crate::time::{DAY_SECONDS, UnixTime};
use crate::x509::certificate::PublicKey;

/// Days from which years say more.
const MANY_DAYS: i64 = 1_000;

/// `14000` as `14,000`.
pub fn number(number: impl Into<u128>) -> String {
    let digits = number.into().to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 endpoint`, `2 endpoints`.
pub fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(count), if count == 1 { one } else { many })
}

/// `2026-11-24`, in UTC.
pub(super) fn date(time: UnixTime) -> String {
    time.to_string().chars().take_while(|c| *c != 'T').collect()
}

/// `in 12 d`, `12 d ago`, `in 5 h`, `now`; years from a thousand days.
pub(super) fn from_now(time: UnixTime, now: UnixTime) -> String {
    let seconds = time.seconds_since(now);
    let distance = duration(seconds.saturating_abs());
    match seconds {
        -59..=59 => "now".to_owned(),
        60.. => format!("in {distance}"),
        _ => format!("{distance} ago"),
    }
}

/// The largest unit that fits: `45 s`, `12 min`, `5 h`, `12 d`, `9 y`.
pub(super) fn duration(seconds: i64) -> String {
    match seconds {
        ..60 => format!("{} s", seconds.max(0)),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..DAY_SECONDS => format!("{} h", seconds / 3_600),
        _ if seconds / DAY_SECONDS < MANY_DAYS => format!("{} d", seconds / DAY_SECONDS),
        _ => format!("{} y", seconds / DAY_SECONDS / 365),
    }
}

/// `RSA 2048`, `EC P-256`, `Ed25519`.
pub(super) fn key_name(key: &PublicKey) -> String {
    key_words(&key.algorithm, key.bits, key.curve.as_deref())
}

/// As [`key_name`], from the parts of a document.
pub(super) fn key_words(algorithm: &str, bits: Option<u32>, curve: Option<&str>) -> String {
    match (curve, bits) {
        (Some(curve), _) => format!("{algorithm} {curve}"),
        (None, Some(bits)) if matches!(algorithm, "RSA" | "DSA" | "EC") => format!("{algorithm} {bits}"),
        (None, _) => algorithm.to_owned(),
    }
}

/// How a visit ended without a chain, in words that follow a number: `20 refused`, `12 timed out at handshake`.
pub(super) fn failure_words(stage: Stage, reason: Reason) -> String {
    let words = reason_words(reason);
    if stage == Stage::Connect || reason_names_stage(reason) {
        return words.to_owned();
    }
    format!("{words} at {}", stage.name())
}

fn reason_words(reason: Reason) -> &'static str {
    match reason {
        Reason::Refused => "refused",
        Reason::Timeout => "timed out",
        Reason::Reset => "reset",
        Reason::Closed => "closed",
        Reason::Unreachable => "unreachable",
        Reason::NotTls => "not TLS",
        Reason::Alert => "answered by an alert",
        Reason::ChainTooLarge => "with too large a chain",
        Reason::Malformed => "malformed",
        Reason::NoCertificate => "without a certificate",
        Reason::NoSuchName => "no such name",
        Reason::NoAddress => "without an address",
        Reason::DnsFailure => "DNS failed",
        Reason::Local => "failed on this machine",
        Reason::Unreadable => "unreadable",
        Reason::NotOffered => "without an offer of TLS",
        Reason::Throttled => "throttled",
        Reason::Injected => "with text before TLS",
        Reason::WrongProtocol => "another protocol",
    }
}

/// The words say already where it stopped.
fn reason_names_stage(reason: Reason) -> bool {
    match reason {
        Reason::Refused
        | Reason::Timeout
        | Reason::Reset
        | Reason::Closed
        | Reason::Unreachable
        | Reason::Malformed
        | Reason::Local => false,
        Reason::NotTls
        | Reason::Alert
        | Reason::ChainTooLarge
        | Reason::NoCertificate
        | Reason::NoSuchName
        | Reason::NoAddress
        | Reason::DnsFailure
        | Reason::Unreadable
        | Reason::NotOffered
        | Reason::Throttled
        | Reason::Injected
        | Reason::WrongProtocol => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (value, expected) in [(0_u64, "0"), (999, "999"), (1_000, "1,000"), (14_000_000, "14,000,000")] {
            assert_eq!(number(value), expected);
        }
        assert_eq!(counted(1, "endpoint", "endpoints"), "1 endpoint");
        assert_eq!(counted(0, "endpoint", "endpoints"), "0 endpoints");
    }

    #[test]
    fn times_are_told_from_now() {
        let now = UnixTime(1_000_000_000);
        for (seconds, expected) in [
            (0, "now"),
            (120, "in 2 min"),
            (-7_200, "2 h ago"),
            (12 * DAY_SECONDS + 5, "in 12 d"),
            (-12 * DAY_SECONDS, "12 d ago"),
            (3_650 * DAY_SECONDS, "in 10 y"),
        ] {
            assert_eq!(from_now(now.plus_seconds(seconds), now), expected);
        }
        assert_eq!(date(now), "2001-09-09");
        assert!(from_now(UnixTime(i64::MIN), UnixTime(i64::MAX)).ends_with("ago"));
    }

    #[test]
    fn a_key_is_named_by_what_tells_its_strength() {
        assert_eq!(key_words("RSA", Some(2048), None), "RSA 2048");
        assert_eq!(key_words("EC", Some(256), Some("P-256")), "EC P-256");
        assert_eq!(key_words("Ed25519", Some(256), None), "Ed25519");
        assert_eq!(key_words("ML-DSA-65", Some(15_616), None), "ML-DSA-65");
    }
}
