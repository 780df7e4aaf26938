//! How single values are written in settings files and profiles. A wrong one is told where it stands; never guessed.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::duration::HumanDuration;
use crate::model::{EventName, Rule, ServerName, Severity};
use crate::text::escape_for_terminal;

/// Reads a string by `read`. Its error carries the place of the string itself, also inside an array.
pub(super) fn checked<'de, D, T>(
    deserializer: D,
    read: impl FnOnce(&str) -> Result<T, String>,
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
{
    struct Reader<F>(F);
    impl<T, F: FnOnce(&str) -> Result<T, String>> serde::de::Visitor<'_> for Reader<F> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
            (self.0)(text).map_err(E::custom)
        }
    }
    deserializer.deserialize_str(Reader(read))
}

/// Reads a word by `read`; `expected` says what it should have been.
pub(super) fn named<'de, D, T>(
    deserializer: D,
    read: impl Fn(&str) -> Option<T>,
    expected: &str,
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
{
    checked(deserializer, |text| read(text).ok_or_else(|| format!("`{text}`: expected {expected}")))
}

pub(super) fn severity<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Severity, D::Error> {
    named(deserializer, Severity::from_name, "info, low, medium, high or critical")
}

pub(super) fn rule<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Rule, D::Error> {
    named(deserializer, Rule::from_id, "a rule's id, such as x509.validity.expired")
}

pub(super) fn some_rule<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Rule>, D::Error> {
    rule(deserializer).map(Some)
}

/// Rules by their ids; each wrong one is told on its own line.
pub(super) fn rules<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Rule>, D::Error> {
    #[derive(Deserialize)]
    struct Written(#[serde(deserialize_with = "rule")] Rule);
    Ok(Vec::<Written>::deserialize(deserializer)?.into_iter().map(|written| written.0).collect())
}

/// Events by their public names, likewise.
pub(super) fn events<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<EventName>, D::Error> {
    #[derive(Deserialize)]
    struct Written(#[serde(deserialize_with = "event")] EventName);
    Ok(Vec::<Written>::deserialize(deserializer)?.into_iter().map(|written| written.0).collect())
}

fn event<'de, D: Deserializer<'de>>(deserializer: D) -> Result<EventName, D::Error> {
    let names = EventName::ALL.map(EventName::name).join(", ");
    named(deserializer, EventName::from_name, &format!("one of {names}"))
}

/// A duration from one second on.
pub(super) fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let HumanDuration(duration) = HumanDuration::deserialize(deserializer)?;
    if duration < Duration::from_secs(1) {
        return Err(serde::de::Error::custom("this time is too short; write at least 1s"));
    }
    Ok(duration)
}

/// What a route or a hook is called: it stands in lists, in the record and in commands.
pub(super) fn label<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let is_plain = |text: &str| {
        (1..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    named(
        deserializer,
        |text| is_plain(text).then(|| text.to_owned()),
        "a name of 1 to 64 letters, digits, `-`, `_` and `.`",
    )
}

/// A mail address (RFC 5321 section 4.1.2, without quoted parts and address literals), its domain in A-labels.
///
/// # Errors
/// A sentence that says what is wrong with it.
pub fn mail_address(text: &str) -> Result<String, String> {
    let wrong = |why: &str| format!("`{}` is not a mail address: {why}", escape_for_terminal(text));
    let (local, domain) = text.rsplit_once('@').ok_or_else(|| wrong("write e.g. ops@example.com"))?;
    let is_atom = |atom: &str| {
        !atom.is_empty()
            && atom.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-".contains(&b))
    };
    if local.len() > 64 || !local.split('.').all(is_atom) {
        return Err(wrong("what stands before the @ is up to 64 letters, digits and signs, without spaces"));
    }
    let domain = ServerName::parse(domain).map_err(|why| wrong(&why))?;
    let address = format!("{local}@{domain}");
    // What the mail library refuses would fail at night instead of here.
    match address.parse::<lettre::Address>() {
        Ok(_) if address.len() <= 254 => Ok(address),
        Ok(_) => Err(wrong("it has more than 254 characters")),
        Err(why) => Err(wrong(&why.to_string())),
    }
}

/// Who mail comes from: an address, or `Name <address>`.
pub(super) fn sender<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    checked(deserializer, read_sender)
}

fn read_sender(text: &str) -> Result<String, String> {
    let Some((name, address)) = text.trim_end().strip_suffix('>').and_then(|text| text.rsplit_once('<'))
    else {
        return mail_address(text);
    };
    let name = name.trim().trim_matches('"');
    if name.chars().any(crate::text::is_unsafe_for_terminal) || name.contains(['"', '\\', '<', '>']) {
        return Err(format!(
            "`{}`: a sender's name has no quotes, brackets and control characters",
            escape_for_terminal(text)
        ));
    }
    let address = mail_address(address)?;
    Ok(if name.is_empty() { address } else { format!("\"{name}\" <{address}>") })
}

/// Addresses, at least one, each told on its own line where it is wrong.
pub(super) fn addresses<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    struct Written(String);
    impl<'de> Deserialize<'de> for Written {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            checked(deserializer, |text| mail_address(text).map(Self))
        }
    }
    let mut addresses: Vec<String> = Vec::new();
    for Written(address) in Vec::<Written>::deserialize(deserializer)? {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    if addresses.is_empty() {
        return Err(serde::de::Error::custom("nobody is named; write e.g. to = [\"ops@example.com\"]"));
    }
    Ok(addresses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_strict() {
        for good in ["ops@example.com", "a.b+c@localhost", "x@xn--bcher-kva.example"] {
            assert_eq!(mail_address(good).as_deref(), Ok(good));
        }
        assert_eq!(mail_address("x@Bücher.example").as_deref(), Ok("x@xn--bcher-kva.example"));
        let long = format!("{}@example.com", "a".repeat(65));
        for bad in [
            "",
            "ops",
            "@example.com",
            "ops@",
            "a b@example.com",
            "a@b@example.com",
            "a..b@example.com",
            "a@exa mple.com",
            "a@example.com\r\nBcc: x@example.com",
            "a@-x.example",
            "\"a b\"@example.com",
            "ä@example.com",
            &long,
        ] {
            let why = mail_address(bad).unwrap_err();
            assert!(why.contains("is not a mail address") && why.lines().count() == 1, "{why}");
        }
    }

    #[test]
    fn a_sender_may_have_a_name() {
        assert_eq!(read_sender("certvigil@example.com").as_deref(), Ok("certvigil@example.com"));
        assert_eq!(read_sender("<a@example.com>").as_deref(), Ok("a@example.com"));
        let named = read_sender("Certvigil (EU), night <a@example.com>").unwrap();
        assert_eq!(named, "\"Certvigil (EU), night\" <a@example.com>");
        let mailbox: lettre::message::Mailbox = named.parse().unwrap();
        assert_eq!(mailbox.name.as_deref(), Some("Certvigil (EU), night"));
        assert!(read_sender("\"Ähre\" <a@example.com>").unwrap().parse::<lettre::message::Mailbox>().is_ok());
        for bad in
            ["A <a>", "A\r\nBcc: b@example.com <a@example.com>", "A\" <a@example.com>, \"B <b@example.com>"]
        {
            assert!(read_sender(bad).is_err(), "{bad}");
        }
    }
}
