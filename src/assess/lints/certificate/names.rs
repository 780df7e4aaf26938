//! Parts of DNS names, as a lint looks at them.

/// Name without a wildcard in front.
pub(super) fn base(name: &str) -> &str {
    name.strip_prefix("*.").unwrap_or(name)
}

/// The last label; the whole name where there is one only.
pub(super) fn top(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// `name` is `suffix` or ends in a dot and it, whatever the case.
pub(super) fn is_under(name: &str, suffix: &str) -> bool {
    let Some(start) = name.len().checked_sub(suffix.len()) else { return false };
    let ends = name.get(start..).is_some_and(|end| end.eq_ignore_ascii_case(suffix));
    ends && (start == 0 || name.get(..start).is_some_and(|front| front.ends_with('.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        assert_eq!((base("*.a.example"), top("*.a.example"), top("host")), ("a.example", "example", "host"));
        assert!(is_under("4.3.2.1.IN-ADDR.arpa", "in-addr.arpa") && is_under("in-addr.arpa", "in-addr.arpa"));
        assert!(!is_under("xin-addr.arpa", "in-addr.arpa") && !is_under("arpa", "in-addr.arpa"));
        assert!(!is_under("é", "a"));
    }
}
