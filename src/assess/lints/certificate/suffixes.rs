//! Top-level domains, and suffixes under which registries sell names. Facts as of a day, compiled in: nothing is asked.
//!
//! The registries' second levels are those of the largest country domains; a suffix that is not among them is not judged.

use std::sync::LazyLock;

use crate::time::UnixTime;

/// The day of `tlds.txt`.
pub(super) const LISTED_AT: UnixTime = UnixTime(1_761_264_000); // 2025-10-24

/// In order.
static TOP_LEVEL: LazyLock<Vec<&str>> =
    LazyLock::new(|| include_str!("tlds.txt").lines().filter(|line| !line.starts_with('#')).collect());

/// Special-use names (RFC 6761, 6762, 9476) and those that ICANN set aside for private use or refuses for collisions.
/// `.onion` is none of them: public authorities issue for it (Baseline Requirements appendix B).
const NEVER: [&str; 10] =
    ["alt", "corp", "example", "home", "internal", "invalid", "local", "localhost", "mail", "test"];

/// Labels below which registries of country domains sell names.
const SECOND_LEVELS: &[(&str, &[&str])] = &[
    ("ar", &["com", "edu", "gob", "gov", "int", "mil", "net", "org"]),
    ("au", &["asn", "com", "edu", "gov", "id", "net", "org"]),
    ("bd", &["ac", "com", "edu", "gov", "net", "org"]),
    ("br", &["com", "edu", "gov", "mil", "net", "org"]),
    ("cn", &["ac", "com", "edu", "gov", "mil", "net", "org"]),
    ("co", &["com", "edu", "gov", "net", "org"]),
    ("eg", &["com", "edu", "gov", "net", "org"]),
    ("hk", &["com", "edu", "gov", "idv", "net", "org"]),
    ("id", &["ac", "co", "go", "net", "or", "sch", "web"]),
    ("il", &["ac", "co", "gov", "k12", "muni", "net", "org"]),
    ("in", &["ac", "co", "edu", "firm", "gen", "gov", "ind", "net", "org", "res"]),
    ("jp", &["ac", "ad", "co", "ed", "go", "gr", "lg", "ne", "or"]),
    ("ke", &["ac", "co", "go", "ne", "or", "sc"]),
    ("kr", &["ac", "co", "go", "ne", "or", "pe", "re"]),
    ("mx", &["com", "edu", "gob", "net", "org"]),
    ("my", &["com", "edu", "gov", "net", "org"]),
    ("ng", &["com", "edu", "gov", "net", "org", "sch"]),
    ("nz", &["ac", "co", "geek", "gen", "govt", "iwi", "kiwi", "maori", "net", "org", "school"]),
    ("pe", &["com", "edu", "gob", "net", "nom", "org"]),
    ("ph", &["com", "edu", "gov", "net", "ngo", "org"]),
    ("pk", &["com", "edu", "gov", "net", "org"]),
    ("pl", &["com", "edu", "gov", "info", "net", "org"]),
    ("pt", &["com", "edu", "gov", "org"]),
    ("sa", &["com", "edu", "gov", "med", "net", "org", "sch"]),
    ("sg", &["com", "edu", "gov", "net", "org"]),
    ("th", &["ac", "co", "go", "in", "mi", "net", "or"]),
    ("tr", &["av", "bel", "biz", "com", "edu", "gen", "gov", "info", "k12", "net", "org", "web"]),
    ("tw", &["com", "edu", "gov", "idv", "net", "org"]),
    ("ua", &["com", "edu", "gov", "in", "net", "org"]),
    ("uk", &["ac", "co", "gov", "ltd", "me", "net", "nhs", "org", "plc", "police", "sch"]),
    ("uy", &["com", "edu", "gub", "net", "org"]),
    ("ve", &["co", "com", "edu", "gob", "net", "org", "web"]),
    ("vn", &["ac", "com", "edu", "gov", "net", "org"]),
    ("za", &["ac", "co", "edu", "gov", "net", "nom", "org", "web"]),
];

/// A top-level domain of the list, or `.onion`.
pub(super) fn exists(top: &str) -> bool {
    let top = top.to_ascii_lowercase();
    top == "onion" || TOP_LEVEL.binary_search(&top.as_str()).is_ok()
}

/// A top-level domain that will never be delegated.
pub(super) fn never_exists(top: &str) -> bool {
    NEVER.iter().any(|name| name.eq_ignore_ascii_case(top))
}

/// `suffix` is a top-level domain, or a second level at which a registry sells names.
pub(super) fn is_registry(suffix: &str) -> bool {
    match suffix.rsplit_once('.') {
        None => exists(suffix),
        Some((second, top)) => SECOND_LEVELS.iter().any(|(country, labels)| {
            country.eq_ignore_ascii_case(top) && labels.iter().any(|label| label.eq_ignore_ascii_case(second))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sound() {
        assert!(TOP_LEVEL.len() > 1_400 && TOP_LEVEL.is_sorted());
        assert!(
            TOP_LEVEL
                .iter()
                .all(|top| top.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-'))
        );
        for (country, _) in SECOND_LEVELS {
            assert!(exists(country), "{country}");
        }
        for never in NEVER {
            assert!(!exists(never), "{never}");
        }
        assert_eq!(LISTED_AT.to_string(), "2025-10-24T00:00:00Z");
    }

    #[test]
    fn names_are_compared_whatever_the_case() {
        assert!(exists("COM") && exists("xn--p1ai") && exists("onion") && !exists("nosuchtld"));
        assert!(
            is_registry("Co.Uk")
                && is_registry("com")
                && !is_registry("example.com")
                && !is_registry("a.co.uk")
        );
        assert!(never_exists("Local") && never_exists("test"));
    }
}
