//! The table of rules and requirements that auditors read, kept in `fixtures/golden/requirements.txt`.
//! `CERTVIGIL_UPDATE_GOLDENS=1` rewrites it.

use std::fmt::Write;

use crate::assess::requirements;
use crate::model::Rule;

fn table() -> String {
    let mut text = String::from(
        "Rules about certificates, whom they are for, from which day of issue on, and the requirements they stand for.\n",
    );
    let mut all: Vec<_> = requirements().collect();
    all.sort_by_key(|requirement| requirement.rule.id());
    for requirement in all {
        let since = requirement.since.map_or("always".to_owned(), |day| day.to_string()[..10].to_owned());
        let _ = writeln!(text, "\n{}: {}, {since}", requirement.rule.id(), requirement.applies.words());
        for reference in requirement.references {
            let _ = writeln!(text, "    {reference}");
        }
    }
    text
}

#[test]
fn the_table_for_auditors_is_what_is_judged() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/golden/requirements.txt");
    if std::env::var_os("CERTVIGIL_UPDATE_GOLDENS").is_some() {
        std::fs::write(path, table()).unwrap();
    }
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(table(), expected, "CERTVIGIL_UPDATE_GOLDENS=1 cargo test rewrites it");
}

#[test]
fn each_rule_stands_once_and_names_its_source() {
    let mut rules: Vec<Rule> = requirements().map(|requirement| requirement.rule).collect();
    let count = rules.len();
    rules.sort_unstable();
    rules.dedup();
    assert_eq!(rules.len(), count);
    for requirement in requirements() {
        assert!(!requirement.references.is_empty(), "{:?}", requirement.rule);
    }
}
