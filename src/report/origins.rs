//! Where targets were written down: a line of a target file or of the profile, else the command line.
//!
//! Platforms that show SARIF want a file and a line for each result. Never reads a file: what it knows was told to it.

use std::collections::BTreeMap;

/// Targets remembered; those beyond point to the beginning of the list that named them.
const MOST: usize = 100_000;

/// The artefact of targets that no file holds.
const COMMAND_LINE: &str = "command-line";

/// A line of a file, as SARIF names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// A URI reference, relative where the file was named so.
    pub uri: String,
    /// From 1.
    pub line: u64,
}

/// Targets, as written, with the places that name them.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    places: BTreeMap<String, Origin>,
    /// Where a target stands that is in none of the places.
    fallback: Option<String>,
}

impl Origins {
    /// `target` stands in line `line` of the file at `path`. The first place that names it stays.
    pub fn add(&mut self, target: &str, path: &str, line: u64) {
        if self.places.len() < MOST {
            let origin = || Origin { uri: uri_of(path), line };
            self.places.entry(target.to_owned()).or_insert_with(origin);
        }
        self.fallback.get_or_insert_with(|| uri_of(path));
    }

    /// `target` is the `number`th of the command line, from 1.
    pub fn add_argument(&mut self, target: &str, number: u64) {
        let origin = || Origin { uri: COMMAND_LINE.to_owned(), line: number };
        self.places.entry(target.to_owned()).or_insert_with(origin);
    }

    /// Where `target` is written.
    pub fn of(&self, target: &str) -> Origin {
        self.places.get(target).cloned().unwrap_or_else(|| Origin {
            uri: self.fallback.clone().unwrap_or_else(|| COMMAND_LINE.to_owned()),
            line: 1,
        })
    }
}

/// The URI reference of a path (RFC 3986): relative for a relative path.
pub(super) fn uri_of(path: &str) -> String {
    let path = path.strip_prefix("./").unwrap_or(path);
    let mut uri = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'.' | b'_' | b'~') {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    if uri.is_empty() { ".".to_owned() } else { uri }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_where_it_was_written_first() {
        let mut origins = Origins::default();
        assert_eq!(origins.of("a.example"), Origin { uri: "command-line".to_owned(), line: 1 });
        origins.add_argument("b.example", 2);
        origins.add("a.example", "./lists/our hosts.txt", 7);
        origins.add("a.example", "other.txt", 1);
        assert_eq!(origins.of("a.example"), Origin { uri: "lists/our%20hosts.txt".to_owned(), line: 7 });
        assert_eq!(origins.of("b.example").line, 2);
        assert_eq!(origins.of("unknown").uri, "lists/our%20hosts.txt");
    }

    #[test]
    fn no_path_breaks_a_uri() {
        assert_eq!(uri_of("/srv/a#b?c"), "file:///srv/a%23b%3Fc");
        assert_eq!(uri_of("javascript:alert(1)"), "javascript%3Aalert%281%29");
        assert_eq!(uri_of("é\n"), "%C3%A9%0A");
        assert_eq!(uri_of(""), ".");
    }
}
