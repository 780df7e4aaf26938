//! Scalars of the documents: borrowed text, hashes in lower-case hexadecimal, times as RFC 3339 in UTC.

use std::borrow::Cow;
use std::fmt::Display;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::time::UnixTime;
use crate::x509::Fingerprint;

/// Text: borrowed from the model when written, owned when read back.
pub type Text<'a> = Cow<'a, str>;

/// A SHA-256 digest as 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sha256(pub Fingerprint);

impl Serialize for Sha256 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hexadecimal(&self.0.0))
    }
}

impl<'de> Deserialize<'de> for Sha256 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Text::deserialize(deserializer)?;
        Fingerprint::parse(&text)
            .map(Self)
            .ok_or_else(|| D::Error::custom("a SHA-256 has 64 hexadecimal digits"))
    }
}

/// A time as RFC 3339 in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(pub UnixTime);

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Text::deserialize(deserializer)?;
        UnixTime::parse(&text).map(Self).ok_or_else(|| D::Error::custom("a time is RFC 3339 in UTC"))
    }
}

/// Lower-case hexadecimal.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.extend(
            [byte >> 4, byte & 0xf].into_iter().filter_map(|digit| char::from_digit(digit.into(), 16)),
        );
    }
    text
}

/// A registry's value: its name without a copy, else its number.
pub(super) fn registered<'a>(name: Option<&'static str>, number: impl Display) -> Text<'a> {
    match name {
        Some(name) => Text::Borrowed(name),
        None => Text::Owned(number.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_and_a_time_read_what_they_write() {
        let hash = Sha256(Fingerprint::of(b""));
        let text = serde_json::to_string(&hash).unwrap();
        assert!(text.starts_with("\"e3b0c44298fc1c14"));
        assert_eq!(serde_json::from_str::<Sha256>(&text).unwrap(), hash);
        let time = Timestamp(UnixTime(1_795_510_800));
        assert_eq!(serde_json::to_string(&time).unwrap(), "\"2026-11-24T09:00:00Z\"");
        assert_eq!(serde_json::from_str::<Timestamp>("\"2026-11-24T09:00:00Z\"").unwrap(), time);
    }

    #[test]
    fn what_is_no_hash_or_time_is_refused() {
        for text in ["\"\"", "\"e3b0\"", "1", "null", "\"zz\""] {
            assert!(serde_json::from_str::<Sha256>(text).is_err(), "{text}");
        }
        for text in ["\"soon\"", "1795510800", "null"] {
            assert!(serde_json::from_str::<Timestamp>(text).is_err(), "{text}");
        }
    }
}
