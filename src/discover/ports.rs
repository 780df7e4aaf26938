//! A set of TCP ports: `443,8443,9000-9010`.

use std::fmt;

use super::DiscoverError;
use crate::text::Untrusted;

/// Ports to visit, each once, in ascending order; never empty, never 0.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PortSet(Box<[u16]>);

impl PortSet {
    /// Reads numbers and ranges separated by commas; blanks around them are ignored.
    ///
    /// # Errors
    /// [`DiscoverError::Ports`] for an empty list, a number outside 1-65535, or a range that runs backwards.
    pub fn parse(text: &str) -> Result<Self, DiscoverError> {
        let wrong = |why: String| DiscoverError::Ports { text: Untrusted::new(text), why };
        if text.len() > Self::MAX_TEXT {
            let start: String = text.chars().take(32).collect();
            return Err(DiscoverError::Ports {
                text: Untrusted::new(format!("{start}…")),
                why: format!("the list is longer than {} bytes; use ranges", Self::MAX_TEXT),
            });
        }
        let mut ports = Vec::new();
        for item in text.split(',').map(str::trim) {
            let (first, last) = match item.split_once('-') {
                Some((first, last)) => (port(first.trim()), port(last.trim())),
                None => (port(item), port(item)),
            };
            match (first, last) {
                (Ok(first), Ok(last)) if first <= last => ports.extend(first..=last),
                (Ok(first), Ok(last)) => {
                    return Err(wrong(format!("the range runs backwards; did you mean {last}-{first}?")));
                }
                (Err(why), _) | (_, Err(why)) => return Err(wrong(why)),
            }
            if ports.len() > 4 * usize::from(u16::MAX) {
                ports.sort_unstable();
                ports.dedup();
            }
        }
        ports.sort_unstable();
        ports.dedup();
        Ok(Self(ports.into()))
    }

    /// Longest list that is read, in bytes: every port by itself fits.
    pub const MAX_TEXT: usize = 512 * 1024;

    /// The ports in ascending order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = u16> + '_ {
        self.0.iter().copied()
    }

    /// How many ports, 1 to 65,535.
    #[expect(clippy::len_without_is_empty, reason = "a port set is never empty")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether `port` is in the set.
    pub fn contains(&self, port: u16) -> bool {
        self.0.binary_search(&port).is_ok()
    }

    /// The port at `index` in ascending order.
    pub(super) fn get(&self, index: usize) -> Option<u16> {
        self.0.get(index).copied()
    }
}

impl Default for PortSet {
    /// 443 alone.
    fn default() -> Self {
        Self(Box::new([443]))
    }
}

impl fmt::Display for PortSet {
    /// The canonical text: ascending, neighbours joined to ranges. It reads back as the same set.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for run in self.0.chunk_by(|a, b| a.checked_add(1) == Some(*b)) {
            match run {
                [only] => write!(f, "{separator}{only}")?,
                [first, .., last] => write!(f, "{separator}{first}-{last}")?,
                [] => {}
            }
            separator = ",";
        }
        Ok(())
    }
}

/// Reads one port number; the error is a sentence.
pub(super) fn port(text: &str) -> Result<u16, String> {
    if text.is_empty() {
        return Err("a port is missing".to_owned());
    }
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!("`{}` is not a port number", Untrusted::new(text).terminal()));
    }
    match text.parse::<u16>() {
        Ok(0) | Err(_) => Err("a port is a number from 1 to 65535".to_owned()),
        Ok(port) => Ok(port),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_sorted_and_joined() {
        for (text, canonical) in [
            ("443", "443"),
            ("8443, 443", "443,8443"),
            ("443,443,442-444", "442-444"),
            ("9000-9010,443,8443", "443,8443,9000-9010"),
            ("1-65535", "1-65535"),
            ("65535", "65535"),
        ] {
            let set = PortSet::parse(text).unwrap();
            assert_eq!(set.to_string(), canonical);
            assert_eq!(PortSet::parse(canonical).unwrap(), set);
        }
        assert_eq!(PortSet::parse("1-65535,1-65535").unwrap().len(), 65_535);
        assert_eq!(PortSet::default().to_string(), "443");
        assert!(PortSet::parse("10-20").unwrap().contains(15));
        assert!(!PortSet::parse("10-20").unwrap().contains(21));
    }

    #[test]
    fn malformed_ports_are_refused_with_a_remedy() {
        for (text, why) in [
            ("", "a port is missing"),
            ("443,,8443", "a port is missing"),
            ("443,", "a port is missing"),
            ("0", "from 1 to 65535"),
            ("65536", "from 1 to 65535"),
            ("99999999999999999999", "from 1 to 65535"),
            ("9010-9000", "did you mean 9000-9010?"),
            ("1-2-3", "`2-3` is not a port number"),
            ("-5", "a port is missing"),
            ("+443", "not a port number"),
            ("https", "`https` is not a port number"),
            ("44\u{1b}[2J3", "\\u{1b}"),
        ] {
            let error = PortSet::parse(text).unwrap_err().to_string();
            assert!(error.contains(why), "{text:?}: {error}");
            assert!(!error.contains('\u{1b}'));
        }
        assert!(PortSet::parse(&"1,".repeat(400_000)).is_err());
    }

    #[test]
    fn a_long_list_of_ranges_stays_small() {
        let text = vec!["1-65535"; 1_000].join(",");
        assert_eq!(PortSet::parse(&text).unwrap().len(), 65_535);
    }
}
