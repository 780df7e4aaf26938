//! What a web server says about coming back by TLS only (HTTP Strict Transport Security, RFC 6797). A fact, no verdict.

/// The policy in the answer to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hsts {
    /// HTTP answered, without the header.
    Absent,
    /// The header is there and breaks its grammar, so that clients pass it over (RFC 6797 section 8.1).
    Invalid,
    Policy {
        /// How long clients keep to it; 0 tells them to forget it.
        max_age_seconds: u64,
        include_subdomains: bool,
        /// Asks to be put on the browsers' lists; no part of the standard.
        preload: bool,
    },
}

/// Directives that are looked at; a server has two or three.
const MOST_DIRECTIVES: usize = 32;

impl Hsts {
    /// Reads the value of the header field (RFC 6797 section 6.1): directives in any order, names without case, each no
    /// more than once, `max-age` required, values quoted or not.
    pub fn parse(value: &[u8]) -> Self {
        Self::read(value).unwrap_or(Self::Invalid)
    }

    fn read(value: &[u8]) -> Option<Self> {
        let (mut max_age, mut include_subdomains, mut preload) = (None, false, false);
        let mut seen: Vec<Vec<u8>> = Vec::new();
        for directive in split_outside_quotes(value)? {
            let directive = directive.trim_ascii();
            if directive.is_empty() {
                continue;
            }
            let (name, value) = match directive.iter().position(|byte| *byte == b'=') {
                Some(at) => (directive.get(..at)?.trim_ascii(), Some(unquoted(directive.get(at + 1..)?)?)),
                None => (directive, None),
            };
            let name = name.to_ascii_lowercase();
            if !is_token(&name) || seen.contains(&name) || seen.len() == MOST_DIRECTIVES {
                return None;
            }
            match (name.as_slice(), value) {
                (b"max-age", Some(value)) => max_age = Some(seconds(value)?),
                (b"max-age", None) => return None,
                (b"includesubdomains", None) => include_subdomains = true,
                (b"includesubdomains", Some(_)) => return None,
                (b"preload", None) => preload = true,
                _ => {}
            }
            seen.push(name);
        }
        Some(Self::Policy { max_age_seconds: max_age?, include_subdomains, preload })
    }
}

/// The parts between semicolons; `None` where a quote stays open.
fn split_outside_quotes(value: &[u8]) -> Option<Vec<&[u8]>> {
    let (mut parts, mut start, mut is_quoted, mut is_escaped) = (Vec::new(), 0, false, false);
    for (at, byte) in value.iter().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            b';' if !is_quoted => {
                parts.push(value.get(start..at)?);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(value.get(start..)?);
    (!is_quoted).then_some(parts)
}

/// A token as it is, a quoted string without its quotes (RFC 9110 section 5.6.4).
fn unquoted(value: &[u8]) -> Option<&[u8]> {
    let value = value.trim_ascii();
    match value.strip_prefix(b"\"") {
        Some(rest) => rest.strip_suffix(b"\""),
        None => is_token(value).then_some(value),
    }
}

/// RFC 9110 section 5.6.2.
fn is_token(text: &[u8]) -> bool {
    let is_in_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !text.is_empty() && text.iter().all(is_in_token)
}

/// Digits; a number that is too large is the largest (RFC 9111 section 1.2.2).
fn seconds(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(digits.iter().fold(0_u64, |number, digit| {
        number.saturating_mul(10).saturating_add(u64::from(digit.saturating_sub(b'0')))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(max_age_seconds: u64, include_subdomains: bool, preload: bool) -> Hsts {
        Hsts::Policy { max_age_seconds, include_subdomains, preload }
    }

    #[test]
    fn the_examples_of_the_standard_are_read() {
        for (value, expected) in [
            ("max-age=31536000", policy(31_536_000, false, false)),
            ("max-age=15768000 ; includeSubDomains", policy(15_768_000, true, false)),
            ("max-age=\"31536000\"", policy(31_536_000, false, false)),
            ("max-age=0", policy(0, false, false)),
            ("max-age=0; includeSubDomains", policy(0, true, false)),
            ("MAX-AGE=63072000; includesubdomains; preload", policy(63_072_000, true, true)),
            ("preload;;max-age = 5;", policy(5, false, true)),
            ("max-age=1; report=\"a;b\"", policy(1, false, false)),
            ("max-age=99999999999999999999999", policy(u64::MAX, false, false)),
        ] {
            assert_eq!(Hsts::parse(value.as_bytes()), expected, "{value}");
        }
    }

    #[test]
    fn what_breaks_the_grammar_is_invalid() {
        for value in [
            "",
            "includeSubDomains",
            "max-age",
            "max-age=",
            "max-age=-1",
            "max-age=1d",
            "max-age=1; max-age=2",
            "max-age=1, includeSubDomains",
            "max-age=\"1",
            "max-age=1; includeSubDomains=true",
            "max age=1",
            "max-age=\u{1b}",
        ] {
            assert_eq!(Hsts::parse(value.as_bytes()), Hsts::Invalid, "{value}");
        }
    }
}
