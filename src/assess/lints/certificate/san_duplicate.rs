//! `x509.san.duplicate`: one DNS name stands in the certificate twice, whatever the case. Harmless, and a sign of a list
//! that nobody looks after. No standard forbids it; certlint was the first to say so.

use super::{Applies, Breach, Case, Lint};
use crate::assess::words;
use crate::model::{Rule, Severity};
use crate::text::Untrusted;

pub(super) const LINT: Lint = Lint {
    rule: Rule::SanDuplicate,
    severity: Severity::Info,
    title: "A name stands in the certificate twice",
    remedy: "Ask for each name once when you renew it.",
    applies: Applies::EndEntity,
    since: None,
    references: &["zlint n_san_dns_name_duplicate"],
    judge,
};

fn judge(case: &Case<'_>) -> Option<Breach> {
    let names = case.dns_names();
    if names.len() < 2 {
        return None;
    }
    let mut sorted: Vec<&Untrusted> = names.iter().collect();
    sorted.sort_unstable_by(|a, b| lower(a).cmp(lower(b)));
    let twice = sorted.array_windows().filter(|[a, b]| a.raw().eq_ignore_ascii_case(b.raw()));
    case.listed(twice.map(|[name, _]| words::quoted(name)), "more than once")
}

fn lower(name: &Untrusted) -> impl Iterator<Item = u8> {
    name.raw().bytes().map(|octet| octet.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use crate::assess::tests::leaf::*;
    use crate::model::Rule;

    #[test]
    fn a_name_stands_once() {
        let twice = Leaf::sound().dns(&["www.example.com", "a.example.com", "WWW.example.com"]);
        assert_eq!(twice.private(), [Rule::SanDuplicate]);
        assert!(twice.verdict(Rule::SanDuplicate).detail.to_lowercase().contains("\"www.example.com\""));
        assert_eq!(Leaf::sound().dns(&["www.example.com", "a.example.com"]).private(), []);
    }
}
